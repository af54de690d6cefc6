/** From clients, and from relays nearer to them, to servers: the message goes into an envelope (RFC 9915 §19.1). */
import { Reader } from "../../../base/cursor.ts";
import { type Ipv6Address, isLinkLocalV6, isRoutableV6, UNSPECIFIED_V6 } from "../../../base/ipv6.ts";
import { LIMITS } from "../../../base/limits.ts";
import type { ReceivedDatagram } from "../../../ports/datagrams.ts";
import { encodeDhcp6, kindOf, relay6 } from "../../../wire/dhcp6/message.ts";
import { mayForward } from "../../../wire/dhcp6/relay.ts";
import { drop, MESSAGE_BYTES, RELAY_HEADER_BYTES, RELAY_PORT, type RelayOutcome } from "./outcome.ts";

/** All_DHCP_Relay_Agents_and_Servers, All_DHCP_Servers (RFC 9915 §7.1). */
const ALL_RELAYS_AND_SERVERS = "ff02::1:2" as Ipv6Address;
const ALL_SERVERS = "ff05::1:3" as Ipv6Address;
/** DHCPV4-RESPONSE (RFC 7341 §6.1): servers say it. */
const DHCPV4_RESPONSE = 21;
/** Header, Interface-Id of the longest name, relay port, and the head of the Relay Message option. */
const ENVELOPE_BYTES = 128;
const ORDER = ["interfaceId", "relayPort", "relayMessage"] as const;

/** What the relay knows of where a datagram came from and where it may go. */
export type ForwardFacts = {
  /** A global or unique local address of the client's link, if it has one. Never one of an uplink. */
  readonly linkAddress: Ipv6Address | undefined;
  readonly interfaceId: Uint8Array;
  readonly uplinks: readonly number[];
  readonly servers: readonly Ipv6Address[];
};

export function forwarded(datagram: ReceivedDatagram, facts: ForwardFacts): RelayOutcome {
  const { from, to, port, payload } = datagram;
  if (payload.length < MESSAGE_BYTES) return drop("truncated");
  const kind = kindOf(payload);
  if (!mayForward(payload) || kind === DHCPV4_RESPONSE) return drop("wrong-type");
  const isRelayed = kind === "relayForward";
  if (isRelayed && payload.length < RELAY_HEADER_BYTES) return drop("truncated");
  if (!isRelayed && to !== ALL_RELAYS_AND_SERVERS) return drop("wrong-destination");
  if (!isLinkLocalV6(from) && !isRoutableV6(from)) return drop("implausible-source");
  const hopCount = isRelayed ? hopCountOf(payload) + 1 : 0;
  if (hopCount > LIMITS.relayHops) return drop("hop-limit");
  if (payload.length > LIMITS.datagramBytes - ENVELOPE_BYTES) return drop("too-long");
  if (facts.uplinks.length === 0) return drop("no-uplink");
  // A relay that speaks from a global address has said in its own envelope which link it is (RFC 9915 §19.1.2).
  const linkAddress = isRelayed && isRoutableV6(from) ? UNSPECIFIED_V6 : (facts.linkAddress ?? UNSPECIFIED_V6);
  const relayPort = isRelayed && port !== RELAY_PORT ? { relayPort: port } : {};
  const options = { interfaceId: facts.interfaceId, ...relayPort, relayMessage: payload };
  const envelope = relay6({ kind: "relayForward", hopCount, linkAddress, peerAddress: from, options });
  const servers = facts.servers.length > 0 ? facts.servers : [ALL_SERVERS];
  return {
    kind: "pass",
    sends: facts.uplinks.flatMap((link) => servers.map((server) => ({ link, to: server, port: RELAY_PORT }))),
    payload: encodeDhcp6(envelope, { order: ORDER }),
  };
}

function hopCountOf(payload: Uint8Array): number {
  const reader = new Reader(payload);
  reader.skip(1);
  return reader.u8();
}
