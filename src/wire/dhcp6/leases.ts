/** What is leased: identity associations, the addresses and prefixes in them, and how it went (RFC 9915 §21.4-§21.6, §21.13, §21.21-§21.22). */
import { type Codec, mapped, u8, u32 } from "../../base/codec.ts";
import type { Reader, Writer } from "../../base/cursor.ts";
import { bytesOf } from "../../base/hex.ts";
import {
  IPV6_BYTES,
  type Ipv6Address,
  type Ipv6Prefix,
  ipv6Address,
  ipv6Bytes,
  ipv6Covers,
  ipv6Of,
  ipv6Prefix,
  splitIpv6Prefix,
} from "../../base/ipv6.ts";
import { nestedOptions, type OptionSet, setOf } from "./set.ts";
import { type OptionsOf, option, repeated } from "./table.ts";
import { bounded, sized } from "../../base/values.ts";
import { fixedPrefix } from "./values.ts";

/** RFC 9915 §21.13, RFC 5007 §4.1.3, RFC 5460, RFC 7653. */
export const STATUS = {
  success: 0,
  unspecFail: 1,
  noAddrsAvail: 2,
  noBinding: 3,
  notOnLink: 4,
  useMulticast: 5,
  noPrefixAvail: 6,
  unknownQueryType: 7,
  malformedQuery: 8,
  notConfigured: 9,
  notAllowed: 10,
  queryTerminated: 11,
} as const;
/** The message is for people. Bytes in it that are no UTF-8 become U+FFFD: no one decides by it. */
export type Status = { readonly code: number; readonly message: string };

const lossy = new TextDecoder("utf-8", { ignoreBOM: true });
const status: Codec<Status> = {
  decode: (reader) => ({ code: reader.u16(), message: lossy.decode(reader.rest()) }),
  encode: (writer, value) => {
    writer.u16(value.code);
    writer.text(value.message);
  },
};
/** Essential: without it a refusal would read as a success. */
export const statusEntry = option({
  code: 13,
  name: "status code",
  rfc: "§21.13",
  codec: status,
  at: ["message", "nested"],
  essential: true,
  samples: [
    { value: { code: STATUS.success, message: "" }, hex: "0000" },
    { value: { code: STATUS.noPrefixAvail, message: "none left" }, hex: "0006 6e6f6e65206c656674" },
  ],
});

/** The part of a delegated prefix that stays on the upstream link: its length, and its bits behind the delegated ones (RFC 6603 §4.2). */
export type PdExclude = { readonly prefixLength: number; readonly subnetId: Uint8Array };

const pdExclude: Codec<PdExclude> = sized(
  { decode: (reader) => ({ prefixLength: excludedBits.decode(reader), subnetId: reader.rest() }), encode: writePdExclude },
  (bytes) => bytes >= 2 && bytes <= 1 + IPV6_BYTES,
);
const excludedBits = bounded(u8, 1, 128);
export const pdExcludeEntry = option({
  code: 67,
  name: "PD exclude",
  rfc: "6603 §4.2",
  codec: pdExclude,
  at: ["nested"],
  samples: [{ value: { prefixLength: 64, subnetId: bytesOf("78") }, hex: "40 78" }],
});

const addressOptions = { status: statusEntry };
const prefixOptions = { status: statusEntry, pdExclude: pdExcludeEntry };

type Lifetimes = { readonly preferredSeconds: number; readonly validSeconds: number };
export type IaAddress = OptionSet<OptionsOf<typeof addressOptions>> & Lifetimes & { readonly address: Ipv6Address };
export type IaPrefix = OptionSet<OptionsOf<typeof prefixOptions>> & Lifetimes & { readonly prefix: Ipv6Prefix };

/** Fixed fields, then options. */
function withOptions<Fields, Options>(fields: Codec<Fields>, options: Codec<OptionSet<Options>>): Codec<Fields & OptionSet<Options>> {
  return {
    decode: (reader: Reader) => ({ ...fields.decode(reader), ...options.decode(reader) }),
    encode: (writer: Writer, value) => {
      fields.encode(writer, value);
      options.encode(writer, value);
    },
  };
}

const addressFields: Codec<Lifetimes & { readonly address: Ipv6Address }> = {
  decode: (reader) => ({ address: ipv6Address.decode(reader), preferredSeconds: reader.u32(), validSeconds: reader.u32() }),
  encode: (writer, value) => {
    ipv6Address.encode(writer, value.address);
    writer.u32(value.preferredSeconds);
    writer.u32(value.validSeconds);
  },
};
const prefixFields: Codec<Lifetimes & { readonly prefix: Ipv6Prefix }> = {
  decode: (reader) => ({ preferredSeconds: reader.u32(), validSeconds: reader.u32(), prefix: fixedPrefix.decode(reader) }),
  encode: (writer, value) => {
    writer.u32(value.preferredSeconds);
    writer.u32(value.validSeconds);
    fixedPrefix.encode(writer, value.prefix);
  },
};

const ADDRESS = { address: "2001:db8:1::10" as Ipv6Address, preferredSeconds: 1800, validSeconds: 3600 };
const ADDRESS_HEX = "20010db8000100000000000000000010 00000708 00000e10";
const PREFIX = { prefix: "2001:db8:dead:bee0::/59" as Ipv6Prefix, preferredSeconds: 1800, validSeconds: 3600 };
const PREFIX_HEX = "00000708 00000e10 3b 20010db8deadbee00000000000000000";
const NONE_LEFT = { code: STATUS.noPrefixAvail, message: "" };

/** In a message of its own it is the address to register (RFC 9686 §4.2). */
export const iaAddressEntry = repeated({
  code: 5,
  name: "IA address",
  rfc: "§21.6",
  codec: withOptions(addressFields, nestedOptions(addressOptions)),
  at: ["message", "nested"],
  keyOf: ({ address }) => address,
  samples: [
    { value: { ...ADDRESS, ...setOf({}) }, hex: ADDRESS_HEX },
    { value: { ...ADDRESS, ...setOf({ status: { code: STATUS.notOnLink, message: "" } }) }, hex: `${ADDRESS_HEX} 000d 0002 0004` },
  ],
});

export const iaPrefixEntry = repeated({
  code: 26,
  name: "IA prefix",
  rfc: "§21.22",
  codec: withOptions(prefixFields, nestedOptions(prefixOptions)),
  at: ["nested"],
  keyOf: ({ prefix }) => prefix,
  samples: [
    { value: { ...PREFIX, ...setOf({}) }, hex: PREFIX_HEX },
    { value: { ...PREFIX, ...setOf({ pdExclude: { prefixLength: 64, subnetId: bytesOf("78") } }) }, hex: `${PREFIX_HEX} 0043 0002 40 78` },
  ],
});

const naOptions = { iaAddress: iaAddressEntry, status: statusEntry };
const pdOptions = { status: statusEntry, iaPrefix: iaPrefixEntry };

/** T1 and T2, seconds; 0 leaves the choice to the client. */
type Times = { readonly iaid: number; readonly renewSeconds: number; readonly rebindSeconds: number };
export type IaNa = OptionSet<OptionsOf<typeof naOptions>> & Times;
export type IaTa = OptionSet<OptionsOf<typeof naOptions>> & { readonly iaid: number };
export type IaPd = OptionSet<OptionsOf<typeof pdOptions>> & Times;

const times: Codec<Times> = {
  decode: (reader) => ({ iaid: reader.u32(), renewSeconds: reader.u32(), rebindSeconds: reader.u32() }),
  encode: (writer, value) => {
    writer.u32(value.iaid);
    writer.u32(value.renewSeconds);
    writer.u32(value.rebindSeconds);
  },
};
const iaidOnly: Codec<{ readonly iaid: number }> = mapped(
  u32,
  (iaid) => ({ iaid }),
  ({ iaid }) => iaid,
);
const TIMES = { iaid: 7, renewSeconds: 900, rebindSeconds: 1440 };
const TIMES_HEX = "00000007 00000384 000005a0";

export const iaNaEntry = repeated({
  code: 3,
  name: "IA_NA",
  rfc: "§21.4",
  codec: withOptions(times, nestedOptions(naOptions)),
  keyOf: ({ iaid }) => iaid,
  samples: [
    { value: { ...TIMES, ...setOf({}) }, hex: TIMES_HEX },
    { value: { ...TIMES, ...setOf({ iaAddress: [{ ...ADDRESS, ...setOf({}) }] }) }, hex: `${TIMES_HEX} 0005 0018 ${ADDRESS_HEX}` },
  ],
});

/** RFC 9915 has no temporary addresses any more: read so that an answer can say so. */
export const iaTaEntry = repeated({
  code: 4,
  name: "IA_TA",
  rfc: "8415 §21.5",
  codec: withOptions(iaidOnly, nestedOptions(naOptions)),
  keyOf: ({ iaid }) => iaid,
  samples: [{ value: { iaid: 7, ...setOf({ iaAddress: [{ ...ADDRESS, ...setOf({}) }] }) }, hex: `00000007 0005 0018 ${ADDRESS_HEX}` }],
});

export const iaPdEntry = repeated({
  code: 25,
  name: "IA_PD",
  rfc: "§21.21",
  codec: withOptions(times, nestedOptions(pdOptions)),
  keyOf: ({ iaid }) => iaid,
  samples: [
    { value: { ...TIMES, ...setOf({ iaPrefix: [{ ...PREFIX, ...setOf({}) }] }) }, hex: `${TIMES_HEX} 001a 0019 ${PREFIX_HEX}` },
    { value: { ...TIMES, ...setOf({ status: NONE_LEFT }) }, hex: `${TIMES_HEX} 000d 0002 0006` },
  ],
});

type LifetimesGiven = Partial<Lifetimes>;

/** An address in an IA; lifetimes that are not given are 0, as in a client's wish. */
export function iaAddress(
  address: Ipv6Address,
  { preferredSeconds = 0, validSeconds = 0, ...options }: LifetimesGiven & IaAddress["options"] = {},
): IaAddress {
  return { address, preferredSeconds, validSeconds, ...setOf(options) };
}

/** A prefix in an IA; "::/56" is the wish for any prefix of that length (RFC 9915 §18.2.4). */
export function iaPrefix(
  prefix: Ipv6Prefix,
  { preferredSeconds = 0, validSeconds = 0, ...options }: LifetimesGiven & IaPrefix["options"] = {},
): IaPrefix {
  return { prefix, preferredSeconds, validSeconds, ...setOf(options) };
}

type TimesGiven = Pick<Times, "iaid"> & Partial<Times>;

export function iaNa({ iaid, renewSeconds = 0, rebindSeconds = 0, ...options }: TimesGiven & IaNa["options"]): IaNa {
  return { iaid, renewSeconds, rebindSeconds, ...setOf(options) };
}

export function iaPd({ iaid, renewSeconds = 0, rebindSeconds = 0, ...options }: TimesGiven & IaPd["options"]): IaPd {
  return { iaid, renewSeconds, rebindSeconds, ...setOf(options) };
}

/** The prefix that an exclusion means. @returns undefined when its length is not longer than the delegated one, or its bits are not all there */
export function excludedPrefix(delegated: Ipv6Prefix, { prefixLength, subnetId }: PdExclude): Ipv6Prefix | undefined {
  const { address, prefixLength: delegatedBits } = splitIpv6Prefix(delegated);
  const idBits = prefixLength - delegatedBits;
  if (idBits < 1 || subnetId.length !== Math.ceil(idBits / 8)) return undefined;
  const octets = ipv6Bytes(address);
  for (let i = 0; i < idBits; i++) copyBit({ from: subnetId, at: i, to: octets, as: delegatedBits + i });
  return ipv6Prefix(ipv6Of(octets), prefixLength);
}

/** How to say that `excluded` stays out of `delegated`. @returns undefined when it does not lie in it, or is all of it */
export function exclusionOf({ delegated, excluded }: { readonly delegated: Ipv6Prefix; readonly excluded: Ipv6Prefix }): PdExclude | undefined {
  if (delegated === excluded || !ipv6Covers(delegated, excluded)) return undefined;
  const { address, prefixLength } = splitIpv6Prefix(excluded);
  const delegatedBits = splitIpv6Prefix(delegated).prefixLength;
  const subnetId = new Uint8Array(Math.ceil((prefixLength - delegatedBits) / 8));
  for (let i = 0; i < prefixLength - delegatedBits; i++) copyBit({ from: ipv6Bytes(address), at: delegatedBits + i, to: subnetId, as: i });
  return { prefixLength, subnetId };
}

type BitCopy = { readonly from: Uint8Array; readonly at: number; readonly to: Uint8Array; readonly as: number };

function copyBit({ from, at, to, as }: BitCopy): void {
  const bit = ((from[at >>> 3] ?? 0) >>> (7 - (at & 7))) & 1;
  to[as >>> 3] = (to[as >>> 3] ?? 0) | (bit << (7 - (as & 7)));
}

function writePdExclude(writer: Writer, { prefixLength, subnetId }: PdExclude): void {
  writer.u8(prefixLength);
  writer.bytes(subnetId);
}
