/** What the operator says about the DHCPv6 server. Types, and the defaults of what may be left unsaid; parsed by `config`. */
import { type Codec, encodeAll } from "../../base/codec.ts";
import type { Duid } from "../../base/duid.ts";
import { type Ipv6Address, type Ipv6Prefix, splitIpv6Prefix } from "../../base/ipv6.ts";
import { ipv6OfNumber, ipv6Span } from "../../base/ipv6-number.ts";
import type { MacAddress } from "../../base/mac.ts";

/** One option as it stands in answers; several of one code are several options (RFC 9915 §21). */
export type ServedOption = {
  readonly code: number;
  readonly value: Uint8Array;
  /** Said to clients that did not ask for it too. */
  readonly forced: boolean;
};
/** What one architecture of clients boots (RFC 5970 §3); undefined: every other one. */
export type BootFile = { readonly architecture: number | undefined; readonly options: readonly ServedOption[] };
export type ServedOptions = { readonly options: readonly ServedOption[]; readonly boot: readonly BootFile[] };

/** Ceilings of what is promised: nothing outlives the prefix it was taken from. */
export type PromisedLifetimes = { readonly preferredSeconds: number; readonly validSeconds: number };

export type AddressPool = {
  readonly first: Ipv6Address;
  readonly last: Ipv6Address;
  /** Only for clients of this class; undefined: for all. */
  readonly class: string | undefined;
};
/** Lengths of delegated prefixes: clients may ask for one in between, and get the usual one when they do not (RFC 8168). */
export type DelegatedLengths = { readonly shortest: number; readonly longest: number; readonly usual: number };
export type PrefixPool = DelegatedLengths & {
  readonly pool: Ipv6Prefix;
  /** Taken out of every delegated prefix, its first piece of this length (RFC 6603); undefined: nothing. */
  readonly excludedLength: number | undefined;
  readonly class: string | undefined;
};

/** How much one client, link or relay may hold or send; undefined: as much as LIMITS let it. */
export type ServerLimits = {
  readonly leasesPerClient: number | undefined;
  readonly leasesPerLink: number | undefined;
  /** Of one outermost relay and interface-id. */
  readonly leasesPerRelayPort: number | undefined;
  readonly messagesPerSecondPerSource: number | undefined;
};

/** What the hosts of one link are given by DHCPv6. */
export type Dhcp6Pools = ServedOptions &
  PromisedLifetimes & {
    /** false: IA_NA are answered with NoAddrsAvail. */
    readonly assignAddresses: boolean;
    /** Empty: host parts under each prefix of at most 64 bits that the interface holds. */
    readonly addresses: readonly AddressPool[];
    readonly prefixes: readonly PrefixPool[];
    /** Prefixes are also carved out of what uplinks were delegated (the kernel's refusing routes); undefined: not. */
    readonly uplinkPrefixes: DelegatedLengths | undefined;
    /** Clients that no reservation names get nothing. */
    readonly knownClientsOnly: boolean;
    readonly rapidCommit: boolean;
    /** 0 to 255 (RFC 9915 §21.8); 0 is not said. */
    readonly preference: number;
    /** T1 and T2 in thousandths of the shortest preferred lifetime (RFC 9915 §14.2). */
    readonly t1Permille: number;
    readonly t2Permille: number;
    /** Clients that would accept Reconfigure messages are given a key for them (RFC 9915 §20.4). */
    readonly reconfigure: boolean;
    /** Where `options` name no resolver (23): our own address on the link, where it has one. */
    readonly ownResolver: boolean;
    readonly limits: ServerLimits;
  };

/** Which relay a link is behind, told by an option of one of its relays, octet for octet (18 interface-id, 53 relay-id, 37 remote-id). */
export type RelaySelector = { readonly code: 18 | 37 | 53; readonly value: Uint8Array };
/** A link behind relays: the one whose prefix holds the link-address, or whose relay says one of the selectors. */
export type RelayedLink = {
  readonly number: number;
  readonly name: string;
  readonly prefix: Ipv6Prefix;
  readonly selectors: readonly RelaySelector[];
  readonly pools: Dhcp6Pools;
};

/**
 * A question to one option of the client's message, or of a relay's where only relays say it (18, 37, 38, 53, 79). User Class (15) and
 * Vendor Class (16) hold lists: one item has to fit.
 */
export type ClassTest = { readonly code: number; readonly is: "present" | "equal" | "prefix"; readonly value: Uint8Array };
export type ClientClass = ServedOptions & {
  readonly name: string;
  /** All of them have to be true. */
  readonly tests: readonly ClassTest[];
  /** Clients of the class are not answered. */
  readonly drop: boolean;
  readonly lifetimes: PromisedLifetimes | undefined;
};

/** How a client is known again: by its DUID, of one of its IAs alone where an IAID is given, or by an Ethernet address. */
export type ClientIdentity =
  | { readonly is: "duid"; readonly duid: Duid; readonly iaid: number | undefined }
  | { readonly is: "mac"; readonly mac: MacAddress };
export type ReservedHost = ServedOptions & {
  readonly name: string;
  readonly identities: readonly ClientIdentity[];
  readonly addresses: readonly Ipv6Address[];
  /** Its host part under every prefix of the link, as `::1234`; undefined: none. */
  readonly hostPart: Ipv6Address | undefined;
  readonly prefixes: readonly Ipv6Prefix[];
  readonly lifetimes: PromisedLifetimes | undefined;
  /** It is never answered. */
  readonly ignored: boolean;
};

const UNLIMITED: ServerLimits = {
  leasesPerClient: undefined,
  leasesPerLink: undefined,
  leasesPerRelayPort: undefined,
  messagesPerSecondPerSource: undefined,
};
/** What is promised on a home's links (RFC 9096 §3.4). */
export const HOME_LIFETIMES: PromisedLifetimes = { preferredSeconds: 2700, validSeconds: 5400 };

/** A link's service with everything that is not said left at its default. */
export function dhcp6Pools(said: Partial<Dhcp6Pools> = {}): Dhcp6Pools {
  return {
    ...HOME_LIFETIMES,
    assignAddresses: true,
    addresses: [],
    prefixes: [],
    uplinkPrefixes: undefined,
    knownClientsOnly: false,
    rapidCommit: false,
    preference: 0,
    t1Permille: 500,
    t2Permille: 800,
    reconfigure: false,
    ownResolver: true,
    limits: UNLIMITED,
    options: [],
    boot: [],
    ...said,
  };
}

/** An option as its row in the table of options writes it. */
export function servedOption<T>({ code, codec }: { readonly code: number; readonly codec: Codec<T> }, value: T, forced = false): ServedOption {
  return { code, value: encodeAll(codec, value), forced };
}

/** Every address of a prefix, for all clients. */
export function addressPool(prefix: Ipv6Prefix): AddressPool {
  return { first: splitIpv6Prefix(prefix).address, last: ipv6OfNumber(ipv6Span(prefix).end - 1n), class: undefined };
}

/** A prefix cut into pieces of one length, for all clients. */
export function prefixPool(pool: Ipv6Prefix, length: number): PrefixPool {
  return { pool, shortest: length, longest: length, usual: length, excludedLength: undefined, class: undefined };
}
