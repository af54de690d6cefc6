/** What `dhcpleasectl` prints of an interface: the originals' lines, and the same as JSON. */
import { maskNumber, ipv4Of } from "../../base/ipv4.ts";
import type { UplinkView } from "../../services/uplink4/view.ts";
import type { Family } from "./family.ts";
import { remaining, reportLines } from "./words.ts";

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

export const UPLINK4: Family<UplinkView> = {
  service: "uplink4",
  verb: (view) => (view?.running === true ? "reboot" : "attach"), // a link that is down is set up by that too
  isBound: (view) => stateName(view) === "Bound",
  holds: ({ lease }) => lease?.configured === true,
  report: (view, now) => reportLines(`${view.interface} [${stateName(view)}]`, heldLines(view, now)),
  reportJson: (view) => ({
    interface: view.interface,
    state: stateName(view),
    since: view.since,
    hardwareAddress: view.hardwareAddress,
    lease: view.lease?.configured === true ? view.lease : null,
    sent: view.sent,
    received: view.received,
    ignored: view.ignored,
  }),
  unmanaged: (name) => `non-autoconf interface ${name}`,
};

export function stateName({ state, present }: UplinkView): string {
  return present ? (STATES[state] ?? "Init") : "Down";
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
