/** One run of the generator against a server, and what the server's processes used meanwhile, phase by phase. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Namespace } from "../test/support/namespace.ts";
import { processesOf } from "./processes.ts";

/** A line of the generator's for a phase, and the server's own sums: of all its processes, an exchange. */
export type Phase = {
  readonly phase: string;
  readonly perSecond: number;
  readonly p99Microseconds: number;
  readonly cpuMicroseconds: number;
  readonly writtenBytes: number;
};
type Line = {
  readonly phase?: string;
  readonly done: number;
  readonly per_s: number;
  readonly lost: number;
  readonly fail: number;
  readonly lat_us: { readonly p99: number };
  readonly duplicates?: number;
};
type Used = { readonly cpuNanoseconds: number; readonly writtenBytes: number };
/** Between phases, so that what is read in it belongs to one phase. */
const PAUSE = "sleep:60";
const LOOK_MS = 4;

export type Load = {
  readonly tool: string;
  readonly window: number;
  readonly phases: readonly string[];
  readonly options?: readonly string[];
  /** Called at the end of each phase, before the next one begins. */
  readonly after?: (phase: Phase, number: number) => void;
};

/** @throws when an exchange was lost or failed, or two clients got the same */
export async function loaded(client: Namespace, pid: number, { tool, window, phases, options = [], after }: Load): Promise<readonly Phase[]> {
  const words = phases.flatMap((phase) => [phase, PAUSE]);
  const generator = client.spawn(tool, ["-I", "c0", "-t", "1000", "-m", "4", "-w", String(window), "-u", ...options, ...words]);
  const told: Phase[] = [];
  let before = usedBy(pid);
  let read = 0;
  const take = (): void => {
    const lines = generator.stdout.split("\n");
    for (; read < lines.length - 1; read++) {
      const line = JSON.parse(lines[read] ?? "{}") as Line;
      if ((line.duplicates ?? 0) > 0) throw new Error(`two clients got the same: ${lines[read]}`);
      if (line.phase === undefined) continue;
      if (line.lost > 0 || line.fail > 0) throw new Error(`not every exchange was answered: ${lines[read]}`);
      const now = usedBy(pid);
      const phase = phaseOf(line, before, now);
      told.push(phase);
      after?.(phase, told.length - 1);
      before = usedBy(pid);
    }
  };
  try {
    while (generator.running) {
      await delay(LOOK_MS);
      take();
    }
    take();
    if (told.length !== phases.filter((phase) => !phase.startsWith("sleep:")).length)
      throw new Error(`the generator ended early:\n${generator.stdout}${generator.stderr}`);
  } finally {
    await generator.stop();
  }
  return told;
}

function phaseOf({ phase = "", done, per_s, lat_us }: Line, before: Used, now: Used): Phase {
  return {
    phase,
    perSecond: per_s,
    p99Microseconds: lat_us.p99,
    cpuMicroseconds: (now.cpuNanoseconds - before.cpuNanoseconds) / 1000 / done,
    writtenBytes: (now.writtenBytes - before.writtenBytes) / done,
  };
}

/** CPU time of every thread, and bytes written to disk, of a program and all it has started. */
function usedBy(pid: number): Used {
  let cpuNanoseconds = 0;
  let writtenBytes = 0;
  for (const one of processesOf(pid)) {
    for (const task of readdirSync(`/proc/${one}/task`)) {
      cpuNanoseconds += Number(readFileSync(`/proc/${one}/task/${task}/schedstat`, "utf8").split(" ")[0] ?? 0);
    }
    writtenBytes += Number(/^wchar: (\d+)/m.exec(readFileSync(`/proc/${one}/io`, "utf8"))?.[1] ?? 0);
  }
  return { cpuNanoseconds, writtenBytes };
}

/** Resident and proportional memory of one process, in KiB. */
export function memoryOf(pid: number): { readonly residentKib: number; readonly proportionalKib: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const of = (key: string): number => Number(new RegExp(`^${key}: +(\\d+)`, "m").exec(text)?.[1] ?? Number.NaN);
  return { residentKib: of("Rss"), proportionalKib: of("Pss") };
}
