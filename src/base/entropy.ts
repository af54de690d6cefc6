/** Chance as data: 32 random bytes of a moment, expanded as needed (ChaCha20, RFC 8439 §2.3). Same bytes, same draws. */

export const ENTROPY_BYTES = 32;

export class Entropy {
  readonly seed: Uint8Array;
  #block: Uint32Array = new Uint32Array(0);
  #word = 16;
  #counter = 0;

  /** @param seed 32 bytes from the kernel, or from a test */
  constructor(seed: Uint8Array) {
    if (seed.length !== ENTROPY_BYTES) throw new RangeError("entropy is 32 bytes");
    this.seed = seed;
  }

  /** The next 32 bits. */
  u32(): number {
    if (this.#word === 16) {
      this.#block = chachaBlock(this.seed, this.#counter++);
      this.#word = 0;
    }
    return this.#block[this.#word++] ?? 0;
  }

  /** A number in [low, high). */
  between(low: number, high: number): number {
    return low + (this.u32() / 2 ** 32) * (high - low);
  }

  bytes(count: number): Uint8Array {
    const out = new Uint8Array(count);
    for (let i = 0; i < count; i += 4) {
      const word = this.u32();
      for (let j = 0; j < 4 && i + j < count; j++) out[i + j] = word >>> (8 * j);
    }
    return out;
  }
}

/** A seed of small numbers: for tests and the simulator. */
export function seedOf(...numbers: readonly number[]): Uint8Array {
  const seed = new Uint8Array(ENTROPY_BYTES);
  const view = new DataView(seed.buffer);
  numbers.forEach((number, i) => {
    view.setUint32(4 * i, number >>> 0);
  });
  return seed;
}

function chachaBlock(key: Uint8Array, counter: number): Uint32Array {
  const keyView = new DataView(key.buffer, key.byteOffset, ENTROPY_BYTES);
  const start = new Uint32Array(16);
  start.set([0x61707865, 0x3320646e, 0x79622d32, 0x6b206574]);
  for (let i = 0; i < 8; i++) start[4 + i] = keyView.getUint32(4 * i, true);
  start[12] = counter;
  const x = Int32Array.from(start);
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 4; i++) quarter(x, i, 4 + i, 8 + i, 12 + i);
    for (let i = 0; i < 4; i++) quarter(x, i, 4 + ((i + 1) & 3), 8 + ((i + 2) & 3), 12 + ((i + 3) & 3));
  }
  return Uint32Array.from(x, (word, i) => word + (start[i] ?? 0));
}

/** Of 32-bit numbers in variables: without a compiler, reading and writing each in the array takes twice as long. */
function quarter(x: Int32Array, i: number, j: number, k: number, l: number): void {
  let [a, b, c, d] = [x[i] ?? 0, x[j] ?? 0, x[k] ?? 0, x[l] ?? 0];
  a = (a + b) | 0;
  d ^= a;
  d = (d << 16) | (d >>> 16);
  c = (c + d) | 0;
  b ^= c;
  b = (b << 12) | (b >>> 20);
  a = (a + b) | 0;
  d ^= a;
  d = (d << 8) | (d >>> 24);
  c = (c + d) | 0;
  b ^= c;
  b = (b << 7) | (b >>> 25);
  x[i] = a;
  x[j] = b;
  x[k] = c;
  x[l] = d;
}
