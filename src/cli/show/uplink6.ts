/** What `leasehold show` says of prefixes that were delegated, and addresses that were leased, by DHCPv6. */
import type { Lease6View, RouterView, Uplink6LinkView, Uplink6View } from "../../services/uplink6/view.ts";
import { counted, listed, many } from "./words.ts";

const STATES: Readonly<Record<string, string>> = {
  down: "has no carrier, or no link-local address",
  waiting: "waits until a router says that DHCPv6 is there",
  soliciting: "is looking for a server",
  requesting: "asks a server for what it offered",
  rebooting: "asks whether what it held before still holds",
  bound: "holds what it was given",
  renewing: "renews with the server that gave it",
  rebinding: "asks any server to extend what it holds",
  informing: "asks for other information than leases",
  informed: "knows what a server told, and has asked for no lease",
  declining: "tells the server that somebody else uses an address",
  releasing: "gives back what it held",
  stopped: "has given everything back and rests; leasehold renew starts it again",
};
const UNSERVED: Readonly<Record<string, string>> = {
  "too-small": "the provider gave less than was asked for",
  "upstream-link": "a delegated prefix must not be used on the link it came over",
  "no-secret": "what its host part is made of is not known yet",
  duplicates: "other hosts have all addresses that were tried",
};
const INSTEAD: Readonly<Record<string, string>> = {
  "no-hardware-address": "it has no hardware address",
  "prefix-too-long": "the prefix leaves no room for it",
  "reserved-identifier": "that would be an address of all routers, or a reserved one",
  duplicate: "another host has that address",
};
/** A recent state of one uplink's neighbours is enough. */
const ROUTERS_SHOWN = 4;

export function uplink6Lines({ uplinks, ignored }: Uplink6View): readonly string[] {
  return [
    ...uplinks.flatMap((uplink) => ["", ...uplinkLines(uplink)]),
    ...(counted(ignored) === "" ? [] : ["", `uplink6 ignored: ${counted(ignored)}`]),
  ];
}

function uplinkLines(uplink: Uplink6LinkView): readonly string[] {
  const state = uplink.present ? (STATES[uplink.state] ?? uplink.state) : "does not exist yet";
  const held = uplink.lease ?? uplink.told;
  return [
    `${uplink.interface} ${state}, since ${uplink.since}.`,
    ...(uplink.lease === null ? [] : leaseLines(uplink.lease)),
    ...missing(uplink).map((what) => `  ${what} was asked for and not given`),
    ...(held === null ? [] : toldLines(held)),
    ...(uplink.acceptsReconfigure ? ["  the server may ask us to come again (Reconfigure)"] : []),
    ...uplink.routers.slice(0, ROUTERS_SHOWN).map(routerLine),
    ...(uplink.lease === null || uplink.lease.renewsAt === null
      ? []
      : [`  renews at ${uplink.lease.renewsAt}, rebinds at ${uplink.lease.rebindsAt ?? "never"}`]),
    ...(uplink.nextDeadline === null ? [] : [`  next: ${uplink.nextDeadline}`]),
    `  sent: ${counted(uplink.sent) || "nothing"}; received: ${many(uplink.received, "datagram")}; ignored: ${counted(uplink.ignored) || "none"}`,
    ...countedLine("passed over in answers", uplink.passedOver),
    ...countedLine("without effect", uplink.unheeded),
    ...countedLine("advertisements ignored", uplink.ignoredAdvertisements),
  ];
}

function leaseLines({ server, serverName, prefixes, addresses, assigned, unserved }: Lease6View): readonly string[] {
  const until = ({ preferredUntil, validUntil }: Lease6View["prefixes"][number] | Lease6View["addresses"][number]): string =>
    `preferred until ${preferredUntil ?? "for ever"}, valid until ${validUntil ?? "for ever"}`;
  return [
    `  from server ${server} (${serverName}):`,
    ...addresses.map((one) => `  ${one.address} (IA_NA ${one.iaid}) is ${until(one)}`),
    ...prefixes.map((one) => `  ${one.prefix} (IA_PD ${one.iaid}) is ${until(one)}${one.excluded === null ? "" : `; without ${one.excluded}`}`),
    ...assigned.map(({ interface: name, address, prefixLength, present, instead }) => {
      const other = instead === null ? "" : `, not with the host part that was asked for: ${INSTEAD[instead] ?? instead}`;
      return `  ${name} has ${address}/${prefixLength}${present ? "" : " as soon as it exists"}${other}`;
    }),
    ...unserved.map(({ interface: name, prefix, reason }) => `  ${name} gets nothing of ${prefix}: ${UNSERVED[reason] ?? reason}`),
  ];
}

/** Wishes of which nothing is held, while something is. */
function missing({ lease, wishes }: Uplink6LinkView): readonly string[] {
  if (lease === null) return [];
  return wishes.flatMap(({ kind, iaid, prefixLength }) => {
    const held: readonly { readonly iaid: number }[] = kind === "pd" ? lease.prefixes : lease.addresses;
    if (held.some((one) => one.iaid === iaid)) return [];
    return [kind === "pd" ? `a prefix of ${prefixLength} bits (IA_PD ${iaid})` : `an address (IA_NA ${iaid})`];
  });
}

function toldLines({ nameServers, searchDomains, options }: Pick<Lease6View, "nameServers" | "searchDomains" | "options">): readonly string[] {
  const search = searchDomains.length === 0 ? "" : `; search ${searchDomains.join(" ")}`;
  const others = Object.entries(options).map(([code, values]) => `${code} (${many(values.length, "time")})`);
  return [
    ...(nameServers.length === 0 ? [] : [`  name servers: ${listed(nameServers)}${search}`]),
    ...(nameServers.length === 0 && search !== "" ? [`  search ${searchDomains.join(" ")}`] : []),
    ...(others.length === 0 ? [] : [`  other options: ${listed(others)}`]),
  ];
}

function routerLine({ router, managed, otherConfiguration, prefersDelegation, lifetimeSeconds, heardAt }: RouterView): string {
  const flags = [...(managed ? ["M"] : []), ...(otherConfiguration ? ["O"] : []), ...(prefersDelegation ? ["P"] : [])];
  const role = lifetimeSeconds > 0 ? `a default router for ${lifetimeSeconds} s` : "no default router";
  return `  ${router} advertises: ${role}; flags: ${listed(flags)}${heardAt === null ? "" : `; heard at ${heardAt}`}`;
}

function countedLine(what: string, counts: Readonly<Record<string, number>>): readonly string[] {
  return counted(counts) === "" ? [] : [`  ${what}: ${counted(counts)}`];
}
