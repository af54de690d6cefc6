/** One end of a SEQPACKET pair between two roles: whole frames with descriptors, in order, never blocking. */
import { KernelError } from "../base/errors.ts";
import { LIMITS } from "../base/limits.ts";
import { check, checkPoll, ERRNO, native, type PollHandle, POLL, SOCK, SOL } from "./native.ts";

const DESCRIPTORS_MAX = 16;
/** Frames that wait when the far side does not read; then `send` says no. */
const WAITING_MAX = 1024;
/** SO_SNDBUFFORCE: past the system's limit, for those who may. */
const SO_SNDBUFFORCE = 32;
/** EPIPE, ECONNRESET, ENOTCONN: nobody is there; ETOOMANYREFS: who is there has left too many descriptors unread. */
const GONE: readonly number[] = [32, 104, 107, 109];
const BUFFER_BYTES = 4 * 1024 * 1024;

export type ChannelHandlers = {
  /** The bytes are valid only during the call. The receiver owns the descriptors. */
  readonly onFrame: (bytes: Uint8Array, descriptors: readonly number[]) => void;
  /** The far side is gone. Called once. */
  readonly onEnd: () => void;
  /** Everything that waited has been taken. */
  readonly onDrained?: () => void;
};

/** @returns two connected descriptors, each for one role */
export function channelPair(): readonly [number, number] {
  const pair = new Int32Array(2);
  check(native().socketPair(SOCK.seqpacket, pair), "socketpair");
  const [a = -1, b = -1] = pair;
  const size = new Uint8Array(new Int32Array([BUFFER_BYTES]).buffer);
  for (const fd of [a, b]) {
    native().setSockOpt(fd, SOL.socket, SO_SNDBUFFORCE, size); // refused without rights: the default then holds
  }
  return [a, b];
}

/** One for all channels of a process: a frame is read to its end before the next one is received. */
const buffer = new Uint8Array(LIMITS.channelFrameBytes);

export class Channel {
  readonly #fd: number;
  readonly #poll: PollHandle;
  readonly #descriptors = new Int32Array(1 + DESCRIPTORS_MAX);
  readonly #handlers: ChannelHandlers;
  readonly #waiting: { readonly bytes: Uint8Array; readonly descriptors: readonly number[] }[] = [];
  #open = true;

  /** @param fd owned from here on */
  constructor(fd: number, handlers: ChannelHandlers) {
    this.#fd = fd;
    this.#handlers = handlers;
    this.#poll = checkPoll(native().pollNew(fd, (events) => this.#ready(events)));
  }

  /**
   * Sends a frame now or as soon as the far side reads. Descriptors are closed here once they are on their way.
   * @returns false when the channel is closed or too much waits already: the frame is not sent
   */
  send(bytes: Uint8Array, descriptors: readonly number[] = []): boolean {
    if (!this.#open || this.#waiting.length >= WAITING_MAX) {
      closeAll(descriptors);
      return false;
    }
    this.#waiting.push({ bytes, descriptors });
    if (this.#waiting.length === 1) this.#flush();
    return true;
  }

  /** Frames that wait for the far side. */
  get waiting(): number {
    return this.#waiting.length;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    native().pollClose(this.#poll);
    native().close(this.#fd);
    for (const { descriptors } of this.#waiting.splice(0)) closeAll(descriptors);
  }

  #flush(): void {
    for (let frame = this.#waiting[0]; frame !== undefined; frame = this.#waiting[0]) {
      const sent = native().sendMessage(this.#fd, frame.bytes, frame.descriptors.length === 0 ? undefined : Int32Array.from(frame.descriptors));
      if (sent === -ERRNO.EAGAIN || sent === -ERRNO.ENOBUFS) {
        native().pollSet(this.#poll, POLL.readable | POLL.writable);
        return;
      }
      if (sent < 0 && GONE.includes(-sent)) return this.#end();
      if (sent < 0) throw new KernelError("sendmsg", -sent);
      closeAll(frame.descriptors);
      this.#waiting.shift();
    }
    native().pollSet(this.#poll, POLL.readable);
    this.#handlers.onDrained?.();
  }

  #ready(events: number): void {
    if ((events & POLL.writable) !== 0) this.#flush();
    for (let frames = 0; this.#open && frames < 64; frames++) {
      const length = native().recvMessage(this.#fd, buffer, this.#descriptors);
      if (length === -ERRNO.EAGAIN) return;
      if (length === -ERRNO.EMSGSIZE) continue; // longer than any frame may be: nothing a role of ours sends
      if (length <= 0) return this.#end();
      const descriptors = Array.from(this.#descriptors.subarray(1, 1 + (this.#descriptors[0] ?? 0)));
      this.#handlers.onFrame(buffer.subarray(0, length), descriptors);
    }
  }

  #end(): void {
    if (!this.#open) return;
    this.close();
    this.#handlers.onEnd();
  }
}

export function closeAll(descriptors: readonly number[]): void {
  for (const descriptor of descriptors) native().close(descriptor);
}
