/** Why an uplink is where it is: its last transitions, read from the steps its driver remembers. Plain data; people read sentences made of it. */
import { LIMITS } from "../../base/limits.ts";
import type { Instant } from "../../base/time.ts";
import type { Phase } from "../../machines/dhcp6-client/state.ts";
import type { ExplainedTransition, Explanation } from "../uplink4/explain.ts";
import type { Happened } from "./events.ts";
import type { Times } from "./facts.ts";

/** Every reason a transition can have, and when it has it. */
export const TRANSITION6_REASONS = {
  "link-up": "the link has carrier, a usable link-local address, and its sockets are there",
  "link-down": "the link lost its carrier or its link-local address",
  advertised: "a router says that DHCPv6 is there",
  advertise: "a server's Advertise was taken",
  reply: "a server's Reply",
  "stored-lease": "a lease from before was found on disk",
  configuration: "the configuration changed",
  conflict: "somebody else uses the address",
  reconfigure: "the server wants to be asked anew",
  "renewal-due": "T1 has come, or what nobody granted is asked for again",
  "rebinding-due": "T2 has come",
  "refresh-due": "what the server told is asked for again",
  "no-reply": "nobody answered in time",
  expired: "the last prefix or address is over",
  resumed: "the host slept",
  "operator-renew": "an operator asked to renew",
  "operator-release": "an operator asked to release",
  "operator-reboot": "an operator asked to confirm the lease",
  farewell: "the program ends",
  other: "none of these",
} as const;
export type Transition6Reason = keyof typeof TRANSITION6_REASONS;

export type Explained6 = Omit<ExplainedTransition, "why"> & { readonly why: Transition6Reason };
export type Explanation6 = Omit<Explanation, "transitions"> & { readonly transitions: readonly Explained6[] };

/** @param steps as the driver recorded them, oldest first @param times one moment on both clocks */
export function explain(name: string, steps: readonly Happened[], { now, wallClock }: Times): Explanation6 {
  const transitions: Explained6[] = [];
  let tried = 0;
  let ignored: Record<string, number> = {};
  for (const one of steps) {
    const { before, after, step, effects } = one;
    const [from, to] = [before.phase.kind, after.phase.kind];
    if (from !== to) {
      const at = new Date(wallClock + (step.now - now)).toISOString();
      transitions.push({ at, from, to, why: whyOf(one), address: prefixOf(one), server: serverOf(one), tried, ignored });
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

function whyOf({ before, after, step }: Happened): Transition6Reason {
  const { event } = step;
  switch (event.kind) {
    case "link":
      return event.up ? "link-up" : "link-down";
    case "received":
      return event.message.kind === "advertise" ? "advertise" : event.message.kind === "reply" ? "reply" : "other";
    case "deadline":
      return timeReason(before.phase, after.phase, step.now);
    case "stored":
      return "stored-lease";
    case "configure":
      return "configuration";
    case "command":
      return `operator-${event.verb}`;
    case "advertised":
    case "conflict":
    case "reconfigure":
    case "resumed":
    case "farewell":
      return event.kind;
    default:
      return "other";
  }
}

/** What it means that a time has come, in the state it came in. */
function timeReason(from: Phase, to: Phase, now: Instant): Transition6Reason {
  if (from.held !== undefined && to.held === undefined && from.held.delegations.some(({ prefixes }) => prefixes.some((one) => one.validUntil <= now)))
    return "expired";
  if (to.kind === "rebinding") return "rebinding-due";
  if (from.kind === "bound") return "renewal-due";
  if (from.kind === "informed") return "refresh-due";
  return from.kind === "soliciting" && to.kind === "requesting" ? "advertise" : "no-reply";
}

function prefixOf({ before, after }: Happened): string | null {
  return (after.phase.held ?? before.phase.held)?.delegations[0]?.prefixes[0]?.prefix ?? null;
}

/** Who said it, else whom we asked. */
function serverOf({ before, after, step }: Happened): string | null {
  const said = step.event.kind === "received" ? step.event.message.options.serverId : undefined;
  return said ?? (after.phase.held ?? before.phase.held)?.serverId ?? null;
}
