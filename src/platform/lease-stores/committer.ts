/** The journal as a committer: each group goes behind the last, into the segment that has room for it. */
import { assert } from "../../base/errors.ts";
import type { Committer } from "../../ports/store.ts";
import type { Place, Segments } from "./segments.ts";
import type { DurableWriter } from "./writers.ts";

export class JournalCommitter implements Committer {
  readonly #writer: DurableWriter;
  readonly #segments: Segments;
  #done: (() => void) | undefined;
  /** Bytes that wait for a segment, or for room on the disk. */
  #stalled = 0;
  /** Where the group goes: where the disk had no room it goes again, for a part of it may be there already. */
  #place: Place | undefined;
  #isRefused = false;

  constructor(writer: DurableWriter, segments: Segments) {
    this.#writer = writer;
    this.#segments = segments;
  }

  get busy(): boolean {
    return this.#done !== undefined;
  }

  /** Whether a group waits for a segment. */
  get waits(): boolean {
    return this.#stalled > 0;
  }

  /** Whether the disk had no room for the group that is to be written. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  commit(bytes: Uint8Array, done: () => void): void {
    assert(!this.busy && bytes.length <= this.#writer.pages.length, "one group at a time, no larger than its limit");
    this.#done = done;
    this.#writer.pages.set(bytes);
    this.#write(bytes.length);
  }

  /** A segment came, or there may be room on the disk: a group that waited for it goes out. */
  resume(): void {
    if (this.#stalled > 0) this.#write(this.#stalled);
  }

  #write(length: number): void {
    const place = this.#place ?? this.#segments.take(length);
    this.#place = place;
    this.#stalled = place === undefined ? length : 0;
    if (place === undefined) return;
    const done = (): void => {
      const told = this.#done;
      this.#done = undefined;
      this.#place = undefined;
      this.#isRefused = false;
      told?.();
    };
    this.#writer.write(place.fd, length, place.at, done, () => {
      this.#stalled = length;
      this.#isRefused = true;
    });
  }
}
