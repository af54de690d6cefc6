/** `[lan.INTERFACE]` and `[relayed.NAME]`. */
import { z } from "zod";
import { encodeAll } from "../base/codec.ts";
import { ipv6Covers, splitIpv6Prefix } from "../base/ipv6.ts";
import { ipv6OfNumber, ipv6Span } from "../base/ipv6-number.ts";
import { LIMITS } from "../base/limits.ts";
import type { LanConfig, LanInterface } from "../services/lan/config.ts";
import type { AddressPool, Dhcp6Pools, PrefixPool, ServedOption } from "../services/lan/dhcp6-config.ts";
import { OPTIONS } from "../wire/dhcp6/options.ts";
import type { Fault } from "./faults.ts";
import { interfaceName, ipv6, numberOfName, prefix6, resolvers, searchDomains, seconds } from "./kinds.ts";

/** What a home's hosts are told at most (RFC 9096 §3.4). */
const PREFERRED_SECONDS = 2700;
const VALID_SECONDS = 5400;
const FOREVER_SECONDS = 0xffffffff;

const pools = {
  address_pool: prefix6.optional(),
  prefix_pool: prefix6.optional(),
  delegated_length: z.number().int().min(16).max(128).default(64),
  preferred_seconds: seconds(1, FOREVER_SECONDS).default(PREFERRED_SECONDS),
  valid_seconds: seconds(1, FOREVER_SECONDS).default(VALID_SECONDS),
  rapid_commit: z.boolean().default(false),
  dns: resolvers,
  search: searchDomains,
};
const interfaceSchema = z.strictObject({
  ra: z.enum(["off", "server"]).default("server"),
  dhcpv6: z.enum(["off", "server", "relay"]).default("server"),
  ...pools,
  managed: z.boolean().optional(),
  other_config: z.boolean().optional(),
  slaac: z.boolean().default(true),
  router_lifetime_seconds: seconds(0, 65_535).optional(),
  ra_min_seconds: seconds(3, 1350).default(200),
  ra_max_seconds: seconds(4, 1800).default(600),
  relay_to: z.array(interfaceName).max(LIMITS.interfaces).default([]),
  relay_servers: z.array(ipv6).max(LIMITS.addressesPerOption).default([]),
});
const relayedSchema = z.strictObject({ link: prefix6, ...pools });
export const lanSchema = z.record(interfaceName, interfaceSchema);
export const relayedSchemas = z.record(z.string().regex(/^[A-Za-z0-9_-]{1,15}$/, { message: "this is no name of a link" }), relayedSchema);
type Files = { readonly lan: z.output<typeof lanSchema>; readonly relayed: z.output<typeof relayedSchemas> };
type InterfaceFile = Files["lan"][string];
type PoolsFile = Pick<InterfaceFile, keyof typeof pools>;

export function lanOf({ lan, relayed }: Files): Omit<LanConfig, "duid"> {
  return {
    interfaces: Object.entries(lan).map(([name, given]) => ({
      name,
      number: numberOfName(name, 16),
      router: routerOf(given),
      dhcp6: dhcp6Of(given),
    })),
    relayedLinks: Object.entries(relayed).map(([name, given]) => ({
      name,
      number: numberOfName(name, 16),
      prefix: given.link,
      selectors: [],
      pools: poolsOf(given),
    })),
    classes: [],
    hosts: [],
  };
}

/** What is wrong between parts that are each right. */
export function lanFaults({ lan, relayed }: Files): readonly Fault[] {
  const entries = [
    ...Object.entries(lan).map(([name, given]) => ({ table: "lan", name, given })),
    ...Object.entries(relayed).map(([name, given]) => ({ table: "relayed", name, given })),
  ];
  const numbers = entries.map(({ name }) => numberOfName(name, 16));
  const collisions = entries
    .filter((_, index) => numbers.indexOf(numbers[index] ?? 0) !== index)
    .map(({ table, name }) => ({
      path: [table, name],
      message: `"${name}" cannot be told from another link in leases`,
      hint: "links are kept under a number made of their names, and these two are alike: rename one",
    }));
  return [
    ...collisions,
    ...entries.flatMap(({ table, name, given }) => poolFaults([table, name], given)),
    ...Object.entries(lan).flatMap(modeFaults),
  ];
}

function poolFaults(path: readonly string[], given: PoolsFile): readonly Fault[] {
  const tooLong = given.prefix_pool !== undefined && splitIpv6Prefix(given.prefix_pool).prefixLength > given.delegated_length;
  const overlap = given.prefix_pool !== undefined && given.address_pool !== undefined && overlapping(given.prefix_pool, given.address_pool);
  return [
    ...(given.preferred_seconds > given.valid_seconds
      ? [
          {
            path: [...path, "preferred_seconds"],
            message: "the preferred lifetime is longer than the valid one",
            hint: "make it at most valid_seconds",
          },
        ]
      : []),
    ...(tooLong
      ? [
          {
            path: [...path, "prefix_pool"],
            message: "no prefix of delegated_length fits in it",
            hint: "a shorter pool, or a longer delegated_length",
          },
        ]
      : []),
    ...(overlap
      ? [{ path: [...path, "prefix_pool"], message: "address_pool and prefix_pool overlap", hint: "take them from different parts of the prefix" }]
      : []),
  ];
}

function modeFaults([name, given]: [string, InterfaceFile]): readonly Fault[] {
  const relayNowhere = given.dhcpv6 === "relay" && given.relay_to.length === 0;
  return [
    ...(relayNowhere ? [{ path: ["lan", name], message: "a relay needs an uplink", hint: 'name where requests go out: relay_to = ["wan0"]' }] : []),
    ...(given.ra_min_seconds > given.ra_max_seconds * 0.75
      ? [{ path: ["lan", name], message: "ra_min_seconds is more than three quarters of ra_max_seconds", hint: "RFC 4861 §6.2.1 allows no more" }]
      : []),
  ];
}

function overlapping(a: InterfaceFile["prefix_pool"] & string, b: InterfaceFile["prefix_pool"] & string): boolean {
  return ipv6Covers(a, b) || ipv6Covers(b, a);
}

function poolsOf(given: PoolsFile): Dhcp6Pools {
  return {
    assignAddresses: true,
    addresses: given.address_pool === undefined ? [] : [addressPool(given.address_pool)],
    prefixes: given.prefix_pool === undefined ? [] : [prefixPool(given.prefix_pool, given.delegated_length)],
    uplinkPrefixes: undefined,
    knownClientsOnly: false,
    preferredSeconds: given.preferred_seconds,
    validSeconds: given.valid_seconds,
    rapidCommit: given.rapid_commit,
    preference: 0,
    t1Permille: 500,
    t2Permille: 800,
    reconfigure: false,
    ownResolver: true,
    limits: { leasesPerClient: undefined, leasesPerLink: undefined, leasesPerRelayPort: undefined, messagesPerSecondPerSource: undefined },
    options: optionsOf(given),
    boot: [],
  };
}

function optionsOf({ dns, search }: PoolsFile): readonly ServedOption[] {
  return [
    ...(dns.length > 0 ? [{ code: OPTIONS.dnsServers.code, value: encodeAll(OPTIONS.dnsServers.codec, dns), forced: false }] : []),
    ...(search.length > 0 ? [{ code: OPTIONS.domainSearch.code, value: encodeAll(OPTIONS.domainSearch.codec, search), forced: false }] : []),
  ];
}

function addressPool(prefix: PoolsFile["address_pool"] & string): AddressPool {
  return { first: splitIpv6Prefix(prefix).address, last: ipv6OfNumber(ipv6Span(prefix).end - 1n), class: undefined };
}

function prefixPool(pool: PoolsFile["prefix_pool"] & string, length: number): PrefixPool {
  return { pool, shortest: length, longest: length, usual: length, excludedLength: undefined, class: undefined };
}

function dhcp6Of(given: InterfaceFile): LanInterface["dhcp6"] {
  if (given.dhcpv6 === "server") return { mode: "server", pools: poolsOf(given) };
  return given.dhcpv6 === "relay" ? { mode: "relay", relay: { uplinks: given.relay_to, servers: given.relay_servers } } : { mode: "off" };
}

/** Hosts are told to ask for addresses where they get some, and for the rest where anyone answers. */
function routerOf(given: InterfaceFile): LanInterface["router"] {
  if (given.ra === "off") return undefined;
  return {
    managed: given.managed ?? given.dhcpv6 !== "off",
    otherConfig: given.other_config ?? given.dhcpv6 !== "off",
    autonomous: given.slaac,
    lifetimeSeconds: given.router_lifetime_seconds,
    minIntervalSeconds: given.ra_min_seconds,
    maxIntervalSeconds: given.ra_max_seconds,
    maxPreferredSeconds: given.preferred_seconds,
    maxValidSeconds: given.valid_seconds,
    dnsServers: given.dns,
    searchDomains: given.search,
  };
}
