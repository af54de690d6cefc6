/** Values with their bytes, written by hand from the kernel's headers. */
import type { Ipv4Address, Ipv4Prefix } from "../../../src/base/ipv4.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../../src/base/ipv6.ts";
import type { MacAddress } from "../../../src/base/mac.ts";
import type { InterfaceAddress } from "../../../src/wire/netlink/address.ts";
import type { Link, LinkWish } from "../../../src/wire/netlink/link.ts";
import type { Neighbour } from "../../../src/wire/netlink/neighbour.ts";
import { type Ipv4Route, type Ipv6Route, type Route, routeWith } from "../../../src/wire/netlink/route.ts";

export type Sample<T> = readonly [what: string, value: T, hex: string];

export const ADDRESSES: readonly Sample<InterfaceAddress>[] = [
  [
    "an IPv4 lease",
    {
      family: "ipv4",
      interfaceIndex: 2,
      address: "192.0.2.2" as Ipv4Address,
      prefixLength: 24,
      broadcast: "192.0.2.255" as Ipv4Address,
      flags: 0x200,
      scope: 0,
      protocol: 16,
      preferredSeconds: 1800,
      validSeconds: 3600,
      routeMetric: 1024,
    },
    `
    02 18 00 00 02000000                     # AF_INET, /24, flags (low byte), scope global, interface 2
    0800 0100 c0000202                       # IFA_ADDRESS
    0800 0200 c0000202                       # IFA_LOCAL
    0800 0400 c00002ff                       # IFA_BROADCAST
    1400 0600 08070000 100e0000 0000000000000000  # IFA_CACHEINFO: preferred 1800, valid 3600
    0800 0800 00020000                       # IFA_FLAGS: NOPREFIXROUTE
    0800 0900 00040000                       # IFA_RT_PRIORITY 1024
    0500 0b00 10 000000                      # IFA_PROTO 16, padded`,
  ],
  [
    "an IPv6 address for ever",
    {
      family: "ipv6",
      interfaceIndex: 3,
      address: "2001:db8::1" as Ipv6Address,
      prefixLength: 64,
      flags: 0x202,
      scope: 0,
      protocol: 0,
      preferredSeconds: 0xffffffff,
      validSeconds: 0xffffffff,
    },
    `
    0a 40 02 00 03000000
    1400 0100 20010db8000000000000000000000001
    1400 0600 ffffffff ffffffff 0000000000000000
    0800 0800 02020000                       # NODAD, NOPREFIXROUTE`,
  ],
];

export const ROUTES: readonly Sample<Route>[] = [
  [
    "a default route beyond the subnet",
    routeWith<Ipv4Route>({
      family: "ipv4",
      destination: "0.0.0.0/0" as Ipv4Prefix,
      outInterface: 2,
      gateway: "203.0.113.1" as Ipv4Address,
      onlink: true,
      metric: 1024,
      preferredSource: "192.0.2.2" as Ipv4Address,
      mtu: 1400,
    }),
    `
    02 00 00 00 fe 10 00 01 04000000         # AF_INET, /0, main, proto dhcp, scope global, unicast, ONLINK
    0800 0400 02000000                       # RTA_OIF
    0800 0500 cb007101                       # RTA_GATEWAY
    0800 0600 00040000                       # RTA_PRIORITY 1024
    0800 0700 c0000202                       # RTA_PREFSRC
    0c00 0880 0800 0200 78050000             # RTA_METRICS (nested): MTU 1400
    0800 0f00 fe000000                       # RTA_TABLE`,
  ],
  [
    "an unreachable aggregate",
    routeWith<Ipv6Route>({ family: "ipv6", destination: "2001:db8:1200::/56" as Ipv6Prefix, type: "unreachable", metric: 2048 }),
    `
    0a 38 00 00 fe 10 00 07 00000000
    1400 0100 20010db8120000000000000000000000
    0800 0600 00080000
    0800 0f00 fe000000`,
  ],
];

export const WISHES: readonly Sample<LinkWish>[] = [
  [
    "a wire into the namespace of a process",
    { name: "wan0", up: true, kind: { name: "veth", peer: { name: "eth0", mac: "02:00:5e:10:00:01" as MacAddress, namespace: { pid: 4711 } } } },
    `
    00 00 0000 00000000 01000000 01000000    # new, IFF_UP, change IFF_UP
    0900 0300 77616e3000 000000              # IFLA_IFNAME "wan0"
    4800 1280                                # IFLA_LINKINFO (nested)
      0900 0100 7665746800 000000            #   IFLA_INFO_KIND "veth"
      3800 0280                              #   IFLA_INFO_DATA (nested)
        3400 0100                            #     VETH_INFO_PEER
          00 00 0000 00000000 00000000 00000000
          0900 0300 6574683000 000000        #       IFLA_IFNAME "eth0"
          0a00 0100 02005e100001 0000        #       IFLA_ADDRESS
          0800 1300 67120000                 #       IFLA_NET_NS_PID`,
  ],
  ["a new master and MTU", { index: 4, mtu: 1400, masterIndex: 9 }, "00 00 0000 04000000 00000000 00000000  0800 0400 78050000  0800 0a00 09000000"],
  ["down, into an open namespace", { index: 4, up: false, namespace: { fd: 11 } }, "00 00 0000 04000000 00000000 01000000  0800 1c00 0b000000"],
  [
    "a VRF",
    { name: "v", kind: { name: "vrf", table: 1000 } },
    `
    00 00 0000 00000000 00000000 00000000  0600 0300 7600 0000
    1800 1280                                # IFLA_LINKINFO
      0800 0100 76726600                     #   IFLA_INFO_KIND "vrf"
      0c00 0280 0800 0100 e8030000           #   IFLA_INFO_DATA: table 1000`,
  ],
];

export const NEIGHBOURS: readonly Sample<Neighbour>[] = [
  [
    "a permanent entry",
    { family: "ipv4", interfaceIndex: 2, address: "192.0.2.1" as Ipv4Address, mac: "02:00:5e:10:00:02" as MacAddress, state: "permanent", flags: 0 },
    "02 000000 02000000 8000 00 00  0800 0100 c0000201  0a00 0200 02005e100002 0000",
  ],
  [
    "a proxy entry",
    { family: "ipv6", interfaceIndex: 2, address: "2001:db8::77" as Ipv6Address, state: "none", flags: 8 },
    "0a 000000 02000000 0000 08 00  1400 0100 20010db8000000000000000000000077",
  ],
];

export const LINKS: readonly Sample<Link>[] = [
  [
    "an excerpt from wireless extensions",
    {
      index: 3,
      family: 0,
      arpType: 1,
      up: true,
      running: false,
      lowerUp: false,
      loopback: false,
      pointToPoint: false,
      multicast: true,
      name: "wlan0",
    },
    "00 00 0100 03000000 01100000 00000000  0a00 0300 776c616e3000 0000",
  ],
];
