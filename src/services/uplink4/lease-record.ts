/** The lease file: JSON with wall-clock times, so that it means the same after a reboot. */
import { type Ipv4Address, type Ipv4Prefix, isUnicastV4, parseIpv4, parseIpv4Prefix, UNSPECIFIED_V4 } from "../../base/ipv4.ts";
import { LIMITS } from "../../base/limits.ts";
import { type MacAddress, parseMac } from "../../base/mac.ts";
import { after, type Instant, NEVER } from "../../base/time.ts";
import type { SentOption } from "../../machines/dhcp4-client/config.ts";
import type { Lease } from "../../machines/dhcp4-client/state.ts";
import { parseDomainName } from "../../base/domain.ts";
import type { ClientId } from "../../wire/dhcp4/vendor.ts";
import { jsonRecord } from "../json-record.ts";
import { onTheWall, type Times } from "../wall-time.ts";

const VERSION = 2;
/**
 * What is left of a lease when the wall clock stands before the moment it was written: enough to ask for it twice, and over before a
 * server's silence (10 s at the least, see TIMING.rebootAttempts) would let us use it unasked.
 */
const DISTRUSTED_SECONDS = 9;
const INSTANTS = ["acquiredAt", "renewAt", "rebindAt", "expiresAt"] as const;

/** Whose lease it is: under another hardware address or client identifier it is somebody else's. */
export type LeaseHolder = { readonly name: string; readonly mac: MacAddress; readonly clientId: ClientId };
type Fields = Readonly<Record<string, unknown>>;

export function encodeLeaseRecord({ name, mac, clientId }: LeaseHolder, lease: Lease, times: Times): Uint8Array {
  const at = (instant: Instant): string | null => onTheWall(instant, times);
  const record = {
    version: VERSION,
    interface: name,
    mac,
    clientId,
    savedAt: new Date(times.wallClock).toISOString(),
    ...lease,
    ...Object.fromEntries(INSTANTS.map((name) => [name, at(lease[name])])),
  };
  return jsonRecord(record, { indent: 1 });
}

/** @returns undefined for a record that is corrupt, foreign, of another holder or version, or expired */
export function decodeLeaseRecord(holder: LeaseHolder, bytes: Uint8Array, times: Times): Lease | undefined {
  const record = parseObject(bytes);
  if (record === undefined || record["version"] !== VERSION) return undefined;
  if (record["interface"] !== holder.name || record["mac"] !== holder.mac || record["clientId"] !== holder.clientId) return undefined;
  const lease = { ...grantedIn(record), ...toldIn(record), byHand: false, ...instantsIn(record, times) };
  return isWhole(lease) && lease.expiresAt > times.now && isUnicastV4(lease.address) ? lease : undefined;
}

function grantedIn(record: Fields) {
  return {
    address: addressIn(record["address"]),
    prefixLength: numberIn(record["prefixLength"], 32),
    serverId: addressIn(record["serverId"]),
    routes: listIn(record["routes"], LIMITS.routesPerLease, routeIn),
    plainRoutes: listIn(record["plainRoutes"], LIMITS.routesPerLease, routeIn),
    nameServers: listIn(record["nameServers"], LIMITS.addressesPerOption, addressIn),
    ntpServers: listIn(record["ntpServers"], LIMITS.addressesPerOption, addressIn),
    searchDomains: listIn(record["searchDomains"], LIMITS.searchDomains, nameIn),
    options: listIn(record["options"], LIMITS.dhcp4Options, optionIn),
  };
}

/** What a lease can do without: where it is not sound it counts as not said. */
function toldIn(record: Fields): Pick<Lease, "serverMac" | "hostName" | "mtuBytes" | "ipv6OnlySeconds" | "nextServer" | "bootFile"> {
  const mac = record["serverMac"];
  return {
    serverMac: typeof mac === "string" ? parseMac(mac) : undefined,
    hostName: nameIn(record["hostName"]) ?? "",
    mtuBytes: numberIn(record["mtuBytes"], 0xffff) ?? 0,
    ipv6OnlySeconds: numberIn(record["ipv6OnlySeconds"], 0xffffffff),
    nextServer: addressIn(record["nextServer"]) ?? UNSPECIFIED_V4,
    bootFile: typeof record["bootFile"] === "string" ? record["bootFile"] : "",
  };
}

type Maybe<T> = { readonly [K in keyof T]: T[K] | undefined };

function isWhole(lease: Maybe<Lease>): lease is Lease {
  const needed = ["address", "prefixLength", "serverId", "routes", "plainRoutes", "nameServers", "ntpServers", "searchDomains", "options"] as const;
  return [...needed, ...INSTANTS].every((name) => lease[name] !== undefined);
}

function parseObject(bytes: Uint8Array): Fields | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === "object" && value !== null ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}

/** A wall clock that stands before the record was written is not believed (boards without a clock of their own). */
function instantsIn(record: Fields, { now, wallClock }: Times): Maybe<Pick<Lease, (typeof INSTANTS)[number]>> {
  const savedAt = typeof record["savedAt"] === "string" ? Date.parse(record["savedAt"]) : Number.NaN;
  const read = (field: string): Instant | undefined => {
    const text = record[field];
    if (text === null) return NEVER;
    const wall = typeof text === "string" ? Date.parse(text) : Number.NaN;
    if (Number.isNaN(wall) || Number.isNaN(savedAt)) return undefined;
    return wallClock < savedAt ? after(now, DISTRUSTED_SECONDS) : ((now + (wall - wallClock)) as Instant);
  };
  return { acquiredAt: read("acquiredAt"), renewAt: read("renewAt"), rebindAt: read("rebindAt"), expiresAt: read("expiresAt") };
}

function listIn<T>(value: unknown, most: number, item: (value: unknown) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(value) || value.length > most) return undefined;
  const items = value.map(item);
  return items.every((one): one is Awaited<T> & T => one !== undefined) ? items : undefined;
}

function addressIn(value: unknown): Ipv4Address | undefined {
  return typeof value === "string" ? parseIpv4(value) : undefined;
}

function nameIn(value: unknown): string | undefined {
  return typeof value === "string" ? parseDomainName(value) : undefined;
}

function numberIn(value: unknown, most: number): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most ? value : undefined;
}

function optionIn(value: unknown): SentOption | undefined {
  const { code, hex } = (typeof value === "object" && value !== null ? value : {}) as Fields;
  const number = numberIn(code, 255);
  return number !== undefined && typeof hex === "string" && /^([0-9a-f]{2})*$/.test(hex) ? { code: number, hex } : undefined;
}

function routeIn(value: unknown): { readonly destination: Ipv4Prefix; readonly gateway: Ipv4Address } | undefined {
  const { destination, gateway } = (typeof value === "object" && value !== null ? value : {}) as Fields;
  const prefix = typeof destination === "string" ? parseIpv4Prefix(destination) : undefined;
  const via = addressIn(gateway);
  return prefix === undefined || via === undefined ? undefined : { destination: prefix, gateway: via };
}
