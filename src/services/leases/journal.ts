/**
 * Lease changes on their way to disk, in groups: one group is being written while the next one gathers. Whoever promised
 * something waits for `settled`; nothing here is forgotten, and nothing is answered for early.
 */
import { LIMITS } from "../../base/limits.ts";
import type { Committer, Journalled, Pace, SnapshotSource } from "../../ports/store.ts";
import { type Checksum, crc32c } from "../../wire/journal/crc32c.ts";
import { BLOCK_BYTES, FRAME_HEAD_BYTES, KIND, sealFrame } from "../../wire/journal/frame.ts";
import { LeaseSnapshot } from "./snapshot.ts";
import type { LeaseTable } from "./table.ts";

export type JournalStart = {
  /** 8 random bytes when the journal is new, then those it was found with. */
  readonly stamp: Uint8Array;
  /** Of the last group on disk; 0 when the journal is new. */
  readonly sequence: number;
  readonly checksum?: Checksum;
  /** None: a group is closed as soon as the disk is free. */
  readonly pace?: Pace;
};

type Group = { readonly bytes: Uint8Array; end: number; waiting: (() => void)[] };

export class LeaseJournal implements Journalled {
  readonly #table: LeaseTable;
  readonly #committer: Committer;
  readonly #stamp: Uint8Array;
  readonly #checksum: Checksum;
  readonly #pace: Pace;
  #gathering = emptyGroup();
  #underWay = emptyGroup();
  #busy = false;
  /** The gathering group waits for more. */
  #waits = false;
  /** Of the last group that was given to the committer. */
  #sequence: number;

  constructor(table: LeaseTable, committer: Committer, start: JournalStart) {
    this.#table = table;
    this.#committer = committer;
    this.#stamp = start.stamp;
    this.#sequence = start.sequence;
    this.#checksum = start.checksum ?? crc32c;
    this.#pace = start.pace ?? AT_ONCE;
  }

  /** Bytes of images that the gathering group still takes. */
  get room(): number {
    return this.#gathering.bytes.length - this.#gathering.end;
  }

  get liveBytes(): number {
    return (this.#table.count + this.#table.notes.blocksInUse) * BLOCK_BYTES;
  }

  /** Takes `length` bytes of images, made by `writeImage` and `writeRemoval`. False, and nothing taken, without room. */
  append(images: Uint8Array, from: number, length: number): boolean {
    if (length > this.room) return false;
    const { bytes, end } = this.#gathering;
    for (let i = 0; i < length; i++) bytes[end + i] = images[from + i] ?? 0;
    this.#gathering.end += length;
    return true;
  }

  /** Calls back once all that was appended until now is durable: at once when it is. Otherwise sets the disk to work. */
  settled(done: () => void): void {
    if (this.#gathering.end > FRAME_HEAD_BYTES) this.#gathering.waiting.push(done);
    else if (this.#busy) this.#underWay.waiting.push(done);
    else return done();
    this.#write();
  }

  snapshot(): SnapshotSource {
    return new LeaseSnapshot(this.#table, { stamp: this.#stamp, sequence: this.#sequence, checksum: this.#checksum });
  }

  #write(): void {
    if (this.#busy || this.#waits || this.#gathering.end === FRAME_HEAD_BYTES) return;
    this.#waits = true;
    this.#pace.wait(this.#gathered, this.#close);
  }

  readonly #gathered = (): number => this.#gathering.end;
  readonly #close = (): void => {
    this.#waits = false;
    this.#busy = true;
    [this.#gathering, this.#underWay] = [this.#underWay, this.#gathering];
    const { bytes, end } = this.#underWay;
    this.#sequence++;
    const blocks = (end - FRAME_HEAD_BYTES) / BLOCK_BYTES;
    const padded = sealFrame(bytes, 0, { kind: KIND.group, blocks, sequence: this.#sequence, stamp: this.#stamp }, this.#checksum);
    this.#committer.commit(bytes.subarray(0, padded), () => this.#written());
  };

  #written(): void {
    const { waiting } = this.#underWay;
    this.#underWay.end = FRAME_HEAD_BYTES;
    this.#underWay.waiting = [];
    this.#busy = false;
    this.#pace.written();
    // The disk is set to work first: what the callbacks do takes place while it turns.
    if (this.#gathering.waiting.length > 0) this.#write();
    for (const done of waiting) done();
  }
}

const AT_ONCE: Pace = { wait: (_bytes, close) => close(), written: () => undefined };

function emptyGroup(): Group {
  return { bytes: new Uint8Array(LIMITS.commitBytes), end: FRAME_HEAD_BYTES, waiting: [] };
}
