/** Which of a server's addresses we speak with. */
import assert from "node:assert/strict";
import { Socket } from "node:net";
import { mock, test } from "node:test";
import { firstConnected } from "../../src/platform/connect-race.ts";

type Attempt = { readonly host: string; readonly socket: Socket };

/** Attempts that do what the test says, and what came of the race. */
function race(addresses: readonly string[]) {
  const attempts: Attempt[] = [];
  const outcome: string[] = [];
  const run = ({ host }: { readonly host: string }): Socket => {
    const socket = new Socket();
    attempts.push({ host, socket });
    return socket;
  };
  const hostOf = (socket: Socket): string => attempts.find((each) => each.socket === socket)?.host ?? "nobody";
  const begun = firstConnected(addresses, 636, run, {
    won: (socket) => outcome.push(`won ${hostOf(socket)}`),
    lost: (error) => outcome.push(`lost ${error.message}`),
  });
  const at = (host: string): Socket => {
    const attempt = attempts.find((each) => each.host === host);
    assert.ok(attempt !== undefined, `${host} is not tried`);
    return attempt.socket;
  };
  return {
    outcome,
    cancel: begun.cancel,
    tried: () => attempts.map(({ host }) => host),
    connects: (host: string) => at(host).emit("connect"),
    refuses: (host: string) => at(host).emit("error", new Error(`${host} refused`)),
    destroyed: (host: string) => at(host).destroyed,
  };
}

/** Virtual timers for the time of one test. */
function timed(name: string, body: (passMs: (ms: number) => void) => void): void {
  test(name, () => {
    mock.timers.enable({ apis: ["setTimeout", "setImmediate"] });
    try {
      body((ms) => mock.timers.tick(ms));
    } finally {
      mock.timers.reset();
    }
  });
}

timed("addresses are tried in their order, the next one 250 ms after the one before (RFC 8305 §5)", (passMs) => {
  const { tried, connects, outcome, destroyed } = race(["a", "b", "c"]);
  assert.deepEqual(tried(), ["a"]);
  passMs(249);
  assert.deepEqual(tried(), ["a"]);
  passMs(1);
  assert.deepEqual(tried(), ["a", "b"]);
  connects("b");
  assert.deepEqual(outcome, ["won b"]);
  assert.deepEqual([destroyed("a"), destroyed("b")], [true, false]);
  passMs(10_000);
  assert.deepEqual(tried(), ["a", "b"], "the third is not needed");
});

timed("an address that refuses is followed at once, and one bad family does not end the list", (passMs) => {
  const { tried, connects, refuses, outcome } = race(["a", "b"]);
  refuses("a");
  assert.deepEqual([tried(), outcome], [["a", "b"], []]);
  connects("b");
  passMs(10_000);
  assert.deepEqual(outcome, ["won b"]);
});

timed("an early address that is slow may still win", (passMs) => {
  const { connects, refuses, outcome } = race(["a", "b"]);
  passMs(250);
  refuses("b");
  assert.deepEqual(outcome, []);
  connects("a");
  assert.deepEqual(outcome, ["won a"]);
});

timed("when all have refused the last says why, once", (passMs) => {
  const { refuses, outcome } = race(["a", "b"]);
  refuses("a");
  refuses("b");
  passMs(10_000);
  assert.deepEqual(outcome, ["lost b refused"]);
});

timed("without an address it is lost, though not within the call", (passMs) => {
  const { outcome } = race([]);
  assert.deepEqual(outcome, []);
  passMs(0);
  assert.deepEqual(outcome, ["lost no address"]);
});

timed("who gives up hears nothing more and leaves no connection", (passMs) => {
  const { cancel, tried, outcome, destroyed } = race(["a", "b", "c"]);
  passMs(250);
  cancel();
  passMs(10_000);
  assert.deepEqual([tried(), outcome, destroyed("a"), destroyed("b")], [["a", "b"], [], true, true]);
});
