/** Why an uplink is where it is: its last transitions, read from the steps its driver remembers. Plain data; people read sentences made of it. */
import type { Instant } from "../../base/time.ts";
import type { Phase } from "../../machines/dhcp6-client/state.ts";
import { type Explanation, explained } from "../transitions.ts";
import type { Times } from "../wall-time.ts";
import type { Happened } from "./events.ts";

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

/** @param steps as the driver recorded them, oldest first @param times one moment on both clocks */
export function explain(name: string, steps: readonly Happened[], times: Times): Explanation<Transition6Reason> {
  return explained(name, steps, { why: whyOf, address: prefixOf, server: serverOf }, times);
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
