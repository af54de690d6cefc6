/** What a person needs to know of each key: the hint of its errors, and the text of docs/options.md, which a test compares with this table. */
export type ConfigOption = { readonly takes: string; readonly standard: string; readonly help: string };

export const CONFIG_OPTIONS: Readonly<Record<string, ConfigOption>> = {
  uplink4: { takes: "a table for each interface: [uplink4.eth0]", standard: "none", help: "Interfaces that get their address by DHCPv4." },
  host_name: {
    takes: 'a host name of letters, digits, hyphens and dots; "" sends none',
    standard: "the system's name up to its first dot",
    help: "Sent to servers as option 12.",
  },
  client_id: {
    takes: 'two to 255 octets in hexadecimal, the first is the type: "01:02:00:5e:10:00:01"',
    standard: "01 and the hardware address",
    help: "Sent to servers as option 61; a server keeps a lease under it.",
  },
  retransmit_seconds: {
    takes: "a number of seconds from 0.25 to 64",
    standard: "4",
    help: "The first pause before a message is sent again; each further one is doubled up to 64 (RFC 2131 §4.1).",
  },
  ignore_servers: {
    takes: 'a list of at most 64 IPv4 addresses: ["192.0.2.1"]',
    standard: "empty",
    help: "Answers from these servers change nothing.",
  },
};
