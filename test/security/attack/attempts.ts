/**
 * What code inside a role may try, one attempt each: the ways out, up and sideways. An attempt returns when it got what it
 * wanted and throws when it was refused. Each must succeed where no fence stands, or it proves nothing.
 */
import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { openSync, promises, readdirSync, writeFileSync } from "node:fs";
import { open as openInspector } from "node:inspector";
import { connect, createServer } from "node:net";
import { Worker } from "node:worker_threads";
import type { Raw } from "./raw.ts";

/** What the fence must make of it. */
export type Fenced = "killed" | "refused" | "killed or refused";
export type Attempt = {
  readonly fenced: Fenced;
  readonly jitlessOnly?: true;
  /** A role that asks servers outside may, and must be able to. */
  readonly outward?: true;
  readonly run: (raw: Raw, victim: number) => unknown;
};

const AT_FDCWD = -100;
const CLONE = { newns: 0x20000, newuts: 0x4000000, newuser: 0x10000000, newnet: 0x40000000 } as const;
const PROT = { read: 1, write: 2, exec: 4 } as const;
const PRIVATE_ANONYMOUS = 0x22;
const PAGE = 4096n;
const SIGCHLD = 17;
const AF_INET6 = 10;
const INET6_BYTES = 28;
const SOL_SOCKET = 1;
const SO_BINDTODEVICE = 25;
const SO_LOCK_FILTER = 44;
const SH = "/bin/sh";
/** The exit code that says "got it"; a program started by execve says it too. */
export const SUCCEEDED = 40;

const files: Record<string, Attempt> = {
  "open a file": { fenced: "refused", run: () => openSync("/etc/passwd", "r") },
  "open a file on a thread of the pool": { fenced: "killed or refused", run: () => promises.open("/etc/passwd", "r") },
  "write a file": { fenced: "refused", run: () => writeFileSync("/tmp/leasehold-attack", "x") },
  "list the root folder": { fenced: "killed or refused", run: () => readdirSync("/") },
  "raw openat": { fenced: "refused", run: (raw) => raw.call("openat", AT_FDCWD, raw.text("/etc/passwd"), 0) },
  "raw openat2": { fenced: "killed", run: (raw) => raw.call("openat2", AT_FDCWD, raw.text("/etc/passwd"), raw.zeros(24), 24) },
  "name_to_handle_at, for open_by_handle_at": {
    fenced: "killed",
    run: (raw) => raw.call("name_to_handle_at", AT_FDCWD, raw.text("/etc/passwd"), handleOf(raw), raw.zeros(4), 0),
  },
  memfd_create: { fenced: "killed", run: (raw) => raw.call("memfd_create", raw.text("x"), 0) },
  io_uring_setup: { fenced: "killed", run: (raw) => raw.call("io_uring_setup", 4, raw.zeros(120)) },
  chroot: { fenced: "killed", run: (raw) => raw.call("chroot", raw.text("/tmp")) },
  mount: { fenced: "killed", run: (raw) => raw.call("mount", raw.text("none"), raw.text("/mnt"), raw.text("tmpfs"), 0, 0) },
};

const sockets: Record<string, Attempt> = {
  "connect over TCP": { fenced: "killed", outward: true, run: () => reached(connect(9, "127.0.0.1")) },
  "connect to a unix socket": { fenced: "killed", run: () => reached(connect("/tmp/leasehold-attack.sock")) },
  "listen on TCP": { fenced: "killed", run: () => once(createServer().listen(0, "127.0.0.1"), "listening") },
  "bind a UDP port": { fenced: "killed", run: () => once(createSocket("udp4").bind(0, "127.0.0.1"), "listening") },
  "open the inspector": { fenced: "killed", run: () => openInspector(0, "127.0.0.1") },
  "raw socket AF_INET": { fenced: "killed", outward: true, run: (raw) => raw.call("socket", 2, 1, 0) },
  "raw socket AF_INET6 SOCK_RAW": { fenced: "killed", run: (raw) => raw.call("socket", 10, 3, 58) },
  "raw socket AF_UNIX": { fenced: "killed", run: (raw) => raw.call("socket", 1, 2, 0) },
  "raw socket AF_PACKET": { fenced: "killed", run: (raw) => raw.call("socket", 17, 3, 0) },
  "raw socket AF_NETLINK": { fenced: "killed", run: (raw) => raw.call("socket", 16, 3, 0) },
  "raw socketpair": { fenced: "killed", run: (raw) => raw.call("socketpair", 1, 1, 0, raw.zeros(8)) },
};

/** On a UDP socket that was opened before the fence closed, as the server's are: it stays what it is. */
const heldSockets: Record<string, Attempt> = {
  "bind a held socket": { fenced: "killed", run: (raw) => raw.call("bind", held.socket, loopback(raw, 0), INET6_BYTES) },
  "listen on a held socket": { fenced: "killed", run: (raw) => raw.call("listen", held.stream, 1) },
  "move a held socket to another device": {
    fenced: "killed",
    run: (raw) => raw.call("setsockopt", held.socket, SOL_SOCKET, SO_BINDTODEVICE, raw.text("lo"), 3),
  },
  "change the filter lock of a held socket": {
    fenced: "killed",
    run: (raw) => raw.call("setsockopt", held.socket, SOL_SOCKET, SO_LOCK_FILTER, raw.memory(new Uint8Array([1, 0, 0, 0])), 4),
  },
};

const processes: Record<string, Attempt> = {
  "run a program": { fenced: "killed", run: () => spawned(spawnSync(SH, ["-c", "exit 0"]).status) },
  "raw execve": {
    fenced: "killed",
    run: (raw) => raw.call("execve", raw.text(SH), raw.words(raw.text(SH), raw.text("-c"), raw.text(`exit ${SUCCEEDED}`), 0n), raw.words(0n)),
  },
  "raw fork": { fenced: "killed", run: (raw) => raw.call("clone", SIGCHLD, 0, 0, 0, 0) === 0 && raw.call("exit_group", 0) },
  "start a Worker": { fenced: "killed", run: () => once(new Worker("", { eval: true }), "online") },
  "signal another process": { fenced: "killed", run: (_, victim) => process.kill(victim, 0) },
  "signal the parent": { fenced: "killed", run: () => process.kill(process.ppid, 0) },
  "raw tgkill of another process": { fenced: "killed", run: (raw, victim) => raw.call("tgkill", victim, victim, 0) },
  "raw tkill": { fenced: "killed", run: (raw) => raw.call("tkill", process.pid, 0) },
  "raw pidfd_open": { fenced: "killed", run: (raw, victim) => raw.call("pidfd_open", victim, 0) },
  pidfd_send_signal: { fenced: "killed", run: (raw, victim) => raw.call("pidfd_send_signal", raw.call("pidfd_open", victim, 0), 0, 0, 0) },
  "ptrace another process": { fenced: "killed", run: (raw, victim) => raw.call("ptrace", 0x4206 /* SEIZE */, victim, 0, 0) },
  process_vm_readv: { fenced: "killed", run: (raw) => vmRead(raw) },
  "raise a limit of another process": { fenced: "killed", run: (raw, victim) => raw.call("prlimit64", victim, 7, 0, raw.zeros(16)) },
};

const rights: Record<string, Attempt> = {
  "setuid 0": { fenced: "killed", run: (raw) => raw.call("setuid", 0) },
  "setresgid 0": { fenced: "killed", run: (raw) => raw.call("setresgid", 0, 0, 0) },
  capset: { fenced: "killed", run: (raw) => raw.call("capset", raw.memory(new Uint8Array(new Uint32Array([0x20080522, 0]).buffer)), raw.zeros(24)) },
  "prctl: dumpable again": { fenced: "killed", run: (raw) => raw.call("prctl", 4, 1, 0, 0, 0) },
  "prctl: no death with the parent": { fenced: "killed", run: (raw) => raw.call("prctl", 1, 0, 0, 0, 0) },
  personality: { fenced: "killed", run: (raw) => raw.call("personality", 0x0400000) },
  "unshare a namespace": { fenced: "killed", run: (raw) => raw.call("unshare", CLONE.newuts) },
  "a network namespace by clone": {
    fenced: "killed",
    run: (raw) => raw.call("clone", CLONE.newnet | SIGCHLD, 0, 0, 0, 0) === 0 && raw.call("exit_group", 0),
  },
  setns: { fenced: "killed", run: (raw) => raw.call("setns", raw.call("pidfd_open", process.pid, 0), CLONE.newuts) },
  bpf: {
    fenced: "killed",
    run: (raw) => raw.call("bpf", 0, raw.memory(new Uint8Array(new Uint32Array([2, 4, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0]).buffer)), 48),
  },
  userfaultfd: { fenced: "killed", run: (raw) => raw.call("userfaultfd", 0) },
  keyctl: { fenced: "killed", run: (raw) => raw.call("keyctl", 0, -3 /* session keyring */, 1) },
  perf_event_open: { fenced: "killed", run: (raw) => raw.call("perf_event_open", perfAttributes(raw), 0, -1, -1, 0) },
  ioctl: { fenced: "killed", run: (raw) => raw.call("ioctl", 2, 0x541b /* FIONREAD */, raw.zeros(8)) },
  "another seccomp filter": {
    fenced: "killed",
    run: (raw) => raw.call("seccomp", 2 /* GET_ACTION_AVAIL */, 0, raw.memory(new Uint8Array(new Uint32Array([0x7fff0000]).buffer))),
  },
};

const code: Record<string, Attempt> = {
  "mmap executable": {
    fenced: "killed",
    jitlessOnly: true,
    run: (raw) => raw.call("mmap", 0, PAGE, PROT.read | PROT.exec, PRIVATE_ANONYMOUS, -1, 0),
  },
  "mmap writable and executable": {
    fenced: "killed",
    jitlessOnly: true,
    run: (raw) => raw.call("mmap", 0, PAGE, PROT.read | PROT.write | PROT.exec, PRIVATE_ANONYMOUS, -1, 0),
  },
  "mprotect executable": { fenced: "killed", jitlessOnly: true, run: (raw) => raw.call("mprotect", freshPage(raw), PAGE, PROT.read | PROT.exec) },
  "pkey_mprotect executable": {
    fenced: "killed",
    jitlessOnly: true,
    run: (raw) => raw.call("pkey_mprotect", freshPage(raw), PAGE, PROT.read | PROT.exec, -1),
  },
  "shared memory": { fenced: "killed", run: (raw) => raw.call("shmget", 0, PAGE, 0o1600) },
};

export const ATTEMPTS: Readonly<Record<string, Attempt>> = { ...files, ...sockets, ...heldSockets, ...processes, ...rights, ...code };

/** ECONNREFUSED and ENOENT are answers of a network that was reached. */
function reached(socket: ReturnType<typeof connect>): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.on("connect", () => resolve());
    socket.on("error", (error: NodeJS.ErrnoException) => (error.code === "ECONNREFUSED" || error.code === "ENOENT" ? resolve() : reject(error)));
  });
}

function spawned(status: number | null): void {
  if (status !== 0) throw new Error(`the program ended with ${status}`);
}

/** Opened before the fence closes. */
export const held = { socket: -1, stream: -1 };

/** What a role may hold when its fence closes. */
export function holdSockets(raw: Raw): void {
  held.socket = raw.call("socket", AF_INET6, 2, 0);
  held.stream = raw.call("socket", AF_INET6, 1, 0);
}

/** struct sockaddr_in6 of ::1 */
function loopback(raw: Raw, port: number): bigint {
  const address = new Uint8Array(INET6_BYTES);
  address[0] = AF_INET6;
  address[2] = port >> 8;
  address[3] = port & 0xff;
  address[INET6_BYTES - 5] = 1;
  return raw.memory(address);
}

/** Mapped by the call itself, so that nothing of Node's is changed. */
function freshPage(raw: Raw): bigint {
  return BigInt(raw.call("mmap", 0, PAGE, PROT.read | PROT.write, PRIVATE_ANONYMOUS, -1, 0));
}

function handleOf(raw: Raw): bigint {
  const handle = new Uint8Array(8 + 128);
  handle[0] = 128;
  return raw.memory(handle);
}

function vmRead(raw: Raw): number {
  const [from, to] = [raw.zeros(8), raw.zeros(8)];
  return raw.call("process_vm_readv", process.pid, raw.words(to, 8n), 1, raw.words(from, 8n), 1, 0);
}

/** A software clock, the one counter that every machine has. */
function perfAttributes(raw: Raw): bigint {
  return raw.memory(new Uint8Array(new Uint32Array([1, 112, 0, 0, ...Array.from({ length: 24 }, () => 0)]).buffer));
}
