/**
 * The engine of `lan` warms its code up before its fence closes, for speed. It must not be what keeps it alive: behind the fence, a compiler
 * that begins only then asks the kernel for memory, and its threads wait for one another. Here nothing is warm.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** Bursts of 32 datagrams, most of which are answered: the compiler has its work by then. */
const BURSTS = 1000;
const ANSWERED = 32 * BURSTS * 0.9;
/** Each makes V8 do more, and at other times, than it does by itself. */
const FLAGS = ["--always-osr", "--interrupt-budget=1000", "--gc-interval=500", "--stress-incremental-marking", "--concurrent-sparkplug"];
const root = fileURLToPath(new URL("../../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "leasehold-unwarmed-"));
const program = join(folder, "dist/unwarmed.mjs");

before(async () => {
  mkdirSync(join(folder, "dist"));
  symlinkSync(join(root, "native"), join(folder, "native"));
  const entry = fileURLToPath(new URL("unwarmed.ts", import.meta.url));
  await build({ entryPoints: [entry], outfile: program, bundle: true, platform: "node", format: "esm", logLevel: "error" });
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** @param without a call that is taken off the list */
function cold(flags: readonly string[], without: readonly string[] = []): { readonly end: string; readonly answered: number } {
  const journal = mkdtempSync(join(folder, "journal-"));
  const args = [...flags, program, journal, "cold", String(BURSTS), ...without];
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  rmSync(journal, { recursive: true });
  return { end: signal ?? `${status} ${stderr}`, answered: stdout === "" ? 0 : (JSON.parse(stdout) as { answered: number }).answered };
}

for (const flags of [[], ...FLAGS.map((flag) => [flag])])
  test(`an engine that compiles behind its fence lives${flags.length > 0 ? `, with ${flags.join()}` : ""}`, () => {
    const { end, answered } = cold(flags);
    assert.equal(end, "0 ");
    assert.ok(answered > ANSWERED, `${answered} were answered`);
  });

test("control: without brk, with which the C library's heap grows, it is ended by the kernel", () => {
  assert.equal(cold([], ["brk"]).end, "SIGSYS");
});
