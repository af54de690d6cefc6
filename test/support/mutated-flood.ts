/**
 * A running program under frames of answers that are none: two uplinks of one daemon, each on a link of its own, and an account of every
 * frame that was sent there.
 *
 * What the kernel's filter lets through is reckoned here, frame by frame (`reachesSocket`); what the kernel dropped at the socket is asked
 * from it (`ss`), and should be nothing: the sender waits while the socket's queue is filled, or somebody reads. The rest must stand in `show --json`:
 *
 *   sent + answers of real servers = filtered + dropped by the kernel + received + queue-full
 *   received = ignored by reason + accepted
 *
 * The first uplink is bound, with Kea: the sender knows its hardware address and the transaction of its last exchange, and nothing may be
 * accepted. The second has no server: its exchange is open and its transaction is read from the wire, so a whole answer would be right to
 * accept. There the sender first makes only what no client may take, and later whatever comes, and each that is accepted moves the machine.
 */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Ipv4Address } from "../../src/base/ipv4.ts";
import type { MacAddress } from "../../src/base/mac.ts";
import { WireError } from "../../src/base/errors.ts";
import { Chance } from "../../src/sim/chance.ts";
import { type Dhcp4Message, decodeDhcp4 } from "../../src/wire/dhcp4/message.ts";
import { decodeUdpFrame } from "../../src/wire/ip/udp.ts";
import { accident, dhcp4Answers, isTagged, type Known, reachesSocket, repairedAccident } from "./mutated-dhcp4.ts";
import type { UplinkWorld } from "./uplink-world.ts";
import { bytesWaiting, WireTap } from "./wire-tap.ts";

/** So many at once; then the sender looks how full the queue of the program's socket is. */
const BURST = 64;
const BURST_PAUSE_MS = 2;
const QUEUE_MOST_BYTES = 200_000;
const SETTLED_SECONDS = 60;
/** How often memory is looked at while frames are sent. */
const LOOK_MS = 100;
const nudges = new Chance(0x6e75);

export type UplinkFacts = {
  readonly interface: string;
  readonly state: string;
  readonly received: number;
  readonly accepted: number;
  readonly sent: Readonly<Record<string, number>>;
  readonly ignored: Readonly<Record<string, number>>;
  readonly lease: { readonly address: string; readonly server: string; readonly renewsAt: string } | null;
};
export type Facts = {
  readonly pids: Readonly<Record<string, number>>;
  readonly uplinks: Readonly<Record<string, UplinkFacts>>;
  readonly elsewhere: Readonly<Record<string, number>>;
};
/** What was sent to one uplink's link. */
export type Sent = { total: number; filtered: number };
export type Kind = "accident" | "repaired" | "hopeless";

export class Target {
  readonly name: string;
  readonly known: Known;
  readonly sent: Sent = { total: 0, filtered: 0 };
  readonly tap: WireTap;
  readonly link: number;
  /** Processes that have read all of a burst when they sleep: what goes unread tests nothing. */
  readers: readonly number[] = [];
  readonly answers: readonly Uint8Array[];
  readonly #world: UplinkWorld;
  readonly #program: ChildProcess;
  #xid = 0;
  #asked: Known["asked"];

  /** @param name of the uplink: its other end in the server's namespace is `far` */
  constructor(world: UplinkWorld, program: ChildProcess, { name, far, mac }: { readonly name: string; readonly far: string; readonly mac: string }) {
    this.name = name;
    this.#world = world;
    this.#program = program;
    this.known = { mac: mac as MacAddress, xid: 0, hopeless: false };
    this.answers = dhcp4Answers(this.known.mac, "198.51.100.1" as Ipv4Address, "198.51.100.77" as Ipv4Address);
    this.tap = new WireTap(world.server, indexOf(world, world.server, far), { hears: true });
    this.link = indexOf(world, world.client, name);
  }

  get xid(): number {
    return this.#xid;
  }

  /** Reads what the client said. @returns its messages */
  listen(): readonly Dhcp4Message[] {
    const messages = this.tap.heard().flatMap((frame) => messageIn(frame));
    for (const { xid, options } of messages) {
      this.#xid = xid;
      this.#asked = undefined;
      if (options.messageType === "request" && options.serverId !== undefined && options.requestedAddress !== undefined)
        this.#asked = { server: options.serverId, address: options.requestedAddress };
    }
    return messages;
  }

  /** Sends until so many more have come to the socket. @param follow keeps to the transaction that is open now */
  async flood(kind: Kind, count: number, chance: Chance, { follow }: { readonly follow: boolean }): Promise<void> {
    let wanted = count;
    while (wanted > 0) {
      if (follow) this.listen();
      const known: Known = { ...this.known, xid: this.#xid, asked: this.#asked, hopeless: kind === "hopeless" };
      const frames: Uint8Array[] = [];
      for (let reach = 0; reach < Math.min(BURST, wanted); ) {
        const frame = (kind === "accident" ? accident : repairedAccident)(this.answers, chance, known);
        if (isTagged(frame)) continue;
        frames.push(frame);
        if (reachesSocket(frame, known.mac)) reach++;
        else this.sent.filtered++;
      }
      wanted -= Math.min(BURST, wanted);
      const taken = this.tap.send(frames);
      assert.equal(taken, frames.length, "the kernel took less than it was given");
      this.sent.total += taken;
      await delay(BURST_PAUSE_MS);
      while (bytesWaiting(this.#program.pid ?? 0, this.link) > QUEUE_MOST_BYTES || this.readers.some(isBusy)) await delay(BURST_PAUSE_MS);
    }
  }

  /** Sends as they are. */
  give(frames: readonly Uint8Array[]): void {
    this.sent.total += this.tap.send(frames);
    this.sent.filtered += frames.filter((frame) => !reachesSocket(frame, this.known.mac)).length;
  }

  /** What the kernel dropped at the program's packet sockets on this link. */
  kernelDrops(): number {
    const told = execFileSync("ip", ["netns", "exec", this.#world.client, "ss", "-0", "-n", "-m"], { encoding: "utf8" });
    const rows = told.split("\n").filter((row) => row.includes(`:${this.name}`) || row.includes("skmem"));
    let drops = 0;
    rows.forEach((row, i) => {
      const memory = row.includes("skmem") ? row : (rows[i + 1] ?? "");
      if (row.includes(`:${this.name}`)) drops += Number(/,d(\d+)\)/.exec(memory)?.[1] ?? 0);
    });
    return drops;
  }

  close(): void {
    this.tap.close();
  }
}

/** What `show --json` tells. */
export function facts(world: UplinkWorld, program: ChildProcess): Facts {
  type Shown = {
    readonly main: { readonly roles: readonly { readonly name: string; readonly pid: number }[] };
    readonly uplink4: { readonly uplinks: readonly UplinkFacts[]; readonly ignored: Readonly<Record<string, number>> };
  };
  const { main, uplink4 } = JSON.parse(world.control("show", "--json")) as Shown;
  const roles = main.roles.filter(({ name }) => name !== "control"); // comes and goes as it is asked
  return {
    pids: { main: program.pid ?? 0, ...Object.fromEntries(roles.map(({ name, pid }) => [name, pid])) },
    uplinks: Object.fromEntries(uplink4.uplinks.map((one) => [one.interface, one])),
    elsewhere: uplink4.ignored,
  };
}

export function factsOf(all: Facts, name: string): UplinkFacts {
  return all.uplinks[name] ?? assert.fail(`nothing is told of ${name}`);
}

/** Resident memory of each of these processes in KiB. */
export function residentKb(pids: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const of = (pid: number): number => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  return Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, of(pid)]));
}

/** The same at its highest while something is done: a heap has its tides, and which one a single look meets is luck. */
export async function highestKb(pids: Readonly<Record<string, number>>, work: () => Promise<void>): Promise<Readonly<Record<string, number>>> {
  let most = residentKb(pids);
  const look = setInterval(() => {
    const now = residentKb(pids);
    if (total(now) > total(most)) most = now;
  }, LOOK_MS);
  try {
    await work();
  } finally {
    clearInterval(look);
  }
  return most;
}

/** Seconds of a core that each of these processes has used. */
export function usedSeconds(pids: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const of = (pid: number): number => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  };
  return Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, of(pid)]));
}

export function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** What was ignored for a reason that came from reading it. */
export function judged({ ignored }: UplinkFacts): number {
  return total(ignored) - (ignored["queue-full"] ?? 0);
}

/** One account: what should have come, and what is told of. */
export type Account = { readonly due: number; readonly told: number; readonly queueFull: number; readonly kernelDrops: number };

/** @param answers of real servers on the same link since it is counted */
export function account(target: Target, now: UplinkFacts, answers: number): Account {
  const queueFull = now.ignored["queue-full"] ?? 0;
  const kernelDrops = target.kernelDrops();
  return { due: target.sent.total - target.sent.filtered + answers, told: now.received + queueFull + kernelDrops, queueFull, kernelDrops };
}

/**
 * Every frame is accounted for, as soon as the program has read them all.
 * @param answers asked each time: a real server may speak meanwhile
 */
export async function accounted(
  world: UplinkWorld,
  program: ChildProcess,
  target: Target,
  answers: () => number,
  patienceSeconds = SETTLED_SECONDS,
): Promise<Facts> {
  const end = performance.now() + patienceSeconds * 1000;
  for (;;) {
    const [early, shown, late] = [answers(), facts(world, program), answers()];
    const found = account(target, factsOf(shown, target.name), late);
    if (early === late && found.due === found.told) return shown;
    if (performance.now() > end)
      throw new Error(`${target.name}: ${found.due} frames came, ${found.told} are told of: ${JSON.stringify({ ...found, ...shown })}`);
    await delay(200);
    await target.flood("hopeless", 1, nudges, { follow: false }); // what went unread is told of with the next frame that is read
  }
}

function isBusy(pid: number): boolean {
  return !/^\d+ \(.*\) S/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

function indexOf(world: UplinkWorld, namespace: string, name: string): number {
  const [link] = JSON.parse(world.ip(namespace, "-j", "link", "show", "dev", name)) as readonly { readonly ifindex: number }[];
  return link?.ifindex ?? assert.fail(`there is no ${name}`);
}

function messageIn(frame: Uint8Array): readonly Dhcp4Message[] {
  try {
    const { destinationPort, payload } = decodeUdpFrame(frame, { checksum: "offloaded" });
    return destinationPort === 67 ? [decodeDhcp4(payload)] : [];
  } catch (error) {
    if (error instanceof WireError) return [];
    throw error;
  }
}
