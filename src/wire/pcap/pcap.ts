/** Capture files that ordinary tools open: the classic format, version 2.4, Ethernet, written in network byte order. */
import { Reader, Writer } from "../../base/cursor.ts";
import { WireError } from "../../base/errors.ts";

/** A frame and when it was seen: whole microseconds since 1970, or since whatever start the writer counts from. */
export type PcapRecord = { readonly atMicroseconds: number; readonly bytes: Uint8Array };

const MAGIC = 0xa1b2c3d4;
const VERSION = { major: 2, minor: 4 } as const;
const SNAP_BYTES = 0x40000;
const ETHERNET = 1;
const SECOND = 1_000_000;

/** The start of every file; records follow it. */
export function pcapHeader(): Uint8Array {
  const writer = new Writer(24);
  writer.u32(MAGIC);
  writer.u16(VERSION.major);
  writer.u16(VERSION.minor);
  writer.u32(0); // time zone: always UTC
  writer.u32(0); // accuracy: nobody sets it
  writer.u32(SNAP_BYTES);
  writer.u32(ETHERNET);
  return writer.take();
}

/** One record, ready to be appended: a capture can be written frame by frame. */
export function pcapRecord({ atMicroseconds, bytes }: PcapRecord): Uint8Array {
  const writer = new Writer(16 + bytes.length);
  writer.u32(Math.floor(atMicroseconds / SECOND));
  writer.u32(atMicroseconds % SECOND);
  writer.u32(bytes.length);
  writer.u32(bytes.length);
  writer.bytes(bytes);
  return writer.take();
}

export function encodePcap(records: readonly PcapRecord[]): Uint8Array {
  const writer = new Writer();
  writer.bytes(pcapHeader());
  for (const record of records) writer.bytes(pcapRecord(record));
  return writer.take();
}

/** Reads files of both byte orders. Other link types, nanosecond files and pcapng are `unsupported`. */
export function decodePcap(bytes: Uint8Array): readonly PcapRecord[] {
  const reader = new Reader(bytes);
  const u32 = wordsOf(reader);
  reader.skip(16); // version, time zone, accuracy, snap length
  const linkAt = reader.offset;
  if (u32() !== ETHERNET) throw new WireError("unsupported", linkAt);
  const records: PcapRecord[] = [];
  while (reader.remaining > 0) {
    const seconds = u32();
    const microseconds = u32();
    const capturedAt = reader.offset;
    const captured = u32();
    if (captured > SNAP_BYTES) throw new WireError("bad-length", capturedAt);
    reader.skip(4); // length on the wire
    records.push({ atMicroseconds: seconds * SECOND + microseconds, bytes: reader.bytes(captured) });
  }
  return records;
}

function wordsOf(reader: Reader): () => number {
  const big = reader.u32();
  if (big === MAGIC) return () => reader.u32();
  if (big === 0xd4c3b2a1) return () => reader.hostU32();
  throw new WireError("unsupported", 0);
}
