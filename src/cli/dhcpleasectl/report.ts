/** What `dhcpleasectl` prints of an interface: the originals' lines, and the same as JSON. */
import { maskNumber, ipv4Of } from "../../base/ipv4.ts";
import { escapeText } from "../../base/text.ts";
import type { UplinkView } from "../../services/uplink4/view.ts";

/** What the states of our client are called there. */
const STATES: Readonly<Record<string, string>> = {
  down: "Down",
  selecting: "Init",
  requesting: "Requesting",
  checking: "Requesting",
  informing: "Requesting",
  rebooting: "Rebooting",
  bound: "Bound",
  renewing: "Renewing",
  rebinding: "Rebinding",
  "backing-off": "Init",
  "ipv6-only": "IPv6 only",
  stopped: "Down",
};
const DEFAULT_ROUTE = "0.0.0.0/0";
const UNITS = [
  [86_400, "day"],
  [3600, "hour"],
  [60, "minute"],
] as const;

export function stateName({ state, present }: UplinkView): string {
  return present ? (STATES[state] ?? "Init") : "Down";
}

export function isBound(view: UplinkView): boolean {
  return stateName(view) === "Bound";
}

/** An address stands in the kernel, whatever is being asked about it. */
export function holdsAddress({ lease }: UplinkView): boolean {
  return lease?.configured === true;
}

/** @param now milliseconds since 1970 */
export function report(view: UplinkView, now: number): string {
  return [`${view.interface} [${stateName(view)}]`, ...heldLines(view, now).map((line) => `\t${line}`)].map(tabbed).join("\n");
}

/** The server is told only with what it gave: an old one would mislead. */
function heldLines({ lease }: UplinkView, now: number): readonly string[] {
  if (lease === null || !lease.configured) return [];
  const { address, prefixLength, routes, nameServers, expiresAt, server } = lease;
  return [
    `inet ${address} netmask ${ipv4Of(maskNumber(prefixLength))}`,
    ...routes.map(({ destination, gateway }) =>
      destination === DEFAULT_ROUTE ? `default gateway ${gateway}` : `route ${destination} gateway ${gateway}`,
    ),
    ...(nameServers.length === 0 ? [] : [`nameservers ${nameServers.join(" ")}`]),
    `lease ${remaining(expiresAt, now)}`,
    `dhcp server ${server}`,
  ];
}

/** In the largest unit that it is more than one of, rounded half up; never below zero. */
function remaining(expiresAt: string | null, now: number): string {
  if (expiresAt === null) return "infinite";
  const seconds = Math.max(0, Math.round((Date.parse(expiresAt) - now) / 1000));
  const [size, name] = UNITS.find(([unit]) => seconds > unit) ?? ([1, "second"] as const);
  const count = Math.floor((seconds + size / 2) / size);
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}

/** One object: the report's facts, with times that a program can read. */
export function reportJson(view: UplinkView): object {
  const held = view.lease?.configured === true ? view.lease : undefined;
  return {
    interface: view.interface,
    state: stateName(view),
    since: view.since,
    hardwareAddress: view.hardwareAddress,
    lease: held ?? null,
    sent: view.sent,
    received: view.received,
    ignored: view.ignored,
  };
}

/** Escaped, but for the tab a line begins with. */
function tabbed(line: string): string {
  return line.startsWith("\t") ? `\t${escapeText(line.slice(1))}` : escapeText(line);
}
