/** Judges an answer before anything changes: what it grants, or why it is ignored (RFC 2131 §4.4.1, table 3). */
import {
  DEFAULT_V4,
  type Ipv4Address,
  type Ipv4Prefix,
  ipv4Number,
  ipv4Prefix,
  isUnicastV4,
  prefixLengthOf,
  splitIpv4Prefix,
  UNSPECIFIED_V4,
} from "../../base/ipv4.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Instant, Moment } from "../../base/time.ts";
import { macOfChaddr } from "../../wire/dhcp4/hardware.ts";
import type { Dhcp4Message } from "../../wire/dhcp4/message.ts";
import { ownClientId } from "./messages.ts";
import type { ClientState, Exchange, IgnoreReason, Lease, LeaseRoute, Offer } from "./state.ts";
import { leaseTimes } from "./timing.ts";

/** Checks that hold for every answer. @returns why it is not for us, or undefined */
export function whyForeign(state: ClientState, exchange: Exchange, message: Dhcp4Message, source: Ipv4Address): IgnoreReason | undefined {
  const { mac, config } = state;
  const { serverId, clientId } = message.options;
  if (message.op !== "reply") return "not-a-reply";
  if (message.xid !== exchange.xid) return "xid-mismatch";
  if (mac === undefined || macOfChaddr(message) !== mac) return "hardware-address-mismatch";
  if (clientId !== undefined && clientId !== ownClientId(config, mac)) return "client-id-mismatch";
  if (serverId === undefined) return "server-id-missing";
  if (!isUnicastV4(serverId)) return "implausible-server";
  if (config.denyServers.includes(serverId) || config.denyServers.includes(source)) return "server-denied";
  return undefined;
}

/** What an OFFER offers, or why it is no offer. */
export function offerIn(message: Dhcp4Message): Offer | IgnoreReason {
  const { serverId } = message.options;
  if (message.options.messageType !== "offer") return "unexpected-type";
  if (serverId === undefined) return "server-id-missing";
  return isUnicastV4(message.yiaddr) ? { serverId, address: message.yiaddr } : "implausible-address";
}

/** What an ACK grants from `countedFrom` on, or why it grants nothing. */
export function leaseIn(message: Dhcp4Message, countedFrom: Instant, at: Moment): Lease | IgnoreReason {
  const { serverId, leaseSeconds, renewalSeconds, rebindingSeconds, subnetMask, domainNameServers, domainSearch, domainName } = message.options;
  if (serverId === undefined) return "server-id-missing";
  if (leaseSeconds === undefined || leaseSeconds === 0) return "lease-missing";
  if (!isUnicastV4(message.yiaddr)) return "implausible-address";
  const times = leaseTimes({ leaseSeconds, renewalSeconds, rebindingSeconds }, countedFrom, at);
  if (times.expiresAt <= at.now) return "lease-over";
  const prefixLength = subnetMask === undefined ? classfulPrefixLength(message.yiaddr) : (prefixLengthOf(subnetMask) ?? 32);
  return {
    address: message.yiaddr,
    prefixLength,
    serverId,
    routes: routesIn(message),
    nameServers: domainNameServers ?? [],
    searchDomains: domainSearch ?? (domainName === undefined ? [] : [domainName]),
    ...times,
  };
}

/**
 * Option 121 silences 3 and 33 (RFC 3442); Microsoft's code of it counts only where 121 is absent. A gateway that is nobody's address is
 * left out, as the kernel would refuse it and what follows; what passes the limit is left out too.
 */
function routesIn({ yiaddr, options }: Dhcp4Message): readonly LeaseRoute[] {
  const classless = options.classlessRoutes ?? options.microsoftClasslessRoutes;
  const routes = classless === undefined ? classfulRoutes(yiaddr, options) : classless.map((route) => ownIsOnLink(route, yiaddr));
  return routes.filter(({ gateway }) => gateway === UNSPECIFIED_V4 || isUnicastV4(gateway)).slice(0, LIMITS.routesPerLease);
}

function classfulRoutes(yiaddr: Ipv4Address, { routers = [], staticRoutes = [] }: Dhcp4Message["options"]): readonly LeaseRoute[] {
  const usable = (gateway: Ipv4Address): boolean => isUnicastV4(gateway) && gateway !== yiaddr;
  const fixed = staticRoutes.filter(({ destination, router }) => destination !== UNSPECIFIED_V4 && usable(router));
  return [
    ...routers.filter(usable).map((gateway) => ({ destination: DEFAULT_V4, gateway })),
    ...fixed.map(({ destination, router }) => ({ destination: classfulDestination(destination), gateway: router })),
  ];
}

/** A route through our own address means that its destination is on the link. */
function ownIsOnLink({ destination, gateway }: LeaseRoute, own: Ipv4Address): LeaseRoute {
  return { destination, gateway: gateway === own ? UNSPECIFIED_V4 : gateway };
}

/** The network of its class, or one host where host bits are set (RFC 2132 §5.8). */
function classfulDestination(address: Ipv4Address): Ipv4Prefix {
  const network = ipv4Prefix(address, classfulPrefixLength(address));
  return splitIpv4Prefix(network).address === address ? network : ipv4Prefix(address, 32);
}

/** Without option 1 the class of the address decides (RFC 1122 §3.3.6 knows nothing better). */
function classfulPrefixLength(address: Ipv4Address): number {
  const first = ipv4Number(address) >>> 24;
  if (first < 128) return 8;
  return first < 192 ? 16 : 24;
}
