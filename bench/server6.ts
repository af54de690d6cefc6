/**
 * DHCPv6 servers side by side: exchanges a second and CPU time an exchange, with 32 and with 128 exchanges under way.
 * Each server is started as its users start it, with empty state on a disk; one generator in a namespace of its own asks both the same.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { linkLocal } from "../test/support/link6.ts";
import { type Namespace, type Running, waitFor, withNamespaces } from "../test/support/namespace.ts";
import { processesOf } from "./processes.ts";
import { type Bench, type Measured, median } from "./row.ts";

const PREFERRED_SECONDS = 12;
const VALID_SECONDS = 120;
/** More than a quarter of the lifetime, less than T1. */
const AGE_MS = 4000;
const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/**
 * The program as a user starts it: all roles, all fences, state on the disk. Lifetimes are short for one reason: a renewal soon after the
 * lease is answered with what is left of it and writes nothing. Real ones come at T1 and extend the lease; so these wait for AGE_MS first.
 */
const OURS = `[lan.s0]
ra = "off"
dhcpv6 = "server"
address_pool = "2001:db8:1:0:1::/80"
preferred_seconds = ${PREFERRED_SECONDS}
valid_seconds = ${VALID_SECONDS}
`;
/** Two threads, leases in its file: its fastest setting that remembers what it promised. It writes each lease without waiting for the disk; we wait. */
const kea = (folder: string): object => ({
  Dhcp6: {
    "data-directory": folder,
    "interfaces-config": { interfaces: ["s0"] },
    "lease-database": { type: "memfile", persist: true, name: join(folder, "leases6.csv"), "lfc-interval": 0 },
    "multi-threading": { "enable-multi-threading": true, "thread-pool-size": 2, "packet-queue-size": 256 },
    "preferred-lifetime": PREFERRED_SECONDS,
    "valid-lifetime": VALID_SECONDS,
    "renew-timer": PREFERRED_SECONDS / 2,
    "rebind-timer": (PREFERRED_SECONDS * 3) / 4,
    "option-data": [{ name: "dns-servers", data: "2001:db8:1::1" }],
    subnet6: [{ id: 1, subnet: "2001:db8:1::/64", interface: "s0", "rapid-commit": true, pools: [{ pool: "2001:db8:1:0:1::/80" }] }],
    loggers: [{ name: "kea-dhcp6", severity: "ERROR", output_options: [{ output: join(folder, "kea6.log") }] }],
  },
});

const WINDOWS = [32, 128] as const;
/** The same for every server: a table and code that have been in use. More renewals than there are leases would come in two rounds. */
const WARMING = ["sarr:4000", "renew:4000", "info:4000"];
const COUNTED = ["sarr:6000", `sleep:${AGE_MS}`, "renew:10000", "info:20000"];
/** A server that wrote less an exchange has promised what it does not remember. */
const WRITTEN_BYTES = { sarr: 32, renew: 32, info: 0 } as const;
const KINDS = { "4-message": "sarr", renew: "renew", info: "info" } as const;
type Kind = keyof typeof KINDS;

type Start = (ns: Namespace, folder: string) => Running;
const SERVERS: Readonly<Record<string, Start>> = {
  leasehold: (ns, folder) => {
    const configuration = join(folder, "leasehold.toml");
    writeFileSync(configuration, OURS, { mode: 0o644 });
    const places = ["--runtime-dir", join(folder, "run"), "--state-dir", join(folder, "state")];
    return ns.spawn(join(root, "bin/leasehold"), ["run", "-f", configuration, ...places]);
  },
  kea: (ns, folder) => {
    const configuration = join(folder, "kea6.json");
    writeFileSync(configuration, JSON.stringify(kea(folder)));
    return ns.spawn("kea-dhcp6", ["-c", configuration], { env: { ...process.env, KEA_PIDFILE_DIR: folder, KEA_LOCKFILE_DIR: folder } });
  },
};

/** One line of the generator for each phase; CPU time and bytes written are those of an exchange, by all processes of the server. */
type Phase = { readonly phase: string; readonly per_s: number; readonly srv_cpu_us: number; readonly srv_written: number };
type Sample = { readonly perSecond: number; readonly cpuMicroseconds: number };
/** Samples by server, kind and window. */
type Samples = Map<string, Sample[]>;
const keyOf = (server: string, kind: Kind, window: number): string => `${server} ${kind} ${window}`;

export const server6: Bench = async (rounds, progress) => {
  execFileSync(process.execPath, [join(root, "scripts/setup-peers.mjs")], { stdio: ["ignore", "ignore", "inherit"] });
  execFileSync(process.execPath, [join(root, "scripts/build.mjs")], { stdio: ["ignore", "ignore", "inherit"] });
  const folder = mkdtempSync(join(root, "bench/.run-"));
  const samples: Samples = new Map();
  try {
    const load = join(folder, "dhcp6load");
    execFileSync("cc", ["-O2", "-o", load, join(root, "bench/tools/dhcp6load.c")]);
    await withNamespaces(["server", "client"], async ({ server, client }) => {
      await wired(server, client);
      for (let round = 1; round <= rounds; round++)
        for (const window of WINDOWS)
          for (const [name, start] of Object.entries(SERVERS)) {
            const phases = await measured(server, client, start, load, window, join(folder, `${name}-${round}-${window}`));
            for (const kind of Object.keys(KINDS) as Kind[]) {
              const phase = phases.find((one) => one.phase === KINDS[kind]);
              if (phase === undefined) throw new Error(`${name}: the generator said nothing of ${kind}`);
              if (phase.srv_written < WRITTEN_BYTES[KINDS[kind]]) throw new Error(`${name}: ${phase.srv_written} bytes written for a ${kind}`);
              const key = keyOf(name, kind, window);
              samples.set(key, [...(samples.get(key) ?? []), { perSecond: phase.per_s, cpuMicroseconds: phase.srv_cpu_us }]);
            }
            const told = phases
              .map((one) => `${one.phase} ${Math.round(one.per_s)}/s ${one.srv_cpu_us} us ${Math.round(one.srv_written)} B`)
              .join(", ");
            progress(`round ${round} ${name}, ${window} under way: ${told}`);
          }
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return rowsOf(samples);
};

function rowsOf(samples: Samples): readonly Measured[] {
  const kinds = Object.keys(KINDS) as Kind[];
  const rates = WINDOWS.flatMap((window) => kinds.map((kind) => row(`${kind} at ${window}`, samples, kind, window, "rate")));
  const costs = WINDOWS.flatMap((window) => kinds.map((kind) => row(`cpu ${kind} at ${window}`, samples, kind, window, "cpu")));
  return [...rates, ...costs];
}

function row(work: string, samples: Samples, kind: Kind, window: number, what: "rate" | "cpu"): Measured {
  const of = (server: string): number | null =>
    median((samples.get(keyOf(server, kind, window)) ?? []).map((one) => (what === "rate" ? one.perSecond : one.cpuMicroseconds)));
  const peers = Object.keys(SERVERS).filter((name) => name !== "leasehold");
  const known = peers.map((name) => [name, of(name)] as const).filter((entry): entry is readonly [string, number] => entry[1] !== null);
  const unit = what === "rate" ? "exchanges/s" : "us CPU an exchange, all processes";
  return { work, unit, ours: of("leasehold"), peers: Object.fromEntries(known), lowerIsBetter: what === "cpu", limit: null };
}

async function wired(server: Namespace, client: Namespace): Promise<void> {
  for (const ns of [server, client]) for (const name of ["accept_dad", "accept_ra"]) await ns.sysctl(`net.ipv6.conf.default.${name}`, 0);
  await server.veth("s0", client, "c0");
  await server.address("s0", "2001:db8:1::1/64");
  await client.address("c0", "2001:db8:1::2/64");
  await Promise.all([linkLocal(server, "s0"), linkLocal(client, "c0")]);
}

async function measured(server: Namespace, client: Namespace, start: Start, load: string, window: number, folder: string): Promise<readonly Phase[]> {
  mkdirSync(folder, { mode: 0o755 });
  const program = start(server, folder);
  try {
    await waitFor(
      async (see) => {
        see(program.stdout + program.stderr);
        return !program.running || (await client.attempt(load, "-I", "c0", "-t", "100", "-m", "5", "info:1")).code === 0;
      },
      20_000,
      "the server answers",
    );
    if (!program.running) throw new Error(`the server ended:\n${program.stdout}${program.stderr}`);
    const pids = processesOf(program.pid).join(",");
    const { code, stdout, stderr } = await client.attempt(load, "-I", "c0", "-w", String(window), "-u", "-M", pids, ...WARMING, ...COUNTED);
    const lines = stdout.split("\n").filter((line) => line !== "");
    const told = lines.map((line) => JSON.parse(line) as Partial<Phase> & { readonly duplicates?: number });
    const duplicates = told.some((one) => (one.duplicates ?? 0) > 0);
    if (code !== 0 || duplicates) throw new Error(`the generator is not content (${code}):\n${stdout}${stderr}${program.stderr}`);
    return told.filter((one): one is Phase => one.phase !== undefined).slice(WARMING.length);
  } finally {
    await program.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
