/**
 * A running program under datagrams that are no server's answers, and an account of every one. The kernel judges sums and ports; all that is
 * sent here reaches the sockets on port 546, and what does not fit there the kernel counts. The rest must stand in `show --json`:
 *
 *   sent + answers of real servers = dropped by the kernel + received
 *   received = ignored by reason + accepted
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { type Duid, parseDuid } from "../../src/base/duid.ts";
import { WireError } from "../../src/base/errors.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../src/base/ipv6.ts";
import { Chance } from "../../src/sim/chance.ts";
import { iaPd, iaPrefix } from "../../src/wire/dhcp6/leases.ts";
import { decodeDhcp6, dhcp6, type Dhcp6ClientMessage, encodeDhcp6, isRelayMessage } from "../../src/wire/dhcp6/message.ts";
import { dhcp6Samples } from "../fuzz/decoders.ts";
import { mutated } from "../fuzz/mutate.ts";
import { repairedDhcp6 } from "../fuzz/repair.ts";
import { decodeIpv6Frame, decodeUdp6 } from "../wire/dhcp6/frame.ts";
import { droppedAt, Stranger } from "./flood.ts";
import { linkLocal } from "./link6.ts";
import { total } from "./mutated-flood.ts";
import type { Namespace } from "./namespace.ts";
import type { World6 } from "./uplink6-world.ts";
import { WireTap } from "./wire-tap.ts";

const CLIENT_PORT = 546;
const BURST = 64;
const PAUSE_MS = 1;
/** Of a socket's buffer, before the sender waits. */
const QUEUE_MOST_BYTES = 60_000;
/** What a link of the usual size carries behind the headers. */
const PAYLOAD_MOST_BYTES = 1452;
const SETTLED_SECONDS = 20;
const SERVER_DUID = parseDuid("00:03:00:01:02:00:5e:10:06:bd") as Duid;
const LIFETIMES = { preferredSeconds: 600, validSeconds: 900 };
const [ADVERTISE, REPLY, RECONFIGURE] = [2, 7, 10];
const nudges = new Chance(0x6e75);

/** accident: as it came out; repaired: whole again outside; hopeless: the same, of an IA nobody asked for. */
export type Kind6 = "accident" | "repaired" | "hopeless";
export type Uplink6Facts = {
  readonly interface: string;
  readonly state: string;
  readonly received: number;
  readonly accepted: number;
  readonly sent: Readonly<Record<string, number>>;
  readonly ignored: Readonly<Record<string, number>>;
};
export type Facts6 = { readonly pids: Readonly<Record<string, number>>; readonly uplinks: Readonly<Record<string, Uplink6Facts>> };

/** Where datagrams go: an uplink's socket, from the other end of its wire. */
export class Target6 {
  readonly name: string;
  readonly #stranger: Stranger;
  readonly #tap: WireTap;
  readonly #fd: number;
  readonly #to: Ipv6Address;
  readonly #duid: Duid;
  #transactionId = 0;
  #server: Duid | undefined;
  #sent = 0;
  /** Processes that have read all of a burst when they sleep. */
  readers: readonly number[] = [];
  readonly #pid: () => number;

  private constructor(name: string, made: { stranger: Stranger; tap: WireTap; to: Ipv6Address; duid: Duid; pid: () => number }) {
    this.name = name;
    this.#stranger = made.stranger;
    this.#tap = made.tap;
    this.#fd = made.stranger.udp();
    this.#to = made.to;
    this.#duid = made.duid;
    this.#pid = made.pid;
  }

  /** @param far where the stranger speaks, and `port` where our frames come in at the other end of the wire */
  static async at(
    world: World6,
    name: string,
    { far, port, duid }: { readonly far: string; readonly port: string; readonly duid: string },
  ): Promise<Target6> {
    const to = (await linkLocal(world.client, name)) as Ipv6Address;
    const tap = new WireTap(world.server.name, await indexOf(world.server, port), { hears: true });
    const stranger = new Stranger(world.server, far);
    return new Target6(name, { stranger, tap, to, duid: parseDuid(duid.replace(/..(?!$)/g, "$&:")) as Duid, pid: () => world.ours.program.pid });
  }

  get sent(): number {
    return this.#sent;
  }
  get transactionId(): number {
    return this.#transactionId;
  }

  /** Reads what the client said: its transaction, and whom it named. */
  listen(): readonly Dhcp6ClientMessage[] {
    const messages = this.#tap.heard().flatMap(messageIn);
    for (const { transactionId, options } of messages) {
      this.#transactionId = transactionId;
      this.#server = options.serverId;
    }
    return messages;
  }

  /** @param follow keeps to the transaction that is open now */
  async flood(kind: Kind6, count: number, chance: Chance, { follow }: { readonly follow: boolean }): Promise<void> {
    for (let left = count; left > 0; left -= BURST) {
      if (follow) this.listen();
      await this.give(Array.from({ length: Math.min(BURST, left) }, () => this.#made(kind, chance)));
      await delay(PAUSE_MS);
      while (waitingAt(this.#pid(), CLIENT_PORT) > QUEUE_MOST_BYTES || this.readers.some(isBusy)) await delay(PAUSE_MS);
    }
  }

  /** As they are. */
  async give(payloads: readonly Uint8Array[]): Promise<void> {
    const aim = { to: this.#to, port: CLIENT_PORT };
    const taken = await this.#stranger.flood(this.#fd, payloads.length, (i) => ({ aim, bytes: payloads[i] ?? new Uint8Array(0) }));
    assert.equal(taken, payloads.length, "the kernel took less than it was given");
    this.#sent += taken;
  }

  /** Tells of so many more than there were: a control. */
  miscount(by: number): void {
    this.#sent += by;
  }

  /** An answer that a client must believe, but for what is said otherwise. */
  answer(kind: "advertise" | "reply", { options, iaid = 1, transactionId = this.#transactionId }: Answer6 = {}): Uint8Array {
    const leased = iaPd({ iaid, iaPrefix: [iaPrefix("2001:db8:7700::/56" as Ipv6Prefix, LIFETIMES)] });
    return encodeDhcp6(
      dhcp6({ kind, transactionId, options: { clientId: this.#duid, serverId: this.#server ?? SERVER_DUID, iaPd: [leased], ...options } }),
    );
  }

  close(): void {
    this.#stranger.close();
    this.#tap.close();
  }

  #made(kind: Kind6, chance: Chance): Uint8Array {
    const changed = mutated(SAMPLES, chance).subarray(0, PAYLOAD_MOST_BYTES - 2 * MOST_DUID_BYTES);
    if (kind === "accident") return changed.slice();
    const whole = repairedDhcp6(changed, {
      type: chance.perMille(850) ? chance.pick([ADVERTISE, ADVERTISE, REPLY, REPLY, RECONFIGURE]) : (changed[0] ?? 0),
      transactionId: this.#transactionId,
      clientId: this.#duid,
      serverId: () => this.#server ?? SERVER_DUID,
    });
    return kind === "hopeless" ? withoutLeases(whole) : whole;
  }
}

export type Answer6 = { readonly options?: Dhcp6ClientMessage["options"]; readonly iaid?: number; readonly transactionId?: number };

const MOST_DUID_BYTES = 134;
/** Every sample of the fuzzers, and answers to what is asked. */
const SAMPLES: readonly Uint8Array[] = [
  ...dhcp6Samples(),
  ...(["advertise", "reply"] as const).flatMap((kind) =>
    [56, 63, 64].map((length) => {
      const leased = iaPrefix(`2001:db8:7700::/${length}` as Ipv6Prefix, LIFETIMES);
      return encodeDhcp6(dhcp6({ kind, transactionId: 1, options: { serverId: SERVER_DUID, iaPd: [iaPd({ iaid: 1, iaPrefix: [leased] })] } }));
    }),
  ),
];

/** Every IA is one that nobody asked for: its number is high. */
function withoutLeases(message: Uint8Array): Uint8Array {
  const out = message.slice();
  const view = new DataView(out.buffer);
  for (let at = 4; at + 8 <= out.length; at += 4 + view.getUint16(at + 2)) if ([3, 25].includes(view.getUint16(at))) out[at + 4] = 0xee;
  return out;
}

/** What `show --json` tells. */
export async function facts6(world: World6): Promise<Facts6> {
  const shown = await world.ours.show();
  const roles = shown.main.roles.filter(({ name }) => name !== "control"); // comes and goes as it is asked
  const { uplinks } = shown["uplink6"] as { readonly uplinks: readonly Uplink6Facts[] };
  return {
    pids: { main: shown.main.pid, ...Object.fromEntries(roles.map(({ name, pid }) => [name, pid])) },
    uplinks: Object.fromEntries(uplinks.map((one) => [one.interface, one])),
  };
}

export function factsOf6(all: Facts6, name: string): Uplink6Facts {
  return all.uplinks[name] ?? assert.fail(`nothing is told of ${name}`);
}

/**
 * Every datagram is accounted for, as soon as the program has read them all.
 * @param answers of real servers, asked each time: they may speak meanwhile
 */
export async function accounted6(
  world: World6,
  targets: readonly Target6[],
  answers: () => number,
  patienceSeconds = SETTLED_SECONDS,
): Promise<Facts6> {
  const end = performance.now() + patienceSeconds * 1000;
  for (;;) {
    const [early, shown, late] = [answers(), await facts6(world), answers()];
    const uplinks = Object.values(shown.uplinks);
    for (const one of uplinks) assert.equal(one.received, one.accepted + total(one.ignored), `${one.interface}: ignored for a reason, or accepted`);
    const drops = droppedAt(world.ours.program.pid, CLIENT_PORT);
    const due = targets.reduce((sum, { sent }) => sum + sent, 0) + late;
    const told = uplinks.reduce((sum, { received }) => sum + received, drops);
    if (early === late && due === told) return shown;
    if (performance.now() > end)
      throw new Error(`${due} datagrams came, ${told} are told of, ${drops} of them dropped by the kernel: ${JSON.stringify(shown)}`);
    await delay(200);
    for (const target of targets) await target.flood("hopeless", 1, nudges, { follow: false }); // what went unread is told of with the next that is read
  }
}

/** Bytes that wait at sockets on this UDP port of a namespace. */
function waitingAt(pid: number, port: number): number {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const rows = readFileSync(`/proc/${pid}/net/udp6`, "utf8").trim().split("\n").slice(1);
  const ours = rows.map((row) => row.trim().split(/\s+/)).filter(([, local]) => local?.endsWith(wanted));
  return Math.max(0, ...ours.map(([, , , , queues]) => Number.parseInt(queues?.split(":")[1] ?? "0", 16)));
}

function isBusy(pid: number): boolean {
  return !/^\d+ \(.*\) S/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

async function indexOf(ns: Namespace, name: string): Promise<number> {
  const [link] = (await ns.json("ip", "-j", "link", "show", "dev", name)) as readonly { readonly ifindex: number }[];
  return link?.ifindex ?? assert.fail(`there is no ${name}`);
}

function messageIn(frame: Uint8Array): readonly Dhcp6ClientMessage[] {
  try {
    const { destinationPort, payload } = decodeUdp6(decodeIpv6Frame(frame), { checksum: "offloaded" });
    const message = destinationPort === 547 ? decodeDhcp6(payload) : undefined;
    return message === undefined || isRelayMessage(message) ? [] : [message];
  } catch (error) {
    if (error instanceof WireError) return [];
    throw error;
  }
}
