/**
 * The relays a message has passed, outermost first: opened in place, one envelope after the other, and written anew around the
 * answer from what was read: link-address, peer-address, hop count, Interface-Id, where the relay sent it the option of RFC 8357,
 * and what it asks to have back (RFC 4994). Nothing else of a relay's goes back (RFC 9915 §19.3). Hop counts come from
 * strangers: copied, never believed.
 */
import { LIMITS } from "../../../base/limits.ts";
import type { ReplyBatch } from "./batch.ts";
import { OPTION, SIZE, TYPE } from "./codes.ts";
import { allZero, u16At } from "./octets.ts";
import type { Refusal } from "./refusals.ts";

const NO_BYTES = new Uint8Array(0);
const WRITTEN_ANYWAY: readonly number[] = [OPTION.relayMessage, OPTION.interfaceId, OPTION.relayPort, OPTION.echoRequest];
const HOP_COUNT_AT = 1;
const LINK_ADDRESS_AT = 2;
const PEER_ADDRESS_AT = 18;
/** Hop count, link-address, peer-address: everything behind the type. */
const COPIED_BYTES = SIZE.relayHeader - 1;

export class RelayChain {
  bytes: Uint8Array = NO_BYTES;
  /** 0: the client itself was heard. */
  depth = 0;
  /** The message inside all envelopes. */
  innerStart = 0;
  innerEnd = 0;
  readonly #starts = new Int32Array(LIMITS.relayLevels);
  readonly #interfaceIdAts = new Int32Array(LIMITS.relayLevels);
  /** -1: none; an empty one is echoed too. */
  readonly #interfaceIdLengths = new Int32Array(LIMITS.relayLevels);
  /** 0: none. */
  readonly #relayPortAts = new Int32Array(LIMITS.relayLevels);
  /** Codes the relay wants its own options of echoed; 0: none. */
  readonly #echoAts = new Int32Array(LIMITS.relayLevels);
  readonly #ends = new Int32Array(LIMITS.relayLevels);
  /** Where lengths of relay messages are filled in once the answer is there. */
  readonly #lengthAts = new Int32Array(LIMITS.relayLevels);

  /** Opens every envelope. */
  unwrap(bytes: Uint8Array, start: number, end: number): Refusal | undefined {
    this.bytes = bytes;
    this.depth = 0;
    this.innerStart = start;
    this.innerEnd = end;
    while (this.innerStart < this.innerEnd && bytes[this.innerStart] === TYPE.relayForward) {
      if (this.depth === LIMITS.relayLevels) return "relayed-too-deep";
      const refusal = this.#open(this.innerStart, this.innerEnd);
      if (refusal !== undefined) return refusal;
      this.depth++;
    }
    return this.innerStart < this.innerEnd ? undefined : "truncated";
  }

  /** Where the link-address of a level stands. */
  linkAddressAt(level: number): number {
    return (this.#starts[level] ?? 0) + LINK_ADDRESS_AT;
  }

  peerAddressAt(level: number): number {
    return (this.#starts[level] ?? 0) + PEER_ADDRESS_AT;
  }

  hopCount(level: number): number {
    return this.bytes[(this.#starts[level] ?? 0) + HOP_COUNT_AT] ?? 0;
  }

  /** Where the value of the relay's option of RFC 8357 stands; 0: it has none. */
  relayPortAt(level: number): number {
    return this.#relayPortAts[level] ?? 0;
  }

  namesLink(level: number): boolean {
    return !allZero(this.bytes, this.linkAddressAt(level), 16);
  }

  /** Where the value of a relay's own option stands, the first of this code at its level; -1 when there is none. Its length stands two octets before. */
  optionAt(level: number, code: number): number {
    const bytes = this.bytes;
    const end = this.#ends[level] ?? 0;
    for (let at = (this.#starts[level] ?? 0) + SIZE.relayHeader; at < end; ) {
      const length = u16At(bytes, at + 2);
      if (u16At(bytes, at) === code) return at + SIZE.option;
      at += SIZE.option + length;
    }
    return -1;
  }

  /** Whether the relay we heard listens on a port of its own (RFC 8357 §5.3). */
  get ownPort(): boolean {
    return this.depth > 0 && this.#relayPortAts[0] !== 0;
  }

  /** Writes every Relay-reply up to the relay message, which is the answer. */
  open(out: ReplyBatch): void {
    for (let level = 0; level < this.depth; level++) {
      out.u8(TYPE.relayReply);
      out.copy(this.bytes, (this.#starts[level] ?? 0) + 1, COPIED_BYTES);
      const idLength = this.#interfaceIdLengths[level] ?? -1;
      if (idLength >= 0) {
        out.option(OPTION.interfaceId, idLength);
        out.copy(this.bytes, this.#interfaceIdAts[level] ?? 0, idLength);
      }
      const portAt = this.#relayPortAts[level] ?? 0;
      if (portAt !== 0) {
        out.option(OPTION.relayPort, 2);
        out.copy(this.bytes, portAt, 2);
      }
      if (this.#echoAts[level] !== 0) this.#echo(level, out);
      this.#lengthAts[level] = out.option(OPTION.relayMessage, 0);
    }
  }

  /** The answer is written: the lengths around it are known. */
  close(out: ReplyBatch): void {
    for (let level = 0; level < this.depth; level++) out.endOption(this.#lengthAts[level] ?? 0);
  }

  #open(start: number, end: number): Refusal | undefined {
    const bytes = this.bytes;
    const level = this.depth;
    if (end - start < SIZE.relayHeader) return "truncated";
    this.#starts[level] = start;
    this.#interfaceIdLengths[level] = -1;
    this.#relayPortAts[level] = 0;
    this.#echoAts[level] = 0;
    this.#ends[level] = end;
    let messageAt = 0;
    let options = 0;
    for (let at = start + SIZE.relayHeader; at < end; ) {
      if (end - at < SIZE.option) return "truncated";
      if (++options > LIMITS.dhcp6Options) return "too-many-options";
      const code = u16At(bytes, at);
      const length = u16At(bytes, at + 2);
      at += SIZE.option;
      if (length > end - at) return "truncated";
      if (code === OPTION.relayMessage) {
        if (messageAt !== 0) return "repeated-option";
        messageAt = at;
        this.innerStart = at;
        this.innerEnd = at + length;
      } else if (code === OPTION.interfaceId && this.#interfaceIdLengths[level] === -1) {
        this.#interfaceIdAts[level] = at;
        this.#interfaceIdLengths[level] = length;
      } else if (code === OPTION.relayPort && length === 2 && this.#relayPortAts[level] === 0) {
        this.#relayPortAts[level] = at;
      } else if (code === OPTION.echoRequest && length % 2 === 0) {
        this.#echoAts[level] = at;
      }
      at += length;
    }
    if (messageAt === 0 || this.innerEnd - this.innerStart < SIZE.header) return "relayed-nothing";
    return undefined;
  }

  /** Every option of the level that it names, once; those that go back anyway are left out. */
  #echo(level: number, out: ReplyBatch): void {
    const bytes = this.bytes;
    const end = this.#ends[level] ?? 0;
    for (let at = (this.#starts[level] ?? 0) + SIZE.relayHeader; at < end; ) {
      const code = u16At(bytes, at);
      const length = u16At(bytes, at + 2);
      if (!WRITTEN_ANYWAY.includes(code) && this.#isNamed(level, code)) out.copy(bytes, at, SIZE.option + length);
      at += SIZE.option + length;
    }
  }

  #isNamed(level: number, code: number): boolean {
    const at = this.#echoAts[level] ?? 0;
    const end = at + u16At(this.bytes, at - 2);
    for (let named = at; named < end; named += 2) if (u16At(this.bytes, named) === code) return true;
    return false;
  }
}
