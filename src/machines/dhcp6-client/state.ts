/** What a DHCPv6 client that asks for prefixes knows in each phase, and nothing else (RFC 9915 §18.2). */
import type { DomainName } from "../../base/domain.ts";
import type { Duid } from "../../base/duid.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../base/ipv6.ts";
import { earliest, type Instant, instant, NEVER } from "../../base/time.ts";
import type { Dhcp6ClientMessage } from "../../wire/dhcp6/message.ts";
import type { Transitions } from "../machine.ts";
import { TIMING } from "./timing.ts";

/** One IA_PD: what it is called for ever, and the length that is asked for. */
export type Wish = { readonly iaid: number; readonly prefixLength: number };
export type ClientConfig = {
  readonly duid: Duid;
  readonly rapidCommit: boolean;
  /** `rfc` waits as RFC 9915 §18.2.1 says; `fast` asks at once and takes the first Advertise that holds all that is wished for. */
  readonly pace: "fast" | "rfc";
  readonly wishes: readonly Wish[];
};

/** A prefix that is ours until `validUntil`. */
export type LeasedPrefix = {
  readonly prefix: Ipv6Prefix;
  /** The part of it that belongs to the upstream link (RFC 6603). */
  readonly excluded: Ipv6Prefix | undefined;
  readonly preferredUntil: Instant;
  readonly validUntil: Instant;
};
/** What one IA_PD holds; never without a prefix. */
export type Delegated = {
  readonly iaid: number;
  readonly prefixes: readonly LeasedPrefix[];
  readonly renewAt: Instant;
  readonly rebindAt: Instant;
};
/** All that is delegated; never without a delegation. */
export type Lease = {
  readonly serverId: Duid;
  readonly delegations: readonly Delegated[];
  readonly nameServers: readonly Ipv6Address[];
  readonly searchDomains: readonly DomainName[];
};

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
  readonly granted: readonly { readonly iaid: number; readonly prefixes: readonly Ipv6Prefix[] }[];
};

export type Phase =
  | { readonly kind: "down"; readonly held: Lease | undefined }
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
  | { readonly kind: "bound"; readonly held: Lease; readonly retryAt: Instant };

export type ClientState = {
  readonly config: ClientConfig;
  /** Most seconds between two Solicits; a server may say so (RFC 9915 §21.24), and for Information-requests (§21.25). */
  readonly solMaxRtSeconds: number;
  readonly infMaxRtSeconds: number;
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
  | { readonly kind: "deadline" };

export type ClientEffect =
  /** To All_DHCP_Relay_Agents_and_Servers, port 547. */
  | { readonly kind: "send"; readonly message: Dhcp6ClientMessage }
  /** What is delegated is now this. */
  | { readonly kind: "delegated"; readonly lease: Lease; readonly previous: Lease | undefined }
  | { readonly kind: "lost"; readonly lease: Lease; readonly reason: LossReason }
  | { readonly kind: "persist"; readonly lease: Lease }
  | { readonly kind: "forget" }
  | { readonly kind: "ignored"; readonly reason: IgnoreReason };

export type LossReason = "expired" | "withdrawn" | "removed";

/** Why an answer, or a part of one, changed nothing. Each is a counter an operator sees. */
export const IGNORE_REASONS = [
  "unexpected-type", // the message type means nothing in this phase, or not to a client
  "reconfigure-unauthenticated", // RFC 9915 §18.2.11: we keep no key of any server
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
  "ia-malformed", // an IA_PD that could not be read, or stood there twice
  "prefix-malformed", // an IA prefix that could not be read: longer than 128 bits, cut short
  "times-contradict", // T1 > T2 (RFC 9915 §21.21)
  "lifetimes-contradict", // preferred > valid (RFC 9915 §21.22)
  "implausible-prefix", // not a unicast prefix others can reach
  "prefix-overlaps", // lies in another prefix of the same message, or around it
  "nothing-granted", // no wish was answered with a prefix
  "rate-limited", // ours, not sent: too many messages (RFC 9915 §14.1)
] as const;
export type IgnoreReason = (typeof IGNORE_REASONS)[number];

/** RFC 9915 §18.2. `rebooting` is a Rebind with the timing of a Confirm, after a change of the link (§18.2.12). */
export const TRANSITIONS = {
  down: ["soliciting", "rebooting"],
  soliciting: ["requesting", "bound", "rebooting", "down"],
  requesting: ["bound", "soliciting", "rebooting", "down"],
  rebooting: ["bound", "requesting", "soliciting", "down"],
  bound: ["renewing", "rebinding", "soliciting", "down"],
  renewing: ["bound", "rebinding", "requesting", "soliciting", "down"],
  rebinding: ["bound", "requesting", "soliciting", "down"],
} as const satisfies Transitions & { readonly [K in Phase["kind"]]: readonly Phase["kind"][] };

export function initialState(config: ClientConfig): ClientState {
  return {
    config,
    solMaxRtSeconds: 3600,
    infMaxRtSeconds: 3600,
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
      return endsAt;
    case "bound":
      return earliest(renewAt(phase.held), rebindAt(phase.held), phase.retryAt, endsAt);
    case "renewing":
      return earliest(phase.exchange.resendAt, rebindAt(phase.held), endsAt);
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
