/** The engine of `uplink4`: parses and decides. No rights, no file, no socket but its channels. */
import "./first.ts";
import { BootClock } from "../platform/clock.ts";
import { sleepWatch } from "../platform/sleep-watch.ts";
import type { Clock } from "../ports/clock.ts";
import { LinkNewsReader } from "../services/link-news.ts";
import { Ipv6Reach } from "../services/ipv6-reach.ts";
import { explain } from "../services/uplink4/explain.ts";
import { rehearse } from "../services/uplink4/rehearsal.ts";
import { Uplink4 } from "../services/uplink4/service.ts";
import type { Incoming } from "./connection.ts";
import { type EngineRoom, startEngine } from "./engine.ts";
import { UPLINK4 } from "./messages/uplink4.ts";
import { UPLINKS } from "./messages/uplinks.ts";
import { speak } from "./messages/spoken.ts";
import { rehearsed, rehearseMessage } from "./rehearsal.ts";

speak({ ...UPLINKS, ...UPLINK4 });

/** In the order in which lists are asked for (address-news.ts). */
const IPV6_LISTS = ["links", "addresses6", "routes6"] as const;

const news = new LinkNewsReader();
/** Followed only where the configuration asks whether IPv6 leads somewhere. */
const reach = new Ipv6Reach();

startEngine({
  role: "engine-uplink4",
  profile: "engine",
  lists: () => (reach.wanted ? ["links", "addresses6", "routes6"] : ["links"]),
  prepare: (room) => {
    rehearsed(rehearseAcquisition);
    const clock = new BootClock();
    const service = serviceIn(room, clock);
    sleepWatch(() => service.resumed());
    return {
      fromMain: (message) => fromMain(room, service, message),
      fromFrontend: (message) => fromFrontend(service, message, clock),
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

/** With the messages that carry it. */
function rehearseAcquisition(): void {
  const { sent, answers, configured } = rehearse();
  for (const one of sent) rehearseMessage("broadcast", { link: 1, ...one });
  for (const bytes of answers) rehearseMessage("frames", { link: 1, dropped: 0, frames: [{ checksum: "verify", bytes }] });
  for (const wanted of configured) rehearseMessage("configureUplink", { link: 1, name: "rehearsal0", ...wanted });
}

function serviceIn(room: EngineRoom, clock: Clock): Uplink4 {
  const frontend = (): ReturnType<typeof room.to> => room.to("frontend");
  return new Uplink4({
    clock,
    datagrams: {
      broadcast: (link, from, tos, payload) => frontend()?.send("broadcast", { link, from, tos, payload }),
      unicast: (link, how, payload) => frontend()?.send("unicast", { link, ...how, payload }),
    },
    arp: {
      open: (link, name, address) => room.ask("openArpSocket", { link, name, address }),
      close: (link) => frontend()?.send("closeArp", { link }),
      send: (link, mac, kind, address) => frontend()?.send("sendArp", { link, mac, kind, address }),
    },
    kernel: {
      configure: (link, name, wanted) => room.ask("configureUplink", { link, name, ...wanted }),
      deconfigure: (link, name) => room.ask("deconfigureUplink", { link, name }),
    },
    host: {
      publish: (link, name, facts) => room.ask("publishUplink", { link, name, ...facts }),
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
    sockets: {
      open: (link, name) => room.ask("openPacketSocket", { link, name }),
      close: (link, name) => room.ask("closePacketSocket", { link, name }),
    },
    log: room.log,
  });
}

function fromMain(room: EngineRoom, service: Uplink4, message: Incoming): void {
  if (message.kind === "uplink4Config") {
    room.generation = message.generation;
    const { interfaces, duid } = message.body;
    if (reach.want(interfaces.some(({ preferIpv6 }) => preferIpv6 === "when-connected"))) for (const what of IPV6_LISTS) room.follow(what);
    service.configure({ interfaces }, duid);
  } else if (message.kind === "storedLease") service.stored(message.body.name, message.body.record);
  else if (message.kind === "hostName") service.hostNamed(message.body.name);
  else if (message.kind === "uplinkCommand") service.command(message.body.name, message.body.verb);
  else if (message.kind === "kernelFailed") service.kernelFailed(message.body.name, message.body.what);
  else if (message.kind === "farewell") service.farewell();
}

function fromFrontend(service: Uplink4, message: Incoming, clock: Clock): void {
  switch (message.kind) {
    case "frames": {
      const { link, dropped, frames } = message.body;
      if (dropped > 0) service.framesDropped(link, dropped);
      for (const { bytes, checksum } of frames) service.frame(link, bytes, checksum);
      return;
    }
    case "arpFrames":
      for (const frame of message.body.frames) service.arpFrame(message.body.link, frame);
      return;
    case "arpReady":
      return service.arpReady(message.body.link, message.body.address);
    case "netlink":
      news.read(message.body.datagram, service);
      if (!reach.wanted) return;
      reach.read(message.body.datagram, clock.now());
      for (const { index } of service.servedLinks()) service.ipv6(index, reach.leadsSomewhere(index, clock.now()));
      return;
    case "socketReady":
      return service.socketReady(message.body.link);
    default:
      return;
  }
}
