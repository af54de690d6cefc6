/** The frontend: every datagram, packet and netlink-event socket. Moves bytes, adds headers, decides nothing. */
import "./first.ts";
import { startRole } from "./role.ts";
import { EventSocket } from "../platform/netlink/event-socket.ts";
import { dumpAddresses, dumpLinks, dumpRoutes } from "../wire/netlink/requests.ts";
import { Connection, type Incoming } from "./connection.ts";
import { DatagramLinks } from "./frontend/datagram-links.ts";
import { Uplink4Links } from "./frontend/uplink4-links.ts";
import type { KernelList } from "./messages/common.ts";
import { ENGINES, type EngineName, type RoleName } from "./messages/message.ts";

const engines = new Map<EngineName, Connection>();
const uplink4 = new Uplink4Links(() => engines.get("engine-uplink4"));
const datagrams = new DatagramLinks((name) => engines.get(name));
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
  engines.set(name, new Connection(fd, "frontend", name, { onMessage: (message) => fromEngine(name, message), onEnd: () => undefined }));
  if (name === "engine-uplink4") uplink4.announce();
  datagrams.announce(name);
  if (events !== undefined) engines.get(name)?.send("netlinkOverrun", true);
}

/** What the kernel says goes to every engine: each takes what it follows. */
function watchKernel(fd: number): void {
  events?.close();
  const overrun = (): void => {
    for (const engine of engines.values()) engine.send("netlinkOverrun", true);
  };
  events = new EventSocket(fd, {
    onDatagram: (datagram) => {
      for (const engine of engines.values()) engine.send("netlink", { datagram });
    },
    onOverrun: overrun,
  });
  overrun();
}

function fromEngine(name: EngineName, message: Incoming): void {
  if (message.kind === "listKernel") events?.list(LISTS[message.body.what]());
  else if (message.kind === "sendDatagram") datagrams.fromEngine(name, message);
  else if (name === "engine-uplink4") uplink4.fromEngine(message);
}

const LISTS = {
  links: dumpLinks,
  addresses6: () => dumpAddresses("ipv6"),
  routes6: () => dumpRoutes("ipv6"),
} as const satisfies { readonly [L in KernelList]: () => ReturnType<typeof dumpLinks> };
