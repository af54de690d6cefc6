/** OpenLDAP's slapd as the directory of the private house, where it is installed: a database of its own with the people of the house. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type DirectoryEntry, directoryOf } from "../../src/sim/actors/ldap-entries.ts";
import { selfSigned } from "./certificate.ts";
import { BASE, PEOPLE, TEAMS } from "./people.ts";

const PROGRAMS = "/usr/sbin";
/** Where distributions have them. */
const SCHEMAS = ["/etc/ldap/schema", "/etc/openldap/schema"];
const MODULES = ["/usr/lib/ldap", "/usr/lib64/openldap", "/usr/libexec/openldap"];
const SCHEMA = ["core", "cosine", "nis"];
const MAP_BYTES = 16 * 1024 * 1024;
/** Connections, operations and results, one a line. */
const TELLS = "256";

export type Slapd = { readonly command: readonly [string, ...string[]]; readonly version: string; readonly certificatePem: string };

/** Makes its files below a folder. @returns how it is started, or why it cannot be */
export function prepareSlapd(folder: string, address: string): Slapd | string {
  const [slapd, slapadd] = ["slapd", "slapadd"].map((name) => join(PROGRAMS, name));
  const schema = SCHEMAS.find((place) => SCHEMA.every((name) => existsSync(join(place, `${name}.schema`))));
  if (slapd === undefined || slapadd === undefined || ![slapd, slapadd].every((program) => existsSync(program))) return "it is not installed";
  if (schema === undefined) return "its schemas are not where they are looked for";
  const home = join(folder, "slapd");
  const file = (name: string): string => join(home, name);
  mkdirSync(file("db"), { recursive: true, mode: 0o700 });
  const { certificatePem, keyPem } = selfSigned("ldap.house.example", Uint8Array.from(address.split(".").map(Number)));
  writeFileSync(file("certificate.pem"), certificatePem);
  writeFileSync(file("key.pem"), keyPem, { mode: 0o600 });
  writeFileSync(file("slapd.conf"), configuration(schema, file));
  writeFileSync(file("people.ldif"), directoryOf(BASE, PEOPLE, TEAMS).map(ldifOf).join("\n"));
  const filled = spawnSync(slapadd, ["-q", "-f", file("slapd.conf"), "-l", file("people.ldif")], { encoding: "utf8" });
  if (filled.status !== 0) return `slapadd: ${(filled.stderr || filled.error?.message || `exit code ${filled.status}`).trim()}`;
  const version = /slapd (\d[\d.]*)/.exec(spawnSync(slapd, ["-VV"], { encoding: "utf8" }).stderr)?.[1] ?? "";
  return { command: [slapd, "-d", TELLS, "-h", `ldaps://${address}`, "-f", file("slapd.conf")], version, certificatePem };
}

function configuration(schema: string, file: (name: string) => string): string {
  const modules = MODULES.find((place) => existsSync(place));
  return [
    ...SCHEMA.map((name) => `include ${schema}/${name}.schema`),
    ...(modules === undefined ? [] : [`modulepath ${modules}`, "moduleload back_mdb"]),
    `TLSCertificateFile ${file("certificate.pem")}`,
    `TLSCertificateKeyFile ${file("key.pem")}`,
    "access to * by * read",
    "database mdb",
    `suffix "${BASE}"`,
    `directory ${file("db")}`,
    `maxsize ${MAP_BYTES}`,
    "index objectClass eq",
    "",
  ].join("\n");
}

/** Without gecos, which is ASCII in its schema (RFC 2307 §3), as the names of people are not. */
function ldifOf({ dn, attributes }: DirectoryEntry): string {
  const lines = Object.entries(attributes).flatMap(([name, values]) =>
    name === "gecos" ? [] : values.map((value) => `${name}:: ${Buffer.from(value).toString("base64")}`),
  );
  return `${[`dn: ${dn}`, ...lines].join("\n")}\n`;
}
