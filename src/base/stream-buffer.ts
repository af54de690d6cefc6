/** What has arrived of a byte stream and is not yet a whole frame. Every byte is copied a bounded number of times, whatever the chunks are. */

const NONE = new Uint8Array(0);
const LEAST_BYTES = 256;

/**
 * Room grows with what really arrived, never with what a length field promises. `take` and `peek` give views: they hold
 * until the next `append` or `keep`, and until the owner of the last chunk uses its memory again.
 */
export class StreamBuffer {
  #bytes = NONE;
  #owned = false;
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  append(chunk: Uint8Array): void {
    if (this.length === 0) {
      // A plain Uint8Array: slices of a Buffer would be views where everybody expects copies.
      this.#adopt(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length), false);
      return;
    }
    const end = this.#end + chunk.length;
    if (!this.#owned || end > this.#bytes.length) this.#move(Math.max(LEAST_BYTES, 2 * (this.length + chunk.length)));
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** Everything not yet taken. */
  peek(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** The next `count` bytes; the caller has seen that they are there. */
  take(count: number): Uint8Array {
    const start = this.#start;
    this.#start += count;
    return this.#bytes.subarray(start, this.#start);
  }

  /** Nothing more can be taken for now: lets go of the chunk, so that its owner may use it again. */
  keep(): void {
    if (this.length === 0) this.#adopt(NONE, false);
    else if (!this.#owned) this.#move(Math.max(LEAST_BYTES, 2 * this.length));
  }

  #adopt(bytes: Uint8Array<ArrayBuffer | ArrayBufferLike>, owned: boolean): void {
    this.#bytes = bytes as Uint8Array<ArrayBuffer>;
    this.#owned = owned;
    this.#start = 0;
    this.#end = bytes.length;
  }

  #move(roomBytes: number): void {
    const held = this.peek();
    const bytes = new Uint8Array(roomBytes);
    bytes.set(held);
    this.#adopt(bytes, true);
    this.#end = held.length;
  }
}
