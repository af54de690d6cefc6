/** Which processes hold which sockets, as /proc tells. */
import type { System } from "./system.ts";

export type Holder = { readonly pid: number; readonly name: string; readonly command: string };
export type UdpSocket = { readonly port: number; readonly wildcard: boolean; readonly inode: string };
export type PacketSocket = { readonly link: number; readonly inode: string };

/** Every process with the sockets it holds; as another user than root, only one's own. */
export function socketHolders(system: System): ReadonlyMap<string, readonly Holder[]> {
  const holders = new Map<string, Holder[]>();
  for (const pid of system.list("/proc").filter((name) => /^\d+$/.test(name))) {
    const inodes = system.list(`/proc/${pid}/fd`).flatMap((fd) => /^socket:\[(\d+)\]$/.exec(system.link(`/proc/${pid}/fd/${fd}`) ?? "")?.[1] ?? []);
    if (inodes.length === 0) continue;
    const holder = describe(system, pid);
    for (const inode of inodes) holders.set(inode, [...(holders.get(inode) ?? []), holder]);
  }
  return holders;
}

/** All that run under a name, whatever they hold. */
export function processesNamed(system: System, name: string): readonly Holder[] {
  const pids = system.list("/proc").filter((one) => /^\d+$/.test(one));
  return pids.filter((pid) => system.read(`/proc/${pid}/comm`)?.trim() === name.slice(0, 15)).map((pid) => describe(system, pid));
}

/** Of this network namespace, both families. */
export function socketsOnPort(system: System, port: number, protocols: readonly ("udp" | "tcp")[]): readonly UdpSocket[] {
  const tables = protocols.flatMap((protocol) => [`/proc/net/${protocol}`, `/proc/net/${protocol}6`]);
  return tables
    .flatMap((table) => rows(system, table))
    .map(([, local = "", , state = "", , , , , , inode = ""]) => ({ local: local.split(":"), state, inode }))
    .filter(({ local: [, hex = ""], state }) => Number.parseInt(hex, 16) === port && state !== "01")
    .map(({ local: [address = ""], inode }) => ({ port, wildcard: /^0+$/.test(address), inode }));
}

/** Of one protocol over IPv6, whose number stands where others have a port. */
export function rawSockets6(system: System, protocol: number): readonly { readonly inode: string }[] {
  return rows(system, "/proc/net/raw6")
    .map(([, local = "", , , , , , , , inode = ""]) => ({ number: Number.parseInt(local.split(":")[1] ?? "", 16), inode }))
    .filter(({ number }) => number === protocol);
}

export function packetSockets(system: System): readonly PacketSocket[] {
  return rows(system, "/proc/net/packet").map(([, , , , link = "", , , , inode = ""]) => ({ link: Number(link), inode }));
}

/** Our own roles hold such sockets too. */
export function isOurs({ command }: Holder): boolean {
  return /\/dist\/(?:main|frontend|engine-[a-z0-9]+|control|fetcher)\.mjs(?: |$)/.test(command);
}

function describe(system: System, pid: string): Holder {
  const command = (system.read(`/proc/${pid}/cmdline`) ?? "").replaceAll("\0", " ").trim();
  return { pid: Number(pid), name: system.read(`/proc/${pid}/comm`)?.trim() ?? "?", command };
}

function rows(system: System, table: string): readonly (readonly string[])[] {
  const lines = (system.read(table) ?? "").split("\n").slice(1);
  return lines.filter((line) => line.trim() !== "").map((line) => line.trim().split(/\s+/));
}
