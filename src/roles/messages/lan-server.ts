/** What the DHCPv6 server's configuration looks like between roles. */
import { bytes16, type Codec, choice, flag, list16, mapped, optional, struct, text16, u16, u32 } from "../../base/codec.ts";
import { ipv6Address } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import { macAddress } from "../../base/mac.ts";
import type {
  ClassTest,
  ClientClass,
  ClientIdentity,
  Dhcp6Pools,
  RelayedLink,
  RelaySelector,
  ReservedHost,
  ServedOption,
} from "../../services/lan/dhcp6-config.ts";
import { duid16, interfaceName, prefix6, prefixLength6 } from "./codecs.ts";

const servedOption: Codec<ServedOption> = struct({ code: u16, value: bytes16(LIMITS.servedOptionBytes), forced: flag });
const options = list16(servedOption, LIMITS.servedOptions);
const served = {
  options,
  boot: list16(struct({ architecture: optional(u16), options }), LIMITS.bootFiles),
} as const;
const label = text16(LIMITS.labelBytes);
const lifetimes = { preferredSeconds: u32, validSeconds: u32 } as const;
const lengths = { shortest: prefixLength6, longest: prefixLength6, usual: prefixLength6 } as const;
const limit = optional(u32);

export const pools: Codec<Dhcp6Pools> = struct({
  ...served,
  ...lifetimes,
  assignAddresses: flag,
  addresses: list16(struct({ first: ipv6Address, last: ipv6Address, class: optional(label) }), LIMITS.poolsPerLink),
  prefixes: list16(struct({ ...lengths, pool: prefix6, excludedLength: optional(prefixLength6), class: optional(label) }), LIMITS.poolsPerLink),
  uplinkPrefixes: optional(struct(lengths)),
  knownClientsOnly: flag,
  rapidCommit: flag,
  preference: u16,
  t1Permille: u16,
  t2Permille: u16,
  reconfigure: flag,
  ownResolver: flag,
  limits: struct({ leasesPerClient: limit, leasesPerLink: limit, leasesPerRelayPort: limit, messagesPerSecondPerSource: limit }),
});

const selector: Codec<RelaySelector> = struct({
  code: mapped(
    choice(["18", "37", "53"]),
    (text) => Number(text) as RelaySelector["code"],
    (code) => `${code}` as const,
  ),
  value: bytes16(LIMITS.relayOptionBytes),
});
export const relayedLink: Codec<RelayedLink> = struct({
  number: u16,
  name: interfaceName,
  prefix: prefix6,
  selectors: list16(selector, LIMITS.relaySelectors),
  pools,
});

const test: Codec<ClassTest> = struct({ code: u16, is: choice(["present", "equal", "prefix"]), value: bytes16(LIMITS.servedOptionBytes) });
export const clientClass: Codec<ClientClass> = struct({
  ...served,
  name: label,
  tests: list16(test, LIMITS.classTests),
  drop: flag,
  lifetimes: optional(struct(lifetimes)),
});

const IDENTITIES = ["duid", "mac"] as const;
const identityKind = choice(IDENTITIES);
const duidIdentity = struct({ duid: duid16, iaid: optional(u32) });
const identity: Codec<ClientIdentity> = {
  decode: (reader) =>
    identityKind.decode(reader) === "duid" ? { is: "duid", ...duidIdentity.decode(reader) } : { is: "mac", mac: macAddress.decode(reader) },
  encode: (writer, value) => {
    identityKind.encode(writer, value.is);
    if (value.is === "duid") duidIdentity.encode(writer, value);
    else macAddress.encode(writer, value.mac);
  },
};
export const reservedHost: Codec<ReservedHost> = struct({
  ...served,
  name: label,
  identities: list16(identity, LIMITS.hostIdentities),
  addresses: list16(ipv6Address, LIMITS.poolsPerLink),
  hostPart: optional(ipv6Address),
  prefixes: list16(prefix6, LIMITS.poolsPerLink),
  lifetimes: optional(struct(lifetimes)),
  ignored: flag,
});
