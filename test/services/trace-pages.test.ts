import assert from "node:assert/strict";
import { test } from "node:test";
import { TracePages } from "../../src/services/trace-pages.ts";

const long = (name: string): readonly string[] => Array.from({ length: 9 }, (_, i) => `${name}${i}`.padEnd(10_000, "."));

/** Reads a recording page by page, and tells how many pages there were. */
function* read(pages: TracePages, name: string): Generator<readonly string[]> {
  for (let after: number | null = 0; after !== null; ) {
    const page: ReturnType<TracePages["page"]> = pages.page(name, after);
    assert.ok(page !== null);
    yield page.lines;
    after = page.next;
  }
}

test("a recording that is given away once is read to its end, although another one is read at the same time", () => {
  const left = new Map(["a", "b"].map((name) => [name, long(name)]));
  const pages = new TracePages((name) => {
    const lines = left.get(name);
    left.delete(name);
    return lines;
  });
  const [first, second] = [read(pages, "a"), read(pages, "b")];
  const told: string[][] = [[], []];
  for (let turn = 0; turn < 6; turn++) for (const [i, one] of [first, second].entries()) told[i]?.push(...(one.next().value ?? []));
  assert.deepEqual(told, [long("a"), long("b")]);
  assert.equal(pages.page("a", 0), null, "it was given away");
});

test("a page holds one line at least, and what nobody traces has none", () => {
  const pages = new TracePages((name) => (name === "huge" ? ["x".repeat(100_000), "y"] : undefined));
  assert.deepEqual(
    [...read(pages, "huge")].map((lines) => lines.length),
    [1, 1],
  );
  assert.equal(pages.page("none", 0), null);
});

test("recordings that are read half and left do not pile up", () => {
  let taken = 0;
  const pages = new TracePages((name) => {
    taken++;
    return long(name);
  });
  for (const name of ["a", "b", "c", "d", "e"]) pages.page(name, 0);
  pages.page("e", 3);
  assert.equal(taken, 5, "the last one is still there");
  pages.page("a", 3);
  assert.equal(taken, 6, "the first one was let go");
});
