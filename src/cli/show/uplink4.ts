/** What `leasehold show` says of addresses that were leased by DHCPv4. */
import type { LeaseView, Uplink4View, UplinkView } from "../../services/uplink4/view.ts";
import { counted, many } from "./words.ts";

const STATES: Readonly<Record<string, string>> = {
  down: "has no carrier",
  selecting: "is looking for a server",
  requesting: "asks a server for the address it offered",
  rebooting: "asks whether its address from before still holds",
  checking: "asks whether anybody else uses the address it was given",
  bound: "holds its address",
  renewing: "renews its address with the server that gave it",
  rebinding: "asks any server to extend its address",
  informing: "has an address set by hand and asks servers for the rest",
  "backing-off": "was refused and waits before it asks again",
  "ipv6-only": "does without IPv4, as the network asks hosts that can to do",
  stopped: "has given its address back and rests; leasehold renew starts it again",
};

export function uplink4Lines({ uplinks }: Uplink4View): readonly string[] {
  return uplinks.flatMap((uplink) => ["", ...uplinkLines(uplink)]);
}

function uplinkLines(uplink: UplinkView): readonly string[] {
  const { interface: name, lease, checking, linkLocal, nextDeadline, sent, received, ignored } = uplink;
  if (uplink.refusal !== null) return [`${name} cannot be served: it has no hardware address, and DHCPv4 knows hosts by theirs.`];
  const state = uplink.present ? (STATES[uplink.state] ?? uplink.state) : "does not exist yet";
  return [
    `${name} ${state}, since ${uplink.since}.`,
    ...(checking === null ? [] : [`  asks about ${checking}`]),
    ...(lease === null ? [] : leaseLines(lease)),
    ...(linkLocal === null ? [] : [`  ${linkLocal}/16 until a server answers`]),
    ...refusalLines(uplink),
    ...(nextDeadline === null ? [] : [`  next: ${nextDeadline}`]),
    `  sent: ${counted(sent) || "nothing"}; received: ${received} frames; ignored: ${counted(ignored) || "none"}`,
  ];
}

function refusalLines({ naksInRow, lastNakAt, conflicts }: UplinkView): readonly string[] {
  const inRow = naksInRow === 0 ? "" : `, ${naksInRow} in a row`;
  return [
    ...(lastNakAt === null ? [] : [`  last refused at ${lastNakAt}${inRow}`]),
    ...(conflicts === 0 ? [] : [`  ${many(conflicts, "address was", "addresses were")} somebody else's`]),
  ];
}

function leaseLines(lease: LeaseView): readonly string[] {
  const { address, prefixLength, server, serverHardwareAddress, byHand, expiresAt, nameServers, searchDomains, mtuBytes, renewsAt, rebindsAt } =
    lease;
  const routes = lease.routes.map(({ destination, gateway }) => `${destination} via ${gateway}`).join(", ");
  const from = `${server}${serverHardwareAddress === null ? "" : ` (${serverHardwareAddress})`}`;
  const held = byHand ? "set by hand, the rest from" : "from";
  return [
    `  ${address}/${prefixLength} ${held} ${from}, until ${expiresAt ?? "for ever"}${lease.configured ? "" : " (not confirmed yet)"}`,
    ...(routes === "" ? [] : [`  routes: ${routes}`]),
    ...(nameServers.length === 0
      ? []
      : [`  name servers: ${nameServers.join(", ")}${searchDomains.length === 0 ? "" : `; search ${searchDomains.join(" ")}`}`]),
    ...(mtuBytes === null ? [] : [`  MTU: ${mtuBytes}`]),
    ...(lease.hostName === "" ? [] : [`  the server calls this host ${lease.hostName}`]),
    ...(renewsAt === null ? [] : [`  renews at ${renewsAt}, rebinds at ${rebindsAt ?? "never"}`]),
  ];
}
