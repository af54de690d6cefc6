/** The lease file: JSON with wall-clock times, so that it means the same after a reboot (clients.md's fields, version 1). */
import { type Ipv4Address, type Ipv4Prefix, isUnicastV4, parseIpv4, parseIpv4Prefix } from "../../base/ipv4.ts";
import { LIMITS } from "../../base/limits.ts";
import { after, type Instant, NEVER, type WallClock } from "../../base/time.ts";
import type { Lease } from "../../machines/dhcp4-client/state.ts";
import { parseDomainName } from "../../base/domain.ts";

const VERSION = 1;
/**
 * What is left of a lease when the wall clock stands before the moment it was written: enough to ask for it twice, and over before a
 * server's silence (10 s at the least, see TIMING.rebootAttempts) would let us use it unasked.
 */
const DISTRUSTED_SECONDS = 9;

type Times = { readonly now: Instant; readonly wallClock: WallClock };

export function encodeLeaseRecord(name: string, lease: Lease, { now, wallClock }: Times): Uint8Array {
  const onTheWall = (instant: Instant): string | null => (instant === NEVER ? null : new Date(wallClock + (instant - now)).toISOString());
  const { renewAt, rebindAt, expiresAt, ...rest } = lease;
  const record = {
    version: VERSION,
    interface: name,
    savedAt: new Date(wallClock).toISOString(),
    ...rest,
    renewAt: onTheWall(renewAt),
    rebindAt: onTheWall(rebindAt),
    expiresAt: onTheWall(expiresAt),
  };
  return new TextEncoder().encode(`${JSON.stringify(record, undefined, 1)}\n`);
}

/** @returns undefined for a record that is corrupt, foreign, of another interface or version, or expired */
export function decodeLeaseRecord(name: string, bytes: Uint8Array, times: Times): Lease | undefined {
  const record = parseObject(bytes);
  if (record === undefined || record["version"] !== VERSION || record["interface"] !== name) return undefined;
  const address = addressIn(record["address"]);
  const serverId = addressIn(record["serverId"]);
  const prefixLength = record["prefixLength"];
  const routes = listIn(record["routes"], LIMITS.routesPerLease, routeIn);
  const nameServers = listIn(record["nameServers"], LIMITS.addressesPerOption, addressIn);
  const searchDomains = listIn(record["searchDomains"], LIMITS.searchDomains, (name) =>
    typeof name === "string" ? parseDomainName(name) : undefined,
  );
  const [renewAt, rebindAt, expiresAt] = instantsIn(record, times);
  if (address === undefined || serverId === undefined || routes === undefined || nameServers === undefined || searchDomains === undefined)
    return undefined;
  if (renewAt === undefined || rebindAt === undefined || expiresAt === undefined || expiresAt <= times.now || !isUnicastV4(address)) return undefined;
  if (typeof prefixLength !== "number" || !Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > 32) return undefined;
  return { address, prefixLength, serverId, routes, nameServers, searchDomains, renewAt, rebindAt, expiresAt };
}

function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** A wall clock that stands before the record was written is not believed (boards without a clock of their own). */
function instantsIn(record: Readonly<Record<string, unknown>>, { now, wallClock }: Times): readonly (Instant | undefined)[] {
  const savedAt = typeof record["savedAt"] === "string" ? Date.parse(record["savedAt"]) : Number.NaN;
  return ["renewAt", "rebindAt", "expiresAt"].map((field) => {
    const text = record[field];
    if (text === null) return NEVER;
    const wall = typeof text === "string" ? Date.parse(text) : Number.NaN;
    if (Number.isNaN(wall) || Number.isNaN(savedAt)) return undefined;
    return wallClock < savedAt ? after(now, DISTRUSTED_SECONDS) : ((now + (wall - wallClock)) as Instant);
  });
}

function listIn<T>(value: unknown, most: number, item: (value: unknown) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(value) || value.length > most) return undefined;
  const items = value.map(item);
  return items.every((one): one is Awaited<T> & T => one !== undefined) ? items : undefined;
}

function addressIn(value: unknown): Ipv4Address | undefined {
  return typeof value === "string" ? parseIpv4(value) : undefined;
}

function routeIn(value: unknown): { readonly destination: Ipv4Prefix; readonly gateway: Ipv4Address } | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { destination, gateway } = value as Record<string, unknown>;
  const prefix = typeof destination === "string" ? parseIpv4Prefix(destination) : undefined;
  const via = addressIn(gateway);
  return prefix === undefined || via === undefined ? undefined : { destination: prefix, gateway: via };
}
