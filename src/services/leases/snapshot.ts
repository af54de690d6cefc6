/**
 * The lease table as frames, a part at a time, while it goes on changing. That is safe: the head names the last group that
 * was begun before, every later change is in a later group, and each image says all about its address.
 */
import type { SnapshotSource } from "../../ports/store.ts";
import type { Checksum } from "../../wire/journal/crc32c.ts";
import { BLOCK_BYTES, FRAME_HEAD_BYTES, KIND, PAGE_BYTES, sealFrame } from "../../wire/journal/frame.ts";
import { IMAGE_BYTES, writeImage } from "./images.ts";
import { type LeaseTable, STATE } from "./table.ts";

export class LeaseSnapshot implements SnapshotSource {
  readonly #table: LeaseTable;
  readonly #head: { readonly stamp: Uint8Array; readonly sequence: number; readonly checksum: Checksum };
  #next: "head" | "chunk" | "nothing" = "head";
  #row = 0;
  #chunks = 0;

  constructor(table: LeaseTable, head: { readonly stamp: Uint8Array; readonly sequence: number; readonly checksum: Checksum }) {
    this.#table = table;
    this.#head = head;
  }

  fill(out: Uint8Array): number {
    if (this.#next === "nothing") return 0;
    if (this.#next === "head") {
      this.#next = "chunk";
      return this.#seal(out, KIND.snapshotHead, 0, this.#head.sequence);
    }
    const end = this.#images(out, out.length - (out.length % PAGE_BYTES));
    if (end > FRAME_HEAD_BYTES) return this.#seal(out, KIND.snapshotChunk, (end - FRAME_HEAD_BYTES) / BLOCK_BYTES, this.#chunks++);
    this.#next = "nothing";
    return this.#seal(out, KIND.snapshotEnd, 0, this.#chunks);
  }

  /** Images of the next rows that fit; returns where they end. */
  #images(out: Uint8Array, room: number): number {
    let at = FRAME_HEAD_BYTES;
    for (; this.#row < this.#table.end && at + IMAGE_BYTES <= room; this.#row++) {
      if (this.#table.state(this.#row) !== STATE.free) at += writeImage(this.#table, this.#row, out, at);
    }
    return at;
  }

  #seal(out: Uint8Array, kind: (typeof KIND)[keyof typeof KIND], blocks: number, sequence: number): number {
    return sealFrame(out, 0, { kind, blocks, sequence, stamp: this.#head.stamp }, this.#head.checksum);
  }
}
