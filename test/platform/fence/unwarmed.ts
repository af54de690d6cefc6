/**
 * What the engine of `lan` does under load, behind its fence: datagrams in and out of its own socket, decisions, the journal. Its code is
 * compiled before the fence closes, or not. One call can be taken off the list: then the first thread that makes it ends the process.
 *
 *   unwarmed.ts FOLDER cold|warm ROUNDS [CALL]
 */
import { type Ipv6Address, LOOPBACK_V6 } from "../../../src/base/ipv6.ts";
import { buildFilter } from "../../../src/platform/fence/bpf.ts";
import { PROFILES } from "../../../src/platform/fence/profiles.ts";
import { ownArchitecture } from "../../../src/platform/fence/syscalls.ts";
import { warmUp as touchLateThings } from "../../../src/platform/fence/warm.ts";
import { inet6Address } from "../../../src/platform/inet6-sockets.ts";
import { JournalFiles } from "../../../src/platform/lease-stores/journal-files.ts";
import { WriterThread } from "../../../src/platform/lease-stores/writers.ts";
import { AF, check, native, SECCOMP, SO, SOCK, SOL } from "../../../src/platform/native.ts";
import { ServerSockets } from "../../../src/platform/server-sockets.ts";
import { Promises } from "../../../src/roles/engine-lan/promises.ts";
import { ReplyBatch, REPLY_SHAPE } from "../../../src/services/lan/dhcp6-server/batch.ts";
import { warmUp } from "../../../src/services/lan/dhcp6-server/warm-up.ts";
import { applyImage } from "../../../src/services/leases/images.ts";
import { LeaseJournal } from "../../../src/services/leases/journal.ts";
import { iaNa } from "../../../src/wire/dhcp6/leases.ts";
import { encodeDhcp6 } from "../../../src/wire/dhcp6/message.ts";
import { fresh, STAMP } from "../lease-stores/folder.ts";
import { Bed, NOW, relayed, said } from "../../services/lan/dhcp6-server/support.ts";

const [folder = "", start = "cold", wanted = "0", without] = process.argv.slice(2);
const LOOPBACK = 1;
const CLIENTS = 512;
const BURST = 32;

const segments = Array.from({ length: 60 }, (_, i) => fresh(folder, "segment", i + 1));
const writers = { journal: new WriterThread(), snapshot: new WriterThread() };
const bed = new Bed({ pools: { rapidCommit: true } });
bed.server.setIndex("lan0", LOOPBACK);
const out = new ReplyBatch(REPLY_SHAPE);
let answered = 0;
let second = 0;
const sockets: ServerSockets = new ServerSockets(() => {
  const { rows } = sockets;
  rows.multicast.fill(1, 0, rows.count); // nothing is sent to groups over the loopback
  for (let next = 0; next < rows.count; ) {
    out.clear();
    next = bed.server.serve(rows, { seconds: NOW + second }, out, next);
    answered += out.count;
    promises.take(out);
  }
});
const files: JournalFiles = new JournalFiles(writers, {
  ask: (kind) => setImmediate(() => serveFile(kind)),
  snapshotWritten: () => undefined,
  snapshotAbandoned: () => undefined,
});
const serverFd = udp();
const clientFd = udp();
const messages = [messagesOf("solicit"), messagesOf("request"), messagesOf("renew"), messagesOf("informationRequest"), messagesOf("release")];
const to = inet6Address(LOOPBACK_V6, portOf(serverFd), 0);

if (start === "warm") warmUp(40, sockets.rows);
const { rules, threadPool } = PROFILES["engine+journal"];
touchLateThings({ threadPool });
const kept = rules.filter(({ name }) => name !== without);
const filter = buildFilter({ rules: kept, architecture: ownArchitecture(), pid: process.pid });
check(native().noNewPrivs(), "prctl");
check(native().seccomp(filter, SECCOMP.tsync), "seccomp");

const recovery = files.recover((bytes, at, end) => applyImage(bed.table, bytes, at, end));
if (!recovery.ok) throw new Error("an empty folder is an empty journal");
const journal = new LeaseJournal(bed.table, files.committer, { stamp: STAMP, sequence: 0, checksum: native().crc32c });
files.serve(journal);
const promises = new Promises(sockets, journal);
sockets.open(LOOPBACK, serverFd);
round(0);

/** A burst to ourselves; the answers are drained, and the next burst comes when this one was read. */
function round(number: number): void {
  if (number === Number(wanted)) {
    console.log(JSON.stringify({ answered, leases: bed.table.count }));
    process.exit(0);
  }
  second += 1;
  const kind = messages[Math.floor(number / (CLIENTS / BURST)) % messages.length] ?? [];
  for (let i = 0; i < BURST; i++) native().sendTo(clientFd, kind[(number * BURST + i) % CLIENTS] ?? new Uint8Array(0), to, 0);
  setImmediate(() => round(number + 1));
}

function serveFile(kind: "segment" | "snapshot"): void {
  const next = kind === "segment" ? segments.shift() : undefined;
  if (next !== undefined) files.fresh("segment", next);
}

function udp(): number {
  const fd = check(native().socket(AF.inet6, SOCK.dgram, 0), "socket");
  native().setSockOpt(fd, SOL.socket, SO.receiveBufferForce, new Uint8Array(new Int32Array([4_194_304]).buffer));
  check(native().bind(fd, inet6Address(LOOPBACK_V6, 0, 0)), "bind");
  return fd;
}

function portOf(fd: number): number {
  const name = new Uint8Array(28);
  check(native().getSockName(fd, name), "getsockname");
  return ((name[2] ?? 0) << 8) | (name[3] ?? 0);
}

function messagesOf(kind: "solicit" | "request" | "renew" | "informationRequest" | "release"): readonly Uint8Array[] {
  return Array.from({ length: CLIENTS }, (_, n) => {
    const leases = kind === "informationRequest" ? {} : { iaNa: [iaNa({ iaid: 1 })] };
    const message = encodeDhcp6(said(n + 1, kind, { ...leases, requestedOptions: [23, 24] }));
    const link = n % 2 === 0 ? "2001:db8:1::1" : "2001:db8:2::1";
    return relayed(message, { link: link as Ipv6Address, peer: "fe80::1" as Ipv6Address, relayPort: 0 });
  });
}
