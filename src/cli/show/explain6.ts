/** Words of `leasehold explain` for an uplink that gets prefixes. */
import type { ExplainedTransition } from "../../services/transitions.ts";
import type { Transition6Reason } from "../../services/uplink6/explain.ts";

/** Where it went: what the uplink does from then on. */
export const BEGINS6: Readonly<Record<string, string>> = {
  down: "waits for the link",
  waiting: "waits for a router that says that DHCPv6 is there",
  soliciting: "looks for a server",
  requesting: "asks for what was offered",
  rebooting: "asks whether what it held still holds",
  bound: "uses what it holds",
  renewing: "asks its server to extend the lease",
  rebinding: "asks any server to extend the lease",
  informing: "asks for other information",
  informed: "uses what a server told",
  declining: "tells the server that an address is in use",
  releasing: "gives everything back",
  stopped: "rests until it is asked to renew",
};

type Told = (transition: ExplainedTransition<Transition6Reason>) => string;
export const WHY6: { readonly [R in Transition6Reason]: Told } = {
  "link-up": () => "the link came up",
  "link-down": () => "the link went down",
  advertised: () => "a router said that DHCPv6 is there",
  advertise: ({ server }) => `${server ?? "a server"} made an offer`,
  reply: ({ server, from, address }) => `${server ?? "a server"} ${GRANTED[from] ?? "answered"}${address === null ? "" : ` ${address}`}`,
  "stored-lease": ({ address }) => `the lease of ${address ?? "before"} was found on disk`,
  configuration: () => "the configuration changed",
  conflict: ({ address }) => `somebody else uses ${address ?? "the address"}`,
  reconfigure: ({ server }) => `${server ?? "the server"} wants to be asked again`,
  "renewal-due": () => "it is time to renew, or to ask again for what nobody granted (T1)",
  "rebinding-due": () => "most of the lease is over, or what the server said (T2)",
  "refresh-due": () => "what was told is old",
  "no-reply": ({ from, server, tried }) =>
    `${ATTEMPT[from] ?? "asking"} failed ${tried}x: no reply from ${SPECIFIC.has(from) && server !== null ? server : "any server"}`,
  expired: ({ address }) => `the lease of ${address ?? "everything"} is over`,
  resumed: () => "the host slept",
  "operator-renew": () => "an operator asked to renew",
  "operator-release": () => "an operator asked to release",
  "operator-reboot": () => "an operator asked whether the lease still holds",
  farewell: () => "the program ends",
  other: () => "something else happened",
};
const GRANTED: Readonly<Record<string, string>> = {
  soliciting: "granted",
  requesting: "granted",
  renewing: "extended",
  rebinding: "extended",
  rebooting: "confirmed",
};
const ATTEMPT: Readonly<Record<string, string>> = {
  soliciting: "solicit",
  requesting: "request",
  renewing: "renew",
  rebinding: "rebind",
  rebooting: "reboot",
  informing: "information-request",
  declining: "decline",
  releasing: "release",
};
/** States in which one server was asked. */
const SPECIFIC: ReadonlySet<string> = new Set(["requesting", "renewing", "declining", "releasing"]);
