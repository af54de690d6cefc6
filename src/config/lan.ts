/** `[lan.INTERFACE]` and `[relayed.NAME]`, with `[class.NAME]` and `[host.NAME]` for their clients. */
import { z } from "zod";
import { LIMITS } from "../base/limits.ts";
import type { LanConfig, LanInterface } from "../services/lan/config.ts";
import type { Dhcp6Pools, RelaySelector } from "../services/lan/dhcp6-config.ts";
import { interfaceName, ipv6, numberOfName, prefix6, resolvers, searchDomains, seconds } from "./kinds.ts";
import { type ClassFile, classOf, type HostFile, hostOf, listed } from "./lan-clients.ts";
import { servedKeys, servedOf } from "./lan-options.ts";
import { addressesOf, poolKeys, prefixesOf, uplinkPrefixesOf } from "./lan-pools.ts";
import { octets, octetsOf } from "./octets.ts";

/** What a home's hosts are told at most (RFC 9096 §3.4). */
const PREFERRED_SECONDS = 2700;
const VALID_SECONDS = 5400;
const FOREVER_SECONDS = 0xffffffff;
/** A million messages a second are more than any link carries. */
const MOST_MESSAGES = 1_000_000;

const permille = z.number().int().min(1).max(1000);
const leases = z.number().int().min(1).max(LIMITS.leases).optional();
const serverKeys = {
  ...poolKeys,
  assign_addresses: z.boolean().default(true),
  known_clients_only: z.boolean().default(false),
  preferred_seconds: seconds(1, FOREVER_SECONDS).default(PREFERRED_SECONDS),
  valid_seconds: seconds(1, FOREVER_SECONDS).default(VALID_SECONDS),
  t1_permille: permille.default(500),
  t2_permille: permille.default(800),
  rapid_commit: z.boolean().default(false),
  preference: z.number().int().min(0).max(255).default(0),
  reconfigure: z.boolean().default(false),
  own_resolver: z.boolean().default(true),
  leases_per_client: leases,
  leases_per_link: leases,
  leases_per_relay_port: leases,
  messages_per_second_per_source: z.number().int().min(1).max(MOST_MESSAGES).optional(),
  ...servedKeys,
  dns: resolvers,
  search: searchDomains,
};
const interfaceSchema = z.strictObject({
  ra: z.enum(["off", "server"]).default("server"),
  dhcpv6: z.enum(["off", "server", "relay"]).default("server"),
  ...serverKeys,
  managed: z.boolean().optional(),
  other_config: z.boolean().optional(),
  slaac: z.boolean().default(true),
  router_lifetime_seconds: seconds(0, 65_535).optional(),
  ra_min_seconds: seconds(3, 1350).default(200),
  ra_max_seconds: seconds(4, 1800).default(600),
  relay_to: z.array(interfaceName).max(LIMITS.interfaces).default([]),
  relay_servers: z.array(ipv6).max(LIMITS.addressesPerOption).default([]),
});

const selector = octets(LIMITS.relayOptionBytes);
const selectors = z.union([selector, z.array(selector).min(1).max(LIMITS.relaySelectors)]).optional();
const relayedSchema = z.strictObject({ link: prefix6, interface_id: selectors, relay_id: selectors, remote_id: selectors, ...serverKeys });
export const lanSchema = z.record(interfaceName, interfaceSchema);
export const relayedSchemas = z.record(z.string().regex(/^[A-Za-z0-9_-]{1,15}$/, { message: "this is no name of a link" }), relayedSchema);

const server = z.strictObject(serverKeys);
export type ServerFile = z.output<typeof server>;
export type InterfaceFile = z.output<typeof interfaceSchema>;
export type RelayedFile = z.output<typeof relayedSchema>;
/** The tables of the service, by their names. */
export type LanFiles = {
  readonly lan: Readonly<Record<string, InterfaceFile>>;
  readonly relayed: Readonly<Record<string, RelayedFile>>;
  readonly class: Readonly<Record<string, ClassFile>>;
  readonly host: Readonly<Record<string, HostFile>>;
};

export function lanOf(files: LanFiles): Omit<LanConfig, "duid"> {
  return {
    interfaces: Object.entries(files.lan).map(([name, given]) => ({
      name,
      number: numberOfName(name, 16),
      router: routerOf(given),
      dhcp6: dhcp6Of(given),
    })),
    relayedLinks: Object.entries(files.relayed).map(([name, given]) => ({
      name,
      number: numberOfName(name, 16),
      prefix: given.link,
      selectors: selectorsOf(given).map(({ selector: one }) => one),
      pools: poolsOf(given),
    })),
    classes: Object.entries(files.class).map(([name, given]) => classOf(name, given)),
    hosts: Object.entries(files.host).map(([name, given]) => hostOf(name, given)),
  };
}

/** What a link behind relays is told by, and the key that says so. */
export function selectorsOf(given: RelayedFile): readonly { readonly key: string; readonly selector: RelaySelector }[] {
  const by = (key: "interface_id" | "relay_id" | "remote_id", code: RelaySelector["code"]) =>
    listed(given[key]).map((text) => ({ key, selector: { code, value: octetsOf(text) ?? new Uint8Array(0) } }));
  return [...by("interface_id", 18), ...by("relay_id", 53), ...by("remote_id", 37)];
}

function poolsOf(given: ServerFile): Dhcp6Pools {
  return {
    assignAddresses: given.assign_addresses,
    addresses: addressesOf(given),
    prefixes: prefixesOf(given),
    uplinkPrefixes: uplinkPrefixesOf(given),
    knownClientsOnly: given.known_clients_only,
    preferredSeconds: given.preferred_seconds,
    validSeconds: given.valid_seconds,
    rapidCommit: given.rapid_commit,
    preference: given.preference,
    t1Permille: given.t1_permille,
    t2Permille: given.t2_permille,
    reconfigure: given.reconfigure,
    ownResolver: given.own_resolver,
    limits: {
      leasesPerClient: given.leases_per_client,
      leasesPerLink: given.leases_per_link,
      leasesPerRelayPort: given.leases_per_relay_port,
      messagesPerSecondPerSource: given.messages_per_second_per_source,
    },
    ...servedOf(given),
  };
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
