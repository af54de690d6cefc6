/**
 * DHCPv6 messages: bytes to a value and back (RFC 9915 §8, §9, §21).
 *
 *   clients and servers:  type | transaction 3 | options
 *   relays:               type | hop count | link-address 16 | peer-address 16 | options
 *
 * `decodeDhcp6` throws `WireError` and nothing else. An essential option that is malformed or stands there twice condemns the
 * datagram (1, 2, 9, 11, 13, 14), and so does a length that reaches beyond its end. Any other malformed option, and the second
 * one of those that stand there once, is listed in `malformed` and kept as bytes in `unknown` (docs/decisions/malformed-options.md).
 * An IA with the IAID of an earlier one of its kind is one too many as well. What is known but does not belong where it stands
 * is in `unknown`.
 */
import { Reader, Writer } from "../../base/cursor.ts";
import { WireError } from "../../base/errors.ts";
import { type Ipv6Address, ipv6Address } from "../../base/ipv6.ts";
import { type AnyEntry, type Dhcp6OptionName, type Dhcp6Options, type Dhcp6RelayOptions, optionsAt } from "./options.ts";
import { byCodeOf, decodeSet, encodeSet, type OptionSet, setOf } from "./set.ts";

const CLIENT_TYPES = {
  1: "solicit",
  2: "advertise",
  3: "request",
  4: "confirm",
  5: "renew",
  6: "rebind",
  7: "reply",
  8: "release",
  9: "decline",
  10: "reconfigure",
  11: "informationRequest",
  36: "addressRegistrationInform",
  37: "addressRegistrationReply",
} as const;
const RELAY_TYPES = { 12: "relayForward", 13: "relayReply" } as const;

export type Dhcp6ClientKind = (typeof CLIENT_TYPES)[keyof typeof CLIENT_TYPES];
export type Dhcp6RelayKind = (typeof RELAY_TYPES)[keyof typeof RELAY_TYPES];
export type Dhcp6Kind = Dhcp6ClientKind | Dhcp6RelayKind;

/** Between a client and a server, whichever way. */
export type Dhcp6ClientMessage = OptionSet<Dhcp6Options> & {
  readonly kind: Dhcp6ClientKind;
  /** 24 bits. */
  readonly transactionId: number;
};
/** The message inside stays bytes: a relay forwards what it received, and a server answers level by level. */
export type Dhcp6RelayMessage = OptionSet<Dhcp6RelayOptions & { readonly relayMessage: Uint8Array }> & {
  readonly kind: Dhcp6RelayKind;
  readonly hopCount: number;
  readonly linkAddress: Ipv6Address;
  readonly peerAddress: Ipv6Address;
};
export type Dhcp6Message = Dhcp6ClientMessage | Dhcp6RelayMessage;

const CLIENT_BY_CODE = byCodeOf(optionsAt("message"));
const RELAY_BY_CODE = byCodeOf(optionsAt("relay"));
const CODES = new Map<string, number>(Object.entries({ ...CLIENT_TYPES, ...RELAY_TYPES }).map(([code, kind]) => [kind, Number(code)]));

/** A message of a client or server with nothing unknown in it. */
export function dhcp6(given: Pick<Dhcp6ClientMessage, "kind" | "transactionId" | "options">): Dhcp6ClientMessage {
  const { kind, transactionId, options } = given;
  return { kind, transactionId, ...setOf(options) };
}

/** A relay's message with nothing unknown in it. */
export function relay6(given: Pick<Dhcp6RelayMessage, "kind" | "hopCount" | "linkAddress" | "peerAddress" | "options">): Dhcp6RelayMessage {
  const { kind, hopCount, linkAddress, peerAddress, options } = given;
  return { kind, hopCount, linkAddress, peerAddress, ...setOf(options) };
}

export function isRelayMessage(message: Dhcp6Message): message is Dhcp6RelayMessage {
  return message.kind === "relayForward" || message.kind === "relayReply";
}

/** What a datagram says it is, before anything else is read: a number for a type that this program does not speak, such as leasequery's. */
export function kindOf(bytes: Uint8Array): Dhcp6Kind | number {
  const type = new Reader(bytes).u8();
  return CLIENT_TYPES[type as keyof typeof CLIENT_TYPES] ?? RELAY_TYPES[type as keyof typeof RELAY_TYPES] ?? type;
}

/** A type of message that this program does not speak is `unsupported`. */
export function decodeDhcp6(bytes: Uint8Array): Dhcp6Message {
  const reader = new Reader(bytes);
  const type = reader.u8();
  const kind = CLIENT_TYPES[type as keyof typeof CLIENT_TYPES];
  if (kind !== undefined) {
    const transactionId = reader.u8() * 0x10000 + reader.u16();
    return { kind, transactionId, ...decodeSet<Dhcp6Options>(reader, CLIENT_BY_CODE) };
  }
  const relayKind = RELAY_TYPES[type as keyof typeof RELAY_TYPES];
  if (relayKind === undefined) throw new WireError("unsupported", 0);
  const hopCount = reader.u8();
  const linkAddress = ipv6Address.decode(reader);
  const peerAddress = ipv6Address.decode(reader);
  const { options, ...set } = decodeSet<Dhcp6RelayOptions>(reader, RELAY_BY_CODE);
  const { relayMessage } = options;
  if (relayMessage === undefined) throw new WireError("bad-value", bytes.length);
  return { kind: relayKind, hopCount, linkAddress, peerAddress, options: { ...options, relayMessage }, ...set };
}

export type EncodeOptions = {
  /** Options that come first, in this order. The others follow by code, unknown ones last. */
  readonly order?: readonly Dhcp6OptionName[];
};

/** The size follows from the content. `malformed` is not written; what it speaks of stands in `unknown`. */
export function encodeDhcp6(message: Dhcp6Message, { order = [] }: EncodeOptions = {}): Uint8Array {
  const writer = new Writer(512);
  writer.u8(CODES.get(message.kind) ?? 0);
  if (isRelayMessage(message)) {
    writer.u8(message.hopCount);
    ipv6Address.encode(writer, message.linkAddress);
    ipv6Address.encode(writer, message.peerAddress);
  } else {
    writer.u8(message.transactionId >>> 16);
    writer.u16(message.transactionId & 0xffff);
  }
  encodeSet(writer, message, ordered(optionsAt(isRelayMessage(message) ? "relay" : "message"), order));
  return writer.take();
}

/** Of each order that was used, for either place: an order is written once in a program, and sorting took a third of an encoding. */
const ORDERED = new WeakMap<readonly Dhcp6OptionName[], Map<readonly AnyEntry[], readonly AnyEntry[]>>();

function ordered(entries: readonly AnyEntry[], order: readonly Dhcp6OptionName[]): readonly AnyEntry[] {
  if (order.length === 0) return entries;
  const known = ORDERED.get(order) ?? new Map<readonly AnyEntry[], readonly AnyEntry[]>();
  const before = known.get(entries);
  if (before !== undefined) return before;
  const rank = ({ key }: AnyEntry): number => (order.includes(key) ? order.indexOf(key) : order.length);
  const sorted = entries.toSorted((a, b) => rank(a) - rank(b));
  ORDERED.set(order, known.set(entries, sorted));
  return sorted;
}
