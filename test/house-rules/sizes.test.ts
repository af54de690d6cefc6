import assert from "node:assert/strict";
import { test } from "node:test";
import { HARD_LINES, LONGER, size, TEST_LINES, USUAL_LINES } from "./sizes.ts";
import { read, sources } from "./source.ts";

const HOUSE = sources(["src", "scripts", "bench", "test", "native"], [".ts", ".mjs", ".c", ".h"]).filter(
  ({ path }) => !path.startsWith("bench/tools/"),
);

test("a file has one noun and a bounded number of lines", () => {
  assert.deepEqual(
    HOUSE.flatMap((source) => size(source)),
    [],
  );
});

test("a file is listed as longer only while it is, with a reason", () => {
  for (const [path, reason] of Object.entries(LONGER)) {
    assert.ok(reason.length > 20, `${path} has no reason`);
    assert.ok(read(path).text.split("\n").length > USUAL_LINES, `${path} has shrunk: take it off the list`);
  }
});

test("a planted file of one line too many is caught", () => {
  const lines = (count: number): string => "x\n".repeat(count);
  assert.deepEqual(size({ path: "src/base/planted.ts", text: lines(USUAL_LINES) }), []);
  assert.equal(size({ path: "src/base/planted.ts", text: lines(USUAL_LINES + 1) }).length, 1);
  assert.equal(size({ path: "test/planted.test.ts", text: lines(TEST_LINES + 1) }).length, 1);
  assert.ok(USUAL_LINES < HARD_LINES && HARD_LINES < TEST_LINES);
});
