/** What targets have in common: where samples come from, and what may come of an input. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { WireError } from "../../src/base/errors.ts";
import { bytesOf } from "../../src/base/hex.ts";

/** A value, or the code of a `WireError`; anything else that is thrown is a finding. */
export function refusedOr(read: () => void): string {
  try {
    read();
    return "value";
  } catch (error) {
    if (error instanceof WireError) return error.code;
    throw error;
  }
}

/** What was read survives being written and read again. A refusal there is no refusal but a finding. */
export function stable<T>(value: T, again: (value: T) => T, shown: (value: T) => unknown = (same) => same): void {
  let second: T;
  try {
    second = again(value);
  } catch (error) {
    assert.fail(`written again it is refused: ${String(error)}`);
  }
  assert.deepEqual(shown(second), shown(value));
}

/** Golden bytes of the repository: text in `fixtures/KIND/*.hex`. */
export function fixtures(kind: string): readonly Uint8Array[] {
  const folder = new URL(`../../fixtures/${kind}/`, import.meta.url);
  return readdirSync(folder)
    .filter((name) => name.endsWith(".hex"))
    .map((name) => bytesOf(readFileSync(new URL(name, folder), "utf8")));
}
