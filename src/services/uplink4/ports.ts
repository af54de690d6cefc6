/** What an uplink acts through. */
import type { MacAddress } from "../../base/mac.ts";
import type { ClientEffect, ClientEvent, ClientState } from "../../machines/dhcp4-client/state.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ArpWatch, Dhcp4Datagrams, LinkSockets } from "../../ports/datagrams.ts";
import type { UplinkEvents, UplinkHost, UplinkKernel } from "../../ports/kernel.ts";
import type { Log } from "../../ports/log.ts";
import type { LeaseRecords } from "../../ports/store.ts";
import type { Observed } from "../driver.ts";

export type UplinkPorts = {
  readonly clock: Clock;
  readonly datagrams: Dhcp4Datagrams;
  readonly arp: ArpWatch;
  readonly kernel: UplinkKernel;
  readonly host: UplinkHost;
  readonly events: UplinkEvents;
  readonly records: LeaseRecords;
  /** Sockets of a link; `socketReady` on the service says that they are there. */
  readonly sockets: LinkSockets;
  readonly log: Log;
  readonly observe?: (name: string, observed: Observed<ClientState, ClientEvent, ClientEffect>) => void;
};

/** What an uplink must know of the others. */
export type Neighbourhood = {
  /** A hardware address of this host. */
  readonly isOwn: (mac: MacAddress) => boolean;
  /** Notes that a link came up. @returns whether many did within a second */
  readonly crowded: () => boolean;
};
