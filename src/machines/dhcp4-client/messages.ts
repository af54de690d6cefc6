/** What a DHCPv4 client sends in each phase (RFC 2131 table 4 and 5). */
import { type Ipv4Address, UNSPECIFIED_V4 } from "../../base/ipv4.ts";
import { fromHex } from "../../base/hex.ts";
import type { MacAddress } from "../../base/mac.ts";
import { chaddr } from "../../wire/dhcp4/hardware.ts";
import { type Dhcp4Message, dhcp4 } from "../../wire/dhcp4/message.ts";
import { type Dhcp4OptionName, type Dhcp4Options, OPTIONS, requestCodes } from "../../wire/dhcp4/options.ts";
import type { DomainName } from "../../base/domain.ts";
import { type ClientId, clientIdOfMac } from "../../wire/dhcp4/vendor.ts";
import type { ClientConfig } from "./config.ts";
import type { Exchange, Lease, Offer } from "./state.ts";

/** Asked for in this order: 121 stands before 3 and 33 (RFC 3442). */
const REQUESTED = requestCodes([
  "subnetMask",
  "classlessRoutes",
  "routers",
  "staticRoutes",
  "domainNameServers",
  "domainName",
  "domainSearch",
  "interfaceMtu",
  "ntpServers",
  "hostName",
  "broadcastAddress",
  "renewalSeconds",
  "rebindingSeconds",
  "captivePortal",
]);
/** What most hosts of most vendors ask for: whoever asks for the same is one of many (RFC 7844 §3.6). */
const COMMON = [1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252] as const;
/** The order in which our options stand in a message. */
const OPTION_ORDER: readonly Dhcp4OptionName[] = [
  "messageType",
  "hostName",
  "clientFqdn",
  "clientId",
  "parameterRequestList",
  "maximumMessageBytes",
  "requestedAddress",
  "serverId",
  "rapidCommit",
  "autoConfigure",
];
/** What a link with MTU 1500 carries without fragments, less IP and UDP headers (RFC 2132 §9.10). */
const MAXIMUM_MESSAGE_BYTES = 1472;

export function ownClientId({ clientId, anonymous }: ClientConfig, mac: MacAddress): ClientId {
  return anonymous || clientId === undefined ? clientIdOfMac(mac) : clientId;
}

export type Speaker = { readonly config: ClientConfig; readonly mac: MacAddress };

export function discover(speaker: Speaker, exchange: Exchange): Dhcp4Message {
  const { rapidCommit, fallbackLinkLocal, anonymous } = speaker.config;
  return asking(speaker, exchange, {
    messageType: "discover",
    ...(rapidCommit && !anonymous ? { rapidCommit: true as const } : {}),
    ...(fallbackLinkLocal && !anonymous ? { autoConfigure: true } : {}), // RFC 2563 §2
  });
}

export function requestOffer(speaker: Speaker, exchange: Exchange, offer: Offer): Dhcp4Message {
  return asking(speaker, exchange, { messageType: "request", requestedAddress: offer.address, serverId: offer.serverId });
}

/** INIT-REBOOT: the address stands in option 50, no server is named (RFC 2131 §4.3.2). */
export function requestStored(speaker: Speaker, exchange: Exchange, lease: Lease): Dhcp4Message {
  return asking(speaker, exchange, { messageType: "request", requestedAddress: lease.address });
}

/** RENEWING and REBINDING: the address stands in ciaddr alone. */
export function requestExtension(speaker: Speaker, exchange: Exchange, lease: Lease): Dhcp4Message {
  return asking(speaker, exchange, { messageType: "request" }, lease.address);
}

export function inform(speaker: Speaker, exchange: Exchange, address: Ipv4Address): Dhcp4Message {
  return asking(speaker, exchange, { messageType: "inform" }, address);
}

/** Says that an address is somebody else's; asks for nothing (RFC 2131 table 5). */
export function decline(speaker: Speaker, xid: number, lease: Lease): Dhcp4Message {
  return plain(speaker, xid, { messageType: "decline", requestedAddress: lease.address, serverId: lease.serverId }, UNSPECIFIED_V4);
}

/** Gives an address back. */
export function release(speaker: Speaker, xid: number, lease: Lease): Dhcp4Message {
  return plain(speaker, xid, { messageType: "release", serverId: lease.serverId }, lease.address);
}

/** How the options stand: as always, or in an order that the transaction id shuffles, the same all through one conversation (RFC 7844 §3.1). */
export function orderOf({ anonymous }: ClientConfig, xid: number): readonly Dhcp4OptionName[] {
  const [first, ...others] = OPTION_ORDER;
  return anonymous && first !== undefined ? [first, ...shuffled(others, xid)] : OPTION_ORDER;
}

function plain({ config, mac }: Speaker, xid: number, options: Dhcp4Message["options"], ciaddr: Ipv4Address): Dhcp4Message {
  return dhcp4({ op: "request", xid, ciaddr, chaddr: chaddr(mac), options: { ...options, clientId: ownClientId(config, mac) } });
}

function asking(speaker: Speaker, exchange: Exchange, options: Dhcp4Message["options"], ciaddr: Ipv4Address = UNSPECIFIED_V4): Dhcp4Message {
  const { config, mac } = speaker;
  const bare = plain(speaker, exchange.xid, { ...options, parameterRequestList: askedFor(config, exchange.xid) }, ciaddr);
  const message = { ...bare, secs: exchange.secs, broadcast: config.broadcast };
  if (config.anonymous) return message;
  const unknown = config.sendOptions.map(({ code, hex }) => ({ code, bytes: fromHex(hex) ?? new Uint8Array(0) }));
  return { ...message, chaddr: chaddr(mac), unknown, options: { ...message.options, ...named(config), maximumMessageBytes: MAXIMUM_MESSAGE_BYTES } };
}

/** Option 81 or option 12, never both (RFC 4702 §3.1). */
function named({ hostName, fqdn }: ClientConfig): Pick<Dhcp4Options, "hostName" | "clientFqdn"> {
  if (fqdn === undefined) return hostName === "" ? {} : { hostName: hostName as DomainName };
  const flags = { serverUpdates: fqdn.update === "server", overridden: false, noUpdates: fqdn.update === "none" };
  return { clientFqdn: { ...flags, encoding: "wire", rcode1: 0, rcode2: 0, name: fqdn.name, complete: fqdn.name.includes(".") } };
}

/** 108 only from a host that can live without IPv4 (RFC 8925 §3.2). */
function askedFor({ requestOptions, omitOptions, preferIpv6, anonymous }: ClientConfig, xid: number): readonly number[] {
  const ipv6Only = preferIpv6 === "no" ? [] : [OPTIONS.ipv6OnlyPreferredSeconds.code];
  if (anonymous) return [...shuffled(COMMON, xid), ...ipv6Only];
  const usual = [...REQUESTED, ...ipv6Only];
  return [...usual, ...requestOptions.filter((code) => !usual.includes(code))].filter((code) => !omitOptions.includes(code));
}

/** Fisher and Yates, by a small generator: whoever sees the id may know the order. */
function shuffled<T>(list: readonly T[], seed: number): readonly T[] {
  const out = [...list];
  let state = seed | 1;
  for (let i = out.length - 1; i > 0; i--) {
    state = Math.imul(state, 1664525) + 1013904223;
    const j = (state >>> 8) % (i + 1);
    const [a, b] = [out[i], out[j]];
    if (a !== undefined && b !== undefined) [out[i], out[j]] = [b, a];
  }
  return out;
}
