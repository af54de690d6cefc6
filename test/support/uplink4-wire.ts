/** What tshark reads in a capture of DHCPv4: conversations, and what it holds against the frames of one sender. */
import { run, sound } from "./programs.ts";

/** One DHCPv4 message. Options that are not there are empty. */
export type Seen4 = {
  readonly atSeconds: number;
  readonly type: string;
  readonly macSource: string;
  readonly source: string;
  readonly destination: string;
  readonly ciaddr: string;
  readonly yiaddr: string;
  readonly giaddr: string;
  readonly requested: string;
  readonly serverId: string;
  /** Codes of its options. */
  readonly options: readonly number[];
  /** Codes it asks for (option 55). */
  readonly wanted: readonly number[];
};

const TYPES = ["", "discover", "offer", "request", "decline", "ack", "nak", "release", "inform"];
const FIELDS = [
  ...["frame.time_epoch", "dhcp.option.dhcp", "eth.src", "ip.src", "ip.dst", "dhcp.ip.client", "dhcp.ip.your", "dhcp.ip.relay"],
  ...["dhcp.option.requested_ip_address", "dhcp.option.dhcp_server_id", "dhcp.option.type", "dhcp.option.request_list_item"],
];

export async function messagesIn(file: string, filter = "dhcp"): Promise<readonly Seen4[]> {
  const rows = await fieldsIn(file, filter, FIELDS);
  return rows.map(([at = "", type = "", mac = "", source = "", destination = "", ciaddr = "", yiaddr = "", giaddr = "", ...more]) => {
    const [requested = "", serverId = "", options = "", wanted = ""] = more;
    return {
      ...{ atSeconds: Number(at), type: TYPES[Number(type)] ?? type, macSource: mac, source, destination },
      ...{ ciaddr, yiaddr, giaddr, requested, serverId, options: numbers(options), wanted: numbers(wanted) },
    };
  });
}

/** Malformed frames, wrong checksums and expert remarks from warning up, in frames that match. */
export async function complaintsIn(file: string, filter: string): Promise<readonly string[]> {
  const bad = `(${filter}) && (_ws.malformed || _ws.expert.severity >= 0x600000)`;
  const rows = await fieldsIn(file, bad, ["frame.number", "_ws.expert.message", "_ws.malformed"]);
  return rows.map((row) => row.join(" "));
}

/** When frames that match were sent. */
export async function timesOf(file: string, filter: string): Promise<readonly number[]> {
  return (await fieldsIn(file, filter, ["frame.time_epoch"])).map(([at = ""]) => Number(at));
}

/** Fields of the frames that a filter lets through, a row each; sums are reckoned. */
export async function fieldsIn(file: string, filter: string, fields: readonly string[]): Promise<readonly (readonly string[])[]> {
  const checks = ["-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"];
  const wanted = fields.flatMap((field) => ["-e", field]);
  const { stdout } = sound(await run("tshark", ["-n", "-r", file, ...checks, "-Y", filter, "-T", "fields", "-E", "separator=/t", ...wanted]));
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("\t"));
}

function numbers(text: string): readonly number[] {
  return text === "" ? [] : text.split(",").map(Number);
}
