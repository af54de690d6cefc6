/** What `show` tells of uplinks: plain data; sentences are made of it where people read. */
import { type Instant, NEVER } from "../../base/time.ts";
import { deadline } from "../../machines/dhcp4-client/state.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Counters } from "../counters.ts";
import type { Uplink } from "./uplink.ts";

export type UplinkView = {
  readonly interface: string;
  readonly present: boolean;
  readonly running: boolean;
  readonly hardwareAddress: string | null;
  readonly state: string;
  readonly since: string;
  /** null: nothing is waited for. */
  readonly nextDeadline: string | null;
  readonly lease: LeaseView | null;
  readonly received: number;
  readonly sent: Readonly<Record<string, number>>;
  readonly ignored: Readonly<Record<string, number>>;
};
export type LeaseView = {
  readonly address: string;
  readonly prefixLength: number;
  readonly server: string;
  readonly routes: readonly { readonly destination: string; readonly gateway: string }[];
  readonly nameServers: readonly string[];
  readonly searchDomains: readonly string[];
  readonly configured: boolean;
  readonly renewsAt: string | null;
  readonly rebindsAt: string | null;
  readonly expiresAt: string | null;
};
export type Uplink4View = {
  readonly service: "uplink4";
  readonly uplinks: readonly UplinkView[];
  readonly ignored: Readonly<Record<string, number>>;
};

export function viewOf(uplinks: readonly Uplink[], ignored: Counters, clock: Clock): Uplink4View {
  return { service: "uplink4", uplinks: uplinks.map((uplink) => uplinkView(uplink, clock)), ignored: ignored.toJSON() };
}

function uplinkView(uplink: Uplink, clock: Clock): UplinkView {
  const [now, wall] = [clock.now(), clock.wallClock()];
  const time = (instant: Instant): string | null => (instant === NEVER ? null : new Date(wall + (instant - now)).toISOString());
  const { phase, configured } = uplink.state;
  const { held } = phase;
  return {
    interface: uplink.name,
    present: uplink.link !== undefined,
    running: uplink.link?.running ?? false,
    hardwareAddress: uplink.link?.mac ?? null,
    state: phase.kind,
    since: time(uplink.since) ?? "",
    nextDeadline: time(deadline(uplink.state)),
    lease:
      held === undefined
        ? null
        : {
            address: held.address,
            prefixLength: held.prefixLength,
            server: held.serverId,
            routes: held.routes,
            nameServers: held.nameServers,
            searchDomains: held.searchDomains,
            configured,
            renewsAt: time(held.renewAt),
            rebindsAt: time(held.rebindAt),
            expiresAt: time(held.expiresAt),
          },
    received: uplink.received,
    sent: uplink.sent.toJSON(),
    ignored: uplink.ignored.toJSON(),
  };
}
