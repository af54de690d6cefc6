/** Leases as lines for people. Text of clients is escaped by whoever prints. */
import { describeDuid } from "../../base/duid.ts";
import type { Lease } from "../../ports/leases.ts";

const FOREVER_SECONDS = 0xffffffff;
const UNITS = [
  [86_400, "d"],
  [3600, "h"],
  [60, "min"],
  [1, "s"],
] as const;
/** Columns of the list, which is printed while it comes: what is wider pushes the rest of its line. */
const COLUMNS = [
  ["lease", 42],
  ["link", 11],
  ["state", 9],
  ["left", 12],
  ["name", 20],
  ["client", 0],
] as const;
type Column = (typeof COLUMNS)[number][0];

export function leaseName({ kind, address, prefixLength }: Pick<Lease, "kind" | "address" | "prefixLength">): string {
  return kind === "address" && prefixLength === 128 ? address : `${address}/${prefixLength}`;
}

/** "1 d 3 h", in the two largest units. */
export function duration(seconds: number): string {
  const largest = UNITS.findIndex(([size]) => seconds >= size);
  let rest = seconds;
  const parts = (largest === -1 ? [] : UNITS.slice(largest, largest + 2)).flatMap(([size, unit]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count === 0 ? [] : [`${count} ${unit}`];
  });
  return parts.length === 0 ? "0 s" : parts.join(" ");
}

export function headLine(): string {
  return lineOf(Object.fromEntries(COLUMNS.map(([name]) => [name, name.toUpperCase()])) as Record<Column, string>);
}

export function leaseLine(lease: Lease, nowSeconds: number): string {
  const client = lease.client === undefined ? "-" : `${describeDuid(lease.client)} IAID ${lease.iaid}`;
  return lineOf({
    ...{ lease: leaseName(lease), link: lease.link || "-", state: lease.state },
    ...{ left: leftOf(lease.validUntilSeconds, nowSeconds), name: lease.hostName || "-", client },
  });
}

/** Everything about one. */
export function leaseSentences(lease: Lease, nowSeconds: number): readonly string[] {
  const { link, state, client, iaid, hostName, startSeconds, preferredUntilSeconds, validUntilSeconds } = lease;
  return [
    `${leaseName(lease)} is ${state}${link === "" ? "; its link is not in the configuration any more" : ` on ${link}`}.`,
    client === undefined
      ? "  client: nobody"
      : `  client: ${describeDuid(client)} (${client}), ${lease.kind === "prefix" ? "IA_PD" : "IA_NA"} ${iaid}`,
    ...(hostName === "" ? [] : [`  name: ${hostName}`]),
    `  promised: ${timeOf(startSeconds)}`,
    `  preferred until ${timeOf(preferredUntilSeconds)} (${leftOf(preferredUntilSeconds, nowSeconds)})`,
    `  valid until ${timeOf(validUntilSeconds)} (${leftOf(validUntilSeconds, nowSeconds)})`,
  ];
}

function leftOf(untilSeconds: number, nowSeconds: number): string {
  if (untilSeconds === FOREVER_SECONDS) return "for ever";
  return untilSeconds > nowSeconds ? duration(untilSeconds - nowSeconds) : "over";
}

function timeOf(seconds: number): string {
  return seconds === FOREVER_SECONDS ? "for ever" : new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

function lineOf(cells: Readonly<Record<Column, string>>): string {
  return COLUMNS.map(([name, width]) => cells[name].padEnd(width))
    .join(" ")
    .trimEnd();
}
