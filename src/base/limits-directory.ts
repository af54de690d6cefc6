/** Everything of `directory` has a limit: these are part of LIMITS. */
export const DIRECTORY_LIMITS = {
  /**
   * Bytes of a line of passwd.*, for which words about a person are shortened; what is longer without them is left out. glibc's NIS module
   * writes past its memory where ALL gives it one of more than 1,000 bytes, and master.passwd.* have three fields and a hash more.
   */
  passwdLineBytes: 895,
  /** Bytes between two slashes of a home or shell that systemd takes (NAME_MAX); a path with more is told as none. */
  userdbPathPartBytes: 255,
  /** Of a password's hash that is kept for root (CRYPT_OUTPUT_SIZE of crypt(3)); a longer one is nobody's. */
  passwordHashBytes: 384,
  /** A key for SSH (sshd reads 16,384 bytes of a line), and bytes of all keys of one user: twenty of RSA's. Further ones are left out, and counted. */
  sshKeyCharacters: 8192,
  sshKeysBytes: 16_384,
  /** Characters of all keys of a source, 800 for each of 80,000 users; with more it has failed. */
  sshKeysHeldCharacters: 67_108_864,
  /** Groups of one user in netid.byname (NGROUPS_MAX of Linux); further ones are left out. */
  netidGroups: 65_536,
  /** Bytes of requests on one connection to YP or userdb that wait for their turn; more end it. One whole Varlink message fits. */
  directoryWaitingBytes: 1_114_112,
  /** A source of fewer users or groups than these may shrink as it likes, except to none. */
  shrinkGuardEntries: 20,
  /** Cycles after which a shrunken source that gives the same again and again is believed. */
  suspiciousCycles: 3,
  /** Seconds an update may take, whatever the interval. */
  updateSeconds: 3600,
  /** Rejected entries of one reason and one pull that are logged; all are counted. */
  rejectionsLogged: 10,
  /** Servers of one source, those that SRV records name among them. */
  ldapServers: 16,
  /** Groups in groups in groups: nobody nests deeper, and what does is counted as unknown members. */
  nestedDepth: 32,
  /** Members of all groups of a source that are kept to be opened up, and steps of opening them: with more the source has failed, the group is left out. */
  nestedPairs: 2_000_000,
  nestedWork: 20_000_000,
  /** Referrals of one update that are followed, and how often one may lead to another; with more the source has failed. */
  followedReferrals: 64,
  referralDepth: 3,
  /** Entries that change while a source is still read for the first time; with more it is read again. */
  earlyChanges: 4096,
  /** Messages of changes that wait while an update is under way; with more the source is read again. */
  waitingChanges: 1024,
  /** Seconds between two times that changes are written to disk: ten megabytes for a hundred thousand users. */
  changesSavedSeconds: 60,
  /** Sources of one directory. */
  directorySources: 64,
  /** Seconds after which a directory that is still the same is written to disk again, so that its age there stays true. */
  resaveSeconds: 3600,
  /** Seconds until a disk without room for the directory is asked again; meanwhile the file before stays. */
  fullDiskSeconds: 5,
  /** Connections to YP, portmapper and userdb at once, and of one peer, an address or a user; further ones are closed. */
  directoryConnections: 1024,
  directoryConnectionsPerPeer: 64,
  /** Seconds a connection may be silent, and seconds it may leave an answer unread; then it is closed. */
  directoryIdleSeconds: 60,
  directoryStallSeconds: 30,
  /** Members of a group that userdb tells of: its readers merge them in a loop that grows with the square. Asked by user, all are told. */
  userdbGroupMembers: 2000,
  /** Bytes of userdb replies that are gathered into one write. */
  userdbPieceBytes: 32_768,
  /** Bytes that one source gets over UDP in a second: ten times what a client needs that reads 100,000 users one by one. Then silence. */
  datagramBytesPerSecond: 4_194_304,
  /** Sources whose bytes are counted in one second; further ones are not answered in it. */
  datagramSources: 4096,
  /** Bytes of all user records beyond which systemd's multiplexer tells its clients of no user at all (16 MiB are queued, measured). */
  userdbMultiplexerBytes: 14_680_064,
  /** Rejected entries of one reason and one pull that status names, and bytes of such a name. */
  rejectNames: 3,
  rejectNameBytes: 128,
  /** Characters of one page of what a pull would change, as JSON, and that one row may add: a page has to fit a frame. */
  differencePageCharacters: 16_000,
  /** Names that an event about users or groups carries; the counts are of all. */
  eventNames: 10,
  /** Rules of who may ask for which map, networks and maps of one, and networks of a securenets file; more are an error of the configuration. */
  accessRules: 64,
  accessItems: 64,
  securenets: 1024,
  /** Seconds a probe of a source may take, steps of it that are told, and characters of a line that is shown. */
  probeSeconds: 60,
  probeSteps: 32,
  probeLineCharacters: 512,
} as const;
