/** What the operator says about `directory`. Types only; parsed by `config`, carried to fetcher and engine as frames. */

/**
 * Where a field of a map comes from: an attribute's first value (an entry without it is left out, or has an empty field), all values, or
 * always the same text; `shadow`: a password's hash, and how it ages (RFC 2307 shadowAccount), for maps that root alone may read.
 */
export const FIELD_SOURCES = ["attribute", "optional", "list", "fixed", "shadow"] as const;
export type FieldSource = { readonly kind: (typeof FIELD_SOURCES)[number]; readonly value: string };
export const USER_FIELDS = ["name", "password", "uid", "gid", "gecos", "home", "shell"] as const;
export const GROUP_FIELDS = ["name", "password", "gid", "members"] as const;
/** Of users, what stands in their line and what does not. */
export type UserField = (typeof USER_FIELDS)[number] | "sshKeys";
export type GroupField = (typeof GROUP_FIELDS)[number];

export type SearchConfig<F extends string> = {
  readonly base: string;
  readonly scope: "one" | "subtree";
  readonly filter: string;
  readonly fields: { readonly [field in F]: FieldSource };
};
/** `address` is set where the name needs no question to a resolver: a literal, or an entry of /etc/hosts. */
export type ServerConfig = { readonly host: string; readonly address: string | undefined; readonly port: number };
/** `ldapi`: a socket of this machine, whose path stands as the server's host; main connects to it. */
export const LDAP_TRANSPORTS = ["ldaps", "starttls", "plain", "ldapi"] as const;
export const PAGINATIONS = ["try", "required"] as const;
/** What becomes of parts of the tree that are on other servers (RFC 4511 §4.5.3). */
export const REFERRAL_POLICIES = ["ignore", "fail", "follow"] as const;
/** Everything each time; nothing while the server's mark of changes stands still; changes as they happen (RFC 4533). */
export const REFRESH_METHODS = ["whole", "check", "sync"] as const;
/** One directory, as the fetcher needs it: the only one that holds a secret. */
export type SourceConfig = {
  readonly name: string;
  /** Tried in this order, those that failed a moment ago last. */
  readonly servers: readonly ServerConfig[];
  /** A domain whose SRV records name further servers (RFC 2782); empty: none is asked for. */
  readonly srv: string;
  readonly transport: (typeof LDAP_TRANSPORTS)[number];
  /** PEM certificates that are trusted; empty: the roots that Node brings. */
  readonly trustedPem: string;
  /** Who we are under TLS. */
  readonly clientPem: { readonly certificate: string; readonly key: string } | undefined;
  /** `external`: SASL EXTERNAL (RFC 4422 appendix A), by client certificate or by the uid at the other end of a local socket. */
  readonly bind: "simple" | "external";
  /** Empty: anonymous. */
  readonly bindDn: string;
  readonly bindPassword: string;
  /** Whom SASL EXTERNAL asks to be; empty: whoever the server takes us for. */
  readonly authorizationId: string;
  /** 0: no paging. */
  readonly pageSize: number;
  /** `required`: a server that cannot page is a failure. */
  readonly pagination: (typeof PAGINATIONS)[number];
  readonly referrals: (typeof REFERRAL_POLICIES)[number];
  /** Groups that are members of groups are opened up. */
  readonly nested: boolean;
  readonly refresh: (typeof REFRESH_METHODS)[number];
  /** After so long everything is read again, whatever the refresh method has seen. */
  readonly reconcileSeconds: number;
  readonly users: SearchConfig<UserField>;
  readonly groups: SearchConfig<GroupField>;
};
export type FetcherConfig = {
  /** Numeric addresses of the resolvers; never NSS. */
  readonly resolvers: readonly string[];
  readonly idFences: IdFences;
  readonly sources: readonly SourceConfig[];
};

/** Ids and names that no directory may give. */
export type IdFences = {
  readonly minUid: number;
  readonly maxUid: number;
  readonly minGid: number;
  readonly maxGid: number;
  /** Users and groups of this machine's own files. */
  readonly localUsers: readonly string[];
  readonly localGroups: readonly string[];
};
/** None of them is taken from a directory where nobody says otherwise: sudo, polkit and sockets trust the name. */
export const PRIVILEGED_GROUPS: readonly string[] = ["adm", "admin", "disk", "docker", "kmem", "libvirt", "lxd", "shadow", "sudo", "wheel"];

/** What becomes of the entries of a source that could not be read: the whole update waits, its old ones stay, they go. */
export const ON_FAILURE = ["hold", "keep", "drop"] as const;
export type DirectoryConfig = {
  /** The NIS domain. */
  readonly domain: string;
  /** The NIS master's name, for MASTER: this host. */
  readonly master: string;
  readonly intervalSeconds: number;
  /** What is older is served no more; 0: nothing is too old. */
  readonly maxStaleSeconds: number;
  readonly idFences: IdFences;
  readonly sources: readonly {
    readonly name: string;
    readonly onFailure: (typeof ON_FAILURE)[number];
    readonly shrinkPercent: number;
    readonly keepSeconds: number;
  }[];
  readonly yp: YpConfig | undefined;
  /** The service's name in reverse-domain form; undefined: no userdb. */
  readonly userdb: UserdbConfig | undefined;
};
/** `sshKeys`: some source gives them, for root and for the user they are of. */
export type UserdbConfig = { readonly service: string; readonly enumerate: boolean; readonly sshKeys: boolean };
export const YP_MAPS = [
  "passwd.byname",
  "passwd.byuid",
  "group.byname",
  "group.bygid",
  "netid.byname",
  "master.passwd.byname",
  "master.passwd.byuid",
  "shadow.byname",
  "ypservers",
] as const;
/** What on BSD and Linux root alone may read: with hashes. */
export const SECRET_YP_MAPS = ["master.passwd.byname", "master.passwd.byuid", "shadow.byname"] as const satisfies YpConfig["maps"];
/** What is served where nobody says otherwise. */
export const STANDARD_YP_MAPS = ["passwd.byname", "passwd.byuid", "group.byname", "group.bygid", "netid.byname"] as const satisfies YpConfig["maps"];
/** A map is given, given to who asks from a port below 1024, or not there. */
export const MAP_SECURITY = ["none", "port", "deny"] as const;
export type AccessRule = {
  /** Empty: all. */
  readonly networks: readonly string[];
  /** Names; a star stands for any text. */
  readonly maps: readonly string[];
  readonly security: (typeof MAP_SECURITY)[number];
};
export type YpConfig = {
  /** IPv4 or IPv6 addresses; loopback by default, NIS has no authentication. */
  readonly listen: readonly string[];
  /** 0: main takes the first free one of 600 to 1023. */
  readonly port: number;
  readonly register: "builtin" | "rpcbind" | "none";
  /** Main writes the file by which programs of this machine find the server without ypbind. */
  readonly binding: boolean;
  /** Maps that are served; others are not there. */
  readonly maps: readonly (typeof YP_MAPS)[number][];
  /** Networks that may ask; loopback always may. */
  readonly allow: readonly string[];
  /** Who gets which map, of those who may ask: the first that fits decides. */
  readonly rules: readonly AccessRule[];
};
