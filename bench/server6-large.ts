/** What a million leases cost: an exchange, a byte of memory each, and a restart. Of ours alone: the figures are ratios to itself. */
import { readFileSync } from "node:fs";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { processesOf } from "./processes.ts";
import type { Measured } from "./row.ts";
import { loaded, memoryOf, type Phase } from "./server6-load.ts";
import { leasehold } from "./server6-servers.ts";
import { serving, type World } from "./server6-world.ts";

const LEASES = 1_000_000;
const HUNDRED_THOUSAND = 100_000;
const AGE = "sleep:4000";
const WINDOW = 128;

export async function large(world: World, progress: (text: string) => void): Promise<readonly Measured[]> {
  const state = join(world.folder, "large");
  mkdirSync(state, { mode: 0o755 });
  try {
    let [at100k, at1m] = [0, 0];
    const told = await serving(
      world,
      leasehold,
      (pid) => {
        const engine = engineOf(pid);
        // Never more renewals than leases: the generator would tell of them in several rounds.
        const few = ["sarr:1500", "renew:1500", "info:20000", "renew:1500", AGE, "renew:1500", "sarr:1500"];
        const phases = [...few, `sarr:${HUNDRED_THOUSAND - 3000}`, `sarr:${LEASES - HUNDRED_THOUSAND}`, AGE, "renew:20000", "sarr:5000"];
        return loaded(world.client, pid, {
          tool: world.load,
          window: WINDOW,
          phases,
          after: (phase, number) => {
            progress(
              `${phase.phase}: ${Math.round(phase.perSecond)}/s, ${phase.cpuMicroseconds.toFixed(1)} us CPU, engine ${memoryOf(engine).residentKib} KiB`,
            );
            if (number === 6) at100k = memoryOf(engine).residentKib;
            if (number === 7) at1m = memoryOf(engine).residentKib;
          },
        });
      },
      state,
    );
    const restart = await restarted(world, state);
    progress(`restart with ${LEASES} leases: ${restart} ms`);
    return rows(told, ((at1m - at100k) * 1024) / (LEASES - HUNDRED_THOUSAND), restart);
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

function rows(told: readonly Phase[], bytesALease: number, restartMs: number): readonly Measured[] {
  const cpu = (number: number): number => Number((told[number]?.cpuMicroseconds ?? Number.NaN).toFixed(2));
  const growth = (work: string, few: number, many: number): Measured => ({
    work,
    unit: "us CPU an exchange at 1,000,000 leases; the peer is ourselves at 1,000",
    ours: many,
    peers: { "at 1,000 leases": few },
    lowerIsBetter: true,
    limit: null,
    ratioLimit: 1.2,
  });
  const alone = { peers: { none: 0 }, lowerIsBetter: true } as const;
  return [
    growth("growth renew", cpu(4), cpu(8)),
    growth("growth 4-message", cpu(5), cpu(9)),
    { work: "memory", unit: "bytes a plain IA_NA lease, RSS from 100,000 to 1,000,000", ours: Number(bytesALease.toFixed(1)), limit: 180, ...alone },
    { work: "restart with 1,000,000 leases", unit: "ms until it answers", ours: restartMs, limit: 2000, ...alone },
  ];
}

function engineOf(pid: number): number {
  const engine = processesOf(pid).find((one) => readFileSync(`/proc/${one}/cmdline`, "utf8").includes("engine-lan"));
  if (engine === undefined) throw new Error("there is no engine-lan");
  return engine;
}

/** From the start of the program to its first answer; the generator asks every 20 ms. */
async function restarted(world: World, state: string): Promise<number> {
  const asking = world.client.spawn(world.load, ["-I", "c0", "-t", "20", "-m", "1000", "info:1"]);
  await delay(200);
  const began = performance.now();
  const program = leasehold(world.server, state);
  try {
    while (asking.running) await delay(5);
    return Math.round(performance.now() - began);
  } finally {
    await asking.stop();
    await program.stop();
  }
}
