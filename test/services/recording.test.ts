import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { dhcp4Client } from "../../src/machines/dhcp4-client/client.ts";
import type { ClientEvent, ClientState } from "../../src/machines/dhcp4-client/state.ts";
import { decodeRecording, decodeValue, encodeRecording, encodeValue, RecordingError, recordingOf, replay } from "../../src/services/recording.ts";
import { simulate } from "../../src/sim/world.ts";

const stormy = recorded();

function recorded(): string {
  const world = simulate({
    seed: 4,
    clients: 1,
    minutes: 60,
    faults: ["loss", "carrier", "provider", "renumber", "hardwareAddress"],
    provider: { leaseSeconds: 60 },
  });
  world.run();
  const [gateway] = world.gateways;
  const recording = recordingOf(dhcp4Client.name, gateway?.uplink?.recorded() ?? []);
  assert.ok(recording !== undefined && recording.steps.length > 50);
  return encodeRecording(recording);
}

const changedAt = (text: string, line: number, change: (line: string) => string): string =>
  text
    .split("\n")
    .map((one, i) => (i === line ? change(one) : one))
    .join("\n");

function replayed(text: string): number | undefined {
  return replay(dhcp4Client, decodeRecording<ClientState, ClientEvent>(text)).differs?.step;
}

test("a recording of an hour with faults replays bit for bit", () => {
  assert.equal(replayed(stormy), undefined);
});

test("reading a recording and writing it again gives the same file", () => {
  assert.equal(encodeRecording(decodeRecording(stormy)), stormy);
});

test("control: one changed digit of a digest is found, at its step", () => {
  const text = changedAt(stormy, 7, (line) => line.replace(/"digest":"(.)/, (_, digit: string) => `"digest":"${digit === "0" ? "1" : "0"}`));
  assert.equal(replayed(text), 7);
});

test("control: one changed digit of a recorded event is found at its step", () => {
  const line = stormy.split("\n").findIndex((one) => one.includes('"messageType":"ack"'));
  assert.ok(line > 0);
  const text = changedAt(stormy, line, (one) => one.replace(/"leaseSeconds":(\d)/, (_, digit: string) => `"leaseSeconds":${digit === "1" ? 2 : 1}`));
  assert.notEqual(text, stormy);
  assert.equal(replayed(text), line);
});

test("control: one changed digit of recorded entropy is found", () => {
  const line = stormy.split("\n").findIndex((one) => one.includes('"kind":"link"') && one.includes('"up":true'));
  assert.ok(line > 0);
  const text = changedAt(stormy, line, (one) => one.replace(/"hex":"(.)/, (_, digit: string) => `"hex":"${digit === "0" ? "1" : "0"}`));
  assert.equal(replayed(text), line);
});

test("what JSON cannot say survives: bytes, infinities, minus zero, undefined in objects and lists", () => {
  const value = {
    bytes: Uint8Array.of(0, 255),
    never: Number.POSITIVE_INFINITY,
    minus: -0,
    none: undefined,
    list: [undefined, Number.NaN, [Uint8Array.of()]],
  };
  assert.deepEqual(decodeValue(encodeValue(value)), value);
});

test("any value made of what machines are made of survives", () => {
  const leaf = fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null), fc.constant(undefined), fc.uint8Array());
  const key = fc.string().filter((name) => name !== "$" && name !== "__proto__");
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie("tree")), fc.dictionary(key, tie("tree"), { noNullPrototype: true })),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      assert.deepEqual(decodeValue(encodeValue(value)), value);
    }),
  );
});

test("a file that is no recording is refused with its line", () => {
  const refused = (text: string, line: number): void =>
    assert.throws(
      () => decodeRecording(text),
      (error) => error instanceof RecordingError && error.line === line,
    );
  refused("", 1);
  refused("{", 1);
  refused('{"format":"other","version":1,"machine":"uplink4","initial":null}', 1);
  refused(stormy.replace('"version":1', '"version":2'), 1);
  refused(
    changedAt(stormy, 1, () => "[]"),
    2,
  );
  refused(
    changedAt(stormy, 3, (line) => line.slice(0, -1)),
    4,
  );
  refused(
    changedAt(stormy, 2, () => '{"$":"else"}'),
    3,
  );
});

test("npm run replay says so and exits 0, 1 for a difference, 2 for no recording", () => {
  const folder = mkdtempSync(join(tmpdir(), "replay-"));
  const run = (text: string): number | null => {
    writeFileSync(join(folder, "file"), text);
    return spawnSync(process.execPath, ["--import", "tsx", "scripts/replay.ts", join(folder, "file")], { encoding: "utf8" }).status;
  };
  try {
    assert.equal(run(stormy), 0);
    assert.equal(run(changedAt(stormy, 7, (line) => line.replace(/"digest":"./, '"digest":"x'))), 1);
    assert.equal(run("nothing"), 2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
