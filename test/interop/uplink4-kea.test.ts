/** uplink4 with Kea as its provider. Every statement about us is read from Kea's leases, `ip -j` and tshark. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { keaLeases, startKea } from "../support/servers.ts";
import { CLIENT_MAC, dhcpIn, inWorld, NEEDS_ROOT, problemsIn, SERVER_ADDRESS, toldOnce } from "../support/uplink-world.ts";

const FIRST = { first: "10.64.0.50", last: "10.64.0.59" };
const OTHER = { first: "10.64.0.150", last: "10.64.0.159" };
const OURS = `eth.src == ${CLIENT_MAC} && dhcp`;

test(
  "Kea: an address is taken, stands in the kernel with its lifetime and default route, and is renewed at T1 by unicast (RFC 2131 §4.4.5)",
  { skip: NEEDS_ROOT },
  () =>
    inWorld(async (world) => {
      await startKea(world, FIRST);
      const wire = await world.capture();
      world.leasehold();
      const address = await world.until("an address in the kernel", () => world.addresses()[0]);
      const lease = await world.until("Kea's lease", () => keaLeases(world)[0]);
      assert.equal(lease.address, address.local);
      assert.equal(lease.mac, CLIENT_MAC);
      assert.equal(address.prefixlen, 24);
      assert.ok(address.valid_life_time > 15 && address.valid_life_time <= 20, `lifetime ${address.valid_life_time}`);
      const gateway = world.routes().find(({ dst }) => dst === "default");
      assert.deepEqual([gateway?.gateway, gateway?.protocol, gateway?.prefsrc], [SERVER_ADDRESS, "dhcp", address.local]);

      const renewed = await world.until("Kea's renewal", () => keaLeases(world).find((one) => one.expiresAtSeconds > lease.expiresAtSeconds), 12);
      assert.equal(renewed.address, lease.address);
      await world.until("the lifetime written anew", () => world.addresses().find((one) => one.valid_life_time > 15));
      await wire.stop();
      const seen = toldOnce(dhcpIn(wire.file));
      assert.deepEqual(
        seen.slice(0, 4).map(({ type }) => type),
        ["discover", "offer", "request", "ack"],
      );
      const renewal = seen.find(({ type, ciaddr }) => type === "request" && ciaddr === lease.address);
      assert.equal(renewal?.destination, SERVER_ADDRESS, "the renewal is unicast");
      const t1 = (renewal?.atSeconds ?? 0) - (seen[2]?.atSeconds ?? 0);
      assert.ok(t1 > 3.9 && t1 < 7, `renewed after ${t1} s`);
      assert.deepEqual(problemsIn(wire.file, OURS), []);
    }),
);

test(
  "Kea: after the link was away the address is asked for again; a NAK ends it at once and a new one is taken (RFC 2131 §4.4.1)",
  { skip: NEEDS_ROOT },
  () =>
    inWorld(async (world) => {
      const first = await startKea(world, FIRST);
      const wire = await world.capture();
      world.leasehold();
      const before = await world.until("an address", () => world.addresses()[0]);
      await world.stop(first);
      await startKea(world, OTHER, "other.csv");
      world.ip(world.server, "link", "set", "s0", "down");
      await world.until("the carrier seen gone", () => (world.control("show").includes("has no carrier") ? true : undefined));
      world.ip(world.server, "link", "set", "s0", "up");
      const after = await world.until("another address", () => world.addresses().find(({ local }) => local !== before.local), 15);
      assert.match(after.local, /^10\.64\.0\.15\d$/);
      await world.until("only one address", () => (world.addresses().length === 1 ? true : undefined));
      assert.equal(keaLeases(world, "other.csv").find(({ mac }) => mac === CLIENT_MAC)?.address, after.local);
      await wire.stop();
      assert.ok(
        dhcpIn(wire.file).some(({ type }) => type === "nak"),
        "Kea said NAK",
      );
      assert.deepEqual(problemsIn(wire.file, OURS), []);
    }),
);

test("Kea: the program killed with -9 at any moment holds the same address again after a restart", { skip: NEEDS_ROOT }, () =>
  inWorld(async (world) => {
    await startKea(world, FIRST);
    const program = world.leasehold();
    const before = await world.until("an address", () => world.addresses()[0]);
    await world.until("the lease on disk", () => (world.read("state/uplink4/c0.json").includes(before.local) ? true : undefined));
    await world.stop(program, "SIGKILL");
    assert.equal(world.addresses()[0]?.local, before.local, "the address stays while nobody runs");
    const wire = await world.capture();
    world.leasehold();
    await world.until("the lease asked for again", () => (dhcpIn(wire.file).some(({ type }) => type === "ack") ? true : undefined));
    await wire.stop();
    assert.deepEqual(
      toldOnce(dhcpIn(wire.file))
        .slice(0, 2)
        .map(({ type }) => type),
      ["request", "ack"],
      "INIT-REBOOT: no DISCOVER",
    );
    assert.deepEqual(
      world.addresses().map(({ local }) => local),
      [before.local],
    );
  }),
);

test("the check for malformed frames finds one that is planted (control)", { skip: NEEDS_ROOT }, () =>
  inWorld(async (world) => {
    const wire = await world.capture();
    const planted =
      "import socket;s=socket.socket(socket.AF_PACKET,socket.SOCK_RAW);s.bind(('c0',0));ip=bytes.fromhex('450000340000000040110000'+'00000000'+'ffffffff');udp=bytes.fromhex('0044004300200000');s.send(bytes.fromhex('ffffffffffff02005e1000550800')+ip+udp+bytes.fromhex('0101060011223344')+bytes(16))";
    world.spawn(world.client, "planted", ["python3", "-c", planted]);
    await world.until("the planted frame", () => (problemsIn(wire.file, `eth.src == ${CLIENT_MAC}`).length > 0 ? true : undefined));
    await wire.stop();
  }),
);
