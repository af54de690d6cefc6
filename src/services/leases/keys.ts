/** What leases are hashed by, laid out in one scratch buffer: (link, type, IAID, identifier) or (address, prefix length). */
import { ADDRESS_BYTES } from "./rows.ts";
import { SipHash } from "./siphash.ts";

/** The longest client identifier: a DUID of type code and 128 bytes (RFC 9915 §11.1). */
export const IDENTIFIER_BYTES = 130;
const HEAD_BYTES = 8;

export class LeaseKeys {
  readonly #hash: SipHash;
  readonly #scratch = new Uint8Array(HEAD_BYTES + IDENTIFIER_BYTES);

  constructor(key: Uint8Array) {
    this.#hash = new SipHash(key);
  }

  /** Bits 32 to 63 of the last hash; the functions below return the lower ones. All are signed. */
  get high(): number {
    return this.#hash.signedHigh;
  }

  client(link: number, type: number, iaid: number, identifier: Uint8Array, at: number, length: number): number {
    const scratch = this.#scratch;
    scratch[0] = link;
    scratch[1] = link >>> 8;
    scratch[2] = type;
    scratch[3] = 0;
    for (let i = 0; i < 4; i++) scratch[4 + i] = iaid >>> (8 * i);
    for (let i = 0; i < length; i++) scratch[HEAD_BYTES + i] = identifier[at + i] ?? 0;
    return this.#hash.signed(scratch, 0, HEAD_BYTES + length);
  }

  address(address: Uint8Array, at: number, prefixLength: number): number {
    const scratch = this.#scratch;
    for (let i = 0; i < ADDRESS_BYTES; i++) scratch[i] = address[at + i] ?? 0;
    scratch[ADDRESS_BYTES] = prefixLength;
    return this.#hash.signed(scratch, 0, ADDRESS_BYTES + 1);
  }
}
