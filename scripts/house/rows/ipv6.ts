/** A delegated prefix on its way: the provider, the gateway's kernel, hosts' kernels, hosts' own words; and the same after a renumbering. */
import { readFileSync } from "node:fs";
import { type Ipv6Address, type Ipv6Prefix, ipv6Contains, ipv6Prefix, isRoutableV6, parseIpv6 } from "../../../src/base/ipv6.ts";
import { KernelNetwork } from "../../../src/platform/netlink/kernel-network.ts";
import type { InterfaceAddress } from "../../../src/wire/netlink/address.ts";
import type { HouseFacts } from "../facts.ts";
import { ping6 } from "../ping6.ts";
import { kernelOf } from "./inside.ts";
import type { Look, Row } from "./row.ts";

type Address6 = Extract<InterfaceAddress, { readonly family: "ipv6" }>;

/** Global addresses of a link, as its kernel tells them. */
function globals(network: KernelNetwork, name: string): readonly Address6[] {
  const index = network.links().find((link) => link.name === name)?.index;
  return network
    .addresses("ipv6")
    .filter((one): one is Address6 => one.family === "ipv6" && one.interfaceIndex === index && isRoutableV6(one.address as Ipv6Address));
}

const texts = (addresses: readonly Address6[]): string =>
  addresses
    .map(({ address, prefixLength, preferredSeconds }) => `${address}/${prefixLength}${preferredSeconds === 0 ? " (deprecated)" : ""}`)
    .join(", ") || "no address";

/** @param pool what the provider delegates out of now */
export function prefixRows(facts: HouseFacts, pool: string): readonly Look[] {
  const gateway = new KernelNetwork();
  const inPool = ({ address, preferredSeconds }: Address6): boolean => preferredSeconds > 0 && ipv6Contains(pool as Ipv6Prefix, address);
  const own = (lan: string): Address6 | undefined => globals(gateway, lan).find(inPool);
  const lanRow =
    (lan: string): Look =>
    () => {
      const held = own(lan);
      const given = prefixesIn(facts.provider6.events).findLast(({ event }) => event === "delegated" || event === "extended")?.prefix ?? "none";
      return {
        what: `${lan} has an address out of the prefix that the provider says it delegated`,
        confirmed: held !== undefined && held.validSeconds < 0xffffffff && ipv6Contains(given as Ipv6Prefix, held.address),
        fact: `${texts(globals(gateway, lan))} of ${given}`,
        source: "kernel, peer",
      };
    };
  const unreachable = (): Row => {
    const routes = gateway.routes("ipv6").filter(({ type }) => type === "unreachable");
    const ours = routes.filter(({ destination }) => ipv6Contains(pool as Ipv6Prefix, destination.split("/")[0] as Ipv6Address));
    const fact = ours.map(({ destination }) => destination).join(", ") || "no such route";
    return { what: "what of the prefix is not in use is unreachable", confirmed: ours.length === 1, fact, source: "kernel" };
  };
  const slaac = (): Row => {
    const [lan] = facts.lans;
    const router = own(lan);
    const made = globals(kernelOf(facts.slaacPid), "eth0").filter(inPool);
    const onLink = router !== undefined && made.some(({ address }) => ipv6Contains(ipv6Prefix(router.address, 64), address));
    return { what: `a host on ${lan} made an address out of our advertisement`, confirmed: onLink, fact: texts(made), source: "the host's kernel" };
  };
  const leased = (): Row =>
    hostRow(facts.host6, `a host on ${facts.lans[1]} was leased an address by DHCPv6`, ({ address }) => ipv6Contains(pool as Ipv6Prefix, address));
  return [...facts.lans.map(lanRow), unreachable, slaac, leased];
}

/** Beyond the gateway: packets go there and come back. */
export function forwardingRows(facts: HouseFacts): readonly Look[] {
  const echo =
    (what: string, pid: number): Look =>
    async () => {
      const target = parseIpv6(facts.provider6.beyond) as Ipv6Address;
      const confirmed = await ping6(pid, target).catch(() => false);
      return { what, confirmed, fact: confirmed ? `${target} answered` : `no answer from ${target}`, source: "ICMPv6 echo" };
    };
  return [echo("a host beyond the provider answers the SLAAC host through the gateway", facts.slaacPid)];
}

export function relayRow(facts: HouseFacts): Row {
  const { prefix, ...host } = facts.relayed;
  return hostRow(host, "a host behind the relay was leased an address of its own link", ({ address }) => ipv6Contains(prefix as Ipv6Prefix, address));
}

/** The host's kernel holds what the host says it was given. */
function hostRow(host: { readonly pid: number; readonly events: string }, what: string, fits: (address: Address6) => boolean): Row {
  const held = globals(kernelOf(host.pid), "eth0").filter((one) => one.preferredSeconds > 0 && fits(one));
  const said = linesOf(host.events).findLast(({ event }) => event === "bound" || event === "extended");
  const agreed = (said?.held ?? []).some(({ value }) => held.some(({ address }) => address === value));
  return { what, confirmed: agreed, fact: texts(held), source: "the host's kernel, the host" };
}

/** What came out of the pool that is over: hosts prefer it no more, or have forgotten it. */
export function withdrawnRows(facts: HouseFacts, pool: string): readonly Look[] {
  const hosts = [
    { what: "the SLAAC host prefers no address of the old prefix", pid: facts.slaacPid },
    { what: "the DHCPv6 host prefers no address of the old prefix", pid: facts.host6.pid },
  ];
  const rows = hosts.map(
    ({ what, pid }): Look =>
      () => {
        const old = globals(kernelOf(pid), "eth0").filter(({ address }) => ipv6Contains(pool as Ipv6Prefix, address));
        return { what, confirmed: old.every(({ preferredSeconds }) => preferredSeconds === 0), fact: texts(old), source: "the host's kernel" };
      },
  );
  const gone = (): Row => {
    const routes = new KernelNetwork()
      .routes("ipv6")
      .filter(({ type, destination }) => type === "unreachable" && ipv6Contains(pool as Ipv6Prefix, destination.split("/")[0] as Ipv6Address));
    return { what: "no route refuses the old prefix any more", confirmed: routes.length === 0, fact: `${routes.length} routes`, source: "kernel" };
  };
  return [...rows, gone];
}

type Line = {
  readonly event: string;
  readonly prefix?: string;
  readonly held?: readonly { readonly value: string }[];
};

function linesOf(file: string): readonly Line[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("{") && line.endsWith("}"))
    .map((line) => JSON.parse(line) as Line);
}

function prefixesIn(file: string): readonly Line[] {
  return linesOf(file).filter(({ prefix }) => prefix !== undefined);
}
