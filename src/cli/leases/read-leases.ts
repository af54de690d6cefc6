/** What a file of leases gives: the leases, and what in it is none. */
import { parseDomainName } from "../../base/domain.ts";
import type { Lease } from "../../ports/leases.ts";

export type Unreadable = { readonly line: number; readonly what: string };
export type ReadLeases = { readonly leases: readonly Lease[]; readonly unreadable: readonly Unreadable[] };

/** What a client calls itself, where that is a name; else "". */
export function nameIn(text: string): string {
  return parseDomainName(text) ?? "";
}
