/** From servers back to clients: the envelope we asked in is opened, what is inside stays as it is (RFC 9915 §19.2). */
import { WireError } from "../../../base/errors.ts";
import { LIMITS } from "../../../base/limits.ts";
import { type Ipv6Address, isLinkLocalV6, isMulticastV6, isRoutableV6 } from "../../../base/ipv6.ts";
import type { ReceivedDatagram } from "../../../ports/datagrams.ts";
import { decodeDhcp6, type Dhcp6RelayMessage, isRelayMessage, kindOf } from "../../../wire/dhcp6/message.ts";
import { CLIENT_PORT, drop, MESSAGE_BYTES, RELAY_HEADER_BYTES, RELAY_PORT, type RelayOutcome, type RelayRefusal } from "./outcome.ts";

/** A link of clients that asked over the uplink an answer came in on. */
export type ClientLink = {
  /** undefined: not there, or not running. */
  readonly link: number | undefined;
  readonly servers: readonly Ipv6Address[];
};
/** Finds the link an answer is for: by the Interface-Id we gave, or by an address of the link. */
export type FindLink = (
  envelope: Pick<Dhcp6RelayMessage, "linkAddress"> & { readonly interfaceId: Uint8Array | undefined },
) => ClientLink | undefined;

export function delivered({ from, to, payload }: ReceivedDatagram, findLink: FindLink): RelayOutcome {
  const envelope = envelopeIn(payload);
  if (typeof envelope === "string") return drop(envelope);
  if (isMulticastV6(to)) return drop("wrong-destination");
  const { linkAddress, peerAddress, options } = envelope;
  const client = findLink({ linkAddress, interfaceId: options.interfaceId });
  if (client === undefined) return drop("unknown-interface");
  const { servers, link } = client;
  if (servers.length > 0 && !servers.includes(from) && !servers.some(isMulticastV6)) return drop("foreign-server");
  if (!isLinkLocalV6(peerAddress) && !isRoutableV6(peerAddress)) return drop("implausible-peer");
  const inner = options.relayMessage;
  const isRelayed = inner.length > 0 && kindOf(inner) === "relayReply";
  if (inner.length < (isRelayed ? RELAY_HEADER_BYTES : MESSAGE_BYTES)) return drop("truncated");
  if (link === undefined) return drop("link-down");
  // RFC 8357 §5.2: the port a relay nearer to the client spoke from, which we had stored in what we asked.
  const port = isRelayed ? options.relayPort || RELAY_PORT : CLIENT_PORT;
  return { kind: "pass", sends: [{ link, to: peerAddress, port }], payload: inner };
}

/** The one place that catches. */
function envelopeIn(payload: Uint8Array): Dhcp6RelayMessage | RelayRefusal {
  if (payload.length === 0) return "truncated";
  if (payload.length > LIMITS.datagramBytes) return "too-long";
  if (kindOf(payload) !== "relayReply") return "wrong-type";
  try {
    const message = decodeDhcp6(payload);
    return isRelayMessage(message) ? message : "wrong-type";
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return error.code;
  }
}
