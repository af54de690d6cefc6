/** Where targets stand in a delegated prefix, as the engine will place them: one computation for both. */
import { type Ipv6Prefix, parseIpv6Prefix } from "../base/ipv6.ts";
import { fitted, requestedLength as requested } from "../services/uplink6/plan.ts";

/** The length of the prefix that all need. */
export function requestedLength(lengths: readonly number[]): number {
  return requested(lengths);
}

/** What each target of these lengths gets of a prefix; undefined: nothing. */
export function placedIn(prefix: Ipv6Prefix, lengths: readonly number[]): readonly (Ipv6Prefix | undefined)[] {
  const targets = lengths.map((prefixLength) => ({ interface: undefined, prefixLength, hostPart: "stable" as const }));
  return fitted(targets, { prefix, excluded: undefined }).map(({ subnet }) => subnet);
}

/** How many of them a prefix of this length serves. */
export function servedCount(lengths: readonly number[], length: number): number {
  const prefix = parseIpv6Prefix(`::/${length}`);
  return prefix === undefined ? 0 : placedIn(prefix, lengths).filter((subnet) => subnet !== undefined).length;
}
