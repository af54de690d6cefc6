/** `[directory]` and `[directory.source.NAME]`. */
import { hostname } from "node:os";
import { z } from "zod";
import { LIMITS } from "../base/limits.ts";
import { DIRECTORY_LIMITS } from "../base/limits-directory.ts";
import {
  type DirectoryConfig,
  type FetcherConfig,
  type FieldSource,
  type GroupField,
  type IdFences,
  LDAP_TRANSPORTS,
  PAGINATIONS,
  PRIVILEGED_GROUPS,
  REFERRAL_POLICIES,
  REFRESH_METHODS,
  SECRET_YP_MAPS,
  type SourceConfig,
  type UserField,
} from "../services/directory/config.ts";
import { ypFaults, ypKeys, ypOf } from "./directory-yp.ts";
import type { Fault } from "./faults.ts";
import { seconds } from "./kinds.ts";
import type { Surroundings } from "./surroundings.ts";

const LARGEST_ID = 0xffff_fffe;
const PORTS = { ldaps: 636, starttls: 389, plain: 389, ldapi: 0 } as const;
/** Nothing, and the same nothing for everyone. */
const NO_KEYS: readonly string[] = ["", "="];
/** Fields of which one value is seldom all. */
const ALL_VALUES: readonly string[] = ["members", "sshKeys"];
const phrase = z.string().max(4096);
const word = z.string().min(1).max(255);
const id = z.number().int().min(0).max(LARGEST_ID);
/** RFC 2307. A value that starts with "=" is the same for everyone; one that ends in "?" may be missing, of "*" all values count, of "!" the first. */
const userFields = z.strictObject({
  name: phrase.default("uid"),
  password: phrase.default("=*"),
  uid: phrase.default("uidNumber"),
  gid: phrase.default("gidNumber"),
  gecos: phrase.default("gecos?"),
  home: phrase.default("homeDirectory"),
  shell: phrase.default("loginShell"),
  ssh_keys: phrase.default(""),
});
const groupFields = z.strictObject({
  name: phrase.default("cn"),
  password: phrase.default("=*"),
  gid: phrase.default("gidNumber"),
  members: phrase.default("memberUid"),
});

const source = z.strictObject({
  server: z.union([word, z.array(word).min(1).max(DIRECTORY_LIMITS.ldapServers)]).optional(),
  srv: z.string().max(255).default(""),
  port: z.number().int().min(1).max(65_535).optional(),
  transport: z.enum(LDAP_TRANSPORTS).default("ldaps"),
  allow_cleartext: z.boolean().default(false),
  ca_file: phrase.default(""),
  cert_file: phrase.default(""),
  key_file: phrase.default(""),
  bind: z.enum(["simple", "external"]).default("simple"),
  bind_dn: phrase.default(""),
  bind_password_file: phrase.default(""),
  authorization_id: phrase.default(""),
  page_size: z.number().int().min(0).max(100_000).default(500),
  pagination: z.enum(PAGINATIONS).default("try"),
  referrals: z.enum(REFERRAL_POLICIES).default("ignore"),
  nested: z.boolean().default(false),
  refresh: z.enum(REFRESH_METHODS).default("check"),
  reconcile_seconds: seconds(60, 604_800).default(21_600),
  base: phrase,
  user_base: phrase.optional(),
  group_base: phrase.optional(),
  scope: z.enum(["one", "subtree"]).default("subtree"),
  user_filter: z.string().max(65_535).default("(objectClass=posixAccount)"),
  group_filter: z.string().max(65_535).default("(objectClass=posixGroup)"),
  user_fields: userFields.prefault({}),
  group_fields: groupFields.prefault({}),
  keep_seconds: seconds(60, 31_536_000).default(86_400),
  on_failure: z.enum(["hold", "keep", "drop"]).default("keep"),
  shrink_percent: z.number().int().min(1).max(100).default(30),
});
export const directorySchema = z.strictObject({
  domain: z.string().min(1).max(LIMITS.ypDomainBytes),
  interval_seconds: seconds(10, 86_400).default(600),
  max_stale_seconds: seconds(0, 31_536_000).default(0),
  ...ypKeys,
  userdb: z.boolean().default(true),
  userdb_service: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]*(\.[A-Za-z][A-Za-z0-9-]*)+$/, { message: "this is no name in reverse-domain form" })
    .max(255)
    .default("org.leasehold.Directory"),
  enumerate: z.boolean().default(true),
  min_uid: id.default(1000),
  max_uid: id.default(LARGEST_ID),
  min_gid: id.default(1000),
  max_gid: id.default(LARGEST_ID),
  deny_names: z
    .array(word)
    .max(DIRECTORY_LIMITS.accessItems)
    .default([...PRIVILEGED_GROUPS]),
  local_names: z.enum(["reject", "accept"]).default("reject"),
  source: z.record(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, { message: "this is no name of a source" }), source),
});
export type DirectoryFile = z.output<typeof directorySchema>;
type File = DirectoryFile;
type SourceFile = File["source"][string];

/** What is wrong between parts, or with files they name. */
export function directoryFaults(file: File, surroundings: Surroundings): readonly Fault[] {
  const sources = Object.entries(file.source);
  if (sources.length === 0) return [{ path: ["directory"], message: "no source is configured", hint: "name one: [directory.source.main]" }];
  const ofSources = sources.flatMap(([name, given]) => {
    const path = ["directory", "source", name];
    const near = given.srv === "" && serversOf(given).every(isLoopback);
    const clear = given.transport === "plain" && given.bind_dn !== "" && !given.allow_cleartext && !near;
    return [
      ...(clear
        ? [
            {
              path,
              message: "the password would cross the network in clear text",
              hint: 'transport = "ldaps" or "starttls", or allow_cleartext = true',
            },
          ]
        : []),
      ...clashes(given).map((clash) => ({ path, ...clash })),
      ...fileFault(given.ca_file, [...path, "ca_file"], surroundings.readTrusted),
      ...fileFault(given.cert_file, [...path, "cert_file"], surroundings.readTrusted),
      ...fileFault(given.key_file, [...path, "key_file"], surroundings.readKey),
      ...fileFault(given.bind_password_file, [...path, "bind_password_file"], surroundings.readSecret),
    ];
  });
  return [...ypFaults(file, surroundings), ...ofSources];
}

/** Keys that do not go together. */
function clashes(given: SourceFile): readonly { readonly message: string; readonly hint: string }[] {
  const servers = serversOf(given);
  const local = given.transport === "ldapi";
  const found: readonly (readonly [boolean, string, string])[] = [
    [servers.length === 0 && given.srv === "", "no server is named", 'server = "ldap.example.org", or srv = "example.org"'],
    [local && (given.srv !== "" || servers.some((path) => !path.startsWith("/"))), "no path of a socket", 'server = "/run/slapd/ldapi"'],
    [(given.cert_file === "") !== (given.key_file === ""), "a certificate and its key go together", "name cert_file and key_file"],
    [
      given.cert_file !== "" && given.transport !== "ldaps" && given.transport !== "starttls",
      "a certificate is shown under TLS alone",
      'transport = "ldaps"',
    ],
    [given.bind === "external" && !local && given.cert_file === "", "nothing proves who we are", 'cert_file and key_file, or transport = "ldapi"'],
    [given.bind === "external" && given.bind_dn !== "", "bind_dn is for a bind with a password", "leave it out, or say authorization_id"],
    [given.refresh === "sync" && given.referrals === "follow", "changes on other servers would not be seen", 'refresh = "whole"'],
  ];
  return found.flatMap(([wrong, message, hint]) => (wrong ? [{ message, hint }] : []));
}

function serversOf({ server }: SourceFile): readonly string[] {
  return server === undefined ? [] : typeof server === "string" ? [server] : server;
}

export function directoryOf(file: File, surroundings: Surroundings): { readonly engine: DirectoryConfig; readonly fetcher: FetcherConfig } {
  const names = surroundings.localNames();
  const denied = (local: readonly string[]): readonly string[] =>
    [...new Set([...file.deny_names, ...(file.local_names === "accept" ? [] : local)])].slice(0, LIMITS.localNames);
  const idFences: IdFences = {
    minUid: file.min_uid,
    maxUid: file.max_uid,
    minGid: file.min_gid,
    maxGid: file.max_gid,
    localUsers: denied(names.users),
    localGroups: denied(names.groups),
  };
  const sources = Object.entries(file.source);
  return {
    engine: {
      domain: file.domain,
      master: hostname().slice(0, LIMITS.ypPeerBytes) || "localhost",
      intervalSeconds: file.interval_seconds,
      maxStaleSeconds: file.max_stale_seconds,
      idFences,
      sources: sources.map(([name, { on_failure, shrink_percent, keep_seconds }]) => ({
        name,
        onFailure: on_failure,
        shrinkPercent: shrink_percent,
        keepSeconds: keep_seconds,
      })),
      yp: ypOf(file, surroundings),
      userdb: file.userdb
        ? { service: file.userdb_service, enumerate: file.enumerate, sshKeys: Object.values(file.source).some(givesKeys) }
        : undefined,
    },
    fetcher: {
      resolvers: surroundings.resolvers(),
      idFences,
      sources: sources.map(([name, given]) =>
        sourceOf(name, given, surroundings, { keepsShadows: SECRET_YP_MAPS.some((map) => file.yp_maps.includes(map)), hasUserdb: file.userdb }),
      ),
    },
  };
}

type Asked = { readonly keepsShadows: boolean; readonly hasUserdb: boolean };

function sourceOf(name: string, given: SourceFile, surroundings: Surroundings, { keepsShadows, hasUserdb }: Asked): SourceConfig {
  const { ssh_keys, ...inLine } = given.user_fields;
  const fields = fieldsOf<UserField>({ ...inLine, sshKeys: hasUserdb && !NO_KEYS.includes(ssh_keys) ? ssh_keys : "=" });
  const { password } = fields;
  const isShadowed = keepsShadows && password.kind !== "fixed";
  const readOrEmpty = (path: string, read: (path: string) => string | Error): string => {
    const text = path === "" ? "" : read(path);
    return typeof text === "string" ? text : "";
  };
  return {
    name,
    servers: serversOf(given).map((host) => ({ host, address: surroundings.addressOf(host), port: given.port ?? PORTS[given.transport] })),
    srv: given.srv,
    transport: given.transport,
    trustedPem: readOrEmpty(given.ca_file, surroundings.readTrusted),
    clientPem:
      given.cert_file === ""
        ? undefined
        : { certificate: readOrEmpty(given.cert_file, surroundings.readTrusted), key: readOrEmpty(given.key_file, surroundings.readKey) },
    bind: given.bind,
    bindDn: given.bind_dn,
    bindPassword: readOrEmpty(given.bind_password_file, surroundings.readSecret).replace(/\r?\n$/, ""),
    authorizationId: given.authorization_id,
    pageSize: given.page_size,
    pagination: given.pagination,
    referrals: given.referrals,
    nested: given.nested,
    refresh: given.refresh,
    reconcileSeconds: given.reconcile_seconds,
    users: {
      base: given.user_base ?? given.base,
      scope: given.scope,
      filter: given.user_filter,
      fields: isShadowed ? { ...fields, password: { ...password, kind: "shadow" } } : fields,
    },
    groups: {
      base: given.group_base ?? given.base,
      scope: given.scope,
      filter: given.group_filter,
      fields: fieldsOf<GroupField>(given.group_fields),
    },
  };
}

/** Whether there is anybody whom it may give keys. */
function givesKeys({ user_fields }: SourceFile): boolean {
  return !NO_KEYS.includes(user_fields.ssh_keys);
}

function fieldsOf<F extends string>(given: Readonly<Record<F, string>>): Record<F, FieldSource> {
  const entries = Object.entries<string>(given).map(([name, value]) => [name, fieldOf(name, value)] as const);
  return Object.fromEntries(entries) as Record<F, FieldSource>;
}

function fieldOf(name: string, value: string): FieldSource {
  if (value.startsWith("=")) return { kind: "fixed", value: value.slice(1) };
  if (value.endsWith("!")) return { kind: "attribute", value: value.slice(0, -1) };
  if (value.endsWith("*")) return { kind: "list", value: value.slice(0, -1) };
  if (value.endsWith("?")) return { kind: "optional", value: value.slice(0, -1) };
  return { kind: ALL_VALUES.includes(name) ? "list" : "attribute", value };
}

function fileFault(path: string, where: readonly string[], read: (path: string) => string | Error): readonly Fault[] {
  const text = path === "" ? "" : read(path);
  return typeof text === "string" ? [] : [{ path: where, message: text.message, hint: "the program reads it as root, once, at start and reload" }];
}

function isLoopback(server: string): boolean {
  return server === "localhost" || server === "::1" || server.startsWith("127.");
}
