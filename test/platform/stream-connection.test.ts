/** Connections that others accepted: what becomes of them when their peer does not read. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DIRECTORY_LIMITS } from "../../src/base/limits-directory.ts";
import { check, native, SOCK } from "../../src/platform/native.ts";
import { StreamConnection } from "../../src/platform/stream-connection.ts";
import { waitFor } from "../support/programs.ts";

const MORE_THAN_THE_KERNEL_HOLDS = 8_000_000;

function pair(): readonly [number, number] {
  const out = new Int32Array(2);
  check(native().socketPair(SOCK.stream, out), "socketpair");
  return [out[0] ?? -1, out[1] ?? -1];
}

function connected(fd: number): { readonly connection: StreamConnection; readonly gone: () => boolean } {
  let gone = false;
  const connection = new StreamConnection(fd, () => {
    gone = true;
  });
  connection.listen({ data: () => undefined, drained: () => undefined, closed: () => undefined });
  return { connection, gone: () => gone };
}

test("a peer that never reads what was written before the close keeps the connection for as long as an answer may be unread, and no longer", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const [ours, theirs] = pair();
  const { connection, gone } = connected(ours);
  assert.equal(connection.write(new Uint8Array(MORE_THAN_THE_KERNEL_HOLDS)), false);
  connection.close();
  connection.close();
  t.mock.timers.tick(DIRECTORY_LIMITS.directoryStallSeconds * 1000 - 1);
  assert.ok(!gone(), "what was written might still be read");
  t.mock.timers.tick(1);
  assert.ok(gone(), "a stranger keeps a descriptor of ours for ever");
  native().close(theirs);
});

test("a peer that reads gets all that was written before the close, and then its end", async () => {
  const [ours, theirs] = pair();
  const { connection, gone } = connected(ours);
  connection.write(new Uint8Array(MORE_THAN_THE_KERNEL_HOLDS));
  connection.close();
  const buffer = new Uint8Array(1_000_000);
  let readBytes = 0;
  await waitFor(
    () => {
      for (let length = 1; length > 0; readBytes += Math.max(0, length)) length = native().recvFrom(theirs, buffer, undefined, 0);
      return gone();
    },
    5000,
    "it is closed",
  );
  for (let length = 1; length > 0; readBytes += Math.max(0, length)) length = native().recvFrom(theirs, buffer, undefined, 0);
  assert.equal(readBytes, MORE_THAN_THE_KERNEL_HOLDS);
  native().close(theirs);
});

test("with nothing left to send a close is at once, and twice is once", () => {
  const [ours, theirs] = pair();
  const { connection, gone } = connected(ours);
  connection.close();
  assert.ok(gone());
  connection.close();
  connection.abort();
  native().close(theirs);
});
