/** A lease as JSON says it: in answers of the control socket, in requests for changes, and in exported files. */
import { parseDomainName } from "../base/domain.ts";
import { parseDuid } from "../base/duid.ts";
import { type Ipv6Address, parseIpv6, parseIpv6Prefix, splitIpv6Prefix } from "../base/ipv6.ts";
import { LEASE_KINDS, LEASE_STATES, type Lease } from "./leases.ts";

const LINK_BYTES = 15;
const U32_MAX = 0xffff_ffff;
type Fields = Readonly<Record<string, unknown>>;

/** An address, or a prefix with its length; bits behind that are cleared. */
export function exactlyOf(text = ""): { readonly address: Ipv6Address; readonly prefixLength: number } | undefined {
  const prefix = parseIpv6Prefix(text.includes("/") ? text : `${text}/128`);
  return prefix === undefined ? undefined : splitIpv6Prefix(prefix);
}

/** @returns the lease, or what is wrong about it */
export function leaseOf(value: unknown): Lease | string {
  if (typeof value !== "object" || value === null) return "no object";
  const fields = value as Fields;
  const { prefixLength, link, state = "bound", hostName = "" } = fields;
  const address = typeof fields["address"] === "string" ? parseIpv6(fields["address"]) : undefined;
  const client = typeof fields["client"] === "string" ? parseDuid(fields["client"]) : undefined;
  const known = LEASE_STATES.find((one) => one === state);
  const kind = LEASE_KINDS.find((one) => one === fields["kind"]);
  if (kind === undefined) return `kind: ${LEASE_KINDS.join(" or ")}`;
  if (address === undefined) return "address: an IPv6 address";
  if (!isCount(prefixLength, 128)) return "prefixLength: 0 to 128";
  if (typeof link !== "string" || !isLink(link)) return "link: the name of a link";
  if (known === undefined) return `state: ${LEASE_STATES.join(", ")}`;
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
