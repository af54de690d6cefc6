/** One accepted connection: requests in, answers out in their order. What it may hold is bounded on both sides. */
import { WireError } from "../../base/errors.ts";
import { DIRECTORY_LIMITS } from "../../base/limits-directory.ts";
import type { Instant } from "../../base/time.ts";

/** The far end, as whoever holds the descriptor offers it. */
export type StreamIo = {
  /** Takes all bytes. @returns false when it is full: `drained` is called when there is room again, never from within this call */
  readonly write: (bytes: Uint8Array) => boolean;
  /** Closes after what was written has gone; `closed` is not called. */
  readonly close: () => void;
  /** Closes at once; what was not sent yet is lost. Without it a peer that never reads keeps its connection open. */
  readonly abort?: () => void;
};
/** What is told about a connection. */
export type StreamEvents = { readonly data: (bytes: Uint8Array) => void; readonly drained: () => void; readonly closed: () => void };

/** Cuts a stream into requests: RPC records or Varlink messages. Throws `WireError`. */
export type Requests = { push(chunk: Uint8Array): void; next(): Uint8Array | undefined; readonly pendingBytes: number };
export const STREAM_ENDS = ["peer", "idle", "stalled", "malformed", "too-much-waiting", "shut-down", "too-many-connections", "silenced"] as const;
export type StreamEnd = (typeof STREAM_ENDS)[number];
export type StreamOptions = {
  readonly io: StreamIo;
  readonly requests: Requests;
  /** Pieces of the answer to one request, made as they are asked for; undefined when the connection must end. */
  readonly answer: (request: Uint8Array) => Iterable<Uint8Array> | undefined;
  readonly now: () => Instant;
  readonly ended: (why: StreamEnd) => void;
};

export class Stream {
  readonly #options: StreamOptions;
  #answering: Iterator<Uint8Array> | undefined;
  #full = false;
  #open = true;
  #lastMovedAt: Instant;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#lastMovedAt = options.now();
  }

  get lastMovedAt(): Instant {
    return this.#lastMovedAt;
  }

  /** Waits for the peer to read. */
  get stalled(): boolean {
    return this.#full;
  }

  data(bytes: Uint8Array): void {
    if (!this.#open) return;
    const { requests } = this.#options;
    if (requests.pendingBytes + bytes.length > DIRECTORY_LIMITS.directoryWaitingBytes) return this.end("too-much-waiting");
    // Copied: what waits behind an answer outlives the buffer it came in.
    requests.push(new Uint8Array(bytes));
    if (!this.#full) this.#lastMovedAt = this.#options.now();
    this.#pump();
  }

  drained(): void {
    this.#full = false;
    this.#lastMovedAt = this.#options.now();
    this.#pump();
  }

  closed(): void {
    this.#finish("peer");
  }

  end(why: StreamEnd): void {
    if (!this.#open) return;
    const { io } = this.#options;
    if (this.#full && io.abort !== undefined) io.abort();
    else io.close();
    this.#finish(why);
  }

  #finish(why: StreamEnd): void {
    if (!this.#open) return;
    this.#open = false;
    this.#answering = undefined;
    this.#options.ended(why);
  }

  #pump(): void {
    try {
      while (this.#open && !this.#full && this.#step());
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.end("malformed");
    }
  }

  /** @returns false when there is nothing to do until more comes in */
  #step(): boolean {
    if (this.#answering !== undefined) {
      const { done, value } = this.#answering.next();
      if (done === true) this.#answering = undefined;
      else this.#full = !this.#options.io.write(value);
      return true;
    }
    const request = this.#options.requests.next();
    if (request === undefined) return false;
    const answer = this.#options.answer(request);
    if (answer === undefined) this.end("silenced");
    else this.#answering = answer[Symbol.iterator]();
    return true;
  }
}
