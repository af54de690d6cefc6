import assert from "node:assert/strict";
import { test } from "node:test";
import { partsOf } from "../../scripts/verification-table.ts";
import { WIRE_CODES } from "../../src/base/errors.ts";
import { commands, documents, headings, links } from "./documents.ts";
import { read } from "./source.ts";

const errorHeadings = headings(WIRE_CODES, "WIRE_CODES");

test("every error code is explained in docs/errors.md, and no other is", () => assert.deepEqual(errorHeadings(read("docs/errors.md")), []));

test("a code without heading, a heading without code and a heading twice are caught", () => {
  const all = WIRE_CODES.map((code) => `## ${code}\n`).join("\n");
  assert.deepEqual(errorHeadings({ path: "docs/errors.md", text: all }), []);
  assert.equal(errorHeadings({ path: "docs/errors.md", text: all.replace("## trailing\n", "") }).length, 1);
  assert.equal(errorHeadings({ path: "docs/errors.md", text: `${all}\n## planted\n` }).length, 1);
  assert.equal(errorHeadings({ path: "docs/errors.md", text: `${all}\n## truncated\n` }).length, 1);
});

test("every link between documents and into the code leads somewhere", () => {
  assert.deepEqual(
    documents(read).flatMap((document) => links(document)),
    [],
  );
});

test("a planted link to nowhere is caught, and so is one to a heading that is not there", () => {
  assert.equal(links({ path: "docs/planted.md", text: "see [there](../src/base/nowhere.ts)" }).length, 1);
  assert.equal(links({ path: "docs/planted.md", text: "# Here\nsee [there](#nowhere)" }).length, 1);
  assert.deepEqual(links({ path: "docs/planted.md", text: "# Here\n[a](#here) [b](../src/base/errors.ts) [c](https://example.net/)" }), []);
});

test("every row of docs/verification.md has a command", () => assert.deepEqual(commands(partsOf(read("docs/verification.md").text)), []));

test("a planted row without a command is caught", () => {
  const table =
    "## planted\n\n| point | command | figure | commit | status |\n|---|---|---|---|---|\n| a | `true` | - | - | - |\n| b | by hand | - | - | - |\n";
  assert.equal(commands(partsOf(table)).length, 1);
  assert.deepEqual(partsOf(table).get("planted")?.[0]?.command, "true");
});
