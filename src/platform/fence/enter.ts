/**
 * Closes the fence around this process, for good. Called when all code is loaded and before the first message from
 * anyone is read. The launcher has already taken most rights (`launcher.ts`); here go those it needed to get this far.
 */
import { assert } from "../../base/errors.ts";
import { check, native, OPEN, PR, SECCOMP } from "../native.ts";
import { ALLOW_ALL, buildFilter } from "./bpf.ts";
import { type FenceProfileName, PROFILES } from "./profiles.ts";
import { ownArchitecture } from "./syscalls.ts";
import { warmUp } from "./warm.ts";

export type { FenceProfileName } from "./profiles.ts";

export type FenceRequest = {
  readonly profile: FenceProfileName;
  /** The ids to end up with. Those that the launcher has set already are only verified. */
  readonly uid: number;
  readonly gid: number;
  /** An empty folder that belongs to root: all that is left of the file system. */
  readonly emptyRoot: string;
  /** false in a user namespace that maps too few ids: the role then keeps the ids it has, without any right. */
  readonly ownUids: boolean;
  /** The signal that comes when main ends. Default: SIGKILL. */
  readonly pdeathsig?: number;
};

/** What a kernel or a user namespace can keep from us, in the words an operator reads. */
export const LACKS = {
  ids: "own user ids (this user namespace maps only one)",
  landlock: "Landlock (the kernel is built or started without it)",
  seccomp: "system-call filters (the kernel is built without them)",
} as const;
export type Lack = (typeof LACKS)[keyof typeof LACKS];

const SIGKILL = 9;
const O_DIRECTORY = process.arch === "arm64" ? 0o40000 : 0o200000;

/**
 * Afterwards this process has an empty root folder, its own ids, no capability in any thread, cannot be traced or dumped,
 * gains nothing by exec and makes only the system calls of its profile.
 * @returns what this kernel cannot do; empty on a current one
 * @throws KernelError when a step fails that this kernel knows: the caller must not go on
 */
export function enterFence(request: FenceRequest): readonly Lack[] {
  const profile = PROFILES[request.profile];
  const parent = process.ppid;
  const lacks: Lack[] = [];
  warmUp({ threadPool: profile.threadPool });
  const filter = buildFilter({ rules: profile.rules, architecture: ownArchitecture(), pid: process.pid });
  const tasks = check(native().open("/proc/self/task", OPEN.read | O_DIRECTORY, 0), "open /proc/self/task");
  if (native().landlockAbi() < 0) lacks.push(LACKS.landlock);
  check(native().chroot(request.emptyRoot), "chroot");
  if (request.ownUids) takeIds(request);
  else lacks.push(LACKS.ids);
  check(native().clearCapabilities(tasks), "capset");
  // The kernel forgets the signal when ids change; whose parent ended in between would wait for ever.
  check(native().prctl(PR.setParentDeathSignal, request.pdeathsig ?? SIGKILL, 0, 0, 0), "prctl PR_SET_PDEATHSIG");
  if (process.ppid !== parent) process.exit(0);
  check(native().prctl(PR.setDumpable, 0, 0, 0, 0), "prctl PR_SET_DUMPABLE");
  check(native().noNewPrivs(), "prctl PR_SET_NO_NEW_PRIVS");
  const filtered = native().seccomp(filter, SECCOMP.tsync);
  if (filtered < 0 && !knowsFilters()) lacks.push(LACKS.seccomp);
  else check(filtered, "seccomp");
  return lacks;
}

/** A filter that was refused is a mistake of ours, unless the kernel refuses even one that allows everything. */
function knowsFilters(): boolean {
  return native().seccomp(ALLOW_ALL, 0) >= 0;
}

function takeIds({ uid, gid }: FenceRequest): void {
  assert(uid > 0 && gid > 0, "a role never runs as root");
  const already = process.getuid?.() === uid && process.geteuid?.() === uid && process.getgid?.() === gid && process.getegid?.() === gid;
  const groups = process.getgroups?.() ?? [];
  if (!already || groups.some((group) => group !== gid)) check(native().setIds(uid, gid), "setresuid");
}
