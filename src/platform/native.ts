/**
 * The face of the native layer: system calls as typed functions, and the one place where -errno becomes an error.
 *
 * Every function is synchronous and does not block (except flock without LOCK_NB, fsync and open). It returns >= 0, or
 * -errno when the kernel refused; a wrong argument type throws TypeError. `check` turns the former into KernelError.
 */
import { createRequire } from "node:module";
import { getSystemErrorName } from "node:util";
import { fileURLToPath } from "node:url";
import { KernelError } from "../base/errors.ts";

declare const batchBrand: unique symbol;
declare const pollBrand: unique symbol;
/** A batch's native half. Living as long as somebody holds it. */
export type BatchHandle = { readonly [batchBrand]: true };
/** A watched descriptor. Lives until pollClose, whoever holds it. */
export type PollHandle = { readonly [pollBrand]: true };

/**
 * One buffer, four arrays, each starting at a multiple of 8:
 * data[slots][dataSize], addr[slots][128], ctl[slots][controlSize], meta[slots]{u32 length, addrlen, ctllen, flags}
 * in the machine's byte order. Never transfer or detach it: the batch then throws TypeError. `batchLayout` has offsets.
 */
export type Batch = { readonly handle: BatchHandle; readonly arena: ArrayBuffer };

/** A thread that writes parts of `pages`, which start and end at whole pages of memory. */
export type CommitterHandle = { readonly committer: number; readonly pages: ArrayBuffer; readonly readyFd: number };

/** System calls. Unless said otherwise: 0 or -errno. `fd` is a descriptor number, `sockaddr` the kernel's own bytes. */
export interface Native {
  /** A new descriptor, always close-on-exec and non-blocking. */
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, sockaddr: Uint8Array): number;
  /** -EINPROGRESS when it goes on in the background. */
  connect(fd: number, sockaddr: Uint8Array): number;
  listen(fd: number, backlog: number): number;
  /** A new descriptor, close-on-exec and non-blocking. */
  accept(fd: number): number;
  shutdown(fd: number, how: number): number;
  /** Close a poll of the descriptor first: its duplicate keeps the open file alive. */
  close(fd: number): number;
  /** A new descriptor of at least 3, close-on-exec. */
  dup(fd: number): number;
  /** -EOPNOTSUPP for levels and options whose value is not plain bytes (tables, filters, rings, zero-copy). */
  setSockOpt(fd: number, level: number, name: number, value: Uint8Array): number;
  /** The value's length in bytes; -EOPNOTSUPP as above. */
  getSockOpt(fd: number, level: number, name: number, out: Uint8Array): number;
  /** The address's length in bytes; -EMSGSIZE when `out` is shorter. */
  getSockName(fd: number, out: Uint8Array): number;
  /** The other end's, the same way. */
  getPeerName(fd: number, out: Uint8Array): number;
  /** Attaches a classic BPF program: `struct sock_filter`, 8 bytes an instruction. */
  attachFilter(fd: number, program: Uint8Array): number;
  /** Two connected unix sockets in out[0] and out[1]. */
  socketPair(type: number, out: Int32Array): number;
  /** Process, user and group of the other end in out[0..2], noted by the kernel when it connected. Ids as int32. */
  peerCredentials(fd: number, out: Int32Array): number;

  /** Sends `bytes` (not empty: that would read as the end) with up to 16 descriptors. Returns the bytes sent. */
  sendMessage(fd: number, bytes: Uint8Array, fds: Int32Array | undefined): number;
  /**
   * Receives one message; returns its length, 0 at the end. fdsOut[0] becomes the number of descriptors, which follow.
   * -EMSGSIZE when message or descriptors did not fit: the message is gone and its descriptors are closed.
   */
  recvMessage(fd: number, bytes: Uint8Array, fdsOut: Int32Array): number;
  /** Returns the bytes sent. MSG_NOSIGNAL and MSG_DONTWAIT are added. */
  sendTo(fd: number, bytes: Uint8Array, sockaddr: Uint8Array | undefined, flags: number): number;
  /** Returns the length (the datagram's own with MSG_TRUNC). `sockaddrOut` is zeroed and filled, cut to its length. */
  recvFrom(fd: number, bytes: Uint8Array, sockaddrOut: Uint8Array | undefined, flags: number): number;

  /** At most 1024 slots, 1 MiB of data and 64 KiB of control a slot, 64 MiB in all; throws TypeError beyond. */
  batchNew(slots: number, dataSize: number, controlSize: number): Batch;
  /** Receives into slots 0..max-1 and fills their meta; returns how many. meta.flags has MSG_TRUNC and MSG_CTRUNC. */
  recvBatch(fd: number, handle: BatchHandle, max: number, flags: number): number;
  /** Sends slots from..to-1 as meta says; returns how many went. -EINVAL when a meta length passes its array. */
  sendBatch(fd: number, handle: BatchHandle, from: number, to: number): number;

  /**
   * Calls back when `fd` is readable (1), writable (2) or has an error to fetch (4, always with the bits asked for);
   * watches for readable at first. Watches a duplicate of `fd`, made with fcntl(F_DUPFD_CLOEXEC). A throwing callback
   * becomes an uncaughtException. Returns -errno for what cannot be watched.
   */
  pollNew(fd: number, callback: (events: number) => void): PollHandle | number;
  /**
   * Watches for 0 nothing, or the sum of 1 readable, 2 writable, 8 priority: files of /proc and /sys that have changed say that, and are
   * always readable. -EBADF after pollClose.
   */
  pollSet(handle: PollHandle, events: number): number;
  /** The callback is never called again. May be repeated. */
  pollClose(handle: PollHandle): number;

  /** Milliseconds since boot, suspend included, with fractions. */
  bootTimeMs(): number;
  /** Fills the bytes from the kernel's generator (getrandom). Returns how many; at most 256 are always whole. */
  random(out: Uint8Array): number;
  /** A descriptor that becomes readable at the instant set. */
  timerNew(): number;
  /** `atMs` as of bootTimeMs. The past fires at once; Infinity disarms. */
  timerSet(fd: number, atMs: number): number;
  /** How often it fired since last read; -EAGAIN when it has not. */
  timerRead(fd: number): number;
  /** A descriptor that becomes readable when the wall clock is set or the machine wakes; `timerRead` then gives -ECANCELED. */
  clockSetWatchNew(): number;

  /** A new descriptor, always close-on-exec. May block. */
  open(path: string, flags: number, mode: number): number;
  flock(fd: number, operation: number): number;
  fsync(fd: number): number;
  /** Makes an opened /dev/net/tun the interface `name` (up to 15 bytes). */
  ioctlTun(fd: number, name: string, flags: number): number;

  /** CRC-32C of `length` bytes from `offset`. */
  crc32c(bytes: Uint8Array, offset: number, length: number): number;
  /** Reads at a place in a file; returns the bytes read, 0 at its end. A file opened with O_DIRECT wants whole pages. */
  pread(fd: number, bytes: Uint8Array, offset: number, length: number, place: number): number;
  /** Writes at a place, and returns the bytes written when they are on disk: this blocks. */
  writeDurably(fd: number, bytes: Uint8Array, offset: number, length: number, place: number): number;
  /** Blocks until what was written to the file is on disk. */
  fdatasync(fd: number): number;
  /** Memory that starts and ends at whole pages, for files opened with O_DIRECT. `bytes` as below. */
  pagesNew(bytes: number): ArrayBuffer | number;
  /**
   * A thread and its pages, for good; to be made before seccomp. `readyFd` becomes readable when a write has ended.
   * At most 4; throws TypeError unless `bytes` is a multiple of 4,096 up to 64 MiB.
   */
  committerNew(bytes: number): CommitterHandle | number;
  /** Has the thread write a part of its pages durably. Neither part nor `fd` may change until the result was fetched. */
  committerSubmit(committer: number, fd: number, offset: number, length: number, place: number): number;
  /** Bytes written, or -errno of the write; -EAGAIN while it goes on or when there was none. */
  committerResult(committer: number): number;

  /** Of the calling thread only. CLONE_NEW* and CLONE_FS. */
  unshare(flags: number): number;
  /** Of the calling thread only. */
  setns(fd: number, type: number): number;
  /** Also changes into the new root. */
  chroot(path: string): number;
  /** Real, effective and saved ids of all threads, no supplementary groups; verified. */
  setIds(uid: number, gid: number): number;
  /**
   * Empties every capability set of every thread, the bounding set where permitted. `tasks` is /proc/self/task opened
   * before a chroot, and is closed; undefined opens it here. Call before seccomp: it signals every thread.
   */
  clearCapabilities(tasks: number | undefined): number;
  /** Of the calling thread only. -EOPNOTSUPP for options that take an address. */
  prctl(option: number, a: number, b: number, c: number, d: number): number;
  /** Of the calling thread; seccomp with TSYNC spreads it. */
  noNewPrivs(): number;
  /** Applies a classic BPF filter (8 bytes an instruction). -ESRCH: a thread could not be brought along, nothing applied. */
  seccomp(program: Uint8Array, flags: number): number;
  /** Gives back to the kernel what the C library keeps for later; 1 when something went. */
  trimMemory(): number;
  /** Landlock's version, from 1; -ENOSYS or -EOPNOTSUPP without it. */
  landlockAbi(): number;
}

/** Numbers of the kernel's interface, the same on every architecture we build for. */
export const AF = { unix: 1, inet: 2, inet6: 10, netlink: 16, packet: 17 } as const;
export const SOCK = { stream: 1, dgram: 2, raw: 3, seqpacket: 5 } as const;
export const SOL = { ip: 0, socket: 1, tcp: 6, udp: 17, ipv6: 41, icmpv6: 58, packet: 263, netlink: 270 } as const;
export const SO = {
  reuseAddress: 2,
  error: 4,
  broadcast: 6,
  sendBuffer: 7,
  receiveBuffer: 8,
  priority: 12,
  reusePort: 15,
  bindToDevice: 25,
  detachFilter: 27,
  timestamp: 29,
  receiveBufferForce: 33,
  mark: 36,
  lockFilter: 44,
} as const;
export const MSG = { peek: 2, controlTruncated: 8, truncated: 32, dontWait: 64, errorQueue: 0x2000, closeOnExec: 0x40000000 } as const;
export const POLL = { readable: 1, writable: 2, failed: 4, priority: 8 } as const;
export const CLONE = { newns: 0x20000, newuser: 0x10000000, newnet: 0x40000000 } as const;
export const OPEN = {
  read: 0,
  write: 1,
  readWrite: 2,
  create: 0o100,
  exclusive: 0o200,
  truncate: 0o1000,
  append: 0o2000,
  nonBlock: 0o4000,
  path: 0o10000000,
} as const;
export const LOCK = { shared: 1, exclusive: 2, nonBlock: 4, unlock: 8 } as const;
export const PR = { setParentDeathSignal: 1, getDumpable: 3, setDumpable: 4, getNoNewPrivs: 39 } as const;
export const SECCOMP = { tsync: 1, log: 2 } as const;
export const TUN = { tun: 1, tap: 2, noPacketInfo: 0x1000 } as const;
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  EPIPE: 32,
  ENOSYS: 38,
  EMSGSIZE: 90,
  EOPNOTSUPP: 95,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ENETDOWN: 100,
  ENETUNREACH: 101,
  ENOBUFS: 105,
  EINPROGRESS: 115,
} as const;

/** Bytes of one address and of one meta entry in a batch's arena. */
export const BATCH_ADDRESS_BYTES = 128;
export const BATCH_META_BYTES = 16;

/** Where a batch's arrays start in its arena, in bytes. */
export type BatchLayout = {
  readonly data: number;
  readonly addresses: number;
  readonly controls: number;
  readonly metas: number;
  readonly total: number;
};

/** The offsets that `batchNew` with the same numbers uses. */
export function batchLayout(shape: { readonly slots: number; readonly dataSize: number; readonly controlSize: number }): BatchLayout {
  const addresses = align8(shape.slots * shape.dataSize);
  const controls = addresses + shape.slots * BATCH_ADDRESS_BYTES;
  const metas = controls + align8(shape.slots * shape.controlSize);
  return { data: 0, addresses, controls, metas, total: metas + shape.slots * BATCH_META_BYTES };
}

/**
 * The result of a native call when it is not negative.
 * @throws KernelError naming the system call, otherwise
 */
export function check(result: number, syscall: string): number {
  if (result >= 0) return result;
  throw new KernelError(syscall, -result, errnoName(-result));
}

/** A watched descriptor, for `pollNew`'s result. @throws KernelError when the kernel refused */
export function checkPoll(result: PollHandle | number): PollHandle {
  if (typeof result !== "number") return result;
  throw new KernelError("poll", -result, errnoName(-result));
}

/** What a function that makes an object made. @throws KernelError when the kernel refused */
export function checkMade<T extends object>(result: T | number, what: string): T {
  if (typeof result !== "number") return result;
  throw new KernelError(what, -result, errnoName(-result));
}

/** "ENODEV" for 19; empty for a number the system has no name for. */
export function errnoName(errno: number): string {
  try {
    return getSystemErrorName(-errno);
  } catch {
    return "";
  }
}

/** The folder with the addon and the launcher: beside src/ in a checkout, beside dist/ for bundles. */
export function nativeFolder(): string {
  const up = import.meta.url.endsWith("/src/platform/native.ts") ? "../../native/build/" : "../native/build/";
  return fileURLToPath(new URL(up, import.meta.url));
}

let loaded: Native | undefined;

/** The addon, loaded on first use. @throws Error with what to do when it was not built */
export function native(): Native {
  loaded ??= load();
  return loaded;
}

function load(): Native {
  const path = `${nativeFolder()}leasehold.node`;
  try {
    return createRequire(import.meta.url)(path) as Native;
  } catch (error) {
    throw new Error(`the native layer did not load from ${path}: run "node scripts/build-native.mjs"`, { cause: error });
  }
}

function align8(size: number): number {
  return (size + 7) & ~7;
}
