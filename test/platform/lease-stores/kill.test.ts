/** A process killed in mid-load: no lease that was answered for is lost, and none that was given up comes back. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { LeaseTable } from "../../../src/services/leases/table.ts";
import { bytesOf, nthLease } from "../../services/leases/support.ts";
import { list, openStore, WRITERS } from "./folder.ts";

/** Fewer than the load keeps, by more than two groups can hold. */
const SURE = 2000;
const LOAD = fileURLToPath(new URL("load.ts", import.meta.url));

/** Runs the load until it has said so many changes, kills it, and returns all that it said. */
async function killedAfter(changes: number, folder: string, writer: string, honesty: string): Promise<readonly string[]> {
  const child = spawn(process.execPath, ["--import", "tsx", LOAD, folder, writer, honesty], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  let lines = 0;
  child.stdout.setEncoding("latin1");
  child.stdout.on("data", (text: string) => {
    said += text;
    lines += text.split("\n").length - 1;
    if (lines >= changes) child.kill("SIGKILL");
  });
  const signal = await new Promise((resolve) => child.once("close", (_, by) => resolve(by)));
  assert.equal(signal, "SIGKILL", "the load runs until it is killed");
  return said.slice(0, said.lastIndexOf("\n")).split("\n");
}

/** What was said and is not so: a lease that is not there, or one that was given up and is. */
function broken(table: LeaseTable, said: readonly string[]): readonly string[] {
  const last = new Map(said.map((line) => [line.slice(1), line]));
  return [...last.values()].filter((line) => {
    const held = table.findAddress(bytesOf(nthLease(Number(line.slice(1))).address), 0, 128) !== -1;
    // A lease may have been given up on disk, and nobody lived to say it: the newest are sure to be held.
    return line.startsWith("+") ? !held && Number(line.slice(1)) > newest(said) - SURE : held;
  });
}

function newest(said: readonly string[]): number {
  return said.reduce((most, line) => Math.max(most, line.startsWith("+") ? Number(line.slice(1)) : 0), 0);
}

async function inScratch(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "leasehold-journal-"));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const writer of ["thread", "adaptive"] as const) {
  test(`${writer}: killed in mid-load, over segments and snapshots, twice: what was said is so`, () =>
    inScratch(async (folder) => {
      const first = await killedAfter(30_000, folder, writer, "honest");
      assert.ok(
        list(folder).some(({ kind }) => kind === "snapshot"),
        "it ran long enough for a snapshot",
      );
      const second = await killedAfter(5000, folder, writer, "honest");
      const store = openStore(folder, WRITERS.blocking(), () => undefined);
      assert.ok("table" in store, JSON.stringify(store));
      assert.deepEqual(
        broken(
          store.table,
          first.filter((line) => line.startsWith("-")),
        ),
        [],
      );
      assert.deepEqual(broken(store.table, second), []);
    }));
}

test("a program that answers before it writes is found out by the same check", async () => {
  let lost = 0;
  for (let run = 0; run < 5 && lost === 0; run++)
    await inScratch(async (folder) => {
      const said = await killedAfter(3000, folder, "thread", "early");
      const store = openStore(folder, WRITERS.blocking(), () => undefined);
      assert.ok("table" in store, JSON.stringify(store));
      lost = broken(store.table, said).length;
    });
  assert.ok(lost > 0);
});
