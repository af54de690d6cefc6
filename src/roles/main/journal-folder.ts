/** The files of the lease journal: segments made whole before they are handed out, snapshots that get their name when they are done. */
import { closeSync, constants, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { syncFolder } from "./state-folder.ts";

export type JournalKind = "segment" | "snapshot";
export type JournalFile = { readonly kind: JournalKind; readonly number: number; readonly bytes: number; readonly descriptor: number };

/** Zeros written beforehand: overwriting them moves no metadata, so a sync costs one write of the disk. */
const SEGMENT_BYTES = 16 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;
const NAME = /^(segment|snapshot)-(\d{1,15})$/;

export class JournalFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** The newest snapshot and every segment, opened for reading, in the order they are to be read. The receiver closes them. */
  open(): readonly JournalFile[] {
    const files = this.#list();
    const snapshot = files.filter(({ kind }) => kind === "snapshot").at(-1);
    const segments = files.filter(({ kind }) => kind === "segment");
    return [...(snapshot === undefined ? [] : [snapshot]), ...segments].map(({ kind, number }) => {
      const path = this.#path(kind, number);
      return { kind, number, bytes: statSync(path).size, descriptor: openSync(path, "r") };
    });
  }

  /** A new file, open for writing past the page cache where the file system can. */
  fresh(kind: JournalKind, number: number): JournalFile {
    if (kind === "snapshot") return { kind, number, bytes: 0, descriptor: openSync(this.#unfinished(number), "w", 0o600) };
    const path = this.#path(kind, number);
    const fd = openSync(path, "wx", 0o600);
    try {
      const zeros = new Uint8Array(CHUNK_BYTES);
      for (let at = 0; at < SEGMENT_BYTES; at += CHUNK_BYTES) writeSync(fd, zeros, 0, CHUNK_BYTES, at);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    syncFolder(this.#folder);
    return { kind, number, bytes: SEGMENT_BYTES, descriptor: openDirect(path) };
  }

  /** The snapshot of that number is whole and on disk: it takes its name, and what it stands for goes. */
  finish(number: number, firstSegment: number): void {
    renameSync(this.#unfinished(number), this.#path("snapshot", number));
    syncFolder(this.#folder);
    for (const { kind, number: old } of this.#list())
      if ((kind === "segment" && old < firstSegment) || (kind === "snapshot" && old < number)) rmSync(this.#path(kind, old));
    syncFolder(this.#folder);
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

  #unfinished(number: number): string {
    return join(this.#folder, `unfinished-${number}`);
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
