/** Addresses that somebody else uses, on a real kernel: the other host's kernel answers, the provider and a capture tell what we did (RFC 5227). */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { startDnsmasq, startKea } from "../support/servers.ts";
import { CLIENT_MAC, dhcpIn, inWorld, NEEDS_ROOT, problemsIn, SERVER_ADDRESS, type UplinkWorld } from "../support/uplink-world.ts";

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
    for (const gap of gaps) assert.ok(gap > 0.15 && gap < 1, `${gap} s between probes`);
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
    assert.ok(pause > 9.5 && pause < 13, `${pause} s after the DECLINE`);
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

/** The server's end becomes a bridge of the same name, with a second cable to us. */
function secondCable(world: UplinkWorld): void {
  const at = (...args: readonly string[]): string => world.ip(world.server, ...args);
  at("addr", "flush", "dev", "s0");
  at("link", "set", "s0", "down");
  at("link", "set", "s0", "name", "p0");
  at("link", "add", "s0", "type", "bridge", "stp_state", "0", "forward_delay", "0");
  at("link", "add", "p1", "type", "veth", "peer", "name", "c1", "netns", world.client);
  for (const port of ["p0", "p1"]) at("link", "set", port, "master", "s0", "up");
  at("link", "set", "s0", "up");
  at("addr", "add", `${SERVER_ADDRESS}/24`, "dev", "s0");
  world.ip(world.client, "link", "set", "c1", "address", "02:00:5e:10:00:66", "up");
}

test("two cards of one host on one link have an address each, and are no strangers to each other", TRUTH, () =>
  inWorld(async (world) => {
    secondCable(world);
    await startDnsmasq(world, { first: "10.64.0.50", last: "10.64.0.59" });
    const capture = await world.capture();
    world.leasehold('[uplink4."c*"]\n');
    const of = (link: string): readonly string[] => {
      const [told] = JSON.parse(world.ip(world.client, "-j", "-4", "addr", "show", "dev", link)) as readonly {
        readonly addr_info?: readonly { readonly local: string }[];
      }[];
      return (told?.addr_info ?? []).map(({ local }) => local);
    };
    await world.until("an address on each", () => (of("c0").length === 1 && of("c1").length === 1 ? true : undefined));
    assert.notDeepEqual(of("c0"), of("c1"));
    // Linux lets a card ask in the name of another one's address
    const asking = (link: string, from: string) => ["busybox", "arping", "-b", "-c", "3", "-w", "3", "-I", link, "-s", from, SERVER_ADDRESS];
    for (const [link, other] of [
      ["c0", "c1"],
      ["c1", "c0"],
    ] as const)
      execFileSync("ip", ["netns", "exec", world.client, ...asking(link, of(other)[0] ?? "")], { stdio: "ignore" });
    await world.until("two announcements of each", () =>
      [...of("c0"), ...of("c1")].every((own) => announced(capture.file, own) >= 2) ? true : undefined,
    );
    assert.deepEqual(
      dhcpIn(capture.file).filter(({ type }) => type === "decline"),
      [],
    );
    await capture.stop();
  }),
);

function announced(file: string, address: string): number {
  const filter = `arp.opcode == 1 && arp.src.proto_ipv4 == ${address} && arp.dst.proto_ipv4 == ${address}`;
  return execFileSync("tshark", ["-r", file, "-Y", filter], { encoding: "utf8" }).split("\n").filter(Boolean).length;
}
