/**
 * Bytes made durable at a place in a file: by a thread of the native layer while we go on, by ourselves, or by whichever costs less. A write that fails
 * ends the process: what the disk then holds nobody knows, so there is nothing to try again. A disk without room is another
 * matter: whoever asks to be told writes the same bytes to the same place once there is some.
 */
import { LIMITS } from "../../base/limits.ts";
import { KernelError } from "../../base/errors.ts";
import { frameBytes } from "../../wire/journal/frame.ts";
import { check, checkMade, checkPoll, native, type PollHandle } from "../native.ts";

/** One write at a time. */
export interface DurableWriter {
  /** What is written, from its start: memory in whole pages, as O_DIRECT wants it. Not to be changed until `done`. */
  readonly pages: Uint8Array;
  /** Calls `done` on a later turn, once, when `length` bytes are on disk; or `noRoom` when the disk is full and not all of them are. */
  write(fd: number, length: number, place: number, done: () => void, noRoom?: () => void): void;
}

/** Writes in a thread of its own. To be made before the fence, which lets no thread be born. */
export class WriterThread implements DurableWriter {
  readonly pages: Uint8Array;
  readonly #committer: number;
  readonly #poll: PollHandle;
  #length = 0;
  #done: (() => void) | undefined;
  #noRoom: (() => void) | undefined;

  constructor(bytes: number = LIMITS.commitBytes) {
    const { committer, pages, readyFd } = checkMade(native().committerNew(bytes), "committerNew");
    this.#committer = committer;
    this.pages = new Uint8Array(pages);
    this.#poll = checkPoll(native().pollNew(readyFd, () => this.#ready()));
  }

  /** Keeps the event loop from waiting for it. No `done` is called any more; the thread idles until the process ends. */
  close(): void {
    native().pollClose(this.#poll);
  }

  write(fd: number, length: number, place: number, done: () => void, noRoom?: () => void): void {
    check(native().committerSubmit(this.#committer, fd, 0, length, place), "committerSubmit");
    this.#length = length;
    this.#done = done;
    this.#noRoom = noRoom;
  }

  #ready(): void {
    const next = outcome(native().committerResult(this.#committer), this.#length, this.#done, this.#noRoom);
    this.#done = undefined;
    this.#noRoom = undefined;
    next?.();
  }
}

/** Waits for the disk itself, and everything waits with it: for tests, and where threads are not to be had. */
export class BlockingWriter implements DurableWriter {
  readonly pages = new Uint8Array(checkMade(native().pagesNew(LIMITS.commitBytes), "mmap"));

  write(fd: number, length: number, place: number, done: () => void, noRoom?: () => void): void {
    const next = outcome(native().writeDurably(fd, this.pages, 0, length, place), length, done, noRoom);
    if (next !== undefined) setImmediate(next);
  }
}

/** Above it the disk is slow: others are not to wait for it. */
const QUICK_MS = 1;
/** Of a group without its padding: some thirty leases. Above it waking the thread costs each of them little. */
export const SMALL_BYTES = 2048;

/**
 * Writes a small group of the journal itself as long as the disk is quick: to wake a thread and to be woken by it costs more than to wait, and what comes
 * meanwhile makes the next group larger. Large groups, and all of a slow disk, are the thread's, so that nobody else waits for them.
 */
export class AdaptiveWriter implements DurableWriter {
  readonly pages: Uint8Array;
  readonly #thread: DurableWriter;
  readonly #nowMs: () => number;
  /** Of the last write, whoever made it. */
  #tookMs = 0;

  constructor(thread: DurableWriter = new WriterThread(), nowMs: () => number = () => performance.now()) {
    this.#thread = thread;
    this.#nowMs = nowMs;
    this.pages = thread.pages;
  }

  write(fd: number, length: number, place: number, done: () => void, noRoom?: () => void): void {
    if (frameBytes(this.pages, 0) <= SMALL_BYTES && this.#tookMs <= QUICK_MS) {
      setImmediate(() => this.#here(fd, length, place, done, noRoom)); // behind all that this turn has to send
      return;
    }
    const began = this.#nowMs();
    const timed = (): void => {
      this.#tookMs = this.#nowMs() - began;
      done();
    };
    this.#thread.write(fd, length, place, timed, noRoom);
  }

  #here(fd: number, length: number, place: number, done: () => void, noRoom?: () => void): void {
    const began = this.#nowMs();
    const next = outcome(native().writeDurably(fd, this.pages, 0, length, place), length, done, noRoom);
    this.#tookMs = this.#nowMs() - began;
    next?.();
  }
}

/** ENOSPC, EDQUOT. */
const FULL: readonly number[] = [-28, -122];

/** A disk that has no room for all takes a part, or says so. */
function outcome(written: number, length: number, done: (() => void) | undefined, noRoom: (() => void) | undefined): (() => void) | undefined {
  if (written === length) return done;
  if (noRoom !== undefined && (written >= 0 || FULL.includes(written))) return noRoom;
  throw new KernelError("pwritev2", Math.max(0, -written), `the journal cannot be written: ${written} of ${length} bytes`);
}
