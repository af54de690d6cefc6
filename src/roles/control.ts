/** The control role: HTTP with JSON for whoever may open the control socket. Renders views; a write goes back to main, who decides. */
import "./first.ts";
import { startRole } from "./role.ts";
import { createServer } from "node:http";
import { Socket } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { LIMITS } from "../base/limits.ts";
import { controlApp } from "../control/app.ts";
import { Connection, type Incoming } from "./connection.ts";
import { Asked } from "./control/asked.ts";

let main: () => Connection;
let engine: Connection | undefined;
const views = new Asked<string>();
const outcomes = new Map<number, (outcome: { readonly ok: boolean; readonly text: string }) => void>();
const connections = new WeakMap<Socket, number>();
let idle: ReturnType<typeof setTimeout> | undefined;

const app = controlApp({
  mainView: () => views.ask((request) => main().send("mainViewRequest", { request })),
  engineView: (asked) => views.ask((request) => engine?.send("viewRequest", { request, ...asked }) ?? false),
  command: (connection, verb, argument) =>
    new Promise((resolve) => {
      outcomes.set(connection, resolve);
      main().send("command", { connection, verb, argument });
    }),
});
const listener = getRequestListener((request, env) => {
  stayAwake();
  const { socket } = (env as { readonly incoming: { readonly socket: Socket } }).incoming;
  return app.fetch(request, { connection: connections.get(socket) ?? 0 });
}, { overrideGlobalObjects: false });
const server = createServer({ maxHeaderSize: LIMITS.controlRequestBytes / 4, requestTimeout: 30_000 }, listener);

startRole({
  role: "control",
  profile: "control",
  prepare: (channel) => {
    main = channel;
    stayAwake();
    return fromMain;
  },
});

function fromMain(message: Incoming): void {
  switch (message.kind) {
    case "connection":
      return serve(message.body.number, message.descriptors[0] ?? -1);
    case "peer":
      return meetEngine(message.descriptors[0] ?? -1);
    case "mainView":
      return views.answer(message.body.request, new TextDecoder().decode(message.body.json));
    case "outcome":
      outcomes.get(message.body.connection)?.(message.body);
      outcomes.delete(message.body.connection);
      return;
    default:
      return;
  }
}

function serve(number: number, fd: number): void {
  const socket = new Socket({ fd, readable: true, writable: true });
  connections.set(socket, number);
  socket.on("error", () => undefined);
  socket.on("close", () => {
    outcomes.delete(number);
    main().send("connectionClosed", { connection: number });
  });
  server.emit("connection", socket);
  socket.resume();
}

function meetEngine(fd: number): void {
  engine?.close();
  engine = new Connection(fd, "control", "engine-uplink4", {
    onMessage: (message) => {
      if (message.kind === "view") views.answer(message.body.request, new TextDecoder().decode(message.body.json));
    },
    onEnd: () => {
      engine = undefined;
    },
  });
}

/** Ends after a minute without a request: the next connection starts it again. */
function stayAwake(): void {
  clearTimeout(idle);
  idle = setTimeout(() => process.exit(0), LIMITS.controlIdleSeconds * 1000);
}
