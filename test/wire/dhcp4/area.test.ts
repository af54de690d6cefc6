import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Reader, Writer } from "../../../src/base/cursor.ts";
import { WireError } from "../../../src/base/errors.ts";
import { bytesOf, toHex } from "../../../src/base/hex.ts";
import { OptionArea, writeOption } from "../../../src/wire/dhcp4/area.ts";
import { type Dhcp4Message, decodeDhcp4, encodeDhcp4 } from "../../../src/wire/dhcp4/message.ts";
import { anyMessage, rawMessage } from "./messages.ts";

test("an option longer than 255 bytes is split, and joined again (RFC 3396 §5, §7)", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1200 }), (bytes) => {
      const writer = new Writer();
      writeOption(writer, 224, bytes);
      assert.equal(writer.length, bytes.length + 2 * Math.max(1, Math.ceil(bytes.length / 255)));
      const area = new OptionArea();
      area.read(new Reader(writer.take()));
      assert.deepEqual(
        area.joined().map(({ code, bytes: joined }) => ({ code, bytes: toHex(joined) })),
        [{ code: 224, bytes: toHex(bytes) }],
      );
    }),
  );
});

/** Cuts each option of a message at places of its own and deals the pieces out over three fields, in the order they are joined in. */
function dealtOut(message: Dhcp4Message, draw: () => number): Uint8Array {
  const fields = { options: new Writer(), file: new Writer(), sname: new Writer() };
  const room = { file: 127, sname: 63 };
  fields.options.bytes(bytesOf("340103"));
  const area = new OptionArea();
  area.read(new Reader(encodeDhcp4(message, { minimumBytes: 0 }).subarray(240)));
  for (const { code, bytes } of area.joined()) {
    const whole = code === 53 || draw() % 2 === 0;
    const cuts = whole ? [bytes.length, bytes.length] : [draw(), draw()].map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b);
    const [first = 0, second = 0] = cuts;
    const inFile = bytes.subarray(first, second);
    const inSname = bytes.subarray(second);
    const fileFits = !whole && inFile.length < 256 && fields.file.length + inFile.length + 2 <= room.file;
    const snameFits = !whole && inSname.length < 256 && fields.sname.length + inSname.length + 2 <= room.sname;
    if (!fileFits || !snameFits) {
      writeOption(fields.options, code, bytes);
      continue;
    }
    writeOption(fields.options, code, bytes.subarray(0, first));
    writeOption(fields.file, code, inFile);
    writeOption(fields.sname, code, inSname);
  }
  for (const writer of Object.values(fields)) writer.u8(255);
  return rawMessage({ options: fields.options.take(), file: fields.file.take(), sname: fields.sname.take() });
}

test("options spread over the options field, file and sname are read as if they stood together (RFC 3396 §5, RFC 2131 §4.1)", () => {
  fc.assert(
    fc.property(anyMessage, fc.infiniteStream(fc.nat()), (message, stream) => {
      const bytes = dealtOut(message, () => Number(stream.next().value));
      const read = decodeDhcp4(bytes);
      assert.deepEqual(read.options, message.options);
      assert.deepEqual(byCode(read.unknown), byCode(message.unknown));
      assert.deepEqual([read.sname, read.file, read.malformed], ["", "", []]);
    }),
  );
});

const LEASE = bytesOf("3304 0000003c ff");

for (const [value, used] of [
  ["01", { file: true, sname: false }],
  ["02", { file: false, sname: true }],
  ["03", { file: true, sname: true }],
] as const) {
  test(`overload ${value} means ${Object.entries(used)
    .filter(([, yes]) => yes)
    .map(([field]) => field)
    .join(" and ")} (RFC 2132 §9.3)`, () => {
    const options = bytesOf(`350105 3401${value} ff`);
    assert.equal(decodeDhcp4(rawMessage({ options, file: LEASE })).options.leaseSeconds, used.file ? 60 : undefined);
    assert.equal(decodeDhcp4(rawMessage({ options, sname: LEASE })).options.leaseSeconds, used.sname ? 60 : undefined);
    assert.equal("overload" in decodeDhcp4(rawMessage({ options })).options, false);
  });
}

for (const [name, parts] of [
  ["0", { options: bytesOf("350105 340100 ff") }],
  ["4", { options: bytesOf("350105 340104 ff") }],
  ["of two bytes", { options: bytesOf("350105 34020103 ff") }],
  ["that stands there twice", { options: bytesOf("350105 340101 340101 ff") }],
  ["inside an overloaded field", { options: bytesOf("350105 340101 ff"), file: bytesOf("340102 ff") }],
] as const) {
  test(`an overload ${name} condemns the datagram (RFC 2132 §9.3)`, () => {
    assert.throws(() => decodeDhcp4(rawMessage(parts)), WireError);
  });
}

test("without overload, options in file and sname are text, not options", () => {
  const message = decodeDhcp4(rawMessage({ options: bytesOf("350105 ff"), file: LEASE }));
  assert.equal(message.options.leaseSeconds, undefined);
});

test("an option cut across the end of an overloaded field is truncated, not continued in the next one", () => {
  const file = bytesOf(`e0 7c ${"11".repeat(124)} e1 05`);
  assert.equal(file.length, 128);
  assert.throws(
    () => decodeDhcp4(rawMessage({ options: bytesOf("350105 340103 ff"), file })),
    (error) => error instanceof WireError && error.code === "truncated" && error.offset === 236,
  );
});

const byCode = (list: Dhcp4Message["unknown"]): Dhcp4Message["unknown"] => list.toSorted((a, b) => a.code - b.code);
