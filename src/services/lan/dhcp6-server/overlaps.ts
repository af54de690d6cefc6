/**
 * Delegated prefixes of another length than their pool delegates now: promised under an earlier configuration, and until they
 * end nothing that overlaps them may be given. Looked up by address they would not be found, for their length differs.
 */
import { LIMITS } from "../../../base/limits.ts";
import { type LeaseTable, STATE } from "../../leases/table.ts";
import { OPTION } from "./codes.ts";
import { GRACE_SECONDS, NEVER_SECONDS } from "./lifetimes.ts";
import { samePrefix } from "./octets.ts";
import type { Pool } from "./pools.ts";

type Overlap = { readonly prefix: Uint8Array; readonly prefixLength: number; readonly until: number };

export class Overlaps {
  #overlaps: Overlap[] = [];
  /** There were more than are remembered: until the last of them ends, no prefix is given at all. */
  #closedUntil = 0;

  /** Looks through the whole table: when the configuration changed, or leases were read. */
  collect(table: LeaseTable, pools: readonly Pool[]): void {
    this.#overlaps = [];
    this.#closedUntil = 0;
    const prefix = new Uint8Array(16);
    for (let row = 0; row < table.end; row++) {
      if (table.state(row) !== STATE.bound || table.type(row) !== OPTION.iaPd) continue;
      const prefixLength = table.prefixLength(row);
      table.copyAddress(row, prefix, 0);
      if (!pools.some((pool) => overlaps(pool, prefix, prefixLength))) continue;
      const until = endOf(table.validUntilSeconds(row));
      if (this.#overlaps.length < LIMITS.overlappingPrefixes) this.#overlaps.push({ prefix: prefix.slice(), prefixLength, until });
      else this.#closedUntil = Math.max(this.#closedUntil, until);
    }
  }

  touch(prefix: Uint8Array, prefixLength: number, now: number): boolean {
    if (this.#closedUntil > now) return true;
    for (const held of this.#overlaps) {
      if (held.until > now && samePrefix(held.prefix, 0, prefix, 0, Math.min(held.prefixLength, prefixLength))) return true;
    }
    return false;
  }
}

function overlaps({ shape }: Pool, prefix: Uint8Array, prefixLength: number): boolean {
  if (shape.pieceLength === prefixLength) return false;
  return samePrefix(shape.prefix, 0, prefix, 0, Math.min(shape.prefixLength, prefixLength));
}

function endOf(validUntil: number): number {
  return validUntil === NEVER_SECONDS ? Number.POSITIVE_INFINITY : validUntil + GRACE_SECONDS;
}
