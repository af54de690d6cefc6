/** Everything has a limit, in one table, with the reason and what happens at it. */

// biome-ignore format: what belongs together stands in one line. Spreads instead would cost each process half a megabyte: a shape for every field.
export const LIMITS = {
  /** Bytes of one datagram we look at: any IPv4 datagram a link with MTU 1500 can carry, and jumbo ones; longer is dropped. */
  datagramBytes: 9216,
  /** Routes of one lease, a default route for each router among them; further ones are left out. */
  routesPerLease: 256,
  /** Name servers, time servers and the like that are used; further ones in an option of DHCPv6 make it malformed, of DHCPv4 are left out. */
  addressesPerOption: 64,
  /**
   * Addresses and routes in one option of DHCPv4: what the longest datagram could hold, so that a server's long list costs no lease. What is
   * used of them are `routesPerLease` and `addressesPerOption`.
   */
  dhcp4ListedAddresses: 2304, dhcp4ListedRoutes: 1843,
  /** Names of one search list (RFC 3397); further ones make the option malformed. */
  searchDomains: 64,
  /** Bytes of one option an operator makes up: what four instances of RFC 3396 carry. A longer one is refused. */
  sentOptionBytes: 1020,
  /** Options of one DHCPv4 message after joining; a datagram of 1,500 bytes can hold 600 empty ones. */
  dhcp4Options: 256,
  /** Options at one level of a DHCPv6 message: 64 IAs, three times 64 others and room; further ones condemn that level. */
  dhcp6Options: 512,
  /** Relays a message may have passed (HOP_COUNT_LIMIT, RFC 9915 §7.6); one that has passed as many is not relayed further. */
  relayHops: 8,
  /** Relay envelopes opened around one message: relays of before RFC 9915 allowed 32 hops; a deeper one is refused. */
  relayLevels: 32,
  /** Options of one message of neighbour discovery; a datagram of 1,500 octets can hold 185. */
  ndOptions: 185,
  /** Hosts that wait half a second for a router's answer of their own; where more ask, one answer to all does. */
  routerAnswers: 64,
  /** Prefixes, routes, resolvers and names that hosts of one link are still told to forget (RFC 9096 §3.5); the oldest go first. */
  withdrawnItems: 64,
  /** What hosts of one link were told that is kept over a restart: what was withdrawn, and as much that is true. */
  rememberedItems: 128,
  /** Addresses of all links, and default and refusing routes, that are remembered; further ones are as if they were not there. */
  watchedAddresses: 4096, watchedRoutes: 4096,
  /** Messages a second that one interface of a relay passes on, and how many at once after a pause; further ones are dropped. */
  relayedPerSecond: 500, relayedBurst: 1000,
  /** The same for one client, which sends a few messages a minute; and clients remembered for it, of whom the oldest is forgotten. */
  relayedPerClientPerSecond: 10, relayedPerClientBurst: 50, relayClients: 4096,
  /** Compression pointers followed for one name (RFC 1035 §4.1.4): a name has at most 127 labels. */
  namePointers: 127,
  /** Advertises a client keeps while it collects them; a link with more servers than that has strangers on it. The oldest goes. */
  offersCollected: 16,
  /** Prefixes of one IA_PD that a client uses; providers give one, and two while they renumber. Further ones are left. */
  prefixesPerDelegation: 8,
  /** Routers of an uplink whose advertisements are remembered; the one heard of longest ago goes. */
  routersWatched: 16,
  /** Options of a DHCPv6 server that are handed on as they came, and their octets together; further ones are left out. */
  toldOptions: 64, toldOctets: 8192,
  /** Addresses of prefixes that went, kept deprecated for one uplink; a provider that renumbers that often loses the oldest. */
  retiredAddresses: 64,
  /** Addresses of one uplink that its servers are told of (RFC 9686); the kernel makes 16 of its own, further ones are not told. */
  registeredAddresses: 64,
  /** Interfaces one service may be configured for. */
  interfaces: 64,
  /** IA_PDs of one uplink, and interfaces that share the prefix of one. */
  delegations: 32, planTargets: 256,
  /** Options of DHCPv6 that an operator asks for, and makes up, for one uplink. */
  dhcp6RequestedOptions: 128, dhcp6SentOptions: 32,
  /** What stable host parts are made of (RFC 7217 §5 asks for 128 bits at least). */
  stableSecretBytes: 16,
  /** Addresses of one subnet that are tried when other hosts have them (RFC 7217 §7: IDGEN_RETRIES is 3); then the link does without. */
  hostPartTries: 4,
  /** Addresses and routes that all delegated prefixes together may put into the kernel; a plan with more is refused whole. */
  plannedAddresses: 1024,
  /** Links behind relays that one server may know, options by which one is told, octets of such an option. */
  relayedLinks: 1024, relaySelectors: 64, relayOptionBytes: 255,
  /** Classes of clients, and questions asked of one; hosts with reservations, by what one host is known, bytes of their names. */
  clientClasses: 64, classTests: 16, reservedHosts: 16_384, hostIdentities: 16, labelBytes: 64,
  /** Options in one set of a server's, bytes of each, architectures that boot from one link; bytes of the whole configuration of `lan`. */
  servedOptions: 64, servedOptionBytes: 1024, bootFiles: 32, lanConfigBytes: 16_777_216,
  /** Octets of options in one answer beside its leases, for the answer has to fit a datagram; what comes after is left out. */
  servedOctets: 8192,
  /** Sets of options that are kept as a link, classes and a host together make them; with more at once they are made again. */
  mergedOptionSets: 1024,
  /** Bytes of one datagram an engine sends through the frontend: what UDP over IPv4 can carry (RFC 768), for replies over RPC. */
  rpcReplyDatagramBytes: 65_507,
  /** Bytes of PEM certificates one source trusts, and resolvers the fetcher may ask. */
  trustedPemBytes: 65_535,
  resolvers: 8,
  /** Names of the machine's own users, or groups, that a directory may not give again. */
  localNames: 2048,
  /** Users or groups in one message between fetcher and engine, and members of a group in one part: what 96,000 bytes can hold. */
  entriesPerMessage: 16_384,
  membersPerPart: 65_535,
  /** Kinds of rejected entries that are told apart. */
  rejectReasons: 64,
  /** Rejected entries of one reason that are logged by name in one update; the others are counted. */
  rejectSamples: 10,
  /** Bytes of entries in one message between fetcher and engine, counted generously. */
  directoryBatchBytes: 96_000,
  /** Bytes of the sentence that says why a source failed. */
  failureReasonBytes: 256,
  /** Seconds one update may take, whatever the servers do. */
  pullSeconds: 3600,
  /**
   * Connections of one outlet of the directory; further ones are closed at accept. Twice what one peer may have, or one would shut out
   * all others; three outlets at two descriptors a connection stay below the 1,024 that a process has by default.
   */
  outletConnections: 128,
  /** Routes to delegated prefixes in one message. */
  delegatedRoutes: 64,
  /** Routes to delegated prefixes at once, for the kernel's memory: a hundred megabytes. Further clients hold a prefix without one. */
  delegatedRoutesHeld: 262_144,
  /** Bytes of one frame on a role channel; a batch of 64 datagrams of 1,500 bytes fits. */
  channelFrameBytes: 160_000,
  /** Datagrams in one frame on a role channel. */
  channelBatch: 64,
  /** Frames waiting for one interface between frontend and engine; further ones are dropped and counted. */
  framesQueuedPerInterface: 256,
  /** Steps an engine remembers per machine for `trace` and `explain`. */
  traceSteps: 4096,
  /** The same for steps that changed nothing, such as datagrams of strangers: they hold what was said, of 9 KB at most. */
  traceIdleSteps: 512,
  /** Seconds a server is recorded when it is asked for, at most; steps and characters after which it ends before that. */
  recordingSeconds: 600, recordingSteps: 65_536, recordingCharacters: 33_554_432,
  /** Characters of one step; with a longer one the recording ends. It fits a view between roles, escapes included. */
  recordingStepCharacters: 60_000,
  /** Rows of a lease table that can be recorded: all of them are written down first, and clients wait meanwhile. */
  recordingLeases: 16_384,
  /** Bytes of a directory that can be recorded, for the same reason. */
  recordingDirectoryBytes: 4_194_304,
  /** Seconds for which a recording is kept that nobody fetches. */
  recordingKeptSeconds: 60,
  /** Control connections at once; further ones are closed at accept. */
  controlConnections: 64,
  /** Bytes of one control request, headers and body. */
  controlRequestBytes: 65_536,
  /** Requests of all control connections that wait for an engine; further ones get 503. */
  controlOutstanding: 8,
  /** Watchers of the event stream at once, a quarter of the connections; further ones get 503. */
  watchers: 16,
  /** Characters that wait for a watcher who does not read; the oldest events are dropped and counted, and the watcher is told. */
  watcherCharacters: 131_072,
  /** Transitions that `explain` tells of. */
  explainedTransitions: 50,
  /** Rows on one page of a list; leases in one message between roles, however long their names are, and leases that one request changes. */
  pageRows: 1000, leasesPerFrame: 250, leaseChanges: 128,
  /** Bytes of what is told of one lease; events of leases that wait for who hears of them, of which the newest are dropped and counted. */
  leaseEventBytes: 2048, leaseEventsWaiting: 8192,
  /** Names in the file of one link; further ones are left out. In one message between roles there are at most `leasesPerFrame`. */
  hostNames: 65_536,
  /** Seconds the control role stays without a connection; milliseconds after a lone question. */
  controlIdleSeconds: 60, controlLoneMs: 250,
  /** Seconds between restarts of a role that dies again and again: 0.1, 0.2, 0.4 ... up to this. */
  restartBackoffSeconds: 30,
  /** Bytes of one lease file; a larger one is ignored. */
  leaseFileBytes: 65_535,
  /** Bytes of a configuration file; a larger one is refused. */
  configBytes: 1_048_576,
  /** Bytes of one word or string of a native configuration file, as in the programs they come from; a longer one is an error. */
  nativeTokenBytes: 8095,
  /** Errors of one configuration that are told; a file with more is another kind of file, and the list of them would not end. */
  configProblems: 200,
  /** Servers that one interface of dhcpleased.conf may ignore, as ever; more are an error. */
  nativeIgnoredServers: 16,
  /** Seconds a program of the system gets that main asks to do something, and bytes of what it says about it. */
  helperProgramSeconds: 10,
  helperOutputBytes: 2048,
  /** Hooks that run at once, one of them for each interface; events that wait for their turn, of which the oldest are dropped; seconds one gets. */
  hooksAtOnce: 4, hooksWaiting: 256, hookSeconds: 30,
  /** NAKs in a row wait at most this long before the next DISCOVER. */
  nakBackoffSeconds: 60,
  /** Bytes of one LDAP message: a group with 100,000 members is about 1 MB; a larger message ends the connection. */
  ldapMessageBytes: 67_108_864,
  /** Nested filters of one search, in text and on the wire; deeper ones are refused. */
  ldapFilterDepth: 32,
  /** Items of one filter in all; no operator writes more. */
  ldapFilterItems: 1024,
  /** Attributes of one entry or search request; schemas with a thousand attributes exist, entries that use them do not. */
  ldapAttributes: 4096,
  /** Values of one entry in all: each costs an object of 200 bytes however short it is. */
  ldapValues: 500_000,
  /** Entries of one search with values that have to be asked for in ranges; groups of more than 1,500 members in Active Directory. */
  ldapPartialEntries: 1024,
  /** Controls of one message, and addresses of one referral. */
  ldapControls: 32,
  ldapReferrals: 64,
  /** Identifiers in one set of a sync info message (RFC 4533 §2.5); providers send a thousand at most. */
  ldapSyncIds: 65_536,
  /** RDNs of one name, and parts of one RDN. */
  dnParts: 256,
  /** Bytes of one RPC request; the longest we know is a YP key of 1,024 bytes behind credentials of 400. */
  rpcRequestBytes: 8192,
  /** Fragments of one RPC record (RFC 5531 §11): a request needs one; without a limit empty ones could go on for ever. */
  rpcFragments: 64,
  /** Bytes of credentials or of a verifier (RFC 5531 §8.2). */
  rpcAuthBytes: 400,
  /** Supplementary groups in AUTH_SYS (RFC 5531 §14), and bytes of its machine name. */
  rpcGroups: 16,
  rpcMachineBytes: 255,
  /** Rows of a portmapper dump we read; a busy machine has a hundred. */
  rpcMappings: 4096,
  /** Bytes of a network id, a universal address or an owner in rpcbind. */
  rpcbindTextBytes: 256,
  /** Bytes of a NIS domain (the kernel's own limit), a map name and a host name. */
  ypDomainBytes: 64,
  ypMapBytes: 64,
  ypPeerBytes: 64,
  /** Bytes of a key in a YP request (YPMAXRECORD). */
  ypKeyBytes: 1024,
  /** Bytes of a value in a YP reply that we read: what the C library accepts. What a reply may hold is the outlet's choice. */
  ypValueBytes: 16_777_216,
  /** Maps of one domain, and records of one reply that we read whole. */
  ypMaps: 256,
  ypRecords: 1_000_000,
  /** Bytes of one Varlink message; a longer one ends the connection. */
  varlinkMessageBytes: 1_048_576,
  /** Nested objects and arrays of one Varlink message; user records have four. */
  varlinkDepth: 32,
  /** Bytes of a user's or group's name: what clients keep room for. A longer one is rejected. */
  directoryNameBytes: 255,
  /** Characters of any other field of a directory's entry; a longer one rejects the entry. */
  directoryFieldBytes: 4096,
  /** Members of one group; more reject the group. The largest we heard of has 100,000. */
  directoryMembers: 500_000,
  /** Users, and groups, of one source; with more the source counts as failed: half of a directory is never served. */
  directoryEntries: 1_000_000,
  /** Bytes of all lines of one kind from one source; with more the source counts as failed. */
  directoryBytes: 268_435_456,
  /** Rows that are sorted or written before packets get their turn: a few milliseconds. */
  directorySliceRows: 4096,
  /** Bytes of an answer to ALL that are made at a time where a map has none ready. */
  ypPieceBytes: 16_384,
  /** Leases of one server: 2,000,000 take 260 MB. Further clients get no address. */
  leases: 2_000_000,
  /** Addresses of one identity association that are remembered: a few pools in a few generations of prefixes. */
  leasesPerClient: 32,
  /**
   * Blocks of 64 bytes of what is remembered beside one lease: some eight relays and a name; what does not fit is left out, the name
   * first. And bytes of all such notes: beyond, further leases have none, and their clients cannot be told to come back.
   */
  noteBlocks: 8, notesBytes: 268_435_456,
  /** Clients that were told to come back and are waited for: the next are told when one has answered or was given up, in nine minutes. */
  reconfiguresUnderWay: 16_384,
  /** Of them, how many begin on one link in a tenth of a second: their answers are a load too. And rounds through all clients at once. */
  reconfiguresBegun: 16, reconfigureRounds: 64,
  /** Clients remembered as told in a round: one with several leases that stand further apart is told twice. And of whom `show` tells. */
  reconfiguresMet: 16_384, reconfiguredShown: 32,
  /** Clients without leases that would obey a Reconfigure; the one known longest goes, and learns of changes when its time is over. */
  reconfigureBook: 4096,
  /** Offers remembered (a power of two), and for how long: a client that got an Advertise answers within seconds. */
  offers: 16_384,
  offerSeconds: 60,
  /** Bytes of one group of lease changes on its way to disk: 5,000 leases. What does not fit waits for the next. */
  commitBytes: 327_680,
  /** Bytes of one segment of the journal; it is left for the next one when a group does not fit any more. */
  segmentBytes: 16_777_216,
  /** Segments that may lie on disk: four times what 2,000,000 leases come to before a snapshot relieves them. Then none is made. */
  journalSegments: 64,
  /** Identity associations of one DHCPv6 message that are served; further ones are answered with UnspecFail (RFC 9915 §21.13). */
  iasPerMessage: 64,
  /** Addresses or prefixes named in one identity association: hosts name one or two. With more it is answered with UnspecFail. */
  hintsPerIa: 8,
  /** Leases that one message may change, for the room they take in the journal; associations beyond are answered with UnspecFail. */
  leasesPerMessage: 128,
  /** Prefixes of one link from which clients get addresses, an address from each; those that end first are passed over. */
  poolsPerLink: 16,
  /** Hashed places tried for an address or prefix (RFC 7943 §4), then places one after the other where the pool is that small. */
  poolHashes: 64,
  poolPlaces: 4096,
  /** Addresses of one link that are kept out of use after a Decline; beyond, a declined one may be given again. */
  declinedPerLink: 4096,
  /** Addresses that one client may find in use within a day, and clients of which that is known; what it declines beyond is as if given back. */
  declinesPerClient: 8, decliners: 4096,
  /** Sources of messages that are told apart where their rate is limited; the one that came first is forgotten. */
  rateSources: 4096,
  /** Bytes of one fragment of an RPC record we write: what a reader that stops leaves in memory, twice. */
  rpcFragmentBytes: 65_536,
  /** Bytes of a value in a YP reply over UDP: the C library's buffer holds 8,800 with what stands before it. A longer one is not sent. */
  ypDatagramValueBytes: 8768,
} as const;
