/** No promise leaves before it is on disk, seen from outside: system calls of the running engine; a few of them, and the controls. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Call, judged } from "../support/durable-trace.ts";
import { tracedCalls } from "../support/lan-durable.ts";
import { needsPeers } from "../support/unpacked.ts";

const CLIENTS = 150;

test("no Reply leaves before the durable write of its record has returned; who syncs less, or answers sooner, is found", needsPeers, async () => {
  const calls = await tracedCalls(CLIENTS);
  const verdict = judged(calls);
  assert.deepEqual(verdict.faults, []);
  assert.ok(verdict.promises >= 4 * CLIENTS && verdict.endings >= CLIENTS / 10 && verdict.writes > 0, JSON.stringify(verdict));

  const writes = calls.filter(isDurableWrite);
  assert.ok(judged(calls.map(unsynced)).faults.length >= verdict.promises, "nothing is synced: every promise is found");
  const [some] = writes.slice(Math.floor(writes.length / 3));
  assert.ok(judged(calls.map((call) => (call === some ? unsynced(call) : call))).faults.length > 0, "one write is not synced");
  assert.ok(judged(calls.filter((call) => call !== some)).faults.length > 0, "one write is left out");
  assert.ok(judged(tooSoon(calls)).faults.length > 0, "answers leave while their record is being written");
  const late = calls.map((call) => (call === some ? { ...call, returnedAt: call.returnedAt + calls.length * 2 } : call));
  assert.ok(judged(late).faults.length > 0, "one write returns late");
});

function isDurableWrite({ name, text }: Call): boolean {
  return name === "pwritev2" && text.includes("RWF_DSYNC");
}

function unsynced(call: Call): Call {
  return isDurableWrite(call) ? { ...call, text: call.text.replace("RWF_DSYNC", "0") } : call;
}

/** Every send that followed a write is entered before that write has returned. */
function tooSoon(calls: readonly Call[]): readonly Call[] {
  let written = 0;
  return calls
    .toSorted((a, b) => a.returnedAt - b.returnedAt)
    .map((call) => {
      if (isDurableWrite(call)) written = call.returnedAt;
      return call.name === "sendmmsg" && written > 0 ? { ...call, enteredAt: Math.min(call.enteredAt, written - 0.5) } : call;
    });
}
