/** What `dhcp6leasectl` prints of an interface: the original's lines, one for an address, and the same as JSON. */
import type { Lease6View, Uplink6LinkView } from "../../services/uplink6/view.ts";
import type { Family } from "./family.ts";
import { remaining, reportLines } from "./words.ts";

/** What the states of our client are called there. */
const STATES: Readonly<Record<string, string>> = {
  down: "Down",
  waiting: "Init",
  soliciting: "Init",
  requesting: "Requesting",
  informing: "Requesting",
  declining: "Requesting",
  rebooting: "Rebooting",
  bound: "Bound",
  informed: "Bound",
  renewing: "Renewing",
  rebinding: "Rebinding",
  releasing: "Down",
  stopped: "Down",
};

export const UPLINK6: Family<Uplink6LinkView> = {
  service: "uplink6",
  verb: (view) => (view === undefined ? undefined : "reboot"),
  isBound: (view) => stateName6(view) === "Bound",
  holds: ({ lease, told }) => told !== null || (lease !== null && lease.prefixes.length + lease.addresses.length > 0),
  report: (view, now) => reportLines(`${view.interface} [${stateName6(view)}]`, heldLines(view, now)),
  reportJson: (view) => ({
    interface: view.interface,
    state: stateName6(view),
    since: view.since,
    lease: view.lease,
    told: view.told,
    sent: view.sent,
    received: view.received,
    ignored: view.ignored,
  }),
  unmanaged: (name) => `${name} is not configured`,
};

export function stateName6({ state, present }: Uplink6LinkView): string {
  return present ? (STATES[state] ?? "Init") : "Down";
}

function heldLines({ lease, wishes }: Uplink6LinkView, now: number): readonly string[] {
  if (lease === null) return [];
  /** The originals number delegations by their places in the file. */
  const number = (kind: "na" | "pd", iaid: number): number => {
    const place = wishes.filter((wish) => wish.kind === kind).findIndex((wish) => wish.iaid === iaid);
    return place < 0 ? iaid : place;
  };
  const lines = [
    ...lease.prefixes
      .map(({ iaid, prefix }) => ({ at: number("pd", iaid), line: `IA_PD ${number("pd", iaid)}: ${prefix}` }))
      .toSorted((a, b) => a.at - b.at),
    ...lease.addresses.map(({ iaid, address }) => ({ at: 0, line: `IA_NA ${number("na", iaid)}: ${address}` })),
  ].map(({ line }) => line);
  return lines.length === 0 ? [] : [...lines, `lease ${remaining(firstEnd(lease), now)}`];
}

/** What ends first. null: nothing does. */
function firstEnd({ prefixes, addresses }: Lease6View): string | null {
  const ends = [...prefixes, ...addresses].flatMap(({ validUntil }) => (validUntil === null ? [] : [validUntil]));
  return ends.toSorted((a, b) => Date.parse(a) - Date.parse(b))[0] ?? null;
}
