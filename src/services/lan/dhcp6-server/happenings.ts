/** What happened to leases in a batch, for whoever listens. Most of the time nobody does, and then nothing is kept. */
import { IMAGE_BYTES, writeImage } from "../../leases/images.ts";
import type { LeaseTable } from "../../leases/table.ts";

/** The place of an event among the names that people know. */
export const HAPPENED = { commit: 0, renew: 1, release: 2, expire: 3, decline: 4, reclaim: 5 } as const;
export type Happened = (typeof HAPPENED)[keyof typeof HAPPENED];

/** Of one batch; what does not fit is counted. */
const MOST = 4096;
const BYTES = 262_144;
const NONE = new Uint8Array(0);

export class Happenings {
  isHeard = false;
  readonly kinds: Uint8Array = new Uint8Array(MOST);
  /** An image of each lease as it was or became. */
  images = NONE;
  end = 0;
  count = 0;
  lost = 0;

  clear(): void {
    this.end = 0;
    this.count = 0;
    this.lost = 0;
  }

  /** Of a lease that begins or goes on once it does, of one that ends before. */
  add(what: Happened, table: LeaseTable, row: number): void {
    if (!this.isHeard) return;
    if (this.images === NONE) this.images = new Uint8Array(BYTES);
    if (this.count === MOST || this.end + IMAGE_BYTES > BYTES) {
      this.lost++;
      return;
    }
    this.end += writeImage(table, row, this.images, this.end);
    this.kinds[this.count++] = what;
  }
}
