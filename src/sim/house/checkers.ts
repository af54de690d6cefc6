/** What must be true of a street at every moment, whatever its seed. Checkers watch hosts, kernels and promises, never code. */
import { duidBytes } from "../../base/duid.ts";
import { type Ipv6Address, type Ipv6Prefix, ipv6Bytes, ipv6Contains, ipv6Covers, ipv6Prefix, splitIpv6Prefix } from "../../base/ipv6.ts";
import { INFINITE_SECONDS, type Instant } from "../../base/time.ts";
import { type LeaseTable, STATE } from "../../services/leases/table.ts";
import type { Held6 } from "../actors/host6-answer.ts";
import { EPOCH_MS } from "../clock.ts";
import { LAN } from "./gateway.ts";
import { FAR_LINK } from "./configuration.ts";
import type { Checker6, House, Street } from "./world.ts";

type Holding = { readonly who: string; readonly value: Held6["value"] };

/** Lifetimes are whole seconds, and count from when an answer arrives: it may be late by the delay of a link, twice with a relay. */
const TRANSIT_MS = 10_000;

/** Two hosts, or two gateways, never hold the same, or a part of what another holds. */
export const nothingHeldTwice: Checker6 = {
  name: "no address and no prefix is held twice",
  always: (street) => heldTwice(ofHosts(street)) ?? heldTwice(ofGateways(street)),
};

/** Whatever died in between: what a Reply promised is in the server's table until it ends. */
export const promisesAreKept: Checker6 = {
  name: "what a host was promised is known to its server",
  always: (street) => {
    for (const { host, house } of street.allHosts()) {
      const { table } = house.gateway;
      if (table === undefined) continue;
      for (const held of host.dhcp.held) {
        const wrong = brokenPromise(table, held, duidBytes(host.dhcp.config.duid), street.now);
        if (wrong !== undefined) return `${host.name} holds ${held.value}, ${house.gateway.name} ${wrong}`;
      }
    }
    return undefined;
  },
};

/** What stands on the LAN was delegated to this gateway, and has not ended. */
export const addressesAreDelegated: Checker6 = {
  name: "addresses on the LAN lie in delegated prefixes",
  always: (street) => {
    for (const { gateway } of street.houses) {
      for (const { address, validUntil } of gateway.kernel.planned()) {
        const until = delegatedUntil(street, gateway.duid, address);
        if (until === undefined) return `${gateway.name} has ${address}, which nobody delegated`;
        if (until + TRANSIT_MS < validUntil) return `${gateway.name} has ${address} until ${validUntil}, delegated until ${until}`;
      }
    }
    return undefined;
  },
};

/** Nobody makes addresses for new connections in a prefix that is over. */
export const advertisedIsDelegated: Checker6 = {
  name: "hosts prefer no address whose prefix is over",
  always: (street) => {
    for (const { host, house } of street.allHosts()) {
      for (const { address } of host.slaac.preferred(street.now)) {
        const until = delegatedUntil(street, house.gateway.duid, address);
        if (until === undefined || until + TRANSIT_MS < street.now) return `${host.name} prefers ${address}, delegated until ${until ?? "never"}`;
      }
    }
    return undefined;
  },
};

export const noWrongAnswers: Checker6 = {
  name: "no host has to call an answer wrong",
  always: ({ complaints }) => complaints[0],
};

/** An address that was given to a host lies in a prefix that is, or was, on its link. */
export const addressesAreOnLink: Checker6 = {
  name: "hosts are given addresses of their own link",
  always: (street) => {
    for (const { host, house } of street.allHosts()) {
      for (const held of host.dhcp.held) {
        if (held.kind === "prefix") continue;
        const onLink = house.far.includes(host)
          ? ipv6Contains(FAR_LINK.prefix, held.value)
          : delegatedUntil(street, house.gateway.duid, held.value) !== undefined;
        if (!onLink) return `${host.name} holds ${held.value}`;
      }
    }
    return undefined;
  },
};

/** One address of the gateway for each target, of the prefix it holds. */
export const everybodyIsServedInTheEnd: Checker6 = {
  name: "every gateway and every host has what it needs when it was calm for a while",
  settled: (street) => {
    for (const house of street.houses) {
      const wrong = houseWrong(house, street);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  },
};

export const CHECKERS6: readonly Checker6[] = [
  nothingHeldTwice,
  promisesAreKept,
  addressesAreDelegated,
  advertisedIsDelegated,
  noWrongAnswers,
  addressesAreOnLink,
  everybodyIsServedInTheEnd,
];

function houseWrong({ gateway, hosts, far }: House, { now, provider }: Street): string | undefined {
  const phase = gateway.uplink?.uplink("wan0")?.state.phase.kind;
  const current = gateway.kernel.on(LAN).filter(({ preferredUntil }) => preferredUntil > now);
  if (phase !== "bound" && phase !== "renewing") return `${gateway.name} is ${phase ?? "not running"}`;
  if (current.length !== 1) return `${gateway.name} has ${current.map(({ address }) => address).join(" ") || "no address"} in use on its LAN`;
  const prefix = ipv6Prefix(current[0]?.address ?? ("::" as Ipv6Address), 64);
  if (!ipv6Covers(provider.config.pool.prefix, prefix)) return `${gateway.name} uses ${prefix} of an old pool`;
  for (const { name, slaac, dhcp } of hosts) {
    if (!slaac.preferred(now).some((one) => one.prefix === prefix)) return `${name} made no address in ${prefix}`;
    if (slaac.preferred(now).length !== 1) return `${name} prefers more than ${prefix}`;
    if (slaac.routers(now).length !== 1 || slaac.resolvers(now).length === 0) return `${name} has no router or no resolver`;
    if (!dhcp.held.some((held) => held.kind === "address" && ipv6Contains(prefix, held.value))) return `${name} was given no address in ${prefix}`;
    if (dhcp.config.prefixLength !== undefined && !dhcp.held.some(({ kind }) => kind === "prefix")) return `${name} has no prefix`;
  }
  const without = far.find(({ dhcp }) => !dhcp.held.some(({ kind }) => kind === "address"));
  return without === undefined ? undefined : `${without.name} has no address`;
}

/** Of all hosts. */
function ofHosts(street: Street): readonly Holding[] {
  return street.allHosts().flatMap(({ host }) => host.dhcp.held.map(({ value }) => ({ who: host.name, value })));
}

/** Of gateways, as their uplinks say. */
function ofGateways(street: Street): readonly Holding[] {
  return street.houses.flatMap(({ gateway }) => {
    const held = gateway.uplink?.uplink("wan0")?.state.phase.held;
    const prefixes = (held?.delegations ?? []).flatMap((delegation) => delegation.prefixes);
    return prefixes.filter(({ validUntil }) => validUntil > street.now).map(({ prefix }) => ({ who: gateway.name, value: prefix }));
  });
}

function heldTwice(holdings: readonly Holding[]): string | undefined {
  const holders = new Map<string, string>();
  for (const { who, value } of holdings) {
    const other = holders.get(value);
    if (other !== undefined && other !== who) return `${other} and ${who} hold ${value}`;
    holders.set(value, who);
  }
  const prefixes = holdings.filter(({ value }) => value.includes("/"));
  for (const { who, value } of holdings) {
    const part = prefixes.find((whole) => whole.value !== value && whole.who !== who && ipv6Covers(asPrefix(whole.value), asPrefix(value)));
    if (part !== undefined) return `${who} holds ${value}, a part of ${part.value} of ${part.who}`;
  }
  return undefined;
}

function asPrefix(value: Held6["value"]): Ipv6Prefix {
  return (value.includes("/") ? value : `${value}/128`) as Ipv6Prefix;
}

function brokenPromise(table: LeaseTable, held: Held6, client: Uint8Array, now: Instant): string | undefined {
  const { address, prefixLength } = splitIpv6Prefix(asPrefix(held.value));
  const row = table.findAddress(ipv6Bytes(address), 0, prefixLength);
  if (row === -1 || table.state(row) !== STATE.bound) return "knows nothing of it";
  if (!table.isIdentifier(row, client, 0, client.length)) return "promised it to somebody else";
  const untilSeconds = table.validUntilSeconds(row);
  const until = untilSeconds === INFINITE_SECONDS ? Number.POSITIVE_INFINITY : untilSeconds * 1000 - EPOCH_MS;
  return until + TRANSIT_MS < held.validUntil && held.validUntil > now ? `promised it until ${until}, not ${held.validUntil}` : undefined;
}

function delegatedUntil({ delegated }: Street, duid: string, address: Ipv6Address): Instant | undefined {
  let latest: Instant | undefined;
  for (const [key, until] of delegated) {
    const [client, prefix] = key.split(" ");
    if (client === duid && ipv6Contains(prefix as Ipv6Prefix, address) && until > (latest ?? -1)) latest = until;
  }
  return latest;
}
