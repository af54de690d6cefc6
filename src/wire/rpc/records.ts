/** Record marking: RPC messages in a byte stream (RFC 5531 §11). Each fragment has four bytes in front: last or not, and its length. */
import { Reader, Writer } from "../../base/cursor.ts";
import { WireError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { StreamBuffer } from "../../base/stream-buffer.ts";

const HEADER_BYTES = 4;
const LAST = 0x80000000;
export const MOST_FRAGMENT_BYTES = 0x7fffffff;

/**
 * Call `push` with each chunk, then `next` until it gives undefined. A record of one fragment is a view that holds until the next
 * `push`; others are joined. After a `WireError` nothing can be read any more.
 */
export class RpcRecords {
  readonly #buffer = new StreamBuffer();
  readonly #maxBytes: number;
  #joined = new Writer(0);
  #fragments = 0;

  constructor(maxBytes: number = LIMITS.rpcRequestBytes) {
    this.#maxBytes = maxBytes;
  }

  push(chunk: Uint8Array): void {
    this.#buffer.append(chunk);
  }

  /** One whole record. Throws `WireError`: too long, or cut into too many pieces. */
  next(): Uint8Array | undefined {
    for (;;) {
      const bytes = this.#buffer.peek();
      const header = bytes.length < HEADER_BYTES ? undefined : new Reader(bytes).u32();
      const length = header === undefined ? 0 : header & MOST_FRAGMENT_BYTES;
      if (this.#joined.length + length > this.#maxBytes) throw new WireError("bad-length", 0);
      if (header === undefined || bytes.length < HEADER_BYTES + length) break;
      if (++this.#fragments > LIMITS.rpcFragments) throw new WireError("too-many", 0);
      const record = this.#fragment(this.#buffer.take(HEADER_BYTES + length).subarray(HEADER_BYTES), header >= LAST);
      if (record !== undefined) return record;
    }
    this.#buffer.keep();
    return undefined;
  }

  /** Bytes of a record that is not whole. */
  get pendingBytes(): number {
    return this.#joined.length + this.#buffer.length;
  }

  #fragment(bytes: Uint8Array, last: boolean): Uint8Array | undefined {
    const alone = this.#fragments === 1;
    if (last) this.#fragments = 0;
    if (last && alone) return bytes;
    this.#joined.bytes(bytes);
    if (!last) return undefined;
    const record = this.#joined.written();
    this.#joined = new Writer(0);
    return record;
  }
}

/** What goes in front of a fragment of a record. */
export function fragmentHeader({ lengthBytes, last }: { readonly lengthBytes: number; readonly last: boolean }): Uint8Array {
  const writer = new Writer(HEADER_BYTES);
  writer.u32((last ? LAST : 0) + lengthBytes);
  return writer.take();
}

/** A record of one fragment. */
export function recordOf(message: Uint8Array): Uint8Array {
  const writer = new Writer(HEADER_BYTES + message.length);
  writer.u32(LAST + message.length);
  writer.bytes(message);
  return writer.take();
}
