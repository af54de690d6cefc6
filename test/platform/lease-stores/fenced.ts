/**
 * The engine's part of the journal behind the filter of its profile: threads first, then the fence, then files that were
 * opened before it. The first statement behind the fence that asks the kernel for more ends the process.
 */
import { openSync, statSync } from "node:fs";
import { join } from "node:path";
import { buildFilter } from "../../../src/platform/fence/bpf.ts";
import { PROFILES } from "../../../src/platform/fence/profiles.ts";
import { ownArchitecture } from "../../../src/platform/fence/syscalls.ts";
import { warmUp } from "../../../src/platform/fence/warm.ts";
import { JournalFiles } from "../../../src/platform/lease-stores/journal-files.ts";
import { WriterThread } from "../../../src/platform/lease-stores/writers.ts";
import { check, ERRNO, native, OPEN, SECCOMP } from "../../../src/platform/native.ts";
import { applyImage, IMAGE_BYTES, writeImage } from "../../../src/services/leases/images.ts";
import { LeaseJournal } from "../../../src/services/leases/journal.ts";
import { insert, nthLease, tableOf } from "../../services/leases/support.ts";
import { fresh, list, STAMP } from "./folder.ts";

const folder = process.argv[2] ?? "";
const found = list(folder).map(({ kind, number, name }) => ({
  kind,
  file: { number, fd: openSync(join(folder, name), "r"), bytes: statSync(join(folder, name)).size },
}));
const number = 1 + Math.max(0, ...found.map(({ file }) => file.number));
const segment = fresh(folder, "segment", number);
const snapshot = fresh(folder, "snapshot", number);
const writers = { journal: new WriterThread(), snapshot: new WriterThread() };

const { rules, threadPool } = PROFILES["engine+journal"];
warmUp({ threadPool });
const filter = buildFilter({ rules, architecture: ownArchitecture(), pid: process.pid });
check(native().noNewPrivs(), "prctl");
check(native().seccomp(filter, SECCOMP.tsync), "seccomp");
if (native().open(folder, OPEN.read, 0) !== -ERRNO.EACCES) throw new Error("the fence does not stand");

const table = tableOf();
const files = new JournalFiles(writers, { ask: () => undefined, snapshotWritten: () => undefined, snapshotAbandoned: () => undefined });
for (const { kind, file } of found) files.found(kind, file);
const recovery = files.recover((bytes, at, end) => applyImage(table, bytes, at, end));
if (!recovery.ok) throw new Error(JSON.stringify(recovery));
const before = table.count;
const journal = new LeaseJournal(table, files.committer, { stamp: recovery.stamp ?? STAMP, sequence: recovery.sequence, checksum: native().crc32c });
files.serve(journal);
files.fresh("segment", segment);

const image = new Uint8Array(IMAGE_BYTES);
let made = 0;
function bindOne(): void {
  if (made === 50) return writeSnapshot();
  const row = insert(table, nthLease(before + made++));
  if (typeof row !== "number" || !journal.append(image, 0, writeImage(table, row, image, 0))) throw new Error(`${row}`);
  journal.settled(bindOne);
}

function writeSnapshot(): void {
  const source = journal.snapshot();
  let place = 0;
  const part = (): void => {
    const bytes = source.fill(writers.snapshot.pages);
    if (bytes === 0) {
      console.log(`fenced: found ${before} leases, made ${made}, snapshot of ${table.count} written`);
      process.exit(0);
    }
    writers.snapshot.write(snapshot.fd, bytes, place, () => {
      place += bytes;
      part();
    });
  };
  part();
}

bindOne();
