/**
 * A world whose wire is a program with faults (`wire-tap-forward.ts`): server and client each have a veth of their own, and the other ends
 * stand in a third namespace. The capture is on our side of the wire: before it loses what we say, and after it lost what the server said.
 */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CLIENT_MAC, inWorld, SERVER_ADDRESS, type Seen, type UplinkWorld } from "./uplink-world.ts";

export type Faults = {
  /** Shares of frames. */
  readonly loss: number;
  readonly twice: number;
  /** So many of what is left come later by up to once more the delay. */
  readonly reordered: number;
  readonly delayMs: number;
  /** What we say to everybody comes back to us, as from a loop. */
  readonly reflected?: boolean;
};
export type Fate = { readonly from: "client" | "server" | "wire"; readonly delaysMs: readonly number[] };
export const NO_FAULTS: Faults = { loss: 0, twice: 0, reordered: 0, delayMs: 0 };
export const BAD: Faults = { loss: 0.3, twice: 0.15, reordered: 0.25, delayMs: 100 };

export type Wired = { readonly world: UplinkWorld; readonly watch: AddressWatch; readonly capture: string; readonly fates: () => readonly Fate[] };

/** Runs a story in a world of its own with a wire of these faults, a capture and a watch over addresses. */
export function onWire({ faults, seed }: { readonly faults: Faults; readonly seed: number }, story: (wired: Wired) => Promise<void>): Promise<void> {
  return inWorld(async (world) => {
    const wire = `${world.server}w`;
    execFileSync("ip", ["netns", "add", wire]);
    try {
      rewire(world, wire);
      await forward(world, wire, faults, seed);
      const capture = join(world.folder, "ours.pcap");
      world.spawn(world.client, "ours", ["tcpdump", "-i", "c0", "--immediate-mode", "-U", "-w", capture, "udp or arp"]);
      await world.until("tcpdump listens", () => (world.read("ours.log").includes("listening on") ? true : undefined));
      const watch = new AddressWatch(world);
      await watch.ready();
      await story({ world, watch, capture, fates: () => fatesIn(world.read("tally")) });
    } finally {
      execFileSync("ip", ["netns", "del", wire]);
    }
  });
}

function rewire(world: UplinkWorld, wire: string): void {
  world.ip(world.server, "link", "del", "s0");
  for (const [namespace, name, end] of [
    [world.server, "s0", "toServer"],
    [world.client, "c0", "toClient"],
  ] as const) {
    world.ip(namespace, "link", "add", name, "type", "veth", "peer", "name", end, "netns", wire);
    if (name === "c0") world.ip(namespace, "link", "set", name, "address", CLIENT_MAC);
    // a program on the wire cannot leave sums to a card
    execFileSync("ip", ["netns", "exec", namespace, "ethtool", "-K", name, "tx", "off"], { stdio: "ignore" });
    world.ip(namespace, "link", "set", name, "up");
    world.ip(wire, "link", "set", end, "up", "promisc", "on");
  }
  world.ip(world.server, "addr", "add", `${SERVER_ADDRESS}/24`, "dev", "s0");
}

/** A wire as a program, whose ends are in its namespace; what it did to each frame stands in the tally. */
export function wireCommand({ faults, seed }: { readonly faults: Faults; readonly seed: number }, tally: string): readonly string[] {
  const script = fileURLToPath(new URL("wire-tap-forward.ts", import.meta.url));
  const options = ["--ends", "toClient,toServer", "--seed", String(seed), "--faults", JSON.stringify(faults), "--tally", tally];
  return [process.execPath, "--import", "tsx", script, ...options];
}

async function forward(world: UplinkWorld, wire: string, faults: Faults, seed: number): Promise<ChildProcess> {
  const child = world.spawn(wire, "wire", wireCommand({ faults, seed }, join(world.folder, "tally")));
  await world.until("the wire", () => (world.read("tally").includes("wire") ? true : undefined));
  return child;
}

export function fatesIn(tally: string): readonly Fate[] {
  const lines = tally.split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Fate).filter(({ from }) => from !== "wire");
}

export type AddressNews = { readonly atSeconds: number; readonly address: string; readonly gone: boolean };

/** Every change of addresses on the uplink, as the kernel tells it. */
export class AddressWatch {
  readonly #world: UplinkWorld;

  constructor(world: UplinkWorld) {
    this.#world = world;
    world.spawn(world.client, "addresses", ["ip", "-ts", "-4", "-o", "monitor", "address"], { TZ: "UTC" });
  }

  /** An address elsewhere that comes and goes shows that it watches. */
  async ready(): Promise<void> {
    await this.#world.until("ip monitor", () => {
      this.#world.ip(this.#world.client, "addr", "replace", "127.0.0.77/32", "dev", "lo");
      return this.#world.read("addresses.log").includes("127.0.0.77") ? true : undefined;
    });
  }

  news(): readonly AddressNews[] {
    const pattern = /^\[([^\]]+)\] (Deleted )?\d+: c0\s+inet ([\d.]+)/;
    return this.#world
      .read("addresses.log")
      .split("\n")
      .flatMap((line) => {
        const [, at = "", deleted, address] = pattern.exec(line) ?? [];
        return address === undefined ? [] : [{ atSeconds: Date.parse(`${at}Z`) / 1000, address, gone: deleted !== undefined }];
      });
  }

  /** The most that stood there at once. */
  most(): readonly string[] {
    const standing = new Set<string>();
    let most: readonly string[] = [];
    for (const { address, gone } of this.news()) {
      if (gone) standing.delete(address);
      else standing.add(address);
      if (standing.size > most.length) most = [...standing];
    }
    return most;
  }
}

type Said = Pick<Seen, "type" | "xid" | "atSeconds" | "ciaddr">;
const TOLERANCE = 0.1;
const UNSPECIFIED = "0.0.0.0";
/** Conflict detection and the kernel take so long: where T1 was over before, there is no socket yet to speak from the address. */
const FRESH_SECONDS = 1.5;
/** Between two of the kernel's questions for one hardware address, or the last one and the answer on a bad wire. */
const SOUGHT_AGAIN_SECONDS = 1.5;

/**
 * Messages of one exchange that are said again, against RFC 2131 §4.1: base, doubled for each before it, at most 64 s, with its jitter; and
 * 10 % for whoever runs late. Renewals have other times, and are left out.
 * @returns each interval that is none of them; and how many were looked at
 */
export function againProblems(said: readonly Said[], baseSeconds: number): { readonly looked: number; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const jitter = Math.min(1, baseSeconds / 4);
  let [looked, count] = [0, 0];
  const ours = said.filter(({ type, ciaddr }) => (type === "discover" || type === "request") && ciaddr === UNSPECIFIED);
  ours.forEach((one, i) => {
    const before = ours[i - 1];
    if (before === undefined || before.type !== one.type || before.xid !== one.xid) {
      count = 0;
      return;
    }
    const due = Math.min(64, baseSeconds * 2 ** count++);
    const waited = one.atSeconds - before.atSeconds;
    looked++;
    if (waited < (due - jitter) * (1 - TOLERANCE) || waited > (due + jitter) * (1 + TOLERANCE))
      problems.push(`${one.type} number ${count + 1} after ${waited.toFixed(3)} s, due after ${due} s`);
  });
  return { looked, problems };
}

/** When we asked everybody for the hardware address of the server: a unicast leaves when that is known, on a bad wire seconds later or never. */
export function serverSought(capture: string): readonly number[] {
  return arpTimes(capture, `arp.opcode == 1 && eth.dst == ff:ff:ff:ff:ff:ff && arp.dst.proto_ipv4 == ${SERVER_ADDRESS}`);
}

/** ARP probes of ours (RFC 5227 §2.1), those that came back counted again. */
export function probesIn(capture: string): number {
  return arpTimes(capture, "arp.opcode == 1 && arp.src.proto_ipv4 == 0.0.0.0").length;
}

function arpTimes(capture: string, filter: string): readonly number[] {
  const told = execFileSync("tshark", ["-r", capture, "-Y", `eth.src == ${CLIENT_MAC} && ${filter}`, "-T", "fields", "-e", "frame.time_epoch"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return told.split("\n").filter(Boolean).map(Number);
}

/**
 * The same messages as we said them: a unicast leaves when the server's hardware address is known, which can be after what was said later.
 * The kernel asks for that address as the message is said, and again each second.
 */
export function asSaid<T extends Said & Pick<Seen, "destination">>(seen: readonly T[], sought: readonly number[]): readonly T[] {
  let given = 0;
  const said = seen.map((one) => {
    if (one.type === "ack") given = one.atSeconds;
    if (one.type !== "request" || one.destination !== SERVER_ADDRESS) return one;
    const before = sought.filter((at) => at > given && at < one.atSeconds).toReversed();
    return { ...one, atSeconds: before.reduce((first, at) => (first - at < SOUGHT_AGAIN_SECONDS ? at : first), one.atSeconds) };
  });
  return said.toSorted((a, b) => a.atSeconds - b.atSeconds);
}

type LeaseSeconds = { readonly renew: number; readonly rebind: number; readonly lease: number; readonly jitter: number };

/**
 * Leases against RFC 2131 §4.4.5: asked for at T1 by unicast and at T2 of everybody, once each, where half of what is left is under a minute;
 * and over in time. All is counted from the first REQUEST of the exchange that gave the lease, and T1 may be over when that ends.
 * @param said see `asSaid`
 */
export function leaseProblems(
  said: readonly (Said & Pick<Seen, "destination">)[],
  seconds: LeaseSeconds,
): { readonly looked: number; readonly problems: readonly string[] } {
  const problems: string[] = [];
  let looked = 0;
  const begun = new Map<string, number>();
  let lease: { readonly from: number; readonly given: number; readonly seen: Set<string> } | undefined;
  let exchange = "";
  for (const one of said) {
    const { type, xid, atSeconds, destination } = one;
    if (type === "request" && !begun.has(xid)) begun.set(xid, atSeconds);
    if (type === "request" || type === "discover") exchange = xid;
    if (type === "ack" && xid === exchange) {
      const from = begun.get(xid);
      if (isOver(one, from, seconds.lease)) continue;
      lease = from === undefined ? undefined : { from, given: atSeconds, seen: new Set() };
      exchange = "";
    }
    if (lease === undefined || !(type === "discover" || (type === "request" && one.ciaddr !== UNSPECIFIED))) continue;
    const { from, given, seen } = lease;
    const isFresh = atSeconds - given < FRESH_SECONDS;
    const how = type === "discover" ? "lease" : destination === SERVER_ADDRESS || (isFresh && !seen.has("renew")) ? "renew" : "rebind";
    const due = Math.max(from + seconds[how], given);
    looked++;
    const mostSeconds = isFresh ? FRESH_SECONDS : seconds.jitter + seconds[how] * TOLERANCE;
    if (seen.has(how) || Math.abs(atSeconds - due) > mostSeconds)
      problems.push(`${how} ${xid} ${(atSeconds - from).toFixed(3)} s after the lease began, due once after ${(due - from).toFixed(3)} s`);
    seen.add(how);
    if (how === "lease") lease = undefined;
  }
  return { looked, problems };
}

/** What was said, for whoever reads why a check failed. */
export function transcript(said: readonly (Said & Pick<Seen, "destination">)[], sought: readonly number[]): string {
  const lines = said.map((one) => [one.atSeconds, `${one.type} ${one.xid} to ${one.destination} from ${one.ciaddr}`] as const);
  const all = [...lines, ...sought.map((at) => [at, "ARP: who is the server"] as const)];
  return all
    .toSorted(([a], [b]) => a - b)
    .map(([at, what]) => `${(at % 1000).toFixed(3)} ${what}`)
    .join("\n");
}

/** A lease counts from the first REQUEST for it (RFC 2131 §4.4.1): after a long search on this wire it can be over before it comes, and is none. */
function isOver({ atSeconds }: Said, from: number | undefined, leaseSeconds: number): boolean {
  return from !== undefined && atSeconds - from >= leaseSeconds;
}

/** An address stands soon after the first ACK of its exchange came through. @returns the seconds it took, exchange by exchange */
export function boundProblems(
  said: readonly Said[],
  news: readonly AddressNews[],
  mostSeconds: number,
  leaseSeconds = Number.POSITIVE_INFINITY,
): readonly string[] {
  let asked = "";
  const answered = new Set<string>();
  const begun = new Map<string, number>();
  return said.flatMap((one) => {
    const { type, xid, atSeconds } = one;
    if (type === "request" || type === "discover") asked = xid;
    if (type === "request" && !begun.has(xid)) begun.set(xid, atSeconds);
    if (type === "ack" && isOver(one, begun.get(xid), leaseSeconds)) return [];
    if (type !== "ack" || asked !== xid || answered.has(xid)) return [];
    answered.add(xid);
    const stood = news.find((one) => !one.gone && one.atSeconds >= atSeconds - 0.05);
    const took = (stood?.atSeconds ?? Number.POSITIVE_INFINITY) - atSeconds;
    return took > mostSeconds ? [`${took.toFixed(2)} s after the ACK of ${xid}`] : [];
  });
}

/** The wire is as bad as it was told to be. */
export function assertBad(fates: readonly Fate[], faults: Faults): void {
  const lost = fates.filter(({ delaysMs }) => delaysMs.length === 0).length;
  const twice = fates.filter(({ delaysMs }) => delaysMs.length === 2).length;
  assert.ok(fates.length > 0 && lost > 0 && lost < fates.length, `${lost} of ${fates.length} lost`);
  if (fates.length > 60) {
    assert.ok(Math.abs(lost / fates.length - faults.loss) < 0.2, `${lost} of ${fates.length} lost`);
    assert.ok(twice > 0, "no frame came twice");
  }
}
