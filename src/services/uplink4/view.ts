/** What `show` tells of uplinks: plain data; sentences are made of it where people read. */
import type { Instant } from "../../base/time.ts";
import { deadline } from "../../machines/dhcp4-client/state.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Counters } from "../counters.ts";
import { onTheWall, type Times } from "../wall-time.ts";
import { leaseFacts } from "./facts.ts";
import type { Uplink } from "./uplink.ts";

export type UplinkView = {
  readonly interface: string;
  readonly present: boolean;
  readonly running: boolean;
  readonly hardwareAddress: string | null;
  /** Why it cannot be served; null: it can. */
  readonly refusal: "no-hardware-address" | null;
  readonly state: string;
  readonly since: string;
  /** null: nothing is waited for. */
  readonly nextDeadline: string | null;
  readonly lease: LeaseView | null;
  /** The address that is asked about before it is used. */
  readonly checking: string | null;
  /** An address of 169.254/16 in use. */
  readonly linkLocal: string | null;
  readonly naksInRow: number;
  readonly lastNakAt: string | null;
  readonly conflicts: number;
  readonly received: number;
  /** Answers that were used: `received` is these and what was ignored. */
  readonly accepted: number;
  readonly sent: Readonly<Record<string, number>>;
  readonly ignored: Readonly<Record<string, number>>;
  /** What neighbours said, and operators asked for, that changed nothing. */
  readonly unheeded: Readonly<Record<string, number>>;
};
export type LeaseView = ReturnType<typeof leaseFacts> & {
  /** It stands in the kernel. */
  readonly configured: boolean;
};
export type Uplink4View = {
  readonly service: "uplink4";
  readonly uplinks: readonly UplinkView[];
  readonly ignored: Readonly<Record<string, number>>;
};

export function viewOf(uplinks: readonly Uplink[], ignored: Counters, clock: Clock): Uplink4View {
  const times = { now: clock.now(), wallClock: clock.wallClock() };
  return { service: "uplink4", uplinks: uplinks.map((uplink) => uplinkView(uplink, times)), ignored: ignored.toJSON() };
}

function uplinkView(uplink: Uplink, times: Times): UplinkView {
  const { link, state, entry } = uplink;
  const { phase, configured, linkLocal } = state;
  const at = (instant: Instant | undefined): string | null => (instant === undefined ? null : onTheWall(instant, times));
  return {
    interface: uplink.name,
    present: link !== undefined,
    running: link?.running ?? false,
    hardwareAddress: link?.mac ?? null,
    refusal: link !== undefined && link.mac === undefined ? "no-hardware-address" : null,
    state: phase.kind,
    since: at(uplink.since) ?? "",
    nextDeadline: at(deadline(state)),
    lease: phase.held === undefined ? null : { ...leaseFacts(phase.held, entry, times), configured },
    checking: phase.kind === "checking" ? phase.lease.address : null,
    linkLocal: linkLocal?.kind === "held" ? linkLocal.address : null,
    naksInRow: state.naksInRow,
    lastNakAt: at(state.lastNakAt),
    conflicts: state.conflicts,
    received: uplink.received,
    accepted: uplink.accepted,
    sent: uplink.sent.toJSON(),
    ignored: uplink.ignored.toJSON(),
    unheeded: uplink.unheeded.toJSON(),
  };
}
