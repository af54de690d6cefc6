/**
 * Network namespaces for tests on a real kernel: uniquely named, cleaned up whatever happens, so that suites run side by side.
 * Names of interfaces are free inside each namespace; nothing is made in the namespace the tests run in.
 */
import { execFileSync, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { check, CLONE, native } from "../../src/platform/native.ts";
import { type Finished, run, Running, sound, waitFor } from "./programs.ts";

export { expertProblems, framesOf, type Problem } from "./capture.ts";
export { type Exit, type Finished, Running, waitFor } from "./programs.ts";

/** Second argument of `test`: skips with a reason where namespaces cannot be made. */
export const needsRoot: { readonly skip?: string } = process.getuid?.() === 0 ? {} : { skip: "needs root: network namespaces" };

export type Capture = {
  readonly file: string;
  /** Ends the capture when everything sent so far is in the file. */
  readonly stop: () => Promise<void>;
};

export type SpawnOptions = { readonly env?: NodeJS.ProcessEnv; readonly stdio?: readonly ("ignore" | "pipe" | number)[] };

export class Namespace {
  /** As `ip netns` knows it. */
  readonly name: string;
  readonly #world: World;

  constructor(name: string, world: World) {
    this.name = name;
    this.#world = world;
  }

  get path(): string {
    return `/run/netns/${this.name}`;
  }

  /** @throws Error with everything it wrote when it does not exit 0 */
  async exec(command: string, ...args: readonly string[]): Promise<Finished> {
    const finished = await this.attempt(command, ...args);
    if (finished.code !== 0) throw new Error(`${command} ${args.join(" ")} exited ${finished.code}: ${finished.stderr}${finished.stdout}`);
    return finished;
  }

  /** As `exec`, but any exit code is an answer. */
  attempt(command: string, ...args: readonly string[]): Promise<Finished> {
    return run("ip", ["netns", "exec", this.name, command, ...args]);
  }

  /** `ip` on this namespace. */
  ip(...args: readonly string[]): Promise<Finished> {
    return this.exec("ip", ...args);
  }

  /** What a program prints as JSON: `ns.json("ip", "-j", "addr")`. */
  async json(command: string, ...args: readonly string[]): Promise<unknown> {
    const { stdout } = await this.exec(command, ...args);
    return stdout.trim() === "" ? [] : JSON.parse(stdout);
  }

  /** Starts a program; it is killed at the end if it still runs. */
  spawn(command: string, args: readonly string[], options: SpawnOptions = {}): Running {
    const { env = process.env, stdio = ["ignore", "pipe", "pipe"] } = options;
    return this.#world.started(new Running(spawn("ip", ["netns", "exec", this.name, command, ...args], { env, stdio: [...stdio] })));
  }

  /** The pid of a process that sleeps in this namespace, for whoever wants a namespace named by a pid. */
  async sleeper(): Promise<number> {
    const { pid } = this.spawn("sleep", ["infinity"]);
    const wanted = statSync(this.path).ino;
    await waitFor(() => statSync(`/proc/${pid}/ns/net`).ino === wanted, 5000, `process ${pid} is in ${this.name}`);
    return pid;
  }

  /** `net.ipv6.conf.all.forwarding` and the like. */
  async sysctl(name: string, value: string | number): Promise<void> {
    await this.exec("sysctl", "-q", "-w", `${name}=${value}`);
  }

  /** A wire from here to there; both ends are up. */
  async veth(name: string, other: Namespace, otherName: string): Promise<void> {
    await this.ip("link", "add", name, "type", "veth", "peer", "name", otherName, "netns", other.name);
    await Promise.all([this.ip("link", "set", "dev", name, "up"), other.ip("link", "set", "dev", otherName, "up")]);
  }

  /** A bridge over interfaces that are here already. */
  async bridge(name: string, ports: readonly string[] = []): Promise<void> {
    await this.ip("link", "add", name, "type", "bridge", "stp_state", "0", "forward_delay", "0");
    for (const port of ports) await this.ip("link", "set", "dev", port, "master", name, "up");
    await this.ip("link", "set", "dev", name, "up");
  }

  /** @param address with its prefix length; IPv6 without waiting for duplicate address detection */
  async address(name: string, address: string): Promise<void> {
    await this.ip("addr", "add", address, "dev", name, ...(address.includes(":") ? ["nodad"] : []));
  }

  /** Runs synchronous code in this namespace: sockets opened there stay there. */
  inside<T>(work: () => T): T {
    const home = openSync("/proc/thread-self/ns/net", "r");
    const there = openSync(this.path, "r");
    try {
      check(native().setns(there, CLONE.newnet), "setns");
      return work();
    } finally {
      check(native().setns(home, CLONE.newnet), "setns");
      closeSync(there);
      closeSync(home);
    }
  }

  /** Records an interface with tcpdump, from when this resolves on. */
  async capture(name: string, filter = ""): Promise<Capture> {
    const file = join(this.#world.folder(), `${this.name}-${name}-${this.#world.count()}.pcap`);
    const args = ["-i", name, "-w", file, "-U", "--immediate-mode", "-Z", "root", ...(filter === "" ? [] : [filter])];
    const tcpdump = this.spawn("tcpdump", args);
    await waitFor(
      (see) => {
        see(tcpdump.stderr);
        return tcpdump.stderr.includes("listening on");
      },
      20_000,
      `tcpdump listens on ${name}`,
    );
    const stop = async (): Promise<void> => {
      await delay(100); // what is on its way through the kernel
      await tcpdump.stop("SIGINT");
    };
    return { file, stop };
  }
}

/** All that one call of withNamespaces made. */
class World {
  readonly #namespaces: string[] = [];
  readonly #running: Running[] = [];
  #folder: string | undefined;
  #counter = 0;

  async add(name: string): Promise<Namespace> {
    const unique = `lh-${process.pid}-${worldCount++}-${name}`;
    this.#namespaces.push(unique);
    await run("ip", ["netns", "add", unique]).then(sound);
    await run("ip", ["-n", unique, "link", "set", "lo", "up"]).then(sound);
    return new Namespace(unique, this);
  }

  started(running: Running): Running {
    this.#running.push(running);
    return running;
  }

  folder(): string {
    this.#folder ??= mkdtempSync(join(tmpdir(), "lh-capture-"));
    return this.#folder;
  }

  count(): number {
    return this.#counter++;
  }

  async end(): Promise<void> {
    for (const running of this.#running) running.kill();
    await Promise.all(this.#running.map(({ exited }) => exited));
    this.endNow();
  }

  /** Without waiting: for signals and exits. */
  endNow(): void {
    for (const running of this.#running.splice(0)) running.kill();
    for (const name of this.#namespaces.splice(0)) {
      try {
        execFileSync("ip", ["netns", "del", name], { stdio: "ignore" });
      } catch {
        // never made, or gone
      }
    }
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }
}

const worlds = new Set<World>();
let worldCount = 0;
let guarded = false;

/**
 * Makes one namespace for each name, with its loopback up, for the time of `body`. Programs started in them are killed and the
 * namespaces removed at its end, also when it throws or the process is interrupted.
 */
export async function withNamespaces<const N extends string>(
  names: readonly N[],
  body: (ns: Readonly<Record<N, Namespace>>) => Promise<void>,
): Promise<void> {
  guard();
  const world = new World();
  worlds.add(world);
  try {
    const made: [N, Namespace][] = [];
    for (const name of names) made.push([name, await world.add(name)]);
    await body(Object.fromEntries(made) as Record<N, Namespace>);
  } finally {
    await world.end();
    worlds.delete(world);
  }
}

/** The release of the kernel the tests run on: for comparing versions. */
export function kernelRelease(): { readonly major: number; readonly minor: number } {
  const [major = 0, minor = 0] = readFileSync("/proc/sys/kernel/osrelease", "utf8").split(".").map(Number);
  return { major, minor };
}

function guard(): void {
  if (guarded) return;
  guarded = true;
  const endAll = (): void => {
    for (const world of worlds) world.endNow();
    worlds.clear();
  };
  process.once("exit", endAll);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      endAll();
      process.kill(process.pid, signal);
    });
  }
}
