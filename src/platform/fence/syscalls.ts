/** Numbers of the system calls that fences speak of, per architecture: the kernel's interface, which never changes. */

/** What Node calls the machine; the filter refuses every other. */
export const ARCHITECTURES = ["x64", "arm64"] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** AUDIT_ARCH_* of linux/audit.h: what the kernel writes into `seccomp_data.arch`. */
export const AUDIT_ARCHITECTURE: { readonly [A in Architecture]: number } = { x64: 0xc000003e, arm64: 0xc00000b7 };

/** On x86-64, calls with this bit belong to the x32 interface, which has other argument layouts. */
export const X32_BIT = 0x40000000;

/** [x86-64, arm64]; a test compares them with the installed kernel headers. */
export const SYSCALLS = {
  read: [0, 63],
  write: [1, 64],
  readv: [19, 65],
  writev: [20, 66],
  pread64: [17, 67],
  pwrite64: [18, 68],
  pwritev2: [328, 287],
  fdatasync: [75, 83],
  close: [3, 57],
  epoll_ctl: [233, 21],
  epoll_pwait: [281, 22],
  timerfd_settime: [286, 86],
  socket: [41, 198],
  connect: [42, 203],
  recvmsg: [47, 212],
  sendmsg: [46, 211],
  recvmmsg: [299, 243],
  sendmmsg: [307, 269],
  recvfrom: [45, 207],
  sendto: [44, 206],
  shutdown: [48, 210],
  getsockname: [51, 204],
  getpeername: [52, 205],
  getsockopt: [55, 209],
  setsockopt: [54, 208],
  mmap: [9, 222],
  munmap: [11, 215],
  mprotect: [10, 226],
  pkey_mprotect: [329, 288],
  mremap: [25, 216],
  madvise: [28, 233],
  brk: [12, 214],
  futex: [202, 98],
  membarrier: [324, 283],
  sched_yield: [24, 124],
  sched_getaffinity: [204, 123],
  sched_getparam: [143, 121],
  sched_getscheduler: [145, 120],
  clock_gettime: [228, 113],
  clock_nanosleep: [230, 115],
  getrandom: [318, 278],
  uname: [63, 160],
  getpid: [39, 172],
  gettid: [186, 178],
  rt_sigaction: [13, 134],
  rt_sigprocmask: [14, 135],
  rt_sigreturn: [15, 139],
  sigaltstack: [131, 132],
  restart_syscall: [219, 128],
  tgkill: [234, 131],
  fstat: [5, 80],
  newfstatat: [262, 79],
  openat: [257, 56],
  fcntl: [72, 25],
  ioctl: [16, 29],
  exit: [60, 93],
  exit_group: [231, 94],
} as const satisfies Readonly<Record<string, readonly [number, number]>>;
export type SyscallName = keyof typeof SYSCALLS;

export function syscallNumber(name: SyscallName, architecture: Architecture): number {
  return SYSCALLS[name][ARCHITECTURES.indexOf(architecture) === 0 ? 0 : 1];
}

/** The architecture this process runs on. @throws Error on one there is no table for: no fence is worse than no start */
export function ownArchitecture(): Architecture {
  const found = ARCHITECTURES.find((name) => name === process.arch);
  if (found === undefined) throw new Error(`no system-call table for ${process.arch}: fences exist on ${ARCHITECTURES.join(" and ")}`);
  return found;
}
