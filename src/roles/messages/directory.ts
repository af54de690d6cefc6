/** Messages of `directory`: configurations of engine and fetcher, entries, the snapshot's file, connections of outlets. */
import { bytes16, type Codec, choice, empty, flag, list16, optional, struct, text16, u16, u32 } from "../../base/codec.ts";
import { ipv6Address } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import { DIRECTORY_LIMITS } from "../../base/limits-directory.ts";
import { RPC_PURPOSES, STREAM_PURPOSES } from "../../ports/streams.ts";
import {
  type DirectoryConfig,
  FIELD_SOURCES,
  type FetcherConfig,
  type GroupField,
  type IdFences,
  MAP_SECURITY,
  LDAP_TRANSPORTS,
  ON_FAILURE,
  PAGINATIONS,
  REFERRAL_POLICIES,
  REFRESH_METHODS,
  type SearchConfig,
  type UserField,
  YP_MAPS,
  type YpConfig,
} from "../../services/directory/config.ts";
import type { UserEntry } from "../../services/directory/entries.ts";
import { DIRECTORY_EVENTS } from "../../services/directory/events.ts";
import type { SourceSecrets } from "../../services/directory/secrets.ts";
import { PROBE_STEPS, type ProbeReport } from "../../services/directory/probe/report.ts";
import { text32 } from "./codecs.ts";
import { message } from "./message.ts";

const word = text16(255);
const phrase = text16(4096);
const pem = text32(LIMITS.trustedPemBytes);
const sourceName = text16(64);
const localNames = list16(word, LIMITS.localNames);
const idFences: Codec<IdFences> = struct({
  minUid: u32,
  maxUid: u32,
  minGid: u32,
  maxGid: u32,
  localUsers: localNames,
  localGroups: localNames,
});

const fieldSource = struct({ kind: choice(FIELD_SOURCES), value: phrase });
const SEARCH = { base: phrase, scope: choice(["one", "subtree"]), filter: text32(LIMITS.trustedPemBytes) } as const;
const users: Codec<SearchConfig<UserField>> = struct({
  ...SEARCH,
  fields: struct({
    name: fieldSource,
    password: fieldSource,
    uid: fieldSource,
    gid: fieldSource,
    gecos: fieldSource,
    home: fieldSource,
    shell: fieldSource,
    sshKeys: fieldSource,
  }),
});
const groups: Codec<SearchConfig<GroupField>> = struct({
  ...SEARCH,
  fields: struct({ name: fieldSource, password: fieldSource, gid: fieldSource, members: fieldSource }),
});

export const fetcherConfig: Codec<FetcherConfig> = struct({
  resolvers: list16(text16(64), LIMITS.resolvers),
  idFences,
  sources: list16(
    struct({
      name: sourceName,
      servers: list16(struct({ host: word, address: optional(text16(64)), port: u16 }), DIRECTORY_LIMITS.ldapServers),
      srv: word,
      transport: choice(LDAP_TRANSPORTS),
      trustedPem: pem,
      clientPem: optional(struct({ certificate: pem, key: pem })),
      bind: choice(["simple", "external"]),
      bindDn: phrase,
      bindPassword: phrase,
      authorizationId: phrase,
      pageSize: u32,
      pagination: choice(PAGINATIONS),
      referrals: choice(REFERRAL_POLICIES),
      nested: flag,
      refresh: choice(REFRESH_METHODS),
      reconcileSeconds: u32,
      users,
      groups,
    }),
    DIRECTORY_LIMITS.directorySources,
  ),
});

/** In the file that comes with it, which goes from the configuration's reader to the fetcher unread. */
export const sourceSecrets: Codec<readonly SourceSecrets[]> = list16(
  struct({ bindPassword: phrase, clientKey: pem }),
  DIRECTORY_LIMITS.directorySources,
);

const yp: Codec<YpConfig> = struct({
  listen: list16(text16(64), LIMITS.interfaces),
  port: u16,
  register: choice(["builtin", "rpcbind", "none"]),
  binding: flag,
  maps: list16(choice(YP_MAPS), YP_MAPS.length),
  allow: list16(text16(64), LIMITS.addressesPerOption + DIRECTORY_LIMITS.securenets),
  rules: list16(
    struct({
      networks: list16(text16(64), DIRECTORY_LIMITS.accessItems),
      maps: list16(text16(LIMITS.ypMapBytes), DIRECTORY_LIMITS.accessItems),
      security: choice(MAP_SECURITY),
    }),
    DIRECTORY_LIMITS.accessRules,
  ),
});
export const directoryConfig: Codec<DirectoryConfig> = struct({
  domain: text16(LIMITS.ypDomainBytes),
  master: word,
  intervalSeconds: u32,
  maxStaleSeconds: u32,
  idFences,
  sources: list16(
    struct({ name: sourceName, onFailure: choice(ON_FAILURE), shrinkPercent: u16, keepSeconds: u32 }),
    DIRECTORY_LIMITS.directorySources,
  ),
  yp: optional(yp),
  userdb: optional(struct({ service: word, enumerate: flag, sshKeys: flag })),
});

/** A field of LIMITS.directoryFieldBytes characters, in UTF-8. */
const field = text16(3 * LIMITS.directoryFieldBytes);
const sshKeys = text16(DIRECTORY_LIMITS.sshKeysBytes);
const user: Codec<UserEntry> = struct({ name: word, password: field, uid: u32, gid: u32, gecos: field, home: field, shell: field, sshKeys });
/** A group with more members than fit comes in parts, one after the other; the last has `more` unset. */
const groupPart = struct({ name: word, password: field, gid: u32, members: list16(word, LIMITS.membersPerPart), more: flag });
const HELD = { update: u32, change: u32 } as const;
const goneNames = list16(word, LIMITS.entriesPerMessage);
const sample = text16(4 * DIRECTORY_LIMITS.rejectNameBytes);
const rejects = list16(struct({ reason: text16(64), count: u32, samples: list16(sample, DIRECTORY_LIMITS.rejectNames) }), LIMITS.rejectReasons);
const report: Codec<ProbeReport> = struct({
  done: flag,
  reason: text16(256),
  steps: list16(
    struct({ step: choice(PROBE_STEPS), ok: flag, ms: u32, detail: text16(4 * DIRECTORY_LIMITS.probeLineCharacters) }),
    DIRECTORY_LIMITS.probeSteps,
  ),
  users: u32,
  groups: u32,
  lines: list16(text16(4 * DIRECTORY_LIMITS.probeLineCharacters), DIRECTORY_LIMITS.probeSteps),
  rejects,
});
/** What an operator may ask the directory for. */
export const DIRECTORY_VERBS = ["refresh", "accept", "probe"] as const;
export type DirectoryVerb = (typeof DIRECTORY_VERBS)[number];

export const DIRECTORY = {
  fetcherConfig: message({ type: 140, from: ["main"], to: ["fetcher"], body: fetcherConfig, descriptors: 1, when: ["starting", "running"] }),
  /** `port` is the one of YP, taken by main; 0 without. */
  directoryConfig: message({
    type: 141,
    from: ["main"],
    to: ["engine-directory"],
    body: struct({ config: directoryConfig, port: u16 }),
    when: ["starting", "running"],
  }),

  // the snapshot's file
  storedSnapshot: message({ type: 142, from: ["main"], to: ["engine-directory"], body: struct({ bytes: u32 }), descriptors: 1 }),
  openSnapshot: message({ type: 143, from: ["engine-directory"], to: ["main"], body: empty }),
  freshSnapshot: message({ type: 144, from: ["main"], to: ["engine-directory"], body: empty, descriptors: 1 }),
  /** It is whole and on disk: it takes the name of the one before. */
  snapshotSaved: message({ type: 145, from: ["engine-directory"], to: ["main"], body: struct({ bytes: u32 }) }),
  /** The disk has no room for it: what there is of it goes, and the one before stays. */
  snapshotFailed: message({ type: 149, from: ["engine-directory"], to: ["main"], body: empty }),

  // whether the engine hangs
  areYouThere: message({ type: 157, from: ["main"], to: ["engine-directory"], body: empty }),
  here: message({ type: 158, from: ["engine-directory"], to: ["main"], body: empty }),

  // connections
  stream: message({
    type: 146,
    from: ["main"],
    to: ["engine-directory"],
    body: struct({ number: u32, purpose: choice(STREAM_PURPOSES), peer: ipv6Address, port: u16, uid: u32 }),
    descriptors: 1,
  }),
  streamClosed: message({ type: 147, from: ["engine-directory"], to: ["main"], body: struct({ number: u32 }) }),
  /** A socket of YP or the portmapper, bound to one address. */
  callSocket: message({
    type: 165,
    from: ["main"],
    to: ["engine-directory"],
    body: struct({ number: u32, purpose: choice(RPC_PURPOSES) }),
    descriptors: 1,
  }),
  closeCallSocket: message({ type: 166, from: ["main"], to: ["engine-directory"], body: struct({ number: u32 }) }),
  /** A connection to rpcbind's own socket, which believes only root. */
  connectRpcbind: message({ type: 148, from: ["engine-directory"], to: ["main"], body: empty }),

  // engine and fetcher
  pull: message({
    type: 150,
    from: ["engine-directory"],
    to: ["fetcher"],
    body: struct({ update: u32, withinSeconds: u32, held: list16(struct(HELD), DIRECTORY_LIMITS.directorySources) }),
    when: ["starting", "running"],
  }),
  entries: message({
    type: 151,
    from: ["fetcher"],
    to: ["engine-directory"],
    body: struct({
      update: u32,
      source: u16,
      users: list16(user, LIMITS.entriesPerMessage),
      groups: list16(groupPart, LIMITS.entriesPerMessage),
    }),
    when: ["starting", "running"],
  }),
  pulled: message({
    type: 152,
    from: ["fetcher"],
    to: ["engine-directory"],
    body: struct({ update: u32, source: u16, ok: flag, unchanged: flag, live: flag, reason: text16(256), users: u32, groups: u32, rejects }),
    when: ["starting", "running"],
  }),
  /** What has changed since an update, each change behind the one before. */
  sourceChanges: message({
    type: 160,
    from: ["fetcher"],
    to: ["engine-directory"],
    body: struct({
      ...HELD,
      source: u16,
      users: list16(user, LIMITS.entriesPerMessage),
      groups: list16(groupPart, LIMITS.entriesPerMessage),
      goneUsers: goneNames,
      goneGroups: goneNames,
    }),
    when: ["starting", "running"],
  }),
  /** A source should be read before its time. */
  sourceStale: message({ type: 161, from: ["fetcher"], to: ["engine-directory"], body: struct({ source: u16 }), when: ["starting", "running"] }),

  // fetcher and main
  /** A connection to a socket that the configuration names as a source's server: the fetcher can make none. */
  connectLdapi: message({ type: 162, from: ["fetcher"], to: ["main"], body: struct({ request: u32, path: word }) }),
  ldapiStream: message({ type: 163, from: ["main"], to: ["fetcher"], body: struct({ request: u32 }), descriptors: 1 }),
  ldapiFailed: message({ type: 164, from: ["main"], to: ["fetcher"], body: struct({ request: u32, errno: u16 }) }),

  /** One source is read as an update would, for somebody who looks on; its report grows. */
  probeSource: message({
    type: 153,
    from: ["engine-directory"],
    to: ["fetcher"],
    body: struct({ probe: u32, source: u16 }),
    when: ["starting", "running"],
  }),
  sourceProbed: message({
    type: 154,
    from: ["fetcher"],
    to: ["engine-directory"],
    body: struct({ probe: u32, report }),
    when: ["starting", "running"],
  }),

  /** What an operator asked for, of a source or of all (""); main has judged who may. */
  directoryCommand: message({
    type: 155,
    from: ["main"],
    to: ["engine-directory"],
    body: struct({ verb: choice(DIRECTORY_VERBS), source: sourceName }),
  }),
  /** For hooks, and for whoever watches. */
  directoryEvent: message({
    type: 156,
    from: ["engine-directory"],
    to: ["main", "control"],
    body: struct({ event: choice(DIRECTORY_EVENTS), record: bytes16(LIMITS.leaseFileBytes) }),
    when: ["starting", "running"],
  }),
} as const;
