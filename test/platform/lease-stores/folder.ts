/** What main does for the journal, in a scratch folder and at once: opens what is there, makes segments, names snapshots. */
import { closeSync, constants, fsyncSync, openSync, readdirSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { JournalFiles, type JournalKind } from "../../../src/platform/lease-stores/journal-files.ts";
import { AdaptiveWriter, BlockingWriter, type DurableWriter, WriterThread } from "../../../src/platform/lease-stores/writers.ts";
import { applyImage } from "../../../src/services/leases/images.ts";
import { LeaseJournal } from "../../../src/services/leases/journal.ts";
import type { LeaseTable } from "../../../src/services/leases/table.ts";
import type { Recovery } from "../../../src/wire/journal/recover.ts";
import { tableOf } from "../../services/leases/support.ts";

export const STAMP = Uint8Array.from([9, 9, 9, 9, 1, 2, 3, 4]);
/** Two groups of full size: segments turn often. */
export const SEGMENT_BYTES = 524_288;

export type Store = {
  readonly table: LeaseTable;
  readonly journal: LeaseJournal;
  readonly files: JournalFiles;
  readonly told: readonly string[];
  readonly stop: () => Promise<void>;
};
export type Writers = { readonly journal: DurableWriter; readonly snapshot: DurableWriter; readonly close: () => void };

export type WriterKind = "thread" | "blocking" | "adaptive";

/** Writers live until the process ends, so tests share them. */
export const WRITERS: { readonly [K in WriterKind]: () => Writers } = {
  thread: once(() => {
    const [journal, snapshot] = [new WriterThread(), new WriterThread()];
    const close = () => {
      journal.close();
      snapshot.close();
    };
    return { journal, snapshot, close };
  }),
  adaptive: once(() => {
    const [journal, snapshot] = [new WriterThread(), new WriterThread()];
    const close = () => {
      journal.close();
      snapshot.close();
    };
    return { journal: new AdaptiveWriter(journal), snapshot, close };
  }),
  blocking: once(() => ({ journal: new BlockingWriter(), snapshot: new BlockingWriter(), close: () => undefined })),
};

/** Reads the folder as an engine that starts does. @param later how main's answers are put off */
export function openStore(folder: string, writers: Writers, later: (answer: () => void, kind: JournalKind) => void = setImmediate): Store | Recovery {
  const told: string[] = [];
  let stopped = false;
  let snapshots = 0;
  const files: JournalFiles = new JournalFiles(writers, {
    ask: (kind, number) => {
      told.push(`${kind} ${number}`);
      later(() => {
        if (stopped) return;
        if (kind === "snapshot") snapshots++;
        files.fresh(kind, fresh(folder, kind, number));
      }, kind);
    },
    snapshotWritten: (number, firstSegment) => {
      told.push(`snapshot ${number} done, from segment ${firstSegment}`);
      finish(folder, number, firstSegment);
      snapshots--;
    },
    snapshotAbandoned: (number) => {
      told.push(`snapshot ${number} abandoned`);
      rmSync(join(folder, `unfinished-${number}`));
      snapshots--;
    },
  });
  for (const { kind, number, name } of list(folder))
    files.found(kind, { number, fd: openSync(join(folder, name), "r"), bytes: statSync(join(folder, name)).size });
  const table = tableOf();
  const recovery = files.recover((bytes, at, end) => applyImage(table, bytes, at, end));
  if (!recovery.ok) return recovery;
  const journal = new LeaseJournal(table, files.committer, { stamp: recovery.stamp ?? STAMP, sequence: recovery.sequence });
  files.serve(journal);
  /** Main answers no more; what is being written is waited for, since the writers are shared. */
  const stop = async (): Promise<void> => {
    stopped = true;
    while (snapshots > 0) await turn();
  };
  return { table, journal, files, told, stop };
}

export function fresh(folder: string, kind: JournalKind, number: number): { readonly number: number; readonly fd: number; readonly bytes: number } {
  if (kind === "snapshot") return { number, fd: openSync(join(folder, `unfinished-${number}`), "w"), bytes: 0 };
  const path = join(folder, `segment-${number}`);
  const fd = openSync(path, "wx");
  writeSync(fd, new Uint8Array(SEGMENT_BYTES));
  fsyncSync(fd);
  closeSync(fd);
  return { number, fd: openDirect(path), bytes: SEGMENT_BYTES };
}

/** File systems in memory know no direct writes. */
function openDirect(path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_DIRECT);
  } catch {
    return openSync(path, constants.O_RDWR);
  }
}

function finish(folder: string, number: number, firstSegment: number): void {
  renameSync(join(folder, `unfinished-${number}`), join(folder, `snapshot-${number}`));
  for (const { kind, number: old, name } of list(folder))
    if ((kind === "segment" && old < firstSegment) || (kind === "snapshot" && old < number)) rmSync(join(folder, name));
}

export function list(folder: string): readonly { readonly kind: JournalKind; readonly number: number; readonly name: string }[] {
  return readdirSync(folder).flatMap((name) => {
    const [, kind, number] = /^(segment|snapshot)-(\d+)$/.exec(name) ?? [];
    return kind === undefined ? [] : [{ kind: kind === "segment" ? ("segment" as const) : ("snapshot" as const), number: Number(number), name }];
  });
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
