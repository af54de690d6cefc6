/**
 * The directory of the private house, and of tests in network namespaces: the simulator's actor on real sockets.
 *
 *   node --import tsx scripts/house/ldap-server.ts --listen ADDRESS [--port 389] [--tls-port 636] [--name ldap.house.example] \
 *     [--certificate FILE] [--base dc=house,dc=example] [--bind-dn DN --password-file FILE] [--json-events FILE|FD]
 *
 * --certificate: a certificate is made, its PEM put there for whoever shall trust it, and TLS offered on --tls-port and by StartTLS.
 * Without --bind-dn anybody may search. Commands, a line each on standard input, answered by an event:
 *
 *   mode serve|busy|refuse-bind|die-in-page|size-limit|no-paging|silent
 *   add-user NAME ID | remove-user NAME | set-shell NAME SHELL | set-members GROUP NAME,NAME
 *
 * Events are lines of JSON: {"event":"listening","port":389,"tlsPort":636} first, then what the directory did.
 */
import { appendFileSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { parseIpv4 } from "../../src/base/ipv4.ts";
import { ipv6Bytes, parseIpv6 } from "../../src/base/ipv6.ts";
import { LDAP_MODES, LdapDirectory } from "../../src/sim/actors/ldap-directory.ts";
import { directoryOf } from "../../src/sim/actors/ldap-entries.ts";
import { serveLdap } from "../../src/sim/real/ldap-socket.ts";
import { selfSigned } from "./certificate.ts";
import { BASE, PEOPLE, TEAMS } from "./people.ts";

let people = PEOPLE;
let teams = TEAMS;

const text = { type: "string" } as const;
const { values } = parseArgs({
  options: {
    listen: { ...text, default: "127.0.0.1" },
    port: { ...text, default: "389" },
    "tls-port": { ...text, default: "636" },
    name: { ...text, default: "ldap.house.example" },
    certificate: text,
    base: { ...text, default: BASE },
    "bind-dn": { ...text, default: "" },
    "password-file": text,
    "json-events": { ...text, default: "1" },
  },
});
const events = values["json-events"];
const secret = values["password-file"];
const password = secret === undefined ? "" : readFileSync(secret, "utf8").trimEnd();
const config = { bindDn: values["bind-dn"], password, anonymous: values["bind-dn"] === "" };
const directory = new LdapDirectory(config, directoryOf(values.base, people, teams), ({ kind, detail }) => tell({ event: kind, detail }));

const certificate = values.certificate === undefined ? undefined : selfSigned(values.name, addressBytes(values.listen));
if (certificate !== undefined && values.certificate !== undefined) writeFileSync(values.certificate, certificate.certificatePem);
const { port, tlsPort } = await serveLdap(directory, {
  address: values.listen,
  port: number(values.port),
  tls: certificate === undefined ? undefined : { port: number(values["tls-port"]), ...certificate },
});
tell({ event: "listening", port, tlsPort });
createInterface({ input: process.stdin }).on("line", (line) => command(line.trim().split(/\s+/)));

function command([verb = "", name = "", more = ""]: readonly string[]): void {
  const mode = LDAP_MODES.find((known) => known === name);
  if (verb === "mode" && mode !== undefined) {
    directory.mode = mode;
    return tell({ event: "mode", detail: mode });
  }
  if (verb === "add-user") people = [...people, { name, id: Number(more) || 29999, group: 20100 }];
  else if (verb === "remove-user") people = people.filter((person) => person.name !== name);
  else if (verb === "set-shell") people = people.map((person) => (person.name === name ? { ...person, shell: more } : person));
  else if (verb === "set-members") teams = teams.map((team) => (team.name === name ? { ...team, members: more.split(",") } : team));
  else return tell({ event: "unknown", detail: verb });
  directory.change(directoryOf(values.base, people, teams));
}

function tell(line: { readonly [field: string]: string | number | undefined }): void {
  const bytes = `${JSON.stringify({ at: new Date().toISOString(), ...line })}\n`;
  if (/^\d+$/.test(events)) writeSync(Number(events), bytes);
  else appendFileSync(events, bytes);
}

function addressBytes(address: string): Uint8Array {
  const four = parseIpv4(address);
  const six = parseIpv6(address);
  if (four !== undefined) return Uint8Array.from(four.split(".").map(Number));
  return six === undefined ? usage(`"${address}" is no address`) : ipv6Bytes(six);
}

function number(given: string): number {
  return /^\d+$/.test(given) ? Number(given) : usage(`"${given}" is no number`);
}

function usage(why: string): never {
  process.stderr.write(`ldap-server: ${why}\nusage: ldap-server.ts --listen ADDRESS [--port N] [--tls-port N --certificate FILE] [--bind-dn DN]\n`);
  process.exit(2);
}
