/** Writes the snapshot into a file main opens, a part a turn, and says when it is on disk. The newest one wins; a full disk is asked again. */
import { DIRECTORY_LIMITS } from "../../base/limits-directory.ts";
import { after } from "../../base/time.ts";
import type { DurableWriter } from "../../platform/lease-stores/writers.ts";
import { native } from "../../platform/native.ts";
import type { Alarm, Clock } from "../../ports/clock.ts";

export type SnapshotOutlet = {
  readonly open: () => void;
  readonly saved: (bytes: number) => void;
  /** There is no room for it now. */
  readonly failed: () => void;
};

export class SnapshotWriter {
  readonly #writer: DurableWriter;
  readonly #outlet: SnapshotOutlet;
  readonly #clock: Clock;
  readonly #again: Alarm;
  /** What is to be written next. */
  #next: Uint8Array | undefined;
  #busy = false;

  constructor(writer: DurableWriter, outlet: SnapshotOutlet, clock: Clock) {
    this.#writer = writer;
    this.#outlet = outlet;
    this.#clock = clock;
    this.#again = clock.alarm(() => this.#begin());
  }

  save(bytes: Uint8Array): void {
    this.#next = bytes;
    this.#begin();
  }

  /** @param fd an empty file; owned from here on */
  write(fd: number): void {
    const bytes = this.#next;
    this.#next = undefined;
    if (bytes !== undefined) return this.#writeOn(fd, bytes, 0);
    native().close(fd);
    this.#busy = false;
  }

  #begin(): void {
    if (this.#busy || this.#next === undefined) return;
    this.#busy = true;
    this.#outlet.open();
  }

  #writeOn(fd: number, bytes: Uint8Array, at: number): void {
    const length = Math.min(bytes.length - at, this.#writer.pages.length);
    if (length > 0) {
      this.#writer.pages.set(bytes.subarray(at, at + length));
      const onward = (): void => this.#writeOn(fd, bytes, at + length);
      return this.#writer.write(fd, length, at, onward, () => this.#noRoom(fd, bytes));
    }
    native().close(fd);
    this.#outlet.saved(bytes.length);
    this.#busy = false;
    this.#begin();
  }

  /** Users are looked up as before; what is on disk is the one before. */
  #noRoom(fd: number, bytes: Uint8Array): void {
    native().close(fd);
    this.#next ??= bytes;
    this.#outlet.failed();
    this.#busy = false;
    this.#again.set(after(this.#clock.now(), DIRECTORY_LIMITS.fullDiskSeconds));
  }
}
