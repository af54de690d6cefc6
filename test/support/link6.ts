/** Wires on which IPv6 works from the first moment, what a host took from router advertisements, and one made by hand. */
import type { Namespace } from "./namespace.ts";
import { waitFor } from "./programs.ts";

export type KernelAddress6 = {
  readonly local: string;
  readonly prefixlen: number;
  readonly scope: string;
  readonly dynamic?: boolean;
  readonly tentative?: boolean;
  readonly protocol?: string;
  readonly preferred_life_time: number;
  readonly valid_life_time: number;
};
export type KernelRoute6 = {
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly protocol?: string;
  readonly metric?: number;
};

/** A wire whose ends have link-local addresses past duplicate address detection, take no advertisements yet, and count their checksums. */
export async function wire6(here: Namespace, name: string, there: Namespace, otherName: string): Promise<void> {
  for (const ns of new Set([here, there])) {
    await ns.sysctl("net.ipv6.conf.default.accept_dad", 0);
    await ns.sysctl("net.ipv6.conf.default.accept_ra", 0);
  }
  await here.veth(name, there, otherName);
  for (const [ns, end] of [
    [here, name],
    [there, otherName],
  ] as const) {
    await ns.attempt("ethtool", "-K", end, "tx", "off"); // otherwise captures show checksums left to a card that is not there
    await linkLocal(ns, end);
  }
}

/** The link-local address of an interface, once it may be used. */
export async function linkLocal(ns: Namespace, name: string): Promise<string> {
  const usable = async (): Promise<string | undefined> =>
    (await addresses6(ns, name)).find(({ scope, tentative }) => scope === "link" && tentative !== true)?.local;
  return waitFor(usable, 5000, `a link-local address on ${name}`);
}

export async function addresses6(ns: Namespace, name: string): Promise<readonly KernelAddress6[]> {
  const links = (await ns.json("ip", "-6", "-j", "addr", "show", "dev", name)) as readonly { readonly addr_info?: readonly KernelAddress6[] }[];
  return links.flatMap(({ addr_info = [] }) => addr_info);
}

export async function globals6(ns: Namespace, name: string): Promise<readonly KernelAddress6[]> {
  return (await addresses6(ns, name)).filter(({ scope }) => scope === "global");
}

export async function routes6(ns: Namespace): Promise<readonly KernelRoute6[]> {
  return (await ns.json("ip", "-6", "-j", "route", "show")) as readonly KernelRoute6[];
}

/** The kernel of this namespace makes addresses and a default route from advertisements it hears on an interface, and asks for one now. */
export async function startSlaac(ns: Namespace, name: string): Promise<void> {
  await ns.sysctl(`net.ipv6.conf.${name}.accept_ra`, 2); // also when the namespace forwards
  await ns.sysctl(`net.ipv6.conf.${name}.autoconf`, 1);
  await ns.ip("link", "set", "dev", name, "down");
  await ns.ip("link", "set", "dev", name, "up");
}

/** One router advertisement (RFC 4861 §4.2) to all nodes, with one prefix for autoconfiguration, from the interface's link-local address. */
export async function advertiseByHand(ns: Namespace, name: string, prefix: string, validSeconds: number): Promise<void> {
  await ns.exec("python3", "-c", HAND_MADE, name, prefix, String(validSeconds));
}

const HAND_MADE = `
import socket, struct, sys
name, prefix, valid = sys.argv[1], sys.argv[2], int(sys.argv[3])
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name.encode())
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
information = struct.pack("!BBBBIII16s", 3, 4, 64, 0xc0, valid, valid, 0, socket.inet_pton(socket.AF_INET6, prefix))
s.sendto(struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + information, ("ff02::1", 0, 0, socket.if_nametoindex(name)))
`;
