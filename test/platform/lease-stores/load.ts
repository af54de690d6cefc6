/**
 * A program that leases and releases as fast as its disk lets it, and prints a line for each change once it is durable:
 * until somebody kills it. With `early` it prints before it writes, which the test must notice.
 *
 *   load.ts FOLDER thread|adaptive honest|early
 */
import { writeSync } from "node:fs";
import { IMAGE_BYTES, writeImage, writeRemoval } from "../../../src/services/leases/images.ts";
import { bytesOf, insert, nthLease } from "../../services/leases/support.ts";
import { openStore, WRITERS } from "./folder.ts";

const [folder = "", kind = "", honesty = ""] = process.argv.slice(2);
const store = openStore(folder, WRITERS[kind === "thread" ? "thread" : "adaptive"]());
if (!("table" in store)) throw new Error(JSON.stringify(store));
const { table, journal } = store;
const image = new Uint8Array(IMAGE_BYTES);
const PER_TURN = 20;
/** A lease is released when so many later ones were made: the table does not grow for ever, and snapshots pay. */
const KEPT = 5000;
let n = table.count === 0 ? 0 : 1_000_000;

function turn(): void {
  const lines: string[] = [];
  for (let i = 0; i < PER_TURN; i++, n++) {
    const row = insert(table, { ...nthLease(n), identifier: n % 5 === 0 ? "ee".repeat(60) : nthLease(n).identifier });
    if (typeof row !== "number" || !journal.append(image, 0, writeImage(table, row, image, 0))) throw new Error(`no room for ${n}: ${row}`);
    lines.push(`+${n}`);
    const old = n < KEPT ? -1 : table.findAddress(bytesOf(nthLease(n - KEPT).address), 0, 128);
    if (old === -1) continue;
    if (!journal.append(image, 0, writeRemoval(table, old, image, 0))) throw new Error("no room");
    table.remove(old);
    lines.push(`-${n - KEPT}`);
  }
  const say = (): void => void writeSync(1, `${lines.join("\n")}\n`);
  if (honesty === "early") say();
  journal.settled(() => {
    if (honesty !== "early") say();
  });
  if (journal.room > 100_000) setImmediate(turn);
  else journal.settled(() => setImmediate(turn));
}

turn();
