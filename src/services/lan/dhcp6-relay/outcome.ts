/** What a relay decides about a datagram: where it goes on to, or why it does not. */
import type { WireCode } from "../../../base/errors.ts";
import type { Ipv6Address } from "../../../base/ipv6.ts";

export type RelaySend = { readonly link: number; readonly to: Ipv6Address; readonly port: number };
export type RelayOutcome =
  | { readonly kind: "pass"; readonly sends: readonly RelaySend[]; readonly payload: Uint8Array }
  | { readonly kind: "drop"; readonly reason: RelayRefusal };

/** Why a datagram was not passed on, beside codes of bytes that cannot be read. Each is a counter an operator sees. */
export const RELAY_REFUSALS = [
  "not-a-relay-link", // no interface of the relay: neither of its clients nor of its servers
  "rate", // more than one interface may send for long
  "wrong-destination", // clients speak to the group of relays, servers to us alone (RFC 9915 §19, §16)
  "implausible-source", // no host can be answered there
  "wrong-type", // servers say it, not clients, or the other way round (RFC 9915 §16)
  "hop-limit", // it has passed as many relays as it may (RFC 9915 §19.1.2)
  "too-long", // more octets than LIMITS.datagramBytes, or with our envelope there would be
  "no-uplink", // nowhere to send it: no uplink is there and running
  "foreign-server", // not one of the servers we ask
  "unknown-interface", // neither the Interface-Id nor the link-address is one of ours (RFC 9915 §19.2)
  "implausible-peer", // no host can be reached there
  "link-down", // the client's link is not there, or not running
] as const;
export type RelayRefusal = WireCode | (typeof RELAY_REFUSALS)[number];

export const RELAY_PORT = 547;
export const CLIENT_PORT = 546;
/** A client's message has a type and a transaction; a relay's a type, a hop count and two addresses (RFC 9915 §8, §9). */
export const MESSAGE_BYTES = 4;
export const RELAY_HEADER_BYTES = 34;

export function drop(reason: RelayRefusal): RelayOutcome {
  return { kind: "drop", reason };
}
