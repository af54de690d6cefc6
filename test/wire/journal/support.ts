/** Journals made of small numbers: an image is a block of 64 bytes that starts with its number. */
import { BLOCK_BYTES, FRAME_HEAD_BYTES, KIND, paddedBytes, sealFrame } from "../../../src/wire/journal/frame.ts";
import { type Recovery, recover } from "../../../src/wire/journal/recover.ts";

export const STAMP = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]);

export function frame(sequence: number, images: readonly number[], kind: (typeof KIND)[keyof typeof KIND] = KIND.group, stamp = STAMP): Uint8Array {
  const bytes = new Uint8Array(paddedBytes(images.length));
  for (const [i, image] of images.entries()) new DataView(bytes.buffer).setUint32(FRAME_HEAD_BYTES + i * BLOCK_BYTES, image, true);
  sealFrame(bytes, 0, { kind, blocks: images.length, sequence, stamp });
  return bytes;
}

/** Frames one behind the other in a file of zeros. */
export function file(bytes: number, ...frames: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const each of frames) {
    all.set(each, at);
    at += each.length;
  }
  return all;
}

export function snapshot(sequence: number, ...chunks: readonly (readonly number[])[]): Uint8Array {
  const frames = [
    frame(sequence, [], KIND.snapshotHead),
    ...chunks.map((images, i) => frame(i, images, KIND.snapshotChunk)),
    frame(chunks.length, [], KIND.snapshotEnd),
  ];
  return file(
    frames.reduce((sum, { length }) => sum + length, 0),
    ...frames,
  );
}

/** What recovery said, and the images in the order in which it gave them. Segments are numbered from 1. */
export function replay(segments: readonly Uint8Array[], from?: Uint8Array): { readonly result: Recovery; readonly images: readonly number[] } {
  const images: number[] = [];
  const sources = segments.map((bytes, i) => ({ number: i + 1, read: () => bytes }));
  const result = recover({ snapshot: from && { read: () => from }, segments: sources }, (bytes, at) => {
    images.push(new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true));
    return BLOCK_BYTES;
  });
  return { result, images };
}
