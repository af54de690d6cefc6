/** The words of ypldap.conf: which of them can never be text, and how a person who writes it calls a key of the TOML form. */

/** As in the program the grammar comes from: where these are meant as text they stand in quotes. Younger words are text too. */
export const YPLDAP_KEYWORDS: readonly string[] = [
  ...["attribute", "basedn", "bind", "bindcred", "binddn", "bindext", "cafile", "certfile", "change", "class", "directory", "domain"],
  ...["expire", "filter", "fixed", "gecos", "gid", "group", "groupdn", "groupgid", "groupmembers", "groupname", "grouppasswd", "home"],
  ...["include", "interval", "keyfile", "ldaps", "list", "local", "map", "maps", "name", "passwd", "port", "portmap", "provide"],
  ...["server", "shell", "tls", "to", "uid", "user"],
];

export const YPLDAP_WORDS: ReadonlyMap<string, string> = new Map([
  ["interval_seconds", "interval"],
  ["max_stale_seconds", "max stale"],
  ["yp_maps", "provide map"],
  ["yp_listen", "listen"],
  ["yp_port", "listen port"],
  ["yp_register", "register"],
  ["yp_binding", "binding file"],
  ["yp_allow", "allow"],
  ["yp_securenets", "securenets"],
  ["yp_rules", "rule"],
  ["userdb_service", "userdb service"],
  ["min_uid", "minuid"],
  ["max_uid", "maxuid"],
  ["min_gid", "mingid"],
  ["max_gid", "maxgid"],
  ["deny_names", "deny names"],
  ["local_names", "local names"],
  ["ca_file", "cafile"],
  ["cert_file", "certfile"],
  ["key_file", "keyfile"],
  ["bind_dn", "binddn"],
  ["bind_password_file", "bindcred"],
  ["authorization_id", "bindext"],
  ["user_filter", "passwd filter"],
  ["group_filter", "group filter"],
  ["user_base", "basedn"],
  ["group_base", "groupdn"],
  ["user_fields", "attribute"],
  ["group_fields", "attribute"],
  ["page_size", "page size"],
  ["on_failure", "on failure"],
  ["shrink_percent", "shrink limit"],
  ["keep_seconds", "keep"],
  ["reconcile_seconds", "reconcile"],
  ["allow_cleartext", "allow cleartext"],
]);

/** A field, the table it stands in, and its key there; without a key: one that Linux has not. */
export const YPLDAP_FIELDS = {
  name: ["user_fields", "name"],
  passwd: ["user_fields", "password"],
  uid: ["user_fields", "uid"],
  gid: ["user_fields", "gid"],
  gecos: ["user_fields", "gecos"],
  home: ["user_fields", "home"],
  shell: ["user_fields", "shell"],
  class: ["user_fields", undefined],
  change: ["user_fields", undefined],
  expire: ["user_fields", undefined],
  groupname: ["group_fields", "name"],
  grouppasswd: ["group_fields", "password"],
  groupgid: ["group_fields", "gid"],
  groupmembers: ["group_fields", "members"],
} as const satisfies Readonly<Record<string, readonly ["user_fields" | "group_fields", string | undefined]>>;
export type YpldapField = keyof typeof YPLDAP_FIELDS;
export const FIELD_WORDS = Object.keys(YPLDAP_FIELDS) as readonly YpldapField[];
