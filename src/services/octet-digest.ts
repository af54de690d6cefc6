/** 64 bits over octets that come in pieces: against accidents, not against attackers. */

export class OctetDigest {
  #a = 0xdeadbeef;
  #b = 0x41c6ce57;
  #octets = 0;

  add(bytes: Uint8Array): this {
    let [a, b] = [this.#a, this.#b];
    for (const octet of bytes) {
      a = Math.imul(a ^ octet, 0x9e3779b1) ^ (a >>> 15);
      b = Math.imul(b ^ octet, 0x5f356495) ^ (b >>> 13);
    }
    this.#a = a;
    this.#b = b;
    this.#octets += bytes.length;
    return this;
  }

  toJSON(): readonly number[] {
    return [this.#octets, this.#a >>> 0, this.#b >>> 0];
  }
}
