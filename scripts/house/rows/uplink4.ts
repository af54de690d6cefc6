/** The address that was leased by DHCPv4: the kernel, the provider's own words, echoes. */
import { readFileSync } from "node:fs";
import { type Ipv4Address, parseIpv4 } from "../../../src/base/ipv4.ts";
import { KernelNetwork } from "../../../src/platform/netlink/kernel-network.ts";
import { ADDRESS_PROTOCOL, ROUTE_PROTOCOL, TABLE } from "../../../src/wire/netlink/numbers.ts";
import type { HouseFacts } from "../facts.ts";
import { ping } from "../ping.ts";
import type { Look, Row } from "./row.ts";

type Grant = { readonly address: string; readonly mac: string; readonly renewal: boolean };

export function uplink4Rows(facts: HouseFacts): readonly Look[] {
  const network = new KernelNetwork();
  const link = (): { readonly index: number; readonly mac: string } | undefined => {
    const found = network.links().find(({ name }) => name === facts.uplink);
    return found === undefined ? undefined : { index: found.index, mac: found.mac ?? "" };
  };
  const ours = (): ReturnType<typeof network.addresses>[number] | undefined =>
    network.addresses("ipv4").find((one) => one.interfaceIndex === link()?.index && one.protocol === ADDRESS_PROTOCOL.dhcp);

  const address = (): Row => {
    const held = ours();
    const fact = held === undefined ? "no address" : `${held.address}/${held.prefixLength}, valid for ${held.validSeconds} s`;
    const confirmed = held !== undefined && held.validSeconds < 0xffffffff;
    return { what: `${facts.uplink} holds an address with a lifetime`, confirmed, fact, source: "kernel" };
  };
  const peer = (): Row => {
    const grant = grantsIn(facts.providerEvents).at(-1);
    return {
      what: "the provider says it gave that address to that hardware address",
      confirmed: grant !== undefined && grant.address === ours()?.address && grant.mac === link()?.mac,
      fact: grant === undefined ? "no grant" : `${grant.address} to ${grant.mac}`,
      source: "peer",
    };
  };
  const route = (): Row => {
    const found = network
      .routes("ipv4")
      .find((one) => one.destination === "0.0.0.0/0" && one.table === TABLE.main && one.protocol === ROUTE_PROTOCOL.dhcp);
    return {
      what: "the default route leads to the provider",
      confirmed: found?.gateway === facts.providerAddress,
      fact: found === undefined ? "no default route" : `via ${found.gateway} metric ${found.metric}`,
      source: "kernel",
    };
  };
  /** The provider saw a REQUEST with ciaddr, and the kernel's lifetime was written anew. */
  const renewal = (): Row => {
    const renewals = grantsIn(facts.providerEvents).filter((grant) => grant.renewal && grant.address === ours()?.address);
    return {
      what: "the lease was renewed at T1",
      confirmed: renewals.length > 0,
      fact: `${renewals.length} renewals, ${ours()?.validSeconds ?? 0} s left`,
      source: "peer, kernel",
    };
  };
  return [
    address,
    peer,
    route,
    () => echoRow("the provider answers the gateway", facts.providerAddress),
    () => echoRow("a host beyond the provider answers, over the default route", facts.beyondAddress),
    renewal,
  ];
}

export async function echoRow(what: string, target: string): Promise<Row> {
  const address = parseIpv4(target) ?? ("0.0.0.0" as Ipv4Address);
  const tookMs = await ping(address).catch(() => undefined);
  const fact = tookMs === undefined ? `no answer from ${target}` : `${target} answered`;
  return { what, confirmed: tookMs !== undefined, fact, source: "ICMP echo" };
}

/** What the provider wrote: {"event":"ack","address":...,"mac":...,"ciaddr":...}, a line each. */
function grantsIn(file: string): readonly Grant[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as { readonly event: string; readonly address?: string; readonly mac?: string; readonly renewal?: boolean })
    .filter(({ event }) => event === "ack")
    .map(({ address = "", mac = "", renewal = false }) => ({ address, mac, renewal }));
}
