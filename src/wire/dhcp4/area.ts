/** The variable part of a message: options with one-byte lengths, split and joined by RFC 3396, in up to three fields (RFC 2131 §4.1). */
import type { Reader, Writer } from "../../base/cursor.ts";

const PAD = 0;
const END = 255;
/** What one length byte can say. */
const CHUNK_BYTES = 255;

/** All bytes of one option: every instance put together in the order of the fields. */
export type Joined = {
  readonly code: number;
  readonly bytes: Uint8Array;
  /** Where the first instance's bytes begin. */
  readonly offset: number;
  readonly instances: number;
};

type Piece = { readonly bytes: Uint8Array; readonly offset: number };

/** Collects options field by field; `joined` may be asked at any time. */
export class OptionArea {
  readonly #pieces = new Map<number, Piece[]>();

  /** Reads one field up to END or its last byte: a missing END is tolerated, what follows END is ignored. */
  read(reader: Reader): void {
    while (reader.remaining > 0) {
      const code = reader.u8();
      if (code === PAD) continue;
      if (code === END) return;
      const length = reader.u8();
      const piece = { offset: reader.offset, bytes: reader.view(length) };
      const known = this.#pieces.get(code);
      if (known === undefined) this.#pieces.set(code, [piece]);
      else known.push(piece);
    }
  }

  /** Takes one option out. */
  take(code: number): Joined | undefined {
    const pieces = this.#pieces.get(code);
    this.#pieces.delete(code);
    return pieces === undefined ? undefined : join(code, pieces);
  }

  /** What is left, in order of first appearance. */
  joined(): readonly Joined[] {
    return Array.from(this.#pieces, ([code, pieces]) => join(code, pieces));
  }
}

/** Writes one option, in as many instances as its length needs (RFC 3396 §5). */
export function writeOption(writer: Writer, code: number, bytes: Uint8Array): void {
  let left = bytes;
  do {
    const chunk = left.subarray(0, CHUNK_BYTES);
    writer.u8(code);
    writer.u8(chunk.length);
    writer.bytes(chunk);
    left = left.subarray(chunk.length);
  } while (left.length > 0);
}

export function writeEnd(writer: Writer): void {
  writer.u8(END);
}

function join(code: number, pieces: readonly Piece[]): Joined {
  const [first] = pieces;
  const offset = first?.offset ?? 0;
  if (first !== undefined && pieces.length === 1) return { code, bytes: first.bytes, offset, instances: 1 };
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.bytes.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece.bytes, at);
    at += piece.bytes.length;
  }
  return { code, bytes, offset, instances: pieces.length };
}
