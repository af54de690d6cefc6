/**
 * What a journal says after a restart, however the last life ended. Only a loss that nobody was promised is passed over:
 * the last group may be torn, because its lease was not yet answered for. Anything else that is missing or harmed is a
 * reason to refuse, since going on would give away addresses that are in use.
 */
import { type Checksum, crc32c } from "./crc32c.ts";
import { type Frame, KIND, PAGE_BYTES, readFrame, STAMP_BYTES } from "./frame.ts";

export const RECOVERY_REFUSALS = [
  "snapshot-damaged", // it does not begin, go on and end as it should
  "frame-behind-damage", // a whole group of later sequence stands behind a damaged one: not a torn end
  "sequence-gap", // groups between the snapshot or one group and the next are not there
  "bad-image", // an unharmed frame holds what no lease looks like
] as const;
export type RecoveryRefusal = (typeof RECOVERY_REFUSALS)[number];

/** A file, read when its turn comes. Segments are numbered in the order in which they were begun. */
export type JournalSource = { readonly read: () => Uint8Array };
export type SegmentSource = JournalSource & { readonly number: number };

export type Recovered = {
  readonly stamp: Uint8Array | undefined;
  /** Of the last group that is in; the next has one more. */
  readonly sequence: number;
  readonly images: number;
};
export type Recovery =
  | ({ readonly ok: true } & Recovered)
  | { readonly ok: false; readonly reason: RecoveryRefusal; readonly segment: number | undefined; readonly offset: number };

/** Takes in the image at `at`, which ends before `end`: the bytes it has, or 0 when it is none. */
export type ApplyImage = (bytes: Uint8Array, at: number, end: number) => number;

/** Hands every image to `apply` in the order of time. After a refusal, what was applied is worth nothing. */
export function recover(
  from: { readonly snapshot: JournalSource | undefined; readonly segments: readonly SegmentSource[] },
  apply: ApplyImage,
  checksum: Checksum = crc32c,
): Recovery {
  const walk: Walk = { apply, checksum, stamp: undefined, sequence: 0, images: 0 };
  if (from.snapshot !== undefined) {
    const refused = takeSnapshot(walk, from.snapshot.read());
    if (refused !== undefined) return { ok: false, segment: undefined, ...refused };
  }
  const segments = [...from.segments].sort((a, b) => a.number - b.number);
  for (const segment of segments) {
    const refused = takeSegment(walk, segment.read());
    if (refused !== undefined) return { ok: false, segment: segment.number, ...refused };
  }
  return { ok: true, stamp: walk.stamp, sequence: walk.sequence, images: walk.images };
}

type Walk = {
  readonly apply: ApplyImage;
  readonly checksum: Checksum;
  stamp: Uint8Array | undefined;
  sequence: number;
  images: number;
};
type Refused = { readonly reason: RecoveryRefusal; readonly offset: number };

function takeSnapshot(walk: Walk, bytes: Uint8Array): Refused | undefined {
  const head = readFrame(bytes, 0, walk.checksum);
  if (head?.kind !== KIND.snapshotHead) return { reason: "snapshot-damaged", offset: 0 };
  walk.stamp = head.stamp.slice();
  let at = head.next;
  for (let chunk = 0; ; chunk++) {
    const frame = ourFrame(walk, bytes, at);
    if (frame?.sequence !== chunk) return { reason: "snapshot-damaged", offset: at };
    if (frame.kind === KIND.snapshotEnd) break;
    if (frame.kind !== KIND.snapshotChunk) return { reason: "snapshot-damaged", offset: at };
    const bad = takeImages(walk, bytes, frame);
    if (bad !== undefined) return bad;
    at = frame.next;
  }
  walk.sequence = head.sequence;
  return undefined;
}

function takeSegment(walk: Walk, bytes: Uint8Array): Refused | undefined {
  let at = 0;
  for (let frame = ourFrame(walk, bytes, at); frame?.kind === KIND.group; frame = ourFrame(walk, bytes, at)) {
    if (frame.sequence > walk.sequence + 1) return { reason: "sequence-gap", offset: at };
    if (frame.sequence === walk.sequence + 1) {
      walk.stamp ??= frame.stamp.slice();
      const bad = takeImages(walk, bytes, frame);
      if (bad !== undefined) return bad;
      walk.sequence = frame.sequence;
    }
    at = frame.next;
  }
  for (let behind = at + PAGE_BYTES; behind < bytes.length; behind += PAGE_BYTES) {
    const frame = ourFrame(walk, bytes, behind);
    if (frame?.kind === KIND.group && frame.sequence > walk.sequence) return { reason: "frame-behind-damage", offset: at };
  }
  return undefined;
}

/** The frame there, unless it belongs to another journal. */
function ourFrame(walk: Walk, bytes: Uint8Array, at: number): Frame | undefined {
  const frame = readFrame(bytes, at, walk.checksum);
  if (frame === undefined || walk.stamp === undefined) return frame;
  for (let i = 0; i < STAMP_BYTES; i++) if (frame.stamp[i] !== walk.stamp[i]) return undefined;
  return frame;
}

function takeImages(walk: Walk, bytes: Uint8Array, frame: Frame): Refused | undefined {
  for (let at = frame.from; at < frame.to; walk.images++) {
    const used = walk.apply(bytes, at, frame.to);
    if (used <= 0) return { reason: "bad-image", offset: at };
    at += used;
  }
  return undefined;
}
