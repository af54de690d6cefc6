/**
 * The DHCPv6 server under as many datagrams as time allows: made in place, in the arena it reads from, a batch at a time. Half of them
 * are whole but for an octet or two; the others are put together from options of all samples, or broken on purpose. Whoever asks is told
 * how many were answered, and which reasons for a refusal were never met.
 */
import assert from "node:assert/strict";
import { toHex } from "../../src/base/hex.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { PacketBatch, ReplyBatch } from "../../src/services/lan/dhcp6-server/batch.ts";
import { REFUSALS } from "../../src/services/lan/dhcp6-server/refusals.ts";
import { decodeDhcp6 } from "../../src/wire/dhcp6/message.ts";
import { unwrapDhcp6 } from "../../src/wire/dhcp6/relay.ts";
import { type Bed, client, LAN, NOW } from "../services/lan/dhcp6-server/support.ts";
import { ipv6Bytes } from "../../src/base/ipv6.ts";
import { Dice, Maker } from "./server-flood-maker.ts";

export type Flooded = {
  readonly datagrams: number;
  readonly answered: number;
  readonly seconds: number;
  readonly sent: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
  readonly told: Readonly<Record<string, number>>;
  /** Reasons that nothing was refused for. */
  readonly unmet: readonly string[];
  readonly leases: number;
};

const SLOTS = 128;
/** Every so many batches the clock goes on and a part of the table is swept; every so many answers one is read to its end. */
const SWEEP_BATCHES = 16;
const DISK_BATCHES = 64;
const READ_EACH = 257;
const TARDY_MS = 2000;
const LEASES_MOST = 20_000;
const NOBODY = [ipv6Bytes("::" as never), ipv6Bytes("ff02::1" as never)] as const;

/** @param tell is called with what has been done, every few seconds */
export function flood(bed: Bed, { runs, seed }: { readonly runs: number; readonly seed: number }, tell: (done: number) => void): Flooded {
  const dice = new Dice(seed);
  const maker = new Maker(dice);
  const packets = new PacketBatch({ slots: SLOTS, arenaBytes: SLOTS * (LIMITS.datagramBytes + 512) });
  const replies = new ReplyBatch({ slots: 2 * SLOTS, arenaBytes: 4 * 1024 * 1024 });
  const people = Array.from({ length: 64 }, (_, n) => ipv6Bytes(client(n + 1).address));
  const began = performance.now();
  let told = began;
  let read = 0;
  let seconds = NOW;
  const { server, table } = bed;
  const before = server.view().received;
  for (let done = 0, batch = 0; done < runs; done += packets.count, batch++) {
    fill(packets, Math.min(SLOTS, runs - done), { maker, dice, people });
    // Now and then the disk is full, or stuck, for a moment.
    server.diskIs(batch % DISK_BATCHES === 1 ? "full" : batch % DISK_BATCHES === 2 ? "stuck" : "open");
    const used = process.cpuUsage(); // not the time that passes: others may have the machine
    for (let next = 0; next < packets.count; ) {
      replies.clear();
      next = served(bed, packets, replies, next, seconds, before + done);
      read = looked(replies, read);
    }
    const tookMs = process.cpuUsage(used).user / 1000;
    assert.ok(tookMs < TARDY_MS, `${packets.count} datagrams took ${Math.round(tookMs)} ms`);
    const now = performance.now();
    if (batch % SWEEP_BATCHES === 0) {
      seconds += dice.below(300);
      replies.clear();
      server.sweep({ seconds }, 1024, replies);
      assert.ok(table.count <= LEASES_MOST, `${table.count} leases`);
    }
    if (now - told > 10_000) {
      told = now;
      tell(done);
    }
  }
  const { received, sent, refused, told: statuses } = server.view();
  const answered = sum(sent);
  assert.deepEqual([received - before, answered + sum(refused)], [runs, received], "each is answered or refused, once");
  const unmet = REFUSALS.filter((reason) => refused[reason] === undefined);
  return { datagrams: runs, answered, seconds: (performance.now() - began) / 1000, sent, refused, told: statuses, unmet, leases: table.count };
}

type Crowd = { readonly maker: Maker; readonly dice: Dice; readonly people: readonly Uint8Array[] };

/** Most are said as clients do: to the group, from an address of their own, on the link that is served. */
function fill(packets: PacketBatch, count: number, { maker, dice, people }: Crowd): void {
  let at = 0;
  for (let row = 0; row < count; row++) {
    const length = maker.make(packets.bytes, at);
    packets.offsets[row] = at;
    packets.lengths[row] = length;
    at += length;
    const odd = dice.below(400);
    packets.links[row] = odd === 0 ? LAN + 1 : LAN;
    packets.ports[row] = odd < 50 ? 547 : 546;
    packets.multicast[row] = odd < 10 ? 0 : 1;
    packets.addresses.set((odd === 1 ? NOBODY[0] : odd === 2 ? NOBODY[1] : people[dice.below(people.length)]) ?? NOBODY[0], 16 * row);
  }
  packets.count = count;
}

/** @throws Error that names the datagram, when one is not borne */
function served({ server }: Bed, packets: PacketBatch, replies: ReplyBatch, first: number, seconds: number, before: number): number {
  try {
    return server.serve(packets, { seconds }, replies, first);
  } catch (error) {
    const row = server.view().received - before - 1;
    const at = packets.offsets[row] ?? 0;
    throw new Error(`datagram ${toHex(packets.bytes.subarray(at, at + (packets.lengths[row] ?? 0)))}`, { cause: error });
  }
}

/** Every answer is as long as its options say, at every level; some are decoded. @returns how many were looked at */
function looked(replies: ReplyBatch, before: number): number {
  for (let row = 0; row < replies.count; row++) {
    const at = replies.offsets[row] ?? 0;
    const length = replies.lengths[row] ?? 0;
    if (length > LIMITS.datagramBytes * 4 || !isSound(replies.bytes, at, at + length))
      throw new Error(`an answer is not what it says: ${toHex(replies.bytes.subarray(at, at + length))}`);
    if ((before + row) % READ_EACH !== 0) continue;
    const { message } = unwrapDhcp6(replies.bytes.slice(at, at + length));
    assert.deepEqual(message.malformed, []);
    assert.ok(message.kind === "advertise" || message.kind === "reply");
    assert.ok(decodeDhcp6(replies.bytes.slice(at, at + length)));
  }
  return before + replies.count;
}

function isSound(bytes: Uint8Array, start: number, end: number): boolean {
  const type = bytes[start] ?? 0;
  if (type !== 2 && type !== 7 && type !== 13) return false;
  let at = start + (type === 13 ? 34 : 4);
  while (at < end) {
    if (end - at < 4) return false;
    const code = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    at += 4;
    if (length > end - at) return false;
    if (type === 13 && code === 9 && !isSound(bytes, at, at + length)) return false;
    at += length;
  }
  return at === end;
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
