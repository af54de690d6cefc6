/** Advertisements as messages: as many as the content needs, each small enough for any link (RFC 4861 §6.2.3, RFC 6980 §5). */
import { splitIpv6Prefix } from "../../base/ipv6.ts";
import type { RouterAdvertisement } from "../../wire/icmp6/message.ts";
import type { NdOptions } from "../../wire/icmp6/options.ts";
import type { Content, Told } from "./content.ts";
import type { AdvertiserConfig, AdvertiserLink } from "./state.ts";

/** What every link carries (RFC 8200 §5); hosts believe no smaller MTU. */
const LEAST_MTU_BYTES = 1280;
/** Less the IPv6 header, the advertisement's own and two options of the link. */
const ROOM_BYTES = LEAST_MTU_BYTES - 40 - 16 - 16;
const PREFIX_OPTION_BYTES = 32;
const ROUTE_OPTION_BYTES = 24;
const ADDRESS_BYTES = 16;
/** Type, length, reserved, lifetime; and the zeros that fill up. */
const LIST_HEADER_BYTES = 16;
const HOP_LIMIT = 64;
const HOST_MADE_BITS = 64;

export function advertisements(content: Content, config: AdvertiserConfig, link: AdvertiserLink): readonly RouterAdvertisement[] {
  const over = content.withdrawn.map(({ item }): Told => ({ item, preferredSeconds: 0, validSeconds: 0 }));
  return packed([...content.told, ...over]).map((told) => ({
    kind: "routerAdvertisement",
    hopLimit: HOP_LIMIT,
    managed: config.managed,
    otherConfiguration: config.otherConfig,
    homeAgent: false,
    preference: "medium",
    proxy: false,
    lifetimeSeconds: content.lifetimeSeconds,
    reachableMilliseconds: 0,
    retransmitMilliseconds: 0,
    options: {
      ...(link.mac === undefined ? {} : { sourceLinkLayerAddress: link.mac }),
      ...(link.mtuBytes === undefined || link.mtuBytes < LEAST_MTU_BYTES ? {} : { mtu: link.mtuBytes }),
      ...optionsOf(told, config),
    },
    unknown: [],
    malformed: [],
  }));
}

/** In order, as much in each message as it surely holds; one even when there is nothing to say. */
function packed(told: readonly Told[]): readonly (readonly Told[])[] {
  const messages: Told[][] = [[]];
  let leftBytes = ROOM_BYTES;
  for (const one of told) {
    const bytes = mostBytes(one);
    if (bytes > leftBytes) {
      messages.push([]);
      leftBytes = ROOM_BYTES;
    }
    messages.at(-1)?.push(one);
    leftBytes -= bytes;
  }
  return messages;
}

/** As if each had an option of its own. */
function mostBytes({ item }: Told): number {
  if (item.kind === "prefix") return PREFIX_OPTION_BYTES;
  if (item.kind === "route") return ROUTE_OPTION_BYTES;
  return LIST_HEADER_BYTES + (item.kind === "resolver" ? ADDRESS_BYTES : item.value.length + 2);
}

function optionsOf(told: readonly Told[], config: AdvertiserConfig): NdOptions {
  const prefixes = told.flatMap(({ item, preferredSeconds, validSeconds }) => {
    if (item.kind !== "prefix") return [];
    const autonomous = config.autonomous && splitIpv6Prefix(item.value).prefixLength === HOST_MADE_BITS;
    return [{ prefix: item.value, onLink: true, autonomous, prefersDelegation: false, preferredSeconds, validSeconds }];
  });
  const routes = told.flatMap(({ item, validSeconds }) => {
    if (item.kind !== "route") return [];
    return [{ prefix: item.value, preference: "medium" as const, lifetimeSeconds: validSeconds }];
  });
  const resolvers = byLifetime(told, ({ item }) => (item.kind === "resolver" ? item.value : undefined));
  const names = byLifetime(told, ({ item }) => (item.kind === "name" ? item.value : undefined));
  return {
    ...(prefixes.length > 0 ? { prefixes } : {}),
    ...(routes.length > 0 ? { routes } : {}),
    ...(resolvers.length > 0 ? { resolvers: resolvers.map(({ lifetimeSeconds, values }) => ({ lifetimeSeconds, addresses: values })) } : {}),
    ...(names.length > 0 ? { searchLists: names.map(({ lifetimeSeconds, values }) => ({ lifetimeSeconds, names: values })) } : {}),
  };
}

/** What lives equally long stands in one option. */
function byLifetime<T>(
  told: readonly Told[],
  of: (one: Told) => T | undefined,
): readonly { readonly lifetimeSeconds: number; readonly values: readonly T[] }[] {
  const groups = new Map<number, T[]>();
  for (const one of told) {
    const value = of(one);
    if (value === undefined) continue;
    const group = groups.get(one.validSeconds) ?? [];
    group.push(value);
    groups.set(one.validSeconds, group);
  }
  return [...groups].map(([lifetimeSeconds, values]) => ({ lifetimeSeconds, values }));
}
