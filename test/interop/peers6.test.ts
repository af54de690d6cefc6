/** The peers against each other, without our program: when one of our tests fails later, these say whether the peers work here. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startDhclient6, startDhcpcd6 } from "../support/clients6.ts";
import { addresses6, advertiseByHand, globals6, linkLocal, routes6, startSlaac, wire6 } from "../support/link6.ts";
import { waitFor, withNamespaces } from "../support/namespace.ts";
import { startDhcrelay6 } from "../support/relays.ts";
import { withScratch } from "../support/scratch.ts";
import { startIsc6, startKea6 } from "../support/servers6.ts";
import { needsPeers } from "../support/unpacked.ts";

const SUBNET = {
  subnet: "2001:db8:1::/64",
  pool: { first: "2001:db8:1::1:0", last: "2001:db8:1::1:ffff" },
  delegation: { from: "2001:db8:8000::/40", first: "2001:db8:8000::", last: "2001:db8:80ff:ff00::", delegatedLength: 56 },
};
const PATIENCE_MS = 15_000;

test("Kea delegates to dhclient on its own link; started anew with another pool it renumbers", needsPeers, () =>
  withScratch((folder) =>
    withNamespaces(["server", "client"], async ({ server, client }) => {
      await wire6(server, "s0", client, "c0");
      await server.address("s0", "2001:db8:1::1/64");
      const times = { preferredSeconds: 8, validSeconds: 12, renewSeconds: 2, rebindSeconds: 5 };
      const kea = await startKea6(server, folder, {
        ...SUBNET,
        ...times,
        interface: "s0",
        resolvers: ["2001:db8:1::53"],
        searchDomains: ["example.net"],
      });
      const dhclient = startDhclient6(client, folder, { interface: "c0", address: true, prefix: true });
      const given = await waitFor(
        (see) => {
          see(kea.log().slice(-2000) + dhclient.log().slice(-2000));
          const calls = dhclient.calls().filter(({ reason }) => reason === "BOUND6");
          const [address] = calls.flatMap(({ new_ip6_address }) => new_ip6_address ?? []);
          const [prefix] = calls.flatMap(({ new_ip6_prefix }) => new_ip6_prefix ?? []);
          return address === undefined || prefix === undefined ? undefined : { address, prefix, calls };
        },
        PATIENCE_MS,
        "dhclient has an address and a prefix",
      );
      const leases = kea.leases();
      assert.deepEqual(
        leases.map(({ kind, address, prefixLength }) => `${kind} ${address}/${prefixLength}`),
        [`address ${given.address}/128`, `prefix ${given.prefix}`],
      );
      assert.ok(given.calls.some((call) => call["new_dhcp6_name_servers"] === "2001:db8:1::53"));
      const inKernel = await waitFor(async () => (await globals6(client, "c0")).find(({ local }) => local === given.address), 2000, "its address");
      assert.ok(inKernel.valid_life_time <= 12);
      await waitFor(() => dhclient.calls().some(({ reason }) => reason === "RENEW6"), PATIENCE_MS, "a renewal at T1");

      await kea.stop();
      const other = { first: "2001:db8:1::2:0", last: "2001:db8:1::2:ffff" };
      await startKea6(server, folder, { ...SUBNET, ...times, pool: other, interface: "s0", leaseFile: "other.csv" });
      await waitFor(
        async () => (await globals6(client, "c0")).find(({ local }) => local.startsWith("2001:db8:1::2:")),
        PATIENCE_MS,
        "an address of the other pool",
      );
    }),
  ),
);

test("Kea serves dhclient behind dhcrelay by the link-address", needsPeers, () =>
  withScratch((folder) =>
    withNamespaces(["server", "relay", "client"], async ({ server, relay, client }) => {
      await wire6(server, "s0", relay, "r0");
      await wire6(relay, "r1", client, "c0");
      await server.address("s0", "2001:db8:1::1/64");
      await relay.address("r0", "2001:db8:1::2/64");
      await relay.address("r1", "2001:db8:2::1/64");
      await server.ip("route", "add", "2001:db8:2::/64", "via", "2001:db8:1::2");
      const behind = { subnet: "2001:db8:2::/64", pool: { first: "2001:db8:2::1:0", last: "2001:db8:2::1:ffff" } };
      const kea = await startKea6(server, folder, { ...SUBNET, interface: "s0", relayed: [behind] });
      const dhcrelay = await startDhcrelay6(relay, folder, { lower: "r1", linkAddress: "2001:db8:2::1", upper: "r0" });
      const dhclient = startDhclient6(client, folder, { interface: "c0" });
      const address = await waitFor(
        (see) => {
          see(kea.log().slice(-2000) + dhcrelay.stderr.slice(-2000) + dhclient.log().slice(-2000));
          return dhclient.calls().find(({ reason }) => reason === "BOUND6")?.["new_ip6_address"];
        },
        PATIENCE_MS,
        "dhclient has an address",
      );
      assert.match(address, /^2001:db8:2::1:/);
      assert.deepEqual(
        kea.leases().map((lease) => lease.address),
        [address],
      );
    }),
  ),
);

test("ISC dhcpd delegates to dhcpcd, which numbers the interface behind it", needsPeers, () =>
  withScratch((folder) =>
    withNamespaces(["server", "client", "host"], async ({ server, client, host }) => {
      await wire6(server, "s0", client, "c0");
      await wire6(client, "c1", host, "h0");
      await server.address("s0", "2001:db8:1::1/64");
      const isc = await startIsc6(server, folder, { ...SUBNET, interface: "s0", resolvers: ["2001:db8:1::53"] });
      const dhcpcd = startDhcpcd6(client, folder, { interface: "c0", prefixTo: ["c1"] });
      const seen = (see: (value: unknown) => void): void => see(isc.log().slice(-2000) + dhcpcd.log().slice(-2000));
      const address = await waitFor(
        async (see) => {
          seen(see);
          return (await globals6(client, "c0"))[0];
        },
        PATIENCE_MS,
        "an address on c0",
      );
      const inside = await waitFor(
        async (see) => {
          seen(see);
          return (await globals6(client, "c1"))[0];
        },
        PATIENCE_MS,
        "an address on c1",
      );
      const leases = isc.leases();
      const of = (kind: string): string => leases.find((lease) => lease.kind === kind)?.address ?? "none";
      assert.equal(of("address"), address.local);
      assert.ok(inside.local.startsWith(of("prefix").replace(/::$/, "")), `${inside.local} is in ${of("prefix")}`);
      assert.deepEqual([...new Set(leases.map(({ duid }) => duid.slice(0, 8)))], ["00030001"], "a DUID-LL");
      assert.ok(dhcpcd.calls().some(({ reason }) => reason === "BOUND6"));
    }),
  ),
);

test("a host makes itself an address and a default route from a router advertisement made by hand", needsPeers, () =>
  withNamespaces(["router", "host"], async ({ router, host }) => {
    await wire6(router, "r0", host, "h0");
    await startSlaac(host, "h0");
    await linkLocal(host, "h0");
    const made = await waitFor(
      async () => {
        await advertiseByHand(router, "r0", "2001:db8:5::", 600);
        return (await addresses6(host, "h0")).find(({ local }) => local.startsWith("2001:db8:5:"));
      },
      5000,
      "an address of the advertised prefix",
    );
    assert.equal(made.dynamic, true);
    assert.ok(made.valid_life_time > 590 && made.valid_life_time <= 600);
    const gateway = (await routes6(host)).find(({ dst }) => dst === "default");
    assert.equal(gateway?.gateway, await linkLocal(router, "r0"));
  }),
);
