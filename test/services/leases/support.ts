/** Leases as values, for tests of the packed table. */
import { LeaseTable, type LeaseState, STATE } from "../../../src/services/leases/table.ts";

export type Lease = {
  readonly link: number;
  readonly type: number;
  readonly iaid: number;
  readonly identifier: string;
  readonly address: string;
  readonly prefixLength: number;
  readonly state: LeaseState;
  readonly times: readonly [start: number, preferredUntil: number, validUntil: number];
};

export const KEY = Uint8Array.from({ length: 16 }, (_, i) => i);

export function tableOf(limits: { readonly maxLeases?: number; readonly maxRowsPerClient?: number } = {}): LeaseTable {
  return new LeaseTable({ key: KEY, maxLeases: limits.maxLeases ?? 1_000_000, maxRowsPerClient: limits.maxRowsPerClient ?? 32 });
}

export const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

/** Row number or the reason against it. */
export function insert(table: LeaseTable, lease: Lease): ReturnType<LeaseTable["insert"]> {
  const identifier = bytesOf(lease.identifier);
  const { link, type, iaid, prefixLength, state } = lease;
  const row = table.insert(link, type, iaid, identifier, 0, identifier.length, bytesOf(lease.address), 0, prefixLength, state);
  if (typeof row === "number") table.setLifetimes(row, ...lease.times);
  return row;
}

export function leaseAt(table: LeaseTable, row: number): Lease {
  const identifier = new Uint8Array(130);
  const address = new Uint8Array(16);
  table.copyAddress(row, address, 0);
  const length = table.copyIdentifier(row, identifier, 0);
  return {
    link: table.link(row),
    type: table.type(row),
    iaid: table.iaid(row),
    identifier: Buffer.from(identifier.subarray(0, length)).toString("hex"),
    address: Buffer.from(address).toString("hex"),
    prefixLength: table.prefixLength(row),
    state: table.state(row),
    times: [table.startSeconds(row), table.preferredUntilSeconds(row), table.validUntilSeconds(row)],
  };
}

/** All leases, in the order of their addresses. */
export function leasesIn(table: LeaseTable): readonly Lease[] {
  const leases: Lease[] = [];
  for (let row = 0; row < table.end; row++) if (table.state(row) !== STATE.free) leases.push(leaseAt(table, row));
  return sorted(leases);
}

export function sorted(leases: readonly Lease[]): readonly Lease[] {
  const key = (lease: Lease) => lease.address + lease.prefixLength;
  return [...leases].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

export function rowsOfClient(table: LeaseTable, lease: Lease): readonly number[] {
  const identifier = bytesOf(lease.identifier);
  const rows: number[] = [];
  for (let row = table.find(lease.link, lease.type, lease.iaid, identifier, 0, identifier.length); row !== -1; row = table.next(row)) rows.push(row);
  return rows;
}

/** The n-th of many different leases: a DUID of 14 bytes, an address of one /64. */
export function nthLease(n: number): Lease {
  return {
    link: 1,
    type: 3,
    iaid: n,
    identifier: `000100012a5b3c4d0200${n.toString(16).padStart(8, "0")}`,
    address: `20010db800000000000000${n.toString(16).padStart(10, "0")}`,
    prefixLength: 128,
    state: STATE.bound,
    times: [1_800_000_000, 1_800_001_000, 1_800_002_000],
  };
}
