/** What a person needs to know of the keys by which links, classes and hosts say options of DHCPv6. Part of CONFIG_OPTIONS. */
import type { ConfigOption } from "./options.ts";

const octets = 'text, or "hex:" and hexadecimal digits';
const addresses = (what: string, code: number): ConfigOption => ({
  takes: 'a list of IPv6 addresses: ["2001:db8::1"]',
  standard: "none",
  help: `${what} (option ${code}).`,
});
const none = (takes: string, help: string): ConfigOption => ({ takes, standard: "none", help });
const needed = (takes: string, help: string): ConfigOption => ({ takes, standard: "none; it is needed", help });

/** Options are said to clients that ask for them; several of one code are several options. `dns` and `search` stand with their tables. */
export const LAN_SERVED_OPTIONS: Readonly<Record<string, ConfigOption>> = {
  ntp: none('a list of IPv6 addresses and domain names: ["2001:db8::123", "time.example"]', "Time servers (option 56, one for each; RFC 5908)."),
  sntp: addresses("Time servers, as clients of RFC 4075 know them", 31),
  sip_servers: addresses("SIP servers", 22),
  sip_domains: none('a list of domain names: ["sip.example"]', "Domains of SIP servers (option 21)."),
  timezone_posix: none('a time zone in the form of POSIX: "CET-1CEST,M3.5.0,M10.5.0/3"', "Option 41; blanks become underscores."),
  timezone: none('the name of a time zone: "Europe/Berlin"', "Option 42; blanks become underscores."),
  captive_portal: none(
    'an https URL: "https://portal.example/api", or "urn:ietf:params:capport:unrestricted"',
    "Where hosts learn whether they may go on (option 103, RFC 8910), or that nothing keeps them.",
  ),
  aftr: none('a domain name: "aftr.example"', "The tunnel's end of DS-Lite (option 64)."),
  sol_max_rt_seconds: none("a number of seconds from 60 to 86400", "How seldom clients that get no answer ask (option 82)."),
  inf_max_rt_seconds: none("a number of seconds from 60 to 86400", "The same of clients that ask for no lease (option 83)."),
  dnr: none(
    'a list of tables, one for each resolver: [ { priority = 1, name = "dns.example", addresses = ["2001:db8::53"], alpn = ["dot"] } ]',
    "Resolvers that are asked over an encrypted connection (option 144, RFC 9463).",
  ),
  "dnr.priority": needed("a number from 1 to 65535", "Lower ones are asked first."),
  "dnr.name": needed('a domain name: "dns.example"', "What the resolver's certificate is for."),
  "dnr.addresses": none(
    'a list of addresses: ["2001:db8::53"]',
    "Where it is; without any, clients look its name up. Those of IPv4 are not told by DHCPv6.",
  ),
  "dnr.alpn": none('a list: "dot", "doq", "h2", "h3"', "How it is spoken to."),
  "dnr.no_default_alpn": none("true", "In no other way than alpn says. Needs alpn."),
  "dnr.port": none("a port", "Where it listens, if not on the port of its protocol."),
  "dnr.dohpath": none('a path with a place for the question: "/dns-query{?dns}"', "Needed with h2 and h3 (RFC 9461 §5)."),
  "dnr.ohttp": none("true", "It may be asked through others that hide who asks (RFC 9540)."),
  "dnr.mandatory": none('a list of parameters: ["alpn", "key667"]', "A client that does not know one of these leaves the resolver alone."),
  "dnr.parameters": none(
    `a table of numbers behind "key": { "key667" = "hex:01" }; ${octets}`,
    "Service parameters that have no key of their own (RFC 9460 §2.1).",
  ),
  boot: none(
    'a list of at most 32 tables: [ { architecture = 7, url = "tftp://[2001:db8::69]/boot.efi" }, { url = "..." } ]',
    "What clients boot (options 59 and 60, RFC 5970): the entry for the first architecture they name, else the one without. A class's or host's list goes in place of the link's.",
  ),
  "boot.architecture": none("a number from 0 to 65535", "A processor's architecture (RFC 5970 §3.3); without it: every other one."),
  "boot.url": needed("a URL", "The file."),
  "boot.parameters": none('a list of texts: ["ro", "quiet"]', "What it is told."),
  vendor_options: none(
    'a list of tables: [ { enterprise = 32473, options = { "1" = "hex:01" } } ]',
    "Options of an enterprise (option 17, one for each enterprise).",
  ),
  "vendor_options.enterprise": needed("a number from 0 to 4294967295", "Whose options they are."),
  "vendor_options.options": needed(`a table of option codes: { "1" = "hex:01" }; ${octets}`, "Its options."),
  options: none(
    `a table of option codes: { "99" = "hex:0102" }; ${octets}`,
    "Any other option as it is. Those that have a key of their own, or that the server sets itself, are refused.",
  ),
  forced_options: none("a list of option codes that are said in the same table: [103]", "Said to clients that did not ask for them, too."),
};
