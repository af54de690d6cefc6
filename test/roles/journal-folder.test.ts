/** The journal's files as main keeps them: only what is next is made, what is in use stays, and what a crash left goes. */
import assert from "node:assert/strict";
import { closeSync, existsSync, readdirSync, readFileSync, readSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { LIMITS } from "../../src/base/limits.ts";
import { JournalFolder, type JournalKind } from "../../src/roles/main/journal-folder.ts";
import { withScratch, writeIn } from "../support/scratch.ts";

function story(title: string, tell: (folder: string) => void, files: Readonly<Record<string, string>> = {}): void {
  test(title, () =>
    withScratch(async (scratch) => {
      const folder = join(scratch, "lan");
      for (const [name, text] of Object.entries(files)) writeIn(folder, name, text, 0o600);
      tell(folder);
    }),
  );
}
const names = (folder: string): readonly string[] => readdirSync(folder).sort();
function told(journal: JournalFolder): readonly string[] {
  return journal.open().map(({ kind, number, bytes, descriptor }) => {
    closeSync(descriptor);
    return `${kind}-${number} ${bytes}`;
  });
}
function made(journal: JournalFolder, kind: JournalKind, number: number, content = ""): void {
  const { descriptor } = journal.fresh(kind, number);
  if (content !== "") writeSync(descriptor, content);
  closeSync(descriptor);
}

story(
  "files are handed over in the order they are to be read: the newest snapshot, then segments by number",
  (folder) => {
    const journal = new JournalFolder(folder);
    assert.deepEqual(told(journal), ["snapshot-2 3", "segment-2 1", "segment-10 2"]);
  },
  { "segment-10": "bb", "segment-2": "a", "snapshot-1": "s", "snapshot-2": "sss", notes: "not ours" },
);

story(
  "they can be read and not written",
  (folder) => {
    const [file] = new JournalFolder(folder).open();
    const descriptor = file?.descriptor ?? -1;
    assert.equal(readSync(descriptor, Buffer.alloc(4)), 3);
    assert.throws(() => writeSync(descriptor, "x"), /EBADF/);
    closeSync(descriptor);
  },
  { "segment-1": "abc" },
);

story("folder and files are its owner's alone", (folder) => {
  const journal = new JournalFolder(folder);
  made(journal, "segment", 1);
  made(journal, "snapshot", 1);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  for (const name of names(folder)) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
});

story("a fresh segment is all zeros and of its full size, and has its name when it is handed out", (folder) => {
  const { descriptor, bytes } = new JournalFolder(folder).fresh("segment", 1);
  closeSync(descriptor);
  const content = readFileSync(join(folder, "segment-1"));
  assert.equal(bytes, LIMITS.segmentBytes);
  assert.equal(content.length, LIMITS.segmentBytes);
  assert.ok(content.every((byte) => byte === 0));
  assert.deepEqual(names(folder), ["segment-1"]);
});

story(
  "only the next number is made: none that is there, none before it, none far away",
  (folder) => {
    const journal = new JournalFolder(folder);
    for (const number of [0, 1, 4, 5, 7, -1, 2 ** 53 - 1, Number.NaN])
      assert.equal(journal.freshRefusal("segment", number), "number", String(number));
    for (const number of [0, 3, 5, -1, 2 ** 53 - 1]) assert.equal(journal.freshRefusal("snapshot", number), "number", String(number));
    assert.equal(journal.freshRefusal("segment", 6), undefined);
    assert.equal(journal.freshRefusal("snapshot", 4), undefined);
    made(journal, "segment", 6);
    assert.equal(journal.freshRefusal("segment", 6), "number", "a second time");
    assert.equal(journal.freshRefusal("segment", 7), undefined);
  },
  { "segment-4": "", "segment-5": "", "snapshot-3": "" },
);

const FULL = Object.fromEntries(Array.from({ length: LIMITS.journalSegments }, (_, i) => [`segment-${i + 1}`, ""]));
story(
  "as many segments as there may be: the next is refused until a snapshot has relieved them",
  (folder) => {
    const journal = new JournalFolder(folder);
    const next = LIMITS.journalSegments + 1;
    assert.equal(journal.freshRefusal("segment", next), "count");
    made(journal, "snapshot", 1, "s");
    journal.finish(1, 3);
    assert.equal(journal.freshRefusal("segment", next), undefined);
  },
  FULL,
);

story("one snapshot is written at a time", (folder) => {
  const journal = new JournalFolder(folder);
  made(journal, "snapshot", 1);
  assert.equal(journal.freshRefusal("snapshot", 1), "count");
  assert.equal(journal.freshRefusal("snapshot", 2), "number");
  journal.finish(1, 0);
  assert.equal(journal.freshRefusal("snapshot", 2), undefined);
});

story(
  "a finished snapshot takes the place of the one before and of segments it stands for, and of nothing else",
  (folder) => {
    const journal = new JournalFolder(folder);
    made(journal, "snapshot", 2, "new");
    assert.deepEqual(names(folder), ["notes", "segment-3", "segment-4", "segment-5", "snapshot-1", "unfinished-snapshot-2"]);
    journal.finish(2, 4);
    assert.deepEqual(names(folder), ["notes", "segment-4", "segment-5", "snapshot-2"]);
    assert.equal(readFileSync(join(folder, "snapshot-2"), "utf8"), "new");
  },
  { "segment-3": "", "segment-4": "", "segment-5": "", "snapshot-1": "old", notes: "not ours" },
);

story(
  "a snapshot that was never opened is not finished, and none twice",
  (folder) => {
    const journal = new JournalFolder(folder);
    for (const number of [0, 1, 2, 2 ** 53 - 1]) assert.equal(journal.finishRefusal(number, 1), "number");
    made(journal, "snapshot", 2);
    for (const number of [0, 1, 3]) assert.equal(journal.finishRefusal(number, 1), "number");
    assert.equal(journal.finishRefusal(2, 1), undefined);
    journal.finish(2, 1);
    assert.equal(journal.finishRefusal(2, 1), "number");
  },
  { "snapshot-1": "", "segment-1": "" },
);

story(
  "a snapshot removes no segment that came after it was opened, nor the one that was then the newest",
  (folder) => {
    const journal = new JournalFolder(folder);
    made(journal, "snapshot", 1);
    made(journal, "segment", 3);
    for (const first of [3, 4, 2 ** 53 - 1]) assert.equal(journal.finishRefusal(1, first), "firstSegment", String(first));
    assert.equal(journal.finishRefusal(1, 2), undefined);
    journal.finish(1, 2);
    assert.deepEqual(names(folder), ["segment-2", "segment-3", "snapshot-1"]);
  },
  { "segment-1": "", "segment-2": "" },
);

story(
  "what a crash left unfinished is gone at the start, and again when a new engine comes",
  (folder) => {
    const journal = new JournalFolder(folder);
    assert.deepEqual(names(folder), ["segment-1"]);
    made(journal, "snapshot", 1, "half");
    assert.deepEqual(told(journal), ["segment-1 1"]);
    assert.deepEqual(names(folder), ["segment-1"]);
    assert.equal(journal.freshRefusal("snapshot", 1), undefined, "the new engine asks for the same");
  },
  { "segment-1": "a", "unfinished-snapshot-7": "half", "unfinished-segment-2": "half" },
);

story("a new engine asks for the segment behind the last that the one before was given", (folder) => {
  const journal = new JournalFolder(folder);
  made(journal, "segment", 1);
  told(journal);
  assert.equal(journal.freshRefusal("segment", 1), "number");
  assert.equal(journal.freshRefusal("segment", 2), undefined);
});

story("what cannot be named leaves nothing behind and is as if it had not been", (folder) => {
  const journal = new JournalFolder(folder);
  writeIn(folder, "segment-1/in-the-way", "");
  assert.throws(() => journal.fresh("segment", 1), /EISDIR|ENOTEMPTY|EEXIST|ENOTDIR/);
  assert.ok(!existsSync(join(folder, "unfinished-segment-1")));
  assert.equal(journal.freshRefusal("segment", 1), undefined, "it may be tried again");
});

story("a snapshot that vanished is an error once; the next one is made", (folder) => {
  const journal = new JournalFolder(folder);
  made(journal, "snapshot", 1);
  writeFileSync(join(folder, "segment-1"), "");
  assert.equal(new JournalFolder(folder).freshRefusal("snapshot", 1), undefined); // takes the unfinished one away
  assert.throws(() => journal.finish(1, 1), /ENOENT/);
  assert.deepEqual(names(folder), ["segment-1"], "nothing goes that a snapshot does not stand for");
  assert.equal(journal.freshRefusal("snapshot", 2), undefined);
});
