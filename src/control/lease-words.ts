/** Leases as JSON says them: what is no lease is told so, with what is wrong about it. */
import { parseDomainName } from "../base/domain.ts";
import { parseDuid } from "../base/duid.ts";
import { type Ipv6Address, parseIpv6, parseIpv6Prefix, splitIpv6Prefix } from "../base/ipv6.ts";
import { LIMITS } from "../base/limits.ts";
import type { Lease, LeaseChanges, LeaseState } from "../ports/leases.ts";

export const LISTED_STATES = ["bound", "released", "declined", "expired", "reserved"] as const satisfies readonly LeaseState[];
const LINK_BYTES = 15;
const U32_MAX = 0xffff_ffff;
type Fields = Readonly<Record<string, unknown>>;

/** An address, or a prefix with its length; bits behind that are cleared. */
export function exactlyOf(text = ""): { readonly address: Ipv6Address; readonly prefixLength: number } | undefined {
  const prefix = parseIpv6Prefix(text.includes("/") ? text : `${text}/128`);
  return prefix === undefined ? undefined : splitIpv6Prefix(prefix);
}

/** The body of a change: `put` and `remove`, either may be left out. */
export function changesIn(text: string): LeaseChanges | { readonly hint: string } {
  const body = objectIn(text);
  const [put, remove] = [listOf(body?.["put"]), listOf(body?.["remove"])];
  if (body === undefined || put === undefined || remove === undefined) return { hint: 'a JSON object: {"put":[...],"remove":[...]}' };
  if (put.length > LIMITS.leaseChanges || remove.length > LIMITS.leaseChanges) return { hint: `at most ${LIMITS.leaseChanges} of each` };
  const leases = put.map(leaseOf);
  const gone = remove.map((one) => (typeof one === "string" ? exactlyOf(one) : undefined));
  const wrong = leases.findIndex((one) => typeof one === "string");
  if (wrong !== -1) return { hint: `put[${wrong}]: ${String(leases[wrong])}` };
  if (gone.includes(undefined)) return { hint: `remove[${gone.indexOf(undefined)}]: an IPv6 address or prefix` };
  return { put: leases.filter((one) => typeof one !== "string"), remove: gone.filter((one) => one !== undefined) };
}

/** @returns the lease, or what is wrong about it */
export function leaseOf(value: unknown): Lease | string {
  if (typeof value !== "object" || value === null) return "no object";
  const fields = value as Fields;
  const { kind, prefixLength, link, state = "bound", hostName = "" } = fields;
  const address = typeof fields["address"] === "string" ? parseIpv6(fields["address"]) : undefined;
  const client = typeof fields["client"] === "string" ? parseDuid(fields["client"]) : undefined;
  const known = LISTED_STATES.find((one) => one === state);
  if (kind !== "address" && kind !== "prefix") return 'kind: "address" or "prefix"';
  if (address === undefined) return "address: an IPv6 address";
  if (!isCount(prefixLength, 128)) return "prefixLength: 0 to 128";
  if (typeof link !== "string" || !isLink(link)) return "link: the name of a link";
  if (known === undefined) return `state: ${LISTED_STATES.join(", ")}`;
  if (client === undefined && fields["client"] !== undefined && fields["client"] !== null) return "client: a DUID in hexadecimal";
  if (typeof hostName !== "string" || !(hostName === "" || parseDomainName(hostName) === hostName)) return "hostName: a name of a host";
  const { iaid = 0, startSeconds = 0, preferredUntilSeconds, validUntilSeconds } = fields;
  for (const [name, count] of Object.entries({ iaid, startSeconds, preferredUntilSeconds, validUntilSeconds }))
    if (!isCount(count, U32_MAX)) return `${name}: a number, 0 to ${U32_MAX}`;
  const times = { startSeconds, preferredUntilSeconds, validUntilSeconds } as Pick<Lease, "startSeconds">;
  return { kind, address, prefixLength, link, state: known, client, iaid, ...times, hostName } as Lease;
}

/** "": of no link. */
export function isLink(name: string): boolean {
  return new TextEncoder().encode(name).length <= LINK_BYTES;
}

function isCount(value: unknown, most: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most;
}

function objectIn(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}

function listOf(value: unknown): readonly unknown[] | undefined {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : undefined;
}
