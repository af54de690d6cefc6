/** What an uplink acts through. */
import type { ClientEffect, ClientEvent, ClientState } from "../../machines/dhcp6-client/state.ts";
import type { Clock } from "../../ports/clock.ts";
import type { LinkDatagrams, LinkSockets } from "../../ports/datagrams.ts";
import type { PlanKernel, Uplink6Host, UplinkEvents } from "../../ports/kernel.ts";
import type { Log } from "../../ports/log.ts";
import type { LeaseRecords } from "../../ports/store.ts";
import type { KnownAddress } from "../addresses.ts";
import type { Observed } from "../driver.ts";
import type { HostParts } from "./host-part.ts";

export type Seen = Observed<ClientState, ClientEvent, ClientEffect>;

export type UplinkPorts = {
  readonly clock: Clock;
  readonly datagrams: LinkDatagrams;
  readonly records: LeaseRecords;
  /** Sockets of a link; `socketReady` on the service says that they are there. */
  readonly sockets: LinkSockets;
  /** The same for ICMPv6: advertisements of routers come in, solicitations go out. */
  readonly routers: { readonly datagrams: LinkDatagrams; readonly sockets: LinkSockets };
  readonly host: Uplink6Host;
  readonly events: UplinkEvents;
  readonly log: Log;
  readonly observe?: (name: string, observed: Seen) => void;
};
export type Uplink6Ports = UplinkPorts & { readonly kernel: PlanKernel };

/** What an uplink must know of the rest of the service. */
export type Neighbourhood = {
  readonly addressesOf: (link: number) => readonly KnownAddress[];
  readonly hosts: () => HostParts;
  /** What is held, or what it is for, is not what it was: the plan is made anew, at once where hosts wait for it. */
  readonly planChanged: (how: "at-once" | "gathered") => void;
};
