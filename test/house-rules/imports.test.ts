import assert from "node:assert/strict";
import { test } from "node:test";
import { addon, arrows, importsOf, packages, ROOMS, simulator, TYPES_ONLY, WIDER } from "./rooms.ts";
import { type Rule, sources } from "./source.ts";

const HOUSE = sources(["src"], [".ts"]);

function holds(rule: Rule): void {
  assert.deepEqual(
    HOUSE.flatMap((source) => rule(source)),
    [],
  );
}

function catches(rule: Rule, path: string, text: string): void {
  assert.notDeepEqual(rule({ path, text }), [], `${path}: ${text} went unseen`);
}

test("rooms are entered only along the arrows", () => holds(arrows));
test("packages stay in the rooms that were given them, and deciding rooms use nothing of Node's", () => holds(packages));
test("only platform loads the addon", () => holds(addon));
test("the simulator never ships", () => holds(simulator));

test("every folder of src is a room in the table", () => {
  const folders = new Set(HOUSE.map(({ path }) => path.split("/")[1]));
  assert.deepEqual(
    [...folders].filter((folder) => folder !== undefined && ROOMS[folder] === undefined),
    [],
  );
});

test("no room reaches itself along the arrows", () => {
  const reached = (room: string): readonly string[] => [...new Set((ROOMS[room] ?? []).flatMap((next) => [next, ...reached(next)]))];
  for (const room of Object.keys(ROOMS)) assert.ok(!reached(room).includes(room), room);
});

test("a planted import against every missing arrow is caught", () => {
  for (const from of Object.keys(ROOMS)) {
    for (const to of Object.keys(ROOMS)) {
      const text = `import { thing } from "../${to}/thing.ts";\n`;
      const allowed = from === to || to === "base" || (ROOMS[from] ?? []).includes(to);
      assert.equal(arrows({ path: `src/${from}/planted.ts`, text }).length, allowed ? 0 : 1, `${from} -> ${to}`);
    }
  }
});

test("an arrow for types carries no code", () => {
  for (const [from, rooms] of Object.entries(TYPES_ONLY)) {
    for (const to of rooms) {
      assert.deepEqual(arrows({ path: `src/${from}/planted.ts`, text: `import type { Thing } from "../${to}/thing.ts";\n` }), []);
      catches(arrows, `src/${from}/planted.ts`, `import { type Thing, thing } from "../${to}/thing.ts";\n`);
    }
  }
});

test("a wider way is open to its own files only", () => {
  for (const { from, to } of WIDER) {
    const room = from.split("/")[1] ?? "";
    const target = to.endsWith("/") ? `${to}thing.ts` : to;
    const text = `import { thing } from "../${target.slice("src/".length)}";\n`;
    catches(arrows, `src/${room}/planted.ts`, text);
  }
});

test("imports are seen over several lines, without names, again exported and as calls", () => {
  const text =
    'import {\n  a,\n  type B,\n} from "./one.ts";\nimport "./two.ts";\nexport * from "./three.ts";\nexport type { C } from "./four.ts";\nconst d = await import("./five.ts");\n';
  assert.deepEqual(importsOf({ path: "src/base/x.ts", text }), [
    { specifier: "./one.ts", typeOnly: false },
    { specifier: "./two.ts", typeOnly: false },
    { specifier: "./three.ts", typeOnly: false },
    { specifier: "./four.ts", typeOnly: true },
    { specifier: "./five.ts", typeOnly: false },
  ]);
});

test("a planted package, a planted module of Node's, a planted addon and a planted simulator are caught", () => {
  catches(packages, "src/roles/engine-uplink4.ts", 'import pino from "pino";\n');
  catches(packages, "src/services/planted.ts", 'import { readFileSync } from "node:fs";\n');
  catches(packages, "src/config/planted.ts", 'import { Hono } from "hono/tiny";\n');
  catches(addon, "src/roles/planted.ts", 'const sys = require("../native/build/leasehold.node");\n');
  catches(simulator, "src/cli/planted.ts", 'import { World } from "../sim/world.ts";\n');
});
