/** What a person needs to know of the keys of `[uplink6.INTERFACE]`. Part of CONFIG_OPTIONS. */
import type { ConfigOption } from "./options.ts";

const flag = (help: string): ConfigOption => ({ takes: "true or false", standard: "false", help });
const codes = "a list of at most 128 option codes from 1 to 65535: [31, 56]";
const octets = 'text, or "hex:" and hexadecimal digits';
const iaid = "a number from 0 to 4294967295";
const hostPart = 'an IPv6 address, "eui64" or "stable"';
const interfaceName = "the name of an interface";

export const UPLINK6_OPTIONS: Readonly<Record<string, ConfigOption>> = {
  uplink6: {
    takes: "a table for each interface: [uplink6.eth0]",
    standard: "none",
    help: "Interfaces that are delegated prefixes, and leased an address, by DHCPv6. A table without address and delegate asks for other information only.",
  },
  "uplink6.pace": {
    takes: '"fast" or "rfc"',
    standard: '"fast"',
    help: "Whether the first complete offer is taken and nothing waits by chance, or offers are collected for as long as RFC 9915 §18.2.1 has it.",
  },
  "uplink6.start": {
    takes: '"at-once" or "advertised"',
    standard: '"at-once"',
    help: "When servers are first asked: with the link, or when a router says that they are there (M, O or P flag; RFC 7084 WPD-4, RFC 9762).",
  },
  "uplink6.rapid_commit": flag("Offer the server to answer a SOLICIT at once (RFC 9915 §18.2.1)."),
  "uplink6.address": {
    takes: "true, false, or a table: { iaid = 1 }",
    standard: "false",
    help: "Ask for an address for this interface itself (IA_NA).",
  },
  "uplink6.address.iaid": {
    takes: iaid,
    standard: "made of the interface's name",
    help: "Tells the server which address is meant; prefixes are numbered apart.",
  },
  "uplink6.delegate": {
    takes: 'a list of at most 32 tables, one for each prefix asked for: [ { to = ["lan0"] } ]',
    standard: "empty",
    help: "What is asked for (IA_PD), and the interfaces each prefix is for.",
  },
  "uplink6.delegate.iaid": {
    takes: iaid,
    standard: "made of the first interface's name",
    help: "Tells the server which prefix is meant; another number is another prefix (RFC 9915 §6.3).",
  },
  "uplink6.delegate.to": {
    takes: 'a list of at most 256 interfaces with prefix lengths: ["lan0", "lan1/60", "reserve/64"], or tables: { interface = "lan0" }',
    standard: "none; one is needed",
    help: "Each gets the next aligned piece; reserve holds a place. Without a length a piece has 64 bits; 128 are an address of ours and nothing else.",
  },
  "uplink6.delegate.to.interface": { takes: interfaceName, standard: "none; it is needed", help: "An interface behind this one, or reserve." },
  "uplink6.delegate.to.length": { takes: "a number from 1 to 128", standard: "64", help: "The length of its prefix." },
  "uplink6.delegate.to.host_part": { takes: hostPart, standard: "that of the delegation", help: "The bits of our own address there." },
  "uplink6.delegate.host_part": {
    takes: hostPart,
    standard: '"::1"',
    help: "The bits of our own address below each piece: as they stand there, made of the hardware address, or drawn so that nobody guesses them (RFC 7217).",
  },
  "uplink6.delegate.prefix_length": {
    takes: "a number from 1 to 128",
    standard: "what the pieces need",
    help: "The length of the prefix that is asked for. Where it is longer than the pieces need, some of them get nothing.",
  },
  "uplink6.delegate.hint": {
    takes: 'an IPv6 address: "2001:db8:1::"',
    standard: "none: any",
    help: "The prefix that would be welcome before one was held (RFC 9915 §18.2.1).",
  },
  "uplink6.aggregate_route": {
    takes: '"unreachable", "blackhole", "prohibit" or "none"',
    standard: '"unreachable"',
    help: "Where packets to the part of a delegated prefix go that is not in use (RFC 7084 WPD-5).",
  },
  "uplink6.request_options": { takes: codes, standard: "empty", help: "Asked for beside the usual options; what comes is shown, and told to hooks." },
  "uplink6.no_request_options": { takes: codes, standard: "empty", help: "Usual options that are not asked for." },
  "uplink6.send_options": {
    takes: `a table of at most 32 option codes: { "16" = "hex:00007ed90001ff" }; ${octets}`,
    standard: "empty",
    help: "Sent in every message that asks for something, as they are. Options of the conversation itself are refused.",
  },
  "uplink6.accept_reconfigure": {
    takes: "true or false",
    standard: "true",
    help: "Let the server say when to ask it again, where it gave us a key to know it by (RFC 9915 §20.4).",
  },
  "uplink6.register_addresses": flag("Tell the server which addresses this host made itself, where it wants to know (RFC 9686)."),
  "uplink6.release_on_stop": flag("Give everything back when the program ends; RFC 9096 §3.1 advises against it."),
  "uplink6.ignore_dns": flag("Resolvers and search domains of servers are not used."),
};
