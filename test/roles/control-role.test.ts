/** The control role is there while somebody asks, and no connection is lost between two of its lives. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ControlRole } from "../../src/roles/main/control-role.ts";

const MINUTE_MS = 60_000;

/** A role that is ready and gone when the test says so, and sockets whose numbers stand for them. */
function rig(t: TestContext) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const told: string[] = [];
  const open = new Set<number>();
  let isReady = false;
  const connection = { send: (_kind: string, { number }: { readonly number: number }) => void told.push(`handed ${number}`) };
  const children = {
    start: () => void told.push("started"),
    to: () => (isReady ? connection : undefined),
    end: () => void told.push("ended"),
  } as unknown as ConstructorParameters<typeof ControlRole>[0];
  const sockets = {
    get open() {
      return open.size;
    },
    closed: (number: number) => void open.delete(number),
    allClosed: () => open.clear(),
  };
  const role = new ControlRole(children, () => sockets);
  const comes = (number: number): void => {
    open.add(number);
    role.accepted({ number, uid: 0, descriptor: -1 });
  };
  const ready = (): void => {
    isReady = true;
    role.ready(() => void told.push("introduced"));
  };
  const gone = (): boolean => {
    isReady = false;
    return role.gone();
  };
  const question = (number: number): void => {
    comes(number);
    if (!isReady) ready();
    role.closed(number);
  };
  const news = (): readonly string[] => told.splice(0);
  return { role, open, comes, ready, gone, question, news, pass: (ms: number) => t.mock.timers.tick(ms) };
}

test("a lone question starts it, and it goes soon after the answer; the next one within a minute finds somebody who stays", (t) => {
  const { gone, question, news, pass } = rig(t);
  question(1);
  pass(249);
  assert.deepEqual(news(), ["started", "introduced", "handed 1"]);
  pass(1);
  assert.deepEqual(news(), ["ended"]);
  assert.equal(gone(), true);
  pass(MINUTE_MS - 1);
  question(2);
  pass(MINUTE_MS - 1);
  assert.deepEqual(news(), ["started", "introduced", "handed 2"]);
  question(3);
  pass(MINUTE_MS - 1);
  assert.deepEqual(news(), ["handed 3"], "each question counts anew");
  pass(1);
  assert.deepEqual(news(), ["ended"]);
  gone();
  pass(MINUTE_MS);
  question(4);
  pass(250);
  assert.deepEqual(news(), ["started", "introduced", "handed 4", "ended"], "a minute without anybody is forgotten");
});

test("it stays while a connection is open, however long nothing is asked on it", (t) => {
  const { role, comes, ready, question, news, pass } = rig(t);
  comes(1);
  ready();
  question(2);
  pass(10 * MINUTE_MS);
  assert.deepEqual(news(), ["started", "introduced", "handed 1", "handed 2"]);
  role.closed(1);
  pass(250);
  assert.deepEqual(news(), ["ended"]);
});

test("who comes while it starts waits until it has met the engines, and who comes while it ends is handed to the next one", (t) => {
  const { open, comes, ready, gone, question, news, pass } = rig(t);
  comes(1);
  comes(2);
  assert.deepEqual(news(), ["started", "started"], "one that starts is not started again: children.ts sees to that");
  ready();
  assert.deepEqual(news(), ["introduced", "handed 1", "handed 2"]);
  open.clear();
  question(3);
  pass(250);
  news();
  comes(4);
  pass(MINUTE_MS);
  assert.deepEqual(news(), [], "its process is still there");
  gone();
  assert.deepEqual(news(), ["started"]);
  ready();
  assert.deepEqual(news(), ["introduced", "handed 4"]);
  assert.deepEqual([...open], [4]);
});

test("one that died takes its connections with it, and is not said to have been wanted", (t) => {
  const { open, comes, ready, gone, news, pass } = rig(t);
  comes(1);
  ready();
  assert.equal(gone(), false);
  assert.equal(open.size, 0);
  pass(MINUTE_MS);
  assert.deepEqual(news(), ["started", "introduced", "handed 1"], "there is nobody to be ended");
  comes(2);
  assert.deepEqual(news(), ["started"]);
});
