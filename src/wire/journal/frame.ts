/**
 * One frame of the lease journal or of a snapshot: a head of 32 bytes, then images of leases in blocks of 64 bytes, then
 * zeros up to a whole page, so that it can be written past the kernel's cache. Numbers have the lowest byte first.
 *
 *   0 magic   4 CRC-32C of all from 8 to the last image   8 length without the padding   12 blocks   16 sequence
 *  24 stamp: 8 random bytes of this journal, which only its owner knows
 *
 * The stamp is why bytes that a client chose (an identifier inside a torn frame) are never taken for a frame.
 */
import { type Checksum, crc32c } from "./crc32c.ts";

export const FRAME_HEAD_BYTES = 32;
export const BLOCK_BYTES = 64;
/** What every frame is padded to: sectors of disks have 512 or 4,096 bytes. */
export const PAGE_BYTES = 4096;
export const STAMP_BYTES = 8;

/** What a frame is, by its magic: "LHJ1" and so on as bytes. */
export const KIND = { group: 0x314a484c, snapshotHead: 0x3153484c, snapshotChunk: 0x3143484c, snapshotEnd: 0x3145484c } as const;
export type FrameKind = (typeof KIND)[keyof typeof KIND];

const MAGIC = 0;
const CHECKSUM = 4;
const LENGTH = 8;
const BLOCKS = 12;
const SEQUENCE = 16;
const STAMP = 24;
const TWO_32 = 2 ** 32;

export type Frame = {
  readonly kind: FrameKind;
  /** Of a group its place in the journal, from 1. Of a snapshot's head the last group in it, of a chunk its number, of the end the number of chunks. */
  readonly sequence: number;
  readonly stamp: Uint8Array;
  /** Where the images start and end. */
  readonly from: number;
  readonly to: number;
  /** Where the next frame starts. */
  readonly next: number;
};

/** Bytes on disk of a frame with that many blocks. */
export function paddedBytes(blocks: number): number {
  return Math.ceil((FRAME_HEAD_BYTES + blocks * BLOCK_BYTES) / PAGE_BYTES) * PAGE_BYTES;
}

/** Writes head and padding around images that stand at `at + FRAME_HEAD_BYTES` already. Returns the bytes on disk. */
export function sealFrame(
  bytes: Uint8Array,
  at: number,
  frame: { readonly kind: FrameKind; readonly blocks: number; readonly sequence: number; readonly stamp: Uint8Array },
  checksum: Checksum = crc32c,
): number {
  const length = FRAME_HEAD_BYTES + frame.blocks * BLOCK_BYTES;
  const padded = paddedBytes(frame.blocks);
  write32(bytes, at + MAGIC, frame.kind);
  write32(bytes, at + LENGTH, length);
  write32(bytes, at + BLOCKS, frame.blocks);
  write32(bytes, at + SEQUENCE, frame.sequence % TWO_32);
  write32(bytes, at + SEQUENCE + 4, Math.floor(frame.sequence / TWO_32));
  bytes.set(frame.stamp, at + STAMP);
  bytes.fill(0, at + length, at + padded);
  write32(bytes, at + CHECKSUM, checksum(bytes, at + LENGTH, length - LENGTH));
  return padded;
}

/** Of a sealed frame, without its padding. */
export function frameBytes(bytes: Uint8Array, at: number): number {
  return read32(bytes, at + LENGTH);
}

/** The frame at `at`, or undefined when there is no whole and unharmed one. */
export function readFrame(bytes: Uint8Array, at: number, checksum: Checksum = crc32c): Frame | undefined {
  if (at + FRAME_HEAD_BYTES > bytes.length) return undefined;
  const kind = kindOf(read32(bytes, at + MAGIC));
  const length = read32(bytes, at + LENGTH);
  const blocks = read32(bytes, at + BLOCKS);
  if (kind === undefined || length !== FRAME_HEAD_BYTES + blocks * BLOCK_BYTES || at + length > bytes.length) return undefined;
  if (read32(bytes, at + CHECKSUM) !== checksum(bytes, at + LENGTH, length - LENGTH)) return undefined;
  const sequence = read32(bytes, at + SEQUENCE) + read32(bytes, at + SEQUENCE + 4) * TWO_32;
  if (!Number.isSafeInteger(sequence)) return undefined;
  const stamp = bytes.subarray(at + STAMP, at + STAMP + STAMP_BYTES);
  return { kind, sequence, stamp, from: at + FRAME_HEAD_BYTES, to: at + length, next: at + paddedBytes(blocks) };
}

const KINDS: readonly FrameKind[] = Object.values(KIND);

function kindOf(magic: number): FrameKind | undefined {
  return KINDS.find((kind) => kind === magic);
}

function read32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0;
}

function write32(bytes: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = value >>> (8 * i);
}
