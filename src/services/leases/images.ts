/**
 * A lease as bytes for journal and snapshot: the 64 bytes of its row, without the hash (its key is of this process) and
 * with the identifier's first 20 bytes; the rest of a longer one, and the note, follow in further blocks of 64. State `free` says that
 * nobody has the address any more. An image is the whole truth about its address, so applying one twice changes nothing.
 */
import { LIMITS } from "../../base/limits.ts";
import { IDENTIFIER_BYTES } from "./keys.ts";
import { BYTE, INLINE_BYTES, ROW_BYTES, WORD } from "./rows.ts";
import { type LeaseState, type LeaseTable, STATE } from "./table.ts";

/** The most bytes of one image without a note, and with one. */
export const BARE_IMAGE_BYTES = 3 * ROW_BYTES;
export const IMAGE_BYTES = BARE_IMAGE_BYTES + LIMITS.noteBlocks * ROW_BYTES;
const MAX_PREFIX_LENGTH = 128;

/** Bytes of the image of a row whose identifier has that length, without its note. */
export function imageBytes(identifierLength: number): number {
  return ROW_BYTES * (1 + Math.ceil(Math.max(0, identifierLength - INLINE_BYTES) / ROW_BYTES));
}

/** Writes the row as it is now; `out` has IMAGE_BYTES from `at` on. Returns the bytes used. */
export function writeImage(table: LeaseTable, row: number, out: Uint8Array, at: number): number {
  const bytes = imageBytes(table.identifierLength(row));
  out.fill(0, at, at + bytes);
  const noteBytes = table.notes.copy(row, out, at + bytes);
  write32(out, at + 4 * WORD.iaid, table.iaid(row));
  out[at + BYTE.link] = table.link(row);
  out[at + BYTE.link + 1] = table.link(row) >>> 8;
  out[at + BYTE.type] = table.type(row);
  out[at + BYTE.prefixLength] = table.prefixLength(row);
  out[at + BYTE.state] = table.state(row);
  out[at + BYTE.identifierLength] = table.identifierLength(row);
  out[at + BYTE.noteBlocks] = noteBytes / ROW_BYTES;
  table.copyAddress(row, out, at + BYTE.address);
  write32(out, at + 4 * WORD.validUntil, table.validUntilSeconds(row));
  write32(out, at + 4 * WORD.preferredUntil, table.preferredUntilSeconds(row));
  write32(out, at + 4 * WORD.start, table.startSeconds(row));
  table.copyIdentifier(row, out, at + BYTE.identifier);
  return bytes + noteBytes;
}

/** Writes that the row's address is free; before the row is removed. Returns the bytes used. */
export function writeRemoval(table: LeaseTable, row: number, out: Uint8Array, at: number): number {
  out.fill(0, at, at + ROW_BYTES);
  out[at + BYTE.prefixLength] = table.prefixLength(row);
  table.copyAddress(row, out, at + BYTE.address);
  return ROW_BYTES;
}

/** Makes the table hold what the image at `at` says. Returns the bytes used; 0 when there is none before `end`. */
export function applyImage(table: LeaseTable, bytes: Uint8Array, at: number, end: number): number {
  const state = stateOf(bytes[at + BYTE.state] ?? 0);
  const identifierLength = bytes[at + BYTE.identifierLength] ?? 0;
  const prefixLength = bytes[at + BYTE.prefixLength] ?? 0;
  const noteBlocks = bytes[at + BYTE.noteBlocks] ?? 0;
  const noteAt = at + imageBytes(identifierLength);
  const used = noteAt - at + noteBlocks * ROW_BYTES;
  if (state === undefined || identifierLength > IDENTIFIER_BYTES || prefixLength > MAX_PREFIX_LENGTH) return 0;
  if (noteBlocks > LIMITS.noteBlocks || at + used > end) return 0;
  if (state === STATE.free) {
    const old = table.findAddress(bytes, at + BYTE.address, prefixLength);
    if (old !== -1) table.remove(old);
    return used;
  }
  const link = (bytes[at + BYTE.link] ?? 0) | ((bytes[at + BYTE.link + 1] ?? 0) << 8);
  const type = bytes[at + BYTE.type] ?? 0;
  const iaid = read32(bytes, at + 4 * WORD.iaid);
  const identifierAt = at + BYTE.identifier;
  const row = table.restore(link, type, iaid, bytes, identifierAt, identifierLength, bytes, at + BYTE.address, prefixLength, state);
  const preferredUntil = read32(bytes, at + 4 * WORD.preferredUntil);
  table.setLifetimes(row, read32(bytes, at + 4 * WORD.start), preferredUntil, read32(bytes, at + 4 * WORD.validUntil));
  if (noteBlocks > 0) table.notes.set(row, bytes, noteAt, noteBlocks);
  return used;
}

const STATES: readonly LeaseState[] = Object.values(STATE);

function stateOf(value: number): LeaseState | undefined {
  return STATES.find((state) => state === value);
}

function read32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0;
}

function write32(bytes: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = value >>> (8 * i);
}
