/** What the dissector is shown of IPv6: every sample of the DHCPv6 and neighbour discovery tables in a frame of its own, and the golden packets. */
import type { Ipv6Address, Ipv6Prefix } from "../src/base/ipv6.ts";
import type { MacAddress } from "../src/base/mac.ts";
import { iaPd, iaPrefix } from "../src/wire/dhcp6/leases.ts";
import { type Dhcp6Message, decodeDhcp6, dhcp6, encodeDhcp6, relay6 } from "../src/wire/dhcp6/message.ts";
import { type AnyEntry, type Dhcp6Options, type Dhcp6RelayOptions, everyOption, OPTIONS } from "../src/wire/dhcp6/options.ts";
import { setOf } from "../src/wire/dhcp6/set.ts";
import { decodeIcmp6, encodeIcmp6, type Icmp6Message } from "../src/wire/icmp6/message.ts";
import { everyNdOption, type NdOptions } from "../src/wire/icmp6/options.ts";
import { decodeIpv6Frame, decodeUdp6, encodeIpv6Frame, encodeUdp6, NEXT_HEADER } from "../test/wire/dhcp6/frame.ts";
import { goldenPackets } from "../test/wire/dhcp6/golden.ts";

type Common = { readonly name: string; readonly bytes: Uint8Array; readonly checksum: "verify" | "offloaded"; readonly ours: boolean };
export type Packet6 = Common &
  ({ readonly family: "dhcp6"; readonly message: Dhcp6Message } | { readonly family: "icmp6"; readonly message: Icmp6Message });

const ADDRESSES = {
  sourceMac: "02:00:5e:00:00:01" as MacAddress,
  destinationMac: "02:00:5e:00:00:02" as MacAddress,
  source: "fe80::1" as Ipv6Address,
  destination: "fe80::2" as Ipv6Address,
};
const SERVER_PORT = 547;
const CLIENT_PORT = 546;
const SOLICIT = encodeDhcp6(dhcp6({ kind: "solicit", transactionId: 1, options: {} }));
/** Where options stand that stand in no message of their own. */
const INSIDE: Readonly<Record<string, (value: never) => Dhcp6Options>> = {
  iaPrefix: (value) => ({ iaPd: [iaPd({ iaid: 1, iaPrefix: [value] })] }),
  pdExclude: (value) => ({ iaPd: [iaPd({ iaid: 1, iaPrefix: [iaPrefix("2001:db8:dead:bee0::/59" as Ipv6Prefix, { pdExclude: value })] })] }),
  s46Rule: (value) => ({ s46MapE: setOf({ rules: [value] }) }),
  s46BorderRelay: (value) => ({ s46MapE: setOf({ borderRelays: [value] }) }),
  s46DefaultRule: (value) => ({ s46MapT: setOf({ defaultRule: value }) }),
  s46Binding: (value) => ({ s46Lightweight: setOf({ binding: value }) }),
  s46PortParameters: (value) => ({
    s46Lightweight: setOf({ binding: { ...OPTIONS.s46Binding.samples[0]?.value, ...setOf({ portParameters: value }) } as never }),
  }),
};

export function packetsOverIpv6(): readonly Packet6[] {
  return [...golden(), ...everyOption().flatMap(samplesOf), ...ndSamples()];
}

/** A control: a preference of two octets. Our decoder sets it aside; the dissector must be the one to complain. */
export function planted6(): Packet6 {
  return packetOf("planted over IPv6", {
    ...dhcp6({ kind: "reply", transactionId: 1, options: {} }),
    unknown: [{ code: 7, bytes: new Uint8Array(2) }],
  });
}

/** The codes of every option, nested ones and those of inner messages included, in ascending order. */
export function codesOf6({ family, message }: Packet6): readonly number[] {
  if (family === "icmp6")
    return sorted("options" in message ? [...keysOf(message.options, everyNdOption()), ...message.unknown.map(({ code }) => code)] : []);
  return sorted(codesIn(message));
}

function samplesOf(entry: AnyEntry): readonly Packet6[] {
  const { key, code, samples, repeats, at } = entry;
  return samples.map(({ value, hex }) => {
    const name = `sample ${code} ${key} ${hex}`;
    const options = { [key]: repeats ? [value] : value };
    const wrap = INSIDE[key];
    if (wrap !== undefined) return packetOf(name, dhcp6({ kind: "reply", transactionId: 1, options: wrap(value as never) }));
    if (at.includes("message")) return packetOf(name, dhcp6({ kind: "reply", transactionId: 1, options: options as Dhcp6Options }));
    const relayed = { relayMessage: SOLICIT, ...(key === "relayMessage" ? {} : (options as Dhcp6RelayOptions)) };
    return packetOf(
      name,
      relay6({
        kind: "relayForward",
        hopCount: 0,
        linkAddress: "2001:db8::1" as Ipv6Address,
        peerAddress: "fe80::3" as Ipv6Address,
        options: relayed,
      }),
    );
  });
}

function packetOf(name: string, message: Dhcp6Message): Packet6 {
  const destinationPort = message.kind === "relayForward" ? SERVER_PORT : CLIENT_PORT;
  const bytes = encodeUdp6({ ...ADDRESSES, hopLimit: 64 }, { sourcePort: SERVER_PORT, destinationPort, payload: encodeDhcp6(message) });
  return { family: "dhcp6", name, message, bytes, checksum: "verify", ours: true };
}

function ndSamples(): readonly Packet6[] {
  return everyNdOption().flatMap(({ key, code, samples, repeats }) =>
    samples.map(({ value, hex }) => {
      const options = { [key]: repeats ? [value] : value } as NdOptions;
      const message: Icmp6Message = {
        kind: "routerAdvertisement",
        hopLimit: 64,
        managed: true,
        otherConfiguration: true,
        homeAgent: false,
        preference: "high",
        proxy: false,
        lifetimeSeconds: 1800,
        reachableMilliseconds: 0,
        retransmitMilliseconds: 0,
        ...setOf(options),
      };
      const payload = encodeIcmp6(message, ADDRESSES);
      const bytes = encodeIpv6Frame({ ...ADDRESSES, nextHeader: NEXT_HEADER.icmp6, hopLimit: 255, payload });
      return { family: "icmp6", name: `sample ND ${code} ${key} ${hex}`, message, bytes, checksum: "verify", ours: true };
    }),
  );
}

function golden(): readonly Packet6[] {
  const dhcp = goldenPackets("dhcp6-frame").map(({ name, bytes, expected: { checksum } }): Packet6 => {
    const message = decodeDhcp6(decodeUdp6(decodeIpv6Frame(bytes), { checksum }).payload);
    return { family: "dhcp6", name, message, bytes, checksum, ours: false };
  });
  const icmp = goldenPackets("icmp6-frame").map(({ name, bytes, expected: { checksum } }): Packet6 => {
    const frame = decodeIpv6Frame(bytes);
    return { family: "icmp6", name, message: decodeIcmp6(frame.payload, frame, { checksum }), bytes, checksum, ours: false };
  });
  return [...dhcp, ...icmp];
}

function keysOf(options: object, entries: readonly { readonly key: string; readonly code: number }[]): readonly number[] {
  const values = options as Readonly<Record<string, unknown>>;
  return entries.filter(({ key }) => values[key] !== undefined).map(({ code }) => code);
}

function codesIn(message: Dhcp6Message): readonly number[] {
  const inner = "relayMessage" in message.options ? codesIn(decodeDhcp6(message.options.relayMessage as Uint8Array)) : [];
  return [
    ...keysOf(message.options, everyOption()),
    ...message.unknown.map(({ code }) => code),
    ...Object.values(message.options).flatMap(nestedCodes),
    ...inner,
  ];
}

/** Codes inside a value; names of nested options differ from those of the table, so the table is asked by its codecs' results. */
function nestedCodes(value: unknown): readonly number[] {
  if (Array.isArray(value)) return value.flatMap(nestedCodes);
  if (typeof value !== "object" || value === null || !("options" in value) || !("malformed" in value)) return [];
  const options = value.options as Readonly<Record<string, unknown>>;
  const names: Readonly<Record<string, number>> = { rules: 89, borderRelays: 90, defaultRule: 91, binding: 92, portParameters: 93 };
  const own = Object.keys(options).map((name) => names[name] ?? everyOption().find(({ key }) => key === name)?.code ?? -1);
  return [...own, ...Object.values(options).flatMap(nestedCodes)];
}

function sorted(codes: readonly number[]): readonly number[] {
  return [...new Set(codes)].toSorted((a, b) => a - b);
}
