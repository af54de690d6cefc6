/** uplink6 on real servers: what it holds is read from their leases, from `ip -j` and from tshark. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { expertProblems, framesOf } from "../support/capture.ts";
import { type Leasehold, startLeasehold } from "../support/leasehold.ts";
import { addresses6, globals6, wire6 } from "../support/link6.ts";
import { type Namespace, waitFor, withNamespaces } from "../support/namespace.ts";
import { withScratch } from "../support/scratch.ts";
import { type Server6, type Server6Options, startIsc6, startKea6 } from "../support/servers6.ts";
import { needsPeers } from "../support/unpacked.ts";

const PATIENCE_MS = 15_000;
const SERVER: Server6Options = {
  interface: "s0",
  subnet: "2001:db8:1::/64",
  delegation: { from: "2001:db8:8000::/40", first: "2001:db8:8000::", last: "2001:db8:80ff:ff00::", delegatedLength: 56 },
  preferredSeconds: 30,
  validSeconds: 60,
  renewSeconds: 4,
  rebindSeconds: 8,
};
const CONFIGURATION = `[uplink6.wan0]
delegate = [ { iaid = 1, to = ["lan0/64", "lan1/64"] }, { iaid = 2, to = ["lan2/60"] } ]
`;
const PEERS = { Kea: startKea6, "ISC dhcpd": startIsc6 } as const;

type World = { readonly server: Namespace; readonly gateway: Namespace; readonly folder: string };

async function inWorld(story: (world: World) => Promise<void>): Promise<void> {
  await withScratch((folder) =>
    withNamespaces(["server", "gateway", "hosts"], async ({ server, gateway, hosts }) => {
      await wire6(server, "s0", gateway, "wan0");
      for (const n of [0, 1, 2]) await wire6(gateway, `lan${n}`, hosts, `h${n}`);
      await server.address("s0", "2001:db8:1::1/64");
      await story({ server, gateway, folder });
    }),
  );
}

/** The addresses of the three links behind the uplink, when each has one of ours. */
async function behind(gateway: Namespace, seen: () => string): Promise<readonly string[]> {
  return waitFor(
    async (see) => {
      see(seen().slice(-3000));
      const held = await Promise.all(["lan0", "lan1", "lan2"].map((name) => globals6(gateway, name)));
      return held.every((one) => one.length === 1) ? held.flatMap((one) => one.map(({ local, prefixlen }) => `${local}/${prefixlen}`)) : undefined;
    },
    PATIENCE_MS,
    "an address of ours on each link",
  );
}

function delegated(server: Server6): readonly string[] {
  return server.leases().flatMap(({ kind, address, prefixLength }) => (kind === "prefix" ? [`${address}/${prefixLength}`] : []));
}

/** 2001:db8:8000:100:: of 2001:db8:8000:100::1/64: what an address says of the prefix it was made from. */
function groups(text: string, count: number): string {
  const [address = ""] = text.split("/");
  const [head = "", tail = ""] = address.split("::");
  const [left, right] = [head.split(":"), tail === "" ? [] : tail.split(":")];
  const all = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => "0"), ...right];
  return all
    .slice(0, count)
    .map((part) => Number.parseInt(part || "0", 16).toString(16))
    .join(":");
}

for (const [peer, start] of Object.entries(PEERS)) {
  test(
    `two prefixes from ${peer}: three links numbered, aggregates unreachable, renewed at T1, everything sent well formed (RFC 9915 §18.2)`,
    needsPeers,
    () =>
      inWorld(async ({ server, gateway, folder }) => {
        const capture = await server.capture("s0", "udp port 546 or udp port 547");
        const provider = await start(server, folder, SERVER);
        const ours = await startLeasehold(gateway, folder, CONFIGURATION);
        const said = (): string => `${provider.log().slice(-1500)}\n${ours.log()}`;
        const [lan0 = "", lan1 = "", lan2 = ""] = await behind(gateway, said);

        const given = await waitFor(
          () => (delegated(provider).length >= 2 ? delegated(provider) : undefined),
          PATIENCE_MS,
          "two prefixes in the leases",
        );
        const [first, second] = [groups(lan0, 4), groups(lan2, 4)];
        assert.ok(
          given.some((prefix) => first.startsWith(groups(prefix, 3))) && given.some((prefix) => second.startsWith(groups(prefix, 3))),
          `${given} ${lan0} ${lan2}`,
        );
        assert.notEqual(first.slice(0, -2), second.slice(0, -2), "two delegations, not one");
        assert.match(lan0, /\/64$/);
        assert.match(lan2, /\/60$/);
        assert.equal(Number.parseInt(groups(lan1, 4).split(":")[3] ?? "0", 16), Number.parseInt(first.split(":")[3] ?? "0", 16) + 1);
        const [held] = await globals6(gateway, "lan0");
        assert.ok(held !== undefined && held.valid_life_time <= 60 && held.preferred_life_time <= 30);
        const routes = (await gateway.json("ip", "-6", "-j", "route", "show", "type", "unreachable")) as readonly { readonly dst: string }[];
        assert.deepEqual(routes.map(({ dst }) => dst).toSorted(), given.toSorted());

        await renewed(gateway, ours, said);
        await capture.stop();
        assert.ok((await framesOf(capture.file, "dhcpv6.msgtype == 5")) >= 1, "a RENEW is on the wire");
        assert.deepEqual(await expertProblems(capture.file, "udp.srcport == 546"), []);
        await provider.stop();
      }),
  );
}

/** The kernel's lifetime was set anew: it is longer than what was left. */
async function renewed(gateway: Namespace, ours: Leasehold, said: () => string): Promise<void> {
  let least = 60;
  await waitFor(
    async (see) => {
      const left = (await globals6(gateway, "lan0"))[0]?.valid_life_time ?? 0;
      see({ left, least, log: said().slice(-2000) });
      const grew = left > least;
      least = Math.min(least, left);
      return grew;
    },
    PATIENCE_MS,
    "a lifetime that grows again",
  );
  assert.equal(ours.program.running, true);
}

test("after kill -9 the same prefixes are asked for again and the addresses were there all the time (RFC 9096 §3.2)", needsPeers, () =>
  inWorld(async ({ server, gateway, folder }) => {
    const provider = await startKea6(server, folder, SERVER);
    const first = await startLeasehold(gateway, folder, CONFIGURATION);
    const before = await behind(gateway, first.log);
    await first.kill();
    assert.equal((await globals6(gateway, "lan0")).length, 1, "nothing is taken away by a crash");
    const second = await startLeasehold(gateway, folder, CONFIGURATION);
    const again = second.log().length;
    await waitFor(() => second.log().slice(again).includes('"to":"bound"'), PATIENCE_MS, "bound again");
    assert.deepEqual(await behind(gateway, second.log), before);
    assert.equal(delegated(provider).length, 2, "the server gave no others");
    const steps = [...second.log().matchAll(/"event":"transition","interface":"wan0","from":"(\w+)","to":"(\w+)"/g)].map(
      ([, from, to]) => `${from} ${to}`,
    );
    assert.ok(
      steps.slice(3).every((step) => !step.endsWith("soliciting")),
      `it asks for what it had, and does not begin anew: ${steps.join(", ")}`,
    );
  }),
);

test("a provider that renumbers: the new prefix is there, the old one deprecated, then gone", needsPeers, () =>
  inWorld(async ({ server, gateway, folder }) => {
    const provider = await startKea6(server, folder, { ...SERVER, preferredSeconds: 6, validSeconds: 10, renewSeconds: 2, rebindSeconds: 4 });
    const ours = await startLeasehold(gateway, folder, '[uplink6.wan0]\ndelegate = [ { iaid = 1, to = ["lan0/64"] } ]\n');
    const [old] = await waitFor(
      async () => {
        const held = await globals6(gateway, "lan0");
        return held.length === 1 ? held : undefined;
      },
      PATIENCE_MS,
      "an address",
    );
    await provider.stop();
    const moved = { from: "2001:db8:9000::/40", first: "2001:db8:9000::", last: "2001:db8:90ff:ff00::", delegatedLength: 56 };
    await startKea6(server, folder, { ...SERVER, delegation: moved, leaseFile: "other.csv" });
    await waitFor(
      async (see) => {
        see(ours.log().slice(-2000));
        return (await globals6(gateway, "lan0")).some(({ local }) => local.startsWith("2001:db8:90"));
      },
      20_000,
      "an address of the new prefix",
    );
    await waitFor(async () => (await addresses6(gateway, "lan0")).every(({ local }) => local !== old?.local), 20_000, "the old address is gone");
    const routes = (await gateway.json("ip", "-6", "-j", "route", "show", "type", "unreachable")) as readonly { readonly dst: string }[];
    assert.ok(
      routes.every(({ dst }) => dst.startsWith("2001:db8:90")),
      JSON.stringify(routes),
    );
  }),
);
