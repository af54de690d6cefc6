/** The last good state on disk: what each source gave, so that it can be checked and merged again under today's configuration. */
import { type Codec, decodeAll, f64, list16, mapped, struct, text16, u16, u32 } from "../../base/codec.ts";
import { Writer } from "../../base/cursor.ts";
import { WireError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { DIRECTORY_LIMITS } from "../../base/limits-directory.ts";
import { type WallClock, wallClock } from "../../base/time.ts";
import type { Lines } from "./lines.ts";
import type { Sliced } from "./sort.ts";

/** `users` and `groups` are lines as they are served, each ended by a line feed. */
export type StoredSource = {
  readonly name: string;
  readonly pulledAt: WallClock;
  readonly userCount: number;
  readonly groupCount: number;
  readonly users: Uint8Array;
  readonly groups: Uint8Array;
  /** Of users whose hashes are kept: the file is root's, as /etc/shadow is. */
  readonly shadows: Uint8Array;
  /** Likewise, of users whose keys are kept. */
  readonly sshKeys: Uint8Array;
};
export type StoredState = { readonly domain: string; readonly committedAt: WallClock; readonly sources: readonly StoredSource[] };

const MAGIC = 0x4c48_4452; // "LHDR"
const VERSION = 3;
/** Of a program before this one, which kept no keys. */
const KEYLESS_VERSION = 2;
const CHECKSUM_BYTES = 4;
/** For everything but lines; the buffer grows where it is not enough. */
const ROOM_BYTES = 4096;
const LINE_FEED = 0x0a;
const BLOCKS = ["users", "groups", "shadows", "sshKeys"] as const;

const time: Codec<WallClock> = mapped(
  f64,
  (value, offset) => {
    if (!Number.isFinite(value)) throw new WireError("bad-value", offset);
    return wallClock(value);
  },
  (value) => value,
);
const block: Codec<Uint8Array> = {
  decode: (reader) => reader.view(reader.u32()),
  encode: (writer, value) => {
    writer.u32(value.length);
    writer.bytes(value);
  },
};
const keyless = {
  name: text16(LIMITS.directoryFieldBytes),
  pulledAt: time,
  userCount: u32,
  groupCount: u32,
  users: block,
  groups: block,
  shadows: block,
} as const;
const head = { magic: u32, version: u16, domain: text16(LIMITS.ypDomainBytes), committedAt: time } as const;
const sources = { sources: list16(struct({ ...keyless, sshKeys: block }), DIRECTORY_LIMITS.directorySources) } as const;
const state = struct({ ...head, ...sources });
const keylessState = struct({ ...head, sources: list16(struct(keyless), DIRECTORY_LIMITS.directorySources) });
const VERSION_AT = 4;

/** In slices: the checksum over ten megabytes takes longer than a packet likes to wait. */
export function* encodeState(stored: StoredState): Sliced<Uint8Array> {
  const size = stored.sources.reduce((sum, each) => sum + BLOCKS.reduce((own, block) => own + each[block].length, 0), ROOM_BYTES);
  const writer = new Writer(size);
  state.encode(writer, { magic: MAGIC, version: VERSION, ...stored });
  yield;
  writer.u32(yield* crc32(writer.written()));
  return writer.written();
}

/** @returns undefined for a file that is damaged, foreign, of another version or of another domain. Views into `bytes`. */
export function* decodeState(bytes: Uint8Array, domain: string): Sliced<StoredState | undefined> {
  if (bytes.length < CHECKSUM_BYTES) return undefined;
  const body = bytes.subarray(0, -CHECKSUM_BYTES);
  const sum = yield* crc32(body);
  const written = bytes.subarray(-CHECKSUM_BYTES).reduce((value, byte) => value * 256 + byte, 0);
  if (sum !== written) return undefined;
  try {
    const { magic, version, ...stored } = body[VERSION_AT + 1] === KEYLESS_VERSION ? withoutKeys(body) : decodeAll(state, body);
    const isOurs = magic === MAGIC && (version === VERSION || version === KEYLESS_VERSION);
    return isOurs && stored.domain === domain ? stored : undefined;
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

function withoutKeys(body: Uint8Array): StoredState & { readonly magic: number; readonly version: number } {
  const { sources, ...stored } = decodeAll(keylessState, body);
  return { ...stored, sources: sources.map((source) => ({ ...source, sshKeys: new Uint8Array(0) })) };
}

export function storedLines(lines: Lines): Uint8Array {
  const bytes = new Uint8Array(lines.bytes.length + lines.count);
  for (let row = 0, start = 0; row < lines.count; row++) {
    const end = lines.ends[row] ?? 0;
    bytes.set(lines.bytes.subarray(start, end), start + row);
    bytes[end + row] = LINE_FEED;
    start = end;
  }
  return bytes;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});
const BYTES_PER_SLICE = 524_288;

/** The CRC-32 of Ethernet (IEEE 802.3 §3.2.9): finds accidents, not forgers; the file belongs to root. */
function* crc32(bytes: Uint8Array): Sliced<number> {
  let sum = 0xffffffff;
  for (let start = 0; start < bytes.length; start += BYTES_PER_SLICE) {
    for (const byte of bytes.subarray(start, start + BYTES_PER_SLICE)) sum = (sum >>> 8) ^ (TABLE[(sum ^ byte) & 255] ?? 0);
    yield;
  }
  return ~sum >>> 0;
}
