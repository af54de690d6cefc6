/** Softwires: MAP-E, MAP-T and lightweight 4over6 in their containers (RFC 7598 §4, §5). */
import { type Codec, struct, u8 } from "../../base/codec.ts";
import { type Ipv4Address, type Ipv4Prefix, ipv4Address, ipv4Prefix, splitIpv4Prefix } from "../../base/ipv4.ts";
import { type Ipv6Address, type Ipv6Prefix, ipv6Address } from "../../base/ipv6.ts";
import { nestedOptions, type OptionSet, setOf } from "./set.ts";
import { type OptionsOf, option, repeated } from "./table.ts";
import { bounded } from "../../base/values.ts";
import { shortPrefix } from "./values.ts";

export type S46PortParameters = {
  /** Bits of a port before the set identifier. */
  readonly offset: number;
  /** Bits of the set identifier, at most 16. */
  readonly psidLength: number;
  readonly psid: number;
};

const PSID_BITS = 16;
const offsetBits = bounded(u8, 0, 15);
const psidBits = bounded(u8, 0, PSID_BITS);
const ipv4Bits = bounded(u8, 0, 32);

const portParameters: Codec<S46PortParameters> = {
  decode: (reader) => {
    const offset = offsetBits.decode(reader);
    const psidLength = psidBits.decode(reader);
    return { offset, psidLength, psid: reader.u16() >>> (PSID_BITS - psidLength) }; // left-aligned; what follows is padding
  },
  encode: (writer, { offset, psidLength, psid }) => {
    writer.u8(offset);
    writer.u8(psidLength);
    writer.u16(psid << (PSID_BITS - psidLength));
  },
};
export const s46PortParametersEntry = option({
  code: 93,
  name: "S46 port parameters",
  rfc: "7598 §4.5",
  codec: portParameters,
  at: ["nested"],
  samples: [{ value: { offset: 6, psidLength: 8, psid: 0x34 }, hex: "06 08 3400" }],
});

const portOptions = { portParameters: s46PortParametersEntry };
const ports = nestedOptions(portOptions);
type Ports = OptionSet<OptionsOf<typeof portOptions>>;

export type S46Rule = Ports & {
  /** It also serves to reach other customers directly. */
  readonly forwarding: boolean;
  /** Bits of the IPv4 address and port set in the customer's prefix, at most 48. */
  readonly eaLength: number;
  readonly ipv4Prefix: Ipv4Prefix;
  readonly ipv6Prefix: Ipv6Prefix;
};
export type S46Binding = Ports & { readonly address: Ipv4Address; readonly prefix: Ipv6Prefix };

const FORWARDING = 1;
const eaBits = bounded(u8, 0, 48);

const rule: Codec<S46Rule> = {
  decode: (reader) => {
    const forwarding = (reader.u8() & FORWARDING) !== 0;
    const eaLength = eaBits.decode(reader);
    const prefix4Length = ipv4Bits.decode(reader);
    const prefix4 = ipv4Prefix(ipv4Address.decode(reader), prefix4Length);
    return { forwarding, eaLength, ipv4Prefix: prefix4, ipv6Prefix: shortPrefix.decode(reader), ...ports.decode(reader) };
  },
  encode: (writer, value) => {
    const { address, prefixLength } = splitIpv4Prefix(value.ipv4Prefix);
    writer.u8(value.forwarding ? FORWARDING : 0);
    writer.u8(value.eaLength);
    writer.u8(prefixLength);
    ipv4Address.encode(writer, address);
    shortPrefix.encode(writer, value.ipv6Prefix);
    ports.encode(writer, value);
  },
};
const RULE = { forwarding: false, eaLength: 16, ipv4Prefix: "192.0.2.0/24" as Ipv4Prefix, ipv6Prefix: "2001:db8::/40" as Ipv6Prefix };
const RULE_HEX = "00 10 18 c0000200 28 20010db800";
export const s46RuleEntry = repeated({
  code: 89,
  name: "S46 rule",
  rfc: "7598 §4.1",
  codec: rule,
  at: ["nested"],
  samples: [
    { value: { ...RULE, ...setOf({}) }, hex: RULE_HEX },
    { value: { ...RULE, ...setOf({ portParameters: { offset: 6, psidLength: 8, psid: 0x34 } }) }, hex: `${RULE_HEX} 005d 0004 06 08 3400` },
  ],
});

const BORDER = { value: "2001:db8:ffff::1" as Ipv6Address, hex: "20010db8ffff00000000000000000001" };
export const s46BorderRelayEntry = repeated({
  code: 90,
  name: "S46 border relay",
  rfc: "7598 §4.2",
  codec: ipv6Address,
  at: ["nested"],
  samples: [BORDER],
});

export const s46DefaultRuleEntry = option({
  code: 91,
  name: "S46 default mapping rule",
  rfc: "7598 §4.3",
  codec: shortPrefix,
  at: ["nested"],
  samples: [{ value: "2001:db8:64::/64" as Ipv6Prefix, hex: "40 20010db800640000" }],
});

const bindingFields = struct({ address: ipv4Address, prefix: shortPrefix });
const binding: Codec<S46Binding> = {
  decode: (reader) => ({ ...bindingFields.decode(reader), ...ports.decode(reader) }),
  encode: (writer, value) => {
    bindingFields.encode(writer, value);
    ports.encode(writer, value);
  },
};
export const s46BindingEntry = option({
  code: 92,
  name: "S46 IPv4 and IPv6 binding",
  rfc: "7598 §4.4",
  codec: binding,
  at: ["nested"],
  samples: [
    { value: { address: "192.0.2.9" as Ipv4Address, prefix: "2001:db8:9::/56" as Ipv6Prefix, ...setOf({}) }, hex: "c0000209 38 20010db8000900" },
  ],
});

const mapE = { rules: s46RuleEntry, borderRelays: s46BorderRelayEntry };
const mapT = { rules: s46RuleEntry, defaultRule: s46DefaultRuleEntry };
const lightweight = { borderRelays: s46BorderRelayEntry, binding: s46BindingEntry };
const A_RULE = `0059 000d ${RULE_HEX}`;
const A_BORDER = `005a 0010 ${BORDER.hex}`;

export const s46MapEEntry = option({
  code: 94,
  name: "S46 MAP-E container",
  rfc: "7598 §5.1",
  codec: nestedOptions(mapE),
  samples: [{ value: setOf({ rules: [{ ...RULE, ...setOf({}) }], borderRelays: [BORDER.value] }), hex: `${A_RULE} ${A_BORDER}` }],
});
export const s46MapTEntry = option({
  code: 95,
  name: "S46 MAP-T container",
  rfc: "7598 §5.2",
  codec: nestedOptions(mapT),
  samples: [
    {
      value: setOf({ rules: [{ ...RULE, ...setOf({}) }], defaultRule: "2001:db8:64::/64" as Ipv6Prefix }),
      hex: `${A_RULE} 005b 0009 40 20010db800640000`,
    },
  ],
});
export const s46LightweightEntry = option({
  code: 96,
  name: "S46 lightweight 4over6 container",
  rfc: "7598 §5.3",
  codec: nestedOptions(lightweight),
  samples: [{ value: setOf({ borderRelays: [BORDER.value] }), hex: A_BORDER }],
});
