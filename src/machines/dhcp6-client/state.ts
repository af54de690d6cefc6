/** What a DHCPv6 client knows in each phase, and nothing else (RFC 9915 §18.2). */
import type { DomainName } from "../../base/domain.ts";
import type { Duid } from "../../base/duid.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../base/ipv6.ts";
import { earliest, type Instant, instant, NEVER } from "../../base/time.ts";
import type { Dhcp6ClientMessage } from "../../wire/dhcp6/message.ts";
import type { Transitions } from "../machine.ts";
import type { Association, ClientConfig } from "./config.ts";
import { TIMING } from "./timing.ts";

/** A prefix, or an address as one of 128 bits, that is ours until `validUntil`. */
export type LeasedPrefix = {
  readonly prefix: Ipv6Prefix;
  /** The part of it that belongs to the upstream link (RFC 6603). */
  readonly excluded: Ipv6Prefix | undefined;
  readonly preferredUntil: Instant;
  readonly validUntil: Instant;
};
/** What one IA holds; never without a prefix. */
export type Delegated = Association & {
  readonly prefixes: readonly LeasedPrefix[];
  readonly renewAt: Instant;
  readonly rebindAt: Instant;
};
/** What a server tells beside leases. */
export type Told = {
  readonly serverId: Duid;
  readonly nameServers: readonly Ipv6Address[];
  readonly searchDomains: readonly DomainName[];
  /** Every other option that is not of the conversation itself, as it came. */
  readonly options: readonly { readonly code: number; readonly hex: string }[];
};
/** All that is leased; never without a delegation. */
export type Lease = Told & { readonly delegations: readonly Delegated[] };

/** One conversation: a transaction id and when its message is sent again (RFC 9915 §15, §16.1). */
export type Exchange = {
  readonly transactionId: number;
  /** When its first message went out, or will. */
  readonly startedAt: Instant;
  readonly sentCount: number;
  /** RT of the last message, seconds. */
  readonly timeoutSeconds: number;
  readonly resendAt: Instant;
};

/** A server's Advertise, or the server that said NoBinding. */
export type Offer = {
  readonly serverId: Duid;
  readonly preference: number;
  /** Every wish is in it, none with a smaller prefix than wished for. */
  readonly complete: boolean;
  readonly granted: readonly (Association & { readonly prefixes: readonly Ipv6Prefix[] })[];
};

export type Phase =
  | { readonly kind: "down" | "stopped" | "waiting"; readonly held: Lease | undefined }
  | { readonly kind: "soliciting"; readonly exchange: Exchange; readonly offers: readonly Offer[]; readonly held: Lease | undefined }
  | {
      readonly kind: "requesting";
      readonly exchange: Exchange;
      readonly offer: Offer;
      /** Who is asked next. */
      readonly others: readonly Offer[];
      readonly held: Lease | undefined;
    }
  | { readonly kind: "rebooting" | "renewing" | "rebinding"; readonly exchange: Exchange; readonly held: Lease }
  /** `retryAt`: when wishes that nobody granted are asked for again. */
  | { readonly kind: "bound"; readonly held: Lease; readonly retryAt: Instant }
  /** Asks for what is no lease (§18.2.6); what is held is used meanwhile. */
  | { readonly kind: "informing"; readonly exchange: Exchange; readonly held: Lease | undefined }
  | { readonly kind: "informed"; readonly told: Told; readonly refreshAt: Instant; readonly held: undefined }
  /** Tells a server what is used no longer, or cannot be: `given` is not ours any more (§18.2.7, §18.2.8). */
  | { readonly kind: "releasing" | "declining"; readonly exchange: Exchange; readonly given: Lease; readonly held: Lease | undefined };

export type ClientState = {
  readonly config: ClientConfig;
  /** Most seconds between two Solicits; a server may say so (RFC 9915 §21.24), and for Information-requests (§21.25). */
  readonly solMaxRtSeconds: number;
  readonly infMaxRtSeconds: number;
  /** A router of this link says that DHCPv6 is there. */
  readonly advertised: boolean;
  /** Exchanges that came to nothing since the last one that did. */
  readonly failuresInRow: number;
  /** Messages that may still go out at `countedAt` (RFC 9915 §14.1). */
  readonly allowance: { readonly messages: number; readonly countedAt: Instant };
  readonly phase: Phase;
};

export type ClientEvent =
  | { readonly kind: "link"; readonly up: boolean }
  | { readonly kind: "received"; readonly message: Dhcp6ClientMessage }
  | { readonly kind: "stored"; readonly lease: Lease }
  | { readonly kind: "configure"; readonly config: ClientConfig }
  /** A router advertised: M or O flag, or a prefix with the P flag (RFC 7084 WPD-4, RFC 9762). */
  | { readonly kind: "advertised" }
  /** Somebody else uses this address of an IA_NA. */
  | { readonly kind: "conflict"; readonly address: Ipv6Address }
  /** A server that proved to have our key asks for it (§18.2.11). */
  | { readonly kind: "reconfigure"; readonly what: "renew" | "rebind" | "informationRequest" }
  | { readonly kind: "command"; readonly verb: "renew" | "release" | "reboot" }
  /** The host slept: whether this is still the same link nobody knows. */
  | { readonly kind: "resumed" }
  /** The program ends. */
  | { readonly kind: "farewell" }
  | { readonly kind: "deadline" };

export type ClientEffect =
  /** To All_DHCP_Relay_Agents_and_Servers, port 547. */
  | { readonly kind: "send"; readonly message: Dhcp6ClientMessage }
  /** What is leased is now this. */
  | { readonly kind: "delegated"; readonly lease: Lease; readonly previous: Lease | undefined }
  | { readonly kind: "lost"; readonly lease: Lease; readonly reason: LossReason }
  | { readonly kind: "informed"; readonly told: Told }
  | { readonly kind: "persist"; readonly lease: Lease }
  | { readonly kind: "forget" }
  | { readonly kind: "ignored"; readonly reason: IgnoreReason };

export type LossReason = "expired" | "withdrawn" | "removed" | "released" | "conflict";

/** Why an answer, or a part of one, changed nothing. Each is a counter an operator sees. */
export const IGNORE_REASONS = [
  "unexpected-type", // the message type means nothing in this phase, or not to a client
  "reconfigure-unauthenticated", // RFC 9915 §18.2.11: nobody who has our key
  "transaction-mismatch", // another conversation, or a late answer of ours
  "client-id-missing", // RFC 9915 §16.3, §16.10
  "client-id-mismatch", // the server answers another client
  "server-id-missing", // RFC 9915 §16.3, §16.10
  "server-mismatch", // not the server this Request or Renew was for
  "rapid-commit-missing", // a Reply to a Solicit without option 14 (RFC 9915 §18.2.10)
  "unspecified-failure", // status UnspecFail: asked again later
  "no-binding", // status NoBinding
  "no-prefix-available", // status NoPrefixAvail or NoAddrsAvail
  "not-on-link", // status NotOnLink
  "status-other", // any other status but success
  "ia-malformed", // an IA that could not be read, or stood there twice
  "prefix-malformed", // an IA prefix or address that could not be read: longer than 128 bits, cut short
  "times-contradict", // T1 > T2 (RFC 9915 §21.21)
  "lifetimes-contradict", // preferred > valid (RFC 9915 §21.22)
  "implausible-prefix", // not a unicast prefix others can reach
  "prefix-overlaps", // lies in another prefix of the same message, or around it
  "nothing-granted", // no wish was answered with a prefix
  "rate-limited", // ours, not sent: too many messages (RFC 9915 §14.1)
  "nothing-to-act-on", // a command, or news, that concerns nothing we hold
] as const;
export type IgnoreReason = (typeof IGNORE_REASONS)[number];

const LEAVING = ["waiting", "soliciting", "rebooting", "informing", "releasing", "stopped", "down"] as const;
/** RFC 9915 §18.2. `rebooting` is a Rebind, or a Confirm, after a change of the link (§18.2.12). */
export const TRANSITIONS = {
  down: ["waiting", "soliciting", "rebooting", "informing", "stopped"],
  waiting: LEAVING,
  soliciting: ["requesting", "bound", ...LEAVING],
  requesting: ["bound", ...LEAVING],
  rebooting: ["bound", "requesting", "declining", ...LEAVING],
  bound: ["renewing", "rebinding", "declining", ...LEAVING],
  renewing: ["bound", "rebinding", "requesting", "declining", ...LEAVING],
  rebinding: ["bound", "requesting", "declining", ...LEAVING],
  informing: ["informed", "bound", "renewing", "rebinding", "declining", ...LEAVING],
  informed: LEAVING,
  declining: ["renewing", "bound", ...LEAVING],
  releasing: LEAVING,
  stopped: LEAVING,
} as const satisfies Transitions & { readonly [K in Phase["kind"]]: readonly Phase["kind"][] };

export function initialState(config: ClientConfig): ClientState {
  return {
    config,
    solMaxRtSeconds: 3600,
    infMaxRtSeconds: 3600,
    advertised: false,
    failuresInRow: 0,
    allowance: { messages: TIMING.allowance.burst, countedAt: instant(0) },
    phase: { kind: "down", held: undefined },
  };
}

/** When the state wants to be woken. */
export function deadline({ phase }: ClientState): Instant {
  const { held } = phase;
  const endsAt = held === undefined ? NEVER : firstEnd(held);
  switch (phase.kind) {
    case "down":
    case "stopped":
    case "waiting":
      return endsAt;
    case "bound":
      return earliest(renewAt(phase.held), rebindAt(phase.held), phase.retryAt, endsAt);
    case "renewing":
      return earliest(phase.exchange.resendAt, rebindAt(phase.held), endsAt);
    case "informing":
      return earliest(phase.exchange.resendAt, endsAt, held === undefined ? NEVER : renewAt(held));
    case "informed":
      return phase.refreshAt;
    default:
      return earliest(phase.exchange.resendAt, endsAt);
  }
}

/** All IAs are renewed together, with the first of them (RFC 9915 §18.2.4). */
export function renewAt({ delegations }: Lease): Instant {
  return earliest(...delegations.map((delegated) => delegated.renewAt));
}

export function rebindAt({ delegations }: Lease): Instant {
  return earliest(...delegations.map((delegated) => delegated.rebindAt));
}

/** When the first prefix ends. */
function firstEnd({ delegations }: Lease): Instant {
  return earliest(...delegations.flatMap(({ prefixes }) => prefixes.map(({ validUntil }) => validUntil)));
}
