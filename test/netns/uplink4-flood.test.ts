/** A link on which everybody else talks DHCP: what is for others ends in the kernel, and a client's own conversation is not lost in it. */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { BROADCAST_V4, type Ipv4Address } from "../../src/base/ipv4.ts";
import { BROADCAST_MAC, type MacAddress } from "../../src/base/mac.ts";
import { MSG, native } from "../../src/platform/native.ts";
import { KernelNetwork } from "../../src/platform/netlink/kernel-network.ts";
import { openPacketSocket } from "../../src/platform/uplink-sockets.ts";
import { chaddr, NO_HARDWARE_ADDRESS } from "../../src/wire/dhcp4/hardware.ts";
import { decodeDhcp4, dhcp4, encodeDhcp4 } from "../../src/wire/dhcp4/message.ts";
import { decodeUdpFrame, encodeUdpFrame } from "../../src/wire/ip/udp.ts";
import { Stranger } from "../support/flood.ts";
import { needsRoot, withNamespaces } from "../support/namespace.ts";
import { inWorld, NEEDS_ROOT, SERVER_ADDRESS, type UplinkWorld } from "../support/uplink-world.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const SERVER = "192.0.2.1" as Ipv4Address;
const SERVER_MAC = "02:00:5e:10:00:fe" as MacAddress;
const FLOOD_SECONDS = 10;
const FRAMES_PER_SECOND = 10_000;

/** An ACK to everybody on the link that is about this hardware address; its transaction tells it from others. */
function ackAbout(mac: MacAddress | undefined, xid: number): Uint8Array {
  const message = dhcp4({
    op: "reply",
    xid,
    yiaddr: "192.0.2.10" as Ipv4Address,
    chaddr: mac === undefined ? NO_HARDWARE_ADDRESS : chaddr(mac),
    options: { messageType: "ack", serverId: SERVER, leaseSeconds: 60 },
  });
  const ends = { sourceMac: SERVER_MAC, destinationMac: BROADCAST_MAC, source: SERVER, destination: BROADCAST_V4 };
  return encodeUdpFrame({ ...ends, sourcePort: 67, destinationPort: 68, payload: encodeDhcp4(message) });
}

/** The transactions of what a packet socket has received. */
function received(fd: number): readonly number[] {
  const frame = new Uint8Array(2048);
  const xids: number[] = [];
  for (;;) {
    const length = native().recvFrom(fd, frame, undefined, MSG.truncated);
    if (length < 0) return xids;
    xids.push(decodeDhcp4(decodeUdpFrame(frame.subarray(0, length), { checksum: "verify" }).payload).xid);
  }
}

for (const [own, others] of [
  ["02:00:5e:10:00:55", ["02:00:5e:10:00:56", "02:00:5e:10:ff:55", "03:00:5e:10:00:55", "02:00:5e:10:00:00", "00:00:00:00:00:55"]],
  ["00:00:00:00:00:55", ["00:00:00:00:00:56", "01:00:00:00:00:55", "55:00:00:00:00:00"]],
] as const)
  test(`a packet socket of ${own} sees answers about it or about no hardware address; those about others end in the kernel`, needsRoot, () =>
    withNamespaces(["server", "client"], async ({ server, client }) => {
      await server.veth("s0", client, "c0");
      const stranger = new Stranger(server, "s0");
      const open = (mac?: MacAddress): number =>
        client.inside(() => openPacketSocket(new KernelNetwork().link("c0")?.index ?? assert.fail("no c0"), mac));
      const [filtered, unfiltered] = [open(own as MacAddress), open()];
      try {
        const about = [own, ...others, undefined] as readonly (MacAddress | undefined)[];
        const sent = await stranger.frameFlood(
          stranger.frames(),
          about.map((mac, xid) => ackAbout(mac, xid)),
        );
        assert.equal(sent, about.length);
        await delay(50);
        assert.deepEqual(
          received(unfiltered),
          about.map((_, xid) => xid),
          "without a hardware address given, all are seen (control)",
        );
        assert.deepEqual(received(filtered), [0, about.length - 1]);
      } finally {
        for (const fd of [filtered, unfiltered]) native().close(fd);
        stranger.close();
      }
    }),
  );

type Line = { readonly event: string; readonly address: string; readonly mac: string };

async function startProvider(world: UplinkWorld): Promise<void> {
  const options = ["--interface", "s0", "--address", `${SERVER_ADDRESS}/24`, "--pool", "10.64.0.50-59", "--lease-seconds", "30"];
  const command = [process.execPath, "--import", "tsx", join(root, "scripts/house/provider.ts"), ...options, "--renew-seconds", "5"];
  world.spawn(world.server, "server", [...command, "--json-events", join(world.folder, "provider.jsonl")]);
  await world.until("the provider's socket", () =>
    execFileSync("ip", ["netns", "exec", world.server, "cat", "/proc/net/packet"], { encoding: "utf8" }).split("\n").length > 2 ? true : undefined,
  );
}

function acks(world: UplinkWorld): readonly string[] {
  const lines = world.read("provider.jsonl").split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Line).flatMap(({ event, address }) => (event === "ack" ? [address] : []));
}

function rolesOf(program: ChildProcess): readonly string[] {
  return readFileSync(`/proc/${program.pid}/task/${program.pid}/children`, "utf8").trim().split(/\s+/);
}

type Shown = { readonly uplink4: { readonly uplinks: readonly { readonly received: number }[] } };

/** @returns how many frames the kernel took */
async function flooded(world: UplinkWorld): Promise<number> {
  const tool = join(world.folder, "flood4");
  execFileSync("cc", ["-O2", "-w", "-o", tool, join(root, "bench/tools/flood4.c")]);
  const flood = ["netns", "exec", world.server, tool, "-i", "s0", "-r", String(FRAMES_PER_SECOND), "-t", String(FLOOD_SECONDS)];
  const child = spawn("ip", flood, { stdio: ["ignore", "pipe", "inherit"] });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  await new Promise((resolve) => child.on("close", resolve));
  return (JSON.parse(out) as { readonly sent: number }).sent;
}

test("a renewal and a new exchange go through while 10,000 foreign frames a second come in; same processes, same address", { skip: NEEDS_ROOT }, () =>
  inWorld(async (world) => {
    await startProvider(world);
    const program = world.leasehold();
    const { local } = await world.until("an address", () => world.addresses()[0]);
    const roles = rolesOf(program);
    const before = acks(world).length;
    const flood = flooded(world);
    await world.until("a renewal in the flood", () => (acks(world).length > before ? true : undefined), FLOOD_SECONDS - 3);
    world.ip(world.server, "link", "set", "s0", "down");
    await world.until("the carrier's loss", () =>
      /state (DOWN|LOWERLAYERDOWN)/.test(world.ip(world.client, "link", "show", "c0")) ? true : undefined,
    );
    const atLoss = acks(world).length;
    world.ip(world.server, "link", "set", "s0", "up");
    await world.until("the lease confirmed in the flood", () => (acks(world).length > atLoss ? true : undefined), 5);
    const sent = await flood;
    assert.ok(sent > (FRAMES_PER_SECOND * FLOOD_SECONDS) / 2, `only ${sent} frames were sent: no flood`);
    assert.deepEqual(new Set(acks(world)), new Set([local]));
    assert.deepEqual(
      world.addresses().map((one) => one.local),
      [local],
    );
    assert.deepEqual(rolesOf(program).slice(0, roles.length), roles);
    assert.equal(program.exitCode, null);
    const { uplinks } = (JSON.parse(world.control("show", "--json")) as Shown).uplink4;
    const [seen = Number.NaN] = uplinks.map(({ received }) => received);
    assert.ok(seen >= 4 && seen < 100, `${seen} frames came as far as the engine: what is for others should end in the kernel`);
  }),
);

test("a link that is given another hardware address is heard by it: the sockets of the old one are not kept", { skip: NEEDS_ROOT }, () =>
  inWorld(async (world) => {
    await startProvider(world);
    world.leasehold();
    await world.until("an address", () => world.addresses()[0]);
    const other = "02:00:5e:10:00:66";
    world.ip(world.client, "link", "set", "c0", "address", other);
    const { address } = await world.until("an ACK to the new hardware address", () => ackTo(world, other));
    await world.until("its address in the kernel", () => world.addresses().find(({ local }) => local === address));
  }),
);

function ackTo(world: UplinkWorld, mac: string): Line | undefined {
  const lines = world.read("provider.jsonl").split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Line).find((line) => line.event === "ack" && line.mac === mac);
}
