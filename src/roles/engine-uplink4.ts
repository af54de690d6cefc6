/** The engine of `uplink4`: parses and decides. No rights, no file, no socket but its channels. */
import "./first.ts";
import { startRole } from "./role.ts";
import { BootClock } from "../platform/clock.ts";
import type { LogFields, LogLevel } from "../ports/log.ts";
import { Uplink4 } from "../services/uplink4/service.ts";
import { Connection, type Incoming } from "./connection.ts";
import { LinkNewsReader } from "../services/link-news.ts";
import { TracePages } from "../services/trace-pages.ts";

let main: () => Connection;
let frontend: Connection | undefined;
let generation = 0;
let service: Uplink4;
const news = new LinkNewsReader();
const traces = new TracePages((name) => service.uplink(name)?.trace());

startRole({
  role: "engine-uplink4",
  profile: "engine",
  prepare: (channel) => {
    main = channel;
    service = new Uplink4({
      clock: new BootClock(),
      datagrams: {
        broadcast: (link, from, payload) => frontend?.send("broadcast", { link, from, payload }),
        unicast: (link, mac, from, to, payload) => frontend?.send("unicast", { link, mac, from, to, payload }),
      },
      kernel: {
        configure: (link, name, wanted) => main().send("configureUplink", { link, name, ...wanted }, { generation }),
        deconfigure: (link, name) => main().send("deconfigureUplink", { link, name }, { generation }),
      },
      records: {
        save: (name, record) => main().send("saveLease", { name, record }, { generation }),
        remove: (name) => main().send("forgetLease", { name }, { generation }),
      },
      sockets: {
        open: (link, name) => main().send("openPacketSocket", { link, name }, { generation }),
        close: (link, name) => main().send("closePacketSocket", { link, name }, { generation }),
      },
      log: { write: log },
    });
    return fromMain;
  },
});

function fromMain(message: Incoming): void {
  switch (message.kind) {
    case "uplink4Config":
      generation = message.generation;
      return service.configure(message.body);
    case "storedLease":
      return service.stored(message.body.name, message.body.record);
    case "kernelFailed":
      return log("warn", "kernelFailed", { interface: message.body.name, what: message.body.what, errno: message.body.errno });
    case "peer":
      return message.body.role === "control" ? meetControl(message.descriptors) : meetFrontend(message.descriptors);
    default:
      return;
  }
}

function meetFrontend([fd = -1]: readonly number[]): void {
  const again = frontend !== undefined;
  frontend?.close();
  frontend = new Connection(fd, "engine-uplink4", "frontend", { onMessage: fromFrontend, onEnd: () => undefined });
  if (again) service.socketsLost();
  frontend.send("listLinks", true);
}

function fromFrontend(message: Incoming): void {
  switch (message.kind) {
    case "frames": {
      const { link, dropped, frames } = message.body;
      if (dropped > 0) service.framesDropped(link, dropped);
      for (const { bytes, checksum } of frames) service.frame(link, bytes, checksum);
      return;
    }
    case "netlink":
      return news.read(message.body.datagram, service);
    case "netlinkOverrun":
      news.restart();
      frontend?.send("listLinks", true);
      return;
    case "socketReady":
      return service.socketReady(message.body.link);
    default:
      return;
  }
}

function meetControl([fd = -1]: readonly number[]): void {
  const control = new Connection(fd, "engine-uplink4", "control", {
    onMessage: (message) => {
      if (message.kind !== "viewRequest") return;
      const { request, view, name, after } = message.body;
      const answer = view === "show" ? service.view() : traces.page(name, after);
      control.send("view", { request, json: new TextEncoder().encode(JSON.stringify(answer)) });
    },
    onEnd: () => undefined,
  });
}

function log(level: LogLevel, event: string, fields: LogFields): void {
  main().send("logRecord", { level, event, fields: Object.entries(fields).map(([name, value]) => ({ name, value: String(value) })) });
}
