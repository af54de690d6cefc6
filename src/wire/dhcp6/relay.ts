/** Envelopes of relays around a message (RFC 9915 §9, §19). */
import { WireError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { type Dhcp6ClientMessage, type Dhcp6RelayMessage, decodeDhcp6, encodeDhcp6, isRelayMessage, kindOf, relay6 } from "./message.ts";
import { optionsAt } from "./options.ts";

export type Relayed = {
  /** From the outermost, the relay that spoke to us, to the one next to the client. Empty when nobody relayed. */
  readonly hops: readonly Dhcp6RelayMessage[];
  readonly message: Dhcp6ClientMessage;
  /** The message as it came. */
  readonly bytes: Uint8Array;
};

/** Opens every envelope. More of them than LIMITS.relayLevels are `too-many`, envelopes that do not all go one way a `bad-value`. */
export function unwrapDhcp6(bytes: Uint8Array): Relayed {
  const hops: Dhcp6RelayMessage[] = [];
  let inner = bytes;
  for (;;) {
    const message = decodeDhcp6(inner);
    if (!isRelayMessage(message)) return { hops, message, bytes: inner };
    if (hops.length >= LIMITS.relayLevels) throw new WireError("too-many", 0);
    if (hops[0] !== undefined && hops[0].kind !== message.kind) throw new WireError("bad-value", 0);
    hops.push(message);
    inner = message.options.relayMessage;
  }
}

/** Puts an answer into the envelopes its question came in: addresses, hop counts, interface identifiers and what relays asked to get back. */
export function wrapReply(hops: readonly Dhcp6RelayMessage[], reply: Uint8Array): Uint8Array {
  return hops.toReversed().reduce((inner, hop) => encodeDhcp6(envelopeFor(hop, inner)), reply);
}

/** These belong to one direction, or to whoever signs the envelope: asked for or not, they are not echoed. */
const NEVER_ECHOED: readonly string[] = ["relayMessage", "echoRequest", "authentication"];
/** These go back unasked (RFC 9915 §19.3, RFC 8357 §5.3). */
const ALWAYS_ECHOED: readonly string[] = ["interfaceId", "relayPort"];

function envelopeFor(hop: Dhcp6RelayMessage, relayMessage: Uint8Array): Dhcp6RelayMessage {
  const { hopCount, linkAddress, peerAddress } = hop;
  const asked = hop.options.echoRequest ?? [];
  const values = hop.options as Readonly<Record<string, unknown>>;
  const echoed = optionsAt("relay").filter(({ key, code }) => ALWAYS_ECHOED.includes(key) || (asked.includes(code) && !NEVER_ECHOED.includes(key)));
  const kept = echoed.flatMap(({ key }) => (values[key] === undefined ? [] : [[key, values[key]] as const]));
  const envelope = relay6({ kind: "relayReply", hopCount, linkAddress, peerAddress, options: { ...Object.fromEntries(kept), relayMessage } });
  return { ...envelope, unknown: hop.unknown.filter(({ code }) => asked.includes(code)) };
}

/** Whether a relay may pass a datagram on to its server side: by its type alone, because unknown ones are passed on too (RFC 9915 §19). */
export function mayForward(bytes: Uint8Array): boolean {
  const kind = kindOf(bytes);
  return kind !== "advertise" && kind !== "reply" && kind !== "reconfigure" && kind !== "relayReply" && kind !== "addressRegistrationReply";
}
