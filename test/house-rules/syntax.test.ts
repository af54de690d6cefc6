/** Rules about syntax are biome's, which parses; here stands that its configuration keeps them on. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { ROOT } from "./source.ts";

/** What biome says, with our configuration, of a file that is alone in a house. */
function linted(path: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "leasehold-lint-"));
  try {
    cpSync(join(ROOT, "biome.json"), join(folder, "biome.json"));
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
    const { stdout, stderr, status } = spawnSync(join(ROOT, "node_modules/.bin/biome"), ["lint", path], { cwd: folder, encoding: "utf8" });
    return status === 0 ? "" : `${stdout}${stderr}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const ASSERTING = "export function thing(value: number | undefined): number {\n  return value!;\n}\n";
const PLANTED = [
  { rule: "noDefaultExport", text: "export default function thing(): number {\n  return 1;\n}\n" },
  { rule: "noExplicitAny", text: "export function thing(value: any): unknown {\n  return value;\n}\n" },
  { rule: "noNonNullAssertion", text: ASSERTING },
  { rule: "noEnum", text: "export enum Thing {\n  a = 1,\n}\n" },
  { rule: "noNamespace", text: "export namespace Thing {\n  export const a = 1;\n}\n" },
  { rule: "noParameterProperties", text: "export class Thing {\n  constructor(readonly a: number) {}\n}\n" },
] as const;

for (const { rule, text } of PLANTED) {
  for (const path of ["src/services/planted.ts", "scripts/planted.ts", "test/planted.test.ts"]) {
    test(`a planted violation of ${rule} in ${path} is caught`, () => assert.match(linted(path, text), new RegExp(rule)));
  }
}

test("only the cursor may assert that a byte is there", () => {
  assert.equal(linted("src/base/cursor.ts", ASSERTING), "");
  assert.match(linted("src/base/codec.ts", ASSERTING), /noNonNullAssertion/);
});
