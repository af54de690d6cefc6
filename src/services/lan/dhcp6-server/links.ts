/**
 * Which link a client is on (RFC 9915 §13.1): for one that was heard directly, the link of the interface; for one behind relays,
 * the link whose prefix holds the link-address of the innermost relay that names one we know, else the link of the innermost relay
 * that says of itself what one is told by. A relay that names none is on the same link as what is outside of it (RFC 6221 §5.3.2).
 */
import { type Ipv6Prefix, ipv6Bytes, splitIpv6Prefix } from "../../../base/ipv6.ts";
import type { LanConfig } from "../config.ts";
import { NEVER_SECONDS } from "./lifetimes.ts";
import { copyOctets, sameOctets, samePrefix, word } from "./octets.ts";
import type { RelayChain } from "./relay-chain.ts";
import { RelaySelectors } from "./relay-selectors.ts";
import { type OnLinkPrefix, onLinkOf, ServedLink, type WatchedAddress } from "./served-link.ts";

/** Link-addresses that are remembered; a power of two. */
const REMEMBERED = 1024;

export class Links {
  #interfaces: readonly ServedLink[] = [];
  #relayed: readonly ServedLink[] = [];
  readonly #selectors = new RelaySelectors();
  /** Of links behind relays, longest first: the most specific prefix decides. */
  #relayedPrefixes: readonly { readonly link: ServedLink; readonly prefix: Uint8Array; readonly prefixLength: number }[] = [];
  readonly #remembered: (ServedLink | undefined)[] = new Array<ServedLink | undefined>(REMEMBERED).fill(undefined);
  readonly #rememberedFor = new Uint8Array(16 * REMEMBERED);
  readonly #byIndex = new Map<number, ServedLink>();
  readonly #indexes = new Map<string, number>();
  readonly #watched = new Map<string, readonly WatchedAddress[]>();
  /** Every prefix that is on some link: none of them may be delegated. */
  inUse: readonly OnLinkPrefix[] = [];
  #behindRelays: readonly OnLinkPrefix[] = [];
  /** The prefix of each link behind relays, as if it were held there for ever. */
  #whole: readonly WatchedAddress[] = [];
  #refusing: readonly Ipv6Prefix[] = [];

  configure(config: LanConfig): void {
    const classes = config.classes.map(({ name }) => name);
    this.#interfaces = config.interfaces.flatMap(({ number, name, dhcp6 }) =>
      dhcp6.mode === "server" ? [new ServedLink({ number, name, relayed: false, pools: dhcp6.pools, classes })] : [],
    );
    this.#relayed = config.relayedLinks.map(({ number, name, pools }) => new ServedLink({ number, name, relayed: true, pools, classes }));
    this.#relayedPrefixes = config.relayedLinks
      .flatMap(({ prefix: text }, i) => {
        const { address, prefixLength } = splitIpv6Prefix(text);
        const link = this.#relayed[i];
        return link === undefined ? [] : [{ link, prefix: ipv6Bytes(address), prefixLength }];
      })
      .toSorted((a, b) => b.prefixLength - a.prefixLength);
    const whole = config.relayedLinks.map(({ prefix }) => {
      const { address, prefixLength } = splitIpv6Prefix(prefix);
      return { address, prefixLength, preferredUntil: NEVER_SECONDS, validUntil: NEVER_SECONDS };
    });
    const selectors = config.relayedLinks.flatMap((given, i) => {
      const link = this.#relayed[i];
      return link === undefined ? [] : [{ link, selectors: given.selectors }];
    });
    this.#selectors.configure(selectors);
    this.#whole = whole;
    for (const [i, link] of this.#relayed.entries()) if (!hasUplinkPrefixes(link)) link.follow(whole.slice(i, i + 1), [], []);
    this.#behindRelays = whole.map(onLinkOf);
    this.#place();
    this.#follow();
  }

  /** The interface is there under this index, or gone (0). */
  setIndex(name: string, index: number): void {
    if (index === 0) this.#indexes.delete(name);
    else this.#indexes.set(name, index);
    this.#place();
  }

  setAddresses(name: string, watched: readonly WatchedAddress[]): void {
    this.#watched.set(name, watched);
    this.#follow();
  }

  /** Prefixes that the kernel holds as a whole now, by the routes that refuse what no longer one covers. */
  setUplinkPrefixes(prefixes: readonly Ipv6Prefix[]): void {
    this.#refusing = prefixes;
    this.#follow();
  }

  /** Every link that is served. */
  all(): readonly ServedLink[] {
    return [...this.#interfaces, ...this.#relayed];
  }

  byNumber(number: number): ServedLink | undefined {
    return this.all().find(({ identity }) => identity.number === number);
  }

  /** Number of the link whose interface has this index; 0: of none. */
  numberOf(index: number): number {
    return this.#byIndex.get(index)?.identity.number ?? 0;
  }

  /** @param index of the interface the datagram came in on */
  select(chain: RelayChain, index: number): ServedLink | undefined {
    let named = false;
    for (let level = chain.depth - 1; level >= 0; level--) {
      if (!chain.namesLink(level)) continue;
      const link = this.#holding(chain.bytes, chain.linkAddressAt(level));
      if (link !== undefined) return link;
      named = true;
    }
    return this.#selectors.find(chain) ?? (named ? undefined : this.#byIndex.get(index));
  }

  /** Relays are few and say the same every time: what was found is remembered, and looked for again only where places collide. */
  #holding(bytes: Uint8Array, at: number): ServedLink | undefined {
    const place = (word(bytes, at) ^ word(bytes, at + 4) ^ (word(bytes, at + 12) << 3)) & (REMEMBERED - 1);
    const known = this.#remembered[place];
    if (known !== undefined && sameOctets(this.#rememberedFor, 16 * place, bytes, at, 16)) return known;
    const found = this.#lookedFor(bytes, at);
    if (found !== undefined) {
      this.#remembered[place] = found;
      copyOctets(bytes, at, this.#rememberedFor, 16 * place, 16);
    }
    return found;
  }

  #lookedFor(bytes: Uint8Array, at: number): ServedLink | undefined {
    for (const { link, prefix, prefixLength } of this.#relayedPrefixes) if (samePrefix(prefix, 0, bytes, at, prefixLength)) return link;
    for (const link of this.#interfaces) {
      for (const { prefix, prefixLength } of link.onLink) if (samePrefix(prefix, 0, bytes, at, prefixLength)) return link;
    }
    return undefined;
  }

  #place(): void {
    this.#byIndex.clear();
    for (const link of this.#interfaces) {
      link.index = this.#indexes.get(link.identity.name) ?? 0;
      if (link.index !== 0) this.#byIndex.set(link.index, link);
    }
  }

  #follow(): void {
    this.#remembered.fill(undefined);
    // Pools of the operator's are refused as a whole too, and no uplink's.
    const own = new Set(this.#interfaces.flatMap(({ identity }) => identity.pools.prefixes.map(({ pool }) => pool)));
    const uplinks = this.#refusing.filter((prefix) => !own.has(prefix));
    const held = [...this.#watched.values()].flatMap((watched) => watched.map(onLinkOf));
    this.inUse = [...held, ...this.#behindRelays];
    for (const link of this.#interfaces) link.follow(this.#watched.get(link.identity.name) ?? [], held, uplinks);
    for (const [i, link] of this.#relayed.entries()) if (hasUplinkPrefixes(link)) link.follow(this.#whole.slice(i, i + 1), held, uplinks);
  }
}

/** Of other links behind relays, nothing changes with what our own interfaces hold. */
function hasUplinkPrefixes({ identity }: ServedLink): boolean {
  return identity.pools.uplinkPrefixes !== undefined;
}
