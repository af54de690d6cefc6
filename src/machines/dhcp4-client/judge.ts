/** Judges an answer before anything changes: what it grants, or why it is ignored (RFC 2131 §4.4.1, table 3). */
import { type Ipv4Address, isUnicastV4, prefixLengthOf } from "../../base/ipv4.ts";
import { toHex } from "../../base/hex.ts";
import { LIMITS } from "../../base/limits.ts";
import type { MacAddress } from "../../base/mac.ts";
import { type Instant, type Moment, NEVER } from "../../base/time.ts";
import { macOfChaddr } from "../../wire/dhcp4/hardware.ts";
import type { Dhcp4Message } from "../../wire/dhcp4/message.ts";
import { rawOptions } from "../../wire/dhcp4/raw.ts";
import type { ClientConfig } from "./config.ts";
import { ownClientId } from "./messages.ts";
import { classfulPrefixLength, plainRoutesIn, routesIn } from "./routes.ts";
import type { ClientState, Exchange, IgnoreReason, Lease, Offer } from "./state.ts";
import { leaseTimes, TIMING } from "./timing.ts";

/** An answer and where it came from. */
export type Answer = { readonly message: Dhcp4Message; readonly source: Ipv4Address; readonly sourceMac: MacAddress };

/** Checks that hold for every answer. @returns why it is not for us, or undefined */
export function whyForeign(state: ClientState, exchange: Exchange, { message, source }: Answer): IgnoreReason | undefined {
  const { mac, config } = state;
  const { serverId, clientId, messageType } = message.options;
  if (message.op !== "reply") return "not-a-reply";
  if (message.xid !== exchange.xid) return "xid-mismatch";
  if (mac === undefined || macOfChaddr(message) !== mac) return "hardware-address-mismatch";
  if (clientId !== undefined && clientId !== ownClientId(config, mac)) return "client-id-mismatch";
  if (messageType === "forcerenew") return "unauthenticated-forcerenew";
  if (serverId === undefined) return "server-id-missing";
  if (!isUnicastV4(serverId)) return "implausible-server";
  return mayServe(config, serverId, source) ? undefined : "server-denied";
}

/** By server identifier and by source address: a denied one is denied as either, an allowed one by its identifier. */
export function mayServe({ allowServers, denyServers }: ClientConfig, serverId: Ipv4Address, source: Ipv4Address = serverId): boolean {
  if (denyServers.includes(serverId) || denyServers.includes(source)) return false;
  return allowServers.length === 0 || allowServers.includes(serverId);
}

/** What an OFFER offers, or why it is no offer. */
export function offerIn(message: Dhcp4Message): Offer | IgnoreReason {
  const { serverId, messageType } = message.options;
  if (messageType !== "offer") return "unexpected-type";
  if (serverId === undefined) return "server-id-missing";
  return isHost(message) ? { serverId, address: message.yiaddr } : "implausible-address";
}

/** What an ACK grants from `countedFrom` on, or why it grants nothing. */
export function leaseIn({ message, sourceMac }: Answer, countedFrom: Instant, at: Moment): Lease | IgnoreReason {
  const { serverId, leaseSeconds, renewalSeconds, rebindingSeconds } = message.options;
  if (serverId === undefined) return "server-id-missing";
  if (leaseSeconds === undefined || leaseSeconds === 0) return "lease-missing";
  if (!isHost(message)) return "implausible-address";
  const times = leaseTimes({ leaseSeconds, renewalSeconds, rebindingSeconds }, countedFrom, at);
  if (times.expiresAt <= at.now) return "lease-over";
  return { ...told(message), address: message.yiaddr, serverId, serverMac: sourceMac, byHand: false, acquiredAt: at.now, ...times };
}

/** What an ACK to DHCPINFORM tells of the link that an address set by hand stands on (RFC 2131 §4.4.3). */
export function toldIn({ message, sourceMac }: Answer, address: Ipv4Address, prefixLength: number, at: Moment): Lease | IgnoreReason {
  const { serverId, messageType } = message.options;
  if (messageType !== "ack") return "unexpected-type";
  if (serverId === undefined) return "server-id-missing";
  const times = { acquiredAt: at.now, renewAt: NEVER, rebindAt: NEVER, expiresAt: NEVER };
  return { ...told({ ...message, yiaddr: address }), address, prefixLength, serverId, serverMac: sourceMac, byHand: true, ...times };
}

/** How long the network asks this host to do without IPv4, where the host can (RFC 8925 §3.2, §3.4). */
export function ipv6OnlySecondsIn({ config, ipv6Connected }: ClientState, message: Dhcp4Message): number | undefined {
  const can = config.preferIpv6 === "yes" || (config.preferIpv6 === "when-connected" && ipv6Connected);
  const seconds = message.options.ipv6OnlyPreferredSeconds;
  return can && seconds !== undefined ? Math.max(TIMING.ipv6OnlyMinSeconds, seconds) : undefined;
}

/** An address a host can have, and not the first router's: a server that gives its router away is out of order. */
function isHost({ yiaddr, options }: Dhcp4Message): boolean {
  return isUnicastV4(yiaddr) && options.routers?.[0] !== yiaddr;
}

function told(message: Dhcp4Message) {
  const { subnetMask, domainNameServers, domainSearch, domainName, ntpServers, hostName, interfaceMtu, ipv6OnlyPreferredSeconds, bootFileName } =
    message.options;
  return {
    prefixLength: subnetMask === undefined ? classfulPrefixLength(message.yiaddr) : (prefixLengthOf(subnetMask) ?? 32),
    routes: routesIn(message),
    plainRoutes: plainRoutesIn(message),
    nameServers: hosts(domainNameServers),
    searchDomains: domainSearch ?? (domainName === undefined ? [] : [domainName]),
    ntpServers: hosts(ntpServers),
    hostName: hostName ?? "",
    mtuBytes: interfaceMtu ?? 0,
    ipv6OnlySeconds: ipv6OnlyPreferredSeconds,
    nextServer: message.siaddr,
    bootFile: bootFileName ?? message.file,
    options: rawOptions(message).map(({ code, bytes }) => ({ code, hex: toHex(bytes) })),
  };
}

/** Addresses that somebody can have: a server's word for nobody, or for this host itself, is passed over, and what is too much is left out. */
function hosts(addresses: readonly Ipv4Address[] = []): readonly Ipv4Address[] {
  return addresses.filter(isUnicastV4).slice(0, LIMITS.addressesPerOption);
}
