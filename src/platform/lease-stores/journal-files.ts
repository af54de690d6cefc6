/**
 * The journal's files as an engine has them: descriptors that main opened and handed over. It never names, makes or
 * removes a file: it asks main for the next segment ahead of time and for a snapshot's file when the journal has grown
 * past what a snapshot would take, and tells when that snapshot is whole, so that main can give it its name.
 */
import { assert } from "../../base/errors.ts";
import type { Committer, DiskState, Journalled, SnapshotSource } from "../../ports/store.ts";
import { type ApplyImage, type Recovery, recover } from "../../wire/journal/recover.ts";
import { check, native } from "../native.ts";
import { JournalCommitter } from "./committer.ts";
import { readFile } from "./read.ts";
import { type JournalFile, Segments } from "./segments.ts";
import type { DurableWriter } from "./writers.ts";

export type JournalKind = "segment" | "snapshot";
export type JournalOutlet = {
  /** Wants a fresh file: a segment of zeros, or an empty file for a snapshot. It comes through `fresh`. */
  readonly ask: (kind: JournalKind, number: number) => void;
  /** The snapshot is whole and on disk. Once it has its name, segments below `firstSegment` and older snapshots may go. */
  readonly snapshotWritten: (number: number, firstSegment: number) => void;
  /** There was no room for it: its file is of no use. */
  readonly snapshotAbandoned: (number: number) => void;
};

/** Segments that a snapshot is worth at least: below, a restart is fast anyway. */
const SEGMENTS_PER_SNAPSHOT = 2;
/** How much longer than a snapshot the journal may get. */
const GARBAGE_FACTOR = 2;
/** Between two tries where there was no room. */
const PAUSE_MS = 5000;
/** Longer than any disk takes for a segment: a file that has not come by then does not come. */
const LATE_MS = 20_000;

export class JournalFiles {
  readonly #outlet: JournalOutlet;
  readonly #writer: DurableWriter;
  readonly #snapshotWriter: DurableWriter;
  readonly #found: (JournalFile & { readonly kind: JournalKind })[] = [];
  #segments: Segments | undefined;
  #committer: JournalCommitter | undefined;
  #journalled: Journalled | undefined;
  /** The oldest segment that is not covered by a snapshot. */
  #firstSegment = 1;
  #segmentBytes = 0;
  #snapshots = 0;
  #snapshotting = false;
  /** Main said that it cannot make a file. */
  #refused = false;
  /** When there was room, and when it was last tried to write all the same: milliseconds of the caller's clock. */
  #roomyAt: number | undefined;
  #triedAt = 0;

  /** Two writers, so that a snapshot holds up no promise. */
  constructor(writers: { readonly journal: DurableWriter; readonly snapshot: DurableWriter }, outlet: JournalOutlet) {
    this.#writer = writers.journal;
    this.#snapshotWriter = writers.snapshot;
    this.#outlet = outlet;
  }

  /** A file that was there at the start; owned from here on. */
  found(kind: JournalKind, file: JournalFile): void {
    this.#found.push({ kind, ...file });
  }

  /** Reads all that was found. When it succeeds, the files are closed and the committer goes on in a new segment. */
  recover(apply: ApplyImage): Recovery {
    const segments = this.#found.filter(({ kind }) => kind === "segment").sort((a, b) => a.number - b.number);
    const snapshot = this.#found.filter(({ kind }) => kind === "snapshot").sort((a, b) => b.number - a.number)[0];
    const room = new Uint8Array(Math.max(0, ...this.#found.map(({ bytes }) => bytes))); // for one after the other: fresh memory is slow
    const source = (file: JournalFile) => ({ number: file.number, read: () => readFile(file, this.#writer.pages, room) });
    const recovery = recover({ snapshot: snapshot && source(snapshot), segments: segments.map(source) }, apply, native().crc32c);
    if (!recovery.ok) return recovery;
    for (const { fd } of this.#found) {
      // What was read may be in memory only, if the last life ended in a write; what follows must not be all that stays.
      check(native().fdatasync(fd), "fdatasync");
      native().close(fd);
    }
    this.#firstSegment = segments[0]?.number ?? 1;
    this.#segmentBytes = segments.at(-1)?.bytes ?? 0;
    this.#snapshots = snapshot?.number ?? 0;
    this.#segments = new Segments(segments.at(-1)?.number ?? 0, (number) => this.#outlet.ask("segment", number));
    this.#committer = new JournalCommitter(this.#writer, this.#segments);
    return recovery;
  }

  /** After `recover`. */
  get committer(): Committer {
    assert(this.#committer !== undefined, "the journal was recovered before it is written");
    return this.#committer;
  }

  /** Whose snapshots are to be written. */
  serve(journalled: Journalled): void {
    this.#journalled = journalled;
    this.#considerSnapshot();
  }

  /** A file that was asked for; owned from here on. */
  fresh(kind: JournalKind, file: JournalFile): void {
    if (kind === "snapshot") return this.#writeSnapshot(file);
    this.#refused = false;
    this.#segmentBytes = file.bytes;
    this.#segments?.add(file);
    this.#committer?.resume();
    this.#considerSnapshot();
  }

  /** Main cannot make a file; it goes on trying. */
  refused(): void {
    this.#refused = true;
  }

  /** How much can be written; looked at now and then, which is when it is tried again to write what could not be. */
  look(nowMs: number): DiskState {
    const [segments, committer] = [this.#segments, this.#committer];
    if (segments === undefined || committer === undefined) return "stuck";
    this.#roomyAt ??= nowMs;
    if (segments.hasRoom && !committer.waits && !committer.isRefused) this.#roomyAt = nowMs;
    const isLate = nowMs - this.#roomyAt >= LATE_MS;
    if ((isLate || committer.isRefused) && nowMs - this.#triedAt >= PAUSE_MS) {
      this.#triedAt = nowMs;
      if (isLate && !segments.hasRoom && !this.#refused) segments.askAgain();
      committer.resume();
      this.#considerSnapshot();
    }
    if (committer.isRefused) return "stuck";
    if (segments.hasRoom || !(isLate || this.#refused)) return "open";
    return committer.waits ? "stuck" : "full";
  }

  #considerSnapshot(): void {
    if (this.#snapshotting || this.#journalled === undefined || this.#segments === undefined) return;
    const behind = this.#segments.number - this.#firstSegment;
    if (behind < SEGMENTS_PER_SNAPSHOT || behind * this.#segmentBytes < GARBAGE_FACTOR * this.#journalled.liveBytes) return;
    this.#snapshotting = true;
    this.#outlet.ask("snapshot", this.#snapshots + 1);
  }

  #writeSnapshot(file: JournalFile): void {
    const journalled = this.#journalled;
    const firstSegment = this.#segments?.number;
    assert(journalled !== undefined && firstSegment !== undefined, "a snapshot's file comes when it was asked for");
    this.#writeOn(file, journalled.snapshot(), 0, () => {
      native().close(file.fd);
      // What the snapshot says of changes that are still under way must not outlive them.
      journalled.settled(() => {
        this.#snapshotting = false;
        this.#snapshots = file.number;
        this.#firstSegment = firstSegment;
        this.#outlet.snapshotWritten(file.number, firstSegment);
      });
    });
  }

  /** One part a turn. */
  #writeOn(file: JournalFile, source: SnapshotSource, place: number, done: () => void): void {
    const bytes = source.fill(this.#snapshotWriter.pages);
    if (bytes === 0) return done();
    const onwards = (): void => this.#writeOn(file, source, place + bytes, done);
    this.#snapshotWriter.write(file.fd, bytes, place, onwards, () => this.#abandon(file));
  }

  /** What it was to stand for stays; it is begun anew when the journal has grown, or where room was missed. */
  #abandon(file: JournalFile): void {
    native().close(file.fd);
    this.#snapshotting = false;
    this.#outlet.snapshotAbandoned(file.number);
  }
}
