/**
 * DHCPv4 messages: bytes to a value and back (RFC 2131 §2, RFC 2132, RFC 3396).
 *
 *   op htype hlen hops | xid | secs flags | ciaddr | yiaddr | siaddr | giaddr | chaddr 16 | sname 64 | file 128 | cookie | options
 *
 * `decodeDhcp4` throws `WireError` and nothing else. It joins split options first (options field, file, sname), then reads each
 * joined option with a cursor of its own. An essential option that is malformed condemns the datagram; any other one is listed in
 * `malformed`, kept as bytes in `unknown`, and the rest survives (docs/decisions/malformed-options.md).
 */
import { type Codec, within } from "../../base/codec.ts";
import { Reader, Writer } from "../../base/cursor.ts";
import { assert, type WireCode, WireError } from "../../base/errors.ts";
import { type Ipv4Address, ipv4Address, UNSPECIFIED_V4 } from "../../base/ipv4.ts";
import { type Joined, OptionArea, writeEnd, writeOption } from "./area.ts";
import { ETHERNET, type HardwareAddress, hardwareAddress, NO_HARDWARE_ADDRESS } from "./hardware.ts";
import { type Dhcp4OptionName, type Dhcp4Options, everyOption, OPTIONS, optionOfCode } from "./options.ts";
import type { RawOption } from "./table.ts";
import type { Dhcp4Type, Overload } from "./types.ts";
import { text } from "./values.ts";

export type Dhcp4Message = {
  readonly op: "request" | "reply";
  readonly htype: number;
  /** At most 16. */
  readonly hlen: number;
  readonly hops: number;
  readonly xid: number;
  readonly secs: number;
  /** The one flag: answer by broadcast. */
  readonly broadcast: boolean;
  readonly ciaddr: Ipv4Address;
  readonly yiaddr: Ipv4Address;
  readonly siaddr: Ipv4Address;
  readonly giaddr: Ipv4Address;
  readonly chaddr: HardwareAddress;
  /** Server host name; "" when the field is empty or held options. */
  readonly sname: string;
  /** Boot file; "" when the field is empty or held options. */
  readonly file: string;
  readonly options: Dhcp4Options & { readonly messageType: Dhcp4Type };
  /** Options without an entry in the table, and malformed ones, as they came. */
  readonly unknown: readonly RawOption[];
  readonly malformed: readonly Malformed[];
};
export type Malformed = { readonly code: number | "sname" | "file"; readonly reason: WireCode };

const OPS = { 1: "request", 2: "reply" } as const;
const COOKIE = 0x63825363;
const BROADCAST_FLAG = 0x8000;
const SNAME_BYTES = 64;
const FILE_BYTES = 128;
const HLEN_MAX = 16;
/** BOOTP's fixed size (RFC 1542 §2.1): some relays drop shorter messages. */
const MINIMUM_BYTES = 300;

type Given = Pick<Dhcp4Message, "op" | "xid" | "options"> & Partial<Dhcp4Message>;

/** A message for Ethernet with every field that is not given empty. */
export function dhcp4(given: Given): Dhcp4Message {
  return {
    htype: ETHERNET,
    hlen: 6,
    hops: 0,
    secs: 0,
    broadcast: false,
    ciaddr: UNSPECIFIED_V4,
    yiaddr: UNSPECIFIED_V4,
    siaddr: UNSPECIFIED_V4,
    giaddr: UNSPECIFIED_V4,
    chaddr: NO_HARDWARE_ADDRESS,
    sname: "",
    file: "",
    unknown: [],
    malformed: [],
    ...given,
  };
}

export function decodeDhcp4(bytes: Uint8Array): Dhcp4Message {
  const reader = new Reader(bytes);
  const header = decodeHeader(reader);
  const snameField = reader.sub(SNAME_BYTES);
  const fileField = reader.sub(FILE_BYTES);
  const cookieAt = reader.offset;
  if (reader.u32() !== COOKIE) throw new WireError("bad-value", cookieAt);

  const area = new OptionArea();
  area.read(reader);
  const overloaded = overloadOf(area.take(OPTIONS.overload.code));
  if (overloaded.file) area.read(fileField);
  if (overloaded.sname) area.read(snameField);

  const malformed: Malformed[] = [];
  const sname = overloaded.sname ? "" : headerText(snameField, "sname", malformed);
  const file = overloaded.file ? "" : headerText(fileField, "file", malformed);
  const decoded = decodeOptions(area.joined(), malformed);
  const { messageType } = decoded.options;
  if (messageType === undefined) throw new WireError("bad-value", bytes.length);
  return { ...header, sname, file, options: { ...decoded.options, messageType }, unknown: decoded.unknown, malformed };
}

export type EncodeOptions = {
  /** Zeros follow END up to this length. */
  readonly minimumBytes?: number;
  /** Options that come first, in this order. The others follow: message type, then by code, relay agent information last. */
  readonly order?: readonly Dhcp4OptionName[];
};

/** `malformed` is not written; what it speaks of stands in `unknown`. */
export function encodeDhcp4(message: Dhcp4Message, { minimumBytes = MINIMUM_BYTES, order = [] }: EncodeOptions = {}): Uint8Array {
  const writer = new Writer(Math.max(minimumBytes, 576));
  writer.u8(message.op === "request" ? 1 : 2);
  writer.u8(message.htype);
  writer.u8(message.hlen);
  writer.u8(message.hops);
  writer.u32(message.xid);
  writer.u16(message.secs);
  writer.u16(message.broadcast ? BROADCAST_FLAG : 0);
  for (const address of [message.ciaddr, message.yiaddr, message.siaddr, message.giaddr]) ipv4Address.encode(writer, address);
  hardwareAddress.encode(writer, message.chaddr);
  fieldText(writer, message.sname, SNAME_BYTES);
  fieldText(writer, message.file, FILE_BYTES);
  writer.u32(COOKIE);
  encodeOptions(writer, message, order);
  writeEnd(writer);
  writer.zeros(Math.max(0, minimumBytes - writer.length));
  return writer.take();
}

function decodeHeader(reader: Reader) {
  const op = OPS[reader.u8() as keyof typeof OPS];
  if (op === undefined) throw new WireError("bad-value", 0);
  const htype = reader.u8();
  const hlenAt = reader.offset;
  const hlen = reader.u8();
  if (hlen > HLEN_MAX) throw new WireError("bad-length", hlenAt);
  return {
    op,
    htype,
    hlen,
    hops: reader.u8(),
    xid: reader.u32(),
    secs: reader.u16(),
    broadcast: (reader.u16() & BROADCAST_FLAG) !== 0, // the other bits must be ignored (RFC 2131 §2)
    ciaddr: ipv4Address.decode(reader),
    yiaddr: ipv4Address.decode(reader),
    siaddr: ipv4Address.decode(reader),
    giaddr: ipv4Address.decode(reader),
    chaddr: hardwareAddress.decode(reader),
  };
}

/** Only the options field may say where else options are; there it is heeded before anything else (RFC 2131 §4.1). */
function overloadOf(joined: Joined | undefined): { readonly file: boolean; readonly sname: boolean } {
  if (joined === undefined) return { file: false, sname: false };
  once(joined);
  const fields: Overload = valueIn(OPTIONS.overload, joined);
  return { file: fields !== "sname", sname: fields !== "file" };
}

function decodeOptions(
  joined: readonly Joined[],
  malformed: Malformed[],
): { readonly options: Dhcp4Options; readonly unknown: readonly RawOption[] } {
  const options: Partial<Record<string, unknown>> = {};
  const unknown: RawOption[] = [];
  for (const one of joined) {
    if (one.code === OPTIONS.messageType.code) once(one);
    if (one.code === OPTIONS.overload.code) throw new WireError("bad-value", one.offset); // inside file or sname
    const entry = optionOfCode(one.code);
    if (entry === undefined) {
      unknown.push({ code: one.code, bytes: one.bytes.slice() });
      continue;
    }
    try {
      options[entry.key] = valueIn(entry, one);
    } catch (error) {
      if (!(error instanceof WireError) || entry.essential) throw error;
      malformed.push({ code: one.code, reason: error.code });
      unknown.push({ code: one.code, bytes: one.bytes.slice() });
    }
  }
  return { options: options as Dhcp4Options, unknown };
}

function valueIn<T>(entry: { readonly codec: Codec<T> }, joined: Joined): T {
  return within(new Reader(joined.bytes, joined.offset), joined.bytes.length, entry.codec);
}

function once(joined: Joined): void {
  if (joined.instances !== 1) throw new WireError("bad-value", joined.offset);
}

/** Text up to the first NUL. Text that is no text is listed and dropped: nothing depends on it. */
function headerText(field: Reader, code: "sname" | "file", malformed: Malformed[]): string {
  const bytes = field.rest();
  const end = bytes.indexOf(0);
  if (end === 0) return "";
  try {
    if (end < 0) throw new WireError("bad-length", field.offset);
    return within(new Reader(bytes), end, text);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    malformed.push({ code, reason: error.code });
    return "";
  }
}

function fieldText(writer: Writer, value: string, bytes: number): void {
  const start = writer.length;
  writer.text(value);
  const written = writer.length - start;
  assert(written < bytes, "sname and file end with a NUL");
  writer.zeros(bytes - written);
}

const LAST = OPTIONS.relayAgentInformation.code; // RFC 3046 §2.1

function encodeOptions(writer: Writer, message: Dhcp4Message, order: readonly Dhcp4OptionName[]): void {
  const values = message.options as Readonly<Record<string, unknown>>;
  const front: readonly string[] = [...order, "messageType"];
  const rank = (key: string): number => (front.includes(key) ? front.indexOf(key) : front.length);
  const present = everyOption().filter((entry) => values[entry.key] !== undefined);
  const sorted = present.toSorted((a, b) => rank(a.key) - rank(b.key));
  const isLast = (entry: { readonly code: number; readonly key: string }): boolean => entry.code === LAST && !front.includes(entry.key);
  const write = (entry: (typeof present)[number]): void => {
    const body = new Writer(64);
    entry.codec.encode(body, values[entry.key]);
    writeOption(writer, entry.code, body.written());
  };
  for (const entry of sorted) if (!isLast(entry)) write(entry);
  for (const { code, bytes } of message.unknown) writeOption(writer, code, bytes);
  for (const entry of sorted) if (isLast(entry)) write(entry);
}

/** The message without the options that no view, log or recording may hold; whoever needs them takes them out first. */
export function withoutSecrets(message: Dhcp4Message): Dhcp4Message {
  const secret = everyOption().filter((entry) => entry.secret);
  const options = Object.fromEntries(
    Object.entries(message.options).filter(([name]) => !secret.some((entry) => entry.key === name)),
  ) as Dhcp4Message["options"];
  return { ...message, options, unknown: message.unknown.filter(({ code }) => !secret.some((entry) => entry.code === code)) };
}
