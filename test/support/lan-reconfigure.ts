/** A server of ours that tells its clients to come back, clients and relays of whoever wrote them, and what passes between them. */
import assert from "node:assert/strict";
import { expertProblems, framesOf } from "./capture.ts";
import { type Leasehold, startLeasehold } from "./leasehold.ts";
import { globals6, wire6 } from "./link6.ts";
import { type Capture, type Namespace, waitFor, withNamespaces } from "./namespace.ts";
import { withScratch } from "./scratch.ts";

const PATIENCE_MS = 30_000;
const LINES = "preferred_seconds = 1800\nvalid_seconds = 3600\ndelegated_length = 56\nreconfigure = true\n";
export const SERVER = `[system]
resolver = "none"
[lan.lan0]
ra = "off"
address_pool = "2001:db8:1:0:77::/80"
prefix_pool = "2001:db8:100::/40"
${LINES}
[relayed.far]
link = "2001:db8:2::/64"
address_pool = "2001:db8:2:0:77::/80"
prefix_pool = "2001:db8:200::/40"
${LINES}`;
export const CLIENT = `[system]
resolver = "none"
[uplink6.eth0]
address = true
delegate = [ { iaid = 1, to = ["eth1/64"] } ]
`;
export const STATELESS = '[system]\nresolver = "none"\n[uplink6.eth0]\n';
export const RELAY = `[system]
resolver = "none"
[lan.down0]
ra = "off"
dhcpv6 = "relay"
relay_to = ["up0"]
`;
const PURPOSES = [
  ["renew", 5],
  ["rebind", 6],
  ["information-request", 11],
] as const;
export const RECONFIGURE = "dhcpv6.msgtype == 10";

type World = {
  readonly gateway: Namespace;
  readonly relay: Namespace;
  readonly host: Namespace;
  readonly folder: string;
  readonly server: Leasehold;
  readonly wire: Capture;
  readonly until: <T>(what: string, look: () => T | undefined | Promise<T | undefined>) => Promise<T>;
  readonly client: (toml: string) => Promise<Leasehold>;
};

/** @param relayed a relay stands between the two */
export function inWorld(relayed: boolean, story: (world: World) => Promise<void>): Promise<void> {
  return withScratch((folder) =>
    withNamespaces(["gateway", "relay", "host"], async ({ gateway, relay, host }) => {
      await wire6(gateway, "lan0", relayed ? relay : host, relayed ? "up0" : "eth0");
      if (relayed) await wire6(relay, "down0", host, "eth0");
      await gateway.address("lan0", "2001:db8:1::1/64");
      if (relayed) await relay.address("up0", "2001:db8:1::2/64");
      if (relayed) await relay.address("down0", "2001:db8:2::1/64");
      await wire6(host, "eth1", host, "b1");
      const wire = await gateway.capture("lan0", "udp port 546 or udp port 547");
      const server = await startLeasehold(gateway, folder, SERVER, "server");
      const programs = [server];
      const until: World["until"] = async (what, look) =>
        (await waitFor(
          (see) => {
            see(programs.map((program) => program.log().slice(-2500)).join("\n---\n"));
            return look();
          },
          PATIENCE_MS,
          what,
        )) as never;
      const client = async (toml: string): Promise<Leasehold> => {
        const program = await startLeasehold(host, folder, toml, "client");
        programs.push(program);
        return program;
      };
      await story({ gateway, relay, host, folder, server, wire, until, client });
    }),
  );
}

type Uplink = {
  readonly state: string;
  readonly acceptsReconfigure: boolean;
  readonly ignored: Readonly<Record<string, number>>;
};

export async function uplinkOf(client: Leasehold): Promise<Uplink> {
  const { uplink6 } = (await client.show()) as unknown as { readonly uplink6: { readonly uplinks: readonly Uplink[] } };
  return uplink6.uplinks[0] ?? assert.fail("the client shows its uplink");
}

export const held = async (host: Namespace): Promise<readonly string[]> => [
  ...(await globals6(host, "eth0")).map(({ local }) => local),
  ...(await globals6(host, "eth1")).map(({ local }) => local),
];

/** Each purpose is told, and obeyed once; what is held stays. */
export async function obeyed({ host, server, wire, until, client: start }: World): Promise<void> {
  const client = await start(CLIENT);
  await until("an address and a prefix", async () => ((await held(host)).length >= 2 ? true : undefined));
  assert.equal((await uplinkOf(client)).acceptsReconfigure, true);
  const before = await held(host);
  for (const [purpose, type] of PURPOSES) {
    const said = (): Promise<number> => framesOf(wire.file, `dhcpv6.msgtype == ${type}`);
    const [earlier, told] = [await said(), await framesOf(wire.file, RECONFIGURE)];
    assert.match(await server.control("reconfigure", purpose), /^1 client is told to come back/);
    await until(`${purpose} from the client`, async () => ((await said()) > earlier ? true : undefined));
    assert.equal(await framesOf(wire.file, RECONFIGURE), told + 1, "once, for it was answered");
    await until("that we know of it", async () => ((await reconfigured(server))?.state === "answered" ? true : undefined));
  }
  assert.deepEqual(await held(host), before);
  assert.deepEqual((await uplinkOf(client)).ignored, {});
  await wire.stop();
  assert.deepEqual(await expertProblems(wire.file, "udp.srcport == 547"), []);
}

type Reconfigured = { readonly client: string; readonly asked: string; readonly tries: number; readonly state: string };

export async function reconfigured(server: Leasehold): Promise<Reconfigured | undefined> {
  const { lan } = (await server.show()) as unknown as {
    readonly lan: { readonly server: { readonly reconfigure: { readonly latest: readonly Reconfigured[] } } };
  };
  return lan.server.reconfigure.latest[0];
}
