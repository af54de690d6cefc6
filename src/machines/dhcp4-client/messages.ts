/** What a DHCPv4 client sends in each phase (RFC 2131 table 4 and 5). */
import { type Ipv4Address, UNSPECIFIED_V4 } from "../../base/ipv4.ts";
import { type MacAddress, macBytes } from "../../base/mac.ts";
import { toHex } from "../../base/hex.ts";
import { chaddr } from "../../wire/dhcp4/hardware.ts";
import { type Dhcp4Message, dhcp4 } from "../../wire/dhcp4/message.ts";
import { type Dhcp4OptionName, OPTIONS } from "../../wire/dhcp4/options.ts";
import type { DomainName } from "../../base/domain.ts";
import type { ClientId } from "../../wire/dhcp4/vendor.ts";
import type { ClientConfig } from "./config.ts";
import type { Exchange, Lease, Offer } from "./state.ts";

/** Asked for in this order: 121 stands before 3 and 33 (RFC 3442). */
const REQUESTED: readonly Dhcp4OptionName[] = [
  "subnetMask",
  "classlessRoutes",
  "routers",
  "staticRoutes",
  "domainNameServers",
  "domainName",
  "domainSearch",
  "interfaceMtu",
  "ntpServers",
  "broadcastAddress",
  "renewalSeconds",
  "rebindingSeconds",
  "captivePortal",
];
/** The order in which our options stand in a message. */
export const OPTION_ORDER: readonly Dhcp4OptionName[] = [
  "messageType",
  "hostName",
  "clientId",
  "parameterRequestList",
  "maximumMessageBytes",
  "requestedAddress",
  "serverId",
];
/** What a link with MTU 1500 carries without fragments, less IP and UDP headers (RFC 2132 §9.10). */
const MAXIMUM_MESSAGE_BYTES = 1472;

export function ownClientId(config: ClientConfig, mac: MacAddress): ClientId {
  return config.clientId ?? (`01${toHex(macBytes(mac))}` as ClientId);
}

type Speaker = { readonly config: ClientConfig; readonly mac: MacAddress };

export function discover(speaker: Speaker, exchange: Exchange): Dhcp4Message {
  return outgoing(speaker, exchange, { messageType: "discover" });
}

export function requestOffer(speaker: Speaker, exchange: Exchange, offer: Offer): Dhcp4Message {
  return outgoing(speaker, exchange, { messageType: "request", requestedAddress: offer.address, serverId: offer.serverId });
}

/** INIT-REBOOT: the address stands in option 50, no server is named (RFC 2131 §4.3.2). */
export function requestStored(speaker: Speaker, exchange: Exchange, lease: Lease): Dhcp4Message {
  return outgoing(speaker, exchange, { messageType: "request", requestedAddress: lease.address });
}

/** RENEWING and REBINDING: the address stands in ciaddr alone. */
export function requestExtension(speaker: Speaker, exchange: Exchange, lease: Lease): Dhcp4Message {
  return outgoing(speaker, exchange, { messageType: "request" }, lease.address);
}

function outgoing(
  { config, mac }: Speaker,
  exchange: Exchange,
  options: Dhcp4Message["options"],
  ciaddr: Ipv4Address = UNSPECIFIED_V4,
): Dhcp4Message {
  return dhcp4({
    op: "request",
    xid: exchange.xid,
    secs: exchange.secs,
    ciaddr,
    chaddr: chaddr(mac),
    options: {
      ...options,
      ...(config.hostName === "" ? {} : { hostName: config.hostName as DomainName }),
      clientId: ownClientId(config, mac),
      parameterRequestList: REQUESTED.map((name) => OPTIONS[name].code),
      maximumMessageBytes: MAXIMUM_MESSAGE_BYTES,
    },
  });
}
