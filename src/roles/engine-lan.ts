/** The engine of `lan`: decides, and holds the server's own UDP sockets and the journal's files that main opened for it. */
import "./first.ts";
import { BootClock } from "../platform/clock.ts";
import { inet6Address } from "../platform/inet6-sockets.ts";
import { JournalFiles } from "../platform/lease-stores/journal-files.ts";
import { GatheringPace } from "../platform/lease-stores/pace.ts";
import { AdaptiveWriter, WriterThread } from "../platform/lease-stores/writers.ts";
import { native } from "../platform/native.ts";
import { Outbox, ServerSockets } from "../platform/server-sockets.ts";
import type { HostNamesFile, LeaseOutcome } from "../ports/leases.ts";
import type { ReconfigureAnswer } from "../ports/reconfigure.ts";
import { AddressNewsReader } from "../services/address-news.ts";
import { warmUp } from "../services/lan/dhcp6-server/warm-up.ts";
import { Lan } from "../services/lan/service.ts";
import type { LanView } from "../services/lan/view.ts";
import { applyImage } from "../services/leases/images.ts";
import { LeaseJournal } from "../services/leases/journal.ts";
import { Offers } from "../services/leases/offers.ts";
import { LeaseTable } from "../services/leases/table.ts";
import { LinkNewsReader } from "../services/link-news.ts";
import { LIMITS } from "../base/limits.ts";
import type { Incoming } from "./connection.ts";
import { type EngineRoom, startEngine } from "./engine.ts";
import { type ConfigPart, ConfigParts } from "./engine-lan/config-parts.ts";
import { Delegations } from "./engine-lan/delegations.ts";
import { Listeners } from "./engine-lan/listeners.ts";
import { Promises } from "./engine-lan/promises.ts";
import { LAN } from "./messages/lan.ts";
import { speak } from "./messages/spoken.ts";

speak(LAN);

/** Some 36,000 messages in a fifth of a second: what the compiler needs to have done its work when the first clients come, often all at once. */
const WARMING_ROUNDS = 40;

const links = new LinkNewsReader();
const addresses = new AddressNewsReader();
/** What was made before the fence, and what grows out of it once the journal was read. */
type Parts = { readonly heard: Listeners; readonly clock: BootClock; readonly files: JournalFiles; readonly sockets: ServerSockets };
let secret: { readonly key: Uint8Array; readonly life: number } = { key: new Uint8Array(16), life: 0 };
let lan: Lan | undefined;
let promises: Promises | undefined;
const parts = new ConfigParts();

startEngine({
  role: "engine-lan",
  profile: "engine+journal",
  lists: () => ["links", "addresses6", "routes6"],
  prepare: (room) => {
    const writers = { journal: new AdaptiveWriter(), snapshot: new WriterThread() };
    const parts: Parts = {
      heard: new Listeners(room),
      clock: new BootClock(),
      files: new JournalFiles(writers, {
        ask: (kind, number) => room.ask("openJournalFile", { kind, number }),
        snapshotWritten: (number, firstSegment) => room.ask("snapshotWritten", { number, firstSegment }),
        snapshotAbandoned: (number) => room.ask("snapshotAbandoned", { number }),
      }),
      sockets: new ServerSockets((link) => lan?.arrived(link, parts.sockets.rows)),
    };
    const outbox = new Outbox();
    warmUp(WARMING_ROUNDS, parts.sockets.rows, (out) => {
      for (let row = 0; row < out.count; row++) outbox.add(out, row);
      outbox.send(parts.sockets); // there is none yet
    });
    return {
      fromMain: (message) => fromMain(room, parts, message),
      fromFrontend,
      fromPeer: (role, message) => {
        if (role === "control") fromControl(room, parts, message);
      },
      peerLost: (role) => {
        if (role === "control") parts.heard.are(false, role);
      },
      frontendLost: () => lan?.routerSocketsLost(),
      listsBegin: () => links.restart(),
      view,
      trace: (name) => lan?.trace(name),
      record: (name, seconds) => lan?.record(name, seconds) ?? false,
    };
  },
});

function fromMain(room: EngineRoom, parts: Parts, message: Incoming): void {
  switch (message.kind) {
    case "serverKey":
      secret = message.body;
      return;
    case "journalFile":
      return parts.files.found(message.body.kind, { ...message.body, fd: message.descriptors[0] ?? -1 });
    case "freshJournalFile":
      return parts.files.fresh(message.body.kind, { ...message.body, fd: message.descriptors[0] ?? -1 });
    case "journalListed":
      return begin(room, parts);
    case "lanConfigPart":
      return configure(room, message.body, message.generation);
    case "farewell":
      return lan?.stop();
    case "storedLease":
      return lan?.stored(message.body.name, message.body.record);
    case "serverSocket":
      return parts.sockets.open(message.body.link, message.descriptors[0] ?? -1);
    case "reconfigureClients":
      return reconfigure(room, message.body);
    case "leaseListeners":
      return parts.heard.are(message.body.areThere, "main");
    case "hostNamesWanted":
      if (lan !== undefined) lan.dhcp6.hostNames.areWanted = message.body.areWanted;
      return;
    case "changeLeases":
      return changeLeases(room, message.body);
    case "kernelFailed":
      if (message.body.what === "openJournalFile") return parts.files.refused();
      return lan?.socketFailed(message.body.name);
    default:
      return;
  }
}

/** The journal is read before anything is served: a lease that was promised is known. Where it is damaged, nothing is. */
function begin(room: EngineRoom, { heard, clock, files, sockets }: Parts): void {
  const table = new LeaseTable({ key: fresh(16), maxLeases: LIMITS.leases, maxRowsPerClient: LIMITS.leasesPerClient });
  const recovery = files.recover((bytes, at, end) => applyImage(table, bytes, at, end));
  if (!recovery.ok) {
    room.log.write("error", "journalDamaged", { reason: recovery.reason, segment: recovery.segment ?? "snapshot", offset: recovery.offset });
    return;
  }
  const journal = new LeaseJournal(table, files.committer, {
    stamp: recovery.stamp ?? fresh(8),
    sequence: recovery.sequence,
    checksum: native().crc32c,
    pace: new GatheringPace(),
  });
  files.serve(journal);
  const outgoing = new Promises(sockets, journal);
  promises = outgoing;
  const purpose = "icmp6";
  lan = new Lan(
    {
      clock,
      log: room.log,
      router: {
        datagrams: { send: (link, datagram) => room.to("frontend")?.send("sendDatagram", { purpose, link, ...datagram }) },
        sockets: {
          open: (link, name) => room.ask("openDatagramSocket", { purpose, link, name }),
          close: (link, name) => room.ask("closeDatagramSocket", { purpose, link, name }),
        },
        records: {
          save: (name, record) => room.ask("saveLease", { name, record }),
          remove: (name) => room.ask("forgetLease", { name }),
        },
      },
      dhcp6: {
        sockets: { open: (link, name) => room.ask("openServerSocket", { link, name }), close: (link) => sockets.close(link) },
        replies: (out) => outgoing.take(out),
        listeners: heard,
        hostNames: (file) => tellNames(room, file),
        disk: {
          get takesMore() {
            return outgoing.takesMore;
          },
          look: () => files.look(clock.now()),
          settled: (done) => journal.settled(done),
        },
        send: (link, { to, port, payload }) => {
          const fd = sockets.descriptor(link);
          if (fd !== undefined) native().sendTo(fd, payload, inet6Address(to, port, link), 0);
        },
      },
      routes: new Delegations((routes) => {
        room.ask("delegatedRoutes", { routes });
        lan?.dhcp6.events.routes(routes, lan.dhcp6.wall.now());
      }),
    },
    { table, offers: new Offers(fresh(16)), ...secret },
  );
  room.log.write("info", "leasesRecovered", { leases: table.count, images: recovery.images });
}

function tellNames(room: EngineRoom, { names, ...file }: HostNamesFile): void {
  for (let at = 0; at === 0 || at < names.length; at += LIMITS.leasesPerFrame) {
    const isLast = at + LIMITS.leasesPerFrame >= names.length;
    room.ask("hostNames", { ...file, names: names.slice(at, at + LIMITS.leasesPerFrame), isLast });
  }
}

function configure(room: EngineRoom, part: ConfigPart, generation: number): void {
  room.generation = generation;
  const whole = parts.add(part, generation);
  if (whole !== undefined) lan?.configure(whole);
}

function fromControl(room: EngineRoom, { heard }: Parts, message: Incoming): void {
  if (message.kind === "leaseListeners") return heard.are(message.body.areThere, "control");
  if (message.kind !== "leasesRequest" || lan === undefined) return;
  const { request, filter, after } = message.body;
  room.to("control")?.send("leasesPage", { request, ...lan.dhcp6.leases(filter, after) });
}

/** Whoever asked hears of it when it is durable. */
function changeLeases(room: EngineRoom, { request, ...changes }: Extract<Incoming, { readonly kind: "changeLeases" }>["body"]): void {
  const told = (outcomes: readonly LeaseOutcome[] | undefined): void => {
    room.to("control")?.send("leasesChanged", { request, result: outcomes === undefined ? "failed" : "done", outcomes: outcomes ?? [] });
  };
  if (lan === undefined) told(undefined);
  else lan.dhcp6.change(changes, told);
}

function reconfigure(room: EngineRoom, { request, ...wanted }: Extract<Incoming, { readonly kind: "reconfigureClients" }>["body"]): void {
  const told = (answer: ReconfigureAnswer): void => void room.to("control")?.send("clientsReconfigured", { request, ...answer });
  if (lan === undefined) told({ outcome: "not-running", clients: 0 });
  else lan.dhcp6.reconfigures.ask(wanted, told);
}

function view(): LanView | null {
  return lan === undefined ? null : { ...lan.view(), dropped: promises?.dropped.toJSON() ?? {} };
}

function fromFrontend(message: Incoming): void {
  if (lan === undefined) return;
  switch (message.kind) {
    case "datagrams": {
      const { link, dropped, datagrams } = message.body;
      if (dropped > 0) lan.icmp6Dropped(link, dropped);
      for (const datagram of datagrams) lan.icmp6(link, datagram);
      return;
    }
    case "datagramSocketReady":
      return lan.routerSocketReady(message.body.link);
    case "netlink":
      links.read(message.body.datagram, lan);
      return addresses.read(message.body.datagram, lan);
    default:
      return;
  }
}

function fresh(bytes: number): Uint8Array {
  const made = new Uint8Array(bytes);
  native().random(made);
  return made;
}
