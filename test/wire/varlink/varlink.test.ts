import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Codec, decodeAll, encodeAll } from "../../../src/base/codec.ts";
import { type WireCode, WireError } from "../../../src/base/errors.ts";
import { VarlinkFrames } from "../../../src/wire/varlink/frames.ts";
import { type JsonObject, json } from "../../../src/wire/varlink/json.ts";
import { terminated, type VarlinkCall, type VarlinkReply, varlinkCall, varlinkReply } from "../../../src/wire/varlink/message.ts";
import { noFlipEscapes, noMisread, roundTrip } from "../../support/codec-properties.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const METHOD = "io.systemd.UserDatabase.GetUserRecord";
const CALLS: readonly (readonly [value: VarlinkCall, text: string])[] = [
  [
    { method: METHOD, parameters: { uid: 2001, service: "org.x" }, mode: "single" },
    `{"method":"${METHOD}","parameters":{"uid":2001,"service":"org.x"}}`,
  ],
  [{ method: METHOD, parameters: {}, mode: "more" }, `{"method":"${METHOD}","parameters":{},"more":true}`],
];
const REPLIES: readonly (readonly [value: VarlinkReply, text: string])[] = [
  [
    { kind: "reply", parameters: { record: { userName: "anna\0" }, incomplete: false }, continues: true },
    '{"parameters":{"record":{"userName":"anna\\u0000"},"incomplete":false},"continues":true}',
  ],
  [
    { kind: "error", error: "io.systemd.UserDatabase.NoRecordFound", parameters: {} },
    '{"error":"io.systemd.UserDatabase.NoRecordFound","parameters":{}}',
  ],
];

function describe<T>(codec: Codec<T>, samples: readonly (readonly [value: T, text: string])[]): void {
  for (const [value, text] of samples) {
    test(`${text} decodes and encodes back; cut short or with a bit flipped it is read or refused`, () => {
      roundTrip(codec, value, utf8(text));
      noMisread(codec, utf8(text));
      noFlipEscapes(codec, utf8(text));
      roundTrip(terminated(codec), value, utf8(`${text}\0`));
    });
  }
}
describe(varlinkCall, CALLS);
describe(varlinkReply, REPLIES);

test("fields of the wrong type, unknown fields and two modes at once are refused", () => {
  const calls = [
    "[]",
    "null",
    "1",
    "{}",
    '{"method":1}',
    '{"method":"x"}',
    '{"method":"a.b.c"}',
    `{"method":"${METHOD}","parameters":[]}`,
    `{"method":"${METHOD}","more":1}`,
    `{"method":"${METHOD}","x":1}`,
    `{"method":"${METHOD}","more":true,"oneway":true}`,
  ];
  for (const text of calls) refused(varlinkCall, text, "bad-value");
  for (const text of ['{"error":1}', '{"error":"a.b.C","continues":true}', '{"parameters":1}', '{"continues":"yes"}'])
    refused(varlinkReply, text, "bad-value");
  assert.equal(decodeAll(varlinkCall, utf8(`{"method":"${METHOD}","parameters":null,"more":false}`)).mode, "single");
});

test("JSON that is too deep, not UTF-8, not finite or means something to JavaScript is refused", () => {
  assert.ok(decodeAll(json, utf8(`${"[".repeat(32)}"]]["${"]".repeat(32)}`)));
  refused(json, "[".repeat(1_000_000), "too-many");
  refused(json, `${"[".repeat(33)}${"]".repeat(33)}`, "too-many");
  for (const text of ["1e999", "-0", '{"__proto__":{}}', "", "{", "nul", '{"a":1}x']) refused(json, text, "bad-value");
  assert.throws(() => decodeAll(json, Uint8Array.of(0x22, 0xff, 0x22)), WireError);
});

test("any parameters keep their value, in one stream cut anywhere", () => {
  const call = fc.jsonValue({ maxDepth: 4 }).map(
    (value): VarlinkCall => ({
      method: METHOD,
      parameters: JSON.parse(JSON.stringify({ value }).replaceAll("__proto__", "p")) as JsonObject,
      mode: "oneway",
    }),
  );
  fc.assert(
    fc.property(fc.array(call, { maxLength: 4 }), fc.integer({ min: 1, max: 60 }), (calls, step) => {
      const stream = Buffer.concat(calls.map((one) => encodeAll(terminated(varlinkCall), one)));
      assert.deepEqual(
        fed(stream, step).map((frame) => decodeAll(varlinkCall, frame)),
        calls,
      );
    }),
  );
});

test("a message over the limit is refused whether its end came or not", () => {
  assert.deepEqual(fed(utf8("abcd\0\0"), 1, 4), [utf8("abcd"), utf8("")]);
  assert.throws(() => fed(utf8("abcde"), 1, 4), WireError);
  assert.throws(() => fed(utf8("abcde\0"), 6, 4), WireError);
});

test("no byte is searched twice, however small the chunks", () => {
  const started = performance.now();
  assert.equal(fed(utf8(`${"x".repeat(1_000_000)}\0`), 16)[0]?.length, 1_000_000);
  assert.ok(performance.now() - started < 3000);
});

function fed(stream: Uint8Array, step: number, maxBytes?: number): Uint8Array[] {
  const frames = new VarlinkFrames(maxBytes);
  const found: Uint8Array[] = [];
  for (let at = 0; at < stream.length; at += step) {
    const chunk = Uint8Array.from(stream.subarray(at, at + step));
    frames.push(chunk);
    for (let frame = frames.next(); frame !== undefined; frame = frames.next()) found.push(frame.slice());
    chunk.fill(0xa5);
  }
  return found;
}

function refused<T>(codec: Codec<T>, text: string, code: WireCode): void {
  assert.throws(
    () => decodeAll(codec, utf8(text)),
    (error) => error instanceof WireError && error.code === code,
    text.slice(0, 60),
  );
}
