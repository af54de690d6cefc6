/** A packet socket as frames: received in batches with what the kernel knows of their checksums, sent one by one. */
import { Reader } from "../base/cursor.ts";
import { LIMITS } from "../base/limits.ts";
import { KernelError } from "../base/errors.ts";
import { type Batch, BATCH_META_BYTES, type BatchLayout, batchLayout, checkPoll, ERRNO, native, type PollHandle, SOL } from "./native.ts";

export type ReceivedFrame = { readonly checksum: "verify" | "offloaded"; readonly bytes: Uint8Array };

const SHAPE = { slots: LIMITS.channelBatch, dataSize: LIMITS.datagramBytes, controlSize: 64 } as const;
const BATCHES_PER_WAKE = 16;
const PACKET_AUXDATA = 8;
const TP_STATUS_CSUMNOTREADY = 8;
const TP_STATUS_CSUM_VALID = 128;
const CMSG_HEADER_BYTES = 16;

let shared: { readonly batch: Batch; readonly layout: BatchLayout } | undefined;

/** One arena for all links: it is emptied before the next read. */
function arena(): { readonly batch: Batch; readonly layout: BatchLayout } {
  shared ??= { batch: native().batchNew(SHAPE.slots, SHAPE.dataSize, SHAPE.controlSize), layout: batchLayout(SHAPE) };
  return shared;
}

/** Nobody waits for memory and compilers when the first frame comes: there is an arena, and an empty one was read. */
export function rehearseFrames(): void {
  const { batch, layout } = arena();
  framesIn(batch, layout, 1);
}

export class PacketLink {
  readonly #fd: number;
  readonly #poll: PollHandle;
  readonly #receive: (frames: readonly ReceivedFrame[]) => void;
  #downSaid = false;
  #open = true;

  /** @param fd owned from here on; `receive` gets views that are valid only during the call */
  constructor(fd: number, receive: (frames: readonly ReceivedFrame[]) => void) {
    this.#fd = fd;
    this.#receive = receive;
    this.#poll = checkPoll(native().pollNew(fd, () => this.#readable()));
  }

  /** @returns false when the link is down or its queue is full: whoever sent it sends again in time */
  send(frame: Uint8Array): boolean {
    const sent = native().sendTo(this.#fd, frame, undefined, 0);
    if (sent >= 0) return true;
    if ([ERRNO.ENETDOWN, ERRNO.ENOBUFS, ERRNO.EAGAIN, ERRNO.ENODEV, 6].includes(-sent)) return false;
    throw new KernelError("sendto", -sent);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    native().pollClose(this.#poll);
    native().close(this.#fd);
  }

  #readable(): void {
    const { batch, layout } = arena();
    for (let i = 0; this.#open && i < BATCHES_PER_WAKE; i++) {
      const count = native().recvBatch(this.#fd, batch.handle, SHAPE.slots, 0);
      if (count === -ERRNO.EAGAIN) return;
      if (count < 0) return this.#failed(-count);
      this.#downSaid = false;
      this.#receive(framesIn(batch, layout, count));
      if (count < SHAPE.slots) return;
    }
  }

  /** A link that goes down says so once with ENETDOWN: not an end, no spin. */
  #failed(errno: number): void {
    if (errno === ERRNO.ENETDOWN && !this.#downSaid) {
      this.#downSaid = true;
      return;
    }
    if (errno !== ERRNO.ENETDOWN && errno !== ERRNO.ENODEV) throw new KernelError("recvmmsg", errno);
  }
}

function framesIn({ arena: memory }: Batch, layout: BatchLayout, count: number): readonly ReceivedFrame[] {
  const frames: ReceivedFrame[] = [];
  const meta = new Reader(new Uint8Array(memory, layout.metas, count * BATCH_META_BYTES));
  for (let slot = 0; slot < count; slot++) {
    const [length, , controlLength] = [meta.hostU32(), meta.hostU32(), meta.hostU32(), meta.hostU32()];
    // of what is longer than LIMITS.datagramBytes the beginning: whoever reads it finds it cut, and counts it
    const bytes = new Uint8Array(memory, layout.data + slot * SHAPE.dataSize, length);
    const control = new Uint8Array(memory, layout.controls + slot * SHAPE.controlSize, controlLength);
    frames.push({ bytes, checksum: checksumPolicy(control) });
  }
  return frames;
}

/** struct cmsghdr { size_t len; int level; int type } then struct tpacket_auxdata, whose first field is the status. */
function checksumPolicy(control: Uint8Array): ReceivedFrame["checksum"] {
  if (control.length < CMSG_HEADER_BYTES + 4) return "verify";
  const reader = new Reader(control);
  reader.skip(8);
  const [level, type, status] = [reader.hostU32(), reader.hostU32(), reader.hostU32()];
  const said = level === SOL.packet && type === PACKET_AUXDATA;
  return said && (status & (TP_STATUS_CSUMNOTREADY | TP_STATUS_CSUM_VALID)) !== 0 ? "offloaded" : "verify";
}
