/** Names what a step did, for hooks and watchers. */
import type { ClientEffect, ClientEvent, ClientState, DropReason, Phase } from "../../machines/dhcp4-client/state.ts";
import type { UplinkEventName } from "../../ports/kernel.ts";
import type { Observed } from "../driver.ts";
import { jsonRecord } from "../json-record.ts";
import { onTheWall, type Times } from "../wall-time.ts";
import type { Uplink4Interface } from "./config.ts";
import { leaseFacts } from "./facts.ts";

type Happened = Observed<ClientState, ClientEvent, ClientEffect>;

const DROPPED: Readonly<Record<DropReason, UplinkEventName>> = {
  expired: "expire",
  nak: "nak",
  removed: "stop",
  conflict: "conflict",
  released: "release",
  "ipv6-only": "v6only",
};
const EXTENDED: Readonly<Partial<Record<Phase["kind"], UplinkEventName>>> = { renewing: "renew", rebinding: "rebind", rebooting: "reboot" };

/** In the order in which they happened; nothing twice. */
export function eventsOf(happened: Happened): readonly UplinkEventName[] {
  const { before, after, effects } = happened;
  const names: UplinkEventName[] = [];
  if ((before.phase.kind === "down") !== (after.phase.kind === "down") && happened.step.event.kind === "link") names.push("carrier");
  for (const effect of effects) {
    if (effect.kind === "deconfigure") names.push(DROPPED[effect.reason]);
    if (effect.kind === "configure") names.push(...configured(happened, effect));
  }
  names.push(...changed(before, after));
  if (effects.some((effect) => effect.kind === "send" && before.phase.kind !== after.phase.kind && isFirst(before.phase.kind))) names.push("preinit");
  return [...new Set(names)];
}

/** One line of JSON: what happened, and the lease it concerns. */
export function eventRecord(event: UplinkEventName, { before, after, step }: Happened, entry: Uplink4Interface, times: Times): Uint8Array {
  const held = after.phase.held ?? before.phase.held;
  const lease = held === undefined ? null : leaseFacts(held, entry, times);
  return jsonRecord({ interface: entry.name, event, at: onTheWall(step.now, times), state: after.phase.kind, before: before.phase.kind, lease });
}

/** What takes nothing from the kernel is told all the same. */
function changed(before: ClientState, after: ClientState): readonly UplinkEventName[] {
  return [
    ...(before.phase.kind === "selecting" && after.phase.kind === "requesting" ? (["offer"] as const) : []),
    ...(after.naksInRow > before.naksInRow ? (["nak"] as const) : []),
    ...(after.conflicts > before.conflicts ? (["conflict"] as const) : []),
    ...(after.phase.kind === "ipv6-only" && before.phase.kind !== "ipv6-only" ? (["v6only"] as const) : []),
  ];
}

/** Applied once more, for new wishes of the operator, it is no event. */
function configured({ before, step }: Happened, { lease, previous }: Extract<ClientEffect, { kind: "configure" }>): readonly UplinkEventName[] {
  if (step.event.kind === "configure") return [];
  const name = before.phase.kind === "checking" && previous === undefined ? "bound" : (EXTENDED[before.phase.kind] ?? "bound");
  return previous !== undefined && factsDiffer(lease, previous) ? [name, "change"] : [name];
}

function factsDiffer(a: Extract<ClientEffect, { kind: "configure" }>["lease"], b: typeof a): boolean {
  const facts = ({ acquiredAt: _acquired, renewAt: _renew, rebindAt: _rebind, expiresAt: _expires, serverMac: _mac, ...rest }: typeof a): string =>
    JSON.stringify(rest);
  return facts(a) !== facts(b);
}

function isFirst(kind: Phase["kind"]): boolean {
  return kind === "down" || kind === "backing-off" || kind === "stopped" || kind === "ipv6-only";
}
