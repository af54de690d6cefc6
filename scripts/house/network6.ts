/** What the IPv6 programs of the private house do to their own kernel, and how they tell of it. */
import { appendFileSync, writeSync } from "node:fs";
import { type Ipv6Address, type Ipv6Prefix, parseIpv6, parseIpv6Prefix } from "../../src/base/ipv6.ts";
import { KernelNetwork } from "../../src/platform/netlink/kernel-network.ts";
import { IFA_F, ROUTE_PROTOCOL, SCOPE } from "../../src/wire/netlink/numbers.ts";
import { type Ipv6Route, routeWith } from "../../src/wire/netlink/route.ts";

export const FOREVER_SECONDS = 0xffffffff;
const network = new KernelNetwork();

export type Lifetimes6 = { readonly preferredSeconds: number; readonly validSeconds: number };

/** Without duplicate detection: the house is small, and nobody wants to wait. */
export function hold6(interfaceIndex: number, address: Ipv6Address, prefixLength: number, lifetimes: Lifetimes6): void {
  network.replaceAddress({
    family: "ipv6",
    interfaceIndex,
    address,
    prefixLength,
    flags: IFA_F.noDad,
    scope: SCOPE.global,
    protocol: 0,
    ...lifetimes,
  });
}

export function drop6(interfaceIndex: number, address: Ipv6Address): void {
  const held = network.addresses("ipv6").find((one) => one.interfaceIndex === interfaceIndex && one.address === address);
  if (held !== undefined) network.removeAddress(held);
}

export function routeVia(outInterface: number, destination: Ipv6Prefix, gateway: Ipv6Address): void {
  network.replaceRoute(routeTo(outInterface, destination, gateway));
}

export function dropRoute(outInterface: number, destination: Ipv6Prefix): void {
  const routes = network.routes("ipv6").filter((route) => route.destination === destination && route.outInterface === outInterface);
  for (const route of routes) network.removeRoute(route);
}

export function linkUp(index: number): void {
  network.setLink({ index, up: true });
}

/** A line of JSON to a descriptor, given as its number, or to a file. */
export function teller(events: string): (line: object) => void {
  return (line) => {
    const bytes = `${JSON.stringify({ at: new Date().toISOString(), ...line })}\n`;
    if (/^\d+$/.test(events)) writeSync(Number(events), bytes);
    else appendFileSync(events, bytes);
  };
}

/** What a program of the house was given on its command line. */
export function reader(program: string, line: string) {
  const usage = (why: string): never => {
    process.stderr.write(`${program}: ${why}\nusage: ${program}.ts ${line}\n`);
    process.exit(2);
  };
  return {
    usage,
    given: (value: string | undefined, name: string): string => value ?? usage(`--${name} is missing`),
    address: (value: string): Ipv6Address => parseIpv6(value) ?? usage(`"${value}" is no IPv6 address`),
    prefix: (value: string): Ipv6Prefix => parseIpv6Prefix(value) ?? usage(`"${value}" is no IPv6 prefix`),
    number: (value: string): number => (/^\d+$/.test(value) ? Number(value) : usage(`"${value}" is no number`)),
  };
}

function routeTo(outInterface: number, destination: Ipv6Prefix, gateway: Ipv6Address): Ipv6Route {
  return routeWith<Ipv6Route>({ family: "ipv6", destination, gateway, outInterface, protocol: ROUTE_PROTOCOL.static });
}
