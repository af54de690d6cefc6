/**
 * UDP sockets of an RPC service, opened and bound by main: calls come in by the batch, and answers go out by the batch, to where the calls
 * came from and from the address they were sent to. Through the frontend a lookup took four times as long.
 */
import { Reader } from "../base/cursor.ts";
import { KernelError } from "../base/errors.ts";
import { type Ipv6Address, ipv6Address, UNSPECIFIED_V6 } from "../base/ipv6.ts";
import { LIMITS } from "../base/limits.ts";
import { SOCKADDR_BYTES } from "./inet6-sockets.ts";
import {
  type Batch,
  BATCH_ADDRESS_BYTES,
  BATCH_META_BYTES,
  type BatchLayout,
  batchLayout,
  checkPoll,
  ERRNO,
  native,
  type PollHandle,
} from "./native.ts";

/** One that was cut fills its slot, and is longer than any that is read. */
const ARRIVING = { slots: LIMITS.channelBatch, dataSize: LIMITS.rpcRequestBytes + 8, controlSize: 64 } as const;
/** What does not fit is sent alone. */
const LEAVING = { slots: LIMITS.channelBatch, dataSize: 1024, controlSize: 64 } as const;
const ALONE = { slots: 1, dataSize: LIMITS.rpcReplyDatagramBytes, controlSize: 64 } as const;
const BATCHES_PER_WAKE = 4;
/** struct sockaddr_in6: port and address. */
const SOCKADDR = { port: 2, address: 8, addressBytes: 16 } as const;
/** In a control message with struct in6_pktinfo: the interface, which the kernel is to find by itself. */
const INTERFACE = { at: 32, bytes: 4 } as const;

/** `payload` is a view that holds during the call. */
export type Call = { readonly from: Ipv6Address; readonly port: number; readonly payload: Uint8Array };
type Open = { readonly fd: number; readonly poll: PollHandle };

export class CallSockets<Purpose> {
  readonly #answer: (purpose: Purpose, call: Call) => Uint8Array | undefined;
  readonly #open = new Map<number, Open>();
  #arriving: Arena | undefined;
  #leaving: Arena | undefined;
  #alone: Arena | undefined;
  /** Who asked last, which is who asks next. */
  readonly #lastAddress = new Uint8Array(SOCKADDR.addressBytes);
  #lastFrom = UNSPECIFIED_V6;

  /** @param answer undefined for silence */
  constructor(answer: (purpose: Purpose, call: Call) => Uint8Array | undefined) {
    this.#answer = answer;
  }

  /** @param fd owned from here on */
  open({ number, purpose }: { readonly number: number; readonly purpose: Purpose }, fd: number): void {
    this.#open.set(number, { fd, poll: checkPoll(native().pollNew(fd, () => this.#readable(number, purpose))) });
  }

  close(number: number): void {
    const known = this.#open.get(number);
    if (known === undefined) return;
    this.#open.delete(number);
    native().pollClose(known.poll);
    native().close(known.fd);
  }

  #readable(number: number, purpose: Purpose): void {
    this.#arriving ??= new Arena(ARRIVING);
    const arriving = this.#arriving;
    const fd = this.#open.get(number)?.fd;
    for (let i = 0; i < BATCHES_PER_WAKE && fd !== undefined; i++) {
      const count = native().recvBatch(fd, arriving.batch.handle, ARRIVING.slots, 0);
      if (count === -ERRNO.EBADF || count === -ERRNO.EINVAL) throw new KernelError("recvmmsg", -count);
      if (count < 0) return; // nothing more, or an ICMP error about what we sent: whoever asked asks again
      this.#answerAll(purpose, fd, { arriving, count });
      if (count < ARRIVING.slots) return;
    }
  }

  #answerAll(purpose: Purpose, fd: number, { arriving, count }: { readonly arriving: Arena; readonly count: number }): void {
    this.#leaving ??= new Arena(LEAVING);
    const leaving = this.#leaving;
    let waiting = 0;
    for (let slot = 0; slot < count; slot++) {
      const payload = arriving.data(slot, arriving.meta(slot, 0));
      const answer = this.#answer(purpose, { from: this.#fromOf(arriving, slot), port: arriving.port(slot), payload });
      if (answer === undefined) continue;
      if (answer.length <= LEAVING.dataSize) leaving.reply(waiting++, answer, arriving, slot);
      else if (answer.length <= ALONE.dataSize) {
        this.#alone ??= new Arena(ALONE);
        this.#alone.reply(0, answer, arriving, slot);
        native().sendBatch(fd, this.#alone.batch.handle, 0, 1);
      }
    }
    // One that cannot be sent does not keep back those behind it: strangers choose destinations.
    for (let at = 0; at < waiting; ) at += Math.max(1, native().sendBatch(fd, leaving.batch.handle, at, waiting));
  }

  #fromOf(arena: Arena, slot: number): Ipv6Address {
    const address = arena.address(slot);
    let isSame = true;
    for (let i = 0; isSame && i < SOCKADDR.addressBytes; i++) isSame = arena.bytes[address + SOCKADDR.address + i] === this.#lastAddress[i];
    if (isSame) return this.#lastFrom;
    this.#lastAddress.set(arena.bytes.subarray(address + SOCKADDR.address, address + SOCKADDR.address + SOCKADDR.addressBytes));
    this.#lastFrom = ipv6Address.decode(new Reader(this.#lastAddress));
    return this.#lastFrom;
  }
}

class Arena {
  readonly batch: Batch;
  readonly bytes: Uint8Array;
  readonly #shape: { readonly slots: number; readonly dataSize: number; readonly controlSize: number };
  readonly #layout: BatchLayout;
  readonly #metas: Uint32Array;

  constructor(shape: { readonly slots: number; readonly dataSize: number; readonly controlSize: number }) {
    this.#shape = shape;
    this.#layout = batchLayout(shape);
    this.batch = native().batchNew(shape.slots, shape.dataSize, shape.controlSize);
    this.bytes = new Uint8Array(this.batch.arena);
    this.#metas = new Uint32Array(this.batch.arena, this.#layout.metas, (shape.slots * BATCH_META_BYTES) / 4);
  }

  /** Length, that of the address, that of the control messages, flags. */
  meta(slot: number, which: 0 | 1 | 2 | 3): number {
    return this.#metas[4 * slot + which] ?? 0;
  }

  data(slot: number, length: number): Uint8Array {
    const at = this.#layout.data + slot * this.#shape.dataSize;
    return this.bytes.subarray(at, at + Math.min(length, this.#shape.dataSize));
  }

  address(slot: number): number {
    return this.#layout.addresses + slot * BATCH_ADDRESS_BYTES;
  }

  port(slot: number): number {
    const at = this.address(slot) + SOCKADDR.port;
    return ((this.bytes[at] ?? 0) << 8) | (this.bytes[at + 1] ?? 0);
  }

  /** Puts an answer to the call in `slot` of another arena into a slot of this one. */
  reply(into: number, answer: Uint8Array, arrived: Arena, slot: number): void {
    this.bytes.set(answer, this.#layout.data + into * this.#shape.dataSize);
    const address = arrived.address(slot);
    this.bytes.set(arrived.bytes.subarray(address, address + SOCKADDR_BYTES), this.address(into));
    const controlBytes = arrived.meta(slot, 2);
    const control = this.#control(into);
    this.bytes.set(arrived.bytes.subarray(arrived.#control(slot), arrived.#control(slot) + controlBytes), control);
    if (controlBytes >= INTERFACE.at + INTERFACE.bytes) this.bytes.fill(0, control + INTERFACE.at, control + INTERFACE.at + INTERFACE.bytes);
    this.#metas[4 * into] = answer.length;
    this.#metas[4 * into + 1] = SOCKADDR_BYTES;
    this.#metas[4 * into + 2] = controlBytes;
    this.#metas[4 * into + 3] = 0;
  }

  #control(slot: number): number {
    return this.#layout.controls + slot * this.#shape.controlSize;
  }
}
