/** What the system refuses main is told to the engine, and never an exception that ends the program. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { KernelError } from "../../src/base/errors.ts";
import { Retries, systemFailure } from "../../src/roles/main/failures.ts";
import { attempt, type Tools } from "../../src/roles/main/office.ts";
import { handRecords, keepRecord } from "../../src/roles/main/records.ts";
import { StateFolder } from "../../src/roles/main/state-folder.ts";
import { Counters } from "../../src/services/counters.ts";
import { withScratch, writeIn } from "../support/scratch.ts";

type Sent = { readonly name: string; readonly body: Readonly<Record<string, unknown>> };
function toolsOf(): { readonly tools: Tools; readonly sent: Sent[]; readonly logged: string[]; readonly refused: Counters } {
  const [sent, logged, refused] = [[] as Sent[], [] as string[], new Counters()];
  const connection = {
    send: (name: string, body: Sent["body"]) => {
      sent.push({ name, body });
      return true;
    },
  };
  const tools = {
    refused,
    children: { to: () => connection },
    log: { write: (_level: string, event: string, fields: { readonly error?: string }) => logged.push(`${event} ${fields.error ?? ""}`) },
    generation: () => 1,
  } as unknown as Tools;
  return { tools, sent, logged, refused };
}
const RECORD = '{"version":1}\n';
const message = (kind: "saveLease" | "forgetLease", name = "wan0") =>
  ({ kind, generation: 1, descriptors: [], body: { name, record: new TextEncoder().encode(RECORD) } }) as Parameters<typeof keepRecord>[2];

test("a record is kept, handed over and forgotten", () =>
  withScratch(async (scratch) => {
    const { tools, sent, refused } = toolsOf();
    const path = join(scratch, "records");
    const folder = new StateFolder(path);
    const office = { engine: "engine-lan", folder, interfaces: new Set(["wan0"]) } as const;
    keepRecord(tools, office, message("saveLease"));
    assert.equal(readFileSync(join(path, "wan0.json"), "utf8"), RECORD);
    handRecords(tools, "engine-lan", folder, ["wan0", "wan1"]);
    assert.deepEqual(
      sent.map(({ name, body }) => [name, body["name"], new TextDecoder().decode(body["record"] as Uint8Array)]),
      [["storedLease", "wan0", RECORD]],
    );
    keepRecord(tools, office, message("forgetLease"));
    keepRecord(tools, office, message("forgetLease"));
    assert.deepEqual(readdirSync(path), []);
    keepRecord(tools, office, message("saveLease", "lan0"));
    assert.deepEqual([readdirSync(path), refused.toJSON()], [[], { "saveLease.name": 1 }]);
  }));

test("a record that cannot be written is logged and told to the engine, and the one of before stays whole", () =>
  withScratch(async (scratch) => {
    const { tools, sent, logged } = toolsOf();
    const path = join(scratch, "records");
    const folder = new StateFolder(path);
    writeIn(path, "wan0.json/in-the-way", "");
    keepRecord(tools, { engine: "engine-lan", folder, interfaces: new Set(["wan0"]) }, message("saveLease"));
    assert.deepEqual(sent, [{ name: "kernelFailed", body: { name: "wan0", what: "saveLease", errno: 21 } }]);
    assert.match(logged.join(), /kernelRefused EISDIR/);
    assert.deepEqual(readdirSync(path), ["wan0.json"], "nothing half-written is left");
  }));

test("a folder that vanished ends nothing", () =>
  withScratch(async (scratch) => {
    const { tools, sent } = toolsOf();
    const path = join(scratch, "records");
    const folder = new StateFolder(path);
    rmSync(path, { recursive: true });
    const office = { engine: "engine-lan", folder, interfaces: new Set(["wan0"]) } as const;
    keepRecord(tools, office, message("saveLease"));
    keepRecord(tools, office, message("forgetLease"));
    handRecords(tools, "engine-lan", folder, ["wan0"]);
    assert.deepEqual(
      sent.map(({ body }) => [body["what"], body["errno"]]),
      [
        ["saveLease", 2],
        ["forgetLease", 2],
        ["storedLease", 2],
      ],
    );
    mkdirSync(path);
  }));

test("an attempt: kernel and file system are the system's, and an error of our own is not hidden", () => {
  const { tools, sent } = toolsOf();
  const tried = (error: unknown): boolean =>
    attempt(tools, "engine-lan", { what: "test" }, () => {
      throw error;
    });
  assert.equal(
    attempt(tools, "engine-lan", { what: "test" }, () => undefined),
    true,
  );
  assert.equal(tried(new KernelError("bind", 98)), false);
  assert.deepEqual(sent, [{ name: "kernelFailed", body: { name: "", what: "test", errno: 98 } }]);
  assert.throws(() => tried(new TypeError("ours")), TypeError);
  assert.equal(systemFailure(new Error("ours")), undefined);
  assert.equal(systemFailure("text"), undefined);
});

test("what is to be tried again is tried once a kind, and not for one who is gone", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const retries = new Retries();
  const tried: string[] = [];
  retries.later("segment", () => tried.push("first"));
  retries.later("segment", () => tried.push("second"));
  retries.later("snapshot", () => tried.push("third"));
  assert.ok(retries.waits("segment"));
  context.mock.timers.tick(60_000);
  assert.deepEqual(tried, ["first", "third"]);
  assert.ok(!retries.waits("segment"));
  retries.later("segment", () => tried.push("fourth"));
  retries.forget();
  assert.ok(!retries.waits("segment"));
  context.mock.timers.tick(60_000);
  assert.deepEqual(tried, ["first", "third"]);
  context.mock.timers.reset();
  await delay(0);
});
