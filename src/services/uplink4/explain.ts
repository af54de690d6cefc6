/** Why an uplink is where it is: its last transitions, read from the steps its driver remembers. Plain data; people read sentences made of it. */
import type { Instant } from "../../base/time.ts";
import type { ClientEffect, ClientEvent, ClientState, Phase } from "../../machines/dhcp4-client/state.ts";
import type { Observed } from "../driver.ts";
import { type Explanation, explained } from "../transitions.ts";
import type { Times } from "../wall-time.ts";

/** Every reason a transition can have, and when it has it. */
export const TRANSITION_REASONS = {
  "link-up": "the link has carrier, or its sockets are there",
  "link-down": "the link lost its carrier",
  "new-hardware-address": "the link has another hardware address",
  removed: "the interface went, or is served no longer",
  offer: "a server's offer was taken",
  ack: "a server granted what was asked for",
  nak: "a server refused",
  "ipv6-only": "the network asks hosts that can to do without IPv4 (RFC 8925)",
  "stored-lease": "a lease from before was found on disk",
  configuration: "the configuration changed",
  "address-free": "nobody else uses the address (RFC 5227)",
  conflict: "somebody else uses the address (RFC 5227)",
  "renewal-due": "T1 has come",
  "rebinding-due": "T2 has come",
  "no-reply": "nobody answered in time",
  expired: "the lease is over",
  "pause-over": "the pause is over",
  "ipv6-connected": "IPv6 leads somewhere now",
  "ipv6-lost": "IPv6 leads nowhere now",
  resumed: "the host slept",
  "operator-renew": "an operator asked to renew",
  "operator-release": "an operator asked to release",
  "operator-reboot": "an operator asked to confirm the lease",
  farewell: "the program ends",
  other: "none of these",
} as const;
export type TransitionReason = keyof typeof TRANSITION_REASONS;

type Step = Observed<ClientState, ClientEvent, ClientEffect>;

/** @param steps as the driver recorded them, oldest first @param times one moment on both clocks */
export function explain(name: string, steps: readonly Step[], times: Times): Explanation<TransitionReason> {
  return explained(name, steps, { why: whyOf, address: addressOf, server: serverOf }, times);
}

function whyOf({ before, after, step }: Step): TransitionReason {
  const { event } = step;
  switch (event.kind) {
    case "link":
      if (!event.up) return "link-down";
      return before.mac === undefined || before.mac === event.mac ? "link-up" : "new-hardware-address";
    case "received":
      return answerReason(event.message.options.messageType, after.phase);
    case "deadline":
      return timeReason(before.phase, after.phase, step.now);
    case "stored":
      return "stored-lease";
    case "configure":
      return "configuration";
    case "arp":
      return "conflict";
    case "ipv6":
      return event.connected ? "ipv6-connected" : "ipv6-lost";
    case "command":
      return `operator-${event.verb}`;
    case "removed":
    case "resumed":
    case "farewell":
      return event.kind;
    default:
      return "other";
  }
}

function answerReason(type: string, to: Phase): TransitionReason {
  if (to.kind === "ipv6-only") return "ipv6-only";
  return type === "offer" || type === "ack" || type === "nak" ? type : "other";
}

/** What it means that a time has come, in the state it came in. */
function timeReason(from: Phase, to: Phase, now: Instant): TransitionReason {
  if (from.held !== undefined && from.held.expiresAt <= now) return "expired";
  switch (from.kind) {
    case "bound":
      return to.kind === "rebinding" ? "rebinding-due" : "renewal-due";
    case "checking":
      return to.kind === "bound" ? "address-free" : "no-reply";
    case "selecting":
      return to.kind === "requesting" ? "offer" : "no-reply";
    case "backing-off":
    case "ipv6-only":
      return "pause-over";
    case "requesting":
    case "rebooting":
    case "renewing":
    case "rebinding":
    case "informing":
      return "no-reply";
    default:
      return "other";
  }
}

function addressOf({ before, after }: Step): string | null {
  return ownAddress(after.phase) ?? ownAddress(before.phase) ?? null;
}

function ownAddress(phase: Phase): string | undefined {
  if (phase.kind === "requesting") return phase.offer.address;
  return phase.kind === "checking" ? phase.lease.address : phase.held?.address;
}

/** Who said it, else whom we asked. */
function serverOf({ before, after, step }: Step): string | null {
  const said = step.event.kind === "received" ? step.event.message.options.serverId : undefined;
  return said ?? ownServer(before.phase) ?? ownServer(after.phase) ?? null;
}

function ownServer(phase: Phase): string | undefined {
  if (phase.kind === "requesting") return phase.offer.serverId;
  return phase.kind === "checking" ? phase.lease.serverId : phase.held?.serverId;
}
