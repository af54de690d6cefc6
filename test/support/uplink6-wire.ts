/** What tshark reads in a capture of DHCPv6: conversations, and what it holds against the frames of one sender. */
import { complaintsIn, fieldsIn } from "./uplink4-wire.ts";

/** One DHCPv6 message. Options that are not there are empty. */
export type Seen6 = {
  readonly atSeconds: number;
  readonly type: string;
  readonly xid: string;
  readonly macSource: string;
  readonly source: string;
  readonly destination: string;
  /** Codes of its options, those inside others too, in their order. */
  readonly options: readonly number[];
  readonly iaids: readonly number[];
  /** Delegated, or asked for: `2001:db8::/56`, with the lifetimes it has there. */
  readonly prefixes: readonly { readonly prefix: string; readonly preferredSeconds: number; readonly validSeconds: number }[];
  readonly addresses: readonly string[];
  readonly statuses: readonly number[];
  readonly elapsedMs: number;
  /** Codes it asks for (option 6). */
  readonly wanted: readonly number[];
  /** Of client and server, as they stand in it, hexadecimal. */
  readonly duids: readonly string[];
};

export const OPTION6 = { serverId: 2, iaNa: 3, rapidCommit: 14, iaPd: 25 } as const;
export const STATUS6 = { noBinding: 3, noPrefixAvailable: 6 } as const;
const TYPES = [
  ...["", "solicit", "advertise", "request", "confirm", "renew", "rebind", "reply", "release", "decline", "reconfigure"],
  ...["information-request", "relay-forw", "relay-repl"],
];
const FIELDS = [
  ...["frame.time_epoch", "dhcpv6.msgtype", "dhcpv6.xid", "eth.src", "ipv6.src", "ipv6.dst", "dhcpv6.option.type", "dhcpv6.iaid"],
  ...["dhcpv6.iaprefix.pref_addr", "dhcpv6.iaprefix.pref_len", "dhcpv6.iaprefix.pref_lifetime", "dhcpv6.iaprefix.valid_lifetime"],
  ...["dhcpv6.iaaddr.ip", "dhcpv6.status_code", "dhcpv6.elapsed_time", "dhcpv6.requested_option_code", "dhcpv6.duid.bytes"],
];

export async function messagesIn6(file: string, filter = "dhcpv6"): Promise<readonly Seen6[]> {
  const rows = await fieldsIn(file, filter, FIELDS);
  return rows.map(([at = "", type = "", xid = "", mac = "", source = "", destination = "", options = "", iaids = "", ...more]) => {
    const [prefix = "", length = "", preferred = "", valid = "", address = "", statuses = "", elapsed = "", wanted = "", duids = ""] = more;
    const [lengths, preferredTimes, validTimes] = [numbers(length), numbers(preferred), numbers(valid)];
    const prefixes = words(prefix).map((one, i) => ({
      ...{ prefix: `${one}/${lengths[i]}`, preferredSeconds: preferredTimes[i] ?? 0, validSeconds: validTimes[i] ?? 0 },
    }));
    return {
      ...{ atSeconds: Number(at), type: TYPES[Number(type)] ?? type, xid, macSource: mac, source, destination },
      ...{ options: numbers(options), iaids: words(iaids).map(Number), prefixes, addresses: words(address), statuses: numbers(statuses) },
      ...{ elapsedMs: Number(elapsed), wanted: numbers(wanted), duids: words(duids).map((duid) => duid.replaceAll(":", "")) },
    };
  });
}

export { complaintsIn };

function words(text: string): readonly string[] {
  return text === "" ? [] : text.split(",");
}

function numbers(text: string): readonly number[] {
  return words(text).map(Number);
}
