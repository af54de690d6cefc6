/** `leasehold explain`: each transition as a sentence, oldest first. */
import { escapeText } from "../../base/text.ts";
import type { ExplainedTransition, Explanation } from "../../services/transitions.ts";
import type { TransitionReason } from "../../services/uplink4/explain.ts";
import type { Transition6Reason } from "../../services/uplink6/explain.ts";
import { BEGINS6, WHY6 } from "./explain6.ts";
import { counted } from "./words.ts";

/** Where it went: what the uplink does from then on. */
const BEGINS: Readonly<Record<string, string>> = {
  down: "waits for the link",
  selecting: "looks for a server",
  requesting: "asks for the address",
  rebooting: "asks whether its address still holds",
  checking: "asks whether anybody else uses the address",
  bound: "uses the address",
  renewing: "asks its server to extend the lease",
  rebinding: "asks any server to extend the lease",
  informing: "asks servers for the rest, with the address that was set by hand",
  "backing-off": "waits before it asks again",
  "ipv6-only": "does without IPv4",
  stopped: "rests until it is asked to renew",
};

const WHY: { readonly [R in TransitionReason]: (transition: ExplainedTransition<TransitionReason>) => string } = {
  "link-up": () => "the link came up",
  "link-down": () => "the link went down",
  "new-hardware-address": () => "the link has another hardware address",
  removed: () => "the interface is gone, or is served no longer",
  offer: ({ server, address }) => `${server ?? "a server"} offered ${address ?? "an address"}`,
  ack: ({ server, address, from }) => `${server ?? "a server"} ${GRANTED[from] ?? "granted"} ${address ?? "what was asked for"}`,
  nak: ({ server, address }) => `${server ?? "a server"} refused ${address ?? "the address"}`,
  "ipv6-only": ({ server }) => `${server ?? "a server"} says that hosts that can do without IPv4 should`,
  "stored-lease": ({ address }) => `the lease of ${address ?? "before"} was found on disk`,
  configuration: () => "the configuration changed",
  "address-free": ({ address }) => `nobody else uses ${address ?? "the address"}`,
  conflict: ({ address }) => `somebody else uses ${address ?? "the address"}`,
  "renewal-due": () => "half of the lease is over, or what the server said (T1)",
  "rebinding-due": () => "most of the lease is over, or what the server said (T2)",
  "no-reply": ({ from, server, tried }) =>
    `${ATTEMPT[from] ?? "asking"} failed ${tried}x: no reply from ${SPECIFIC.has(from) && server !== null ? server : "any server"}`,
  expired: ({ address }) => `the lease of ${address ?? "the address"} is over`,
  "pause-over": () => "the pause is over",
  "ipv6-connected": () => "IPv6 leads somewhere",
  "ipv6-lost": () => "IPv6 leads nowhere any more",
  resumed: () => "the host slept",
  "operator-renew": () => "an operator asked to renew",
  "operator-release": () => "an operator asked to release",
  "operator-reboot": () => "an operator asked whether the lease still holds",
  farewell: () => "the program ends",
  other: () => "something else happened",
};
const GRANTED: Readonly<Record<string, string>> = { renewing: "extended", rebinding: "extended", rebooting: "confirmed" };
const ATTEMPT: Readonly<Record<string, string>> = {
  requesting: "request",
  renewing: "renew",
  rebinding: "rebind",
  rebooting: "reboot",
  selecting: "discover",
  informing: "inform",
};
/** States in which one server was asked. */
const SPECIFIC: ReadonlySet<string> = new Set(["requesting", "renewing"]);

/** What either service tells; which one it is stands in it. */
export type Explained = (Explanation<TransitionReason> | Explanation<Transition6Reason>) & {
  readonly service?: string;
  readonly services?: readonly string[];
};

export function isExplanation(body: unknown): body is Explained {
  return typeof body === "object" && body !== null && "transitions" in body && Array.isArray(body.transitions);
}

export function explanation(told: Explained): string {
  const isSixth = told.service === "uplink6";
  const lines = isSixth
    ? told.transitions.map((one) => transitionLine6(one as ExplainedTransition<Transition6Reason>))
    : told.transitions.map((one) => transitionLine(one as ExplainedTransition<TransitionReason>));
  const service = told.service === undefined ? "" : ` (${told.service})`;
  return [`${told.interface}${service} is ${told.state}.`, ...(lines.length === 0 ? ["Nothing has happened to it yet."] : lines)]
    .map(escapeText)
    .join("\n");
}

function transitionLine(transition: ExplainedTransition<TransitionReason>): string {
  const { to, why } = transition;
  return line(transition, WHY[why]?.(transition) ?? why, BEGINS[to] ?? to);
}

function transitionLine6(transition: ExplainedTransition<Transition6Reason>): string {
  const { to, why } = transition;
  return line(transition, WHY6[why]?.(transition) ?? why, BEGINS6[to] ?? to);
}

function line({ at, from, to, ignored }: Omit<ExplainedTransition<string>, "why">, because: string, begins: string): string {
  const passedOver = counted(ignored);
  return `${at} ${from} -> ${to}: ${because}; ${begins}${passedOver === "" ? "" : ` (answers passed over before: ${passedOver})`}`;
}
