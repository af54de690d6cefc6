/** Client identifiers too long for a row: slots of 132 bytes in slabs, which are taken and given back by number. */

const SLOT_BYTES = 132;
const SLOTS_PER_SLAB = 4096;
const NONE = 0xffffffff;

export class Identifiers {
  readonly #slabs: Uint8Array[] = [];
  readonly #links: Uint32Array[] = [];
  #free = NONE;
  #slots = 0;

  get bytes(): number {
    return this.#slabs.length * SLOTS_PER_SLAB * (SLOT_BYTES + 4);
  }

  /** Keeps a copy, and returns its slot. */
  keep(bytes: Uint8Array, at: number, length: number): number {
    const slot = this.#take();
    const slab = this.#slab(slot);
    const to = (slot % SLOTS_PER_SLAB) * SLOT_BYTES;
    for (let i = 0; i < length; i++) slab[to + i] = bytes[at + i] ?? 0;
    return slot;
  }

  giveBack(slot: number): void {
    (this.#links[Math.floor(slot / SLOTS_PER_SLAB)] ?? NO_LINKS)[slot % SLOTS_PER_SLAB] = this.#free;
    this.#free = slot;
  }

  same(slot: number, bytes: Uint8Array, at: number, length: number): boolean {
    const slab = this.#slab(slot);
    const from = (slot % SLOTS_PER_SLAB) * SLOT_BYTES;
    for (let i = 0; i < length; i++) if (slab[from + i] !== bytes[at + i]) return false;
    return true;
  }

  copy(slot: number, length: number, out: Uint8Array, at: number): void {
    const slab = this.#slab(slot);
    const from = (slot % SLOTS_PER_SLAB) * SLOT_BYTES;
    for (let i = 0; i < length; i++) out[at + i] = slab[from + i] ?? 0;
  }

  #take(): number {
    if (this.#free !== NONE) {
      const slot = this.#free;
      this.#free = this.#links[Math.floor(slot / SLOTS_PER_SLAB)]?.[slot % SLOTS_PER_SLAB] ?? NONE;
      return slot;
    }
    if (this.#slots === this.#slabs.length * SLOTS_PER_SLAB) {
      this.#slabs.push(new Uint8Array(SLOTS_PER_SLAB * SLOT_BYTES));
      this.#links.push(new Uint32Array(SLOTS_PER_SLAB));
    }
    return this.#slots++;
  }

  #slab(slot: number): Uint8Array {
    return this.#slabs[Math.floor(slot / SLOTS_PER_SLAB)] ?? NO_BYTES;
  }
}

const NO_LINKS = new Uint32Array(0);
const NO_BYTES = new Uint8Array(0);
