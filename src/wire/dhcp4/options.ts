/**
 * Every DHCPv4 option this program understands: one entry each, and nothing about an option stands anywhere else.
 * To add one, add an entry with a sample; the tests and the dissector run walk over the table by themselves.
 */
import { empty, flag, u8, u16, u32 } from "../../base/codec.ts";
import type { DomainName } from "../../base/domain.ts";
import { bytesOf } from "../../base/hex.ts";
import { type Ipv4Address, type Ipv4Prefix, ipv4Address } from "../../base/ipv4.ts";
import { clientFqdn } from "./fqdn.ts";
import { searchList } from "./names.ts";
import { relayAgentInformation } from "./relay.ts";
import { encryptedResolvers } from "./resolvers.ts";
import { classlessRoutes, policyFilters, staticRoutes } from "./routes.ts";
import { sixRd } from "./sixrd.ts";
import { option, type OptionEntry, type OptionsOf } from "./table.ts";
import { messageType, netbiosNode, overload } from "./types.ts";
import { bounded, i32, opaque } from "../../base/values.ts";
import { addresses, addressesOrNone, mask, nameText, text, u8s, u16s } from "./values.ts";
import { architectures, type ClientId, clientId, enterpriseData, machineId, networkInterface, userClass } from "./vendor.ts";

const ip = (value: string): Ipv4Address => value as Ipv4Address;
const net = (value: string): Ipv4Prefix => value as Ipv4Prefix;
const domain = (value: string): DomainName => value as DomainName;
const ONE = { value: ip("192.0.2.1"), hex: "c0000201" };
const LIST = [
  { value: [ip("192.0.2.1")], hex: "c0000201" },
  { value: [ip("192.0.2.1"), ip("198.51.100.7")], hex: "c0000201 c6336407" },
] as const;
const HOUR = [{ value: 3600, hex: "00000e10" }] as const;
const FLAGS = [
  { value: true, hex: "01" },
  { value: false, hex: "00" },
] as const;

export const OPTIONS = {
  subnetMask: option({ code: 1, name: "subnet mask", rfc: "2132 §3.3", codec: mask, essential: true, samples: [{ value: ip("255.255.255.0"), hex: "ffffff00" }] }),
  timeOffsetSeconds: option({
    code: 2,
    name: "time offset",
    rfc: "2132 §3.4",
    codec: i32,
    samples: [
      { value: -18000, hex: "ffffb9b0" },
      { value: 3600, hex: "00000e10" },
    ],
  }),
  routers: option({ code: 3, name: "routers", rfc: "2132 §3.5", codec: addresses, essential: true, samples: LIST }),
  timeServers: option({ code: 4, name: "time servers", rfc: "2132 §3.6", codec: addresses, samples: LIST }),
  ien116NameServers: option({ code: 5, name: "IEN 116 name servers", rfc: "2132 §3.7", codec: addresses, samples: LIST }),
  domainNameServers: option({ code: 6, name: "domain name servers", rfc: "2132 §3.8", codec: addresses, essential: true, samples: LIST }),
  logServers: option({ code: 7, name: "log servers", rfc: "2132 §3.9", codec: addresses, samples: LIST }),
  cookieServers: option({ code: 8, name: "cookie servers", rfc: "2132 §3.10", codec: addresses, samples: LIST }),
  lprServers: option({ code: 9, name: "LPR servers", rfc: "2132 §3.11", codec: addresses, samples: LIST }),
  impressServers: option({ code: 10, name: "Impress servers", rfc: "2132 §3.12", codec: addresses, samples: LIST }),
  resourceLocationServers: option({ code: 11, name: "resource location servers", rfc: "2132 §3.13", codec: addresses, samples: LIST }),
  hostName: option({ code: 12, name: "host name", rfc: "2132 §3.14", codec: nameText, samples: [{ value: domain("gw"), hex: "6777" }] }),
  bootFileSizeBlocks: option({ code: 13, name: "boot file size", rfc: "2132 §3.15", codec: u16, samples: [{ value: 64, hex: "0040" }] }),
  meritDumpFile: option({ code: 14, name: "merit dump file", rfc: "2132 §3.16", codec: text, samples: [{ value: "/core", hex: "2f636f7265" }] }),
  domainName: option({ code: 15, name: "domain name", rfc: "2132 §3.17", codec: nameText, samples: [{ value: domain("example.net"), hex: "6578616d706c652e6e6574" }] }),
  swapServer: option({ code: 16, name: "swap server", rfc: "2132 §3.18", codec: ipv4Address, samples: [ONE] }),
  rootPath: option({ code: 17, name: "root path", rfc: "2132 §3.19", codec: text, samples: [{ value: "/srv/root", hex: "2f7372762f726f6f74" }] }),
  extensionsPath: option({ code: 18, name: "extensions path", rfc: "2132 §3.20", codec: text, samples: [{ value: "/ext", hex: "2f657874" }] }),
  ipForwarding: option({ code: 19, name: "IP forwarding", rfc: "2132 §4.1", codec: flag, samples: FLAGS }),
  nonLocalSourceRouting: option({ code: 20, name: "non-local source routing", rfc: "2132 §4.2", codec: flag, samples: FLAGS }),
  policyFilters: option({ code: 21, name: "policy filters", rfc: "2132 §4.3", codec: policyFilters, samples: [{ value: [{ address: ip("192.0.2.0"), mask: ip("255.255.255.0") }], hex: "c0000200 ffffff00" }] }),
  maximumReassemblyBytes: option({ code: 22, name: "maximum datagram reassembly size", rfc: "2132 §4.4", codec: bounded(u16, 576), samples: [{ value: 576, hex: "0240" }] }),
  defaultTtl: option({ code: 23, name: "default IP TTL", rfc: "2132 §4.5", codec: bounded(u8, 1), samples: [{ value: 64, hex: "40" }] }),
  pathMtuAgingSeconds: option({ code: 24, name: "path MTU aging timeout", rfc: "2132 §4.6", codec: u32, samples: HOUR }),
  pathMtuPlateaus: option({ code: 25, name: "path MTU plateau table", rfc: "2132 §4.7", codec: u16s, samples: [{ value: [68, 1500], hex: "0044 05dc" }] }),
  interfaceMtu: option({ code: 26, name: "interface MTU", rfc: "2132 §5.1", codec: bounded(u16, 68), samples: [{ value: 1500, hex: "05dc" }] }),
  allSubnetsLocal: option({ code: 27, name: "all subnets are local", rfc: "2132 §5.2", codec: flag, samples: FLAGS }),
  broadcastAddress: option({ code: 28, name: "broadcast address", rfc: "2132 §5.3", codec: ipv4Address, samples: [{ value: ip("192.0.2.255"), hex: "c00002ff" }] }),
  performMaskDiscovery: option({ code: 29, name: "perform mask discovery", rfc: "2132 §5.4", codec: flag, samples: FLAGS }),
  maskSupplier: option({ code: 30, name: "mask supplier", rfc: "2132 §5.5", codec: flag, samples: FLAGS }),
  performRouterDiscovery: option({ code: 31, name: "perform router discovery", rfc: "2132 §5.6", codec: flag, samples: FLAGS }),
  routerSolicitationAddress: option({ code: 32, name: "router solicitation address", rfc: "2132 §5.7", codec: ipv4Address, samples: [ONE] }),
  staticRoutes: option({ code: 33, name: "static routes", rfc: "2132 §5.8", codec: staticRoutes, essential: true, samples: [{ value: [{ destination: ip("198.51.100.0"), router: ip("192.0.2.1") }], hex: "c6336400 c0000201" }] }),
  trailerEncapsulation: option({ code: 34, name: "trailer encapsulation", rfc: "2132 §6.1", codec: flag, samples: FLAGS }),
  arpCacheSeconds: option({ code: 35, name: "ARP cache timeout", rfc: "2132 §6.2", codec: u32, samples: HOUR }),
  ethernetEncapsulation: option({ code: 36, name: "IEEE 802.3 encapsulation", rfc: "2132 §6.3", codec: flag, samples: FLAGS }),
  tcpDefaultTtl: option({ code: 37, name: "TCP default TTL", rfc: "2132 §7.1", codec: bounded(u8, 1), samples: [{ value: 64, hex: "40" }] }),
  tcpKeepaliveSeconds: option({ code: 38, name: "TCP keepalive interval", rfc: "2132 §7.2", codec: u32, samples: HOUR }),
  tcpKeepaliveGarbage: option({ code: 39, name: "TCP keepalive garbage", rfc: "2132 §7.3", codec: flag, samples: FLAGS }),
  nisDomain: option({ code: 40, name: "NIS domain", rfc: "2132 §8.1", codec: text, samples: [{ value: "nis.example", hex: "6e69732e6578616d706c65" }] }),
  nisServers: option({ code: 41, name: "NIS servers", rfc: "2132 §8.2", codec: addresses, samples: LIST }),
  ntpServers: option({ code: 42, name: "NTP servers", rfc: "2132 §8.3", codec: addresses, samples: LIST }),
  vendorInformation: option({ code: 43, name: "vendor specific information", rfc: "2132 §8.4", codec: opaque, samples: [{ value: bytesOf("06010a"), hex: "06010a" }] }),
  netbiosNameServers: option({ code: 44, name: "NetBIOS name servers", rfc: "2132 §8.5", codec: addresses, samples: LIST }),
  netbiosDatagramServers: option({ code: 45, name: "NetBIOS datagram servers", rfc: "2132 §8.6", codec: addresses, samples: LIST }),
  netbiosNodeType: option({ code: 46, name: "NetBIOS node type", rfc: "2132 §8.7", codec: netbiosNode, samples: [{ value: "hybrid", hex: "08" }] }),
  netbiosScope: option({ code: 47, name: "NetBIOS scope", rfc: "2132 §8.8", codec: text, samples: [{ value: "scope", hex: "73636f7065" }] }),
  xFontServers: option({ code: 48, name: "X font servers", rfc: "2132 §8.9", codec: addresses, samples: LIST }),
  xDisplayManagers: option({ code: 49, name: "X display managers", rfc: "2132 §8.10", codec: addresses, samples: LIST }),
  requestedAddress: option({ code: 50, name: "requested address", rfc: "2132 §9.1", codec: ipv4Address, essential: true, samples: [{ value: ip("192.0.2.10"), hex: "c000020a" }] }),
  leaseSeconds: option({
    code: 51,
    name: "lease time",
    rfc: "2132 §9.2",
    codec: u32,
    essential: true,
    samples: [
      { value: 3600, hex: "00000e10" },
      { value: 0xffffffff, hex: "ffffffff" },
    ],
  }),
  overload: option({
    code: 52,
    name: "option overload",
    rfc: "2132 §9.3",
    codec: overload,
    essential: true,
    samples: [
      { value: "file", hex: "01" },
      { value: "sname", hex: "02" },
      { value: "both", hex: "03" },
    ],
  }),
  messageType: option({
    code: 53,
    name: "message type",
    rfc: "2132 §9.6",
    codec: messageType,
    essential: true,
    samples: [
      { value: "discover", hex: "01" },
      { value: "forcerenew", hex: "09" },
    ],
  }),
  serverId: option({ code: 54, name: "server identifier", rfc: "2132 §9.7", codec: ipv4Address, essential: true, samples: [ONE] }),
  parameterRequestList: option({ code: 55, name: "parameter request list", rfc: "2132 §9.8", codec: u8s, samples: [{ value: [1, 121, 3, 6], hex: "01 79 03 06" }] }),
  message: option({ code: 56, name: "message", rfc: "2132 §9.9", codec: text, samples: [{ value: "no free address", hex: "6e6f20667265652061646472657373" }] }),
  maximumMessageBytes: option({ code: 57, name: "maximum message size", rfc: "2132 §9.10", codec: bounded(u16, 576), samples: [{ value: 1472, hex: "05c0" }] }),
  renewalSeconds: option({ code: 58, name: "renewal time T1", rfc: "2132 §9.11", codec: u32, essential: true, samples: HOUR }),
  rebindingSeconds: option({ code: 59, name: "rebinding time T2", rfc: "2132 §9.12", codec: u32, essential: true, samples: HOUR }),
  vendorClass: option({ code: 60, name: "vendor class", rfc: "2132 §9.13", codec: text, samples: [{ value: "udhcp 1.35.0", hex: "756468637020312e33352e30" }] }),
  clientId: option({ code: 61, name: "client identifier", rfc: "2132 §9.14", codec: clientId, essential: true, samples: [{ value: "01020000000001" as ClientId, hex: "01020000000001" }] }),
  nisPlusDomain: option({ code: 64, name: "NIS+ domain", rfc: "2132 §8.11", codec: text, samples: [{ value: "nis.example", hex: "6e69732e6578616d706c65" }] }),
  nisPlusServers: option({ code: 65, name: "NIS+ servers", rfc: "2132 §8.12", codec: addresses, samples: LIST }),
  tftpServerName: option({ code: 66, name: "TFTP server name", rfc: "2132 §9.4", codec: text, samples: [{ value: "boot.example", hex: "626f6f742e6578616d706c65" }] }),
  bootFileName: option({ code: 67, name: "boot file name", rfc: "2132 §9.5", codec: text, samples: [{ value: "pxelinux.0", hex: "7078656c696e75782e30" }] }),
  mobileIpHomeAgents: option({ code: 68, name: "mobile IP home agents", rfc: "2132 §8.13", codec: addressesOrNone, samples: [...LIST, { value: [], hex: "" }] }),
  smtpServers: option({ code: 69, name: "SMTP servers", rfc: "2132 §8.14", codec: addresses, samples: LIST }),
  pop3Servers: option({ code: 70, name: "POP3 servers", rfc: "2132 §8.15", codec: addresses, samples: LIST }),
  nntpServers: option({ code: 71, name: "NNTP servers", rfc: "2132 §8.16", codec: addresses, samples: LIST }),
  wwwServers: option({ code: 72, name: "WWW servers", rfc: "2132 §8.17", codec: addresses, samples: LIST }),
  fingerServers: option({ code: 73, name: "finger servers", rfc: "2132 §8.18", codec: addresses, samples: LIST }),
  ircServers: option({ code: 74, name: "IRC servers", rfc: "2132 §8.19", codec: addresses, samples: LIST }),
  streetTalkServers: option({ code: 75, name: "StreetTalk servers", rfc: "2132 §8.20", codec: addresses, samples: LIST }),
  streetTalkDirectoryServers: option({ code: 76, name: "StreetTalk directory servers", rfc: "2132 §8.21", codec: addresses, samples: LIST }),
  userClass: option({
    code: 77,
    name: "user class",
    rfc: "3004 §4",
    codec: userClass,
    samples: [
      { value: { kind: "classes", classes: [bytesOf("6c6162"), bytesOf("31")] }, hex: "03 6c6162 01 31" },
      { value: { kind: "raw", bytes: bytesOf("69505845") }, hex: "69505845" },
    ],
  }),
  rapidCommit: option({ code: 80, name: "rapid commit", rfc: "4039 §4", codec: empty, samples: [{ value: true, hex: "" }] }),
  clientFqdn: option({
    code: 81,
    name: "client FQDN",
    rfc: "4702 §2",
    codec: clientFqdn,
    samples: [
      { value: { serverUpdates: true, overridden: false, noUpdates: false, encoding: "wire", rcode1: 0, rcode2: 0, name: "gw.example.net", complete: true }, hex: "05 00 00 02 6777 07 6578616d706c65 03 6e6574 00" },
      { value: { serverUpdates: false, overridden: false, noUpdates: true, encoding: "wire", rcode1: 0, rcode2: 0, name: "gw", complete: false }, hex: "0c 00 00 02 6777" },
      { value: { serverUpdates: true, overridden: true, noUpdates: false, encoding: "ascii", rcode1: 255, rcode2: 255, name: "gw", complete: false }, hex: "03 ff ff 6777" },
    ],
  }),
  relayAgentInformation: option({
    code: 82,
    name: "relay agent information",
    rfc: "3046 §2",
    codec: relayAgentInformation,
    samples: [
      {
        value: [
          { code: 1, bytes: bytesOf("00040001") },
          { code: 5, bytes: bytesOf("c0000200") },
        ],
        hex: "01 04 00040001 05 04 c0000200",
      },
    ],
  }),
  authentication: option({ code: 90, name: "authentication", rfc: "3118 §2", codec: opaque, secret: true, samples: [{ value: bytesOf("00 00 00 0000000000000001 736563726574"), hex: "00 00 00 0000000000000001 736563726574" }] }),
  clientArchitectures: option({ code: 93, name: "client architectures", rfc: "4578 §2.1", codec: architectures, samples: [{ value: [0, 7], hex: "0000 0007" }] }),
  clientNetworkInterface: option({ code: 94, name: "client network interface", rfc: "4578 §2.2", codec: networkInterface, samples: [{ value: { type: 1, major: 3, minor: 16 }, hex: "01 03 10" }] }),
  clientMachineId: option({ code: 97, name: "client machine identifier", rfc: "4578 §2.3", codec: machineId, samples: [{ value: { type: 0, id: bytesOf("00112233445566778899aabbccddeeff") }, hex: "00 00112233445566778899aabbccddeeff" }] }),
  posixTimezone: option({ code: 100, name: "POSIX timezone", rfc: "4833 §2", codec: text, samples: [{ value: "CET-1CEST", hex: "4345542d3143455354" }] }),
  tzdbTimezone: option({ code: 101, name: "timezone name", rfc: "4833 §2", codec: text, samples: [{ value: "Europe/Berlin", hex: "4575726f70652f4265726c696e" }] }),
  ipv6OnlyPreferredSeconds: option({ code: 108, name: "IPv6-only preferred", rfc: "8925 §3.1", codec: u32, samples: [{ value: 1800, hex: "00000708" }] }),
  captivePortal: option({ code: 114, name: "captive portal", rfc: "8910 §2.1", codec: text, samples: [{ value: "https://portal.example/api", hex: "68747470733a2f2f706f7274616c2e6578616d706c652f617069" }] }),
  autoConfigure: option({ code: 116, name: "auto-configure", rfc: "2563 §2", codec: flag, samples: FLAGS }),
  nameServiceSearch: option({ code: 117, name: "name service search", rfc: "2937", codec: u16s, samples: [{ value: [6, 41], hex: "0006 0029" }] }),
  subnetSelection: option({ code: 118, name: "subnet selection", rfc: "3011 §2", codec: ipv4Address, samples: [{ value: ip("192.0.2.0"), hex: "c0000200" }] }),
  domainSearch: option({ code: 119, name: "domain search", rfc: "3397 §2", codec: searchList, samples: [{ value: [domain("eng.example.net"), domain("sales.example.net")], hex: "03 656e67 07 6578616d706c65 03 6e6574 00 05 73616c6573 c004" }] }),
  sipServers: option({ code: 120, name: "SIP servers", rfc: "3361 §3", codec: opaque, samples: [{ value: bytesOf("01 c0000201"), hex: "01 c0000201" }] }),
  classlessRoutes: option({
    code: 121,
    name: "classless static routes",
    rfc: "3442",
    codec: classlessRoutes,
    essential: true,
    samples: [
      {
        value: [
          { destination: net("10.17.0.0/16"), gateway: ip("192.0.2.1") },
          { destination: net("0.0.0.0/0"), gateway: ip("0.0.0.0") },
        ],
        hex: "10 0a11 c0000201 00 00000000",
      },
    ],
  }),
  vendorClasses: option({ code: 124, name: "vendor-identifying vendor classes", rfc: "3925 §3", codec: enterpriseData, samples: [{ value: [{ enterprise: 32473, bytes: bytesOf("03616263") }], hex: "00007ed9 04 03616263" }] }),
  vendorOptions: option({ code: 125, name: "vendor-identifying options", rfc: "3925 §4", codec: enterpriseData, samples: [{ value: [{ enterprise: 32473, bytes: bytesOf("010161") }], hex: "00007ed9 03 010161" }] }),
  forcerenewNonceAlgorithms: option({ code: 145, name: "forcerenew nonce capable", rfc: "6704 §3.1.1", codec: u8s, samples: [{ value: [1], hex: "01" }] }),
  tftpServers: option({ code: 150, name: "TFTP servers", rfc: "5859 §3", codec: addresses, samples: LIST }),
  formerCaptivePortal: option({ code: 160, name: "captive portal, former code", rfc: "7710 §2.1", codec: opaque, samples: [{ value: bytesOf("68747470733a2f2f78"), hex: "68747470733a2f2f78" }] }),
  mudUrl: option({ code: 161, name: "MUD URL", rfc: "8520 §10", codec: text, samples: [{ value: "https://mud.example/x.json", hex: "68747470733a2f2f6d75642e6578616d706c652f782e6a736f6e" }] }),
  encryptedResolvers: option({
    code: 162,
    name: "encrypted DNS resolvers",
    rfc: "9463 §5.1",
    codec: encryptedResolvers,
    samples: [
      { value: [{ priority: 1, authenticationName: domain("dns.example"), addresses: [ip("192.0.2.53")], parameters: [{ key: 1, value: bytesOf("03646f74") }] }], hex: "001d 0001 0d 03 646e73 07 6578616d706c65 00 04 c0000235 0001 0004 03646f74" },
      { value: [{ priority: 2, authenticationName: domain("dns.example"), addresses: [], parameters: [] }], hex: "0010 0002 0d 03 646e73 07 6578616d706c65 00" },
    ],
  }),
  sixRd: option({ code: 212, name: "6rd", rfc: "5969 §7.1.1", codec: sixRd, samples: [{ value: { ipv4MaskLength: 8, prefixLength: 32, prefix: bytesOf("20010db8000000000000000000000000"), borderRelays: [ip("192.0.2.1")] }, hex: "08 20 20010db8000000000000000000000000 c0000201" }] }),
  microsoftClasslessRoutes: option({ code: 249, name: "classless static routes, Microsoft's code", rfc: "3442", codec: classlessRoutes, samples: [{ value: [{ destination: net("198.51.100.0/24"), gateway: ip("192.0.2.1") }], hex: "18 c63364 c0000201" }] }),
  proxyAutoConfiguration: option({ code: 252, name: "web proxy auto-discovery", rfc: "none", codec: text, samples: [{ value: "http://wpad.example/wpad.dat", hex: "687474703a2f2f777061642e6578616d706c652f777061642e646174" }] }),
};

export type OptionName = keyof typeof OPTIONS;
/** Overload is no option of a message: decoding uses it up. */
export type Dhcp4Options = Omit<OptionsOf<typeof OPTIONS>, "overload">;
export type Dhcp4OptionName = keyof Dhcp4Options;

type AnyEntry = OptionEntry<unknown> & { readonly key: OptionName };
const ENTRIES: readonly AnyEntry[] = Object.entries(OPTIONS).map(([key, entry]) => ({ ...(entry as OptionEntry<unknown>), key: key as OptionName }));
const BY_CODE: ReadonlyMap<number, AnyEntry> = new Map(ENTRIES.map((entry) => [entry.code, entry]));

/** Every entry, in the order of codes. */
export function everyOption(): readonly AnyEntry[] {
  return ENTRIES;
}

export function optionOfCode(code: number): AnyEntry | undefined {
  return BY_CODE.get(code);
}

/** Codes for option 55 from names, in their order. */
export function requestCodes(names: readonly Dhcp4OptionName[]): readonly number[] {
  return names.map((name) => OPTIONS[name].code);
}
