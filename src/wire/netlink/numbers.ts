/** Numbers of the kernel's route netlink interface (include/uapi/linux: netlink.h, rtnetlink.h, if_link.h, if_addr.h, neighbour.h). */

export const NLM_F = {
  request: 0x1,
  multi: 0x2,
  ack: 0x4,
  dumpInterrupted: 0x10,
  /** For "new" requests. */
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
  append: 0x800,
  /** For "get" requests: everything. */
  dump: 0x300,
  /** For errors: the request is not repeated; attributes follow. */
  capped: 0x100,
  ackAttributes: 0x200,
} as const;

export const NLMSG = { noop: 1, error: 2, done: 3, overrun: 4, firstData: 16 } as const;

export const RTM = {
  newLink: 16,
  delLink: 17,
  getLink: 18,
  setLink: 19,
  newAddress: 20,
  delAddress: 21,
  getAddress: 22,
  newRoute: 24,
  delRoute: 25,
  getRoute: 26,
  newNeighbour: 28,
  delNeighbour: 29,
  getNeighbour: 30,
} as const;

/** Multicast groups a monitor joins; group n is bit n-1 of `nl_groups`. */
export const GROUP = { link: 1, neighbour: 3, ipv4Address: 5, ipv4Route: 7, ipv6Address: 9, ipv6Route: 11 } as const;

export const FAMILY = { any: 0, ipv4: 2, bridge: 7, ipv6: 10 } as const;

/** Interface flags (net/if.h). */
export const IFF = { up: 0x1, loopback: 0x8, pointToPoint: 0x10, running: 0x40, noArp: 0x80, multicast: 0x1000, lowerUp: 0x10000 } as const;
/** ARPHRD_*, of `Link.arpType`. */
export const ARP_TYPE = { ethernet: 1, ppp: 512, loopback: 772, none: 65534 } as const;

/** Of `InterfaceAddress.flags`. */
export const IFA_F = {
  temporary: 0x1,
  noDad: 0x2,
  optimistic: 0x4,
  dadFailed: 0x8,
  deprecated: 0x20,
  tentative: 0x40,
  permanent: 0x80,
  manageTemporary: 0x100,
  noPrefixRoute: 0x200,
  stablePrivacy: 0x800,
} as const;

/** Distance to the destination, of routes and addresses. */
export const SCOPE = { global: 0, site: 200, link: 253, host: 254, nowhere: 255 } as const;
export const TABLE = { default: 253, main: 254, local: 255 } as const;
/** Who put a route there. */
export const ROUTE_PROTOCOL = { redirect: 1, kernel: 2, boot: 3, static: 4, routerAdvertisement: 9, dhcp: 16 } as const;
/** Who put an address there (IFA_PROTO, Linux 5.18); the kernel's own use 1 to 3. */
export const ADDRESS_PROTOCOL = { loopback: 1, routerAdvertisement: 2, linkLocal: 3, dhcp: 16 } as const;
/** Neighbour flags. */
export const NTF = { use: 0x1, proxy: 0x8, externallyLearned: 0x10, router: 0x80 } as const;
