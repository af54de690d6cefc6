/**
 * What comes in and what goes out at once: datagrams in one arena each, and rows of numbers beside it that say where each one
 * starts. A role fills the one from recvmmsg and hands the other to sendmmsg; a test does both by hand.
 */
import { LIMITS } from "../../../base/limits.ts";
import { BARE_IMAGE_BYTES, IMAGE_BYTES, writeImage, writeRemoval } from "../../leases/images.ts";
import type { LeaseTable } from "../../leases/table.ts";
import { OPTION } from "./codes.ts";
import { Happenings } from "./happenings.ts";
import { copyOctets, putU16, putU32 } from "./octets.ts";
import { RouteChanges } from "./route-changes.ts";

/** Octets that the answer to one datagram may take: its own again, and what LIMITS lets us add. */
export const REPLY_BYTES_MAX = 49_152;

/** Octets of images that one message may need: each lease with its note, and for each one more that goes. */
const MESSAGE_IMAGE_BYTES = LIMITS.leasesPerMessage * (IMAGE_BYTES + BARE_IMAGE_BYTES);

export type BatchShape = { readonly slots: number; readonly arenaBytes: number };
/** Of the batch in which a service takes answers. */
export const REPLY_SHAPE: BatchShape = { slots: 256, arenaBytes: 1024 * 1024 };

/** Rows: where a datagram stands, on which link it travels, and who is at the other end. */
class DatagramRows {
  readonly slots: number;
  readonly bytes: Uint8Array;
  readonly offsets: Int32Array;
  readonly lengths: Int32Array;
  /** The kernel's index of the interface. */
  readonly links: Int32Array;
  readonly ports: Uint16Array;
  /** Sixteen octets a row: where it came from, or goes. */
  readonly addresses: Uint8Array;
  count = 0;

  constructor({ slots, arenaBytes }: BatchShape) {
    this.slots = slots;
    this.bytes = new Uint8Array(arenaBytes);
    this.offsets = new Int32Array(slots);
    this.lengths = new Int32Array(slots);
    this.links = new Int32Array(slots);
    this.ports = new Uint16Array(slots);
    this.addresses = new Uint8Array(16 * slots);
  }
}

/** Datagrams as they came in. */
export class PacketBatch extends DatagramRows {
  /** 1: sent to a group, All_DHCP_Relay_Agents_and_Servers or All_DHCP_Servers; 0: to an address of ours. */
  readonly multicast: Uint8Array;
  #end = 0;

  constructor(shape: BatchShape) {
    super(shape);
    this.multicast = new Uint8Array(shape.slots);
  }

  clear(): void {
    this.count = 0;
    this.#end = 0;
  }

  /** Puts one in by copying it. @returns false when there is no room */
  add(
    payload: Uint8Array,
    from: { readonly link: number; readonly address: Uint8Array; readonly port: number; readonly multicast: boolean },
  ): boolean {
    const row = this.count;
    if (row === this.slots || payload.length > this.bytes.length - this.#end) return false;
    this.bytes.set(payload, this.#end);
    this.offsets[row] = this.#end;
    this.lengths[row] = payload.length;
    this.links[row] = from.link;
    this.ports[row] = from.port;
    this.addresses.set(from.address, 16 * row);
    this.multicast[row] = from.multicast ? 1 : 0;
    this.#end += payload.length;
    this.count++;
    return true;
  }
}

/** Answers, and what has to be durable before those that are held may leave. */
export class ReplyBatch extends DatagramRows {
  /** 1: the answer promises something and waits until everything in `journal` is durable. */
  readonly held: Uint8Array;
  /** Images of leases, one behind the other, in the order of the changes. */
  readonly journal: Uint8Array;
  journalEnd = 0;
  images = 0;
  readonly routes: RouteChanges;
  readonly happened: Happenings = new Happenings();
  /** Octets of `bytes` that are written. */
  end = 0;
  #start = 0;
  readonly #address = new Uint8Array(16);

  constructor(shape: BatchShape) {
    super(shape);
    this.held = new Uint8Array(shape.slots);
    this.journal = new Uint8Array(BARE_IMAGE_BYTES * shape.slots + MESSAGE_IMAGE_BYTES);
    this.routes = new RouteChanges(2 * shape.slots + LIMITS.leasesPerMessage);
  }

  clear(): void {
    this.count = 0;
    this.images = 0;
    this.journalEnd = 0;
    this.end = 0;
    this.routes.count = 0;
    this.happened.clear();
  }

  /** Whether the longest answer and the most changes of one message still fit. */
  get hasRoom(): boolean {
    return (
      this.count < this.slots &&
      this.bytes.length - this.end >= REPLY_BYTES_MAX &&
      this.journal.length - this.journalEnd >= MESSAGE_IMAGE_BYTES &&
      this.routes.room >= LIMITS.leasesPerMessage
    );
  }

  /** Begins an answer; without `finish` it is as if it had never been written. */
  begin(): void {
    this.#start = this.end;
  }

  abandon(): void {
    this.end = this.#start;
  }

  finish(to: { readonly link: number; readonly port: number; readonly held: boolean }, address: Uint8Array, addressAt: number): void {
    const row = this.count++;
    this.offsets[row] = this.#start;
    this.lengths[row] = this.end - this.#start;
    this.links[row] = to.link;
    this.ports[row] = to.port;
    this.held[row] = to.held ? 1 : 0;
    copyOctets(address, addressAt, this.addresses, 16 * row, 16);
  }

  /** The lease as it is now, for the journal. */
  image(table: LeaseTable, row: number): void {
    this.journalEnd += writeImage(table, row, this.journal, this.journalEnd);
    this.images++;
  }

  /** That the lease's address is free, for the journal. */
  removal(table: LeaseTable, row: number): void {
    this.journalEnd += writeRemoval(table, row, this.journal, this.journalEnd);
    this.images++;
  }

  /** A delegated prefix has ended: so has the route to it. */
  routeEnds(table: LeaseTable, row: number, link: number): void {
    if (table.type(row) !== OPTION.iaPd) return;
    table.copyAddress(row, this.#address, 0);
    this.routes.remove(link, this.#address, 0, table.prefixLength(row));
  }

  u8(value: number): void {
    this.bytes[this.end++] = value;
  }

  u16(value: number): void {
    putU16(this.bytes, this.end, value);
    this.end += 2;
  }

  u32(value: number): void {
    putU32(this.bytes, this.end, value);
    this.end += 4;
  }

  copy(from: Uint8Array, at: number, length: number): void {
    copyOctets(from, at, this.bytes, this.end, length);
    this.end += length;
  }

  /** Code and length of an option whose value follows. @returns what `endOption` needs when the length is not known yet */
  option(code: number, length: number): number {
    this.u16(code);
    this.u16(length);
    return this.end;
  }

  /** The value of the option is whole. */
  endOption(valueAt: number): void {
    putU16(this.bytes, valueAt - 2, this.end - valueAt);
  }
}
