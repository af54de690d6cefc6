/** What a person needs to know of the keys of `[lan.INTERFACE]`, `[relayed.NAME]`, `[class.NAME]` and `[host.NAME]`. Part of CONFIG_OPTIONS. */
import { LAN_SERVED_OPTIONS } from "./options-lan-served.ts";
import type { ConfigOption } from "./options.ts";

type Options = Readonly<Record<string, ConfigOption>>;

const flag = (standard: boolean, help: string): ConfigOption => ({ takes: "true or false", standard: String(standard), help });
const octets = 'text, or "hex:" and hexadecimal digits';
const length = (help: string, standard: string): ConfigOption => ({ takes: "a number from 16 to 128", standard, help });
const seconds = "a number of seconds up to 4294967295, which never ends";
const selector = (what: string): ConfigOption => ({
  takes: `one, or a list: ${octets}`,
  standard: "none",
  help: `${what}; octet for octet, where no link-address tells the link.`,
});
const lengths: Options = {
  shortest: length("The fewest bits of a prefix that is delegated, which is the largest one.", "delegated_length, where it fits"),
  longest: length("The most bits of a prefix that is delegated.", "delegated_length, where it fits"),
  usual: length("What a client gets that asks for no length.", "delegated_length, where it fits"),
};
const poolClass: ConfigOption = {
  takes: 'the name of a class: "phones"',
  standard: "none: all clients",
  help: "Only its clients are given anything of this pool.",
};

const server: Options = {
  address_pool: {
    takes:
      'a prefix, "2001:db8:1:0:1::/80", a range, "2001:db8:1::100-2001:db8:1::1ff", a table, { pool = "...", class = "phones" }, or a list of them',
    standard: "host parts of 64 bits under every prefix the interface holds",
    help: "Where addresses (IA_NA) are taken from.",
  },
  ...under("address_pool", {
    pool: { takes: "a prefix or a range", standard: "none; it is needed", help: "Its addresses." },
    class: poolClass,
  }),
  prefix_pool: {
    takes: 'an IPv6 prefix, "2001:db8:100::/40", a table, { pool = "2001:db8:100::/40", shortest = 48 }, or a list of them',
    standard: "none",
    help: "Where delegated prefixes (IA_PD) are taken from.",
  },
  ...under("prefix_pool", {
    pool: { takes: "an IPv6 prefix", standard: "none; it is needed", help: "What is cut into prefixes." },
    ...lengths,
    exclude: length("The first piece of this length of each delegated prefix stays out of it, where the client knows of that (RFC 6603).", "none"),
    class: poolClass,
  }),
  delegated_length: length("The length of each delegated prefix (RFC 9818 LPD-7).", "64"),
  uplink_prefixes: {
    takes: "true, false, or a table: { shortest = 60, usual = 62 }",
    standard: "false",
    help: "Prefixes are delegated out of what the host was delegated itself: what its refusing routes cover and no link uses.",
  },
  ...under("uplink_prefixes", lengths),
  assign_addresses: flag(true, "Give addresses (IA_NA); where not, the answer is NoAddrsAvail."),
  known_clients_only: flag(false, "Clients that no host table names are given nothing."),
  preferred_seconds: {
    takes: seconds,
    standard: "2700",
    help: "The longest preferred lifetime hosts are told; nothing outlives the prefix it was taken from (RFC 9096 §3.4).",
  },
  valid_seconds: { takes: seconds, standard: "5400", help: "The longest valid lifetime hosts are told." },
  t1_permille: {
    takes: "a number from 1 to 1000",
    standard: "500",
    help: "When clients renew (T1), in thousandths of the shortest preferred lifetime (RFC 9915 §14.2).",
  },
  t2_permille: { takes: "a number from 1 to 1000", standard: "800", help: "When clients ask any server (T2), the same." },
  rapid_commit: flag(false, "Answer a SOLICIT that asks for it with a lease at once (RFC 9915 §18.3.1)."),
  preference: {
    takes: "a number from 0 to 255",
    standard: "0",
    help: "Of several servers clients take the one with the highest; 255 is taken at once (RFC 9915 §18.2.9).",
  },
  reconfigure: flag(false, "Clients that would accept it are given a key, and told when something changes (RFC 9915 §20.4)."),
  own_resolver: flag(true, "Where dns is empty, clients are told our own address on the link."),
  leases_per_client: {
    takes: "a number from 1 to 2000000",
    standard: "as many as fit",
    help: "Addresses and prefixes that one client may hold here.",
  },
  leases_per_link: {
    takes: "a number from 1 to 2000000",
    standard: "as many as fit",
    help: "Addresses and prefixes that all clients of the link may hold.",
  },
  leases_per_relay_port: {
    takes: "a number from 1 to 2000000",
    standard: "as many as fit",
    help: "The same behind one port of a relay: the outermost relay and its Interface-Id.",
  },
  messages_per_second_per_source: {
    takes: "a number from 1 to 1000000",
    standard: "as many as come",
    help: "Messages one client, or one relay, may send; what is more is counted and not answered.",
  },
  dns: {
    takes: 'a list of IPv6 addresses: ["2001:db8::53"]',
    standard: "our own address on the link, where there is one",
    help: "Resolvers hosts are told (options 23 and RDNSS).",
  },
  search: { takes: 'a list of domain names: ["home.example"]', standard: "empty", help: "Domains hosts search (options 24 and DNSSL)." },
  ...LAN_SERVED_OPTIONS,
};

const LINK: Options = {
  ...under("lan", server),
  "lan.managed": { takes: "true or false", standard: "true where DHCPv6 is on", help: "Tell hosts to ask for addresses by DHCPv6 (M flag)." },
  "lan.other_config": { takes: "true or false", standard: "true where DHCPv6 is on", help: "Tell hosts to ask for the rest by DHCPv6 (O flag)." },
  "lan.slaac": flag(true, "Let hosts make addresses out of our prefixes (A flag)."),
  "lan.router_lifetime_seconds": {
    takes: "a number of seconds from 0 to 65535",
    standard: "long enough while there is a default route, else 0",
    help: "For how long hosts may use us as default router; 0: not at all.",
  },
  "lan.ra_min_seconds": {
    takes: "a number of seconds from 3 to 1350",
    standard: "200",
    help: "The shortest pause between advertisements nobody asked for.",
  },
  "lan.ra_max_seconds": {
    takes: "a number of seconds from 4 to 1800",
    standard: "600",
    help: "The longest pause between advertisements nobody asked for.",
  },
  "lan.relay_to": { takes: 'a list of interfaces: ["wan0"]', standard: "empty", help: "Where a relay sends what clients ask." },
  "lan.relay_servers": {
    takes: 'a list of IPv6 addresses: ["2001:db8::547"]',
    standard: "All_DHCP_Servers, ff05::1:3",
    help: "Servers a relay asks; only they may answer.",
  },
};

const lifetimes: Options = {
  preferred_seconds: {
    takes: seconds,
    standard: "that of the link",
    help: "The longest preferred lifetime these clients are told. Needs valid_seconds.",
  },
  valid_seconds: {
    takes: seconds,
    standard: "that of the link",
    help: "The longest valid lifetime these clients are told. Needs preferred_seconds.",
  },
};
const served: Options = {
  dns: { takes: 'a list of IPv6 addresses: ["2001:db8::53"]', standard: "those of the link", help: "Resolvers (option 23)." },
  search: { takes: 'a list of domain names: ["home.example"]', standard: "those of the link", help: "Domains to search (option 24)." },
  ...LAN_SERVED_OPTIONS,
};

const CLASS: Options = {
  tests: {
    takes: 'a list of at most 16 tables: [ { option = 16, prefix = "PXEClient" } ]',
    standard: "none; one is needed",
    help: "Who is in the class: all of them have to be true.",
  },
  ...under("tests", {
    option: {
      takes: "the code of an option",
      standard: "none; it is needed",
      help: "Of the client's message; 18, 37, 38, 53 and 79 of its relays'. Of 15 and 16 one item has to fit, of any other the whole value.",
    },
    equal: { takes: octets, standard: "none", help: "It is this." },
    prefix: { takes: octets, standard: "none", help: "It begins with this." },
    present: { takes: "true", standard: "none", help: "It is there." },
  }),
  drop: flag(false, "Clients of the class are not answered."),
  ...lifetimes,
  ...served,
};

const HOST: Options = {
  duid: {
    takes:
      'hexadecimal digits, "00:03:00:01:02:00:5e:10:00:01", with "%" and an IAID in hexadecimal where one association is meant, or a list of them',
    standard: "none",
    help: "The identifier it is known by.",
  },
  mac: {
    takes: 'an Ethernet address, "02:00:5e:10:00:01", or a list of them',
    standard: "none",
    help: "The same, where its DUID holds it or a relay tells it (RFC 6939).",
  },
  address: {
    takes: 'an IPv6 address, "2001:db8:1::5", or a list of them',
    standard: "none",
    help: "What is reserved for it: nobody else is given it.",
  },
  host_part: { takes: 'the lower 64 bits of an address: "::5"', standard: "none", help: "Its address under every prefix of its link." },
  prefix: { takes: 'an IPv6 prefix, "2001:db8:5::/56", or a list of them', standard: "none", help: "What is delegated to it and to nobody else." },
  ...lifetimes,
  ignored: flag(false, "It is never answered."),
  ...served,
};

export const LAN_OPTIONS: Options = {
  lan: { takes: "a table for each interface: [lan.lan0]", standard: "none", help: "Links that are served or relayed." },
  "lan.ra": { takes: '"server" or "off"', standard: '"server"', help: "Router advertisements (RFC 4861 §6.2)." },
  "lan.dhcpv6": { takes: '"server", "relay" or "off"', standard: '"server"', help: "Whether DHCPv6 is served here, relayed, or neither." },
  ...LINK,
  relayed: {
    takes: "a table for each link behind relays: [relayed.upstairs]",
    standard: "none",
    help: "Links whose clients reach this server through relays.",
  },
  "relayed.link": {
    takes: 'an IPv6 prefix: "2001:db8:5::/64"',
    standard: "none; it is needed",
    help: "Relays name the link by an address in it (link-address).",
  },
  "relayed.interface_id": selector("What its relays say as Interface-Id (option 18)"),
  "relayed.relay_id": selector("What its relays say as Relay-Id (option 53)"),
  "relayed.remote_id": selector("What its relays say as Remote-Id (option 37), the enterprise number before it"),
  ...under("relayed", server),
  class: {
    takes: "a table for each class: [class.phones]",
    standard: "none",
    help: "Clients told by what they say. What a class says goes over what the link says, in the order of the file.",
  },
  ...under("class", CLASS),
  host: {
    takes: "a table for each host: [host.printer]",
    standard: "none",
    help: "Clients that are known, and what is reserved for them. What a host says goes over what link and classes say.",
  },
  ...under("host", HOST),
};

function under(table: string, options: Options): Options {
  return Object.fromEntries(Object.entries(options).map(([key, option]) => [`${table}.${key}`, option]));
}
