/** What `show` tells of uplinks that get prefixes: plain data; sentences are made of it where people read. */
import { type Instant, NEVER } from "../../base/time.ts";
import { deadline, rebindAt, renewAt } from "../../machines/dhcp6-client/state.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Counters } from "../counters.ts";
import type { LinkFact } from "../links.ts";
import { assigned, unserved } from "./compose.ts";
import type { Uplink } from "./uplink.ts";

export type Uplink6LinkView = {
  readonly interface: string;
  readonly present: boolean;
  readonly running: boolean;
  readonly state: string;
  readonly since: string;
  /** null: nothing is waited for. */
  readonly nextDeadline: string | null;
  readonly wishes: readonly { readonly kind: "na" | "pd"; readonly iaid: number; readonly prefixLength: number }[];
  readonly lease: Lease6View | null;
  readonly received: number;
  readonly sent: Readonly<Record<string, number>>;
  readonly ignored: Readonly<Record<string, number>>;
};
export type Lease6View = {
  readonly server: string;
  readonly delegations: readonly { readonly iaid: number; readonly prefixes: readonly PrefixView[] }[];
  readonly addresses: readonly { readonly interface: string; readonly present: boolean; readonly address: string; readonly prefixLength: number }[];
  readonly unserved: readonly { readonly interface: string; readonly prefix: string; readonly reason: string }[];
  readonly nameServers: readonly string[];
  readonly searchDomains: readonly string[];
  readonly renewsAt: string | null;
  readonly rebindsAt: string | null;
};
/** null: never. */
export type PrefixView = {
  readonly prefix: string;
  readonly excluded: string | null;
  readonly preferredUntil: string | null;
  readonly validUntil: string | null;
};
export type Uplink6View = {
  readonly service: "uplink6";
  readonly uplinks: readonly Uplink6LinkView[];
  readonly ignored: Readonly<Record<string, number>>;
};

type Told = (instant: Instant) => string | null;

export function viewOf(uplinks: readonly Uplink[], links: readonly LinkFact[], ignored: Counters, clock: Clock): Uplink6View {
  const [now, wall] = [clock.now(), clock.wallClock()];
  const time: Told = (instant) => (instant === NEVER ? null : new Date(wall + (instant - now)).toISOString());
  return { service: "uplink6", uplinks: uplinks.map((uplink) => uplinkView(uplink, links, time)), ignored: ignored.toJSON() };
}

function uplinkView(uplink: Uplink, links: readonly LinkFact[], time: Told): Uplink6LinkView {
  return {
    interface: uplink.name,
    present: uplink.link !== undefined,
    running: uplink.link?.running ?? false,
    state: uplink.state.phase.kind,
    since: time(uplink.since) ?? "",
    nextDeadline: time(deadline(uplink.state)),
    wishes: uplink.state.config.wishes.map(({ kind, iaid, prefixLength }) => ({ kind, iaid, prefixLength })),
    lease: leaseView(uplink, links, time),
    received: uplink.received,
    sent: uplink.sent.toJSON(),
    ignored: uplink.ignored.toJSON(),
  };
}

function leaseView({ config, state }: Uplink, links: readonly LinkFact[], time: Told): Lease6View | null {
  const { held } = state.phase;
  if (held === undefined) return null;
  return {
    server: held.serverId,
    delegations: held.delegations.map(({ iaid, prefixes }) => ({
      iaid,
      prefixes: prefixes.map(({ prefix, excluded, preferredUntil, validUntil }) => ({
        prefix,
        excluded: excluded ?? null,
        preferredUntil: time(preferredUntil),
        validUntil: time(validUntil),
      })),
    })),
    addresses: assigned(config, held).map(({ name, address, prefixLength }) => ({
      interface: name,
      present: links.some((link) => link.name === name),
      address,
      prefixLength,
    })),
    unserved: unserved(config, held).map(({ target, prefix, reason }) => ({ interface: target, prefix, reason })),
    nameServers: held.nameServers,
    searchDomains: held.searchDomains,
    renewsAt: time(renewAt(held)),
    rebindsAt: time(rebindAt(held)),
  };
}
