/** uplink4 with dnsmasq as its provider. Every statement about us is read from dnsmasq's leases, `ip -j` and tshark. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { dnsmasqLeases, startDnsmasq } from "../support/servers.ts";
import { CLIENT_MAC, dhcpIn, inWorld, NEEDS_ROOT, problemsIn, toldOnce } from "../support/uplink-world.ts";

const FIRST = { first: "10.64.0.50", last: "10.64.0.59" };
const OTHER = { first: "10.64.0.150", last: "10.64.0.159" };
const OURS = `eth.src == ${CLIENT_MAC} && dhcp`;

test("dnsmasq: an address is taken; asked for again after a restart it is refused, and a new one is taken", { skip: NEEDS_ROOT }, () =>
  inWorld(async (world) => {
    const first = await startDnsmasq(world, FIRST);
    const wire = await world.capture();
    const program = world.leasehold();
    const address = await world.until("an address in the kernel", () => world.addresses()[0]);
    const lease = await world.until("dnsmasq's lease", () => dnsmasqLeases(world)[0]);
    assert.deepEqual([lease.address, lease.mac], [address.local, CLIENT_MAC]);
    assert.ok(address.valid_life_time > 110 && address.valid_life_time <= 120);
    await world.stop(program);
    assert.equal(world.addresses()[0]?.local, address.local, "an orderly stop leaves the address");

    await world.stop(first);
    await startDnsmasq(world, OTHER, "other.leases");
    world.leasehold();
    const after = await world.until("another address", () => world.addresses().find(({ local }) => local !== address.local));
    await world.until("only one address", () => (world.addresses().length === 1 ? true : undefined));
    assert.equal(dnsmasqLeases(world, "other.leases")[0]?.address, after.local);
    await wire.stop();
    const types = toldOnce(dhcpIn(wire.file)).map(({ type }) => type);
    assert.deepEqual(types, ["discover", "offer", "request", "ack", "request", "nak", "discover", "offer", "request", "ack"]);
    assert.deepEqual(problemsIn(wire.file, OURS), []);
  }),
);
