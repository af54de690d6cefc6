/** What needs dnsmasq's shortest lease, two minutes: renewal at T1 (60 s), and a NAK at the renewal. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { dnsmasqLeases, startDnsmasq } from "../support/servers.ts";
import { CLIENT_MAC, dhcpIn, inWorld, NEEDS_ROOT, problemsIn, SERVER_ADDRESS } from "../support/uplink-world.ts";

const FIRST = { first: "10.64.0.50", last: "10.64.0.59" };
const OTHER = { first: "10.64.0.150", last: "10.64.0.159" };

test(
  "dnsmasq: the lease is renewed at T1 by unicast; refused at the next renewal, a new address is taken (RFC 2131 §4.4.5)",
  { skip: NEEDS_ROOT },
  () =>
    inWorld(async (world) => {
      const first = await startDnsmasq(world, FIRST);
      const wire = await world.capture();
      world.leasehold();
      const lease = await world.until("dnsmasq's lease", () => dnsmasqLeases(world)[0]);
      const renewed = await world.until(
        "dnsmasq's renewal",
        () => dnsmasqLeases(world).find((one) => one.expiresAtSeconds > lease.expiresAtSeconds),
        70,
      );
      assert.equal(renewed.address, lease.address);
      await world.until("the lifetime written anew", () => world.addresses().find((one) => one.valid_life_time > 110));
      await world.stop(first);
      await startDnsmasq(world, OTHER, "other.leases");
      const after = await world.until("another address", () => world.addresses().find(({ local }) => local !== lease.address), 70);
      assert.equal(dnsmasqLeases(world, "other.leases")[0]?.address, after.local);
      await wire.stop();
      const seen = dhcpIn(wire.file);
      const renewal = seen.find(({ type, ciaddr }) => type === "request" && ciaddr === lease.address);
      assert.equal(renewal?.destination, SERVER_ADDRESS);
      const t1 = (renewal?.atSeconds ?? 0) - (seen[2]?.atSeconds ?? 0);
      assert.ok(t1 > 58.5 && t1 < 61.5, `renewed after ${t1} s`);
      assert.ok(seen.some(({ type }) => type === "nak"));
      assert.deepEqual(problemsIn(wire.file, `eth.src == ${CLIENT_MAC} && dhcp`), []);
    }),
);
