/** One link that is served: what it is called, which prefixes are on it, and the pools and options that follow from them. */
import { type Ipv6Address, type Ipv6Prefix, ipv6Bytes, ipv6Prefix, isLinkLocalV6, isUniqueLocal, splitIpv6Prefix } from "../../../base/ipv6.ts";
import { LIMITS } from "../../../base/limits.ts";
import type { Dhcp6Pools, ReservedHost } from "../dhcp6-config.ts";
import { NEVER_SECONDS } from "./lifetimes.ts";
import { allZero, clearHost, clearNetwork, sameOctets, samePrefix } from "./octets.ts";
import type { Pool } from "./pools.ts";
import { ReplyOptions } from "./reply-options.ts";
import { addressSupplies, endsOf, prefixSupplies, reservedPool, type Supply } from "./supplies.ts";

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
  /** Names of the classes there are: pools may be for one of them. */
  readonly classes: readonly string[];
};
/** What of a host's reservations is on one link: as pools of one place, addresses beside the supply they stand for. */
export type Reserved = { readonly addresses: readonly { readonly supply: Supply; readonly pool: Pool }[]; readonly prefixes: readonly Pool[] };

const ADDRESS_BITS = 128;
const FOREVER = { preferredUntil: NEVER_SECONDS, validUntil: NEVER_SECONDS } as const;

export class ServedLink {
  readonly identity: LinkIdentity;
  /** What is on the link, best first: global before unique local ones, the one preferred longest first. */
  onLink: readonly OnLinkPrefix[] = [];
  addressSupplies: readonly Supply[] = [];
  prefixSupplies: readonly Supply[] = [];
  /** The pools of all supplies. */
  addressPools: readonly Pool[] = [];
  prefixPools: readonly Pool[] = [];
  /** Prefixes from which nothing is given because there are more than LIMITS.poolsPerLink. */
  passedOver = 0;
  options: ReplyOptions;
  /** The kernel's index of the interface; 0 while it is not there, and of a link behind relays. */
  index = 0;
  #near: readonly OnLinkPrefix[] = [];
  readonly #reserved = new Map<ReservedHost, Reserved>();

  constructor(identity: LinkIdentity) {
    this.identity = identity;
    this.options = new ReplyOptions({ pools: identity.pools, ownAddress: undefined });
  }

  /**
   * @param watched what the interface holds @param near what may bound delegated prefixes: every prefix of every interface
   * @param uplinks prefixes that uplinks were delegated
   */
  follow(watched: readonly WatchedAddress[], near: readonly OnLinkPrefix[], uplinks: readonly Ipv6Prefix[]): void {
    const best = watched.filter(({ address }) => !isLinkLocalV6(address)).toSorted(byUse);
    const { pools, relayed, classes } = this.identity;
    this.onLink = best.map(onLinkOf);
    this.#near = near;
    this.#reserved.clear();
    const every = addressSupplies(pools, classes, this.onLink);
    this.addressSupplies = every.slice(0, LIMITS.poolsPerLink);
    this.passedOver = every.slice(LIMITS.poolsPerLink).filter((one) => one.pools.length > 0).length;
    this.prefixSupplies = prefixSupplies(pools, classes, near, uplinks).slice(0, LIMITS.poolsPerLink);
    this.addressPools = this.addressSupplies.flatMap((one) => one.pools);
    this.prefixPools = this.prefixSupplies.flatMap((one) => one.pools);
    this.options = new ReplyOptions({ pools, ownAddress: relayed ? undefined : best[0]?.address });
  }

  /** What is kept for a host here: its addresses under prefixes of this link, and its prefixes. */
  reserved(host: ReservedHost): Reserved {
    const known = this.#reserved.get(host);
    if (known !== undefined) return known;
    const { pools } = this.identity;
    const addresses = this.addressSupplies.flatMap((supply) =>
      addressesUnder(host, supply).map((address) => ({ supply, pool: reservedPool(address, ADDRESS_BITS, pools, supply.ends) })),
    );
    const prefixes = host.prefixes.map((text) => {
      const { address, prefixLength } = splitIpv6Prefix(text);
      const prefix = ipv6Bytes(address);
      return reservedPool(prefix, prefixLength, pools, endsOf(prefix, prefixLength, this.#near) ?? FOREVER);
    });
    const made = { addresses, prefixes };
    this.#reserved.set(host, made);
    return made;
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

/** Those that are named, and the host part where the prefix leaves room for it. */
function addressesUnder({ addresses, hostPart }: ReservedHost, { prefix, prefixLength }: Supply): readonly Uint8Array[] {
  const named = addresses.map(ipv6Bytes).filter((bytes) => samePrefix(bytes, 0, prefix, 0, prefixLength));
  if (hostPart === undefined) return named;
  const behind = ipv6Bytes(hostPart);
  const front = behind.slice();
  clearHost(front, prefixLength);
  if (!allZero(front, 0, 16)) return named;
  clearNetwork(behind, prefixLength);
  const made = behind.map((octet, i) => octet | (prefix[i] ?? 0));
  return named.some((one) => sameOctets(one, 0, made, 0, 16)) ? named : [...named, made];
}
