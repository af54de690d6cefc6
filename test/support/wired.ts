/** A wired namespace with our netlink in it, and what ip shows there. */
import assert from "node:assert/strict";
import { KernelError } from "../../src/base/errors.ts";
import { type Ipv4Address, type Ipv4Prefix, parseIpv4, parseIpv4Prefix } from "../../src/base/ipv4.ts";
import { type Ipv6Address, type Ipv6Prefix, parseIpv6, parseIpv6Prefix } from "../../src/base/ipv6.ts";
import { KernelNetwork } from "../../src/platform/netlink/kernel-network.ts";
import { type Namespace, withNamespaces } from "./namespace.ts";

export type Json = Readonly<Record<string, unknown>>;

export type Wired = { readonly here: Namespace; readonly network: KernelNetwork; readonly wan: number };

/** A namespace with wan0 up, whose other end is elsewhere, and our netlink in it. */
export function wired(body: (world: Wired) => Promise<void>): Promise<void> {
  return withNamespaces(["here", "there"], async ({ here, there }) => {
    await here.veth("wan0", there, "lan0");
    const network = here.inside(() => new KernelNetwork());
    try {
      await body({ here, network, wan: sure(network.link("wan0")).index });
    } finally {
      network.close();
    }
  });
}

export async function shownLink(ns: Namespace, name: string): Promise<Json | undefined> {
  return ((await ns.json("ip", "-d", "-j", "link", "show", name)) as readonly Json[])[0];
}

export async function shownAddress(ns: Namespace, address: string): Promise<Json | undefined> {
  const links = (await ns.json("ip", "-d", "-j", "addr")) as readonly { readonly addr_info: readonly Json[] }[];
  return links.flatMap(({ addr_info }) => addr_info).find(({ local }) => local === address);
}

export async function shownRoutes(ns: Namespace, family: string, ...which: readonly string[]): Promise<readonly Json[]> {
  return (await ns.json("ip", family, "-j", "route", "show", ...which)) as readonly Json[];
}

export async function routeCount(ns: Namespace, destination: string): Promise<number> {
  return (await shownRoutes(ns, "-4")).filter(({ dst }) => dst === destination).length;
}

export function find(routes: readonly Json[], destination: string): Json | undefined {
  return routes.find(({ dst }) => dst === destination);
}

export function pick(from: object | undefined, names: readonly string[]): Json {
  const all = new Map(Object.entries(from ?? {}));
  return Object.fromEntries(names.filter((name) => all.has(name)).map((name) => [name, all.get(name)]));
}

/** Seconds that the kernel counts down, as they were set: a busy machine looks a few later. */
export function young(shown: Json, asSet: Json, lateSeconds = 10): Json {
  const isYoung = (now: unknown, then: unknown): boolean =>
    typeof now === "number" && typeof then === "number" && now <= then && now >= then - lateSeconds;
  return Object.fromEntries(Object.entries(shown).map(([name, now]) => [name, isYoung(now, asSet[name]) ? asSet[name] : now]));
}

export function isErrno(errno: number): (error: unknown) => boolean {
  return (error) => error instanceof KernelError && error.errno === errno;
}

export function sure<T>(value: T | undefined): T {
  assert.ok(value !== undefined);
  return value;
}

export const v4 = (text: string): Ipv4Address => sure(parseIpv4(text));
export const v6 = (text: string): Ipv6Address => sure(parseIpv6(text));
export const p4 = (text: string): Ipv4Prefix => sure(parseIpv4Prefix(text));
export const p6 = (text: string): Ipv6Prefix => sure(parseIpv6Prefix(text));
