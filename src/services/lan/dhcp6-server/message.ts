/**
 * A client's message, read in place: where its options stand in the arena, in arrays that are used again for every message.
 * Every option is compared with the end of what it stands in, nested ones too; one that reaches beyond condemns the message
 * (RFC 9915 §21.1). What is only too short to mean anything is passed over (§16).
 */
import { DUID_BYTES } from "../../../base/duid.ts";
import { LIMITS } from "../../../base/limits.ts";
import { OPTION, SIZE } from "./codes.ts";
import { allZero, clearHost, copyOctets, sameOctets, u16At } from "./octets.ts";
import type { Refusal } from "./refusals.ts";

const NO_BYTES = new Uint8Array(0);
const ADDRESS_BITS = 128;
/** Places in the value of option 26. */
const PREFIX_LENGTH_AT = 8;
const PREFIX_AT = 9;

export class ClientMessage {
  bytes: Uint8Array = NO_BYTES;
  start = 0;
  type = 0;
  /** Where values stand; a length of 0 says that the option is not there. */
  clientIdAt = 0;
  clientIdLength = 0;
  serverIdAt = 0;
  serverIdLength = 0;
  requestedAt = 0;
  requestedLength = 0;
  rapidCommit = false;
  /** Number of the client's name (39), the first of it; -1 when there is none. Noted, for every message is asked for it. */
  fqdn = -1;
  /** IA_NA and IA_PD in their order; those from LIMITS.iasPerMessage on are only answered with a status. */
  ias = 0;
  /** An association of any kind stands there, were it a temporary or a short one. */
  anyIa = false;
  readonly iaCodes: Uint8Array = new Uint8Array(LIMITS.dhcp6Options);
  readonly iaids: Int32Array = new Int32Array(LIMITS.dhcp6Options);
  /** Where the IAID stands. */
  readonly iaAts: Int32Array = new Int32Array(LIMITS.dhcp6Options);
  /** Addresses or prefixes named in an IA: their number, LIMITS.hintsPerIa + 1 when there are more, and where each value starts. */
  readonly hintCounts: Uint8Array = new Uint8Array(LIMITS.dhcp6Options);
  readonly #hintAts = new Int32Array(LIMITS.iasPerMessage * LIMITS.hintsPerIa);
  #authentications = 0;
  /** Every option of the message in its order: code, and where its value stands. */
  readonly #codes = new Uint16Array(LIMITS.dhcp6Options);
  readonly #ats = new Int32Array(LIMITS.dhcp6Options);
  readonly #lengths = new Int32Array(LIMITS.dhcp6Options);
  #options = 0;

  /** @returns why the message cannot be used, if it cannot; it then says nothing */
  decode(bytes: Uint8Array, start: number, end: number): Refusal | undefined {
    if (end - start < SIZE.header) return "truncated";
    this.#clear(bytes, start);
    for (let at = start + SIZE.header; at < end; ) {
      if (end - at < SIZE.option) return "truncated";
      if (this.#options === LIMITS.dhcp6Options) return "too-many-options";
      const code = u16At(bytes, at);
      const length = u16At(bytes, at + 2);
      at += SIZE.option;
      if (length > end - at) return "truncated";
      this.#codes[this.#options] = code;
      this.#ats[this.#options] = at;
      this.#lengths[this.#options++] = length;
      const refusal = this.#option(code, at, length);
      if (refusal !== undefined) return refusal;
      at += length;
    }
    return undefined;
  }

  /**
   * Copies what one hint of an IA names, sixteen octets; of a prefix, bits behind its length are cleared (RFC 9915 §21.22).
   * @returns the bits that count: 128 of an address, of a prefix its length; -1 when it names nothing, or a length alone
   */
  copyHint(ia: number, hint: number, out: Uint8Array): number {
    const at = this.#hintAts[ia * LIMITS.hintsPerIa + hint] ?? 0;
    const isAddress = this.iaCodes[ia] === OPTION.iaNa;
    const length = isAddress ? ADDRESS_BITS : (this.bytes[at + PREFIX_LENGTH_AT] ?? 0);
    if (length > ADDRESS_BITS) return -1;
    copyOctets(this.bytes, isAddress ? at : at + PREFIX_AT, out, 0, 16);
    clearHost(out, length);
    return allZero(out, 0, 16) ? -1 : length;
  }

  /** The length that an IA_PD asks for first, with a prefix or without one (RFC 8168 §3.1); 0: any. */
  hintLength(ia: number): number {
    for (let hint = 0; hint < this.hintsKept(ia); hint++) {
      const length = this.bytes[(this.#hintAts[ia * LIMITS.hintsPerIa + hint] ?? 0) + PREFIX_LENGTH_AT] ?? 0;
      if (length > 0 && length <= ADDRESS_BITS) return length;
    }
    return 0;
  }

  /** The number of the next option with this code, from number `from` on; -1 when there is none. */
  optionOf(code: number, from = 0): number {
    for (let i = from; i < this.#options; i++) if (this.#codes[i] === code) return i;
    return -1;
  }

  /** Where the value of an option stands, and its octets. @param option its number, from `optionOf` */
  valueAt(option: number): number {
    return this.#ats[option] ?? 0;
  }

  valueLength(option: number): number {
    return this.#lengths[option] ?? 0;
  }

  /** Hints of an IA of which the place is kept. */
  hintsKept(ia: number): number {
    return ia < LIMITS.iasPerMessage ? Math.min(this.hintCounts[ia] ?? 0, LIMITS.hintsPerIa) : 0;
  }

  /** Whether the client asks for an option (RFC 9915 §21.7). */
  asksFor(code: number): boolean {
    const end = this.requestedAt + this.requestedLength;
    for (let at = this.requestedAt; at < end; at += 2) if (u16At(this.bytes, at) === code) return true;
    return false;
  }

  #clear(bytes: Uint8Array, start: number): void {
    this.bytes = bytes;
    this.start = start;
    this.type = bytes[start] ?? 0;
    this.clientIdLength = 0;
    this.serverIdLength = 0;
    this.requestedAt = 0;
    this.requestedLength = 0;
    this.rapidCommit = false;
    this.fqdn = -1;
    this.ias = 0;
    this.anyIa = false;
    this.#authentications = 0;
    this.#options = 0;
  }

  #option(code: number, at: number, length: number): Refusal | undefined {
    switch (code) {
      case OPTION.clientId:
        if (this.clientIdLength !== 0) return "repeated-option";
        this.clientIdAt = at;
        this.clientIdLength = length;
        return isDuid(length) ? undefined : "bad-length";
      case OPTION.serverId:
        if (this.serverIdLength !== 0) return "repeated-option";
        this.serverIdAt = at;
        this.serverIdLength = length;
        return isDuid(length) ? undefined : "bad-length";
      case OPTION.requested:
        if (this.requestedAt === 0 && length % 2 === 0) {
          this.requestedAt = at;
          this.requestedLength = length;
        }
        return undefined;
      case OPTION.rapidCommit:
        this.rapidCommit = true;
        return length === 0 ? undefined : "bad-length";
      case OPTION.authentication:
        return ++this.#authentications > 1 ? "repeated-option" : undefined;
      case OPTION.iaTa:
        this.anyIa = true;
        return undefined;
      case OPTION.clientFqdn:
        if (this.fqdn === -1) this.fqdn = this.#options - 1;
        return undefined;
      case OPTION.iaNa:
      case OPTION.iaPd:
        this.anyIa = true;
        return length < SIZE.ia ? undefined : this.#ia(code, at, length);
      default:
        return undefined;
    }
  }

  /** A second one with the same IAID is passed over: it would be answered with the same lease. */
  #ia(code: number, at: number, length: number): Refusal | undefined {
    const ia = this.ias;
    const iaid = this.#iaidAt(at);
    for (let other = Math.min(ia, LIMITS.iasPerMessage) - 1; other >= 0; other--) {
      if (this.iaids[other] === iaid && this.iaCodes[other] === code) return this.#hints(LIMITS.iasPerMessage, code, at, length);
    }
    this.iaCodes[ia] = code;
    this.iaids[ia] = iaid;
    this.iaAts[ia] = at;
    this.hintCounts[ia] = 0;
    this.ias = ia + 1;
    return this.#hints(ia, code, at, length);
  }

  /** Walks over what an IA holds. @param ia beyond LIMITS.iasPerMessage nothing is kept of it */
  #hints(ia: number, code: number, at: number, length: number): Refusal | undefined {
    const bytes = this.bytes;
    const end = at + length;
    const wanted = code === OPTION.iaNa ? OPTION.iaAddress : OPTION.iaPrefix;
    const least = code === OPTION.iaNa ? SIZE.iaAddress : SIZE.iaPrefix;
    for (let inner = at + SIZE.ia; inner < end; ) {
      if (end - inner < SIZE.option) return "truncated";
      const innerCode = u16At(bytes, inner);
      const innerLength = u16At(bytes, inner + 2);
      inner += SIZE.option;
      if (innerLength > end - inner) return "truncated";
      if (innerCode === wanted && innerLength >= least) {
        if (!soundOptions(bytes, inner + least, inner + innerLength)) return "truncated";
        if (ia < LIMITS.iasPerMessage) this.#hint(ia, inner);
      }
      inner += innerLength;
    }
    return undefined;
  }

  #hint(ia: number, at: number): void {
    const count = this.hintCounts[ia] ?? 0;
    if (count < LIMITS.hintsPerIa) this.#hintAts[ia * LIMITS.hintsPerIa + count] = at;
    if (count <= LIMITS.hintsPerIa) this.hintCounts[ia] = count + 1;
  }

  #iaidAt(at: number): number {
    return (u16At(this.bytes, at) << 16) | u16At(this.bytes, at + 2);
  }
}

export function isServer(message: ClientMessage, duid: Uint8Array): boolean {
  return message.serverIdLength === duid.length && sameOctets(message.bytes, message.serverIdAt, duid, 0, duid.length);
}

export function isClient(message: ClientMessage, duid: Uint8Array): boolean {
  return message.clientIdLength === duid.length && sameOctets(message.bytes, message.clientIdAt, duid, 0, duid.length);
}

function isDuid(length: number): boolean {
  return length >= DUID_BYTES.least && length <= DUID_BYTES.most;
}

function soundOptions(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    if (end - at < SIZE.option) return false;
    at += SIZE.option + u16At(bytes, at + 2);
  }
  return at === end;
}
