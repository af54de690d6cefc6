/** The lease file: one object of JSON with wall-clock times, so that it means the same after a reboot. */
import { type DomainName, parseDomainName } from "../../base/domain.ts";
import { type Duid, parseDuid } from "../../base/duid.ts";
import { fromHex } from "../../base/hex.ts";
import { type Ipv6Address, type Ipv6Prefix, isDelegableV6, parseIpv6, parseIpv6Prefix } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import { after, type Instant, NEVER } from "../../base/time.ts";
import type { Delegated, Lease, LeasedPrefix } from "../../machines/dhcp6-client/state.ts";
import { onTheWall, type Times } from "../wall-time.ts";

const VERSION = 1;
const IAID_MOST = 0xffffffff;
const CODE_MOST = 0xffff;
/**
 * What is left of a lease when the wall clock stands before the moment it was written: enough to ask for it, and over before a server's
 * silence (10 s, RFC 9915 §18.2.12) would let us use it on.
 */
const DISTRUSTED_SECONDS = 9;

/** Whose record it is. */
type Owner = { readonly name: string; readonly duid: Duid };
type Fields = Readonly<Record<string, unknown>>;
type Clockwork = (value: unknown) => Instant | undefined;

/** What is written down: the lease, and the key with which its server may make us ask anew. */
export type StoredLease = { readonly lease: Lease; readonly reconfigure: unknown };

export function encodeLeaseRecord({ name, duid }: Owner, { lease, reconfigure }: StoredLease, times: Times): Uint8Array {
  const at = (instant: Instant): string | null => onTheWall(instant, times);
  const prefixRecord = ({ prefix, excluded, preferredUntil, validUntil }: LeasedPrefix): Fields => ({
    prefix,
    ...(excluded === undefined ? {} : { excluded }),
    preferredUntil: at(preferredUntil),
    validUntil: at(validUntil),
  });
  const record = {
    version: VERSION,
    interface: name,
    savedAt: new Date(times.wallClock).toISOString(),
    clientId: duid,
    serverId: lease.serverId,
    nameServers: lease.nameServers,
    searchDomains: lease.searchDomains,
    options: lease.options,
    ...(reconfigure === undefined ? {} : { reconfigure }),
    delegations: lease.delegations.map(({ kind, iaid, renewAt, rebindAt, prefixes }) => ({
      kind,
      iaid,
      renewAt: at(renewAt),
      rebindAt: at(rebindAt),
      prefixes: prefixes.map(prefixRecord),
    })),
  };
  return new TextEncoder().encode(`${JSON.stringify(record, undefined, 1)}\n`);
}

/** @returns undefined for a record that is corrupt, foreign, of another interface, identity or version, or expired */
export function decodeLeaseRecord({ name, duid }: Owner, bytes: Uint8Array, times: Times): StoredLease | undefined {
  const record = parseObject(bytes);
  if (record === undefined || record["version"] !== VERSION || record["interface"] !== name || record["clientId"] !== duid) return undefined;
  const clockwork = clockworkOf(record, times);
  const serverId = typeof record["serverId"] === "string" ? parseDuid(record["serverId"]) : undefined;
  const nameServers = listIn(record["nameServers"], LIMITS.addressesPerOption, addressIn);
  const searchDomains = listIn(record["searchDomains"], LIMITS.searchDomains, domainIn);
  const delegations = listIn(record["delegations"], LIMITS.delegations, (value) => delegatedIn(value, clockwork, times.now));
  if (serverId === undefined || nameServers === undefined || searchDomains === undefined || delegations === undefined) return undefined;
  const alive = delegations.filter(({ prefixes }) => prefixes.length > 0);
  const options = record["options"] === undefined ? [] : listIn(record["options"], LIMITS.toldOptions, optionIn);
  const isDistinct = new Set(alive.map(({ kind, iaid }) => `${kind} ${iaid}`)).size === alive.length;
  if (options === undefined || alive.length === 0 || !isDistinct) return undefined;
  return { lease: { serverId, delegations: alive, nameServers, searchDomains, options }, reconfigure: record["reconfigure"] };
}

function delegatedIn(value: unknown, clockwork: Clockwork, now: Instant): Delegated | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const fields = value as Fields;
  const { iaid, kind = "pd" } = fields; // records of before addresses were leased have no kind
  const [renewAt, rebindAt] = [clockwork(fields["renewAt"]), clockwork(fields["rebindAt"])];
  const prefixes = listIn(fields["prefixes"], LIMITS.prefixesPerDelegation, (one) => prefixIn(one, clockwork));
  if (kind !== "na" && kind !== "pd") return undefined;
  if (typeof iaid !== "number" || !Number.isInteger(iaid) || iaid < 0 || iaid > IAID_MOST) return undefined;
  if (renewAt === undefined || rebindAt === undefined || prefixes === undefined) return undefined;
  return { kind, iaid, prefixes: prefixes.filter(({ validUntil }) => validUntil > now), renewAt, rebindAt };
}

function prefixIn(value: unknown, clockwork: Clockwork): LeasedPrefix | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const fields = value as Fields;
  const [preferredUntil, validUntil] = [clockwork(fields["preferredUntil"]), clockwork(fields["validUntil"])];
  const prefix = delegatablePrefix(fields["prefix"]);
  const excluded = fields["excluded"] === undefined ? undefined : delegatablePrefix(fields["excluded"]);
  if (prefix === undefined || preferredUntil === undefined || validUntil === undefined || preferredUntil > validUntil) return undefined;
  return fields["excluded"] !== undefined && excluded === undefined ? undefined : { prefix, excluded, preferredUntil, validUntil };
}

function delegatablePrefix(value: unknown): Ipv6Prefix | undefined {
  const prefix = typeof value === "string" ? parseIpv6Prefix(value) : undefined;
  return prefix !== undefined && isDelegableV6(prefix) ? prefix : undefined;
}

/** A wall clock that stands before the record was written is not believed (boards without a clock of their own). */
function clockworkOf(record: Fields, { now, wallClock }: Times): Clockwork {
  const savedAt = typeof record["savedAt"] === "string" ? Date.parse(record["savedAt"]) : Number.NaN;
  return (value) => {
    if (Number.isNaN(savedAt)) return undefined;
    if (wallClock < savedAt) return after(now, DISTRUSTED_SECONDS);
    if (value === null) return NEVER;
    const wall = typeof value === "string" ? Date.parse(value) : Number.NaN;
    return Number.isNaN(wall) ? undefined : ((now + (wall - wallClock)) as Instant);
  };
}

function parseObject(bytes: Uint8Array): Fields | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === "object" && value !== null ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}

function listIn<T extends {}>(value: unknown, most: number, item: (value: unknown) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(value) || value.length > most) return undefined;
  const items = value.map(item).filter((one): one is Exclude<typeof one, undefined> => one !== undefined);
  return items.length === value.length ? items : undefined;
}

function optionIn(value: unknown): Lease["options"][number] | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { code, hex } = value as Fields;
  if (typeof code !== "number" || !Number.isInteger(code) || code < 0 || code > CODE_MOST) return undefined;
  return typeof hex === "string" && hex.length <= 2 * LIMITS.toldOctets && fromHex(hex) !== undefined ? { code, hex } : undefined;
}

function addressIn(value: unknown): Ipv6Address | undefined {
  return typeof value === "string" ? parseIpv6(value) : undefined;
}

function domainIn(value: unknown): DomainName | undefined {
  return typeof value === "string" ? parseDomainName(value) : undefined;
}
