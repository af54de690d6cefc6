/** Other programs that manage an uplink as well: two clients on one link undo each other's work. Those of DHCPv6 have a file of their own. */
import type { Finding, Subject } from "./findings.ts";
import { type Holder, isOurs, packetSockets, processesNamed, socketHolders, socketsOnPort } from "./processes.ts";
import type { System } from "./system.ts";

/** By the kernel's name of the process, and how each is told to leave a link alone. */
const CLIENTS: Readonly<Record<string, (name: string, holder: Holder) => string>> = {
  dhclient: (name) => `dhclient -x ${name}, and take "iface ${name} inet dhcp" out of /etc/network/interfaces`,
  dhcpcd: (name) => `dhcpcd -x ${name}, and write "denyinterfaces ${name}" into /etc/dhcpcd.conf`,
  udhcpc: (_, { pid }) => `kill ${pid}`,
  busybox: (_, { pid }) => `kill ${pid}`,
  "systemd-network": (name) => `write "Unmanaged=yes" under [Link] of a .network file that matches ${name}, then networkctl reload`,
  NetworkManager: (name) => `nmcli device set ${name} managed no`,
  connmand: (name) => `write "NetworkInterfaceBlacklist=${name}" into /etc/connman/main.conf`,
  iwd: () => "write EnableNetworkConfiguration=false into /etc/iwd/main.conf",
};
const CLIENT_PORT = 68;
const SERVER_PORT = 67;
const DNS_PORT = 53;

export function managerFindings(system: System, { uplinks4, uplinks6, lan }: Subject): readonly Finding[] {
  const holders = socketHolders(system);
  const named = (inodes: readonly { readonly inode: string }[]): readonly Holder[] =>
    unique(inodes.flatMap(({ inode }) => holders.get(inode) ?? []).filter((holder) => !isOurs(holder)));
  const uplinks = [...new Set([...uplinks4, ...uplinks6])];
  const onPort = named(socketsOnPort(system, CLIENT_PORT, ["udp"]));
  return [
    ...uplinks.flatMap((name) => {
      const clients = uplinks4.includes(name) ? clientsOn(system, name, named, onPort) : [];
      const found = [...clients, ...networkd(system, name), ...networkManager(system, name)];
      return found.filter(({ text }, index) => found.findIndex((one) => one.text === text) === index);
    }),
    ...(lan.length === 0 ? [] : named(socketsOnPort(system, SERVER_PORT, ["udp"])).map(dhcpServer)),
    ...named(socketsOnPort(system, DNS_PORT, ["udp", "tcp"])).map(nameServer),
    ...(system.root
      ? []
      : [
          {
            severity: "note" as const,
            code: "not-root",
            about: "host",
            text: "other users' sockets and the firewall are hidden from you: other managers of an interface may be missing here",
            todo: "sudo leasehold check --system",
          },
        ]),
  ];
}

type Named = (inodes: readonly { readonly inode: string }[]) => readonly Holder[];

/** A known client is one of this link when it listens to its frames, or is told its name; others on port 68 may be. */
function clientsOn(system: System, name: string, named: Named, onPort: readonly Holder[]): readonly Finding[] {
  const link = Number(system.read(`/sys/class/net/${name}/ifindex`)?.trim() ?? Number.NaN);
  const listens = named(packetSockets(system).filter((socket) => socket.link === link)).filter(isClient);
  const told = onPort.filter((holder) => !listens.some(({ pid }) => pid === holder.pid));
  return [
    ...listens.map((holder) => manager(name, holder, "listens to its frames")),
    ...told.map((holder) =>
      holder.command.split(" ").includes(name)
        ? manager(name, holder, `holds port ${CLIENT_PORT} for it`)
        : {
            ...manager(name, holder, ""),
            severity: "warning" as const,
            text: `${label(holder)} holds the clients' port ${CLIENT_PORT} and may manage ${name} as well`,
          },
    ),
  ];
}

function manager(name: string, holder: Holder, evidence: string): Finding {
  const text = `${label(holder)} manages ${name} as well: it ${evidence}`;
  return { severity: "error", code: "other-manager", about: name, text, todo: CLIENTS[holder.name]?.(name, holder) ?? `stop process ${holder.pid}` };
}

/** It says in a file of each link whether it manages it. */
function networkd(system: System, name: string): readonly Finding[] {
  const [holder] = processesNamed(system, "systemd-networkd");
  const index = system.read(`/sys/class/net/${name}/ifindex`)?.trim();
  const state = system.read(`/run/systemd/netif/links/${index}`);
  if (holder === undefined || state === undefined) return [];
  const file = /^NETWORK_FILE=(.+)$/m.exec(state)?.[1];
  if (file === undefined || /^ADMIN_STATE=unmanaged$/m.test(state)) return [];
  return [manager(name, holder, `applies ${file} to it`)];
}

function networkManager(system: System, name: string): readonly Finding[] {
  const [holder] = processesNamed(system, "NetworkManager");
  if (holder === undefined) return [];
  const told = system.run("nmcli", "-t", "-f", "DEVICE,STATE", "device");
  const state = told
    ?.split("\n")
    .find((line) => line.startsWith(`${name}:`))
    ?.slice(name.length + 1);
  if (state === "unmanaged") return [];
  const found = manager(name, holder, `says that ${name} is ${state ?? "its"}`);
  return [told === undefined ? { ...found, severity: "warning", text: `${label(holder)} runs and may manage ${name} as well` } : found];
}

function dhcpServer(holder: Holder): Finding {
  const text = `${label(holder)} serves DHCPv4 on port ${SERVER_PORT}`;
  return { severity: "note", code: "other-dhcp-server", about: "host", text };
}

function nameServer(holder: Holder): Finding {
  return { severity: "note", code: "name-server", about: "host", text: `${label(holder)} answers on port ${DNS_PORT}` };
}

function isClient({ name }: Holder): boolean {
  return Object.hasOwn(CLIENTS, name);
}

export function label({ name, pid }: Holder): string {
  return `${name} (pid ${pid})`;
}

export function unique(holders: readonly Holder[]): readonly Holder[] {
  return holders.filter(({ pid }, index) => holders.findIndex((one) => one.pid === pid) === index);
}
