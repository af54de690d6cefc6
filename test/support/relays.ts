/** Other people's DHCPv6 and DHCPv4 relays. */
import { join } from "node:path";
import type { Namespace } from "./namespace.ts";
import type { Running } from "./programs.ts";
import { ready } from "./servers6.ts";
import { unpacked } from "./unpacked.ts";

export type Relay6Options = {
  /** Where clients are. */
  readonly lower: string;
  /** What stands in link-address: the server chooses by it. */
  readonly linkAddress: string;
  /** Where servers are. */
  readonly upper: string;
  /** A server's address, or the group ff02::1:2; the program itself would take ff05::1:3, which Kea does not join. */
  readonly server?: string;
  readonly interfaceId?: boolean;
};

/** ISC dhcrelay. */
export async function startDhcrelay6(ns: Namespace, folder: string, options: Relay6Options): Promise<Running> {
  const { lower, linkAddress, upper, server = "ff02::1:2", interfaceId = true } = options;
  const flags = ["-6", "-d", "-pf", join(folder, "dhcrelay6.pid"), ...(interfaceId ? ["-I"] : [])];
  const program = ns.spawn(unpacked("usr/sbin/dhcrelay"), [...flags, "-l", `${linkAddress}%${lower}`, "-u", `${server}%${upper}`]);
  await ready(program, /Sending on +Socket|Bound to/, "dhcrelay relays");
  return program;
}

export type Relay4Options = {
  /** Where clients are, and our address there, which stands in giaddr: the server chooses by it. */
  readonly lower: string;
  readonly address: string;
  readonly upper: string;
  /** Each of them is asked. */
  readonly servers: readonly string[];
};

/** ISC dhcrelay. */
export async function startDhcrelay4(ns: Namespace, options: Relay4Options): Promise<Running> {
  const program = ns.spawn(unpacked("usr/sbin/dhcrelay"), ["-4", "-d", "--no-pid", "-id", options.lower, "-iu", options.upper, ...options.servers]);
  await ready(program, /Sending on +Socket/, "dhcrelay relays");
  return program;
}

export async function startDnsmasqRelay4(ns: Namespace, { address, upper, servers }: Relay4Options): Promise<Running> {
  const flags = ["-k", "--conf-file=/dev/null", "--user=root", "--pid-file=", "--port=0", "--log-facility=-", "--log-dhcp"];
  const program = ns.spawn("dnsmasq", [...flags, ...servers.map((server) => `--dhcp-relay=${address},${server},${upper}`)]);
  await ready(program, /DHCP relay from/, "dnsmasq relays");
  return program;
}
