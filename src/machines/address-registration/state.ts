/** Addresses that a host made itself, told to the DHCPv6 servers of its link where they want to know them (RFC 9686). */
import type { Duid } from "../../base/duid.ts";
import type { Ipv6Address } from "../../base/ipv6.ts";
import { earliest, type Instant, instant, NEVER } from "../../base/time.ts";
import type { Dhcp6ClientMessage } from "../../wire/dhcp6/message.ts";
import type { ClientState, Exchange } from "../dhcp6-client/state.ts";
import { TIMING } from "../dhcp6-client/timing.ts";
import type { Transitions } from "../machine.ts";

export type OwnAddress = { readonly address: Ipv6Address; readonly preferredUntil: Instant; readonly validUntil: Instant };

/** How far one address is. `toldUntil` is the end that its last message said, `nextAt` when that is to be said anew should it change. */
export type Registration = { readonly toldUntil: Instant; readonly nextAt: Instant } & (
  | { readonly kind: "informing"; readonly exchange: Exchange }
  /** `refreshAt`: when it is told again, NEVER while servers know its end; `answered`: a server said that it heard of it. */
  | { readonly kind: "told"; readonly refreshAt: Instant; readonly answered: boolean }
);
export type Registrable = OwnAddress & { readonly registration: Registration };

export type Phase =
  /** No server of this link said that it wants them (§4.4). */
  | { readonly kind: "silent"; readonly addresses: readonly OwnAddress[] }
  /** `spread` multiplies every interval of this link, so that hosts do not speak at once (AddrRegDesyncMultiplier, §4.6.1). */
  | { readonly kind: "speaking"; readonly addresses: readonly Registrable[]; readonly spread: number };

export type RegistrationConfig = { readonly duid: Duid };
export type RegistrationState = {
  readonly config: RegistrationConfig;
  /** As the client's: messages that may still go out (RFC 9915 §14.1). */
  readonly allowance: ClientState["allowance"];
  readonly phase: Phase;
};

export type RegistrationEvent =
  /** The link went, or came anew: whether its servers want to know is not known (§4.4). */
  | { readonly kind: "link" }
  /** An Advertise or a Reply that was taken carried option 148. */
  | { readonly kind: "server-willing" }
  /** In use on the link, made by this host or given by hand: none that DHCPv6 gave (§4.2), and no tentative one. */
  | ({ readonly kind: "address-is" } & OwnAddress)
  | { readonly kind: "address-gone"; readonly address: Ipv6Address }
  /** `to`: the address it was sent to. */
  | { readonly kind: "received"; readonly message: Dhcp6ClientMessage; readonly to: Ipv6Address }
  | { readonly kind: "configure"; readonly config: RegistrationConfig }
  | { readonly kind: "deadline" };

export type RegistrationEffect =
  /** To All_DHCP_Relay_Agents_and_Servers, from this very address (§4.2). */
  | { readonly kind: "send"; readonly message: Dhcp6ClientMessage; readonly from: Ipv6Address }
  | { readonly kind: "ignored"; readonly reason: RegistrationIgnoreReason };

/** Why an answer, or an address, changed nothing. Each is a counter an operator sees. */
export const REGISTRATION_IGNORE_REASONS = [
  "registration-not-awaited", // no message of ours has this transaction identifier, or the address is not ours any more
  "registration-other-client", // the server answers another client
  "registration-other-address", // not the address that we told, or not sent to it (§4.3)
  "registration-too-many", // more addresses than are told: LIMITS.registeredAddresses
  "registration-rate-limited", // ours, not sent: too many messages (RFC 9915 §14.1)
] as const;
export type RegistrationIgnoreReason = (typeof REGISTRATION_IGNORE_REASONS)[number];

/** `informing` as long as one address waits for its answer. */
export const TRANSITIONS = {
  silent: ["quiet", "informing"],
  quiet: ["informing", "silent"],
  informing: ["quiet", "silent"],
} as const satisfies Transitions;

export function initialRegistration(config: RegistrationConfig): RegistrationState {
  return {
    config,
    allowance: { messages: TIMING.allowance.burst, countedAt: instant(0) },
    phase: { kind: "silent", addresses: [] },
  };
}

export function phaseOf({ phase }: RegistrationState): keyof typeof TRANSITIONS {
  if (phase.kind === "silent") return "silent";
  return phase.addresses.some(({ registration }) => registration.kind === "informing") ? "informing" : "quiet";
}

export function deadline({ phase }: RegistrationState): Instant {
  return phase.kind === "silent" ? NEVER : earliest(...phase.addresses.map(({ registration }) => dueAt(registration)));
}

export function dueAt(registration: Registration): Instant {
  return registration.kind === "informing" ? registration.exchange.resendAt : registration.refreshAt;
}
