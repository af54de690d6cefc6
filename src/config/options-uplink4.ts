/** What a person needs to know of the keys of `[uplink4.INTERFACE]`, `[system]` and `[hooks]`. Part of CONFIG_OPTIONS. */
import type { ConfigOption } from "./options.ts";

const flag = (help: string): ConfigOption => ({ takes: "true or false", standard: "false", help });
const octets = 'text, or "hex:" and hexadecimal digits';
const codes = "a list of option codes from 1 to 254: [43, 66]";
const servers = 'a list of at most 64 IPv4 addresses: ["192.0.2.1"]';

export const HOST_OPTIONS: Readonly<Record<string, ConfigOption>> = {
  system: { takes: "one table: [system]", standard: "none", help: "What is done to the host itself." },
  "system.resolver": {
    takes: '"auto", "resolvectl", "resolvconf", "file" or "none"',
    standard: '"auto"',
    help: "How resolvers that servers name reach programs: the first of resolvectl, resolvconf and a file that this host has.",
  },
  "system.manage": flag("Set what uplinks need of the kernel (forwarding, accept_ra), and put it back at the end."),
  "system.hosts_dir": {
    takes: 'the whole path of a folder: "/run/leasehold/hosts"',
    standard: "none",
    help: "Where a file of names and addresses is kept for each link of lan, as /etc/hosts has it: leasehold.hosts.LINK.",
  },
  hooks: { takes: "one table: [hooks]", standard: "none", help: "A program that is run after something happened to an uplink." },
  "hooks.run": {
    takes: 'the whole path of a program: "/etc/leasehold/hook"',
    standard: "none; it is needed",
    help: "It must belong to root and be writable by nobody else.",
  },
  "hooks.user": { takes: 'the name of a user: "root"', standard: "a user without rights", help: "As whom it runs." },
};

export const UPLINK4_OPTIONS: Readonly<Record<string, ConfigOption>> = {
  uplink4: {
    takes: 'a table for each interface, or for each pattern: [uplink4.eth0], [uplink4."eth*"]',
    standard: "none",
    help: "Interfaces that get their address by DHCPv4. A name goes before patterns; an empty [uplink4] waits for interfaces that are attached later.",
  },
  "uplink4.host_name": {
    takes: 'a host name of at most 255 octets that does not begin with a dot; "" sends none',
    standard: "the system's name up to its first dot",
    help: "Sent to servers as option 12.",
  },
  "uplink4.fqdn": {
    takes: 'a domain name: "gw.home.example"',
    standard: "none",
    help: "Sent to servers as option 81, in place of the host name (RFC 4702).",
  },
  "uplink4.fqdn_update": { takes: '"server", "client" or "none"', standard: '"server"', help: "Who should enter that name in the DNS." },
  "uplink4.client_id": {
    takes: '"mac", "duid", or two to 255 octets in hexadecimal, the first is the type: "01:02:00:5e:10:00:01"',
    standard: '"mac": 01 and the hardware address',
    help: "Sent to servers as option 61; a server keeps a lease under it. duid: as for DHCPv6 (RFC 4361).",
  },
  "uplink4.vendor_class": { takes: octets, standard: "none", help: "Sent to servers as option 60." },
  "uplink4.user_class": { takes: `a list of at most 16: ${octets}`, standard: "none", help: "Sent to servers as option 77 (RFC 3004)." },
  "uplink4.mud_url": {
    takes: 'an https URL of at most 255 characters: "https://vendor.example/model.json"',
    standard: "none",
    help: "Sent to servers as option 161 (RFC 8520).",
  },
  "uplink4.request_options": { takes: codes, standard: "empty", help: "Asked for beside the usual options; what comes is shown, and told to hooks." },
  "uplink4.no_request_options": { takes: codes, standard: "empty", help: "Usual options that are not asked for." },
  "uplink4.send_options": {
    takes: `a table of option codes: { "43" = "hex:0102", "66" = "text" }; ${octets}`,
    standard: "empty",
    help: "Sent in every message, as they are. Options that have a key of their own, or that the client sets itself, are refused.",
  },
  "uplink4.retransmit_seconds": {
    takes: "a number of seconds from 0.25 to 64",
    standard: "4",
    help: "The first pause before a message is sent again; each further one is doubled up to 64 (RFC 2131 §4.1).",
  },
  "uplink4.start_delay_seconds": {
    takes: "a number of seconds from 0 to 600",
    standard: "none, or 1 where many links come up at once",
    help: "The first message waits up to so long, by chance (RFC 2131 §4.4.1).",
  },
  "uplink4.select_seconds": {
    takes: "a number of seconds from 0 to 60",
    standard: "0: the first is taken",
    help: "For how long offers are collected before one is taken.",
  },
  "uplink4.conflict_detection": {
    takes: '"fast", "rfc" or "off"',
    standard: '"fast"',
    help: "Whether others are asked for an address before it is used (RFC 5227): for about half a second, for up to seven, or not.",
  },
  "uplink4.rapid_commit": flag("Offer servers to answer the first message with a lease (RFC 4039)."),
  "uplink4.prefer_ipv6": {
    takes: '"no", "yes" or "when-connected"',
    standard: '"no"',
    help: "Give IPv4 up where the network says that it needs none (RFC 8925): always, or while IPv6 leads somewhere.",
  },
  "uplink4.fallback_link_local": flag("Use an address of 169.254/16 while no server answers (RFC 3927)."),
  "uplink4.broadcast_flag": flag("Ask servers to answer by broadcast (RFC 2131 §4.1)."),
  "uplink4.anonymous": flag("Send nothing that tells this host from others (RFC 7844)."),
  "uplink4.release_on_stop": flag("Give the lease back when the program ends, and take the address away."),
  "uplink4.inform": {
    takes: 'an address with a prefix length: "192.0.2.5/24"',
    standard: "none",
    help: "The address is set by hand; servers are asked only for the rest (DHCPINFORM).",
  },
  "uplink4.allow_servers": { takes: servers, standard: "empty: all are", help: "Answers from all other servers change nothing." },
  "uplink4.ignore_servers": { takes: servers, standard: "empty", help: "Answers from these servers change nothing." },
  "uplink4.ignore_dns": flag("Resolvers and search domains of servers are not used."),
  "uplink4.ignore_routes": flag("Routes of servers are not used."),
  "uplink4.ignore_classless_routes": flag("Options 121 and 249 are passed over, so that no server draws traffic away from the default route."),
  "uplink4.metric": {
    takes: "a number from 0 to 4294967295",
    standard: "1024, and 3000 where the link is wireless",
    help: "What our routes cost; the cheapest are used.",
  },
  "uplink4.table": {
    takes: "a number from 1 to 4294967295, but not 255",
    standard: "the main table",
    help: "The routing table our routes stand in.",
  },
  "uplink4.use_mtu": flag("Routes get the MTU that servers tell (option 26)."),
  "uplink4.mtu_min": { takes: "a number of bytes from 576 to 65535", standard: "1280", help: "A smaller MTU is not believed. Needs use_mtu." },
  "uplink4.use_host_name": flag("The host takes the name that servers give it (option 12)."),
  "uplink4.socket_priority": {
    takes: "a number from 0 to 15",
    standard: "none",
    help: "SO_PRIORITY of what is sent, of which the kernel makes a VLAN's priority.",
  },
  "uplink4.dscp": { takes: "a number from 0 to 63", standard: "none: TOS 0x10", help: "The differentiated services code point of what is sent." },
};
