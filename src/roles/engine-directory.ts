/** The engine of `directory`: owns the snapshot, answers YP and userdb on connections and datagrams that others accepted. */
import "./first.ts";
import { asciiJson } from "../base/text.ts";
import { BootClock } from "../platform/clock.ts";
import type { RpcPurpose } from "../ports/streams.ts";
import { readFile } from "../platform/lease-stores/read.ts";
import { WriterThread } from "../platform/lease-stores/writers.ts";
import { CallSockets } from "../platform/call-sockets.ts";
import { native } from "../platform/native.ts";
import { StreamConnection } from "../platform/stream-connection.ts";
import type { DirectoryEvent } from "../services/directory/events.ts";
import { Directory } from "../services/directory/service.ts";
import type { Incoming } from "./connection.ts";
import { type EngineRoom, startEngine } from "./engine.ts";
import { type SnapshotOutlet, SnapshotWriter } from "./engine-directory/snapshot-writer.ts";
import { DIRECTORY } from "./messages/directory.ts";
import { collectNow } from "./idle-collection.ts";
import { speak } from "./messages/spoken.ts";

speak(DIRECTORY);

const NO_ROOM = "no room on the disk";
/** ENOSPC, EDQUOT. */
const FULL: readonly number[] = [28, 122];

type Message<K extends Incoming["kind"]> = Extract<Incoming, { readonly kind: K }>;

startEngine({
  role: "engine-directory",
  profile: "engine+streams",
  lists: () => [],
  prepare: (room) => {
    const writer = new WriterThread();
    const clock = new BootClock();
    const outlet: SnapshotOutlet = {
      open: () => room.ask("openSnapshot", true),
      saved: (bytes) => {
        room.ask("snapshotSaved", { bytes });
        service.saved("");
        collectNow();
      },
      failed: () => {
        room.ask("snapshotFailed", true);
        service.saved(NO_ROOM);
      },
    };
    const snapshots = new SnapshotWriter(writer, outlet, clock);
    const service: Directory = new Directory({
      clock,
      log: room.log,
      fetcher: {
        pull: (update, withinSeconds, held) => {
          room.to("fetcher")?.send("pull", { update, withinSeconds, held }, { generation: room.generation });
          collectNow();
        },
      },
      rpcbind: { connect: () => room.ask("connectRpcbind", true) },
      store: { save: (bytes) => snapshots.save(bytes) },
      events: { happened: ({ event, record }) => tell(room, event, record) },
      prober: { probe: (probe, source) => room.to("fetcher")?.send("probeSource", { probe, source }, { generation: room.generation }) === true },
    });
    const calls = new CallSockets<RpcPurpose>((purpose, call) => service.datagram(purpose, call));
    return {
      fromMain: (message) => {
        if (message.kind === "callSocket") calls.open(message.body, message.descriptors[0] ?? -1);
        else if (message.kind === "closeCallSocket") calls.close(message.body.number);
        else if (message.kind === "freshSnapshot") snapshots.write(message.descriptors[0] ?? -1);
        else if (message.kind === "storedSnapshot") service.stored(stored(message, writer.pages));
        else fromMain(room, service, message);
      },
      fromPeer: (role, message) => {
        if (role === "fetcher" && message.generation === room.generation) fromFetcher(service, message);
      },
      peerMet: (role) => {
        if (role === "fetcher") service.updates.fetcherReady();
      },
      peerLost: (role) => {
        if (role === "fetcher") service.fetcherLost();
      },
      view: () => service.view(),
      explain: (name, after) => service.detail(name, after),
      trace: (name) => service.trace(name),
      record: (name, seconds) => service.record(name, seconds),
    };
  },
});

function fromMain(room: EngineRoom, service: Directory, message: Incoming): void {
  switch (message.kind) {
    case "directoryConfig":
      room.generation = message.generation;
      service.configure(message.body.config);
      return service.listening(message.body.port);
    case "directoryCommand":
      return service.command(message.body.verb, message.body.source);
    case "farewell":
      return service.listening(0);
    case "areYouThere":
      return room.ask("here", true);
    case "kernelFailed":
      return refused(service, message.body);
    case "stream":
      return openStream(room, service, message);
    default:
      return;
  }
}

/** What main could not do for us. */
function refused(service: Directory, { what, errno }: Message<"kernelFailed">["body"]): void {
  if (what === "connectRpcbind") service.rpcbindUnreachable();
  else if (what === "openSnapshot" || what === "snapshotSaved") service.saved(FULL.includes(errno) ? NO_ROOM : `${what}: error ${errno}`);
}

/** To main for its hooks, and to control for whoever watches. */
function tell(room: EngineRoom, event: DirectoryEvent, happened: object): void {
  const record = new TextEncoder().encode(`${asciiJson(JSON.stringify(happened))}\n`);
  room.ask("directoryEvent", { event, record });
  room.to("control")?.send("directoryEvent", { event, record });
}

/** The file main found; it is whole in memory before anything is served. */
function stored({ body, descriptors }: Message<"storedSnapshot">, pages: Uint8Array): Uint8Array {
  const fd = descriptors[0] ?? -1;
  try {
    return readFile({ number: 0, fd, bytes: body.bytes }, pages);
  } finally {
    native().close(fd);
  }
}

function openStream(room: EngineRoom, service: Directory, { body, descriptors }: Message<"stream">): void {
  const connection = new StreamConnection(descriptors[0] ?? -1, () => room.ask("streamClosed", { number: body.number }));
  const io = { write: (bytes: Uint8Array) => connection.write(bytes), close: () => connection.close(), abort: () => connection.abort() };
  connection.listen(service.stream(body, io));
}

function fromFetcher(service: Directory, message: Incoming): void {
  if (message.kind === "entries") service.entries(message.body);
  else if (message.kind === "pulled") service.pulled(message.body);
  else if (message.kind === "sourceChanges") service.changes(message.body);
  else if (message.kind === "sourceStale") service.stale();
  else if (message.kind === "sourceProbed") service.probed(message.body.probe, message.body.report);
}
