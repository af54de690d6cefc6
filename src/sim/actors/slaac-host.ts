/** A host that hears router advertisements and makes its own addresses (RFC 4861 §6.3, RFC 4862 §5.5, RFC 8106 §5.3). */
import { WireError } from "../../base/errors.ts";
import { type Ipv6Address, type Ipv6Prefix, ipv6Bytes, ipv6Of, isLinkLocalV6, splitIpv6Prefix } from "../../base/ipv6.ts";
import { type MacAddress, macBytes } from "../../base/mac.ts";
import { after, earliest, type Instant, instant, NEVER } from "../../base/time.ts";
import { decodeIcmp6, encodeIcmp6, type Icmp6Header, type RouterAdvertisement } from "../../wire/icmp6/message.ts";
import type { PrefixInformation } from "../../wire/icmp6/values.ts";
import { ALL_ROUTERS, type Said } from "./exchange.ts";

export type HeardIcmp6 = Icmp6Header & { readonly payload: Uint8Array };
/** An address the host made for itself. */
export type FormedAddress = {
  readonly prefix: Ipv6Prefix;
  readonly address: Ipv6Address;
  readonly preferredUntil: Instant;
  readonly validUntil: Instant;
};
export type SlaacEvent = { readonly kind: "formed" | "deprecated" | "lost"; readonly address: Ipv6Address };

/** RFC 4861 §10. */
const SOLICITATIONS = 3;
const SOLICITATION_PAUSE_MS = 4000;
/** RFC 4862 §5.5.3 e: no advertisement makes an address end sooner than this. */
const TWO_HOURS_MS = 7_200_000;
const INTERFACE_BITS = 64;

export class SlaacHost {
  readonly mac: MacAddress;
  readonly linkLocal: Ipv6Address;
  readonly #watch: (event: SlaacEvent) => void;
  readonly #formed = new Map<Ipv6Prefix, FormedAddress>();
  readonly #onLink = new Map<Ipv6Prefix, Instant>();
  readonly #routers = new Map<Ipv6Address, Instant>();
  readonly #resolvers = new Map<Ipv6Address, Instant>();
  #solicited = 0;
  #solicitAt: Instant = NEVER;
  #heard = 0;
  #last: RouterAdvertisement | undefined;

  constructor(mac: MacAddress, watch: (event: SlaacEvent) => void = () => undefined) {
    this.mac = mac;
    this.linkLocal = addressIn("fe80::/64" as Ipv6Prefix, mac);
    this.#watch = watch;
  }

  /** Advertisements that were taken. */
  get advertisements(): number {
    return this.#heard;
  }
  get managed(): boolean {
    return this.#last?.managed === true;
  }
  get otherConfiguration(): boolean {
    return this.#last?.otherConfiguration === true;
  }
  formed(now: Instant): readonly FormedAddress[] {
    return [...this.#formed.values()].filter(({ validUntil }) => validUntil > now);
  }
  /** Addresses for new connections. */
  preferred(now: Instant): readonly FormedAddress[] {
    return this.formed(now).filter(({ preferredUntil }) => preferredUntil > now);
  }
  onLink(now: Instant): readonly Ipv6Prefix[] {
    return alive(this.#onLink, now);
  }
  routers(now: Instant): readonly Ipv6Address[] {
    return alive(this.#routers, now);
  }
  resolvers(now: Instant): readonly Ipv6Address[] {
    return alive(this.#resolvers, now);
  }
  get deadline(): Instant {
    return earliest(this.#solicitAt, ...[...this.#formed.values()].map(({ validUntil }) => validUntil));
  }

  /** The link came up. */
  start(now: Instant): readonly Said[] {
    this.#solicited = 0;
    return this.#solicit(now);
  }

  /** The power went: nothing of what was heard is known any more. */
  forget(): void {
    this.#solicitAt = NEVER;
    this.#last = undefined;
    for (const known of [this.#formed, this.#onLink, this.#routers, this.#resolvers]) known.clear();
  }

  tick(now: Instant): readonly Said[] {
    for (const { prefix, address, validUntil } of [...this.#formed.values()]) {
      if (validUntil > now) continue;
      this.#formed.delete(prefix);
      this.#watch({ kind: "lost", address });
    }
    return now >= this.#solicitAt ? this.#solicit(now) : [];
  }

  heard({ payload, ...header }: HeardIcmp6, now: Instant): void {
    const message = advertisementIn(payload, header);
    if (message === undefined) return;
    this.#heard++;
    this.#last = message;
    this.#solicitAt = NEVER;
    remember(this.#routers, header.source, after(now, message.lifetimeSeconds), now);
    for (const prefix of message.options.prefixes ?? []) {
      if (prefix.onLink) remember(this.#onLink, prefix.prefix, after(now, prefix.validSeconds), now);
      this.#form(prefix, now);
    }
    for (const { addresses, lifetimeSeconds } of message.options.resolvers ?? [])
      for (const address of addresses) remember(this.#resolvers, address, after(now, lifetimeSeconds), now);
  }

  /** RFC 4862 §5.5.3. */
  #form({ prefix, autonomous, preferredSeconds, validSeconds }: PrefixInformation, now: Instant): void {
    const { address: base, prefixLength } = splitIpv6Prefix(prefix);
    if (!autonomous || isLinkLocalV6(base) || preferredSeconds > validSeconds || prefixLength !== INTERFACE_BITS) return;
    const known = this.#formed.get(prefix);
    if (known === undefined && validSeconds === 0) return;
    const address = addressIn(prefix, this.mac);
    const preferredUntil = after(now, preferredSeconds);
    this.#formed.set(prefix, { prefix, address, preferredUntil, validUntil: newEnd(known, after(now, validSeconds), now) });
    if (known === undefined) this.#watch({ kind: "formed", address });
    else if (known.preferredUntil > now && preferredUntil <= now) this.#watch({ kind: "deprecated", address });
  }

  #solicit(now: Instant): readonly Said[] {
    this.#solicited++;
    this.#solicitAt = this.#solicited < SOLICITATIONS ? instant(now + SOLICITATION_PAUSE_MS) : NEVER;
    const message = { kind: "routerSolicitation", options: { sourceLinkLayerAddress: this.mac }, unknown: [], malformed: [] } as const;
    const payload = encodeIcmp6(message, { source: this.linkLocal, destination: ALL_ROUTERS });
    return [{ to: ALL_ROUTERS, port: 0, payload, afterMs: 0 }];
  }
}

/** Modified EUI-64 in a /64 (RFC 4291 appendix A). */
export function addressIn(prefix: Ipv6Prefix, mac: MacAddress): Ipv6Address {
  const bytes = ipv6Bytes(splitIpv6Prefix(prefix).address);
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = macBytes(mac);
  bytes.set([a ^ 2, b, c, 0xff, 0xfe, d, e, f], 8);
  return ipv6Of(bytes);
}

function newEnd(known: FormedAddress | undefined, advertised: Instant, now: Instant): Instant {
  if (known === undefined || advertised > now + TWO_HOURS_MS || advertised > known.validUntil) return advertised;
  return known.validUntil <= now + TWO_HOURS_MS ? known.validUntil : instant(now + TWO_HOURS_MS);
}

function advertisementIn(payload: Uint8Array, header: Icmp6Header): RouterAdvertisement | undefined {
  try {
    const message = decodeIcmp6(payload, header, { checksum: "verify" });
    return message.kind === "routerAdvertisement" ? message : undefined;
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

function remember<K>(known: Map<K, Instant>, key: K, until: Instant, now: Instant): void {
  if (until > now) known.set(key, until);
  else known.delete(key);
}

function alive<K>(known: ReadonlyMap<K, Instant>, now: Instant): readonly K[] {
  return [...known].flatMap(([key, until]) => (until > now ? [key] : []));
}
