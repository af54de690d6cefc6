/** One link that is served: what it is called, which prefixes are on it, and the pools and options that follow from them. */
import { type Ipv6Address, ipv6Bytes, ipv6Prefix, isLinkLocalV6, isUniqueLocal, splitIpv6Prefix } from "../../../base/ipv6.ts";
import { LIMITS } from "../../../base/limits.ts";
import type { AddressPool, Dhcp6Pools } from "../dhcp6-config.ts";
import { NEVER_SECONDS } from "./lifetimes.ts";
import { clearHost, sameOctets, samePrefix } from "./octets.ts";
import { Pool } from "./pools.ts";
import { ReplyOptions } from "./reply-options.ts";

/** An address the interface holds; deadlines are seconds of the wall clock, 0xffffffff never. */
export type WatchedAddress = {
  readonly address: Ipv6Address;
  readonly prefixLength: number;
  readonly preferredUntil: number;
  readonly validUntil: number;
};
/** A prefix that is on the link, with octets for the packet path. */
export type OnLinkPrefix = {
  readonly prefix: Uint8Array;
  readonly prefixLength: number;
  readonly address: Uint8Array;
  readonly preferredUntil: number;
  readonly validUntil: number;
};
export type LinkIdentity = {
  readonly number: number;
  readonly name: string;
  /** Behind relays: its prefix is given, and no address of ours is on it. */
  readonly relayed: boolean;
  readonly pools: Dhcp6Pools;
};

const ADDRESS_BITS = 128;
/** Hosts make 64 bits of their own behind what is longer than this only where the operator said so. */
const HOST_PREFIX_BITS = 64;

export class ServedLink {
  readonly identity: LinkIdentity;
  /** What is on the link, best first: global before unique local ones, the one preferred longest first. */
  onLink: readonly OnLinkPrefix[] = [];
  addressPools: readonly Pool[] = [];
  prefixPools: readonly Pool[] = [];
  /** Prefixes from which nothing is given because there are more than LIMITS.poolsPerLink. */
  passedOver = 0;
  options: ReplyOptions;
  /** The kernel's index of the interface; 0 while it is not there, and of a link behind relays. */
  index = 0;

  constructor(identity: LinkIdentity) {
    this.identity = identity;
    this.options = new ReplyOptions({ pools: identity.pools, ownAddress: undefined });
  }

  /** @param watched what the interface holds @param near what may bound delegated prefixes: every prefix of every interface */
  follow(watched: readonly WatchedAddress[], near: readonly OnLinkPrefix[]): void {
    const best = watched.filter(({ address }) => !isLinkLocalV6(address)).toSorted(byUse);
    const { pools, relayed } = this.identity;
    this.onLink = best.map(onLinkOf);
    const every = addressPools(pools, this.onLink);
    this.addressPools = every.slice(0, LIMITS.poolsPerLink);
    this.passedOver = every.length - this.addressPools.length;
    this.prefixPools = prefixPools(pools, near);
    this.options = new ReplyOptions({ pools, ownAddress: relayed ? undefined : best[0]?.address });
  }

  /** Whether an address lies in a prefix of this link that still is valid. */
  isOnLink(bytes: Uint8Array, at: number, now: number): boolean {
    for (const { prefix, prefixLength, validUntil } of this.onLink) {
      if (validUntil > now && samePrefix(prefix, 0, bytes, at, prefixLength)) return true;
    }
    return this.mayGive(bytes, at, ADDRESS_BITS, now);
  }

  /** Whether an address or prefix is of a pool that still is valid. */
  mayGive(bytes: Uint8Array, at: number, pieceLength: number, now: number): boolean {
    for (const pool of this.addressPools) if (pool.shape.validUntil > now && pool.holds(bytes, at, pieceLength)) return true;
    for (const pool of this.prefixPools) if (pool.shape.validUntil > now && pool.holds(bytes, at, pieceLength)) return true;
    return false;
  }

  knowsPrefixes(now: number): boolean {
    return this.onLink.some(({ validUntil }) => validUntil > now) || this.addressPools.some(({ shape }) => shape.validUntil > now);
  }

  /** Whether it is an address of the interface itself. */
  isOwn(bytes: Uint8Array, at: number): boolean {
    for (const { address } of this.onLink) if (sameOctets(address, 0, bytes, at, 16)) return true;
    return false;
  }

  /** The shortest time any data of the link still holds. */
  shortestValidUntil(): number {
    return this.onLink.reduce((least, { validUntil }) => Math.min(least, validUntil), NEVER_SECONDS);
  }
}

export function onLinkOf({ address, prefixLength, preferredUntil, validUntil }: WatchedAddress): OnLinkPrefix {
  const prefix = ipv6Bytes(splitIpv6Prefix(ipv6Prefix(address, prefixLength)).address);
  return { prefix, prefixLength, address: ipv6Bytes(address), preferredUntil, validUntil };
}

function byUse(a: WatchedAddress, b: WatchedAddress): number {
  const local = Number(isUniqueLocal(a.address)) - Number(isUniqueLocal(b.address));
  return local !== 0 ? local : b.preferredUntil - a.preferredUntil;
}

/** The operator's pool, or the hosts' half of every prefix of at most 64 bits. */
function addressPools({ addresses, preferredSeconds, validSeconds }: Dhcp6Pools, onLink: readonly OnLinkPrefix[]): readonly Pool[] {
  const ceilings = { pieceLength: ADDRESS_BITS, preferredSeconds, validSeconds };
  if (addresses.length > 0)
    return addresses.map((pool) => {
      const { prefix, prefixLength } = prefixOf(pool);
      const from = onLink.find((held) => held.prefixLength <= prefixLength && samePrefix(held.prefix, 0, prefix, 0, held.prefixLength));
      return new Pool({ ...ceilings, prefix, prefixLength, ...endsOf(from === undefined ? [] : [from]) });
    });
  const pools: Pool[] = [];
  for (const held of onLink) {
    if (held.prefixLength > HOST_PREFIX_BITS) continue;
    const prefix = Uint8Array.from(held.address, (octet, i) => (i < 8 ? octet : 0));
    if (pools.some(({ shape }) => sameOctets(shape.prefix, 0, prefix, 0, 16))) continue;
    pools.push(new Pool({ ...ceilings, prefix, prefixLength: HOST_PREFIX_BITS, ...endsOf([held]) }));
  }
  return pools;
}

/** What was carved out of the same prefix as an interface's address ends with it. */
function prefixPools({ prefixes, preferredSeconds, validSeconds }: Dhcp6Pools, near: readonly OnLinkPrefix[]): readonly Pool[] {
  return prefixes.map(({ pool, usual }) => {
    const { address, prefixLength } = splitIpv6Prefix(pool);
    const prefix = ipv6Bytes(address);
    const from = near.filter((held) => samePrefix(held.prefix, 0, prefix, 0, Math.min(held.prefixLength, prefixLength)));
    return new Pool({ prefix, prefixLength, pieceLength: usual, preferredSeconds, validSeconds, ...endsOf(from) });
  });
}

/** The longest prefix that holds both ends. */
function prefixOf({ first, last }: AddressPool): { readonly prefix: Uint8Array; readonly prefixLength: number } {
  const [low, high] = [ipv6Bytes(first), ipv6Bytes(last)];
  let prefixLength = ADDRESS_BITS;
  while (!samePrefix(low, 0, high, 0, prefixLength)) prefixLength--;
  clearHost(low, prefixLength);
  return { prefix: low, prefixLength };
}

/** The latest ends; for ever where nothing is known. */
function endsOf(from: readonly OnLinkPrefix[]): { readonly preferredUntil: number; readonly validUntil: number } {
  if (from.length === 0) return { preferredUntil: NEVER_SECONDS, validUntil: NEVER_SECONDS };
  return { preferredUntil: Math.max(...from.map((one) => one.preferredUntil)), validUntil: Math.max(...from.map((one) => one.validUntil)) };
}
