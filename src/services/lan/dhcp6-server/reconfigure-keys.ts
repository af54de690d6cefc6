/**
 * The reconfigure key protocol (RFC 9915 §20.4): each client's key is a keyed hash of who it is and where it lives, so that none is
 * stored and all of them outlive us (docs/decisions/reconfigure-keys.md). The number against replays counts up within a life; lives
 * are counted by main.
 */
import { hmacMd5, MD5_BYTES } from "../../../base/md5.ts";
import type { ReplyBatch } from "./batch.ts";
import { OPTION } from "./codes.ts";
import { copyOctets, putU16, putU32 } from "./octets.ts";

export type ReconfigureSecret = {
  /** Sixteen octets that stay the same. */
  readonly key: Uint8Array;
  /** Greater than in every life before, below 2^24; 0: nobody could write it down. */
  readonly life: number;
};
/** Whose key: link, its own address, and DUID. */
export type KeyOwner = { readonly link: number; readonly peer: Uint8Array; readonly duid: Uint8Array };

const RKAP = { protocol: 3, algorithm: 1, replayMethod: 0, key: 1, digest: 2 } as const;
const AUTHENTICATION_BYTES = 3 + 8 + 1 + MD5_BYTES;
/** Sets these keys apart from all else that the secret is used for. */
const PURPOSE = Uint8Array.from("reconfigure key\0", (character) => character.charCodeAt(0));
const LIFE_SHIFT = 256;
const LIVES_MAX = 0xff_ffff;
/** Of the count within a life: two numbers, for no integer of ours has 40 bits in the packet path. */
const COUNT_HIGH_MAX = 0xff;

export class ReconfigureKeys {
  readonly #secret: ReconfigureSecret;
  #high = 0;
  #low = 0;

  constructor(secret: ReconfigureSecret) {
    this.#secret = secret;
  }

  /** Whether another number is left: 2^40 of them make one life. None in a life that nobody has counted. */
  get canCount(): boolean {
    const { life } = this.#secret;
    return this.#high <= COUNT_HIGH_MAX && life > 0 && life <= LIVES_MAX;
  }

  keyOf({ link, peer, duid }: KeyOwner): Uint8Array {
    const owner = new Uint8Array(PURPOSE.length + 2 + peer.length + duid.length);
    owner.set(PURPOSE);
    putU16(owner, PURPOSE.length, link);
    owner.set(peer, PURPOSE.length + 2);
    owner.set(duid, PURPOSE.length + 2 + peer.length);
    return hmacMd5(this.#secret.key, owner);
  }

  /** Hands a client its key. */
  writeKey(owner: KeyOwner, out: ReplyBatch): void {
    this.#head(RKAP.key, out);
    out.copy(this.keyOf(owner), 0, MD5_BYTES);
  }

  /** The proof that a message which began at `start`, and ends with this option, is ours (§20.4.3). */
  writeDigest(owner: KeyOwner, start: number, out: ReplyBatch): void {
    this.#head(RKAP.digest, out);
    const digestAt = out.end;
    for (let i = 0; i < MD5_BYTES; i++) out.u8(0);
    copyOctets(hmacMd5(this.keyOf(owner), out.bytes.slice(start, out.end)), 0, out.bytes, digestAt, MD5_BYTES);
  }

  #head(type: number, out: ReplyBatch): void {
    out.option(OPTION.authentication, AUTHENTICATION_BYTES);
    out.u8(RKAP.protocol);
    out.u8(RKAP.algorithm);
    out.u8(RKAP.replayMethod);
    const at = out.end;
    out.u32(0);
    out.u32(0);
    this.#count();
    putU32(out.bytes, at, this.#secret.life * LIFE_SHIFT + this.#high);
    putU32(out.bytes, at + 4, this.#low);
    out.u8(type);
  }

  #count(): void {
    this.#low = (this.#low + 1) >>> 0;
    if (this.#low === 0) this.#high++;
  }
}
