/** A delegated prefix on its way: the provider, the gateway's kernel, hosts' kernels, hosts' own words; and the same after a renumbering. */
import { readFileSync } from "node:fs";
import { type Ipv6Address, type Ipv6Prefix, ipv6Contains, ipv6Prefix } from "../../../src/base/ipv6.ts";
import { KernelNetwork } from "../../../src/platform/netlink/kernel-network.ts";
import type { HouseFacts, Lan } from "../facts.ts";
import { type Address6, globals, madeBy, preferredOf, texts } from "./held.ts";
import { kernelOf } from "./inside.ts";
import type { Look, Row } from "./row.ts";

/** @param pool what the provider delegates out of now */
export function prefixRows(facts: HouseFacts, pool: string): readonly Look[] {
  const gateway = new KernelNetwork();
  const lanRow =
    (lan: string): Look =>
    () => {
      const held = preferredOf(gateway, lan, pool);
      const given = delegatedNow(facts);
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
  const slaac =
    ({ name, hostPid }: Lan): Look =>
    () => {
      const router = preferredOf(gateway, name, pool);
      const made = madeBy(hostPid, pool);
      const onLink = router !== undefined && made !== undefined && ipv6Contains(ipv6Prefix(router.address, 64), made.address);
      const fact = texts(made === undefined ? [] : [made]);
      return { what: `a host on ${name} made an address out of our advertisement`, confirmed: onLink, fact, source: "the host's kernel" };
    };
  const leased = (): Row =>
    hostRow(facts.host6, `a host on ${facts.lans[1].name} was leased an address by DHCPv6`, ({ address }) =>
      ipv6Contains(pool as Ipv6Prefix, address),
    );
  return [...facts.lans.map(({ name }) => lanRow(name)), unreachable, ...facts.lans.map(slaac), leased];
}

/** The latest that the provider says it gave. */
export function delegatedNow(facts: HouseFacts): string {
  return linesOf(facts.provider6.events).findLast(({ event }) => event === "delegated" || event === "extended")?.prefix ?? "no prefix";
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
  const rows = facts.lans.map(
    ({ name, hostPid }): Look =>
      () => {
        const old = globals(kernelOf(hostPid), "eth0").filter(({ address }) => ipv6Contains(pool as Ipv6Prefix, address));
        return {
          what: `the host on ${name} prefers no address of the old prefix`,
          confirmed: old.every(({ preferredSeconds }) => preferredSeconds === 0),
          fact: texts(old),
          source: "the host's kernel",
        };
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
