/** `[directory]` and `[directory.source.NAME]`. */
import { hostname } from "node:os";
import { z } from "zod";
import { LIMITS } from "../base/limits.ts";
import type { DirectoryConfig, FetcherConfig, FieldSource, GroupField, IdFences, SourceConfig, UserField } from "../services/directory/config.ts";
import type { Fault } from "./faults.ts";
import { seconds } from "./kinds.ts";
import type { Surroundings } from "./surroundings.ts";

const LARGEST_ID = 0xffff_fffe;
const PORTS = { ldaps: 636, starttls: 389, plain: 389 } as const;
const phrase = z.string().max(4096);
const word = z.string().min(1).max(255);
const id = z.number().int().min(0).max(LARGEST_ID);
/** RFC 2307. A value that starts with "=" is the same for everyone; an attribute that ends in "?" may be missing. */
const userFields = z.strictObject({
  name: phrase.default("uid"),
  password: phrase.default("=*"),
  uid: phrase.default("uidNumber"),
  gid: phrase.default("gidNumber"),
  gecos: phrase.default("gecos?"),
  home: phrase.default("homeDirectory"),
  shell: phrase.default("loginShell"),
});
const groupFields = z.strictObject({
  name: phrase.default("cn"),
  password: phrase.default("=*"),
  gid: phrase.default("gidNumber"),
  members: phrase.default("memberUid"),
});

const source = z.strictObject({
  server: word,
  port: z.number().int().min(1).max(65_535).optional(),
  transport: z.enum(["ldaps", "starttls", "plain"]).default("ldaps"),
  allow_cleartext: z.boolean().default(false),
  ca_file: phrase.default(""),
  bind_dn: phrase.default(""),
  bind_password_file: phrase.default(""),
  page_size: z.number().int().min(0).max(100_000).default(500),
  base: phrase,
  user_base: phrase.optional(),
  group_base: phrase.optional(),
  scope: z.enum(["one", "subtree"]).default("subtree"),
  user_filter: z.string().max(65_535).default("(objectClass=posixAccount)"),
  group_filter: z.string().max(65_535).default("(objectClass=posixGroup)"),
  user_fields: userFields.prefault({}),
  group_fields: groupFields.prefault({}),
  on_failure: z.enum(["hold", "keep", "drop"]).default("keep"),
  shrink_percent: z.number().int().min(1).max(100).default(30),
});
export const directorySchema = z.strictObject({
  domain: z.string().min(1).max(LIMITS.ypDomainBytes),
  interval_seconds: seconds(10, 86_400).default(600),
  yp: z.boolean().default(true),
  yp_listen: z
    .array(z.union([z.ipv4(), z.ipv6()]))
    .min(1)
    .max(16)
    .default(["127.0.0.1"]),
  yp_port: z.number().int().min(0).max(65_535).default(0),
  yp_register: z.enum(["builtin", "rpcbind", "none"]).default("builtin"),
  yp_allow: z.array(z.string().max(64)).max(LIMITS.addressesPerOption).default([]),
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
  source: z.record(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, { message: "this is no name of a source" }), source),
});
type File = z.output<typeof directorySchema>;
type SourceFile = File["source"][string];

/** What is wrong between parts, or with files they name. */
export function directoryFaults(file: File, surroundings: Surroundings): readonly Fault[] {
  const sources = Object.entries(file.source);
  if (sources.length === 0) return [{ path: ["directory"], message: "no source is configured", hint: "name one: [directory.source.main]" }];
  return sources.flatMap(([name, given]) => {
    const path = ["directory", "source", name];
    const clear = given.transport === "plain" && given.bind_dn !== "" && !given.allow_cleartext && !isLoopback(given.server);
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
      ...fileFault(given.ca_file, [...path, "ca_file"], surroundings.readTrusted),
      ...fileFault(given.bind_password_file, [...path, "bind_password_file"], surroundings.readSecret),
    ];
  });
}

export function directoryOf(file: File, surroundings: Surroundings): { readonly engine: DirectoryConfig; readonly fetcher: FetcherConfig } {
  const names = surroundings.localNames();
  const idFences: IdFences = {
    minUid: file.min_uid,
    maxUid: file.max_uid,
    minGid: file.min_gid,
    maxGid: file.max_gid,
    localUsers: names.users,
    localGroups: names.groups,
  };
  const sources = Object.entries(file.source);
  return {
    engine: {
      domain: file.domain,
      master: hostname().slice(0, LIMITS.ypPeerBytes) || "localhost",
      intervalSeconds: file.interval_seconds,
      idFences,
      sources: sources.map(([name, given]) => ({ name, onFailure: given.on_failure, shrinkPercent: given.shrink_percent })),
      yp: file.yp ? { listen: file.yp_listen, port: file.yp_port, register: file.yp_register, allow: file.yp_allow } : undefined,
      userdb: file.userdb ? { service: file.userdb_service, enumerate: file.enumerate } : undefined,
    },
    fetcher: { resolvers: surroundings.resolvers(), idFences, sources: sources.map(([name, given]) => sourceOf(name, given, surroundings)) },
  };
}

function sourceOf(name: string, given: SourceFile, surroundings: Surroundings): SourceConfig {
  const readOrEmpty = (path: string, read: (path: string) => string | Error): string => {
    const text = path === "" ? "" : read(path);
    return typeof text === "string" ? text : "";
  };
  return {
    name,
    server: { host: given.server, address: surroundings.addressOf(given.server), port: given.port ?? PORTS[given.transport] },
    transport: given.transport,
    trustedPem: readOrEmpty(given.ca_file, surroundings.readTrusted),
    bindDn: given.bind_dn,
    bindPassword: readOrEmpty(given.bind_password_file, surroundings.readSecret).replace(/\r?\n$/, ""),
    pageSize: given.page_size,
    users: { base: given.user_base ?? given.base, scope: given.scope, filter: given.user_filter, fields: fieldsOf<UserField>(given.user_fields) },
    groups: {
      base: given.group_base ?? given.base,
      scope: given.scope,
      filter: given.group_filter,
      fields: fieldsOf<GroupField>(given.group_fields),
    },
  };
}

function fieldsOf<F extends string>(given: Readonly<Record<F, string>>): Record<F, FieldSource> {
  const entries = Object.entries<string>(given).map(([name, value]) => [name, fieldOf(name, value)] as const);
  return Object.fromEntries(entries) as Record<F, FieldSource>;
}

function fieldOf(name: string, value: string): FieldSource {
  if (value.startsWith("=")) return { kind: "fixed", value: value.slice(1) };
  if (value.endsWith("?")) return { kind: "optional", value: value.slice(0, -1) };
  return { kind: name === "members" ? "list" : "attribute", value };
}

function fileFault(path: string, where: readonly string[], read: (path: string) => string | Error): readonly Fault[] {
  const text = path === "" ? "" : read(path);
  return typeof text === "string" ? [] : [{ path: where, message: text.message, hint: "the program reads it as root, once, at start and reload" }];
}

function isLoopback(server: string): boolean {
  return server === "localhost" || server === "::1" || server.startsWith("127.");
}
