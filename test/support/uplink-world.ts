/** One uplink on a real kernel: a namespace with somebody else's server, one with ours, a capture between them. All of it is gone afterwards. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** A reason to skip, or false. */
export const NEEDS_ROOT = process.getuid?.() === 0 ? false : "needs root for network namespaces";
export const SERVER_ADDRESS = "10.64.0.1";
export const CLIENT_MAC = "02:00:5e:10:00:55";

export type KernelAddress = { readonly local: string; readonly prefixlen: number; readonly protocol?: string; readonly valid_life_time: number };
export type KernelRoute = {
  readonly dst: string;
  readonly gateway?: string;
  readonly protocol: string;
  readonly metric?: number;
  readonly prefsrc?: string;
};
/** For configurations of tests that are not about resolvers. */
export const NO_RESOLVER = '[system]\nresolver = "none"\n';
/** A program that does not end when told to is ended. */
const STOP_PATIENCE_MS = 10_000;
let worlds = 0;

export class UplinkWorld {
  readonly folder = mkdtempSync(join(tmpdir(), "leasehold-world-"));
  readonly server: string;
  readonly client: string;
  readonly #children = new Set<ChildProcess>();

  constructor() {
    const tag = `lh${process.pid}w${worlds++}`;
    this.server = `${tag}s`;
    this.client = `${tag}c`;
    for (const name of [this.server, this.client]) execFileSync("ip", ["netns", "add", name]);
    this.ip(this.server, "link", "add", "s0", "type", "veth", "peer", "name", "c0", "netns", this.client);
    this.ip(this.client, "link", "set", "c0", "address", CLIENT_MAC);
    for (const [namespace, link] of [
      [this.server, "lo"],
      [this.client, "lo"],
      [this.server, "s0"],
      [this.client, "c0"],
    ] as const)
      this.ip(namespace, "link", "set", link, "up");
    // otherwise the kernel leaves its own UDP checksums to a card that is not there, and every capture shows them wrong
    execFileSync("ip", ["netns", "exec", this.client, "ethtool", "-K", "c0", "tx", "off"], { stdio: "ignore" });
    this.ip(this.server, "addr", "add", `${SERVER_ADDRESS}/24`, "dev", "s0");
  }

  ip(namespace: string, ...args: readonly string[]): string {
    return execFileSync("ip", ["-n", namespace, ...args], { encoding: "utf8" });
  }

  write(name: string, text: string): string {
    writeFileSync(join(this.folder, name), text, { mode: 0o644 });
    return join(this.folder, name);
  }

  read(name: string): string {
    try {
      return readFileSync(join(this.folder, name), "utf8");
    } catch {
      return "";
    }
  }

  /** Runs in a namespace until `stop`, or the end of the world; its output is in the file NAME.log. */
  spawn(namespace: string, name: string, command: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    const child = spawn("sh", ["-c", 'exec "$@" >>"$0" 2>&1', join(this.folder, `${name}.log`), "ip", "netns", "exec", namespace, ...command], {
      stdio: "ignore",
      env: { ...process.env, ...env },
    });
    this.#children.add(child);
    child.on("exit", () => this.#children.delete(child));
    return child;
  }

  async stop(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.on("exit", resolve));
    child.kill(signal);
    const impatient = setTimeout(() => child.kill("SIGKILL"), STOP_PATIENCE_MS);
    await ended;
    clearTimeout(impatient);
  }

  /** The program as a user starts it: all roles, all fences. The resolvers of the machine the tests run on stay as they are. */
  leasehold(configuration = "[uplink4.c0]\nretransmit_seconds = 1\n"): ChildProcess {
    const system = configuration.includes("[system]") ? "" : '\n[system]\nresolver = "none"\n';
    const file = this.write("leasehold.toml", `${configuration}${system}`);
    return this.spawn(this.client, "leasehold", [
      join(root, "bin/leasehold"),
      "run",
      "-f",
      file,
      "--runtime-dir",
      join(this.folder, "run"),
      "--state-dir",
      join(this.folder, "state"),
      "--log-level",
      "debug",
    ]);
  }

  /** Asks the running program. */
  control(...args: readonly string[]): string {
    return execFileSync(join(root, "bin/leasehold"), [...args, "--runtime-dir", join(this.folder, "run")], { encoding: "utf8" });
  }

  /** Our addresses on the uplink as `ip -j` tells them. */
  addresses(): readonly KernelAddress[] {
    const [link] = JSON.parse(this.ip(this.client, "-j", "-4", "addr", "show", "dev", "c0")) as readonly {
      readonly addr_info?: readonly KernelAddress[];
    }[];
    return link?.addr_info ?? [];
  }

  routes(): readonly KernelRoute[] {
    return JSON.parse(this.ip(this.client, "-j", "-4", "route", "show")) as readonly KernelRoute[];
  }

  /** Captures on the server's side from now on. */
  async capture(): Promise<Capture> {
    const file = join(this.folder, "wire.pcap");
    const child = this.spawn(this.server, "tcpdump", ["tcpdump", "-i", "s0", "--immediate-mode", "-U", "-w", file, "udp or arp or icmp"]);
    await this.until("tcpdump listens", () => (this.read("tcpdump.log").includes("listening on") ? true : undefined));
    return { file, stop: () => this.stop(child, "SIGINT") };
  }

  /** Polls until `look` gives a value. */
  async until<T>(what: string, look: () => T | undefined, seconds = 30): Promise<T> {
    const end = performance.now() + seconds * 1000;
    for (;;) {
      const value = look();
      if (value !== undefined) return value;
      if (performance.now() > end)
        throw new Error(
          `${what}: not within ${seconds} s\nleasehold said:\n${this.read("leasehold.log").slice(-2000)}\nserver said:\n${this.read("server.log").slice(-2000)}\nkernel: ${JSON.stringify(this.addresses())}`,
        );
      await pause(50);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#children].map((child) => this.stop(child)));
    for (const name of [this.server, this.client]) execFileSync("ip", ["netns", "del", name]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Runs a story in a world of its own. */
export async function inWorld(story: (world: UplinkWorld) => Promise<void>): Promise<void> {
  const world = new UplinkWorld();
  try {
    await story(world);
  } finally {
    await world.close();
  }
}

export type Capture = { readonly file: string; readonly stop: () => Promise<void> };
/** One DHCP message as tshark reads it. */
export type Seen = {
  readonly atSeconds: number;
  readonly type: string;
  readonly source: string;
  readonly destination: string;
  readonly ciaddr: string;
  readonly xid: string;
};
const TYPES = ["", "discover", "offer", "request", "decline", "ack", "nak", "release", "inform"];

export function dhcpIn(file: string): readonly Seen[] {
  const fields = ["frame.time_epoch", "dhcp.option.dhcp", "ip.src", "ip.dst", "dhcp.ip.client", "dhcp.id"];
  return tshark(file, "dhcp", fields).map(([at = "", type = "", source = "", destination = "", ciaddr = "", xid = ""]) => ({
    atSeconds: Number(at),
    type: TYPES[Number(type)] ?? type,
    source,
    destination,
    ciaddr,
    xid,
  }));
}

/** What was said, without what was said again: a message of each kind in each transaction. On a busy machine answers are late. */
export function toldOnce<T extends { readonly type: string; readonly xid: string }>(seen: readonly T[]): readonly T[] {
  return seen.filter(({ type, xid }, i) => seen.findIndex((one) => one.type === type && one.xid === xid) === i);
}

/** Malformed frames and expert remarks from warning up, in frames that match. */
export function problemsIn(file: string, filter: string): readonly string[] {
  const problems = tshark(file, `(${filter}) && (_ws.malformed || _ws.expert.severity >= 0x600000)`, [
    "frame.number",
    "_ws.expert.message",
    "_ws.malformed",
  ]);
  return problems.map((row) => row.join(" "));
}

function tshark(file: string, filter: string, fields: readonly string[]): readonly (readonly string[])[] {
  const text = execFileSync(
    "tshark",
    [
      "-r",
      file,
      "-Y",
      filter,
      "-T",
      "fields",
      "-o",
      "ip.check_checksum:TRUE",
      "-o",
      "udp.check_checksum:TRUE",
      ...fields.flatMap((field) => ["-e", field]),
    ],
    { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
  );
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("\t"));
}
