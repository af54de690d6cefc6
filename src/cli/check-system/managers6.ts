/** Other DHCPv6 clients of an uplink, and programs that take what its routers advertise: addresses come twice, and go when one of the two lets go. */
import type { Finding, Subject } from "./findings.ts";
import { label, unique } from "./managers.ts";
import { type Holder, isOurs, rawSockets6, socketHolders, socketsOnPort } from "./processes.ts";
import type { System } from "./system.ts";

const CLIENT_PORT = 546;
const ICMPV6 = 58;
type Todo = Readonly<Record<string, (name: string, holder: Holder) => string>>;

/** By the kernel's name of the process, and how each is told to leave a link alone. */
const CLIENTS: Todo = {
  dhclient: (name) => `dhclient -6 -x ${name}, and take "iface ${name} inet6 dhcp" out of /etc/network/interfaces`,
  dhcpcd: (name) => `dhcpcd -x ${name}, and write "denyinterfaces ${name}" into /etc/dhcpcd.conf`,
  dhcp6c: (name) => `take "interface ${name}" out of /etc/wide-dhcpv6/dhcp6c.conf, then restart it`,
  odhcp6c: (_, { pid }) => `kill ${pid}`,
  busybox: (_, { pid }) => `kill ${pid}`,
};
/** They listen to routers and set addresses, routes or resolvers; networkd and NetworkManager are asked themselves. */
const LISTENERS: Todo = {
  dhcpcd: (name) => `write "denyinterfaces ${name}" into /etc/dhcpcd.conf, or "noipv6rs" where it shall keep IPv4`,
  rdnssd: () => "systemctl disable --now rdnssd: leasehold tells the resolvers",
  connmand: (name) => `write "NetworkInterfaceBlacklist=${name}" into /etc/connman/main.conf`,
};

export function managerFindings6(system: System, { uplinks6 }: Subject): readonly Finding[] {
  if (uplinks6.length === 0) return [];
  const holders = socketHolders(system);
  const named = (sockets: readonly { readonly inode: string }[]): readonly Holder[] =>
    unique(sockets.flatMap(({ inode }) => holders.get(inode) ?? []).filter((holder) => !isOurs(holder) && !MANAGERS.has(holder.name)));
  const clients = named(socketsOnPort(system, CLIENT_PORT, ["udp"]));
  const listeners = named(rawSockets6(system, ICMPV6)).filter((holder) => Object.hasOwn(LISTENERS, holder.name));
  const others = listeners.filter((holder) => !clients.some(({ pid }) => pid === holder.pid));
  return uplinks6.flatMap((name) => [
    ...clients.map((holder) => finding(name, holder, { holds: `holds the clients' port ${CLIENT_PORT}`, todo: CLIENTS })),
    ...others.map((holder) => finding(name, holder, { holds: "listens to router advertisements", todo: LISTENERS })),
  ]);
}

/** They say by themselves which links are theirs (managers.ts). */
const MANAGERS: ReadonlySet<string> = new Set(["systemd-network", "NetworkManager"]);

/** A program that names the link is one of it; any other may be. */
function finding(name: string, holder: Holder, { holds, todo }: { readonly holds: string; readonly todo: Todo }): Finding {
  const itsOwn = holder.command.split(" ").includes(name);
  const text = itsOwn ? `${label(holder)} manages ${name} as well: it ${holds} for it` : `${label(holder)} ${holds} and may manage ${name} as well`;
  const advice = todo[holder.name]?.(name, holder) ?? `stop process ${holder.pid}`;
  return { severity: itsOwn ? "error" : "warning", code: "other-manager", about: name, text, todo: advice };
}
