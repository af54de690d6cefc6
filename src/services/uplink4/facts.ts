/** What a lease means beside its conversation: for the kernel, for other services and programs, for whoever watches. */
import type { Ipv4Address } from "../../base/ipv4.ts";
import { type Instant, INFINITE_SECONDS, secondsUntil } from "../../base/time.ts";
import type { Lease, LeaseRoute } from "../../machines/dhcp4-client/state.ts";
import type { UplinkAddress, UplinkFacts } from "../../ports/kernel.ts";
import { jsonRecord } from "../json-record.ts";
import { onTheWall, type Times } from "../wall-time.ts";
import type { HostWishes } from "./config.ts";

type Wishes = Pick<HostWishes, "ignoreDns" | "ignoreRoutes">;

/** 169.254/16 (RFC 3927 §2.1). */
const LINK_LOCAL_LENGTH = 16;

/** The routes of a lease that the operator wants. */
export function wantedRoutes(lease: Lease, { ignoreRoutes }: Wishes): readonly LeaseRoute[] {
  if (ignoreRoutes === "all") return [];
  return ignoreRoutes === "classless" ? lease.plainRoutes : lease.routes;
}

export function addressOf(lease: Lease, wishes: Wishes, now: Instant): UplinkAddress {
  const { address, prefixLength, mtuBytes } = lease;
  return { address, prefixLength, mtuBytes, routes: wantedRoutes(lease, wishes), validSeconds: secondsUntil(lease.expiresAt, now) };
}

export function linkLocalAddress(address: Ipv4Address): UplinkAddress {
  return { address, prefixLength: LINK_LOCAL_LENGTH, mtuBytes: 0, routes: [], validSeconds: INFINITE_SECONDS };
}

export function factsOf(name: string, lease: Lease, wishes: Wishes, times: Times): UplinkFacts {
  const resolving = wishes.ignoreDns ? { nameServers: [], searchDomains: [] } : lease;
  const { nameServers, searchDomains } = resolving;
  const record = jsonRecord({ version: 1, interface: name, family: "ipv4", ...leaseFacts(lease, wishes, times), nameServers, searchDomains });
  return { nameServers, searchDomains, hostName: lease.hostName, record };
}

/** A lease as plain data: times on the wall, options by their numbers. */
export function leaseFacts(lease: Lease, wishes: Wishes, times: Times) {
  const at = (instant: Instant): string | null => onTheWall(instant, times);
  return {
    address: lease.address,
    prefixLength: lease.prefixLength,
    server: lease.serverId,
    serverHardwareAddress: lease.serverMac ?? null,
    routes: wantedRoutes(lease, wishes),
    nameServers: lease.nameServers,
    searchDomains: lease.searchDomains,
    ntpServers: lease.ntpServers,
    hostName: lease.hostName,
    mtuBytes: lease.mtuBytes === 0 ? null : lease.mtuBytes,
    nextServer: lease.nextServer,
    bootFile: lease.bootFile,
    byHand: lease.byHand,
    acquiredAt: at(lease.acquiredAt),
    renewsAt: at(lease.renewAt),
    rebindsAt: at(lease.rebindAt),
    expiresAt: at(lease.expiresAt),
    options: Object.fromEntries(lease.options.map(({ code, hex }) => [code, hex])),
  };
}
