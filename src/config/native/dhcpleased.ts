/** What may stand in an `interface` block of dhcpleased.conf: one entry a statement, with the keys of the TOML form that it becomes. */
import { toHex } from "../../base/hex.ts";
import { textOfOctets } from "../octets.ts";
import type { Place } from "../toml.ts";
import { Misread } from "./characters.ts";
import type { Grammar } from "./grammar.ts";
import { add, flag, once, REQUEST_OPTIONS, type Said, SEND_OPTION, type Statement, written } from "./statement.ts";
import type { Tokens } from "./tokens.ts";
import { unvis } from "./vis.ts";

const OPTION_BYTES = 255;
export const HEX_OCTETS = /^[0-9A-Fa-f]{1,2}(?::[0-9A-Fa-f]{1,2})*$/;
const UPDATES = ["server", "client", "none"] as const;
/** `acd yes` is what holds anyway. */
const CONFLICT_DETECTION = { yes: "fast", fast: "fast", rfc: "rfc", no: "off" } as const;

export const STATEMENTS: readonly Statement[] = [
  text("send vendor class id", "vendor_class", "a vendor class", vendorClass),
  text("send client id", "client_id", "a client identifier", clientId),
  { words: "send duid", form: "send duid", read: () => [once("client_id", "duid")] },
  { words: "send host name", form: 'send host name "NAME"', read: (tokens) => [once("host_name", tokens.utf8("a host name"))] },
  { words: "send no host name", form: "send no host name", read: () => [once("host_name", "")] },
  { words: "send fqdn", form: 'send fqdn "NAME" [update server|client|none]', read: fqdn },
  {
    words: "send user class",
    form: 'send user class "CLASS" ...',
    read: (tokens) => [once("user_class", texts(tokens, "a user class").map(written))],
  },
  { words: "send mud url", form: 'send mud url "URL"', read: (tokens) => [once("mud_url", tokens.utf8("a URL"))] },
  SEND_OPTION,
  ...REQUEST_OPTIONS,
  flag("ignore dns", "ignore_dns"),
  flag("ignore routes", "ignore_routes"),
  flag("ignore classless routes", "ignore_classless_routes"),
  { words: "ignore", form: "ignore SERVER", read: (tokens) => [add("ignore_servers", tokens.utf8("the IPv4 address of a server"))] },
  { words: "allow", form: "allow SERVER", read: (tokens) => [add("allow_servers", tokens.utf8("the IPv4 address of a server"))] },
  { words: "prefer ipv6", form: "prefer ipv6 [when connected]", read: () => [{ how: "flag", key: "prefer_ipv6", value: "yes" }] },
  {
    words: "prefer ipv6 when connected",
    form: "prefer ipv6 when connected",
    read: () => [{ how: "flag", key: "prefer_ipv6", value: "when-connected" }],
  },
  flag("rapid commit", "rapid_commit"),
  {
    words: "acd",
    form: "acd yes|rfc|no",
    read: (tokens) => [once("conflict_detection", CONFLICT_DETECTION[tokens.oneOf(keysOf(CONFLICT_DETECTION))])],
  },
  flag("fallback link-local", "fallback_link_local"),
  flag("broadcast flag", "broadcast_flag"),
  flag("anonymous", "anonymous"),
  flag("release on stop", "release_on_stop"),
  { words: "inform", form: "inform ADDRESS/LENGTH", read: (tokens) => [once("inform", tokens.utf8("an address with a prefix length"))] },
  number("metric", "metric"),
  number("table", "table"),
  { words: "use mtu", form: "use mtu [min N]", read: useMtu },
  flag("use hostname", "use_host_name"),
  number("priority", "socket_priority"),
  number("dscp", "dscp"),
  decimal("retransmit", "retransmit_seconds"),
  decimal("start delay", "start_delay_seconds"),
  decimal("select", "select_seconds"),
];

const WORDS: ReadonlyMap<string, string> = new Map([
  ["client_id", "client id"],
  ["host_name", "host name"],
  ["vendor_class", "vendor class id"],
  ["user_class", "user class"],
  ["mud_url", "mud url"],
  ["send_options", "send option"],
  ["request_options", "request option"],
  ["no_request_options", "no request option"],
  ["allow_servers", "allow"],
  ["ignore_servers", "ignore"],
  ["ignore_dns", "ignore dns"],
  ["ignore_routes", "ignore routes"],
  ["ignore_classless_routes", "ignore classless routes"],
  ["fqdn_update", "update"],
  ["conflict_detection", "acd"],
  ["rapid_commit", "rapid commit"],
  ["prefer_ipv6", "prefer ipv6"],
  ["fallback_link_local", "fallback link-local"],
  ["broadcast_flag", "broadcast flag"],
  ["release_on_stop", "release on stop"],
  ["use_host_name", "use hostname"],
  ["socket_priority", "priority"],
  ["use_mtu", "use mtu"],
  ["mtu_min", "use mtu min"],
  ["retransmit_seconds", "retransmit"],
  ["start_delay_seconds", "start delay"],
  ["select_seconds", "select"],
]);

export const DHCPLEASED: Grammar = {
  service: "uplink4",
  keywords: ["class", "client", "dns", "host", "id", "ignore", "interface", "ipv6", "name", "no", "prefer", "routes", "send", "vendor"],
  statements: STATEMENTS,
  words: WORDS,
  lines: [],
};

function number(words: string, key: string): Statement {
  return { words, form: `${words} N`, read: (tokens) => [once(key, tokens.number("a number"))] };
}

function decimal(words: string, key: string): Statement {
  return { words, form: `${words} SECONDS`, read: (tokens) => [once(key, tokens.decimal("a number of seconds"))] };
}

/** Text whose escapes are those of vis(3). */
function text(words: string, key: string, what: string, made: (given: string, place: Place) => string): Statement {
  const read = (tokens: Tokens): readonly Said[] => {
    const { place } = tokens;
    return [once(key, made(tokens.text(what), place))];
  };
  return { words, form: `${words} "TEXT"`, read };
}

function vendorClass(given: string, place: Place): string {
  const octets = unescaped(given, place);
  const nul = octets.indexOf(0);
  const value = nul < 0 ? octets : octets.subarray(0, nul);
  fits(value, { what: "the vendor class", least: 1, place });
  return textOfOctets(value);
}

/** Hexadecimal octets of which the first is the type, or text that is sent as it is: `\0` before it makes it type 0. */
function clientId(given: string, place: Place): string {
  const octets = HEX_OCTETS.test(given) ? Uint8Array.from(given.split(":"), (digits) => Number.parseInt(digits, 16)) : unescaped(given, place);
  fits(octets, { what: "the client identifier", least: 2, place });
  return toHex(octets);
}

function unescaped(given: string, place: Place): Uint8Array {
  const octets = unvis(given);
  if (octets === undefined) throw new Misread(place, "an escape of this text is none", "vis(3): \\\\ is a backslash, \\012 an octet in octal");
  return octets;
}

function fits(octets: Uint8Array, { what, least, place }: { readonly what: string; readonly least: number; readonly place: Place }): void {
  if (octets.length > OPTION_BYTES) throw new Misread(place, `${what} is longer than ${OPTION_BYTES} octets`, "an option holds no more");
  if (octets.length < least)
    throw new Misread(place, `${what} is shorter than ${least === 1 ? "an octet" : `${least} octets`}`, "RFC 2132 §9: an option holds more");
}

function fqdn(tokens: Tokens): readonly Said[] {
  const name = tokens.utf8("a domain name");
  return [once("fqdn", name), ...(tokens.word("update") ? [once("fqdn_update", tokens.oneOf(UPDATES))] : [])];
}

function texts(tokens: Tokens, what: string): readonly string[] {
  const all = [tokens.text(what)];
  while (tokens.isText()) all.push(tokens.text(what));
  return all;
}

function useMtu(tokens: Tokens): readonly Said[] {
  const use: Said = { how: "flag", key: "use_mtu", value: true };
  return tokens.word("min") ? [use, once("mtu_min", tokens.number("a number of bytes"))] : [use];
}

function keysOf<T extends object>(table: T): readonly (keyof T & string)[] {
  return Object.keys(table) as (keyof T & string)[];
}
