/** Every change of leases in one place: in the table, as an image for the journal, and in the counts that are shown. */
import { LIMITS } from "../../../base/limits.ts";
import { type LeaseState, type LeaseTable, STATE } from "../../leases/table.ts";
import type { ReplyBatch } from "./batch.ts";
import { OPTION } from "./codes.ts";
import { HAPPENED } from "./happenings.ts";
import { GRACE_SECONDS, remainingSeconds, untilSeconds } from "./lifetimes.ts";
import type { ClientMessage } from "./message.ts";
import type { ClientNotes } from "./notes.ts";
import { Declines } from "./declines.ts";
import { Fingerprint } from "../../leases/fingerprint.ts";
import { IDENTIFIER_BYTES } from "../../leases/keys.ts";
import { Overlaps } from "./overlaps.ts";
import type { Pool } from "./pools.ts";
import { Quotas } from "./quotas.ts";
import type { LanConfig } from "../config.ts";
import type { PromisedLifetimes } from "../dhcp6-config.ts";

/** A lease that ended is kept for its client this long, unless nothing else is left (RFC 9915 §18.3.7). */
const AFFINITY_SECONDS = 3600;
/** A declined address may be in use by somebody we do not know (RFC 9915 §18.3.8). */
const DECLINED_SECONDS = 86_400;
/** As long as no more than a quarter has passed, a promise is repeated, not extended: nothing need be written. */
const REPEATED_FROM = 0.75;

/** A lease as an operator or another server knows it; no identifier: nobody's. Times are seconds of the wall clock. */
export type KeptLease = {
  readonly link: number;
  readonly type: number;
  readonly iaid: number;
  readonly identifier: Uint8Array;
  readonly address: Uint8Array;
  readonly prefixLength: number;
  readonly state: LeaseState;
  readonly start: number;
  readonly preferredUntil: number;
  readonly validUntil: number;
};

/** Leases of one link that are promised, and its addresses that were declined. */
export type Holdings = { addresses: number; prefixes: number; declined: number };

export class Ledger {
  readonly table: LeaseTable;
  /** Which delegated prefixes lie across others. */
  readonly overlaps: Overlaps;
  readonly quotas: Quotas;
  readonly #declines = new Declines();
  readonly #decliner: Fingerprint;
  readonly #identifier = new Uint8Array(IDENTIFIER_BYTES);
  /** The disk is full: what is promised goes on as long as it was promised before, and nothing else begins. */
  repeatsOnly = false;
  /** What is remembered of the client that is being answered. */
  notes: ClientNotes | undefined;
  readonly #holdings = new Map<number, Holdings>();
  /** Leases that ended or were forgotten: with another number there may be room again. */
  ended = 0;
  /** What the last promise says. */
  preferredSeconds = 0;
  validSeconds = 0;

  constructor(table: LeaseTable) {
    this.table = table;
    this.#decliner = new Fingerprint(table.shape.key);
    this.overlaps = new Overlaps(this);
    this.quotas = new Quotas(table);
    this.recount();
  }

  holdings(link: number): Holdings {
    let held = this.#holdings.get(link);
    if (held === undefined) {
      held = { addresses: 0, prefixes: 0, declined: 0 };
      this.#holdings.set(link, held);
    }
    return held;
  }

  /** What is limited may have changed, and who declined too often is believed again. */
  configure(config: Pick<LanConfig, "interfaces" | "relayedLinks">): void {
    this.quotas.configure(config);
    this.#declines.clear();
  }

  /** After the table was filled from elsewhere. */
  recount(): void {
    this.#holdings.clear();
    for (let row = 0; row < this.table.end; row++) this.#count(row, 1);
    this.overlaps.reload();
    this.quotas.recount();
  }

  /** Whether somebody may still use the lease: then nobody else gets it. */
  isLive(row: number, now: number): boolean {
    const until = this.table.validUntilSeconds(row);
    const live = remainingSeconds(until, now) > 0 || now - until < GRACE_SECONDS;
    return this.table.state(row) === STATE.reserved || (this.table.state(row) !== STATE.released && live);
  }

  /** Whether the client may speak of it as its own. */
  isBound(row: number, now: number): boolean {
    return this.table.state(row) === STATE.bound && remainingSeconds(this.table.validUntilSeconds(row), now) > 0;
  }

  /**
   * The client's own row for a piece of a pool that is nobody's, and may not be kept by anybody else any more; what ended before is
   * forgotten. @returns -1 when the table is full
   */
  take(pool: Pool, link: number, message: ClientMessage, ia: number, address: Uint8Array, prefixLength: number, out: ReplyBatch): number {
    const old = this.table.findAddress(address, 0, prefixLength);
    if (old !== -1) this.#remove(old);
    const isPrefix = message.iaCodes[ia] === OPTION.iaPd;
    if (isPrefix) this.overlaps.clear(address, prefixLength, out);
    const { bytes, clientIdAt, clientIdLength } = message;
    const type = message.iaCodes[ia] ?? 0;
    const iaid = message.iaids[ia] ?? 0;
    const row = this.table.insert(link, type, iaid, bytes, clientIdAt, clientIdLength, address, 0, prefixLength, STATE.released);
    if (typeof row !== "number") return -1;
    if (isPrefix) this.overlaps.taken(row, pool);
    return row;
  }

  /** Takes in what somebody else promised, in place of what is known of the address. @returns why not, and what was known is gone then */
  keep(lease: KeptLease, out: ReplyBatch): "leases-full" | "client-full" | undefined {
    const { link, type, iaid, identifier, address, prefixLength, state } = lease;
    const old = this.table.findAddress(address, 0, prefixLength);
    if (old !== -1) this.#remove(old);
    const row = this.table.insert(link, type, iaid, identifier, 0, identifier.length, address, 0, prefixLength, state);
    if (typeof row !== "number") return row === "client-full" ? row : "leases-full";
    this.table.setLifetimes(row, lease.start, lease.preferredUntil, lease.validUntil);
    this.overlaps.taken(row, undefined);
    this.#count(row, 1);
    out.image(this.table, row);
    out.happened.add(HAPPENED.commit, this.table, row);
    return undefined;
  }

  /** Promises the lease anew, for what the pool allows now: `preferredSeconds` and `validSeconds` say what. @param said other ceilings */
  promise(row: number, pool: Pool, said: PromisedLifetimes | undefined, now: number, out: ReplyBatch): void {
    const table = this.table;
    const valid = pool.validFor(now, said);
    const preferred = pool.preferredFor(now, said);
    const validLeft = remainingSeconds(table.validUntilSeconds(row), now);
    const preferredLeft = remainingSeconds(table.preferredUntilSeconds(row), now);
    const bound = table.state(row) === STATE.bound;
    if (this.repeatsOnly) {
      this.preferredSeconds = Math.min(preferredLeft, preferred);
      this.validSeconds = Math.min(validLeft, valid);
      return;
    }
    this.quotas.promised(row);
    const noted = this.notes?.keep(table, row) === true;
    if (bound && mayRepeat(validLeft, valid) && mayRepeat(preferredLeft, preferred)) {
      this.preferredSeconds = preferredLeft;
      this.validSeconds = validLeft;
      if (noted) out.image(table, row);
      return;
    }
    this.preferredSeconds = preferred;
    this.validSeconds = valid;
    table.setLifetimes(row, now, untilSeconds(preferred, now), untilSeconds(valid, now));
    if (!bound) {
      table.setState(row, STATE.bound);
      this.#count(row, 1);
    }
    out.image(table, row);
    out.happened.add(bound ? HAPPENED.renew : HAPPENED.commit, table, row);
  }

  /** The client gave it back. */
  release(row: number, now: number, out: ReplyBatch): void {
    out.happened.add(HAPPENED.release, this.table, row);
    this.#rest(row, now);
    out.image(this.table, row);
  }

  /** The client found it in use. */
  decline(row: number, now: number, out: ReplyBatch): void {
    const held = this.holdings(this.table.link(row));
    if (held.declined >= LIMITS.declinedPerLink || !this.#believes(row, now)) {
      this.release(row, now, out);
      return;
    }
    out.happened.add(HAPPENED.decline, this.table, row);
    this.#count(row, -1);
    this.table.disown(row, STATE.declined);
    this.table.setLifetimes(row, now, now, untilSeconds(DECLINED_SECONDS, now));
    this.#count(row, 1);
    out.image(this.table, row);
  }

  /** Its time is over: it is kept for its client a while, then forgotten. @returns whether it had been promised until now */
  expire(row: number, now: number, out: ReplyBatch): boolean {
    if (this.isLive(row, now)) return false;
    if (this.table.state(row) === STATE.bound) {
      out.happened.add(HAPPENED.expire, this.table, row);
      this.#rest(row, now);
      return true;
    }
    this.#remove(row);
    return false;
  }

  /** Whether a row is one of ours: the table may hold leases of other services. */
  isOurs(row: number): boolean {
    const type = this.table.type(row);
    return type === OPTION.iaNa || type === OPTION.iaPd;
  }

  /** Forgets a lease before its time, on disk too. */
  forget(row: number, out: ReplyBatch): void {
    if (this.table.state(row) === STATE.bound) out.happened.add(HAPPENED.reclaim, this.table, row);
    out.removal(this.table, row);
    this.#remove(row);
  }

  #believes(row: number, now: number): boolean {
    const length = this.table.copyIdentifier(row, this.#identifier, 0);
    const client = this.#decliner.begin(this.table.link(row)).add(this.#identifier, 0, length).value;
    return this.#declines.believes(client, now, DECLINED_SECONDS);
  }

  /** Nobody's, but kept for who had it. */
  #rest(row: number, now: number): void {
    this.ended++;
    this.#count(row, -1);
    this.table.notes.drop(row);
    this.table.setState(row, STATE.released);
    this.table.setLifetimes(row, now, now, untilSeconds(AFFINITY_SECONDS, now));
  }

  #remove(row: number): void {
    this.ended++;
    this.#count(row, -1);
    this.overlaps.gone(row);
    this.table.remove(row);
  }

  #count(row: number, change: 1 | -1): void {
    const state = this.table.state(row);
    if (state !== STATE.bound && state !== STATE.declined) return;
    const held = this.holdings(this.table.link(row));
    if (state === STATE.bound) this.quotas.held(row, change);
    if (state === STATE.declined) held.declined += change;
    else if (this.table.type(row) === OPTION.iaNa) held.addresses += change;
    else if (this.table.type(row) === OPTION.iaPd) held.prefixes += change;
  }
}

function mayRepeat(left: number, full: number): boolean {
  return left <= full && left >= full * REPEATED_FROM;
}
