/** The engine of `uplink6`: parses and decides. No rights, no file, no socket but its channels. */
import "./first.ts";
import { BootClock } from "../platform/clock.ts";
import { sleepWatch } from "../platform/sleep-watch.ts";
import type { Clock } from "../ports/clock.ts";
import type { LinkDatagrams, LinkSockets } from "../ports/datagrams.ts";
import { AddressNewsReader } from "../services/address-news.ts";
import { LinkNewsReader } from "../services/link-news.ts";
import { explain } from "../services/uplink6/explain.ts";
import { rehearse } from "../services/uplink6/rehearsal.ts";
import { Uplink6 } from "../services/uplink6/service.ts";
import type { Incoming } from "./connection.ts";
import { type EngineRoom, startEngine } from "./engine.ts";
import { UPLINK6 } from "./messages/uplink6.ts";
import { UPLINKS } from "./messages/uplinks.ts";
import { rehearsed, rehearseMessage } from "./rehearsal.ts";
import { speak } from "./messages/spoken.ts";

speak({ ...UPLINKS, ...UPLINK6 });

const PURPOSE = "dhcp6-client";
const ROUTERS = "icmp6-uplink";
const news = new LinkNewsReader();
const addresses = new AddressNewsReader();

startEngine({
  role: "engine-uplink6",
  profile: "engine",
  lists: () => ["links", "addresses6"],
  prepare: (room) => {
    rehearsed(rehearseAcquisition);
    const clock = new BootClock();
    const service = serviceIn(room, clock);
    sleepWatch(() => service.resumed());
    return {
      fromMain: (message) => fromMain(room, service, message),
      fromFrontend: (message) => fromFrontend(service, message),
      frontendLost: () => service.socketsLost(),
      listsBegin: () => news.restart(),
      view: () => service.view(),
      trace: (name) => service.uplink(name)?.trace(),
      explain: (name) => {
        const steps = service.uplink(name)?.recorded();
        return steps === undefined ? undefined : explain(name, steps, { now: clock.now(), wallClock: clock.wallClock() });
      },
    };
  },
});

function serviceIn(room: EngineRoom, clock: Clock): Uplink6 {
  return new Uplink6({
    clock,
    datagrams: datagramsOf(room, PURPOSE),
    sockets: socketsOf(room, PURPOSE),
    routers: { datagrams: datagramsOf(room, ROUTERS), sockets: socketsOf(room, ROUTERS) },
    kernel: { apply: (plan) => room.ask("configurePlan", plan) },
    host: {
      publish: (link, name, facts) => room.ask("publishUplink6", { link, name, ...facts }),
      withdraw: (link, name) => room.ask("withdrawUplink", { link, name }),
    },
    events: {
      tell: (name, event, record) => {
        room.ask("uplinkEvent", { name, event, record });
        room.to("control")?.send("uplinkEvent", { name, event, record });
      },
    },
    records: {
      save: (name, record) => room.ask("saveLease", { name, record }),
      remove: (name) => room.ask("forgetLease", { name }),
    },
    log: room.log,
  });
}

/** With the messages that carry it. */
function rehearseAcquisition(): void {
  const { sent, plans } = rehearse();
  for (const datagram of sent) rehearseMessage("sendDatagram", { purpose: PURPOSE, link: 1, ...datagram });
  for (const { from, to, port, payload } of sent)
    rehearseMessage("datagrams", { purpose: PURPOSE, link: 1, dropped: 0, datagrams: [{ from, to, port, hopLimit: 64, payload }] });
  for (const plan of plans) rehearseMessage("configurePlan", plan);
}

type Purpose = typeof PURPOSE | typeof ROUTERS;

function datagramsOf(room: EngineRoom, purpose: Purpose): LinkDatagrams {
  return { send: (link, datagram) => room.to("frontend")?.send("sendDatagram", { purpose, link, ...datagram }) };
}

function socketsOf(room: EngineRoom, purpose: Purpose): LinkSockets {
  return {
    open: (link, name) => room.ask("openDatagramSocket", { purpose, link, name }),
    close: (link, name) => room.ask("closeDatagramSocket", { purpose, link, name }),
  };
}

function fromMain(room: EngineRoom, service: Uplink6, message: Incoming): void {
  if (message.kind === "uplink6Config") {
    room.generation = message.generation;
    service.configure(message.body);
  } else if (message.kind === "storedLease") service.stored(message.body.name, message.body.record);
  else if (message.kind === "stableSecret") service.secret(message.body.key);
  else if (message.kind === "uplinkCommand") service.command(message.body.name, message.body.verb);
  else if (message.kind === "kernelFailed") service.kernelFailed(message.body.name, message.body.what);
  else if (message.kind === "farewell") service.farewell();
}

function fromFrontend(service: Uplink6, message: Incoming): void {
  switch (message.kind) {
    case "datagrams": {
      const { purpose, link, dropped, datagrams } = message.body;
      if (dropped > 0 && purpose === PURPOSE) service.datagramsDropped(link, dropped);
      for (const datagram of datagrams) {
        if (purpose === PURPOSE) service.datagram(link, datagram);
        else service.routerDatagram(link, datagram);
      }
      return;
    }
    case "netlink":
      news.read(message.body.datagram, service);
      return addresses.read(message.body.datagram, service);
    case "datagramSocketReady":
      if (message.body.purpose === ROUTERS) return service.routerSocketReady(message.body.link);
      return service.socketReady(message.body.link);
    default:
      return;
  }
}
