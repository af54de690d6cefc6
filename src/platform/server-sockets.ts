/** The DHCPv6 server's own sockets, one a link: datagrams come in by the batch, without a copy, and answers go out by the batch. */
import { KernelError } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import type { ArrivedRows, DatagramRows } from "../ports/datagrams.ts";
import { IPV6_CONTROL } from "./inet6-sockets.ts";
import {
  AF,
  type Batch,
  BATCH_ADDRESS_BYTES,
  BATCH_META_BYTES,
  type BatchLayout,
  batchLayout,
  checkPoll,
  ERRNO,
  native,
  type PollHandle,
  SOL,
} from "./native.ts";

/** The stride is no power of two, so that slots do not share cache sets. */
export const ARRIVALS = { slots: 128, stride: LIMITS.datagramBytes + 64 } as const;
const SHAPE = { slots: ARRIVALS.slots, dataSize: ARRIVALS.stride, controlSize: 64 } as const;
const BATCHES_PER_WAKE = 8;
const CMSG_HEADER_BYTES = 16;
const MULTICAST = 0xff;
const SOCKADDR = { port: 2, address: 8, scope: 24, bytes: 28 } as const;
const HOST = new Uint8Array(new Uint16Array([AF.inet6]).buffer);

type Socket = { readonly fd: number; readonly poll: PollHandle };

export class ServerSockets {
  readonly #batch: Batch;
  readonly #layout: BatchLayout;
  readonly #meta: DataView;
  readonly #control: DataView;
  readonly #arena: Uint8Array;
  readonly #sockets = new Map<number, Socket>();
  #paused = false;
  readonly #onArrivals: (link: number, count: number) => void;
  /** All datagrams of one read; overwritten by the next. */
  readonly rows: ArrivedRows;

  /** @param onArrivals `rows` hold what came in on the link */
  constructor(onArrivals: (link: number, count: number) => void) {
    this.#onArrivals = onArrivals;
    this.#batch = native().batchNew(SHAPE.slots, SHAPE.dataSize, SHAPE.controlSize);
    this.#layout = batchLayout(SHAPE);
    this.#arena = new Uint8Array(this.#batch.arena);
    this.#meta = new DataView(this.#batch.arena, this.#layout.metas);
    this.#control = new DataView(this.#batch.arena, this.#layout.controls);
    this.rows = arrivedRows(this.#arena.subarray(this.#layout.data, this.#layout.addresses));
  }

  /** @param fd owned from here on; takes the place of the link's socket before */
  open(link: number, fd: number): void {
    this.close(link);
    const poll = checkPoll(native().pollNew(fd, () => this.#readable(link, fd)));
    if (this.#paused) native().pollSet(poll, 0);
    this.#sockets.set(link, { fd, poll });
  }

  close(link: number): void {
    const known = this.#sockets.get(link);
    if (known === undefined) return;
    native().pollClose(known.poll);
    native().close(known.fd);
    this.#sockets.delete(link);
  }

  get links(): readonly number[] {
    return [...this.#sockets.keys()];
  }

  descriptor(link: number): number | undefined {
    return this.#sockets.get(link)?.fd;
  }

  /** Nothing is read while a full disk queue is written; the kernel's buffer holds what comes meanwhile. */
  pause(paused: boolean): void {
    this.#paused = paused;
    for (const { poll } of this.#sockets.values()) native().pollSet(poll, paused ? 0 : 1);
  }

  #readable(link: number, fd: number): void {
    for (let i = 0; i < BATCHES_PER_WAKE && !this.#paused && this.#sockets.get(link)?.fd === fd; i++) {
      const count = native().recvBatch(fd, this.#batch.handle, SHAPE.slots, 0);
      if (count === -ERRNO.EAGAIN || count === -ERRNO.ENETDOWN) return;
      if (count < 0) {
        if (count === -ERRNO.EBADF || count === -ERRNO.EINVAL) throw new KernelError("recvmmsg", -count);
        continue; // an ICMP error about what we sent: fetched, and no end
      }
      this.#onArrivals(link, this.#fill(link, count));
      if (count < SHAPE.slots) return;
    }
  }

  #fill(link: number, count: number): number {
    const { rows } = this;
    for (let slot = 0; slot < count; slot++) {
      const meta = slot * BATCH_META_BYTES;
      const address = this.#layout.addresses + slot * BATCH_ADDRESS_BYTES;
      rows.offsets[slot] = slot * SHAPE.dataSize; // one that was cut fills its slot, and is longer than any that is read
      rows.lengths[slot] = this.#meta.getUint32(meta, LITTLE);
      rows.links[slot] = link;
      rows.ports[slot] = ((this.#arena[address + SOCKADDR.port] ?? 0) << 8) | (this.#arena[address + SOCKADDR.port + 1] ?? 0);
      for (let i = 0; i < 16; i++) rows.addresses[16 * slot + i] = this.#arena[address + SOCKADDR.address + i] ?? 0;
      rows.multicast[slot] = this.#toGroup(slot, this.#meta.getUint32(meta + 8, LITTLE), rows.destinations, 16 * slot);
    }
    rows.count = count;
    return count;
  }

  /** IPV6_PKTINFO is the only control message asked for, so it is the first. */
  #toGroup(slot: number, controlBytes: number, destinations: Uint8Array, at: number): 0 | 1 {
    const from = slot * SHAPE.controlSize;
    const told = controlBytes >= CMSG_HEADER_BYTES + 20 && this.#control.getUint32(from + 8, LITTLE) === SOL.ipv6;
    if (!told || this.#control.getUint32(from + 12, LITTLE) !== IPV6_CONTROL.packetInfo) return 0;
    for (let i = 0; i < 16; i++) destinations[at + i] = this.#control.getUint8(from + CMSG_HEADER_BYTES + i);
    return destinations[at] === MULTICAST ? 1 : 0;
  }
}

const LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function arrivedRows(bytes: Uint8Array): ArrivedRows {
  return {
    count: 0,
    bytes,
    offsets: new Int32Array(ARRIVALS.slots),
    lengths: new Int32Array(ARRIVALS.slots),
    links: new Int32Array(ARRIVALS.slots),
    ports: new Uint16Array(ARRIVALS.slots),
    addresses: new Uint8Array(16 * ARRIVALS.slots),
    multicast: new Uint8Array(ARRIVALS.slots),
    destinations: new Uint8Array(16 * ARRIVALS.slots),
  };
}

const OUT = { slots: 256, dataSize: 2048, controlSize: 0 } as const;
type Large = { readonly link: number; readonly address: Uint8Array; readonly bytes: Uint8Array };

/** Answers that wait for their turn: copied in, sent all at once. */
export class Outbox {
  readonly #batch = native().batchNew(OUT.slots, OUT.dataSize, OUT.controlSize);
  readonly #layout = batchLayout(OUT);
  readonly #arena = new Uint8Array(this.#batch.arena);
  readonly #meta = new Uint32Array(this.#batch.arena, this.#layout.metas, OUT.slots * 4);
  readonly #links = new Int32Array(OUT.slots);
  /** Longer than a slot: relayed answers with many options. */
  #large: Large[] = [];
  #count = 0;

  get isFull(): boolean {
    return this.#count === OUT.slots;
  }
  get isEmpty(): boolean {
    return this.#count === 0 && this.#large.length === 0;
  }

  add(from: DatagramRows, row: number): void {
    const [offset = 0, length = 0, link = 0] = [from.offsets[row], from.lengths[row], from.links[row]];
    if (length > OUT.dataSize) {
      const address = new Uint8Array(SOCKADDR.bytes);
      writeAddress(address, 0, from, row, link);
      this.#large.push({ link, address, bytes: from.bytes.slice(offset, offset + length) });
      return;
    }
    const slot = this.#count++;
    this.#arena.set(from.bytes.subarray(offset, offset + length), this.#layout.data + slot * OUT.dataSize);
    writeAddress(this.#arena, this.#layout.addresses + slot * BATCH_ADDRESS_BYTES, from, row, link);
    this.#meta[slot * 4] = length;
    this.#meta[slot * 4 + 1] = SOCKADDR.bytes;
    this.#meta[slot * 4 + 2] = 0;
    this.#links[slot] = link;
  }

  /** What the kernel does not take now is gone: whoever asked asks again. @returns how many went */
  send(sockets: Pick<ServerSockets, "descriptor">): number {
    let sent = 0;
    for (let from = 0; from < this.#count; ) {
      const link = this.#links[from] ?? 0;
      let to = from + 1;
      while (to < this.#count && this.#links[to] === link) to++;
      sent += sendRun(sockets.descriptor(link), this.#batch, from, to);
      from = to;
    }
    for (const { link, address, bytes } of this.#large) {
      const fd = sockets.descriptor(link);
      if (fd !== undefined && native().sendTo(fd, bytes, address, 0) >= 0) sent++;
    }
    this.#count = 0;
    this.#large = [];
    return sent;
  }
}

/** One that cannot be sent (no way there, a full queue) does not keep back those behind it. */
function sendRun(fd: number | undefined, { handle }: Batch, from: number, to: number): number {
  let sent = 0;
  for (let at = from; fd !== undefined && at < to; ) {
    const count = native().sendBatch(fd, handle, at, to);
    sent += Math.max(0, count);
    at += Math.max(1, count);
  }
  return sent;
}

/** struct sockaddr_in6 */
function writeAddress(into: Uint8Array, at: number, from: DatagramRows, row: number, link: number): void {
  const port = from.ports[row] ?? 0;
  into.fill(0, at, at + SOCKADDR.bytes);
  into[at] = HOST[0] ?? 0;
  into[at + 1] = HOST[1] ?? 0;
  into[at + SOCKADDR.port] = port >>> 8;
  into[at + SOCKADDR.port + 1] = port & 0xff;
  for (let i = 0; i < 16; i++) into[at + SOCKADDR.address + i] = from.addresses[16 * row + i] ?? 0;
  const linkLocal = from.addresses[16 * row] === 0xfe && ((from.addresses[16 * row + 1] ?? 0) & 0xc0) === 0x80;
  if (linkLocal || from.addresses[16 * row] === MULTICAST)
    for (let i = 0; i < 4; i++) into[at + SOCKADDR.scope + i] = (link >>> (LITTLE ? 8 * i : 24 - 8 * i)) & 0xff;
}
