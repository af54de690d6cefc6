/**
 * What each kind of role may still ask of the kernel once its code is loaded. One table: the filter, the tests and the
 * manual read it. Everything else ends the process, except what is answered with an error because Node itself tries it
 * and copes.
 *
 * A call is added here only with the reason, in the group that needs it; `docs/decisions/confinement.md` says what the
 * groups together still permit.
 */
import { ERRNO } from "../native.ts";
import type { Case, Condition, Rule } from "./bpf.ts";
import type { SyscallName } from "./syscalls.ts";

export type FenceProfile = {
  readonly name: string;
  /** The process runs with --jitless, so no mapping is ever executable again. */
  readonly jitless: boolean;
  /** Asynchronous crypto, TLS or compression: libuv's threads must stand before the fence, none can be made after. */
  readonly threadPool: boolean;
  readonly rules: readonly Rule[];
};

const ENOTTY = 25;
const PROT_EXEC = 4;
const FCNTL = { getFlags: 1, setFlags: 2, getStatus: 3, setStatus: 4, duplicate: 1030 } as const;
const FIONBIO = 0x5421;
const TERMINAL_QUESTIONS = [0x5401 /* TCGETS */, 0x802c542a /* TCGETS2 */] as const;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_TYPE_MASK = 0xf;
const AT_EMPTY_PATH = 0x1000;
const SOL_SOCKET = 1;
const IPPROTO_TCP = 6;

const allow = (...names: readonly SyscallName[]): readonly Rule[] => names.map((name) => ({ name, cases: [{ when: [], answer: "allow" }] }));
const when = (name: SyscallName, ...cases: readonly (readonly Condition[])[]): Rule => ({
  name,
  cases: cases.map((conditions): Case => ({ when: conditions, answer: "allow" })),
});

/** What a Node process needs to breathe: memory, threads that exist, time, signals of its own, the end. */
const RUNTIME: readonly Rule[] = [
  // The event loop, its wake-up descriptors, and standard output and error.
  ...allow("read", "write", "readv", "writev", "close", "epoll_ctl", "epoll_pwait"),
  // Memory, locks and the scheduler's answers to allocators. New threads and processes: never.
  ...allow("munmap", "mremap", "madvise", "brk", "futex", "membarrier", "sched_yield", "sched_getaffinity", "sched_getparam", "sched_getscheduler"),
  // Time is read without a call on most machines; these are for those where it is not. Entropy; names of itself.
  ...allow("clock_gettime", "clock_nanosleep", "getrandom", "getpid", "gettid"),
  // Signal handlers, and the way out of them. restart_syscall: what the kernel makes of a sleep that was interrupted.
  ...allow("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall", "exit", "exit_group"),
  // abort() signals its own thread. No other process can be reached.
  when("tgkill", [{ argument: 0, is: ["ownPid"] }]),
  // Kind and size of a descriptor already held. newfstatat is the same question as newer C libraries put it.
  ...allow("fstat"),
  when("newfstatat", [{ argument: 3, mask: AT_EMPTY_PATH, is: [AT_EMPTY_PATH] }]),
  // Watching a descriptor that was handed over duplicates it and makes it non-blocking (F_DUPFD_CLOEXEC, FIONBIO).
  when("fcntl", [{ argument: 1, is: Object.values(FCNTL) }]),
  {
    name: "ioctl",
    cases: [
      { when: [{ argument: 1, is: [FIONBIO] }], answer: "allow" },
      // "Is this a terminal?" is asked of every descriptor that becomes a stream. Nothing here is one.
      { when: [{ argument: 1, is: TERMINAL_QUESTIONS }], answer: { errno: ENOTTY } },
    ],
  },
  // Node 24 looks for the machine's processors late, and a crash report for maps: both cope with a refusal.
  { name: "openat", cases: [{ when: [], answer: { errno: ERRNO.EACCES } }] },
];

/** Machine code made at run time: wanted by the compiler, and by whoever breaks in. Under --jitless nobody gets it. */
const memory = (jitless: boolean): readonly Rule[] => {
  const guarded = ["mmap", "mprotect", "pkey_mprotect"] as const;
  return jitless ? guarded.map((name) => when(name, [{ argument: 2, mask: PROT_EXEC, is: [0] }])) : allow(...guarded);
};

/** Frames with descriptors on sockets it was handed: the channels between roles, connections that main accepted. */
const CHANNELS = allow("recvmsg", "sendmsg");
/** The timer for all alarms, made before the fence: it counts the time the machine slept. */
const TIMER = allow("timerfd_settime");
/** Datagrams on sockets that main opened, bound and pinned to a device. */
const DATAGRAMS = allow("recvmmsg", "sendmmsg", "recvfrom", "sendto");
/** The journal's files, opened by main: read at a place after a restart, written at a place, and made durable. */
const JOURNAL = allow("pread64", "pwrite64", "pwritev2", "fdatasync");
/** What node:net asks of a stream connection it is given, and its orderly end. */
const STREAMS = allow("getsockname", "getpeername", "getsockopt", "shutdown");

/** The Internet as a client: TCP and UDP over IPv4 and IPv6 to anywhere; no raw, packet, netlink or unix socket, no listening. */
const OUTWARD: readonly Rule[] = [
  // The resolver asks for the machine's name, for search domains it is not to use. It does without.
  { name: "uname", cases: [{ when: [], answer: { errno: ERRNO.EPERM } }] },
  when("socket", [
    { argument: 0, is: [AF_INET, AF_INET6] },
    { argument: 1, mask: SOCK_TYPE_MASK, is: [SOCK_STREAM, SOCK_DGRAM] },
  ]),
  ...allow("connect", "recvfrom", "sendto"),
  // Keep-alive and no delay of TCP connections; nothing that attaches filters, binds to devices or opens rings.
  when(
    "setsockopt",
    [
      { argument: 1, is: [IPPROTO_TCP] },
      { argument: 2, is: [1 /* NODELAY */, 4, 5, 6 /* KEEPIDLE, KEEPINTVL, KEEPCNT */] },
    ],
    [
      { argument: 1, is: [SOL_SOCKET] },
      { argument: 2, is: [9 /* KEEPALIVE */] },
    ],
  ),
];

export const PROFILES = {
  /** Parses what strangers send, and decides. Its channels and its timer. */
  engine: { name: "engine", jitless: true, threadPool: false, rules: [...RUNTIME, ...memory(true), ...CHANNELS, ...TIMER] },
  /** An engine that also answers on its own bound sockets and writes the journal before it does; compiles, for speed. */
  "engine+journal": {
    name: "engine+journal",
    jitless: false,
    threadPool: false,
    rules: [...RUNTIME, ...memory(false), ...CHANNELS, ...TIMER, ...DATAGRAMS, ...JOURNAL],
  },
  /** An engine that answers on connections main accepted and sockets it bound, and writes one file of its own; compiles, for large directories. */
  "engine+streams": {
    name: "engine+streams",
    jitless: false,
    threadPool: false,
    rules: [...RUNTIME, ...memory(false), ...CHANNELS, ...TIMER, ...DATAGRAMS, ...allow("shutdown"), ...JOURNAL],
  },
  /** Moves bytes between the sockets it was handed and the engines. */
  frontend: { name: "frontend", jitless: true, threadPool: false, rules: [...RUNTIME, ...memory(true), ...CHANNELS, ...TIMER, ...DATAGRAMS] },
  /** Speaks LDAP over TLS and DNS outwards. */
  fetcher: {
    name: "fetcher",
    jitless: false,
    threadPool: true,
    rules: [...RUNTIME, ...memory(false), ...CHANNELS, ...TIMER, ...STREAMS, ...OUTWARD],
  },
  /** Speaks with PostgreSQL over TLS; by address, never by name. */
  store: { name: "store", jitless: false, threadPool: true, rules: [...RUNTIME, ...memory(false), ...CHANNELS, ...TIMER, ...STREAMS, ...OUTWARD] },
  /** Speaks HTTP on connections that main accepted. */
  control: { name: "control", jitless: false, threadPool: true, rules: [...RUNTIME, ...memory(false), ...CHANNELS, ...TIMER, ...STREAMS] },
} as const satisfies Readonly<Record<string, FenceProfile>>;
export type FenceProfileName = keyof typeof PROFILES;
