/**
 * Where the next group goes: segments of fixed size, opened by main, asked for ahead of time. What an earlier life wrote
 * is read and never written again: each life begins with a segment of its own.
 */
import { LIMITS } from "../../base/limits.ts";
import { native } from "../native.ts";

export type JournalFile = { readonly number: number; readonly fd: number; readonly bytes: number };
/** What is kept of the last segment while no other comes: the group under way, the one that gathers. */
const RESERVE_BYTES = 2 * LIMITS.commitBytes;

export type Place = { readonly fd: number; readonly at: number };

export class Segments {
  readonly #ask: (number: number) => void;
  #current: JournalFile | undefined;
  #offset = 0;
  /** Empty ones, in the order of their numbers. */
  readonly #spare: JournalFile[] = [];
  #highest: number;
  #asked = 0;

  /** @param highest the last number in use  @param ask wants the segment of that number, once; it comes through `add` */
  constructor(highest: number, ask: (number: number) => void) {
    this.#highest = highest;
    this.#ask = ask;
    this.#askAhead();
  }

  /** The segment that is being written, or the next to be. Earlier ones hold nothing that is not durable. */
  get number(): number {
    return this.#current?.number ?? this.#spare[0]?.number ?? this.#highest + 1;
  }

  /** Whether more can be written than what is under way already. */
  get hasRoom(): boolean {
    return this.#spare.length > 0 || (this.#current !== undefined && this.#current.bytes - this.#offset >= RESERVE_BYTES);
  }

  /** The next segment is asked for once more, if it was asked for and did not come. */
  askAgain(): void {
    this.#asked = 0;
    this.#askAhead();
  }

  /** A segment of zeros; owned from here on. */
  add(segment: JournalFile): void {
    this.#spare.push(segment);
    this.#highest = Math.max(this.#highest, segment.number);
  }

  /** The place for so many bytes, or undefined when the next segment is not here yet: it is asked for. */
  take(bytes: number): Place | undefined {
    if (this.#current === undefined || this.#offset + bytes > this.#current.bytes) this.#turn();
    const current = this.#current;
    if (current === undefined) return undefined;
    const place = { fd: current.fd, at: this.#offset };
    this.#offset += bytes;
    if (this.#offset * 2 > current.bytes) this.#askAhead();
    return place;
  }

  #turn(): void {
    if (this.#current !== undefined) native().close(this.#current.fd);
    this.#current = this.#spare.shift();
    this.#offset = 0;
    if (this.#current === undefined) this.#askAhead();
  }

  #askAhead(): void {
    const next = this.#highest + 1;
    if (this.#spare.length > 0 || this.#asked === next) return;
    this.#asked = next;
    this.#ask(next);
  }
}
