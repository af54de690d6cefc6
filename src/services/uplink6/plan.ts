/**
 * The addressing plan: which piece of a delegated prefix each target gets. Targets stand one behind the other, each aligned to its
 * size, so that one more at the end moves nobody. From the places follows the length that is asked for.
 */
import { fromHex, toHex } from "../../base/hex.ts";
import { IPV6_BYTES, type Ipv6Address, type Ipv6Prefix, ipv6Bytes, ipv6Of, ipv6Prefix, splitIpv6Prefix } from "../../base/ipv6.ts";
import type { LeasedPrefix, Wish } from "../../machines/dhcp6-client/state.ts";
import type { Delegation, HostPart, PlanTarget } from "./config.ts";

const ADDRESS_BITS = 128;

/** How far behind the start of the delegated prefix a target stands, and how long its own prefix is. */
export type Place = { readonly offset: bigint; readonly prefixLength: number };
type Span = { readonly first: bigint; readonly end: bigint };

/** A target with the piece it gets of one delegated prefix; undefined where the piece would lie outside. */
export type Fitted = { readonly target: PlanTarget; readonly subnet: Ipv6Prefix | undefined };

/** Where targets of these lengths stand; `hole` is left free (RFC 6603: it belongs to the upstream link). */
export function placesOf(prefixLengths: readonly number[], hole?: Span): readonly Place[] {
  let previous: Place | undefined;
  return prefixLengths.map((prefixLength) => {
    const size = sizeOf(prefixLength);
    const step = previous === undefined ? 0n : larger(sizeOf(previous.prefixLength), size);
    const behind = previous === undefined ? 0n : aligned(previous.offset + step, step);
    const clashes = hole !== undefined && behind < hole.end && behind + size > hole.first;
    previous = { offset: clashes ? alignedUp(hole.end, size) : behind, prefixLength };
    return previous;
  });
}

/** The length of the shortest prefix that holds them all. */
export function requestedLength(prefixLengths: readonly number[]): number {
  const last = placesOf(prefixLengths).at(-1);
  if (last === undefined || last.offset === 0n) return prefixLengths[0] ?? 64;
  return ADDRESS_BITS - last.offset.toString(2).length;
}

/** What an IA_PD asks for. */
export function wishOf({ iaid, targets, prefixLength }: Delegation): Wish {
  return { iaid, prefixLength: prefixLength ?? requestedLength(targets.map(({ prefixLength }) => prefixLength)) };
}

/** In the order of the targets; a delegated prefix that is longer than wished for serves those whose place it holds. */
export function fitted(targets: readonly PlanTarget[], { prefix, excluded }: Pick<LeasedPrefix, "prefix" | "excluded">): readonly Fitted[] {
  const { address, prefixLength } = splitIpv6Prefix(prefix);
  const base = numberOf(address);
  const room = sizeOf(prefixLength);
  const places = placesOf(
    targets.map((target) => target.prefixLength),
    excluded === undefined ? undefined : spanOf(excluded, base),
  );
  return targets.map((target, i) => {
    const { offset } = places[i] ?? { offset: room };
    const inside = offset + sizeOf(target.prefixLength) <= room;
    return { target, subnet: inside ? ipv6Prefix(addressOf(base + offset), target.prefixLength) : undefined };
  });
}

/** The interface's own address: the host part fills what the prefix leaves, and nothing else. */
export function addressIn(subnet: Ipv6Prefix, hostPart: HostPart): Ipv6Address {
  const { address, prefixLength } = splitIpv6Prefix(subnet);
  return addressOf(numberOf(address) | (numberOf(hostPart as Ipv6Address) & (sizeOf(prefixLength) - 1n)));
}

function spanOf(prefix: Ipv6Prefix, base: bigint): Span {
  const { address, prefixLength } = splitIpv6Prefix(prefix);
  const first = numberOf(address) - base;
  return { first, end: first + sizeOf(prefixLength) };
}

function sizeOf(prefixLength: number): bigint {
  return 1n << BigInt(ADDRESS_BITS - prefixLength);
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

function numberOf(address: Ipv6Address): bigint {
  return BigInt(`0x${toHex(ipv6Bytes(address))}`);
}

function addressOf(number: bigint): Ipv6Address {
  const hex = number.toString(16).padStart(2 * IPV6_BYTES, "0");
  return ipv6Of(fromHex(hex) ?? new Uint8Array(IPV6_BYTES));
}
