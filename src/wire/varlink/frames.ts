/** Cuts a byte stream into Varlink messages: each ends with a NUL. */
import { WireError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { StreamBuffer } from "../../base/stream-buffer.ts";

const NUL = 0;

/**
 * Call `push` with each chunk, then `next` until it gives undefined. A frame is a view without its NUL that holds until the next
 * `push`. No byte is looked at twice. After a `WireError` nothing can be read any more.
 */
export class VarlinkFrames {
  readonly #buffer = new StreamBuffer();
  readonly #maxBytes: number;
  #searched = 0;

  constructor(maxBytes: number = LIMITS.varlinkMessageBytes) {
    this.#maxBytes = maxBytes;
  }

  push(chunk: Uint8Array): void {
    this.#buffer.append(chunk);
  }

  /** One whole message. Throws `WireError` when it is too long, whether its end is there or not. */
  next(): Uint8Array | undefined {
    const bytes = this.#buffer.peek();
    const end = bytes.indexOf(NUL, this.#searched);
    if ((end === -1 ? bytes.length : end) > this.#maxBytes) throw new WireError("bad-length", 0);
    if (end !== -1) {
      this.#searched = 0;
      return this.#buffer.take(end + 1).subarray(0, -1);
    }
    this.#searched = bytes.length;
    this.#buffer.keep();
    return undefined;
  }

  /** Bytes of a message that is not whole. */
  get pendingBytes(): number {
    return this.#buffer.length;
  }
}
