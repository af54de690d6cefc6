/** Kea's memfile of DHCPv6 leases: CSV with a line of names, of which the last line of each lease holds. */
import { parseDuid } from "../../base/duid.ts";
import { parseIpv6 } from "../../base/ipv6.ts";
import type { Lease, LeaseState } from "../../ports/leases.ts";
import { nameIn, type ReadLeases, type Unreadable } from "./read-leases.ts";

const FOREVER_SECONDS = 0xffffffff;
const NEEDED = ["address", "duid", "valid_lifetime", "expire", "pref_lifetime", "lease_type", "iaid", "prefix_len"];
const KINDS: Readonly<Record<string, Lease["kind"]>> = { "0": "address", "2": "prefix" };
const STATES: Readonly<Record<string, LeaseState>> = { "0": "bound", "1": "declined", "2": "expired", "3": "released" };

export function keaLeases(text: string, link: string): ReadLeases {
  const [head = "", ...lines] = text.split(/\r?\n/);
  const names = head.split(",");
  const missing = NEEDED.filter((name) => !names.includes(name));
  if (missing.length > 0)
    return { leases: [], unreadable: [{ line: 1, what: `this is no list of DHCPv6 leases of Kea: it has no ${missing.join(", ")}` }] };
  const leases = new Map<string, Lease>();
  const unreadable: Unreadable[] = [];
  for (const [i, line] of lines.entries()) {
    if (line.trim() === "") continue;
    const cells = line.split(",");
    const cell = (name: string): string => cells[names.indexOf(name)] ?? "";
    const key = `${cell("address")}/${cell("prefix_len")}`;
    if (cell("valid_lifetime") === "0") {
      leases.delete(key); // it was taken away
      continue;
    }
    const lease = leaseIn(cell, link);
    if (typeof lease === "string") unreadable.push({ line: i + 2, what: lease });
    else leases.set(key, lease);
  }
  return { leases: [...leases.values()], unreadable };
}

/** @returns what is wrong when it is none of ours */
function leaseIn(cell: (name: string) => string, link: string): Lease | string {
  const kind = KINDS[cell("lease_type")];
  if (kind === undefined) return `leases of type ${cell("lease_type")} are not known here`;
  const address = parseIpv6(cell("address"));
  if (address === undefined) return `${cell("address")} is no IPv6 address`;
  const state = STATES[cell("state") || "0"];
  if (state === undefined) return `leases in state ${cell("state")} are not known here`;
  const client = parseDuid(cell("duid"));
  if (client === undefined && state !== "declined") return `${cell("duid")} is no DUID`;
  const [valid, preferred, expire, iaid, length] = ["valid_lifetime", "pref_lifetime", "expire", "iaid", "prefix_len"].map((name) =>
    countIn(cell(name)),
  );
  if (valid === undefined || preferred === undefined || expire === undefined || iaid === undefined || length === undefined)
    return "a number is missing, or none";
  const start = Math.max(0, expire - valid);
  return {
    ...{ kind, address, prefixLength: kind === "address" ? 128 : length, link, state, client, iaid, startSeconds: start },
    ...{ preferredUntilSeconds: endOf(start, preferred), validUntilSeconds: endOf(start, valid), hostName: nameIn(unescaped(cell("hostname"))) },
  };
}

/** Numbers of 32 bits; times of leases without an end are larger. */
function countIn(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function endOf(start: number, seconds: number): number {
  return seconds >= FOREVER_SECONDS ? FOREVER_SECONDS : Math.min(start + seconds, FOREVER_SECONDS - 1);
}

/** A comma stands as `&#x2c`. */
function unescaped(text: string): string {
  return text.replace(/&#x([0-9a-fA-F]{2});?/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
