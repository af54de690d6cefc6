/** What `leasehold show` says of router advertisements, of the DHCPv6 server and of the relay. */
import { describeDuid } from "../../base/duid.ts";
import type { LanView } from "../../services/lan/view.ts";
import { counted, listed, many } from "./words.ts";

const DISK: Readonly<Record<LanView["disk"], string | undefined>> = {
  open: undefined,
  full: "The disk is full: DHCPv6 gives no new leases, and repeats those that it promised until they end. Make room under the state folder.",
  stuck: "The disk is full in the middle of a promise: DHCPv6 gives no leases and extends none. Make room under the state folder.",
};

export function lanLines({ router, server, relay, disk, eventsLost, ignored, dropped = {} }: LanView): readonly string[] {
  return [
    ...(DISK[disk] === undefined ? [] : ["", DISK[disk]]),
    ...routerLines(router),
    ...serverLines(server),
    ...relayLines(relay),
    ...(counted(ignored) === "" ? [] : ["", `lan ignored: ${counted(ignored)}`]),
    ...(eventsLost === 0 ? [] : ["", `events of leases that hooks and watchers did not keep up with: ${eventsLost} dropped`]),
    ...(counted(dropped) === "" ? [] : ["", `the disk does not keep up; dropped: ${counted(dropped)}`]),
  ];
}

function routerLines({ interfaces }: LanView["router"]): readonly string[] {
  return interfaces.flatMap((one) => {
    if (!one.present) return ["", `${one.interface} does not exist yet.`];
    const state = one.running ? "advertises" : "has no carrier";
    const role = one.defaultRoute ? "a default router" : "no default router";
    return [
      "",
      `${one.interface} ${state}: ${listed(one.told)}; hosts see ${role}.`,
      ...(one.withdrawn.length === 0 ? [] : [`  taken back: ${listed(one.withdrawn)}`]),
      ...(one.nextDeadline === null ? [] : [`  next advertisement: ${one.nextDeadline}`]),
      `  advertisements sent: ${counted(one.sent) || "none"}; solicitations: ${one.received}; ignored: ${counted(one.ignored) || "none"}`,
    ];
  });
}

function serverLines({ links, received, sent, refused, reconfigure }: LanView["server"]): readonly string[] {
  if (links.length === 0) return [];
  return [
    "",
    ...links.map(({ link, relayed, addresses, prefixes, declined }) => {
      const where = relayed ? `${link}, behind a relay,` : link;
      return `DHCPv6 on ${where} leases ${many(addresses, "address", "addresses")} and ${many(prefixes, "prefix", "prefixes")}${declined > 0 ? `; ${declined} declined` : ""}.`;
    }),
    `  received: ${received}; sent: ${counted(sent) || "nothing"}; refused: ${counted(refused) || "none"}`,
    ...reconfigureLines(reconfigure),
  ];
}

/** Of the latest, so many are enough for people; the others are in the JSON. */
const TOLD_SHOWN = 8;

function reconfigureLines({ underWay, rounds, counts, latest }: LanView["server"]["reconfigure"]): readonly string[] {
  if (latest.length === 0 && rounds === 0) return [];
  const waiting = underWay === 0 ? "" : `; waiting for ${many(underWay, "client")}`;
  return [
    `  told to come back (Reconfigure): ${counted(counts) || "none"}${waiting}${rounds === 0 ? "" : "; looking for more"}`,
    ...latest.slice(0, TOLD_SHOWN).map(({ client, link, asked, tries, state }) => {
      const times = tries === 1 ? "once" : `${tries} times`;
      return `    ${describeDuid(client)} on ${link}: told ${times} to send ${asked}${state === "told" ? "" : `, ${state}`}`;
    }),
  ];
}

function relayLines({ interfaces, dropped }: LanView["relay"]): readonly string[] {
  if (interfaces.length === 0) return [];
  return [
    "",
    ...interfaces.map(({ interface: name, role, passed, dropped: lost }) => {
      const from = role === "clients" ? "from clients and relays" : "from servers";
      return `The relay passed on ${many(passed, "message")} ${from} on ${name}; dropped: ${counted(lost) || "none"}.`;
    }),
    ...(counted(dropped) === "" ? [] : [`  dropped on other links: ${counted(dropped)}`]),
  ];
}
