/**
 * The files of the lease journal: segments made whole before they are handed out, snapshots that get their name when they are
 * done. Who asks for them may have been taken over: only the file that is next is made, and what is in use stays.
 */
import { closeSync, constants, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { LIMITS } from "../../base/limits.ts";
import { syncFolder } from "./state-folder.ts";

export type JournalKind = "segment" | "snapshot";
export type JournalFile = { readonly kind: JournalKind; readonly number: number; readonly bytes: number; readonly descriptor: number };

/**
 * Zeros written beforehand: overwriting them moves no metadata, so a sync costs one write of the disk. A little at a time, each on disk before
 * the next: what the engine writes meanwhile stands behind one of them and not behind sixteen MiB (p99 at half load 3 ms where it was 16).
 */
const CHUNK_BYTES = 128 * 1024;
const FRESH = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_DSYNC;
const NAME = /^(segment|snapshot)-(\d{1,15})$/;
const UNFINISHED = "unfinished-";

export class JournalFolder {
  readonly #folder: string;
  /** The last number of each kind that was handed out in this life or found. */
  #newest: { readonly [K in JournalKind]: number } = { segment: 0, snapshot: 0 };
  /** The snapshot that is being written; segments from `firstSegmentMost` on may hold what is not in it. */
  #writing: { readonly number: number; readonly firstSegmentMost: number } | undefined;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#begin();
  }

  /**
   * For a new engine: the newest snapshot and every segment, opened for reading, in the order they are to be read. The receiver
   * closes them. What the engine before left unfinished goes.
   */
  open(): readonly JournalFile[] {
    this.#begin();
    const files = this.#list();
    const snapshot = files.filter(({ kind }) => kind === "snapshot").at(-1);
    const segments = files.filter(({ kind }) => kind === "segment");
    return [...(snapshot === undefined ? [] : [snapshot]), ...segments].map(({ kind, number }) => {
      const path = this.#path(kind, number);
      return { kind, number, bytes: statSync(path).size, descriptor: openSync(path, "r") };
    });
  }

  /** @returns the field that is refused: only the next number is made, few segments lie on disk, and one snapshot is written at a time */
  freshRefusal(kind: JournalKind, number: number): "number" | "count" | undefined {
    if (number !== this.#newest[kind] + 1) return "number";
    const full = kind === "snapshot" ? this.#writing !== undefined : this.#segments().length >= LIMITS.journalSegments;
    return full ? "count" : undefined;
  }

  /** A new file, open for writing past the page cache where the file system can. @throws what the file system refuses; nothing stays of it */
  fresh(kind: JournalKind, number: number): JournalFile {
    if (kind === "snapshot") {
      const descriptor = openSync(this.#unfinished(kind, number), "w", 0o600);
      this.#writing = { number, firstSegmentMost: this.#newest.segment };
      return { kind, number, bytes: 0, descriptor };
    }
    this.#fill(number);
    const descriptor = openDirect(this.#path(kind, number));
    this.#newest = { ...this.#newest, segment: number };
    return { kind, number, bytes: LIMITS.segmentBytes, descriptor };
  }

  /** @returns the field that is refused: it is the snapshot that is being written, and no segment goes that it cannot stand for */
  finishRefusal(number: number, firstSegment: number): "number" | "firstSegment" | undefined {
    if (this.#writing?.number !== number) return "number";
    return firstSegment > this.#writing.firstSegmentMost ? "firstSegment" : undefined;
  }

  /**
   * The snapshot of that number is whole and on disk: it takes its name, and what it stands for goes.
   * @throws what the file system refuses; everything is then kept until the next snapshot
   */
  finish(number: number, firstSegment: number): void {
    this.#writing = undefined;
    this.#newest = { ...this.#newest, snapshot: number };
    this.#named("snapshot", number);
    for (const { kind, number: old } of this.#list())
      if ((kind === "segment" && old < firstSegment) || (kind === "snapshot" && old < number)) rmSync(this.#path(kind, old));
    syncFolder(this.#folder);
  }

  /** The snapshot of that number will not be whole. @returns whether it was the one that is being written */
  abandon(number: number): boolean {
    if (this.#writing?.number !== number) return false;
    this.#writing = undefined;
    rmSync(this.#unfinished("snapshot", number), { force: true });
    return true;
  }

  #begin(): void {
    for (const name of readdirSync(this.#folder)) if (name.startsWith(UNFINISHED)) rmSync(join(this.#folder, name));
    const files = this.#list();
    const newest = (wanted: JournalKind): number => files.filter(({ kind }) => kind === wanted).at(-1)?.number ?? 0;
    this.#newest = { segment: newest("segment"), snapshot: newest("snapshot") };
    this.#writing = undefined;
  }

  #fill(number: number): void {
    const path = this.#unfinished("segment", number);
    const zeros = new Uint8Array(CHUNK_BYTES);
    const fd = openSync(path, FRESH, 0o600);
    try {
      for (let at = 0; at < LIMITS.segmentBytes; ) at += writeSync(fd, zeros, 0, Math.min(CHUNK_BYTES, LIMITS.segmentBytes - at), at);
      fsyncSync(fd);
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    } finally {
      closeSync(fd);
    }
    this.#named("segment", number);
  }

  #named(kind: JournalKind, number: number): void {
    const unfinished = this.#unfinished(kind, number);
    try {
      renameSync(unfinished, this.#path(kind, number));
    } catch (error) {
      rmSync(unfinished, { force: true });
      throw error;
    }
    syncFolder(this.#folder);
  }

  #segments(): readonly { readonly number: number }[] {
    return this.#list().filter(({ kind }) => kind === "segment");
  }

  #list(): readonly { readonly kind: JournalKind; readonly number: number }[] {
    return readdirSync(this.#folder)
      .map((name) => NAME.exec(name))
      .filter((match) => match !== null)
      .map(([, kind, number]) => ({ kind: kind === "segment" ? ("segment" as const) : ("snapshot" as const), number: Number(number) }))
      .sort((a, b) => a.number - b.number);
  }

  #path(kind: JournalKind, number: number): string {
    return join(this.#folder, `${kind}-${number}`);
  }

  #unfinished(kind: JournalKind, number: number): string {
    return join(this.#folder, `${UNFINISHED}${kind}-${number}`);
  }
}

/** File systems in memory know no direct writes. */
function openDirect(path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_DIRECT);
  } catch {
    return openSync(path, constants.O_RDWR);
  }
}
