/** Writes the snapshot into a file main opens, a part a turn, and says when it is on disk. The newest one wins. */
import type { DurableWriter } from "../../platform/lease-stores/writers.ts";
import { native } from "../../platform/native.ts";

export type SnapshotOutlet = { readonly open: () => void; readonly saved: (bytes: number) => void };

export class SnapshotWriter {
  readonly #writer: DurableWriter;
  readonly #outlet: SnapshotOutlet;
  /** What is to be written next. */
  #next: Uint8Array | undefined;
  #busy = false;

  constructor(writer: DurableWriter, outlet: SnapshotOutlet) {
    this.#writer = writer;
    this.#outlet = outlet;
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
      return this.#writer.write(fd, length, at, () => this.#writeOn(fd, bytes, at + length));
    }
    native().close(fd);
    this.#outlet.saved(bytes.length);
    this.#busy = false;
    this.#begin();
  }
}
