/** What a router knows of one of its links, and what hosts there have been told (RFC 4861 §6.2). */
import type { DomainName } from "../../base/domain.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../base/ipv6.ts";
import type { MacAddress } from "../../base/mac.ts";
import { earliest, type Instant, NEVER } from "../../base/time.ts";
import type { RouterAdvertisement } from "../../wire/icmp6/message.ts";
import type { Transitions } from "../machine.ts";

/** What the operator said about one link (RFC 4861 §6.2.1). */
export type AdvertiserConfig = {
  readonly managed: boolean;
  readonly otherConfig: boolean;
  readonly autonomous: boolean;
  /** 0: not a default router; undefined: as long as there is a default route. */
  readonly lifetimeSeconds: number | undefined;
  readonly minIntervalSeconds: number;
  readonly maxIntervalSeconds: number;
  readonly maxPreferredSeconds: number;
  readonly maxValidSeconds: number;
  /** Empty: our own address on the link. */
  readonly dnsServers: readonly Ipv6Address[];
  readonly searchDomains: readonly DomainName[];
};

/** An address of ours beyond the link that is in use. */
export type OwnAddress = {
  readonly address: Ipv6Address;
  readonly prefixLength: number;
  readonly preferredUntil: Instant;
  readonly validUntil: Instant;
  readonly deprecated: boolean;
};
export type AdvertiserLink = {
  /** undefined: the link has no Ethernet address. */
  readonly mac: MacAddress | undefined;
  readonly mtuBytes: number | undefined;
};

/** One thing that advertisements tell. */
export type Item =
  | { readonly kind: "prefix" | "route"; readonly value: Ipv6Prefix }
  | { readonly kind: "resolver"; readonly value: Ipv6Address }
  | { readonly kind: "name"; readonly value: DomainName };
/** No longer so: hosts that believe it are told of lifetime 0 until then (RFC 9096 §3.5). */
export type Withdrawn = { readonly item: Item; readonly until: Instant };

export type Phase =
  | { readonly kind: "silent" }
  | {
      readonly kind: "advertising";
      /** Multicast ones since it began. */
      readonly sentCount: number;
      /** The next one to all hosts. */
      readonly dueAt: Instant;
      /** Hosts that asked, and when each is answered. */
      readonly answers: readonly { readonly to: Ipv6Address; readonly at: Instant }[];
    };

export type AdvertiserState = {
  readonly config: AdvertiserConfig | undefined;
  /** undefined while the link, or the way to it, is down. */
  readonly link: AdvertiserLink | undefined;
  /** undefined until one is there that no other host claims: it is what we speak from. */
  readonly linkLocal: Ipv6Address | undefined;
  readonly addresses: readonly OwnAddress[];
  /** A way to everywhere that does not lead back over this link. */
  readonly hasDefaultRoute: boolean;
  /** Prefixes we were given as a whole: what of them is not in use leads nowhere. */
  readonly delegated: readonly Ipv6Prefix[];
  readonly told: readonly Item[];
  readonly withdrawn: readonly Withdrawn[];
  readonly lastMulticastAt: Instant | undefined;
  readonly phase: Phase;
};

export type AdvertiserEvent =
  /** undefined: no longer to be served. */
  | { readonly kind: "configured"; readonly config: AdvertiserConfig | undefined }
  | { readonly kind: "link"; readonly link: AdvertiserLink | undefined }
  | { readonly kind: "addresses"; readonly linkLocal: Ipv6Address | undefined; readonly addresses: readonly OwnAddress[] }
  | { readonly kind: "routes"; readonly hasDefaultRoute: boolean; readonly delegated: readonly Ipv6Prefix[] }
  /** From an earlier life of the program: hosts may still believe it. */
  | { readonly kind: "remembered"; readonly items: readonly Item[] }
  | { readonly kind: "solicited"; readonly source: Ipv6Address }
  | { readonly kind: "deadline" };

export type AdvertiserEffect =
  | { readonly kind: "send"; readonly from: Ipv6Address; readonly to: Ipv6Address; readonly message: RouterAdvertisement }
  /** To be kept over a restart, before it is said; replaces what was kept. */
  | { readonly kind: "remember"; readonly items: readonly Item[] }
  | { readonly kind: "ignored"; readonly reason: IgnoreReason };

/** Why a solicitation changed nothing. Each is a counter an operator sees. */
export const IGNORE_REASONS = [
  "not-advertising", // no router on this link yet, or no longer
  "implausible-source", // no host can be answered there
  "own-address", // our own solicitation, or somebody who took our address
] as const;
export type IgnoreReason = (typeof IGNORE_REASONS)[number];

export const TRANSITIONS = {
  silent: ["advertising"],
  advertising: ["silent"],
} as const satisfies Transitions & { readonly [K in Phase["kind"]]: readonly Phase["kind"][] };

export const INITIAL_STATE: AdvertiserState = {
  config: undefined,
  link: undefined,
  linkLocal: undefined,
  addresses: [],
  hasDefaultRoute: false,
  delegated: [],
  told: [],
  withdrawn: [],
  lastMulticastAt: undefined,
  phase: { kind: "silent" },
};

/** When the state wants to be woken. */
export function deadline({ phase }: AdvertiserState): Instant {
  return phase.kind === "silent" ? NEVER : earliest(phase.dueAt, ...phase.answers.map(({ at }) => at));
}
