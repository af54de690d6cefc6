/**
 * What a person needs to know of each key: the hint of its errors, and the text of docs/options.md. Tests compare this table with the
 * schema and with the document. A key stands under its tables, without the names that tables of one kind are told apart by.
 */
import { DIRECTORY_YP_OPTIONS } from "./options-directory-yp.ts";
import { HOST_OPTIONS, UPLINK4_OPTIONS } from "./options-uplink4.ts";
import { LAN_OPTIONS } from "./options-lan.ts";
import { UPLINK6_OPTIONS } from "./options-uplink6.ts";

export type ConfigOption = { readonly takes: string; readonly standard: string; readonly help: string };

export const CONFIG_OPTIONS: Readonly<Record<string, ConfigOption>> = {
  ...HOST_OPTIONS,
  ...UPLINK4_OPTIONS,
  ...UPLINK6_OPTIONS,
  ...LAN_OPTIONS,

  directory: { takes: "one table: [directory]", standard: "none", help: "Users and groups of LDAP directories, for YP and systemd." },
  "directory.domain": { takes: "a NIS domain of at most 64 bytes", standard: "none; it is needed", help: "What YP clients ask for." },
  "directory.interval_seconds": { takes: "a number of seconds from 10 to 86400", standard: "600", help: "How often directories are read." },
  "directory.max_stale_seconds": {
    takes: "a number of seconds; 0: never",
    standard: "0",
    help: "When what is served is too old to be served on, because no directory could be read since.",
  },
  ...DIRECTORY_YP_OPTIONS,
  "directory.userdb": { takes: "true or false", standard: "true", help: "Serve systemd's user records under /run/systemd/userdb." },
  "directory.userdb_service": { takes: "a name in reverse-domain form", standard: '"org.leasehold.Directory"', help: "The name of that service." },
  "directory.enumerate": { takes: "true or false", standard: "true", help: "Let systemd list all users and groups." },
  "directory.min_uid": { takes: "a number", standard: "1000", help: "Smaller user ids are left out; 0 always is." },
  "directory.max_uid": { takes: "a number", standard: "4294967294", help: "Larger user ids are left out." },
  "directory.min_gid": { takes: "a number", standard: "1000", help: "Smaller group ids are left out; 0 always is." },
  "directory.max_gid": { takes: "a number", standard: "4294967294", help: "Larger group ids are left out." },
  "directory.deny_names": {
    takes: 'a list of names: ["sudo", "wheel"]',
    standard: "adm, admin, disk, docker, kmem, libvirt, lxd, shadow, sudo, wheel",
    help: "Users and groups that no directory may give, beside those of this machine's own files; an empty list lets them come, and new members of such groups are told of.",
  },
  "directory.local_names": {
    takes: '"reject" or "accept"',
    standard: '"reject"',
    help: "Whether names of this machine's own users and groups are left out; root always is.",
  },
  "directory.source": {
    takes: "a table for each directory: [directory.source.main]",
    standard: "none; one is needed",
    help: "Directories; for a name in several the first wins.",
  },
  "directory.source.server": {
    takes: 'a host name or an address, or a list of them: ["ldap1.example.org", "ldap2.example.org"]',
    standard: "none; srv may name them",
    help: "Tried in this order; one that failed is tried last for a minute. Names are resolved from /etc/hosts and by DNS, never through NSS. With ldapi the path of a socket.",
  },
  "directory.source.srv": {
    takes: 'a domain: "example.org"',
    standard: "none",
    help: "Its SRV records name servers (_ldaps._tcp for ldaps, else _ldap._tcp), which must be in that domain.",
  },
  "directory.source.port": { takes: "a port", standard: "636 for ldaps, else 389", help: "Where the server listens." },
  "directory.source.transport": {
    takes: '"ldaps", "starttls", "plain" or "ldapi"',
    standard: '"ldaps"',
    help: "The server's certificate must carry its name. ldapi is a socket of this machine.",
  },
  "directory.source.allow_cleartext": { takes: "true or false", standard: "false", help: "Allow a password over plain LDAP to another machine." },
  "directory.source.ca_file": {
    takes: "the path of a file of PEM certificates",
    standard: "the roots that Node brings",
    help: "Who may sign the server's certificate.",
  },
  "directory.source.cert_file": { takes: "the path of a PEM file", standard: "none", help: "A certificate that is shown to the server." },
  "directory.source.key_file": { takes: "the path of a PEM file only root may read", standard: "none", help: "Its private key." },
  "directory.source.bind": {
    takes: '"simple" or "external"',
    standard: '"simple"',
    help: "External is SASL EXTERNAL: the server knows us by our certificate, or over ldapi by the uid of the role that reads.",
  },
  "directory.source.bind_dn": { takes: "a distinguished name", standard: "anonymous", help: "As whom the directory is read." },
  "directory.source.bind_password_file": {
    takes: "the path of a file only root may read",
    standard: "none",
    help: "The password of bind_dn, on one line.",
  },
  "directory.source.authorization_id": {
    takes: 'an identity: "dn:cn=reader,dc=example,dc=org"',
    standard: "whoever the server takes us for",
    help: "Whom SASL EXTERNAL asks to be.",
  },
  "directory.source.pagination": {
    takes: '"try" or "required"',
    standard: '"try"',
    help: "Whether a server that knows no pages is asked without them, or has failed.",
  },
  "directory.source.referrals": {
    takes: '"ignore", "fail" or "follow"',
    standard: '"ignore"',
    help: "Parts of the tree on other servers: counted and left out, a failure, or read there. The secret goes to servers of this source alone.",
  },
  "directory.source.nested": {
    takes: "true or false",
    standard: "false",
    help: "Open up groups that are members of groups, where members are distinguished names.",
  },
  "directory.source.refresh": {
    takes: '"whole", "check" or "sync"',
    standard: '"check"',
    help: "Read everything each time; only when the server's mark of changes has moved (contextCSN, highestCommittedUSN), where it has one; or be told of changes as they happen (RFC 4533).",
  },
  "directory.source.reconcile_seconds": {
    takes: "a number of seconds from 60 to 604800",
    standard: "21600",
    help: "How often everything is read whatever refresh has seen.",
  },
  "directory.source.page_size": { takes: "a number; 0: no pages", standard: "500", help: "Entries asked for at once (RFC 2696)." },
  "directory.source.base": {
    takes: 'a distinguished name: "dc=example,dc=org"',
    standard: "none; it is needed",
    help: "Where users and groups are searched.",
  },
  "directory.source.user_base": { takes: "a distinguished name", standard: "base", help: "Where users are searched." },
  "directory.source.group_base": { takes: "a distinguished name", standard: "base", help: "Where groups are searched." },
  "directory.source.scope": { takes: '"subtree" or "one"', standard: '"subtree"', help: "How deep." },
  "directory.source.user_filter": { takes: "an LDAP filter (RFC 4515)", standard: '"(objectClass=posixAccount)"', help: "Which entries are users." },
  "directory.source.group_filter": { takes: "an LDAP filter (RFC 4515)", standard: '"(objectClass=posixGroup)"', help: "Which entries are groups." },
  "directory.source.user_fields": {
    takes: 'a table: [directory.source.main.user_fields]; "cn" an attribute, "cn?" one that may be missing, "=/bin/sh" the same for everyone',
    standard: "RFC 2307",
    help: "Where the fields of a user come from.",
  },
  ...fields("directory.source.user_fields", {
    name: "uid",
    password: "=*",
    uid: "uidNumber",
    gid: "gidNumber",
    gecos: "gecos?",
    home: "homeDirectory",
    shell: "loginShell",
  }),
  "directory.source.user_fields.ssh_keys": {
    takes: 'an attribute: "sshPublicKey"',
    standard: "none: no keys are read",
    help: "Whose values are lines of authorized_keys. Userdb gives them to root and to the user, YP to nobody.",
  },
  "directory.source.group_fields": { takes: "a table, as for users", standard: "RFC 2307", help: "Where the fields of a group come from." },
  ...fields("directory.source.group_fields", { name: "cn", password: "=*", gid: "gidNumber", members: "memberUid" }),
  "directory.source.on_failure": {
    takes: '"keep", "hold" or "drop"',
    standard: '"keep"',
    help: "When it cannot be read: keep its entries for keep_seconds, hold the whole update, or drop them.",
  },
  "directory.source.keep_seconds": {
    takes: "a number of seconds from 60",
    standard: "86400",
    help: "How long its entries are kept while it cannot be read and others can.",
  },
  "directory.source.shrink_percent": {
    takes: "a number from 1 to 100",
    standard: "30",
    help: "An answer that is smaller by so much is believed only when the same has come again three times, an interval apart, or with `leasehold directory refresh --accept`.",
  },
};

/** Tables whose next key is a name. */
const NAMED = ["uplink4", "uplink6", "lan", "relayed", "class", "host", "source"];

/** The key of CONFIG_OPTIONS for a place in the file: names of tables and numbers of list items are left out. */
export function optionKey(path: readonly PropertyKey[]): string {
  const parts: string[] = [];
  for (let i = 0; i < path.length; i++) {
    const part = path[i];
    if (typeof part === "number") continue;
    parts.push(String(part));
    if (NAMED.includes(String(part))) i++;
  }
  return parts.join(".");
}

/** The keys a table may have. */
export function keysIn(table: string): readonly string[] {
  const prefix = table === "" ? "" : `${table}.`;
  return Object.keys(CONFIG_OPTIONS)
    .filter((key) => key.startsWith(prefix) && !key.slice(prefix.length).includes("."))
    .map((key) => key.slice(prefix.length));
}

function fields(table: string, standards: Readonly<Record<string, string>>): Readonly<Record<string, ConfigOption>> {
  const option = (standard: string): ConfigOption => ({ takes: "an attribute, or = and a text", standard: `"${standard}"`, help: "As above." });
  return Object.fromEntries(Object.entries(standards).map(([key, standard]) => [`${table}.${key}`, option(standard)]));
}
