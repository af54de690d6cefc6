/** lan as a server: real clients and a real kernel take what it gives; facts from them, `ip -j` and tshark. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { expertProblems, framesOf } from "../support/capture.ts";
import { type Client6, startDhclient6, startDhcpcd6 } from "../support/clients6.ts";
import { type Leasehold, startLeasehold } from "../support/leasehold.ts";
import { globals6, linkLocal, routes6, startSlaac, wire6 } from "../support/link6.ts";
import { type Namespace, waitFor, withNamespaces } from "../support/namespace.ts";
import { startDhcrelay6 } from "../support/relays.ts";
import { withScratch } from "../support/scratch.ts";
import { startKea6 } from "../support/servers6.ts";
import { needsPeers } from "../support/unpacked.ts";

const PATIENCE_MS = 20_000;
const CONFIGURATION = `[lan.lan0]
prefix_pool = "2001:db8:100::/48"
delegated_length = 56
preferred_seconds = 12
valid_seconds = 30
dns = ["2001:db8:1::53"]
search = ["home.example"]
`;
type World = { readonly gateway: Namespace; readonly host: Namespace; readonly behind: Namespace; readonly folder: string };

async function inWorld(story: (world: World) => Promise<void>): Promise<void> {
  await withScratch((folder) =>
    withNamespaces(["gateway", "host", "behind"], async ({ gateway, host, behind }) => {
      await wire6(gateway, "lan0", host, "eth0");
      await wire6(host, "eth1", behind, "b0");
      await gateway.address("lan0", "2001:db8:1::1/64");
      await gateway.sysctl("net.ipv6.conf.all.forwarding", 1);
      await story({ gateway, host, behind, folder });
    }),
  );
}

/** All the client was told of one kind, in the order of its calls. */
function told(client: Client6, field: string): readonly string[] {
  return client.calls().flatMap((call) => call[field] ?? []);
}

async function seen<T>(what: string, look: () => T | undefined | Promise<T | undefined>, ...logs: readonly (() => string)[]): Promise<T> {
  return (await waitFor(
    async (see) => {
      see(logs.map((log) => log().slice(-2500)).join("\n---\n"));
      return look();
    },
    PATIENCE_MS,
    what,
  )) as T;
}

test("dhclient -6 takes an address and a prefix, renews, and keeps both over a kill -9 of the server (RFC 9915 §18.3)", needsPeers, () =>
  inWorld(async ({ gateway, host, folder }) => {
    const capture = await gateway.capture("lan0", "udp port 546 or udp port 547");
    const first = await startLeasehold(gateway, folder, CONFIGURATION);
    const dhclient = startDhclient6(host, folder, { interface: "eth0", address: true, prefix: true });
    const address = await seen("an address", () => told(dhclient, "new_ip6_address")[0], first.log, dhclient.log);
    const prefix = await seen("a prefix", () => told(dhclient, "new_ip6_prefix")[0], first.log, dhclient.log);
    assert.match(address, /^2001:db8:1:/);
    assert.match(prefix, /^2001:db8:1[0-9a-f]{2}:[0-9a-f:]*\/56$|^2001:db8:100:[0-9a-f:]*\/56$/);
    assert.ok(told(dhclient, "new_dhcp6_name_servers").includes("2001:db8:1::53"));
    const via = await linkLocal(host, "eth0");
    await seen(
      "a route to the prefix",
      async () => (await routes6(gateway)).find(({ dst, gateway: hop }) => dst === prefix && hop === via),
      first.log,
    );

    await first.kill();
    const second = await startLeasehold(gateway, folder, CONFIGURATION);
    await seen("a renewal answered by the new one", () => dhclient.calls().find(({ reason }) => reason === "RENEW6"), second.log, dhclient.log);
    assert.deepEqual(new Set(told(dhclient, "new_ip6_address")), new Set([address]), "no other address ever");
    assert.deepEqual(new Set(told(dhclient, "new_ip6_prefix")), new Set([prefix]), "no other prefix ever");
    assert.ok((await globals6(host, "eth0")).some(({ local }) => local === address));
    assert.match(second.log(), /"event":"leasesRecovered","leases":"2"/);
    await capture.stop();
    assert.ok((await framesOf(capture.file, "dhcpv6.msgtype == 7 and udp.srcport == 547")) >= 2);
    assert.deepEqual(await expertProblems(capture.file, "udp.srcport == 547"), []);
  }),
);

test("dhcpcd takes an address and a prefix for the link behind it, renews, and keeps both over a kill -9", needsPeers, () =>
  inWorld(async ({ gateway, host, folder }) => {
    const first = await startLeasehold(gateway, folder, CONFIGURATION);
    const dhcpcd = startDhcpcd6(host, folder, { interface: "eth0", prefixTo: ["eth1"] });
    const held = async (): Promise<readonly string[] | undefined> => {
      const [own, inner] = [await globals6(host, "eth0"), await globals6(host, "eth1")];
      return own.length > 0 && inner.length > 0 ? [...own, ...inner].map(({ local }) => local) : undefined;
    };
    const before = await seen("addresses on both links", held, first.log, dhcpcd.log);
    await first.kill();
    const second = await startLeasehold(gateway, folder, CONFIGURATION);
    const validBefore = (await globals6(host, "eth0"))[0]?.valid_life_time ?? 0;
    let least = validBefore;
    await seen(
      "a lifetime that grows again",
      async () => {
        const left = (await globals6(host, "eth0"))[0]?.valid_life_time ?? 0;
        const grew = left > least;
        least = Math.min(least, left);
        return grew ? true : undefined;
      },
      second.log,
      dhcpcd.log,
    );
    assert.deepEqual(await held(), before);
  }),
);

test("the kernel's autoconfiguration takes our advertisement: address, default route, lifetimes (RFC 4861 §6.2, RFC 4862 §5.5)", needsPeers, () =>
  inWorld(async ({ gateway, host, folder }) => {
    const capture = await gateway.capture("lan0", "icmp6");
    const configuration = `${CONFIGURATION}router_lifetime_seconds = 1800\n`;
    const ours = await startLeasehold(gateway, folder, configuration);
    await startSlaac(host, "eth0");
    const made = await seen("an address", async () => (await globals6(host, "eth0")).find(({ dynamic }) => dynamic === true), ours.log);
    assert.match(made.local, /^2001:db8:1:0:|^2001:db8:1::/);
    assert.ok(made.valid_life_time <= 30 && made.preferred_life_time <= 12);
    const router = await linkLocal(gateway, "lan0");
    await seen("a default route", async () => (await routes6(host)).find(({ dst, gateway: hop }) => dst === "default" && hop === router), ours.log);
    await ours.stop();
    await capture.stop();
    assert.ok((await framesOf(capture.file, "icmpv6.type == 134 and icmpv6.nd.ra.router_lifetime == 0")) >= 1, "hosts are told of the end");
    const flags = "icmpv6.type == 134 and icmpv6.nd.ra.flag.m == 1 and icmpv6.nd.ra.flag.o == 1 and icmpv6.opt.rdnss == 2001:db8:1::53";
    assert.ok((await framesOf(capture.file, flags)) >= 1);
    assert.deepEqual(await expertProblems(capture.file, "icmpv6.type == 134"), []);
  }),
);

test("our server answers through ISC dhcrelay from the link that the link-address names (RFC 9915 §19.3)", needsPeers, () =>
  withScratch((folder) =>
    withNamespaces(["gateway", "relay", "host"], async ({ gateway, relay, host }) => {
      await wire6(gateway, "lan0", relay, "up0");
      await wire6(relay, "down0", host, "eth0");
      await gateway.address("lan0", "2001:db8:1::1/64");
      await relay.address("down0", "2001:db8:2::1/64");
      const far = `${CONFIGURATION}\n[relayed.far]\nlink = "2001:db8:2::/64"\naddress_pool = "2001:db8:2:0:77::/80"\n`;
      const ours = await startLeasehold(gateway, folder, far);
      const dhcrelay = await startDhcrelay6(relay, folder, { lower: "down0", linkAddress: "2001:db8:2::1", upper: "up0" });
      const capture = await gateway.capture("lan0", "udp port 547");
      const dhclient = startDhclient6(host, folder, { interface: "eth0" });
      const address = await seen(
        "an address",
        () => told(dhclient, "new_ip6_address")[0],
        ours.log,
        dhclient.log,
        () => dhcrelay.stderr,
      );
      assert.match(address, /^2001:db8:2:0:77:/);
      await capture.stop();
      assert.ok((await framesOf(capture.file, "dhcpv6.msgtype == 13")) >= 2);
      assert.deepEqual(await expertProblems(capture.file, "dhcpv6.msgtype == 13"), []);
    }),
  ),
);

test("dhclient -6 through our relay has its lease from Kea (RFC 9915 §19.1, §19.2)", needsPeers, () =>
  withScratch((folder) =>
    withNamespaces(["server", "gateway", "host"], async ({ server, gateway, host }) => {
      await wire6(server, "s0", gateway, "wan0");
      await wire6(gateway, "lan0", host, "eth0");
      await server.address("s0", "2001:db8:1::1/64");
      await gateway.address("wan0", "2001:db8:1::2/64");
      await gateway.address("lan0", "2001:db8:2::1/64");
      await server.ip("route", "add", "2001:db8:2::/64", "via", "2001:db8:1::2");
      const behind = { subnet: "2001:db8:2::/64", pool: { first: "2001:db8:2::1:0", last: "2001:db8:2::1:ffff" } };
      const kea = await startKea6(server, folder, { interface: "s0", subnet: "2001:db8:1::/64", relayed: [behind], unicast: "2001:db8:1::1" });
      const relaying = '[lan.lan0]\nra = "off"\ndhcpv6 = "relay"\nrelay_to = ["wan0"]\nrelay_servers = ["2001:db8:1::1"]\n';
      const ours: Leasehold = await startLeasehold(gateway, folder, relaying);
      const capture = await gateway.capture("wan0", "udp port 547");
      const dhclient = startDhclient6(host, folder, { interface: "eth0" });
      const address = await seen("an address", () => told(dhclient, "new_ip6_address")[0], ours.log, dhclient.log, kea.log);
      assert.match(address, /^2001:db8:2::1:/);
      assert.deepEqual(
        kea.leases().map((lease) => lease.address),
        [address],
      );
      await capture.stop();
      assert.ok((await framesOf(capture.file, "dhcpv6.msgtype == 12 and dhcpv6.linkaddr == 2001:db8:2::1")) >= 2);
      assert.deepEqual(await expertProblems(capture.file, "dhcpv6.msgtype == 12"), []);
    }),
  ),
);
