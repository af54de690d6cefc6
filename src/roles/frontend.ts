/** The frontend: every datagram, packet and netlink-event socket. Moves bytes, adds headers, decides nothing. */
import "./first.ts";
import { startRole } from "./role.ts";
import { EventSocket } from "../platform/netlink/event-socket.ts";
import { RTM } from "../wire/netlink/numbers.ts";
import { dumpAddresses, dumpLinks, dumpRoutes } from "../wire/netlink/requests.ts";
import { Connection, type Incoming } from "./connection.ts";
import { DatagramLinks } from "./frontend/datagram-links.ts";
import { rehearse } from "./frontend/rehearsal.ts";
import { Uplink4Links } from "./frontend/uplink4-links.ts";
import type { KernelList } from "./messages/common.ts";
import { ENGINES, type EngineName, type RoleName } from "./messages/message.ts";
import { UPLINK4 } from "./messages/uplink4.ts";
import { speak } from "./messages/spoken.ts";

speak(UPLINK4);

const engines = new Map<EngineName, Connection>();
const uplink4 = new Uplink4Links(() => engines.get("engine-uplink4"));
const datagrams = new DatagramLinks((name) => engines.get(name));
const follows = new Map<EngineName, Set<KernelList>>();
let events: EventSocket | undefined;

startRole({ role: "frontend", profile: "frontend", prepare: () => fromMain });

function fromMain(message: Incoming): void {
  switch (message.kind) {
    case "peer":
      return meet(message.body.role, message.descriptors[0] ?? -1);
    case "netlinkSocket":
      return watchKernel(message.descriptors[0] ?? -1);
    default:
      uplink4.fromMain(message);
      return datagrams.fromMain(message);
  }
}

function meet(role: RoleName, fd: number): void {
  const name = ENGINES.find((engine) => engine === role);
  if (name === undefined) return;
  engines.get(name)?.close();
  const handlers = {
    onMessage: (message: Incoming): void => fromEngine(name, message),
    onEnd: () => undefined,
    onDrained: () => (name === "engine-uplink4" ? uplink4.tellDropped() : undefined),
  };
  engines.set(name, new Connection(fd, "frontend", name, handlers));
  if (name === "engine-uplink4") uplink4.announce();
  rehearse(name);
  datagrams.announce(name);
  if (events !== undefined) engines.get(name)?.send("netlinkOverrun", true);
}

/** What the kernel says goes to the engines that have asked for a list of its kind; ends of lists go to all. */
function watchKernel(fd: number): void {
  events?.close();
  const overrun = (): void => {
    for (const engine of engines.values()) engine.send("netlinkOverrun", true);
  };
  events = new EventSocket(fd, {
    onDatagram: (datagram) => {
      const kind = kindOf(datagram);
      for (const [name, engine] of engines) if (kind === undefined || follows.get(name)?.has(kind) === true) engine.send("netlink", { datagram });
    },
    onOverrun: overrun,
  });
  overrun();
}

function fromEngine(name: EngineName, message: Incoming): void {
  if (message.kind === "listKernel") {
    follows.set(name, (follows.get(name) ?? new Set()).add(message.body.what));
    events?.list(LISTS[message.body.what]());
  } else if (message.kind === "sendDatagram") datagrams.fromEngine(name, message);
  else if (name === "engine-uplink4") uplink4.fromEngine(message);
}

/** By the type of its first message, which is in the machine's byte order (rtnetlink(7): four types an object). */
function kindOf(datagram: Uint8Array): KernelList | undefined {
  const type = new Uint16Array(datagram.slice(4, 6).buffer)[0] ?? 0;
  if (type >= RTM.newLink && type < RTM.newAddress) return "links";
  if (type >= RTM.newAddress && type < RTM.newRoute) return "addresses6";
  return type >= RTM.newRoute && type < RTM.newRoute + 4 ? "routes6" : undefined;
}

const LISTS = {
  links: dumpLinks,
  addresses6: () => dumpAddresses("ipv6"),
  routes6: () => dumpRoutes("ipv6"),
} as const satisfies { readonly [L in KernelList]: () => ReturnType<typeof dumpLinks> };
