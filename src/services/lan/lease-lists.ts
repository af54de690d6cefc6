/**
 * The lease table as pages. A page is asked for by a number of a row and ends after some hundred leases or some thousand rows, whichever
 * is first, so that no list holds up a packet. What changes between two pages is seen or not.
 */
import { duidBytes, duidOf } from "../../base/duid.ts";
import { ipv6Bytes, ipv6Of } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Lease, LeaseFilter, LeasePage, LeaseState } from "../../ports/leases.ts";
import { type LeaseTable, STATE } from "../leases/table.ts";
import { OPTION } from "./dhcp6-server/codes.ts";
import { samePrefix } from "./dhcp6-server/octets.ts";
import { IDENTIFIER_BYTES } from "../leases/keys.ts";

/** Rows that one page looks at: a quarter of a millisecond. */
const ROWS_PER_PAGE = 4096;
const STATES: Readonly<Record<number, LeaseState>> = {
  [STATE.bound]: "bound",
  [STATE.released]: "released",
  [STATE.declined]: "declined",
  [STATE.reserved]: "reserved",
};

export type ListFacts = { readonly nowSeconds: number; readonly nameOf: (link: number) => string };

export class LeaseLists {
  readonly #table: LeaseTable;
  readonly #address = new Uint8Array(16);
  readonly #identifier = new Uint8Array(IDENTIFIER_BYTES);

  constructor(table: LeaseTable) {
    this.#table = table;
  }

  /** @param after the first row that is looked at */
  page(filter: LeaseFilter, after: number, facts: ListFacts): LeasePage {
    if (filter.exactly !== undefined) return this.#one(filter.exactly, facts);
    const fits = this.#fitting(filter, facts);
    const leases: Lease[] = [];
    const end = Math.min(this.#table.end, after + ROWS_PER_PAGE);
    let row = after;
    for (; row < end && leases.length < LIMITS.leasesPerFrame; row++) {
      if (this.#isLease(row) && fits(row)) leases.push(this.#lease(row, facts));
    }
    return { nowSeconds: facts.nowSeconds, leases, next: row < this.#table.end ? row : undefined };
  }

  /** What is looked for is compared in place: few of many rows become leases that are told. */
  #fitting({ link, client, holds, state }: LeaseFilter, facts: ListFacts): (row: number) => boolean {
    const table = this.#table;
    const address = holds === undefined ? undefined : ipv6Bytes(holds);
    const identifier = client === undefined ? undefined : duidBytes(client);
    return (row) =>
      (identifier === undefined || table.isIdentifier(row, identifier, 0, identifier.length)) &&
      (address === undefined || this.#holds(row, address)) &&
      (state === undefined || this.#state(row, facts.nowSeconds) === state) &&
      (link === "" || facts.nameOf(table.link(row)) === link);
  }

  #state(row: number, nowSeconds: number): LeaseState {
    const state = STATES[this.#table.state(row)] ?? "released";
    return state === "bound" && this.#table.validUntilSeconds(row) <= nowSeconds ? "expired" : state;
  }

  #lease(row: number, { nowSeconds, nameOf }: ListFacts): Lease {
    const table = this.#table;
    table.copyAddress(row, this.#address, 0);
    const identifierLength = table.copyIdentifier(row, this.#identifier, 0);
    return {
      kind: table.type(row) === OPTION.iaPd ? "prefix" : "address",
      address: ipv6Of(this.#address),
      prefixLength: table.prefixLength(row),
      link: nameOf(table.link(row)),
      state: this.#state(row, nowSeconds),
      client: duidOf(this.#identifier.subarray(0, identifierLength)),
      iaid: table.iaid(row),
      startSeconds: table.startSeconds(row),
      preferredUntilSeconds: table.preferredUntilSeconds(row),
      validUntilSeconds: table.validUntilSeconds(row),
      hostName: this.#table.note(row)?.hostName ?? "",
    };
  }

  #one({ address, prefixLength }: NonNullable<LeaseFilter["exactly"]>, facts: ListFacts): LeasePage {
    const row = this.#table.findAddress(ipv6Bytes(address), 0, prefixLength);
    return { nowSeconds: facts.nowSeconds, leases: row === -1 || !this.#isLease(row) ? [] : [this.#lease(row, facts)], next: undefined };
  }

  /** The table may hold leases of other services. */
  #isLease(row: number): boolean {
    if (this.#table.state(row) === STATE.free) return false;
    const type = this.#table.type(row);
    return type === OPTION.iaNa || type === OPTION.iaPd;
  }

  #holds(row: number, address: Uint8Array): boolean {
    this.#table.copyAddress(row, this.#address, 0);
    return samePrefix(this.#address, 0, address, 0, this.#table.prefixLength(row));
  }
}
