/** Numbers of the DHCPv6 messages and options that the packet path reads and writes in place (RFC 9915 §7.3, §21). */
export const TYPE = {
  solicit: 1,
  advertise: 2,
  request: 3,
  confirm: 4,
  renew: 5,
  rebind: 6,
  reply: 7,
  release: 8,
  decline: 9,
  reconfigure: 10,
  informationRequest: 11,
  relayForward: 12,
  relayReply: 13,
} as const;

export const OPTION = {
  clientId: 1,
  serverId: 2,
  iaNa: 3,
  iaTa: 4,
  iaAddress: 5,
  requested: 6,
  preference: 7,
  relayMessage: 9,
  authentication: 11,
  status: 13,
  rapidCommit: 14,
  userClass: 15,
  vendorClass: 16,
  interfaceId: 18,
  reconfigureMessage: 19,
  reconfigureAccept: 20,
  dnsServers: 23,
  domainSearch: 24,
  iaPd: 25,
  iaPrefix: 26,
  informationRefresh: 32,
  remoteId: 37,
  subscriberId: 38,
  clientFqdn: 39,
  echoRequest: 43,
  relayId: 53,
  bootFileUrl: 59,
  bootFileParameters: 60,
  clientArchitectures: 61,
  pdExclude: 67,
  linkLayerAddress: 79,
  solMaxRt: 82,
  infMaxRt: 83,
  relayPort: 135,
} as const;

/** Octets of fixed parts: headers of messages and of options, and the least value of options that hold others. */
export const SIZE = { header: 4, relayHeader: 34, option: 4, ia: 12, iaAddress: 24, iaPrefix: 25, status: 2 } as const;

/** RFC 9915 §7.2. */
export const PORT = { client: 546, server: 547 } as const;
