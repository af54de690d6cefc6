/** Files of leases that `leasehold leases import` reads: which one it is, and what stands in it. */
import { leaseOf } from "../../ports/lease-json.ts";
import type { Lease } from "../../ports/leases.ts";
import { iscLeases } from "./isc.ts";
import { keaLeases } from "./kea.ts";
import type { ReadLeases, Unreadable } from "./read-leases.ts";

export const LEASE_FORMATS = ["leasehold", "kea", "isc"] as const;
export type LeaseFormat = (typeof LEASE_FORMATS)[number];
const NAME = "leasehold-leases";
const VERSION = 1;

/** @param link of leases whose file knows no links by name; "": the link that has a place for them */
export function readLeases(text: string, format: LeaseFormat, link: string): ReadLeases {
  if (format === "kea") return keaLeases(text, link);
  return format === "isc" ? iscLeases(text, link) : ownLeases(text, link);
}

/** By what stands at its beginning. */
export function formatOf(text: string): LeaseFormat | undefined {
  const first = text.slice(0, 4096).trimStart();
  if (first.startsWith("{")) return "leasehold";
  if (first.startsWith("address,")) return "kea";
  return /^(#|server-duid|authoring-byte-order|ia-(na|ta|pd)\b)/.test(first) ? "isc" : undefined;
}

export function exportHead(nowSeconds: number): object {
  return { format: NAME, version: VERSION, at: nowSeconds };
}

/** A file without this line was cut. */
export function exportEnd(leases: number): object {
  return { end: true, leases };
}

function ownLeases(text: string, link: string): ReadLeases {
  const [head = "", ...lines] = text.split("\n");
  const said = parsed(head);
  if (said?.["format"] !== NAME)
    return { leases: [], unreadable: [{ line: 1, what: "this is no list of leases of ours: leasehold leases export makes one" }] };
  if (said["version"] !== VERSION)
    return { leases: [], unreadable: [{ line: 1, what: `version ${String(said["version"])}: only ${VERSION} is known` }] };
  const leases: Lease[] = [];
  const unreadable: Unreadable[] = [];
  let ended = false;
  for (const [i, line] of lines.entries()) {
    if (line.trim() === "") continue;
    const value = parsed(line);
    ended = value?.["end"] === true;
    if (ended) continue;
    const lease = leaseOf(value);
    if (typeof lease === "string") unreadable.push({ line: i + 2, what: lease });
    else leases.push(link === "" ? lease : { ...lease, link });
  }
  if (!ended) unreadable.push({ line: lines.length + 1, what: "the file was cut: its last line is missing" });
  return { leases, unreadable };
}

function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
