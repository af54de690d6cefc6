/** Every option of neighbour discovery this program understands: one entry each. To add one, add an entry with a sample. */
import { type Codec, rest, within } from "../../base/codec.ts";
import { Reader, type Writer } from "../../base/cursor.ts";
import type { DomainName } from "../../base/domain.ts";
import { assert, WireError } from "../../base/errors.ts";
import { bytesOf } from "../../base/hex.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import { type MacAddress, macAddress } from "../../base/mac.ts";
import { sized } from "../../base/values.ts";
import { advertisedResolver } from "./encrypted-resolver.ts";
import { type MalformedNd, type NdOptionEntry, type NdOptionsOf, ndOption, type RawNdOption, repeatedNdOption } from "./table.ts";
import { mtu, nat64Prefix, prefixInformation, resolvers, routeInformation, searchList, uri } from "./values.ts";

const ip = (value: string): Ipv6Address => value as Ipv6Address;
const net = (value: string): Ipv6Prefix => value as Ipv6Prefix;
const MAC = [{ value: "02:00:5e:10:00:01" as MacAddress, hex: "02005e100001" }] as const;
/** Only Ethernet's: another size is another hardware's address. */
const linkLayerAddress: Codec<MacAddress> = macAddress;

export const ND_OPTIONS = {
  sourceLinkLayerAddress: ndOption({ code: 1, name: "source link-layer address", rfc: "4861 §4.6.1", codec: linkLayerAddress, samples: MAC }),
  targetLinkLayerAddress: ndOption({ code: 2, name: "target link-layer address", rfc: "4861 §4.6.1", codec: linkLayerAddress, samples: MAC }),
  prefixes: repeatedNdOption({
    code: 3,
    name: "prefix information",
    rfc: "4861 §4.6.2, 9762 §4",
    codec: prefixInformation,
    samples: [
      { value: { prefix: net("2001:db8:1::/64"), onLink: true, autonomous: true, prefersDelegation: false, validSeconds: 3600, preferredSeconds: 1800 }, hex: "40 c0 00000e10 00000708 00000000 20010db8000100000000000000000000" },
      { value: { prefix: net("2001:db8:1::/64"), onLink: false, autonomous: true, prefersDelegation: true, validSeconds: 3600, preferredSeconds: 1800 }, hex: "40 50 00000e10 00000708 00000000 20010db8000100000000000000000000" },
    ],
  }),
  mtu: ndOption({ code: 5, name: "MTU", rfc: "4861 §4.6.4", codec: mtu, samples: [{ value: 1500, hex: "0000 000005dc" }] }),
  nonce: ndOption({ code: 14, name: "nonce", rfc: "3971 §5.3.2", codec: sized(rest, (bytes) => bytes >= 6), samples: [{ value: bytesOf("010203040506"), hex: "010203040506" }] }),
  routes: repeatedNdOption({
    code: 24,
    name: "route information",
    rfc: "4191 §2.3",
    codec: routeInformation,
    samples: [
      { value: { prefix: net("::/0"), preference: "medium", lifetimeSeconds: 600 }, hex: "00 00 00000258" },
      { value: { prefix: net("2001:db8::/32"), preference: "high", lifetimeSeconds: 600 }, hex: "20 08 00000258 20010db800000000" },
      { value: { prefix: net("2001:db8::1/128"), preference: "low", lifetimeSeconds: 600 }, hex: "80 18 00000258 20010db8000000000000000000000001" },
    ],
  }),
  resolvers: repeatedNdOption({
    code: 25,
    name: "recursive DNS servers",
    rfc: "8106 §5.1",
    codec: resolvers,
    samples: [{ value: { lifetimeSeconds: 600, addresses: [ip("2001:db8:1::53"), ip("fe80::1")] }, hex: "0000 00000258 20010db8000100000000000000000053 fe800000000000000000000000000001" }],
  }),
  flagsExtension: ndOption({ code: 26, name: "flags extension", rfc: "5175 §4", codec: sized(rest, (bytes) => bytes >= 6), samples: [{ value: bytesOf("800000000000"), hex: "800000000000" }] }),
  searchLists: repeatedNdOption({
    code: 31,
    name: "DNS search list",
    rfc: "8106 §5.2",
    codec: searchList,
    samples: [{ value: { lifetimeSeconds: 600, names: ["example.net" as DomainName] }, hex: "0000 00000258 07 6578616d706c65 03 6e6574 00 000000" }],
  }),
  captivePortal: ndOption({ code: 37, name: "captive portal", rfc: "8910 §2.3", codec: uri, samples: [{ value: "https://p.example/api", hex: "68747470733a2f2f702e6578616d706c652f617069 00" }] }),
  nat64Prefixes: repeatedNdOption({
    code: 38,
    name: "NAT64 prefix",
    rfc: "8781 §4",
    codec: nat64Prefix,
    samples: [
      { value: { prefix: net("64:ff9b::/96"), lifetimeSeconds: 1800 }, hex: "0708 0064ff9b0000000000000000" },
      { value: { prefix: net("2001:db8:64::/56"), lifetimeSeconds: 1800 }, hex: "070a 20010db80064000000000000" },
    ],
  }),
  encryptedResolvers: repeatedNdOption({
    code: 144,
    name: "encrypted DNS resolver",
    rfc: "9463 §6.1",
    codec: advertisedResolver,
    samples: [
      {
        value: { priority: 1, lifetimeSeconds: 600, authenticationName: "dns.example" as DomainName, addresses: [ip("2001:db8::1")], parameters: [{ key: 1, value: bytesOf("03646f74") }] },
        hex: "0001 00000258 000d 03 646e73 07 6578616d706c65 00 0010 20010db8000000000000000000000001 0008 0001 0004 03646f74 0000000000",
      },
      { value: { priority: 2, lifetimeSeconds: 0, authenticationName: "dns.example" as DomainName, addresses: [], parameters: [] }, hex: "0002 00000000 000d 03 646e73 07 6578616d706c65 00 00" },
    ],
  }),
};

export type NdOptions = NdOptionsOf<typeof ND_OPTIONS>;
export type NdOptionName = keyof typeof ND_OPTIONS;
type AnyNdEntry = NdOptionEntry<unknown> & { readonly key: NdOptionName };

const ENTRIES: readonly AnyNdEntry[] = Object.entries(ND_OPTIONS).map(([key, entry]) => ({ ...(entry as NdOptionEntry<unknown>), key: key as NdOptionName }));
const BY_CODE: ReadonlyMap<number, AnyNdEntry> = new Map(ENTRIES.map((entry) => [entry.code, entry]));

/** Every entry, in the order of codes. */
export function everyNdOption(): readonly AnyNdEntry[] {
  return ENTRIES;
}

export type NdOptionSet = {
  readonly options: NdOptions;
  /** Options without an entry, and malformed ones, as they came. */
  readonly unknown: readonly RawNdOption[];
  readonly malformed: readonly MalformedNd[];
};

/** Options count their length in eights; a length of zero condemns the message (RFC 4861 §4.6). The first of those that stand there once counts. */
export function decodeNdOptions(reader: Reader): NdOptionSet {
  const options: Partial<Record<NdOptionName, unknown>> = {};
  const unknown: RawNdOption[] = [];
  const malformed: MalformedNd[] = [];
  let count = 0;
  while (reader.remaining > 0) {
    const offset = reader.offset;
    if (++count > LIMITS.ndOptions) throw new WireError("too-many", offset);
    const code = reader.u8();
    const eights = reader.u8();
    if (eights === 0) throw new WireError("bad-length", offset);
    const body = reader.sub(8 * eights - 2);
    const raw = { code, bytes: body.view(body.remaining).slice() };
    const entry = BY_CODE.get(code);
    try {
      if (entry !== undefined) place(options, entry, { raw, offset });
      else unknown.push(raw);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      malformed.push({ code, reason: error.code });
      unknown.push(raw);
    }
  }
  return { options: options as NdOptions, unknown, malformed };
}

/** Known options by code, then unknown ones. */
export function encodeNdOptions(writer: Writer, { options, unknown }: NdOptionSet): void {
  const values = options as Readonly<Record<string, unknown>>;
  for (const { key, code, codec, repeats } of ENTRIES) {
    const value = values[key];
    if (value === undefined) continue;
    for (const one of repeats ? (value as readonly unknown[]) : [value]) writeNdOption(writer, code, () => codec.encode(writer, one));
  }
  for (const { code, bytes } of unknown) writeNdOption(writer, code, () => writer.bytes(bytes));
}

function writeNdOption(writer: Writer, code: number, body: () => void): void {
  const start = writer.length;
  writer.u8(code);
  writer.u8(0);
  body();
  const length = writer.length - start;
  assert(length % 8 === 0 && length / 8 <= 255, "an option of neighbour discovery has eights of octets, at most 255");
  writer.patchU8(start + 1, length / 8);
}

function place(options: Partial<Record<NdOptionName, unknown>>, entry: AnyNdEntry, { raw, offset }: { readonly raw: RawNdOption; readonly offset: number }): void {
  const value = within(new Reader(raw.bytes, offset + 2), raw.bytes.length, entry.codec);
  const before = options[entry.key];
  if (before !== undefined && !entry.repeats) throw new WireError("bad-value", offset);
  options[entry.key] = entry.repeats ? [...((before ?? []) as readonly unknown[]), value] : value;
}
