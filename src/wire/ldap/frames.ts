/** Cuts a byte stream into LDAP messages. */
import { WireError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { StreamBuffer } from "../../base/stream-buffer.ts";
import { elementBytes, TAG } from "./ber.ts";

/**
 * Call `push` with each chunk, then `next` until it gives undefined. A frame is a view that holds until the next `push`. At most
 * one message and one chunk are in memory, and every byte is copied a bounded number of times. After a `WireError` nothing
 * can be read any more: nobody knows where the next message begins.
 */
export class LdapFrames {
  readonly #buffer = new StreamBuffer();
  readonly #maxBytes: number;

  constructor(maxBytes: number = LIMITS.ldapMessageBytes) {
    this.#maxBytes = maxBytes;
  }

  push(chunk: Uint8Array): void {
    this.#buffer.append(chunk);
  }

  /** One whole LDAPMessage. Throws `WireError`: what came is no message, or one over the limit. */
  next(): Uint8Array | undefined {
    const bytes = this.#buffer.peek();
    if (bytes.length > 0 && bytes[0] !== TAG.sequence) throw new WireError("bad-value", 0);
    const whole = elementBytes(bytes);
    if (whole !== undefined && whole > this.#maxBytes) throw new WireError("bad-length", 1);
    if (whole !== undefined && whole <= bytes.length) return this.#buffer.take(whole);
    this.#buffer.keep();
    return undefined;
  }

  /** Bytes of a message that is not whole: more than 0 when a connection ends means that it was cut. */
  get pendingBytes(): number {
    return this.#buffer.length;
  }
}
