import assert from "node:assert/strict";
import { test } from "node:test";
import { BANS, banned } from "./bans.ts";
import { codeOf, sources } from "./source.ts";

const HOUSE = sources(["src", "scripts", "bench", "test"], [".ts", ".mjs"]);

const PLANTED: Readonly<Record<string, string>> = {
  "Date.now(": "const now = Date.now();",
  "new Date()": "const now = new Date();",
  "performance.now(": "const now = performance.now();",
  "Math.random(": "const x = Math.random();",
  "randomBytes(": "const x = randomBytes(4);",
  "setTimeout(": "setTimeout(() => undefined, 10);",
  "process.env": "const home = process.env.HOME;",
  "reading bytes by index": "const x = buffer.readUInt16BE(4);",
  console: 'console.log("here");',
  eval: 'eval("1");',
  "@ts-ignore": "// @ts-ignore",
};

for (const ban of BANS) {
  test(`${ban.name} stands only where it is at home`, () =>
    assert.deepEqual(
      HOUSE.flatMap((source) => banned(ban)(source)),
      [],
    ));

  test(`a planted ${ban.name} is caught, with its line`, () => {
    const said = banned(ban)({ path: "src/machines/planted.ts", text: `/** Nothing. */\n${PLANTED[ban.name]}\n` });
    assert.equal(said.length, 1);
    assert.match(said[0] ?? "", /^src\/machines\/planted\.ts:2 /);
  });
}

test("words in comments, strings and patterns are no code; what a template computes is", () => {
  const text = 'const a = "Date.now()"; // Date.now()\n/* Date.now() */ const b = /"Date.now()/; const c = `Date.now() ${d}`;\n';
  assert.doesNotMatch(codeOf(text), /Date/);
  assert.match(codeOf("const a = `at ${Date.now()}`; const b = x / 2 / Math.random();"), /Date\.now.*Math\.random/);
  assert.equal(codeOf(text).split("\n").length, text.split("\n").length);
});
