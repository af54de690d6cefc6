/** Packets of hosts that go through the gateway and come back: from addresses of the delegated prefix, as both ends tell it. */
import { existsSync } from "node:fs";
import { type Ipv6Address, type Ipv6Prefix, ipv6Contains, parseIpv6 } from "../../../src/base/ipv6.ts";
import type { Route } from "../../../src/wire/netlink/route.ts";
import { KernelNetwork } from "../../../src/platform/netlink/kernel-network.ts";
import type { HouseFacts, Lan } from "../facts.ts";
import { ping6 } from "../ping6.ts";
import { linkLocals, madeBy } from "./held.ts";
import { kernelOf } from "./inside.ts";
import { delegatedNow } from "./ipv6.ts";
import type { Look, Row } from "./row.ts";

/** @param pool what the provider delegates out of now */
export function reachRows(facts: HouseFacts, pool: string): readonly Look[] {
  const [one, other] = facts.lans;
  return [
    () => providerRoute(facts, pool),
    ...facts.lans.map(
      (lan): Look =>
        () =>
          beyond(facts, lan, pool),
    ),
    () => between(one, other, pool),
  ];
}

/** The provider sends what is for the prefix to our end of the uplink. */
function providerRoute(facts: HouseFacts, pool: string): Row {
  const prefix = delegatedNow(facts);
  const routes = routesAt(facts.provider6.pid).filter(({ destination }) => destination === prefix);
  const ours = linkLocals(new KernelNetwork(), facts.uplink);
  const next = routes.map(({ gateway }) => gateway ?? "nobody").join(", ");
  return {
    what: "the provider routes the prefix to us",
    confirmed: isOf(pool, prefix) && routes.some(({ gateway }) => ours.some((address) => address === gateway)),
    fact: routes.length === 0 ? `no route to ${prefix}` : `${prefix} via ${next}`,
    source: "the provider's kernel",
  };
}

/** After a renumbering the provider's last word may still be about the old one. */
function isOf(pool: string, prefix: string): boolean {
  const address = parseIpv6(prefix.split("/")[0] ?? "");
  return address !== undefined && ipv6Contains(pool as Ipv6Prefix, address);
}

/** None where nobody is any more. */
function routesAt(pid: number): readonly Route[] {
  return existsSync(`/proc/${pid}/ns/net`) ? kernelOf(pid).routes("ipv6") : [];
}

async function beyond({ provider6 }: HouseFacts, { name, hostPid }: Lan, pool: string): Promise<Row> {
  const target = parseIpv6(provider6.beyond) as Ipv6Address;
  const what = `a host on ${name} reaches a host beyond the provider`;
  return await echoRow(what, { from: hostPid, at: provider6.pid, source: madeBy(hostPid, pool)?.address, target });
}

async function between(one: Lan, other: Lan, pool: string): Promise<Row> {
  const target = madeBy(other.hostPid, pool)?.address;
  const what = `the host on ${one.name} reaches the host on ${other.name}`;
  return await echoRow(what, { from: one.hostPid, at: other.hostPid, source: madeBy(one.hostPid, pool)?.address, target });
}

type Wish = { readonly from: number; readonly at: number; readonly source: Ipv6Address | undefined; readonly target: Ipv6Address | undefined };

async function echoRow(what: string, { from, at, source, target }: Wish): Promise<Row> {
  const row = (confirmed: boolean, fact: string): Row => ({ what, confirmed, fact, source: "ICMPv6 echo, both ends" });
  if (source === undefined || target === undefined) return row(false, "no address");
  const { answered, heard } = await ping6({ from, at, source, target }).catch(() => ({ answered: false, heard: false }));
  const fact = answered
    ? `${target} answered ${source}`
    : heard
      ? `${target} heard ${source}, and no answer came`
      : `nothing of ${source} came to ${target}`;
  return row(answered && heard, fact);
}
