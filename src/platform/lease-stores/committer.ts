/** The journal as a committer: each group goes behind the last, into the segment that has room for it. */
import { assert } from "../../base/errors.ts";
import type { Committer } from "../../ports/store.ts";
import type { Segments } from "./segments.ts";
import type { DurableWriter } from "./writers.ts";

export class JournalCommitter implements Committer {
  readonly #writer: DurableWriter;
  readonly #segments: Segments;
  #done: (() => void) | undefined;
  /** Bytes that wait for a segment. */
  #stalled = 0;

  constructor(writer: DurableWriter, segments: Segments) {
    this.#writer = writer;
    this.#segments = segments;
  }

  get busy(): boolean {
    return this.#done !== undefined;
  }

  commit(bytes: Uint8Array, done: () => void): void {
    assert(!this.busy && bytes.length <= this.#writer.pages.length, "one group at a time, no larger than its limit");
    this.#done = done;
    this.#writer.pages.set(bytes);
    this.#write(bytes.length);
  }

  /** A segment came: a group that waited for it goes out. */
  resume(): void {
    if (this.#stalled > 0) this.#write(this.#stalled);
  }

  #write(length: number): void {
    const place = this.#segments.take(length);
    this.#stalled = place === undefined ? length : 0;
    if (place === undefined) return;
    this.#writer.write(place.fd, length, place.at, () => {
      const done = this.#done;
      this.#done = undefined;
      done?.();
    });
  }
}
