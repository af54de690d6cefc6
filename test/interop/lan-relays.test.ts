/** Clients behind relays, other people's and our own: the link is chosen by the link-address, and answers go back the way questions came. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { expertProblems, fieldsOf, framesOf } from "../support/capture.ts";
import { type Client6, startDhclient6 } from "../support/clients6.ts";
import { type Leasehold, startLeasehold } from "../support/leasehold.ts";
import { wire6 } from "../support/link6.ts";
import { type Namespace, waitFor, withNamespaces } from "../support/namespace.ts";
import { startDhcrelay6 } from "../support/relays.ts";
import { withScratch } from "../support/scratch.ts";
import { needsPeers } from "../support/unpacked.ts";

const PATIENCE_MS = 60_000;
const TIMES = "preferred_seconds = 12\nvalid_seconds = 120\n";
/** Links behind relays, each with pools of its own; ours has others. */
const CONFIGURATION = `[system]
resolver = "none"
[lan.lan0]
address_pool = "2001:db8:1:0:77::/80"
prefix_pool = "2001:db8:100::/40"
delegated_length = 56
${TIMES}
[relayed.near]
link = "2001:db8:2::/64"
address_pool = "2001:db8:2:0:77::/80"
prefix_pool = "2001:db8:200::/40"
delegated_length = 56
${TIMES}
[relayed.far]
link = "2001:db8:3::/64"
address_pool = "2001:db8:3:0:77::/80"
prefix_pool = "2001:db8:300::/40"
delegated_length = 56
${TIMES}`;
type World = { readonly gateway: Namespace; readonly outer: Namespace; readonly inner: Namespace; readonly host: Namespace; readonly folder: string };
type Ends = { readonly ours: Leasehold; readonly logs: readonly (() => string)[] };

/** Gateway, a relay, another one behind it, and a host behind one of them. */
async function inWorld(behind: "outer" | "inner", story: (world: World) => Promise<void>): Promise<void> {
  await withScratch((folder) =>
    withNamespaces(["gateway", "outer", "inner", "host"], async ({ gateway, outer, inner, host }) => {
      await wire6(gateway, "lan0", outer, "up0");
      await gateway.address("lan0", "2001:db8:1::1/64");
      await outer.address("up0", "2001:db8:1::2/64");
      await wire6(outer, "down0", behind === "outer" ? host : inner, behind === "outer" ? "eth0" : "up1");
      await outer.address("down0", "2001:db8:2::1/64");
      if (behind === "inner") {
        await inner.address("up1", "2001:db8:2::2/64");
        await wire6(inner, "down1", host, "eth0");
        await inner.address("down1", "2001:db8:3::1/64");
      }
      await story({ gateway, outer, inner, host, folder });
    }),
  );
}

function told(client: Client6, field: string, reason = /./): readonly string[] {
  return client.calls().flatMap((call) => (reason.test(call["reason"] ?? "") ? (call[field] ?? []) : []));
}

function until<T>(what: string, { ours, logs }: Ends, look: () => T): Promise<NonNullable<T>> {
  return waitFor(
    (see) => {
      see([ours.log, ...logs].map((log) => log().slice(-2000)).join("\n---\n"));
      return look();
    },
    PATIENCE_MS,
    what,
  );
}

/** An address and a prefix of the link's own pools, renewed at T1 and given back; every answer in the envelopes of its question. */
async function served(
  world: World,
  link: { readonly pool: RegExp; readonly prefixes: RegExp; readonly envelopes: number },
  logs: Ends["logs"] = [],
): Promise<void> {
  const { gateway, host, folder } = world;
  const ours = await startLeasehold(gateway, folder, CONFIGURATION);
  const capture = await gateway.capture("lan0", "udp port 547");
  const client = startDhclient6(host, folder, { interface: "eth0", address: true, prefix: true });
  const ends = { ours, logs: [client.log, ...logs] };
  assert.match(await until("an address", ends, () => told(client, "new_ip6_address")[0]), link.pool);
  assert.match(await until("a prefix", ends, () => told(client, "new_ip6_prefix")[0]), link.prefixes);
  await until("renewed, both", ends, () => told(client, "new_ip6_address", /RENEW6/)[0] && told(client, "new_ip6_prefix", /RENEW6/)[0]);
  for (const field of ["new_ip6_address", "new_ip6_prefix"]) assert.equal(new Set(told(client, field)).size, 1, "never another one");
  const routes = (await gateway.json("ip", "-6", "-j", "route", "show")) as readonly { readonly protocol?: string; readonly gateway?: string }[];
  assert.deepEqual(
    routes.filter(({ protocol, gateway }) => protocol === "157" && gateway !== undefined),
    [],
    "the way to prefixes behind a relay is the relay's (RFC 8987)",
  );
  await client.release();
  await capture.stop();
  await wrappedAsAsked(capture.file, link.envelopes);
  const releases = await fieldsOf(capture.file, `udp.dstport == 547 and ${innermost(link.envelopes, "12", "8")}`, ["frame.number"]);
  assert.ok(releases.length > 0, "a Release went through");
  assert.deepEqual(await expertProblems(capture.file, "dhcpv6.msgtype == 13"), []);
}

/** A display filter for messages in so many envelopes. */
function innermost(envelopes: number, outside: string, inside: string): string {
  return envelopes === 0 ? `dhcpv6.msgtype == ${inside}` : `(dhcpv6.msgtype == ${outside} and dhcpv6.msgtype == ${inside})`;
}

/** Hop counts, link-addresses, peer-addresses and interface-ids of every answer are those of a question, envelope by envelope. */
async function wrappedAsAsked(file: string, envelopes: number): Promise<void> {
  const fields = ["dhcpv6.msgtype", "dhcpv6.hopcount", "dhcpv6.linkaddr", "dhcpv6.peeraddr", "dhcpv6.interface_id", "dhcpv6.xid", "udp.dstport"];
  const rows = await fieldsOf(file, "dhcpv6.msgtype == 12 or dhcpv6.msgtype == 13", fields);
  const [questions, answers] = ["12", "13"].map((type) => rows.filter(([types = ""]) => types.startsWith(type)));
  assert.ok(questions !== undefined && answers !== undefined && questions.length > 0 && answers.length >= 4, `${rows.length} relayed messages`);
  const envelope = ([, hops, links, peers, interfaces, transaction]: readonly string[]): string =>
    [hops, links, peers, interfaces, transaction].join(" ");
  const asked = new Set(questions.map(envelope));
  for (const answer of answers) {
    assert.ok(asked.has(envelope(answer)), `${envelope(answer)} is no envelope of ${[...asked].join("; ")}`);
    assert.equal(answer[0]?.split(",").filter((type) => type === "13").length, envelopes);
    assert.equal(answer[6], "547");
  }
  assert.equal(await framesOf(file, "dhcpv6.msgtype == 13 and dhcpv6.msgtype == 12"), 0);
}

const NEAR = { pool: /^2001:db8:2:0:77:/, prefixes: /^2001:db8:2[0-9a-f]{2}:[0-9a-f:]*\/56$/, envelopes: 1 } as const;
const FAR = { pool: /^2001:db8:3:0:77:/, prefixes: /^2001:db8:3[0-9a-f]{2}:[0-9a-f:]*\/56$/, envelopes: 2 } as const;

describe("the DHCPv6 server behind relays", { concurrency: 4 }, () => {
  for (const interfaceId of [true, false])
    test(
      `ISC dhcrelay ${interfaceId ? "with" : "without"} interface-id: an address and a prefix of the relay's link (RFC 9915 §19.3)`,
      needsPeers,
      () =>
        inWorld("outer", async (world) => {
          const relay = await startDhcrelay6(world.outer, world.folder, { lower: "down0", linkAddress: "2001:db8:2::1", upper: "up0", interfaceId });
          await served(world, NEAR, [() => relay.stderr]);
        }),
    );

  test("two dhcrelays, one behind the other: of the innermost link-address, in two envelopes (RFC 9915 §13.1, §19.1.2)", needsPeers, () =>
    inWorld("inner", async (world) => {
      const outer = await startDhcrelay6(world.outer, world.folder, { lower: "down0", linkAddress: "2001:db8:2::1", upper: "up0" });
      const inner = await startDhcrelay6(world.inner, world.folder, { lower: "down1", linkAddress: "2001:db8:3::1", upper: "up1" });
      await served(world, FAR, [() => outer.stderr, () => inner.stderr]);
    }),
  );

  for (const [how, servers] of [
    ["to the group of all servers", ""],
    ["to our address", 'relay_servers = ["2001:db8:1::1"]\n'],
  ] as const)
    test(`our own relay, ${how} (RFC 9915 §19.1)`, needsPeers, () =>
      inWorld("outer", async (world) => {
        const relaying = `[system]\nresolver = "none"\n[lan.down0]\nra = "off"\ndhcpv6 = "relay"\nrelay_to = ["up0"]\n${servers}`;
        const relay = await startLeasehold(world.outer, world.folder, relaying, "relay");
        await served(world, NEAR, [relay.log]);
      }),
    );

  test("our own relay behind a dhcrelay: of the innermost link-address, in two envelopes", needsPeers, () =>
    inWorld("inner", async (world) => {
      const outer = await startDhcrelay6(world.outer, world.folder, { lower: "down0", linkAddress: "2001:db8:2::1", upper: "up0" });
      const relaying = '[system]\nresolver = "none"\n[lan.down1]\nra = "off"\ndhcpv6 = "relay"\nrelay_to = ["up1"]\nrelay_servers = ["ff02::1:2"]\n';
      const relay = await startLeasehold(world.inner, world.folder, relaying, "relay");
      await served(world, FAR, [() => outer.stderr, relay.log]);
    }),
  );
});
