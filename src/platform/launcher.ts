/**
 * Starts a process behind the fence that must stand before its first instruction: the launcher's arguments are built
 * here, and `native/launcher.c` carries them out. The child's descriptor 3 is its channel to us.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { KernelError } from "../base/errors.ts";
import { nativeFolder } from "./native.ts";

/** What a child may have. Everything not named here it does not get. */
export type RoleLaunch = {
  /** Absolute path of the program. */
  readonly program: string;
  readonly args: readonly string[];
  /** Our descriptor that becomes 3 in the child; the caller closes its own copy afterwards. */
  readonly channelFd: number;
  /** Our descriptors that become 4, 5, ... in the child. */
  readonly extraFds?: readonly number[];
  /** The whole environment of the child. */
  readonly env?: Readonly<Record<string, string>>;
  /** Own ids (both or none). The child then keeps sys_chroot and dac_read_search until it drops them. */
  readonly uid?: number;
  readonly gid?: number;
  /** More capabilities to keep, such as "net_raw". */
  readonly keepCapabilities?: readonly string[];
  /** Keep none but those above: for children that do not chroot. */
  readonly noCapabilities?: boolean;
  /** An empty network namespace. */
  readonly newNet?: boolean;
  readonly newMount?: boolean;
  /** A user namespace in which our ids are 0; not with `uid`. */
  readonly newUser?: boolean;
  /** Only beneath these may the child read and execute; nothing may be written. Not given: no such fence. */
  readonly landlockRead?: readonly string[];
  /** Most descriptors the child may have open. */
  readonly maxFds?: number;
  readonly chdir?: string;
};

/** How a child ended: one of the two is set, as node:child_process has it. */
export type RoleEnd = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type Role = {
  readonly pid: number;
  /** Calls back once, when the child has ended; also when it had ended before. */
  readonly onExit: (listener: (end: RoleEnd) => void) => void;
  /** false when it has ended already: a number used again by the system is never signalled. */
  readonly kill: (signal: NodeJS.Signals) => boolean;
};

const SIGKILL = 9;

/** The launcher's arguments for a child of process `parent`. */
export function launcherArguments(role: RoleLaunch, parent: number): string[] {
  const extra = role.extraFds ?? [];
  return [
    ...[role.channelFd, ...extra].flatMap((_, index) => ["--keep-fd", String(3 + index)]),
    ...Object.entries(role.env ?? {}).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
    ...(role.uid === undefined ? [] : ["--uid", String(role.uid)]),
    ...(role.gid === undefined ? [] : ["--gid", String(role.gid)]),
    ...(role.keepCapabilities ?? []).flatMap((name) => ["--keep-cap", name]),
    ...(role.noCapabilities === true ? ["--no-caps"] : []),
    ...(role.newUser === true ? ["--new-user"] : []),
    ...(role.newNet === true ? ["--new-net"] : []),
    ...(role.newMount === true ? ["--new-mount"] : []),
    ...(role.landlockRead ?? []).flatMap((path) => ["--landlock-read", path]),
    ...(role.maxFds === undefined ? [] : ["--rlimit-nofile", String(role.maxFds)]),
    ...(role.chdir === undefined ? [] : ["--chdir", role.chdir]),
    ...["--no-io-uring", "--no-sigusr1", "--rlimit-core-0", "--no-new-privs"],
    ...["--pdeathsig", String(SIGKILL), "--parent", String(parent)],
    ...["--", role.program, ...role.args],
  ];
}

/**
 * Starts a child. Must be called from the main thread: the kernel ties the parent-death signal to the calling thread.
 * @throws KernelError when the launcher itself cannot be started; its own failures end the child with code 125
 */
export function spawnRole(role: RoleLaunch): Role {
  const child = spawn(`${nativeFolder()}leasehold-launcher`, launcherArguments(role, process.pid), {
    stdio: ["ignore", "inherit", "inherit", role.channelFd, ...(role.extraFds ?? [])],
    env: {},
  });
  let end: RoleEnd | undefined;
  let listeners: ((end: RoleEnd) => void)[] = [];
  child.on("exit", (code, signal) => {
    end = { code, signal };
    const waiting = listeners;
    listeners = [];
    for (const listener of waiting) listener(end);
  });
  child.on("error", () => undefined); // a failed start is thrown below; a failed kill shows in its result
  const pid = child.pid;
  if (pid === undefined) throw new KernelError("spawn", 2, "the launcher did not start; run node scripts/build-native.mjs");
  return {
    pid,
    onExit: (listener) => {
      if (end === undefined) listeners.push(listener);
      else listener(end);
    },
    kill: (signal) => child.kill(signal),
  };
}

/** OpenSSL ends the process when its configuration exists but cannot be read; the path was fixed when Node was built. */
const OPENSSL_CONFIGURATIONS = ["/etc/ssl/openssl.cnf", "/etc/pki/tls", "/etc/crypto-policies/back-ends", "/usr/local/ssl/openssl.cnf"] as const;

/**
 * What `node` itself must read to start: its program, the libraries it has mapped, the linker's index of them and
 * OpenSSL's configuration. A role adds its bundle and, when it loads the addon, `nativeFolder()`.
 */
export function runtimeReadPaths(): string[] {
  const mapped = readFileSync("/proc/self/maps", "utf8")
    .split("\n")
    .map((line) => line.slice(line.indexOf("/")).trim())
    .filter((path) => path.startsWith("/") && /\.so(\.\d+)*$/.test(path));
  const wanted = [realpathSync(process.execPath), "/etc/ld.so.cache", ...OPENSSL_CONFIGURATIONS, ...mapped];
  return [...new Set(wanted)].filter((path) => existsSync(path));
}
