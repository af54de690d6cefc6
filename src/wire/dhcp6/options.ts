/**
 * Every DHCPv6 option this program understands: one entry each, and nothing about an option stands anywhere else. Entries that
 * stand inside others are defined where the others are, and named here. To add one, add an entry with a sample.
 */
import { empty, rest, u8, u16, u32 } from "../../base/codec.ts";
import { type DomainName, domainName } from "../../base/domain.ts";
import { type Duid, duid } from "../../base/duid.ts";
import { bytesOf } from "../../base/hex.ts";
import { type Ipv6Address, ipv6Address } from "../../base/ipv6.ts";
import { authentication } from "./auth.ts";
import { clientFqdn } from "./fqdn.ts";
import { iaAddressEntry, iaNaEntry, iaPdEntry, iaPrefixEntry, iaTaEntry, pdExcludeEntry, statusEntry } from "./leases.ts";
import { s46BindingEntry, s46BorderRelayEntry, s46DefaultRuleEntry, s46LightweightEntry, s46MapEEntry, s46MapTEntry, s46PortParametersEntry, s46RuleEntry } from "./s46.ts";
import { encryptedResolver, timeSources } from "./services.ts";
import { byCodeOf, entriesOf, type AnyEntry as Entry, rawOptions } from "./set.ts";
import { type OptionsAt, option, type Place, repeated } from "./table.ts";
import { named, opaque } from "../../base/values.ts";
import { addresses, addressesOrNone, domainNames, optionCodes, text } from "./values.ts";
import { architectures, bootParameters, classes, linkLayerAddress, networkInterface, remoteId, vendorClass, vendorOptions } from "./vendor.ts";

const ip = (value: string): Ipv6Address => value as Ipv6Address;
const domain = (value: string): DomainName => value as DomainName;
const HEX_1 = "20010db8000000000000000000000001";
const HEX_2 = "20010db8000000000000000000000002";
const ONE = { value: ip("2001:db8::1"), hex: HEX_1 };
const LIST = [
  { value: [ip("2001:db8::1")], hex: HEX_1 },
  { value: [ip("2001:db8::1"), ip("2001:db8::2")], hex: `${HEX_1} ${HEX_2}` },
] as const;
const NAME = { value: domain("example.net"), hex: "07 6578616d706c65 03 6e6574 00" };
const NAMES = [{ value: [NAME.value, domain("eng.example.net")], hex: `${NAME.hex} 03 656e67 ${NAME.hex}` }] as const;
const HOUR = [{ value: 3600, hex: "00000e10" }] as const;
const PRESENT = [{ value: true, hex: "" }] as const;
const DUIDS = [{ value: "0004 00112233445566778899aabbccddeeff".replace(" ", "") as Duid, hex: "0004 00112233445566778899aabbccddeeff" }] as const;

export const OPTIONS = {
  clientId: option({ code: 1, name: "client identifier", rfc: "§21.2", codec: duid, essential: true, samples: [...DUIDS, { value: "00030001020000000001" as Duid, hex: "0003 0001 020000000001" }] }),
  serverId: option({ code: 2, name: "server identifier", rfc: "§21.3", codec: duid, essential: true, samples: DUIDS }),
  iaNa: iaNaEntry,
  iaTa: iaTaEntry,
  iaAddress: iaAddressEntry,
  requestedOptions: option({
    code: 6,
    name: "option request",
    rfc: "§21.7",
    codec: optionCodes,
    samples: [
      { value: [82, 83], hex: "0052 0053" },
      { value: [], hex: "" },
    ],
  }),
  preference: option({ code: 7, name: "preference", rfc: "§21.8", codec: u8, samples: [{ value: 255, hex: "ff" }] }),
  elapsedHundredths: option({ code: 8, name: "elapsed time", rfc: "§21.9", codec: u16, samples: [{ value: 250, hex: "00fa" }] }),
  relayMessage: option({ code: 9, name: "relay message", rfc: "§21.10", codec: opaque, at: ["relay"], essential: true, samples: [{ value: bytesOf("0b 010203"), hex: "0b 010203" }] }),
  authentication: option({
    code: 11,
    name: "authentication",
    rfc: "§21.11",
    codec: authentication,
    at: ["message", "relay"],
    essential: true,
    secret: true,
    samples: [{ value: { protocol: 3, algorithm: 1, replayMethod: 0, replayDetection: "0000000000000001", information: bytesOf("01 736563726574736563726574736563ab") }, hex: "03 01 00 0000000000000001 01 736563726574736563726574736563ab" }],
  }),
  unicast: option({ code: 12, name: "server unicast", rfc: "8415 §21.12", codec: ipv6Address, samples: [ONE] }),
  status: statusEntry,
  rapidCommit: option({ code: 14, name: "rapid commit", rfc: "§21.14", codec: empty, essential: true, samples: PRESENT }),
  userClass: option({ code: 15, name: "user class", rfc: "§21.15", codec: classes, samples: [{ value: [bytesOf("6c6162"), bytesOf("31")], hex: "0003 6c6162 0001 31" }] }),
  vendorClasses: repeated({ code: 16, name: "vendor class", rfc: "§21.16", codec: vendorClass, keyOf: ({ enterprise }) => enterprise, samples: [{ value: { enterprise: 32473, classes: [bytesOf("616263")] }, hex: "00007ed9 0003 616263" }] }),
  vendorOptions: repeated({ code: 17, name: "vendor-specific information", rfc: "§21.17", codec: vendorOptions, at: ["message", "relay"], keyOf: ({ enterprise }) => enterprise, samples: [{ value: { enterprise: 32473, options: [{ code: 1, bytes: bytesOf("61") }] }, hex: "00007ed9 0001 0001 61" }] }),
  interfaceId: option({ code: 18, name: "interface identifier", rfc: "§21.18", codec: rest, at: ["relay"], samples: [{ value: bytesOf("65746830"), hex: "65746830" }] }),
  reconfigureMessage: option({
    code: 19,
    name: "reconfigure message",
    rfc: "§21.19",
    codec: named<"renew" | "rebind" | "informationRequest">({ 5: "renew", 6: "rebind", 11: "informationRequest" }),
    samples: [
      { value: "renew", hex: "05" },
      { value: "informationRequest", hex: "0b" },
    ],
  }),
  reconfigureAccept: option({ code: 20, name: "reconfigure accept", rfc: "§21.20", codec: empty, samples: PRESENT }),
  sipServerNames: option({ code: 21, name: "SIP server names", rfc: "3319 §3.1", codec: domainNames, samples: NAMES }),
  sipServers: option({ code: 22, name: "SIP servers", rfc: "3319 §3.2", codec: addresses, samples: LIST }),
  dnsServers: option({ code: 23, name: "DNS servers", rfc: "3646 §3", codec: addresses, samples: LIST }),
  domainSearch: option({ code: 24, name: "domain search", rfc: "3646 §4", codec: domainNames, samples: NAMES }),
  iaPd: iaPdEntry,
  iaPrefix: iaPrefixEntry,
  nisServers: option({ code: 27, name: "NIS servers", rfc: "3898 §3", codec: addresses, samples: LIST }),
  nisPlusServers: option({ code: 28, name: "NIS+ servers", rfc: "3898 §4", codec: addresses, samples: LIST }),
  nisDomain: option({ code: 29, name: "NIS domain", rfc: "3898 §5", codec: domainName, samples: [NAME] }),
  nisPlusDomain: option({ code: 30, name: "NIS+ domain", rfc: "3898 §6", codec: domainName, samples: [NAME] }),
  sntpServers: option({ code: 31, name: "SNTP servers", rfc: "4075 §4", codec: addresses, samples: LIST }),
  informationRefreshSeconds: option({ code: 32, name: "information refresh time", rfc: "§21.23", codec: u32, samples: HOUR }),
  remoteId: option({ code: 37, name: "relay agent remote identifier", rfc: "4649 §3", codec: remoteId, at: ["message", "relay"], samples: [{ value: { enterprise: 32473, id: bytesOf("706f7274") }, hex: "00007ed9 706f7274" }] }),
  subscriberId: option({ code: 38, name: "relay agent subscriber identifier", rfc: "4580 §2", codec: opaque, at: ["message", "relay"], samples: [{ value: bytesOf("616263"), hex: "616263" }] }),
  clientFqdn: option({
    code: 39,
    name: "client FQDN",
    rfc: "4704 §4",
    codec: clientFqdn,
    samples: [
      { value: { serverUpdates: true, overridden: false, noUpdates: false, name: "gw.example.net", complete: true }, hex: "01 02 6777 07 6578616d706c65 03 6e6574 00" },
      { value: { serverUpdates: false, overridden: true, noUpdates: true, name: "gw", complete: false }, hex: "06 02 6777" },
      { value: { serverUpdates: false, overridden: false, noUpdates: false, name: "", complete: false }, hex: "00" },
    ],
  }),
  posixTimezone: option({ code: 41, name: "POSIX timezone", rfc: "4833 §3", codec: text, samples: [{ value: "CET-1CEST", hex: "4345542d3143455354" }] }),
  tzdbTimezone: option({ code: 42, name: "timezone name", rfc: "4833 §3", codec: text, samples: [{ value: "Europe/Berlin", hex: "4575726f70652f4265726c696e" }] }),
  echoRequest: option({ code: 43, name: "relay agent echo request", rfc: "4994 §2", codec: optionCodes, at: ["relay"], samples: [{ value: [37, 38], hex: "0025 0026" }] }),
  relayId: option({ code: 53, name: "relay identifier", rfc: "5460 §5.4.1", codec: duid, at: ["message", "relay"], samples: DUIDS }),
  ntpServers: repeated({
    code: 56,
    name: "NTP servers",
    rfc: "5908 §4",
    codec: timeSources,
    samples: [
      { value: [{ kind: "unicast", address: ONE.value }], hex: `0001 0010 ${HEX_1}` },
      { value: [{ kind: "multicast", address: ip("ff05::101") }], hex: "0002 0010 ff050000000000000000000000000101" },
      { value: [{ kind: "name", name: NAME.value }], hex: `0003 000d ${NAME.hex}` },
    ],
  }),
  bootFileUrl: option({ code: 59, name: "boot file URL", rfc: "5970 §3.1", codec: text, samples: [{ value: "tftp://b.example/x", hex: "746674703a2f2f622e6578616d706c652f78" }] }),
  bootFileParameters: option({ code: 60, name: "boot file parameters", rfc: "5970 §3.2", codec: bootParameters, samples: [{ value: ["ro", "quiet"], hex: "0002 726f 0005 7175696574" }] }),
  clientArchitectures: option({ code: 61, name: "client architectures", rfc: "5970 §3.3", codec: architectures, samples: [{ value: [0, 7], hex: "0000 0007" }] }),
  clientNetworkInterface: option({ code: 62, name: "client network interface", rfc: "5970 §3.4", codec: networkInterface, samples: [{ value: { type: 1, major: 3, minor: 16 }, hex: "01 03 10" }] }),
  aftrName: option({ code: 64, name: "AFTR name", rfc: "6334 §3", codec: domainName, samples: [NAME] }),
  relaySuppliedOptions: option({ code: 66, name: "relay-supplied options", rfc: "6422 §4", codec: rawOptions, at: ["relay"], samples: [{ value: [{ code: 65, bytes: bytesOf("01 61 00") }], hex: "0041 0003 01 61 00" }] }),
  pdExclude: pdExcludeEntry,
  clientLinkLayerAddress: option({ code: 79, name: "client link-layer address", rfc: "6939 §4", codec: linkLayerAddress, at: ["relay"], samples: [{ value: { type: 1, address: bytesOf("02005e100001") }, hex: "0001 02005e100001" }] }),
  linkAddress: option({ code: 80, name: "link address", rfc: "6977 §6.2.1", codec: ipv6Address, at: ["message", "relay"], samples: [ONE] }),
  radius: option({ code: 81, name: "RADIUS attributes", rfc: "7037 §4", codec: opaque, at: ["relay"], secret: true, samples: [{ value: bytesOf("01 03 61"), hex: "01 03 61" }] }),
  solMaxRtSeconds: option({ code: 82, name: "SOL_MAX_RT", rfc: "§21.24", codec: u32, samples: HOUR }),
  infMaxRtSeconds: option({ code: 83, name: "INF_MAX_RT", rfc: "§21.25", codec: u32, samples: HOUR }),
  dhcp4o6Servers: option({ code: 88, name: "DHCP 4o6 servers", rfc: "7341 §7.2", codec: addressesOrNone, samples: [LIST[0], { value: [], hex: "" }] }),
  s46Rule: s46RuleEntry,
  s46BorderRelay: s46BorderRelayEntry,
  s46DefaultRule: s46DefaultRuleEntry,
  s46Binding: s46BindingEntry,
  s46PortParameters: s46PortParametersEntry,
  s46MapE: s46MapEEntry,
  s46MapT: s46MapTEntry,
  s46Lightweight: s46LightweightEntry,
  s46FourRd: option({ code: 97, name: "4rd", rfc: "7600 §4.9", codec: rawOptions, samples: [{ value: [{ code: 99, bytes: bytesOf("00 00 0500") }], hex: "0063 0004 00 00 0500" }] }),
  captivePortal: option({ code: 103, name: "captive portal", rfc: "8910 §2.2", codec: text, samples: [{ value: "https://portal.example/api", hex: "68747470733a2f2f706f7274616c2e6578616d706c652f617069" }] }),
  mudUrl: option({ code: 112, name: "MUD URL", rfc: "8520 §10", codec: text, samples: [{ value: "https://mud.example/x.json", hex: "68747470733a2f2f6d75642e6578616d706c652f782e6a736f6e" }] }),
  relayPort: option({ code: 135, name: "relay source port", rfc: "8357 §4.2", codec: u16, at: ["relay"], samples: [{ value: 1547, hex: "060b" }] }),
  encryptedResolvers: repeated({
    code: 144,
    name: "encrypted DNS resolver",
    rfc: "9463 §4.1",
    codec: encryptedResolver,
    samples: [
      { value: { priority: 1, authenticationName: domain("dns.example"), addresses: [ONE.value], parameters: [{ key: 1, value: bytesOf("03646f74") }] }, hex: `0001 000d 03 646e73 07 6578616d706c65 00 0010 ${HEX_1} 0001 0004 03646f74` },
      { value: { priority: 2, authenticationName: domain("dns.example"), addresses: [], parameters: [] }, hex: "0002 000d 03 646e73 07 6578616d706c65 00" },
    ],
  }),
  addressRegistration: option({ code: 148, name: "address registration enabled", rfc: "9686 §4.1", codec: empty, samples: PRESENT }),
};

export type Dhcp6Options = OptionsAt<typeof OPTIONS, "message">;
export type Dhcp6RelayOptions = OptionsAt<typeof OPTIONS, "relay">;
export type Dhcp6OptionName = keyof typeof OPTIONS;
export type AnyEntry = Entry & { readonly key: Dhcp6OptionName };

const ENTRIES = entriesOf(OPTIONS) as readonly AnyEntry[];
const BY_CODE = byCodeOf(ENTRIES);
const AT: Readonly<Record<Place, readonly AnyEntry[]>> = { message: entriesAt("message"), relay: entriesAt("relay"), nested: entriesAt("nested") };

/** Every entry, in the order of codes. */
export function everyOption(): readonly AnyEntry[] {
  return ENTRIES;
}

/** The entries that may stand in one place, in the order of codes. */
export function optionsAt(place: Place): readonly AnyEntry[] {
  return AT[place];
}

export function optionOfCode(code: number): Entry | undefined {
  return BY_CODE.get(code);
}

/** Never asked for: they stand in messages whoever asks, and whoever speaks writes them as it sees fit (RFC 9915 §21.7). */
export const UNASKED_OPTIONS: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 18, 19, 20, 25, 26]);

/** Codes for option 6 from names, in their order. */
export function requestCodes(names: readonly Dhcp6OptionName[]): readonly number[] {
  return names.map((name) => OPTIONS[name].code);
}

function entriesAt(place: Place): readonly AnyEntry[] {
  return ENTRIES.filter((entry) => entry.at.includes(place));
}
