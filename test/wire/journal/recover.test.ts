/** A journal after a restart: what may be lost, and what must be refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FRAME_HEAD_BYTES, KIND, PAGE_BYTES } from "../../../src/wire/journal/frame.ts";
import { recover } from "../../../src/wire/journal/recover.ts";
import { file, frame, replay, snapshot, STAMP } from "./support.ts";

const SIZE = 8 * PAGE_BYTES;
/** More than a page: one that can be torn between sectors. */
const LARGE = Array.from({ length: 100 }, (_, i) => 1000 + i);

test("a new journal is empty", () => {
  assert.deepEqual(replay([]), { result: { ok: true, stamp: undefined, sequence: 0, images: 0 }, images: [] });
  assert.deepEqual(replay([new Uint8Array(SIZE), new Uint8Array(SIZE)]).result, { ok: true, stamp: undefined, sequence: 0, images: 0 });
});

test("groups come back in order, over segments and whatever room they left", () => {
  const { result, images } = replay([file(SIZE, frame(1, [1, 2]), frame(2, LARGE)), file(SIZE, frame(3, [3])), new Uint8Array(SIZE)]);
  assert.deepEqual(images, [1, 2, ...LARGE, 3]);
  assert.deepEqual(result, { ok: true, stamp: STAMP, sequence: 3, images: 103 });
});

test("a last group torn at any byte is not there; all before it is, and the next life's segment goes on", () => {
  const last = frame(3, LARGE);
  const length = FRAME_HEAD_BYTES + 64 * LARGE.length;
  for (let kept = 0; kept < length; kept++) {
    const torn = file(SIZE, frame(1, [1]), frame(2, [2]), last.subarray(0, kept));
    const { result, images } = replay([torn]);
    // The last bytes of the last image are zeros: written or not, they are the same.
    if (kept >= length - 62) assert.deepEqual(images, [1, 2, ...LARGE]);
    else {
      assert.deepEqual(images, [1, 2], `${kept} bytes`);
      assert.deepEqual(result, { ok: true, stamp: STAMP, sequence: 2, images: 2 });
      assert.deepEqual(replay([torn, file(SIZE, frame(3, [33]), frame(4, [4]))]).images, [1, 2, 33, 4]);
    }
  }
});

test("a last group of which any one page is missing is not there", () => {
  for (let page = 0; page < 2; page++) {
    const torn = file(SIZE, frame(1, [1]), frame(2, LARGE));
    torn.fill(0, (1 + page) * PAGE_BYTES, (2 + page) * PAGE_BYTES);
    assert.deepEqual(replay([torn]).images, [1], `page ${page}`);
  }
});

test("any bit turned in a group before the last is refused, wherever the later group stands", () => {
  const bit = fc.nat(8 * (FRAME_HEAD_BYTES + 64) - 1);
  fc.assert(
    fc.property(bit, fc.nat(1), fc.boolean(), (turned, which, apart) => {
      const first = file(SIZE, frame(1, [1]), frame(2, [2]), ...(apart ? [] : [frame(3, [3])]));
      const at = which * PAGE_BYTES + (turned >> 3);
      first[at] = (first[at] ?? 0) ^ (1 << (turned & 7));
      const { result } = replay(apart ? [first, file(SIZE, frame(3, [3]))] : [first]);
      assert.ok(!result.ok);
      assert.ok(result.reason === "frame-behind-damage" || result.reason === "sequence-gap", result.reason);
    }),
  );
});

test("a damaged group with another behind it is told apart from a torn end, with its place", () => {
  const damaged = file(SIZE, frame(1, [1]), frame(2, [2]), frame(3, [3]));
  damaged[PAGE_BYTES + 40] = 1;
  assert.deepEqual(replay([damaged]).result, { ok: false, reason: "frame-behind-damage", segment: 1, offset: PAGE_BYTES });
});

test("groups that are not there are a gap, and so is a beginning that is not there", () => {
  const gap = (...segments: Uint8Array[]) => replay(segments).result;
  assert.deepEqual(gap(file(SIZE, frame(1, [1]), frame(3, [3]))), { ok: false, reason: "sequence-gap", segment: 1, offset: PAGE_BYTES });
  assert.deepEqual(gap(file(SIZE, frame(2, [2]))), { ok: false, reason: "sequence-gap", segment: 1, offset: 0 });
  assert.deepEqual(gap(file(SIZE, frame(1, [1])), file(SIZE, frame(3, [3]))), { ok: false, reason: "sequence-gap", segment: 2, offset: 0 });
});

test("segments given in another order are sorted by number; with their contents exchanged they are refused", () => {
  const one = file(SIZE, frame(1, [1]), frame(2, [2]));
  const two = file(SIZE, frame(3, [3]));
  const images: number[] = [];
  const segments = [
    { number: 12, read: () => two },
    { number: 11, read: () => one },
  ];
  const result = recover({ snapshot: undefined, segments }, (bytes, at) => {
    images.push(bytes[at] ?? 0);
    return 64;
  });
  assert.ok(result.ok);
  assert.deepEqual(images, [1, 2, 3]);
  assert.deepEqual(replay([two, one]).result, { ok: false, reason: "sequence-gap", segment: 1, offset: 0 });
});

test("a group that stands twice counts once", () => {
  assert.deepEqual(replay([file(SIZE, frame(1, [1]), frame(1, [1]), frame(2, [2]))]).images, [1, 2]);
  assert.deepEqual(replay([file(SIZE, frame(1, [1]), frame(2, [2])), file(SIZE, frame(2, [2]), frame(3, [3]))]).images, [1, 2, 3]);
});

test("a frame of another journal is none, even behind a torn end: a client cannot forge one in its identifier", () => {
  const foreign = frame(2, [666], KIND.group, STAMP.toReversed());
  assert.deepEqual(replay([file(SIZE, frame(1, [1]), foreign)]).images, [1]);
  const torn = file(SIZE, frame(1, [1]), new Uint8Array(PAGE_BYTES).fill(7), frame(3, [666], KIND.group, STAMP.toReversed()));
  assert.deepEqual(replay([torn]).result, { ok: true, stamp: STAMP, sequence: 1, images: 1 });
});

test("after a snapshot, only groups behind it count; older segments may still be there or not", () => {
  const all = [file(SIZE, frame(1, [1]), frame(2, [2])), file(SIZE, frame(3, [3]))];
  const whole = snapshot(2, [10, 20], LARGE);
  assert.deepEqual(replay(all, whole).images, [10, 20, ...LARGE, 3]);
  assert.deepEqual(replay(all.slice(1), whole).images, [10, 20, ...LARGE, 3]);
  assert.deepEqual(replay([], snapshot(7)).result, { ok: true, stamp: STAMP, sequence: 7, images: 0 });
  assert.deepEqual(replay(all.slice(1), snapshot(1, [1])).result, { ok: false, reason: "sequence-gap", segment: 1, offset: 0 });
});

test("a snapshot cut anywhere, with a page missing or with parts exchanged is refused", () => {
  const whole = snapshot(2, [10], [20], [30]);
  const refused = (bytes: Uint8Array) => {
    const { result } = replay([], bytes);
    return !result.ok && result.reason === "snapshot-damaged";
  };
  assert.ok(replay([], whole).result.ok);
  // What is cut from the padding of the last frame is not missed.
  for (let kept = 0; kept < whole.length - PAGE_BYTES + FRAME_HEAD_BYTES; kept += 31) assert.ok(refused(whole.subarray(0, kept)), `${kept} bytes`);
  for (let page = 0; page < whole.length / PAGE_BYTES; page++) {
    const without = new Uint8Array([...whole.subarray(0, page * PAGE_BYTES), ...whole.subarray((page + 1) * PAGE_BYTES)]);
    assert.ok(refused(without), `without page ${page}`);
  }
  const exchanged = whole.slice();
  exchanged.copyWithin(PAGE_BYTES, 2 * PAGE_BYTES, 3 * PAGE_BYTES);
  assert.ok(refused(exchanged));
  assert.ok(refused(file(SIZE, frame(1, [1]))));
});

test("an image that no lease looks like is refused, with its place", () => {
  const segments = [{ number: 4, read: () => file(SIZE, frame(1, [1, 2])) }];
  let calls = 0;
  const result = recover({ snapshot: undefined, segments }, () => (++calls === 2 ? 0 : 64));
  assert.deepEqual(result, { ok: false, reason: "bad-image", segment: 4, offset: FRAME_HEAD_BYTES + 64 });
});

test("garbage in place of a segment or a snapshot never throws", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3 * PAGE_BYTES }), (bytes) => {
      assert.ok(replay([bytes]).result.ok, "no frame: an end torn at its first byte");
      assert.ok(!replay([], bytes).result.ok);
    }),
    { numRuns: 30 },
  );
});
