/**
 * The addressing plan: which piece of a delegated prefix each target gets. Targets stand one behind the other, each aligned to its
 * size, so that one more at the end moves nobody. From the places follows the length that is asked for.
 */
import { type Ipv6Prefix, ipv6Prefix } from "../../base/ipv6.ts";
import { IPV6_BITS, type Ipv6Span, ipv6OfNumber, ipv6Size, ipv6Span, spansOverlap } from "../../base/ipv6-number.ts";
import { prefixWish, type Wish } from "../../machines/dhcp6-client/config.ts";
import type { LeasedPrefix } from "../../machines/dhcp6-client/state.ts";
import type { Delegation, PlanTarget } from "./config.ts";

/** How far behind the start of the delegated prefix a target stands, and how long its own prefix is. */
export type Place = { readonly offset: bigint; readonly prefixLength: number };

/** A target with the piece it gets of one delegated prefix; undefined where there is none for it. */
export type Fitted = { readonly target: PlanTarget; readonly subnet: Ipv6Prefix | undefined };

/** Where targets of these lengths stand; `hole` is left free (RFC 6603: it belongs to the upstream link). */
export function placesOf(prefixLengths: readonly number[], hole?: Ipv6Span): readonly Place[] {
  let previous: Place | undefined;
  return prefixLengths.map((prefixLength) => {
    previous = placeBehind(previous, prefixLength, hole);
    return previous;
  });
}

/** The length of the shortest prefix that holds them all. */
export function requestedLength(prefixLengths: readonly number[]): number {
  const last = placesOf(prefixLengths).at(-1);
  if (last === undefined || last.offset === 0n) return prefixLengths[0] ?? 64;
  return IPV6_BITS - last.offset.toString(2).length;
}

/** What an IA_PD asks for. */
export function wishOf({ iaid, targets, prefixLength, hint }: Delegation): Wish {
  return prefixWish(iaid, prefixLength ?? requestedLength(targets.map((target) => target.prefixLength)), hint);
}

/**
 * In the order of the targets. A smaller prefix than was asked for may have no room for one: it gets nothing, and those behind it move
 * up. The link the prefix came over gets what the server keeps free for it, and nothing else: its own place stays empty (RFC 9915
 * §18.2.10.1, RFC 6603 §4.2).
 */
export function fitted(
  targets: readonly PlanTarget[],
  { prefix, excluded }: Pick<LeasedPrefix, "prefix" | "excluded">,
  upstream?: string,
): readonly Fitted[] {
  const { first: base, end } = ipv6Span(prefix);
  const kept = excluded === undefined ? undefined : ipv6Span(excluded);
  const hole = kept === undefined ? undefined : { first: kept.first - base, end: kept.end - base };
  let previous: Place | undefined;
  return targets.map((target) => {
    const place = placeBehind(previous, target.prefixLength, hole);
    const inside = base + place.offset + ipv6Size(place.prefixLength) <= end;
    if (inside) previous = place;
    if (target.interface !== undefined && target.interface === upstream) return { target, subnet: excluded };
    return { target, subnet: inside ? ipv6Prefix(ipv6OfNumber(base + place.offset), place.prefixLength) : undefined };
  });
}

function placeBehind(previous: Place | undefined, prefixLength: number, hole: Ipv6Span | undefined): Place {
  const size = ipv6Size(prefixLength);
  const step = previous === undefined ? 0n : larger(ipv6Size(previous.prefixLength), size);
  const behind = previous === undefined ? 0n : aligned(previous.offset + step, step);
  const clashes = hole !== undefined && spansOverlap(hole, { first: behind, end: behind + size });
  return { offset: clashes ? alignedUp(hole.end, size) : behind, prefixLength };
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function aligned(offset: bigint, size: bigint): bigint {
  return offset - (offset % size);
}

function alignedUp(offset: bigint, size: bigint): bigint {
  return aligned(offset + size - 1n, size);
}
