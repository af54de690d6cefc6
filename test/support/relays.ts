/** Other people's DHCPv6 relays. */
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
