/** Addresses that somebody else uses, on a real kernel: the other host's kernel answers, the provider and a capture tell what we did (RFC 5227). */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { startDnsmasq, startKea } from "../support/servers.ts";
import { CLIENT_MAC, dhcpIn, inWorld, NEEDS_ROOT, problemsIn, type UplinkWorld } from "../support/uplink-world.ts";

const TRUTH = { skip: NEEDS_ROOT };
const ONE = { first: "10.64.0.50", last: "10.64.0.50" };
const TAKEN = "10.64.0.50";

type Heard = { readonly atSeconds: number; readonly sender: string; readonly target: string; readonly mac: string };

/** ARP requests that came from us. */
function asked(file: string): readonly Heard[] {
  const fields = ["frame.time_epoch", "arp.src.proto_ipv4", "arp.dst.proto_ipv4", "eth.src"].flatMap((field) => ["-e", field]);
  const text = execFileSync("tshark", ["-r", file, "-Y", `arp.opcode == 1 && eth.src == ${CLIENT_MAC}`, "-T", "fields", ...fields], {
    encoding: "utf8",
  });
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split("\t"))
    .map(([at = "", sender = "", target = "", mac = ""]) => ({ atSeconds: Number(at), sender, target, mac }));
}

function someoneHolds(world: UplinkWorld, address: string): void {
  world.ip(world.server, "addr", "add", `${address}/24`, "dev", "s0");
}

test("an address that nobody answers for is probed three times, used, and announced twice (RFC 5227 §2.1.1, §2.3)", TRUTH, () =>
  inWorld(async (world) => {
    await startDnsmasq(world, ONE);
    const capture = await world.capture();
    world.leasehold("[uplink4.c0]\n");
    await world.until("the address", () => world.addresses()[0]);
    await world.until("the second announcement", () => (asked(capture.file).filter(({ sender }) => sender === TAKEN).length >= 2 ? true : undefined));
    await capture.stop();
    const all = asked(capture.file).filter(({ target }) => target === TAKEN);
    const probes = all.filter(({ sender }) => sender === "0.0.0.0");
    const announcements = all.filter(({ sender }) => sender === TAKEN);
    assert.equal(probes.length, 3);
    assert.equal(announcements.length, 2);
    const gaps = probes.slice(1).map(({ atSeconds }, i) => atSeconds - (probes[i]?.atSeconds ?? 0));
    for (const gap of gaps) assert.ok(gap > 0.15 && gap < 0.4, `${gap} s between probes`);
    assert.ok((announcements[0]?.atSeconds ?? 0) - (probes[2]?.atSeconds ?? 0) > 0.15, "used before the last probe could be answered");
    assert.deepEqual(problemsIn(capture.file, `eth.src == ${CLIENT_MAC}`), []);
  }),
);

test("an address that another host answers for is declined and never used; after ten seconds we ask again (RFC 2131 §3.1 step 5)", TRUTH, () =>
  inWorld(async (world) => {
    someoneHolds(world, TAKEN);
    await startKea(world, ONE);
    const capture = await world.capture();
    world.leasehold("[uplink4.c0]\n");
    const seen = (type: string) => dhcpIn(capture.file).filter((one) => one.type === type);
    await world.until("a DECLINE", () => seen("decline")[0]);
    await world.until("the next DISCOVER", () => {
      assert.deepEqual(world.addresses(), [], "an address of somebody else's was used");
      return seen("discover")[1];
    });
    const [decline] = seen("decline");
    const pause = (seen("discover")[1]?.atSeconds ?? 0) - (decline?.atSeconds ?? 0);
    assert.ok(pause > 9.5 && pause < 11, `${pause} s after the DECLINE`);
    assert.equal(decline?.source, "0.0.0.0");
    assert.match(world.read("server.log"), new RegExp(`DHCP4_DECLINE_LEASE .*${TAKEN}`));
    await capture.stop();
    assert.deepEqual(problemsIn(capture.file, `eth.src == ${CLIENT_MAC}`), []);
  }),
);

test("control: with conflict_detection off the same address is used although somebody has it", TRUTH, () =>
  inWorld(async (world) => {
    someoneHolds(world, TAKEN);
    await startKea(world, ONE);
    world.leasehold('[uplink4.c0]\nconflict_detection = "off"\n');
    assert.equal((await world.until("the address", () => world.addresses()[0])).local, TAKEN);
  }),
);

test("an address in use is defended once; a host that insists gets it, and the server hears of it (RFC 5227 §2.4 b)", TRUTH, () =>
  inWorld(async (world) => {
    await startDnsmasq(world, ONE);
    const capture = await world.capture();
    world.leasehold("[uplink4.c0]\n");
    await world.until("the address", () => world.addresses()[0]);
    await world.until("both announcements", () => (asked(capture.file).filter(({ sender }) => sender === TAKEN).length >= 2 ? true : undefined));
    const claim = (): string =>
      execFileSync("ip", ["netns", "exec", world.server, "busybox", "arping", "-U", "-c", "1", "-w", "1", "-I", "s0", "-s", TAKEN, TAKEN], {
        encoding: "utf8",
      });
    someoneHolds(world, TAKEN);
    claim();
    await world.until("the defence", () => (asked(capture.file).filter(({ sender }) => sender === TAKEN).length >= 3 ? true : undefined));
    assert.equal(world.addresses()[0]?.local, TAKEN);
    claim();
    await world.until("the DECLINE", () => dhcpIn(capture.file).find(({ type }) => type === "decline"));
    await world.until("no address", () => (world.addresses().length === 0 ? true : undefined));
    await capture.stop();
    assert.deepEqual(problemsIn(capture.file, `eth.src == ${CLIENT_MAC}`), []);
  }),
);

test("while no server answers, an address of 169.254/16 is used on the link; a server's takes its place (RFC 3927)", TRUTH, () =>
  inWorld(async (world) => {
    world.leasehold("[uplink4.c0]\nfallback_link_local = true\nretransmit_seconds = 1\n");
    const own = await world.until("a link-local address", () => world.addresses()[0]);
    assert.match(own.local, /^169\.254\.(?!0\.|255\.)\d+\.\d+$/);
    assert.equal(own.prefixlen, 16);
    assert.deepEqual(
      world.routes().filter(({ dst }) => dst === "default"),
      [],
    );
    await startDnsmasq(world, ONE);
    await world.until(
      "the server's address alone",
      () => {
        const addresses = world.addresses().map(({ local }) => local);
        return addresses.length === 1 && addresses[0] === TAKEN ? true : undefined;
      },
      40,
    );
  }),
);
