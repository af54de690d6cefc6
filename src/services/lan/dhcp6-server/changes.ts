/** Leases that an operator adds, brings from another server, or takes away: judged against the links that are served, then as durable as any. */
import { duidBytes } from "../../../base/duid.ts";
import { ipv6Bytes } from "../../../base/ipv6.ts";
import type { Lease, LeaseChanges, LeaseOutcome } from "../../../ports/leases.ts";
import { isReservedIdentifier } from "../../reserved-identifier.ts";
import { type LeaseState, STATE } from "../../leases/table.ts";
import type { ReplyBatch } from "./batch.ts";
import { OPTION } from "./codes.ts";
import type { KeptLease, Ledger } from "./ledger.ts";
import type { Links } from "./links.ts";
import { hostIsZero } from "./octets.ts";
import type { ServedLink } from "./served-link.ts";

const ADDRESS_BITS = 128;
const NOBODY = new Uint8Array(0);
const STATES: Readonly<Record<Lease["state"], LeaseState>> = {
  bound: STATE.bound,
  released: STATE.released,
  declined: STATE.declined,
  expired: STATE.released,
  reserved: STATE.bound,
};

export class Changes {
  readonly #ledger: Ledger;
  readonly #links: Links;

  constructor(ledger: Ledger, links: Links) {
    this.#ledger = ledger;
    this.#links = links;
  }

  /** @returns an outcome for each lease that is put, then for each that is removed; `out` has room for an image of each */
  change({ put, remove }: LeaseChanges, now: number, out: ReplyBatch): readonly LeaseOutcome[] {
    return [...put.map((lease) => this.#put(lease, now, out)), ...remove.map((which) => this.#remove(which, out))];
  }

  #put(lease: Lease, now: number, out: ReplyBatch): LeaseOutcome {
    const address = ipv6Bytes(lease.address);
    const named = this.#links.all().filter(({ identity }) => lease.link === "" || identity.name === lease.link);
    const link = named.find((one) => this.#misplaced(lease, address, one, now) === undefined) ?? named[0];
    if (link === undefined) return "no-link";
    const identifier = lease.client === undefined || lease.state === "declined" ? NOBODY : duidBytes(lease.client);
    const fault = faultOf(lease, address, now) ?? this.#misplaced(lease, address, link, now);
    if (fault !== undefined) return fault;
    const type = lease.kind === "address" ? OPTION.iaNa : OPTION.iaPd;
    const row = this.#ledger.table.findAddress(address, 0, lease.prefixLength);
    if (row !== -1) {
      const own = identifier.length > 0 && this.#isOf(row, link, type, lease.iaid, identifier);
      if (!own && this.#ledger.isLive(row, now)) return "held";
      if (own && this.#ledger.table.validUntilSeconds(row) >= lease.validUntilSeconds) return "known";
    } else if (lease.kind === "prefix" && !this.#ledger.overlaps.isFree(address, lease.prefixLength, now, false, true)) return "overlapping";
    const kept: KeptLease = {
      ...{ link: link.identity.number, type, iaid: lease.iaid, identifier, address, prefixLength: lease.prefixLength, state: STATES[lease.state] },
      // a start that is still to come would move our clock
      ...{ start: Math.min(lease.startSeconds, now), preferredUntil: lease.preferredUntilSeconds, validUntil: lease.validUntilSeconds },
    };
    return this.#ledger.keep(kept, out) ?? "done";
  }

  /** The route to a prefix goes with it; its client hears of it when it renews. */
  #remove({ address, prefixLength }: LeaseChanges["remove"][number], out: ReplyBatch): LeaseOutcome {
    const { table } = this.#ledger;
    const row = table.findAddress(ipv6Bytes(address), 0, prefixLength);
    if (row === -1 || !this.#ledger.isOurs(row)) return "absent";
    const link = this.#links.byNumber(table.link(row));
    if (link !== undefined && link.index !== 0) out.routeEnds(table, row, link.index);
    this.#ledger.forget(row, out);
    return "done";
  }

  /** Where on its link a client could not have got it from us. */
  #misplaced({ kind, prefixLength }: Lease, address: Uint8Array, link: ServedLink, now: number): LeaseOutcome | undefined {
    if (kind === "prefix") return link.mayGive(address, 0, prefixLength, now) ? undefined : "off-link";
    if (!link.isOnLink(address, 0, now)) return "off-link";
    return link.isOwn(address, 0) || isReservedIdentifier(address, 0) ? "not-assignable" : undefined;
  }

  #isOf(row: number, link: ServedLink, type: number, iaid: number, identifier: Uint8Array): boolean {
    const { table } = this.#ledger;
    const same = table.link(row) === link.identity.number && table.type(row) === type && table.iaid(row) === iaid;
    return same && table.isIdentifier(row, identifier, 0, identifier.length);
  }
}

/** What is wrong about a lease wherever it is. */
function faultOf({ kind, prefixLength, client, state, preferredUntilSeconds, validUntilSeconds }: Lease, address: Uint8Array, now: number) {
  const whole = kind === "address" ? prefixLength === ADDRESS_BITS : prefixLength < ADDRESS_BITS && hostIsZero(address, 0, prefixLength);
  if (!whole || preferredUntilSeconds > validUntilSeconds) return "bad-value";
  if (client === undefined && state !== "declined") return "no-client";
  return validUntilSeconds <= now || state === "expired" ? "over" : undefined;
}
