/** A packet socket on a link of a named namespace: sends frames many at a time, and hears what is said there. */
import { closeSync, openSync, readFileSync } from "node:fs";
import { Writer } from "../../src/base/cursor.ts";
import {
  AF,
  type Batch,
  BATCH_META_BYTES,
  type BatchLayout,
  batchLayout,
  check,
  checkPoll,
  CLONE,
  ERRNO,
  native,
  type PollHandle,
  SO,
  SOCK,
  SOL,
} from "../../src/platform/native.ts";

const SHAPE = { slots: 64, dataSize: 16_384, controlSize: 0 } as const;
const ETHER_TYPE_ALL = 3;
const PACKET_IGNORE_OUTGOING = 23;
const HEARD_BUFFER_BYTES = 8 * 1024 * 1024;

/** Does something in a network namespace that `ip netns` knows. */
function within<T>(namespace: string, work: () => T): T {
  const home = openSync("/proc/thread-self/ns/net", "r");
  const there = openSync(`/run/netns/${namespace}`, "r");
  try {
    check(native().setns(there, CLONE.newnet), "setns");
    return work();
  } finally {
    check(native().setns(home, CLONE.newnet), "setns");
    closeSync(there);
    closeSync(home);
  }
}

export class WireTap {
  readonly #fd: number;
  readonly #batch: Batch = native().batchNew(SHAPE.slots, SHAPE.dataSize, SHAPE.controlSize);
  readonly #layout: BatchLayout = batchLayout(SHAPE);
  #poll: PollHandle | undefined;

  /** @param namespace undefined: where this process is. @param hears frames that arrive are kept until `heard` is called; else it only speaks */
  constructor(namespace: string | undefined, link: number, { hears }: { readonly hears: boolean }) {
    const open = (): number => check(native().socket(AF.packet, SOCK.raw, 0), "socket");
    this.#fd = namespace === undefined ? open() : within(namespace, open);
    check(native().setSockOpt(this.#fd, SOL.socket, SO.receiveBufferForce, int(HEARD_BUFFER_BYTES)), "setsockopt");
    check(native().setSockOpt(this.#fd, SOL.packet, PACKET_IGNORE_OUTGOING, int(1)), "setsockopt");
    check(native().bind(this.#fd, linkAddress(link, hears ? ETHER_TYPE_ALL : 0)), "bind");
  }

  /** @returns how many the kernel took: all, or it was not for lack of trying */
  send(frames: readonly Uint8Array[]): number {
    let taken = 0;
    for (let from = 0; from < frames.length; from += SHAPE.slots) taken += this.#sendSome(frames.slice(from, from + SHAPE.slots));
    return taken;
  }

  /** Calls for each frame as it comes. */
  each(hear: (frame: Uint8Array) => void): void {
    this.#poll = checkPoll(native().pollNew(this.#fd, () => this.heard().forEach(hear)));
  }

  /** What came since last asked; not what this host sends. */
  heard(): readonly Uint8Array[] {
    const frames: Uint8Array[] = [];
    for (;;) {
      const count = native().recvBatch(this.#fd, this.#batch.handle, SHAPE.slots, 0);
      if (count <= 0) {
        if (count === -ERRNO.ENETDOWN) continue; // told once
        return frames;
      }
      const meta = new DataView(this.#batch.arena, this.#layout.metas, count * BATCH_META_BYTES);
      for (let slot = 0; slot < count; slot++) {
        const length = meta.getUint32(slot * BATCH_META_BYTES, true);
        frames.push(new Uint8Array(this.#batch.arena, this.#layout.data + slot * SHAPE.dataSize, length).slice());
      }
    }
  }

  close(): void {
    if (this.#poll !== undefined) native().pollClose(this.#poll);
    native().close(this.#fd);
  }

  #sendSome(frames: readonly Uint8Array[]): number {
    const meta = new DataView(this.#batch.arena, this.#layout.metas, SHAPE.slots * BATCH_META_BYTES);
    frames.forEach((frame, slot) => {
      new Uint8Array(this.#batch.arena, this.#layout.data + slot * SHAPE.dataSize, SHAPE.dataSize).set(frame);
      [frame.length, 0, 0, 0].forEach((word, i) => {
        meta.setUint32(slot * BATCH_META_BYTES + 4 * i, word, true);
      });
    });
    let sent = 0;
    while (sent < frames.length) {
      const went = native().sendBatch(this.#fd, this.#batch.handle, sent, frames.length);
      if (went === -ERRNO.EAGAIN || went === -ERRNO.ENOBUFS) continue;
      if (went <= 0) return sent;
      sent += went;
    }
    return sent;
  }
}

/** Bytes that wait in packet sockets of a link, as a process there sees it: the kernel drops what does not fit. */
export function bytesWaiting(pid: number, link: number): number {
  const rows = readFileSync(`/proc/${pid}/net/packet`, "utf8").trim().split("\n").slice(1);
  const fields = rows.map((row) => row.trim().split(/\s+/));
  return Math.max(0, ...fields.filter(([, , , , iface]) => Number(iface) === link).map(([, , , , , , waiting]) => Number(waiting)));
}

/** struct sockaddr_ll */
function linkAddress(link: number, etherType: number): Uint8Array {
  const writer = new Writer(20);
  writer.hostU16(AF.packet);
  writer.u16(etherType);
  writer.hostU32(link);
  writer.zeros(12);
  return writer.take();
}

function int(value: number): Uint8Array {
  return new Uint8Array(new Int32Array([value]).buffer);
}
