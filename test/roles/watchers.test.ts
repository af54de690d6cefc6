/** The event stream's far side: order, filter, bounds, heartbeat, and watchers that do not read. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { LIMITS } from "../../src/base/limits.ts";
import { Watchers } from "../../src/roles/control/watchers.ts";

const BEAT_MS = 20_000;
const record = (value: unknown): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value)}\n`);
type Reader = ReadableStreamDefaultReader<Uint8Array>;

async function read(reader: Reader): Promise<string> {
  const { value } = await reader.read();
  return value === undefined ? "the end" : new TextDecoder().decode(value);
}

function watching(watchers: Watchers, name = ""): Reader {
  const stream = watchers.open(name);
  assert.ok(stream !== undefined);
  return stream.getReader();
}

test("a watcher is greeted with a comment, then told each event with a number, a name and one line of data", async () => {
  const watchers = new Watchers(BEAT_MS);
  const reader = watching(watchers);
  assert.match(await read(reader), /^: .*\n\n$/);
  watchers.tell("wan0", "bound", record({ interface: "wan0", address: "192.0.2.10" }));
  assert.equal(await read(reader), 'id: 1\nevent: bound\ndata: {"interface":"wan0","address":"192.0.2.10"}\n\n');
  watchers.tell("wan0", "renew", record({}));
  watchers.tell("wan0", "expire", record({}));
  assert.equal(await read(reader), "id: 2\nevent: renew\ndata: {}\n\nid: 3\nevent: expire\ndata: {}\n\n");
  await reader.cancel();
  assert.equal(watchers.count, 0);
});

test("who watches one interface hears of no other", async () => {
  const watchers = new Watchers(BEAT_MS);
  const reader = watching(watchers, "wan1");
  await read(reader);
  watchers.tell("wan0", "bound", record({}));
  watchers.tell("wan1", "nak", record({}));
  assert.equal(await read(reader), "id: 2\nevent: nak\ndata: {}\n\n");
  await reader.cancel();
});

test("a record that is no JSON object is told to nobody, and one with line ends or overrides becomes one line of ASCII", async () => {
  const watchers = new Watchers(BEAT_MS);
  const reader = watching(watchers);
  await read(reader);
  assert.equal(watchers.tell("wan0", "bound", new TextEncoder().encode("}\n\nevent: forged\ndata: {}\n\n")), false);
  assert.equal(watchers.tell("wan0", "bound", new Uint8Array([0xff])), false);
  assert.equal(watchers.tell("wan0", "bound", new TextEncoder().encode('{ "a":\n"\u202e" }')), true);
  assert.equal(await read(reader), 'id: 1\nevent: bound\ndata: {"a":"\\u202e"}\n\n');
  await reader.cancel();
});

test("what waits for a watcher that does not read is bounded: the oldest goes, and it is told how many it missed", async () => {
  const watchers = new Watchers(BEAT_MS);
  const reader = watching(watchers);
  await read(reader);
  const long = "x".repeat(LIMITS.watcherCharacters / 4);
  for (let i = 0; i < 10; i++) watchers.tell("wan0", "renew", record({ i, long }));
  const text = await read(reader);
  assert.match(text, /^event: lost\ndata: \{"events":7\}\n\nid: 8\n/);
  assert.ok(text.length <= LIMITS.watcherCharacters + 100);
  watchers.tell("wan0", "renew", record({}));
  assert.doesNotMatch(await read(reader), /lost/);
  await reader.cancel();
});

test("at most so many watch at once, and a place is free again when one goes", async () => {
  const watchers = new Watchers(BEAT_MS);
  const readers = Array.from({ length: LIMITS.watchers }, () => watching(watchers));
  assert.equal(watchers.open(""), undefined);
  await readers[0]?.cancel();
  assert.equal(watchers.count, LIMITS.watchers - 1);
  readers.push(watching(watchers));
  for (const reader of readers) await reader.cancel();
});

test("a silent stream has a comment every 20 seconds; who does not read for three of them is given up", async () => {
  mock.timers.enable({ apis: ["setInterval"] });
  try {
    const watchers = new Watchers(BEAT_MS);
    const [alive, stuck] = [watching(watchers), watching(watchers)];
    await read(alive);
    await read(stuck);
    for (let i = 0; i < 4; i++) {
      mock.timers.tick(BEAT_MS);
      assert.equal(await read(alive), ": still here\n\n");
    }
    assert.equal(watchers.count, 1);
    await assert.rejects(stuck.read(), /does not read/);
    await alive.cancel();
    assert.equal(watchers.count, 0);
  } finally {
    mock.timers.reset();
  }
});
