/** The engine of `uplink6`: parses and decides. No rights, no file, no socket but its channels. */
import "./first.ts";
import { BootClock } from "../platform/clock.ts";
import { LinkNewsReader } from "../services/link-news.ts";
import { Uplink6 } from "../services/uplink6/service.ts";
import type { Incoming } from "./connection.ts";
import { type EngineRoom, startEngine } from "./engine.ts";
import { UPLINK6 } from "./messages/uplink6.ts";
import { UPLINKS } from "./messages/uplinks.ts";
import { speak } from "./messages/spoken.ts";

speak({ ...UPLINKS, ...UPLINK6 });

const PURPOSE = "dhcp6-client";
const news = new LinkNewsReader();

startEngine({
  role: "engine-uplink6",
  profile: "engine",
  lists: () => ["links"],
  prepare: (room) => {
    const service = serviceIn(room);
    return {
      fromMain: (message) => fromMain(room, service, message),
      fromFrontend: (message) => fromFrontend(service, message),
      frontendLost: () => service.socketsLost(),
      listsBegin: () => news.restart(),
      view: () => service.view(),
      trace: (name) => service.uplink(name)?.trace(),
    };
  },
});

function serviceIn(room: EngineRoom): Uplink6 {
  return new Uplink6({
    clock: new BootClock(),
    datagrams: { send: (link, datagram) => room.to("frontend")?.send("sendDatagram", { purpose: PURPOSE, link, ...datagram }) },
    kernel: { apply: (plan) => room.ask("configurePlan", plan) },
    records: {
      save: (name, record) => room.ask("saveLease", { name, record }),
      remove: (name) => room.ask("forgetLease", { name }),
    },
    sockets: {
      open: (link, name) => room.ask("openDatagramSocket", { purpose: PURPOSE, link, name }),
      close: (link, name) => room.ask("closeDatagramSocket", { purpose: PURPOSE, link, name }),
    },
    log: room.log,
  });
}

function fromMain(room: EngineRoom, service: Uplink6, message: Incoming): void {
  if (message.kind === "uplink6Config") {
    room.generation = message.generation;
    service.configure(message.body);
  } else if (message.kind === "storedLease") service.stored(message.body.name, message.body.record);
}

function fromFrontend(service: Uplink6, message: Incoming): void {
  switch (message.kind) {
    case "datagrams": {
      const { link, dropped, datagrams } = message.body;
      if (dropped > 0) service.datagramsDropped(link, dropped);
      for (const datagram of datagrams) service.datagram(link, datagram);
      return;
    }
    case "netlink":
      return news.read(message.body.datagram, service);
    case "datagramSocketReady":
      return service.socketReady(message.body.link);
    default:
      return;
  }
}
