/**
 * DHCPv6 servers side by side: exchanges a second and CPU time an exchange, with 128 and with 32 exchanges under way; the same for a
 * program that only echoes; what half the load takes; and what a million leases cost (server6-large.ts). One generator in a namespace of
 * its own asks all of them the same.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Bench, type Measured, median } from "./row.ts";
import { large } from "./server6-large.ts";
import { loaded, type Phase } from "./server6-load.ts";
import { SERVERS } from "./server6-servers.ts";
import { serving, type World, withWorld } from "./server6-world.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
/** More than a quarter of the lifetime, less than T1: a renewal extends the lease and has to be written. */
const AGE = "sleep:4000";
const WINDOWS = [128, 32] as const;
const scaled = (kind: string, count: number, share: number): string => `${kind}:${Math.ceil((count * share) / 1000)}`;
/** The same for every server: a table and code that have been in use, then what counts. */
const phases = (share: number): readonly string[] => [
  ...["sarr", "renew", "info"].map((kind) => scaled(kind, 4000, share)),
  ...["sarr", "rapid"].map((kind) => scaled(kind, 10_000, share)),
  AGE,
  scaled("renew", 10_000, share),
  scaled("info", 20_000, share),
];
const WARMING = 3;
const KINDS = { "4-message": "sarr", rapid: "rapid", renew: "renew", info: "info" } as const;
type Kind = keyof typeof KINDS;
/** Ours and Kea: who wrote less an exchange has promised what it does not remember. ISC's writes nothing when a lease is renewed so soon. */
const REMEMBERING: readonly string[] = ["leasehold", "kea", "kea-2-threads"];
const WRITTEN_BYTES: Readonly<Record<Kind, number>> = { "4-message": 32, rapid: 32, renew: 32, info: 0 };
/** Exchanges of the phase that counts, and of the one before it, at half the rate at 128. */
const HALF_LOAD = ["sarr:20000", "sarr:20000"] as const;

type Samples = Map<string, number[]>;
const note = (samples: Samples, key: string, value: number): void => void samples.set(key, [...(samples.get(key) ?? []), value]);

export const server6: Bench = async (rounds, progress) => {
  execFileSync(process.execPath, [join(root, "scripts/setup-peers.mjs")], { stdio: ["ignore", "ignore", "inherit"] });
  execFileSync(process.execPath, [join(root, "scripts/build.mjs")], { stdio: ["ignore", "ignore", "inherit"] });
  const folder = mkdtempSync(join(root, "bench/.run-"));
  const samples: Samples = new Map();
  try {
    return await withWorld(folder, async (world) => {
      for (let round = 1; round <= rounds; round++) {
        for (const window of WINDOWS) {
          for (const [name, { start, share, rounds: most }] of Object.entries(SERVERS)) {
            if (round > most) continue;
            const told = await serving(world, start, (pid) => loaded(world.client, pid, { tool: world.load, window, phases: phases(share) }));
            progress(`round ${round} ${name}, ${window} under way: ${sayings(told)}`);
            for (const kind of Object.keys(KINDS) as Kind[]) keep(samples, name, kind, window, told);
          }
          note(samples, `echo ${window}`, await echoed(world, window));
        }
        await halfLoad(world, samples, progress);
      }
      return [...rowsOf(samples), ...(await large(world, progress))];
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

function keep(samples: Samples, server: string, kind: Kind, window: number, told: readonly Phase[]): void {
  const phase = told.slice(WARMING).find((one) => one.phase === KINDS[kind]);
  if (phase === undefined) throw new Error(`${server}: the generator said nothing of ${kind}`);
  if (REMEMBERING.includes(server) && phase.writtenBytes < WRITTEN_BYTES[kind])
    throw new Error(`${server}: ${phase.writtenBytes} bytes written for a ${kind}`);
  note(samples, `${server} ${kind} ${window} rate`, phase.perSecond);
  note(samples, `${server} ${kind} ${window} cpu`, phase.cpuMicroseconds);
}

/** Datagrams in and out that nobody looks into: what the machine can do at all. */
async function echoed(world: World, window: number): Promise<number> {
  const echo = world.server.spawn(world.echo, ["547"]);
  try {
    const told = await loaded(world.client, echo.pid, {
      tool: world.load,
      window,
      options: ["-d", "2001:db8:1::1"],
      phases: ["echo:10000", "echo:20000"],
    });
    return told[1]?.perSecond ?? 0;
  } finally {
    await echo.stop();
  }
}

async function halfLoad(world: World, samples: Samples, progress: (text: string) => void): Promise<void> {
  for (const name of ["leasehold", "kea-2-threads"]) {
    const start = SERVERS[name]?.start;
    const rate = median(samples.get(`${name} 4-message 128 rate`) ?? []);
    if (start === undefined || rate === null) continue;
    const options = ["-r", String(Math.round(rate / 2))];
    const told = await serving(world, start, (pid) => loaded(world.client, pid, { tool: world.load, window: 100_000, options, phases: HALF_LOAD }));
    const p99 = (told[1]?.p99Microseconds ?? Number.NaN) / 1000;
    note(samples, `${name} p99`, p99);
    progress(`${name} at ${options[1]} exchanges/s: p99 ${p99} ms`);
  }
}

function rowsOf(samples: Samples): readonly Measured[] {
  const of = (key: string): number | null => median(samples.get(key) ?? []);
  const peersOf = (key: (server: string) => string): Record<string, number> =>
    Object.fromEntries(
      Object.keys(SERVERS)
        .filter((name) => name !== "leasehold")
        .map((name) => [name, of(key(name))] as const)
        .filter((entry): entry is readonly [string, number] => entry[1] !== null),
    );
  const kinds = Object.keys(KINDS) as Kind[];
  const rates = WINDOWS.flatMap((window) =>
    kinds.map((kind): Measured => {
      const key = (server: string): string => `${server} ${kind} ${window} rate`;
      const asked = kind === "info" ? {} : { ratioLimit: window === 128 ? 3.5 : 2.5 };
      return {
        work: `${kind} at ${window}`,
        unit: "exchanges/s",
        ours: of(key("leasehold")),
        peers: peersOf(key),
        lowerIsBetter: false,
        limit: null,
        ...asked,
      };
    }),
  );
  const costs = WINDOWS.flatMap((window) =>
    kinds.map((kind): Measured => {
      const key = (server: string): string => `${server} ${kind} ${window} cpu`;
      const asked = kind === "4-message" ? { ratioLimit: 0.3 } : {};
      const unit = "us CPU an exchange, all processes";
      return { work: `cpu ${kind} at ${window}`, unit, ours: of(key("leasehold")), peers: peersOf(key), lowerIsBetter: true, limit: null, ...asked };
    }),
  );
  const limits = WINDOWS.map((window): Measured => {
    const peers = { echo: of(`echo ${window}`) ?? 0 };
    return {
      work: `info against an echo at ${window}`,
      unit: "exchanges/s",
      ours: of(`leasehold info ${window} rate`),
      peers,
      lowerIsBetter: false,
      limit: null,
      ratioLimit: 0.7,
    };
  });
  const peers = { "kea-2-threads": of("kea-2-threads p99") ?? 0 };
  const p99: Measured = { work: "p99 at half load", unit: "ms", ours: of("leasehold p99"), peers, lowerIsBetter: true, limit: 5 };
  return [...rates, ...costs, ...limits, p99];
}

function sayings(told: readonly Phase[]): string {
  return told
    .slice(WARMING)
    .map(
      ({ phase, perSecond, cpuMicroseconds, writtenBytes }) =>
        `${phase} ${Math.round(perSecond)}/s ${cpuMicroseconds.toFixed(1)} us ${Math.round(writtenBytes)} B`,
    )
    .join(", ");
}
