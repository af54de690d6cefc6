/** What `show` tells of uplinks that get prefixes: plain data; sentences are made of it where people read. */
import type { Instant } from "../../base/time.ts";
import { deadline } from "../../machines/dhcp6-client/state.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Counters } from "../counters.ts";
import { onTheWall, type Times } from "../wall-time.ts";
import type { LinkFact } from "../links.ts";
import { assigned, unserved } from "./compose.ts";
import { leaseFacts, toldFacts } from "./facts.ts";
import type { HostParts } from "./host-part.ts";
import type { RouterFact } from "./routers.ts";
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
  /** What a server told where only that was asked for. */
  readonly told: ReturnType<typeof toldFacts> | null;
  /** A server gave us a key to prove itself with (RFC 9915 §20.4). */
  readonly acceptsReconfigure: boolean;
  readonly routers: readonly RouterView[];
  readonly received: number;
  /** Datagrams that were used: `received` is these and what was ignored, each under its first reason. */
  readonly accepted: number;
  readonly sent: Readonly<Record<string, number>>;
  readonly ignored: Readonly<Record<string, number>>;
  /** Parts of datagrams that were passed over, and further reasons. */
  readonly passedOver: Readonly<Record<string, number>>;
  /** What operators, neighbours and our own haste asked for that changed nothing. */
  readonly unheeded: Readonly<Record<string, number>>;
  readonly ignoredAdvertisements: Readonly<Record<string, number>>;
};
/** Leased prefixes and addresses, and what became of them on our interfaces. */
export type Lease6View = ReturnType<typeof leaseFacts> & {
  readonly assigned: readonly {
    readonly interface: string;
    readonly present: boolean;
    readonly address: string;
    readonly prefixLength: number;
    /** Why its host part is not the one that was asked for; null: it is. */
    readonly instead: string | null;
  }[];
  readonly unserved: readonly { readonly interface: string; readonly prefix: string; readonly reason: string }[];
};
export type RouterView = Omit<RouterFact, "heardAt"> & { readonly heardAt: string | null };
export type Uplink6View = {
  readonly service: "uplink6";
  readonly uplinks: readonly Uplink6LinkView[];
  readonly ignored: Readonly<Record<string, number>>;
};

type Surroundings = { readonly links: readonly LinkFact[]; readonly hosts: HostParts; readonly ignored: Counters; readonly clock: Clock };

export function viewOf(uplinks: readonly Uplink[], around: Surroundings): Uplink6View {
  const times = { now: around.clock.now(), wallClock: around.clock.wallClock() };
  return { service: "uplink6", uplinks: uplinks.map((uplink) => uplinkView(uplink, around, times)), ignored: around.ignored.toJSON() };
}

function uplinkView(uplink: Uplink, around: Surroundings, times: Times): Uplink6LinkView {
  const time = (instant: Instant): string | null => onTheWall(instant, times);
  const { ingress, routers } = uplink;
  return {
    interface: uplink.name,
    present: uplink.link !== undefined,
    running: uplink.link?.running ?? false,
    state: uplink.state.phase.kind,
    since: time(uplink.since) ?? "",
    nextDeadline: time(deadline(uplink.state)),
    wishes: uplink.state.config.wishes.map(({ kind, iaid, prefixLength }) => ({ kind, iaid, prefixLength })),
    lease: leaseView(uplink, around, times),
    told: uplink.state.phase.kind === "informed" ? toldFacts(uplink.state.phase.told) : null,
    acceptsReconfigure: uplink.acceptsReconfigure,
    routers: routers.routers.map(({ heardAt, ...router }) => ({ ...router, heardAt: time(heardAt) })),
    received: ingress.receivedCount,
    accepted: ingress.acceptedCount,
    sent: { ...ingress.sent.toJSON(), ...(routers.sent === 0 ? {} : { routerSolicitation: routers.sent }) },
    ignored: ingress.ignored.toJSON(),
    passedOver: ingress.passedOver.toJSON(),
    unheeded: ingress.unheeded.toJSON(),
    ignoredAdvertisements: routers.ignored.toJSON(),
  };
}

function leaseView({ config, state }: Uplink, { links, hosts }: Surroundings, times: Times): Lease6View | null {
  const { held } = state.phase;
  if (held === undefined) return null;
  return {
    ...leaseFacts(held, times),
    assigned: assigned(config, held, hosts).map(({ name, address, prefixLength, instead }) => ({
      interface: name,
      present: links.some((link) => link.name === name),
      address,
      prefixLength,
      instead: instead ?? null,
    })),
    unserved: unserved(config, held, hosts).map(({ target, prefix, reason }) => ({ interface: target, prefix, reason })),
  };
}
