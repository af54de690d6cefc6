/** What `leasehold show` says of addresses that were leased by DHCPv4. */
import type { LeaseView, Uplink4View, UplinkView } from "../../services/uplink4/view.ts";
import { counted } from "./words.ts";

const STATES: Readonly<Record<string, string>> = {
  down: "has no carrier",
  selecting: "is looking for a server",
  requesting: "asks a server for the address it offered",
  rebooting: "asks whether its address from before still holds",
  bound: "holds its address",
  renewing: "renews its address with the server that gave it",
  rebinding: "asks any server to extend its address",
  "backing-off": "was refused and waits before it asks again",
};

export function uplink4Lines({ uplinks }: Uplink4View): readonly string[] {
  return uplinks.flatMap((uplink) => ["", ...uplinkLines(uplink)]);
}

function uplinkLines(uplink: UplinkView): readonly string[] {
  const { interface: name, lease } = uplink;
  const state = uplink.present ? (STATES[uplink.state] ?? uplink.state) : "does not exist yet";
  const lines = [`${name} ${state}, since ${uplink.since}.`];
  if (lease !== null) lines.push(...leaseLines(lease));
  if (uplink.nextDeadline !== null) lines.push(`  next: ${uplink.nextDeadline}`);
  lines.push(`  sent: ${counted(uplink.sent) || "nothing"}; received: ${uplink.received} frames; ignored: ${counted(uplink.ignored) || "none"}`);
  return lines;
}

function leaseLines(lease: LeaseView): readonly string[] {
  const routes = lease.routes.map(({ destination, gateway }) => `${destination} via ${gateway}`).join(", ");
  return [
    `  ${lease.address}/${lease.prefixLength} from ${lease.server}, until ${lease.expiresAt ?? "for ever"}${lease.configured ? "" : " (not confirmed yet)"}`,
    ...(routes === "" ? [] : [`  routes: ${routes}`]),
    ...(lease.nameServers.length === 0
      ? []
      : [`  name servers: ${lease.nameServers.join(", ")}${lease.searchDomains.length === 0 ? "" : `; search ${lease.searchDomains.join(" ")}`}`]),
    ...(lease.renewsAt === null ? [] : [`  renews at ${lease.renewsAt}, rebinds at ${lease.rebindsAt ?? "never"}`]),
  ];
}
