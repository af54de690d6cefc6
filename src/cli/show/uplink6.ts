/** What `leasehold show` says of prefixes that were delegated by DHCPv6. */
import type { Lease6View, Uplink6LinkView, Uplink6View } from "../../services/uplink6/view.ts";
import { counted, listed } from "./words.ts";

const STATES: Readonly<Record<string, string>> = {
  down: "has no carrier",
  soliciting: "is looking for a server that delegates prefixes",
  requesting: "asks a server for the prefixes it offered",
  rebooting: "asks whether its prefixes from before still hold",
  bound: "holds its prefixes",
  renewing: "renews its prefixes with the server that gave them",
  rebinding: "asks any server to extend its prefixes",
};

export function uplink6Lines({ uplinks }: Uplink6View): readonly string[] {
  return uplinks.flatMap((uplink) => ["", ...uplinkLines(uplink)]);
}

function uplinkLines(uplink: Uplink6LinkView): readonly string[] {
  const state = uplink.present ? (STATES[uplink.state] ?? uplink.state) : "does not exist yet";
  return [
    `${uplink.interface} ${state}, since ${uplink.since}.`,
    ...(uplink.lease === null ? [] : leaseLines(uplink.lease)),
    ...(uplink.nextDeadline === null ? [] : [`  next: ${uplink.nextDeadline}`]),
    `  sent: ${counted(uplink.sent) || "nothing"}; received: ${uplink.received} datagrams; ignored: ${counted(uplink.ignored) || "none"}`,
  ];
}

function leaseLines({ server, delegations, addresses, unserved, nameServers, renewsAt, rebindsAt }: Lease6View): readonly string[] {
  const prefixes = delegations.flatMap(({ iaid, prefixes: held }) =>
    held.map(
      ({ prefix, preferredUntil, validUntil }) =>
        `  ${prefix} (IA_PD ${iaid}) is preferred until ${preferredUntil ?? "for ever"}, valid until ${validUntil ?? "for ever"}`,
    ),
  );
  return [
    `  from server ${server}:`,
    ...prefixes,
    ...addresses.map(
      ({ interface: name, address, prefixLength, present }) => `  ${name} has ${address}/${prefixLength}${present ? "" : " as soon as it exists"}`,
    ),
    ...unserved.map(({ interface: name, prefix, reason }) => `  ${name} gets nothing of ${prefix}: ${reason}`),
    ...(nameServers.length === 0 ? [] : [`  name servers: ${listed(nameServers)}`]),
    ...(renewsAt === null ? [] : [`  renews at ${renewsAt}, rebinds at ${rebindsAt ?? "never"}`]),
  ];
}
