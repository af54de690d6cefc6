/** Why an uplink is where it is: its last transitions, read from the steps its driver remembers. Plain data; people read sentences made of it. */
import { LIMITS } from "../../base/limits.ts";
import type { Instant, WallClock } from "../../base/time.ts";
import type { ClientEffect, ClientEvent, ClientState, Phase } from "../../machines/dhcp4-client/state.ts";
import type { Observed } from "../driver.ts";

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

export type ExplainedTransition = {
  readonly at: string;
  readonly from: string;
  readonly to: string;
  readonly why: TransitionReason;
  /** What it was about, where it was about one. */
  readonly address: string | null;
  readonly server: string | null;
  /** Messages sent in the state that was left. */
  readonly tried: number;
  /** Answers that were passed over in it, by reason. */
  readonly ignored: Readonly<Record<string, number>>;
};
export type Explanation = { readonly interface: string; readonly state: string; readonly transitions: readonly ExplainedTransition[] };

type Step = Observed<ClientState, ClientEvent, ClientEffect>;
type Times = { readonly now: Instant; readonly wallClock: WallClock };

/** @param steps as the driver recorded them, oldest first @param times one moment on both clocks */
export function explain(name: string, steps: readonly Step[], { now, wallClock }: Times): Explanation {
  const transitions: ExplainedTransition[] = [];
  let tried = 0;
  let ignored: Record<string, number> = {};
  for (const one of steps) {
    const { before, after, step, effects } = one;
    const [from, to] = [before.phase.kind, after.phase.kind];
    if (from !== to) {
      const at = new Date(wallClock + (step.now - now)).toISOString();
      transitions.push({ at, from, to, why: whyOf(one), address: addressOf(one), server: serverOf(one), tried, ignored });
      [tried, ignored] = [0, {}];
    }
    for (const effect of effects) {
      if (effect.kind === "send") tried++;
      else if (effect.kind === "ignored") ignored[effect.reason] = (ignored[effect.reason] ?? 0) + 1;
    }
  }
  const state = steps.at(-1)?.after.phase.kind ?? "down";
  return { interface: name, state, transitions: transitions.slice(-LIMITS.explainedTransitions) };
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
