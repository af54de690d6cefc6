/** The leases of one identity association, those included whose time is over but that are still kept for it. */
import { LIMITS } from "../../../base/limits.ts";
import { STATE } from "../../leases/table.ts";
import type { Choice } from "./choice.ts";
import { OPTION } from "./codes.ts";
import type { ReservedHosts } from "./hosts.ts";
import type { Ledger } from "./ledger.ts";
import { compareOctets } from "./octets.ts";
import type { Pool } from "./pools.ts";
import type { Seeker } from "./seeker.ts";
import type { ServedLink } from "./served-link.ts";
import type { Supply } from "./supplies.ts";

export class HeldLeases {
  readonly #ledger: Ledger;
  readonly #choice: Choice;
  readonly #hosts: ReservedHosts;
  readonly #rows = new Int32Array(LIMITS.leasesPerClient);
  count = 0;
  /** Of the one that was looked at last. */
  readonly address: Uint8Array = new Uint8Array(16);
  readonly #other = new Uint8Array(16);

  constructor(ledger: Ledger, choice: Choice, hosts: ReservedHosts) {
    this.#ledger = ledger;
    this.#choice = choice;
    this.#hosts = hosts;
  }

  /** Looks for them, in the order of their addresses: that in which the table finds them depends on its key. */
  gather({ link, message, ia }: Seeker): void {
    const { table } = this.#ledger;
    const { bytes, clientIdAt, clientIdLength } = message;
    this.count = 0;
    let row = table.find(link.identity.number, message.iaCodes[ia] ?? 0, message.iaids[ia] ?? 0, bytes, clientIdAt, clientIdLength);
    while (row !== -1 && this.count < LIMITS.leasesPerClient) {
      const state = table.state(row);
      if (state === STATE.bound || state === STATE.released) this.#put(row);
      row = table.next(row);
    }
  }

  row(i: number): number {
    return this.#rows[i] ?? -1;
  }

  has(row: number): boolean {
    for (let i = 0; i < this.count; i++) if (this.#rows[i] === row) return true;
    return false;
  }

  /** The pool of a supply that one of them is of, as long as it is for clients like this one and not kept for somebody by name. */
  poolOf(i: number, supply: Supply, seeker: Seeker): Pool | undefined {
    const { table } = this.#ledger;
    const row = this.row(i);
    table.copyAddress(row, this.address, 0);
    const length = table.prefixLength(row);
    for (const pool of supply.pools) {
      if (!pool.holds(this.address, 0, length) || !this.#choice.mayUse(pool, seeker)) continue;
      return this.#hosts.count > 0 && this.#isKept(supply, seeker, length) ? undefined : pool;
    }
    return undefined;
  }

  /**
   * Which of them lies in no pool any more and began first: a client that has as many leases as it may, because its prefixes changed so
   * often, loses that one. @returns its number, -1 when each is of use
   */
  oldestOver(link: ServedLink, now: number): number {
    const { table } = this.#ledger;
    let oldest = -1;
    for (let i = 0; i < this.count; i++) {
      const row = this.row(i);
      table.copyAddress(row, this.address, 0);
      if (link.mayGive(this.address, 0, table.prefixLength(row), now)) continue;
      if (oldest === -1 || table.startSeconds(row) < table.startSeconds(this.row(oldest))) oldest = i;
    }
    return oldest;
  }

  /** One of them is there no longer. */
  drop(i: number): void {
    this.#rows[i] = this.#rows[--this.count] ?? 0;
  }

  #isKept(supply: Supply, { message, ia }: Seeker, length: number): boolean {
    if (message.iaCodes[ia] === OPTION.iaNa) return this.#hosts.keepsAddress(this.address, 0, supply.prefixLength);
    return this.#hosts.keepsPrefix(this.address, length);
  }

  #put(row: number): void {
    const { table } = this.#ledger;
    let place = this.count++;
    if (place > 0) table.copyAddress(row, this.address, 0);
    for (; place > 0; place--) {
      const before = this.row(place - 1);
      table.copyAddress(before, this.#other, 0);
      const order = compareOctets(this.#other, this.address, 16);
      if (order < 0 || (order === 0 && table.prefixLength(before) < table.prefixLength(row))) break;
      this.#rows[place] = before;
    }
    this.#rows[place] = row;
  }
}
