/** Names what a step did, for hooks and watchers. */
import { isSameIa } from "../../machines/dhcp6-client/config.ts";
import type { ClientEffect, ClientEvent, ClientState, Lease, LossReason, Phase } from "../../machines/dhcp6-client/state.ts";
import type { UplinkEventName } from "../../ports/kernel.ts";
import type { Observed } from "../driver.ts";
import { jsonRecord } from "../json-record.ts";
import { onTheWall, type Times } from "../wall-time.ts";
import { leaseFacts } from "./facts.ts";

export type Happened = Observed<ClientState, ClientEvent, ClientEffect>;
type Effect<K extends ClientEffect["kind"]> = Extract<ClientEffect, { readonly kind: K }>;

const LOST: Readonly<Record<LossReason, UplinkEventName>> = {
  expired: "expire",
  withdrawn: "expire",
  removed: "stop",
  released: "release",
  conflict: "conflict",
};
const EXTENDED: Readonly<Partial<Record<Phase["kind"], UplinkEventName>>> = { renewing: "renew", rebinding: "rebind", rebooting: "reboot" };

/** In the order in which they happened; nothing twice. */
export function eventsOf(happened: Happened): readonly UplinkEventName[] {
  const { before, after, effects, step } = happened;
  const names: UplinkEventName[] = [];
  if (step.event.kind === "link" && (before.phase.kind === "down") !== (after.phase.kind === "down")) names.push("carrier");
  if (before.phase.kind === "soliciting" && after.phase.kind === "requesting") names.push("offer");
  for (const effect of effects) {
    if (effect.kind === "delegated") names.push(...delegated(happened, effect));
    if (effect.kind === "lost") names.push(...lost(effect));
  }
  if (step.event.kind === "received" && effects.some(({ kind }) => kind === "informed")) names.push("bound");
  if (effects.some(({ kind }) => kind === "send") && isFirst(before.phase.kind) && !isFirst(after.phase.kind)) names.push("preinit");
  return [...new Set(names)];
}

/** One line of JSON: what happened, and the lease it concerns. */
export function eventRecord(name: string, event: UplinkEventName, { before, after, step }: Happened, times: Times): Uint8Array {
  const held = after.phase.held ?? before.phase.held;
  const lease = held === undefined ? null : leaseFacts(held, times);
  const [state, was] = [after.phase.kind, before.phase.kind];
  return jsonRecord({ interface: name, family: "ipv6", event, at: onTheWall(step.now, times), state, before: was, lease });
}

/** A lease from disk that nobody has confirmed, and one that the operator's wishes change, is no news of a server. */
function delegated({ before, step }: Happened, { lease, previous }: Effect<"delegated">): readonly UplinkEventName[] {
  const [now, then] = [prefixesOf(lease), previous === undefined ? [] : prefixesOf(previous)];
  const gone = then.some((prefix) => !now.includes(prefix));
  const pd: readonly UplinkEventName[] = [
    ...(then.length === 0 && now.length > 0 ? (["pd-bound"] as const) : []),
    ...(then.length > 0 && now.length > 0 && (gone || now.some((prefix) => !then.includes(prefix))) ? (["pd-change"] as const) : []),
    ...(gone ? (["pd-deprecate"] as const) : []),
    ...(gone && now.length === 0 ? (["pd-expire"] as const) : []),
  ];
  if (step.event.kind === "conflict") return ["conflict", ...pd];
  if (step.event.kind !== "received") return pd;
  const hadAll = previous !== undefined && previous.delegations.length > 0;
  const what = hadAll ? EXTENDED[before.phase.kind] : undefined;
  return [...(what === undefined ? (["bound"] as const) : [what]), ...(hadAll && factsDiffer(lease, previous) ? (["change"] as const) : []), ...pd];
}

function lost({ lease, reason }: Effect<"lost">): readonly UplinkEventName[] {
  const hadPrefixes = prefixesOf(lease).length > 0;
  const over = reason === "expired" || reason === "withdrawn" ? (["pd-expire"] as const) : [];
  return [LOST[reason], ...(hadPrefixes ? [...(reason === "expired" ? [] : (["pd-deprecate"] as const)), ...over] : [])];
}

function prefixesOf({ delegations }: Lease): readonly string[] {
  return delegations.flatMap(({ kind, prefixes }) => (kind === "pd" ? prefixes.map(({ prefix }) => prefix) : []));
}

/** Other than times. */
function factsDiffer(a: Lease, b: Lease): boolean {
  const same = a.delegations.every((one) => {
    const other = b.delegations.find((delegation) => isSameIa(delegation, one));
    return JSON.stringify(other?.prefixes.map(({ prefix }) => prefix)) === JSON.stringify(one.prefixes.map(({ prefix }) => prefix));
  });
  const told = ({ nameServers, searchDomains, options }: Lease): string => JSON.stringify([nameServers, searchDomains, options]);
  return !same || a.delegations.length !== b.delegations.length || told(a) !== told(b);
}

function isFirst(kind: Phase["kind"]): boolean {
  return kind === "down" || kind === "waiting" || kind === "stopped";
}
