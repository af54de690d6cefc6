/** A stream connection that another role accepted, read and written without node:net: engines bundle none of it. */
import { DIRECTORY_LIMITS } from "../base/limits-directory.ts";
import { checkPoll, ERRNO, native, POLL, type PollHandle } from "./native.ts";

const READ_BYTES = 65_536;
const READS_PER_WAKE = 8;
const SHUT_WRITE = 1;
/** Beyond this much unsent, `write` says that it is full. */
const FULL_BYTES = 262_144;
const buffer = new Uint8Array(READ_BYTES);

export type StreamHandlers = {
  /** The bytes are valid only during the call. */
  readonly data: (bytes: Uint8Array) => void;
  /** What was written has gone, after `write` said it was full. */
  readonly drained: () => void;
  /** The other end is gone. Not called after `close`. */
  readonly closed: () => void;
};

export class StreamConnection {
  readonly #fd: number;
  readonly #poll: PollHandle;
  readonly #onGone: () => void;
  #handlers: StreamHandlers | undefined;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #full = false;
  #closing = false;
  #patience: ReturnType<typeof setTimeout> | undefined;
  #open = true;

  /** @param fd owned from here on; `onGone` is called once, when it is closed for whatever reason */
  constructor(fd: number, onGone: () => void) {
    this.#fd = fd;
    this.#onGone = onGone;
    this.#poll = checkPoll(native().pollNew(fd, (events) => this.#ready(events)));
  }

  /** Who is told; before, nothing is read. */
  listen(handlers: StreamHandlers): void {
    this.#handlers = handlers;
  }

  /** Takes all bytes. @returns false when it is full: `drained` is called when there is room again */
  write(bytes: Uint8Array): boolean {
    if (!this.#open || this.#closing) return true;
    this.#waiting.push(bytes.slice());
    this.#waitingBytes += bytes.length;
    if (this.#waiting.length === 1) this.#flush();
    this.#full ||= this.#waitingBytes > FULL_BYTES;
    return !this.#full;
  }

  /** Closes after what was written has gone; a peer that never reads does not keep it open for longer than answers may be left unread. */
  close(): void {
    if (!this.#open || this.#closing) return;
    this.#closing = true;
    if (this.#waiting.length === 0) this.#end();
    else this.#patience = setTimeout(() => this.abort(), DIRECTORY_LIMITS.directoryStallSeconds * 1000);
  }

  /** Closes now: what was not sent is not. */
  abort(): void {
    this.#closing = true;
    this.#waiting = [];
    this.#end();
  }

  #flush(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const sent = native().sendTo(this.#fd, first, undefined, 0);
      if (sent === -ERRNO.EAGAIN) {
        native().pollSet(this.#poll, this.#closing ? POLL.writable : POLL.readable | POLL.writable);
        return;
      }
      if (sent < 0) return this.#lost();
      this.#waitingBytes -= sent;
      if (sent < first.length) this.#waiting[0] = first.subarray(sent);
      else this.#waiting.shift();
    }
    native().pollSet(this.#poll, POLL.readable);
    if (this.#closing) return this.#end();
    if (!this.#full) return;
    this.#full = false;
    this.#handlers?.drained();
  }

  #ready(events: number): void {
    if ((events & POLL.writable) !== 0) this.#flush();
    for (let i = 0; this.#open && !this.#closing && i < READS_PER_WAKE; i++) {
      const length = native().recvFrom(this.#fd, buffer, undefined, 0);
      if (length === -ERRNO.EAGAIN) return;
      if (length <= 0) return this.#lost();
      this.#handlers?.data(buffer.subarray(0, length));
      if (length < READ_BYTES) return;
    }
  }

  #lost(): void {
    const told = !this.#closing;
    this.#waiting = [];
    this.#end();
    if (told) this.#handlers?.closed();
  }

  #end(): void {
    if (!this.#open) return;
    this.#open = false;
    clearTimeout(this.#patience);
    native().shutdown(this.#fd, SHUT_WRITE);
    native().pollClose(this.#poll);
    native().close(this.#fd);
    this.#onGone();
  }
}
