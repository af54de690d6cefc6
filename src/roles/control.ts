/** The control role: HTTP with JSON for whoever may open the control socket. Renders views; a write goes back to main, who decides. */
import "./first.ts";
import { startRole } from "./role.ts";
import { createServer } from "node:http";
import { Socket } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { LIMITS } from "../base/limits.ts";
import { controlApp, type LeasesChanged, type Outcome, SERVICES, type ServiceName } from "../control/app.ts";
import { Connection, type Incoming } from "./connection.ts";
import type { LeasePage } from "../ports/leases.ts";
import type { ReconfigureAnswer } from "../ports/reconfigure.ts";
import type { HandedStream } from "../ports/streams.ts";
import { Asked } from "./control/asked.ts";
import { Watchers } from "./control/watchers.ts";
import { HandedStreams } from "./handed-streams.ts";
import type { RoleName } from "./messages/message.ts";
import { DIRECTORY } from "./messages/directory.ts";
import { LEASES } from "./messages/leases.ts";
import { RECONFIGURE } from "./messages/reconfigure.ts";
import { speak } from "./messages/spoken.ts";
import { UPLINKS } from "./messages/uplinks.ts";

speak({ uplinkEvent: UPLINKS.uplinkEvent, directoryEvent: DIRECTORY.directoryEvent, ...LEASES, ...RECONFIGURE });

/** A connection on which nothing moves for so long is closed: there are only LIMITS.controlConnections of them. Watchers have a heartbeat. */
const SILENT_MS = 30_000;

let main: () => Connection;
const engines = new Map<ServiceName, Connection>();
const views = new Asked<string>();
const lists = new Asked<LeasePage>();
const changes = new Asked<LeasesChanged>();
const reconfigured = new Asked<ReconfigureAnswer>();
/** Commands of each connection that wait for main's word, in order: HTTP may pipeline them. */
const outcomes = new Map<number, ((outcome: Outcome) => void)[]>();
const connections = new WeakMap<Socket, number>();
const streams = new HandedStreams();
const watchers = new Watchers(undefined, () => tellOfWatchers());

const app = controlApp({
  mainView: () => views.ask((request) => main().send("mainViewRequest", { request })),
  engineView: (service, asked) => views.ask((request) => engines.get(service)?.send("viewRequest", { request, ...asked }) ?? false),
  leases: (filter, after) => lists.ask((request) => engines.get("lan")?.send("leasesRequest", { request, after, filter }) ?? false),
  changeLeases: (connection, wanted) => changes.ask((request) => main().send("leasesCommand", { connection, request, ...wanted })),
  reconfigure: (connection, wanted) => reconfigured.ask((request) => main().send("reconfigureCommand", { connection, request, ...wanted })),
  command: (connection, asked) =>
    new Promise((resolve) => {
      outcomes.set(connection, [...(outcomes.get(connection) ?? []), resolve]);
      main().send("command", { connection, ...asked });
    }),
  watch: (interfaceName) => watchers.open(interfaceName),
});
const listener = getRequestListener(
  (request, env) => {
    const { socket } = (env as { readonly incoming: { readonly socket: Socket } }).incoming;
    return app.fetch(request, { connection: connections.get(socket) ?? 0 });
  },
  { overrideGlobalObjects: false },
);
const server = createServer({ maxHeaderSize: LIMITS.controlRequestBytes / 4, requestTimeout: 30_000 }, listener);

startRole({
  role: "control",
  profile: "control",
  prepare: (channel) => {
    main = channel;
    streams.onStream(serve);
    return fromMain;
  },
});

function fromMain(message: Incoming): void {
  switch (message.kind) {
    case "connection":
      return streams.hand({ ...message.body, descriptor: message.descriptors[0] ?? -1 });
    case "peer":
      return meetEngine(message.body.role, message.descriptors[0] ?? -1);
    case "mainView":
      return views.answer(message.body.request, new TextDecoder().decode(message.body.json));
    case "clientsReconfigured":
      return reconfigured.answer(message.body.request, message.body);
    case "leasesChanged":
      return changes.answer(message.body.request, message.body);
    case "outcome":
      outcomes.get(message.body.connection)?.shift()?.(message.body);
      return;
    default:
      return;
  }
}

function serve({ number, descriptor }: HandedStream): void {
  const socket = new Socket({ fd: descriptor, readable: true, writable: true });
  socket.setTimeout(SILENT_MS, () => socket.destroy());
  connections.set(socket, number);
  socket.on("error", () => undefined);
  socket.on("close", () => {
    outcomes.delete(number);
    main().send("connectionClosed", { connection: number });
  });
  server.emit("connection", socket);
  socket.resume();
}

function meetEngine(role: RoleName, fd: number): void {
  const service = SERVICES.find((one) => role === `engine-${one}`);
  if (service === undefined) return;
  engines.get(service)?.close();
  const connection = new Connection(fd, "control", role, {
    onMessage: (message) => {
      if (message.kind === "view") views.answer(message.body.request, new TextDecoder().decode(message.body.json));
      else if (message.kind === "leasesPage") lists.answer(message.body.request, message.body);
      else if (message.kind === "leasesChanged") changes.answer(message.body.request, message.body);
      else if (message.kind === "clientsReconfigured") reconfigured.answer(message.body.request, message.body);
      else if (message.kind === "directoryEvent") watchers.tell("directory", message.body.event, message.body.record);
      else if (message.kind === "leaseEvents") for (const { name, event, record } of message.body.events) watchers.tell(name, event, record);
      else if (message.kind === "uplinkEvent") watchers.tell(message.body.name, message.body.event, message.body.record);
    },
    onEnd: () => {
      if (engines.get(service) === connection) engines.delete(service);
    },
  });
  engines.set(service, connection);
  if (service === "lan") tellOfWatchers();
}

/** Where nobody watches, nothing is gathered. */
function tellOfWatchers(): void {
  engines.get("lan")?.send("leaseListeners", { areThere: watchers.count > 0 });
}
