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
  const x = Uint32Array.from(start);
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 4; i++) quarter(x, i, 4 + i, 8 + i, 12 + i);
    for (let i = 0; i < 4; i++) quarter(x, i, 4 + ((i + 1) % 4), 8 + ((i + 2) % 4), 12 + ((i + 3) % 4));
  }
  return x.map((word, i) => word + (start[i] ?? 0));
}

function quarter(x: Uint32Array, a: number, b: number, c: number, d: number): void {
  mix(x, a, b, d, 16);
  mix(x, c, d, b, 12);
  mix(x, a, b, d, 8);
  mix(x, c, d, b, 7);
}

function mix(x: Uint32Array, into: number, from: number, turn: number, bits: number): void {
  x[into] = (x[into] ?? 0) + (x[from] ?? 0);
  const word = (x[turn] ?? 0) ^ (x[into] ?? 0);
  x[turn] = (word << bits) | (word >>> (32 - bits));
}
