/** What `show` tells of router advertisements: plain data; sentences are made of it where people read. */
import { type Instant, NEVER } from "../../../base/time.ts";
import { deadline } from "../../../machines/router-advertiser/state.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Counters } from "../../counters.ts";
import type { RouterInterface } from "./interface.ts";

export type RouterInterfaceView = {
  readonly interface: string;
  readonly present: boolean;
  readonly running: boolean;
  readonly state: string;
  /** null: nothing is waited for. */
  readonly nextDeadline: string | null;
  readonly source: string | null;
  readonly defaultRoute: boolean;
  /** What hosts were last told, and what they are told to forget. */
  readonly told: readonly string[];
  readonly withdrawn: readonly string[];
  readonly received: number;
  readonly sent: Readonly<Record<string, number>>;
  readonly ignored: Readonly<Record<string, number>>;
};
export type RouterView = { readonly interfaces: readonly RouterInterfaceView[]; readonly ignored: Readonly<Record<string, number>> };

export function viewOf(interfaces: readonly RouterInterface[], ignored: Counters, clock: Clock): RouterView {
  return { interfaces: interfaces.map((known) => interfaceView(known, clock)), ignored: ignored.toJSON() };
}

function interfaceView(known: RouterInterface, clock: Clock): RouterInterfaceView {
  const { state } = known;
  const [now, wall] = [clock.now(), clock.wallClock()];
  const time = (instant: Instant): string | null => (instant === NEVER ? null : new Date(wall + (instant - now)).toISOString());
  return {
    interface: known.name,
    present: known.link !== undefined,
    running: known.link?.running ?? false,
    state: state.phase.kind,
    nextDeadline: time(deadline(state)),
    source: state.linkLocal ?? null,
    defaultRoute: state.hasDefaultRoute,
    told: state.told.map(({ kind, value }) => `${kind} ${value}`),
    withdrawn: state.withdrawn.map(({ item: { kind, value } }) => `${kind} ${value}`),
    received: known.received,
    sent: known.sent.toJSON(),
    ignored: known.ignored.toJSON(),
  };
}
