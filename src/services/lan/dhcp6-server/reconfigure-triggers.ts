/** What a change means for clients that would come back when they are told to (RFC 9915 §18.3.11, RFC 9096 §3.5). */
import type { Duid } from "../../../base/duid.ts";
import type { MacAddress } from "../../../base/mac.ts";
import type { ReconfigureRequest } from "../../../ports/reconfigure.ts";
import type { LanConfig } from "../config.ts";
import type { Dhcp6Pools, ReservedHost, ServedOptions } from "../dhcp6-config.ts";
import { TYPE } from "./codes.ts";
import type { ReconfigureWish } from "./reconfigure-rounds.ts";
import type { ServedLink } from "./served-link.ts";

/** Clients that are named one by one; where more changed, all are told. */
const NAMED_MAX = 256;
const PURPOSES = { renew: TYPE.renew, rebind: TYPE.rebind, "information-request": TYPE.informationRequest } as const;
const EVERYTHING: ReconfigureWish = { link: undefined, clients: undefined, onlyStale: false, purpose: undefined, atOnce: false };

/** The configuration is another one. */
export function wishesOf(before: LanConfig, after: LanConfig): readonly ReconfigureWish[] {
  const wishes: ReconfigureWish[] = [];
  if (!isSame(before.classes, after.classes)) wishes.push(EVERYTHING);
  const links = linksOf(after);
  for (const [number, pools] of linksOf(before)) {
    const now = links.get(number);
    if (now === undefined || !now.reconfigure) continue;
    if (!isSame(toldBy(pools), toldBy(now))) wishes.push(everyoneOn(number));
    else if (!isSame(givenBy(pools), givenBy(now))) wishes.push(staleOn(number));
  }
  const changed = changedHosts(before.hosts, after.hosts);
  if (changed !== undefined) wishes.push({ ...EVERYTHING, clients: changed.duids.length + changed.macs.length > NAMED_MAX ? undefined : changed });
  return wishes;
}

/** An operator wants it. */
export function requestedWish(
  { link: name, client, purpose }: ReconfigureRequest,
  links: readonly ServedLink[],
): ReconfigureWish | "no-link" | "off" {
  const meant = name === "" ? links : links.filter(({ identity }) => identity.name === name);
  if (meant.length === 0) return "no-link";
  if (!meant.some(({ identity }) => identity.pools.reconfigure)) return "off";
  return {
    link: name === "" ? undefined : meant[0]?.identity.number,
    clients: client === undefined ? undefined : { duids: [client], macs: [] },
    onlyStale: false,
    purpose: purpose === undefined ? undefined : PURPOSES[purpose],
    atOnce: true,
  };
}

/** Everyone on a link. */
export function everyoneOn(link: number): ReconfigureWish {
  return { ...EVERYTHING, link };
}

/** Whose leases on a link are of no more use. */
export function staleOn(link: number): ReconfigureWish {
  return { link, clients: undefined, onlyStale: true, purpose: TYPE.renew, atOnce: false };
}

function linksOf({ interfaces, relayedLinks }: LanConfig): ReadonlyMap<number, Dhcp6Pools> {
  const own = interfaces.flatMap(({ number, dhcp6 }) => (dhcp6.mode === "server" ? [[number, dhcp6.pools] as const] : []));
  return new Map([...own, ...relayedLinks.map(({ number, pools }) => [number, pools] as const)]);
}

function toldBy({ options, boot, ownResolver }: Dhcp6Pools): ServedOptions & { readonly ownResolver: boolean } {
  return { options, boot, ownResolver };
}

function givenBy({ assignAddresses, addresses, prefixes, uplinkPrefixes, knownClientsOnly }: Dhcp6Pools): unknown {
  return { assignAddresses, addresses, prefixes, uplinkPrefixes, knownClientsOnly };
}

/** Whose reservation came, went or is another one; undefined: nobody's. */
function changedHosts(before: readonly ReservedHost[], after: readonly ReservedHost[]): ReconfigureWish["clients"] {
  const known = new Set(before.map(textOf));
  const still = new Set(after.map(textOf));
  const changed = [...after.filter((host) => !known.has(textOf(host))), ...before.filter((host) => !still.has(textOf(host)))];
  if (changed.length === 0) return undefined;
  const duids = new Set<Duid>();
  const macs = new Set<MacAddress>();
  for (const identity of changed.flatMap(({ identities }) => identities)) {
    if (identity.is === "duid") duids.add(identity.duid);
    else macs.add(identity.mac);
  }
  return { duids: [...duids], macs: [...macs] };
}

function isSame(a: unknown, b: unknown): boolean {
  return textOf(a) === textOf(b);
}

/** Plain values whose keys stand in the order of their codecs. */
function textOf(value: unknown): string {
  return JSON.stringify(value);
}
