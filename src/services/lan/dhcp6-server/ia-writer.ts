/**
 * Identity associations as they stand in an answer (RFC 9915 §21.4, §21.21). T1 and T2 are filled in at the end, the same for all
 * of them: they follow from the shortest preferred lifetime in the whole message (§18.3.2).
 */
import { LIMITS } from "../../../base/limits.ts";
import { INFINITE_SECONDS } from "../../../base/time.ts";
import { STATUS } from "../../../wire/dhcp6/leases.ts";
import { Counters } from "../../counters.ts";
import type { Dhcp6Pools } from "../dhcp6-config.ts";
import type { ReplyBatch } from "./batch.ts";
import { OPTION, SIZE } from "./codes.ts";
import { permilleOf } from "./lifetimes.ts";
import type { ClientMessage } from "./message.ts";
import { putU32, sameOctets } from "./octets.ts";

/** What it holds, what it is given of pools and by name, and what it names. */
const WRITTEN_MAX = LIMITS.leasesPerClient + 3 * LIMITS.poolsPerLink + LIMITS.hintsPerIa;

export type StatusName = keyof typeof STATUS;

export class IaWriter {
  /** How often each status was said: of associations and of whole answers. */
  readonly told = new Counters();
  readonly #timesAts = new Int32Array(LIMITS.dhcp6Options);
  #ias = 0;
  #shortestPreferred = INFINITE_SECONDS;
  #shortestValid = INFINITE_SECONDS;
  #preferredSome = false;
  #validSome = false;
  /** Where in the answer the addresses of the association stand that is being written. */
  readonly #writtenAts = new Int32Array(WRITTEN_MAX);
  #written = 0;
  #code = 0;
  #valueAt = 0;

  /** A new answer. */
  begin(): void {
    this.#ias = 0;
    this.#shortestPreferred = INFINITE_SECONDS;
    this.#shortestValid = INFINITE_SECONDS;
    this.#preferredSome = false;
    this.#validSome = false;
  }

  /** Resources in the association that is being written. */
  get written(): number {
    return this.#written;
  }

  openIa(out: ReplyBatch, message: ClientMessage, ia: number): void {
    this.#code = message.iaCodes[ia] ?? 0;
    this.#valueAt = out.option(this.#code, 0);
    out.copy(message.bytes, message.iaAts[ia] ?? 0, 4);
    this.#timesAts[this.#ias++] = out.end;
    out.u32(0);
    out.u32(0);
    this.#written = 0;
  }

  /**
   * An address or prefix with its lifetimes; zero ones tell the client to forget it.
   * @param excludedLength of the piece at the beginning of the prefix that the client leaves out (RFC 6603 §4.2); 0: there is none
   */
  resource(out: ReplyBatch, address: Uint8Array, at: number, prefixLength: number, preferred: number, valid: number, excludedLength: number): void {
    if (this.#code === OPTION.iaNa) {
      out.option(OPTION.iaAddress, SIZE.iaAddress);
      this.#writtenAts[this.#written++] = out.end;
      out.copy(address, at, 16);
      out.u32(preferred);
      out.u32(valid);
    } else {
      const prefixAt = out.option(OPTION.iaPrefix, SIZE.iaPrefix);
      out.u32(preferred);
      out.u32(valid);
      out.u8(prefixLength);
      this.#writtenAts[this.#written++] = out.end;
      out.copy(address, at, 16);
      if (excludedLength > prefixLength) {
        exclude(out, prefixLength, excludedLength);
        out.endOption(prefixAt);
      }
    }
    if (preferred > 0) {
      this.#preferredSome = true;
      if (preferred < this.#shortestPreferred) this.#shortestPreferred = preferred;
    }
    if (valid > 0) {
      this.#validSome = true;
      if (valid < this.#shortestValid) this.#shortestValid = valid;
    }
  }

  /** Whether the association that is being written names it already. */
  names(out: ReplyBatch, address: Uint8Array, at: number, prefixLength: number): boolean {
    for (let i = 0; i < this.#written; i++) {
      const writtenAt = this.#writtenAts[i] ?? 0;
      if (this.#code !== OPTION.iaNa && out.bytes[writtenAt - 1] !== prefixLength) continue;
      if (sameOctets(out.bytes, writtenAt, address, at, 16)) return true;
    }
    return false;
  }

  closeIa(out: ReplyBatch): void {
    out.endOption(this.#valueAt);
  }

  /** The association that is being written is left out; the caller cuts the answer. */
  withdrawIa(): void {
    this.#ias--;
  }

  /** An association that holds a status alone. */
  refused(out: ReplyBatch, message: ClientMessage, ia: number, status: StatusName): void {
    this.openIa(out, message, ia);
    this.status(out, status);
    this.closeIa(out);
  }

  /** A status without words, of an association or of the whole answer: what it says follows from its number (RFC 9915 §21.13). */
  status(out: ReplyBatch, status: StatusName): void {
    this.told.add(status);
    out.option(OPTION.status, SIZE.status);
    out.u16(STATUS[status]);
  }

  /** T1 and T2 into every association (RFC 9915 §18.3.2: the same in all of them). */
  end({ t1Permille, t2Permille }: Pick<Dhcp6Pools, "t1Permille" | "t2Permille">, out: ReplyBatch): void {
    const t1 = this.#preferredSome ? permilleOf(this.#shortestPreferred, t1Permille) : this.#validSome ? this.#shortestValid : 0;
    const t2 = this.#preferredSome ? permilleOf(this.#shortestPreferred, t2Permille) : t1;
    for (let i = 0; i < this.#ias; i++) {
      putU32(out.bytes, this.#timesAts[i] ?? 0, t1);
      putU32(out.bytes, (this.#timesAts[i] ?? 0) + 4, t2);
    }
  }
}

/** The length of the excluded prefix, and its bits behind the delegated one: all zero, for it is the first piece. */
function exclude(out: ReplyBatch, prefixLength: number, excludedLength: number): void {
  const octets = Math.ceil((excludedLength - prefixLength) / 8);
  out.option(OPTION.pdExclude, 1 + octets);
  out.u8(excludedLength);
  for (let i = 0; i < octets; i++) out.u8(0);
}
