/** ypldap.conf printed back, normalised: what it is read as is what the file was read as. Of a password the name of a file is printed. */
import type { DirectoryFile } from "../directory.ts";
import { quoted } from "./printed.ts";
import { YPLDAP_FIELDS, type YpldapField } from "./ypldap-words.ts";

type SourceFile = DirectoryFile["source"][string];

export function printYpldap(file: DirectoryFile): string {
  const authority = Object.values(file.source).find(({ ca_file }) => ca_file !== "")?.ca_file;
  return [...whole(file, authority), ...Object.values(file.source).flatMap(directory)].map((line) => `${line}\n`).join("");
}

function whole(file: DirectoryFile, authority: string | undefined): readonly string[] {
  return [
    `domain ${quoted(file.domain)}`,
    `interval ${file.interval_seconds}`,
    ...(file.max_stale_seconds === 0 ? [] : [`max stale ${file.max_stale_seconds}`]),
    ...file.yp_maps.map((map) => `provide map ${quoted(map)}`),
    ...(authority === undefined ? [] : [`cafile ${quoted(authority)}`]),
    `register ${file.yp_register}`,
    `binding file ${file.yp_binding ? "yes" : "no"}`,
    ...file.yp_listen.map((address) => `listen ${quoted(address)}`),
    ...(file.yp_port === 0 ? [] : [`listen port ${file.yp_port}`]),
    ...file.yp_allow.map((network) => `allow ${quoted(network)}`),
    ...(file.yp_securenets === "" ? [] : [`securenets ${quoted(file.yp_securenets)}`]),
    ...file.yp_rules.map(({ networks, maps, security }) => `rule ${[...networks.map(quoted), "map", ...maps.map(quoted), security].join(" ")}`),
    `userdb ${file.userdb ? "yes" : "no"}`,
    `userdb service ${quoted(file.userdb_service)}`,
    `enumerate ${file.enumerate ? "yes" : "no"}`,
    `minuid ${file.min_uid}`,
    `maxuid ${file.max_uid}`,
    `mingid ${file.min_gid}`,
    `maxgid ${file.max_gid}`,
    `deny names ${file.deny_names.length === 0 ? "none" : file.deny_names.map(quoted).join(" ")}`,
    `local names ${file.local_names}`,
  ];
}

function directory(given: SourceFile): readonly string[] {
  const [first = "", ...further] = [given.server ?? []].flat();
  const secure = { ldaps: " ldaps", starttls: " tls", plain: "", ldapi: "" }[given.transport];
  const port = given.port === undefined ? "" : ` port ${given.port}`;
  const options = [
    ...further.map((server) => `server ${quoted(server)}`),
    ...text("srv", given.srv),
    ...(given.bind === "external" ? [`bindext${given.authorization_id === "" ? "" : ` ${quoted(given.authorization_id)}`}`] : []),
    ...text("binddn", given.bind_dn),
    ...text("bindcredfile", given.bind_password_file),
    ...text("certfile", given.cert_file),
    ...text("keyfile", given.key_file),
    ...text("basedn", given.base),
    ...text("groupdn", given.group_base ?? ""),
    `passwd filter ${quoted(given.user_filter)}`,
    `group filter ${quoted(given.group_filter)}`,
    ...(Object.keys(YPLDAP_FIELDS) as YpldapField[]).flatMap((field) => fieldLine(given, field)),
    ...text("sshkeys maps to", given.user_fields.ssh_keys),
    ...settings(given),
  ];
  return ["", `directory ${quoted(first)}${port}${secure} {`, ...options.map((line) => `\t${line}`), "}"];
}

function settings(given: SourceFile): readonly string[] {
  return [
    `page size ${given.page_size === 0 ? "off" : given.page_size}`,
    `pagination ${given.pagination}`,
    `scope ${given.scope === "one" ? "one" : "sub"}`,
    `referrals ${given.referrals}`,
    `nested ${given.nested ? "yes" : "no"}`,
    `refresh ${given.refresh}`,
    `reconcile ${given.reconcile_seconds}`,
    `on failure ${given.on_failure}`,
    `keep ${given.keep_seconds}`,
    `shrink limit ${given.shrink_percent}`,
    ...(given.allow_cleartext ? ["allow cleartext"] : []),
  ];
}

function fieldLine(given: SourceFile, field: YpldapField): readonly string[] {
  const [table, key] = YPLDAP_FIELDS[field];
  const fields: Readonly<Record<string, string>> = given[table];
  const value = key === undefined ? undefined : fields[key];
  if (value === undefined) return [];
  if (value.startsWith("=")) return [`fixed attribute ${field} ${quoted(value.slice(1))}`];
  if (field === "groupmembers") return [value.endsWith("!") ? maps("attribute", field, value.slice(0, -1)) : maps("list", field, value)];
  return [value.endsWith("*") ? maps("list", field, value.slice(0, -1)) : maps("attribute", field, value)];
}

function maps(how: "attribute" | "list", field: YpldapField, attribute: string): string {
  return `${how} ${field} maps to ${quoted(attribute)}`;
}

function text(word: string, value: string): readonly string[] {
  return value === "" ? [] : [`${word} ${quoted(value)}`];
}
