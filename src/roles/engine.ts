/** What every engine does beside its service: meets frontend and control, asks for lists of the kernel, tells its views. */
import { LIMITS } from "../base/limits.ts";
import { startRole } from "./role.ts";
import type { FenceProfileName } from "../platform/fence/enter.ts";
import type { Log, LogFields, LogLevel } from "../ports/log.ts";
import { TracePages } from "../services/trace-pages.ts";
import { Connection, type Incoming } from "./connection.ts";
import type { CatalogueName } from "./messages/catalogue.ts";
import type { KernelList } from "./messages/common.ts";
import type { EngineName, RoleName } from "./messages/message.ts";

export type EngineHandlers = {
  readonly fromMain: (message: Incoming) => void;
  readonly fromFrontend?: (message: Incoming) => void;
  /** Of a further role this engine speaks with. */
  readonly fromPeer?: (role: RoleName, message: Incoming) => void;
  readonly peerMet?: (role: RoleName) => void;
  readonly peerLost?: (role: RoleName) => void;
  /** The frontend is another one: its sockets are gone with it. */
  readonly frontendLost?: () => void;
  /** Lists were asked for anew. */
  readonly listsBegin?: () => void;
  readonly view: () => unknown;
  readonly trace?: (name: string) => readonly string[] | undefined;
  /** Begins to write down what is not always recorded; `trace` ends it. @returns false when there is no such thing */
  readonly record?: (name: string, seconds: number) => boolean;
  /**
   * The last transitions of one of its machines, with their reasons, or more of something than the view has; undefined when there is none
   * of that name. @param after for what is told page by page
   */
  readonly explain?: (name: string, after: number) => unknown;
};
export type EngineSetup = {
  readonly role: EngineName;
  readonly profile: FenceProfileName;
  /** What of the kernel it follows; asked each time, for it may be the configuration's choice (`EngineRoom.follow`). */
  readonly lists: () => readonly KernelList[];
  readonly prepare: (room: EngineRoom) => EngineHandlers;
};

/** The engine's connections, and the configuration it acts on. */
export class EngineRoom {
  readonly #role: EngineName;
  readonly #main: () => Connection;
  readonly #peers = new Map<RoleName, Connection>();
  readonly #met = new Set<RoleName>();
  /** Of the configuration in force: every request to main carries it. */
  generation = 0;

  constructor(role: EngineName, main: () => Connection) {
    this.#role = role;
    this.#main = main;
  }

  readonly log: Log = {
    write: (level: LogLevel, event: string, fields: LogFields) => {
      this.#main().send("logRecord", { level, event, fields: Object.entries(fields).map(([name, value]) => ({ name, value: String(value) })) });
    },
  };

  /** A list of the kernel that is followed from now on. */
  follow(what: KernelList): void {
    this.to("frontend")?.send("listKernel", { what });
  }

  /** Asks main for something, under the configuration in force. */
  ask<N extends CatalogueName>(name: N, body: Parameters<typeof Connection.prototype.send<N>>[1]): void {
    this.#main().send(name, body, { generation: this.generation });
  }

  get main(): Connection {
    return this.#main();
  }

  to(role: RoleName): Connection | undefined {
    return this.#peers.get(role);
  }

  /** @returns true when that role was met before */
  meet(role: RoleName, fd: number, onMessage: (message: Incoming) => void, onEnd: () => void = () => undefined): boolean {
    this.#peers.get(role)?.close();
    const again = this.#met.has(role);
    this.#met.add(role);
    const connection = new Connection(fd, this.#role, role, {
      onMessage,
      onEnd: () => {
        if (this.#peers.get(role) !== connection) return;
        this.#peers.delete(role);
        onEnd();
      },
    });
    this.#peers.set(role, connection);
    return again;
  }
}

/** Starts an engine. Its service is made in `prepare`, before the fence closes. */
export function startEngine({ role, profile, lists, prepare }: EngineSetup): void {
  startRole({
    role,
    profile,
    prepare: (main) => {
      const room = new EngineRoom(role, main);
      const engine = new Engine(room, lists, prepare(room));
      return (message) => engine.fromMain(message);
    },
  });
}

class Engine {
  readonly #room: EngineRoom;
  readonly #lists: () => readonly KernelList[];
  readonly #handlers: EngineHandlers;
  readonly #traces: TracePages;

  constructor(room: EngineRoom, lists: () => readonly KernelList[], handlers: EngineHandlers) {
    this.#room = room;
    this.#lists = lists;
    this.#handlers = handlers;
    this.#traces = new TracePages((name) => handlers.trace?.(name));
  }

  fromMain(message: Incoming): void {
    if (message.kind === "peer") return this.#meet(message.body.role, message.descriptors[0] ?? -1);
    if (message.kind === "kernelFailed") {
      const { name, what, errno } = message.body;
      this.#room.log.write("warn", "kernelFailed", { interface: name, what, errno });
    }
    this.#handlers.fromMain(message);
  }

  #meet(role: RoleName, fd: number): void {
    if (role !== "frontend") {
      const take = (message: Incoming): void =>
        message.kind === "viewRequest" ? this.#answer(message.body) : this.#handlers.fromPeer?.(role, message);
      this.#room.meet(role, fd, take, () => this.#handlers.peerLost?.(role));
      this.#handlers.peerMet?.(role);
      return;
    }
    const again = this.#room.meet(role, fd, (message) => {
      if (message.kind === "netlinkOverrun") this.#list();
      this.#handlers.fromFrontend?.(message);
    });
    if (again) this.#handlers.frontendLost?.();
    this.#list();
  }

  #list(): void {
    this.#handlers.listsBegin?.();
    for (const what of this.#lists()) this.#room.to("frontend")?.send("listKernel", { what });
  }

  #answer({ request, view, name, after }: Extract<Incoming, { readonly kind: "viewRequest" }>["body"]): void {
    const told = this.#told(view, name, after) ?? null;
    this.#room.to("control")?.send("view", { request, json: new TextEncoder().encode(JSON.stringify(told)) });
  }

  #told(view: "show" | "trace" | "record" | "explain", name: string, after: number): unknown {
    if (view === "show") return this.#handlers.view();
    if (view === "trace") return this.#traces.page(name, after);
    return view === "record" ? this.#record(name, after) : this.#handlers.explain?.(name, after);
  }

  #record(name: string, wanted: number): { readonly seconds: number } | null {
    const seconds = Math.min(Math.max(1, wanted), LIMITS.recordingSeconds);
    return this.#handlers.record?.(name, seconds) === true ? { seconds } : null;
  }
}
