/** What a flood of foreign DHCP costs a client that holds what it asked for. */
import type { ChildProcess } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { outputOf } from "./isolated.ts";
import { cpuMsOf } from "./processes.ts";

export const FRAMES_PER_SECOND = 10_000;
const SETTLED_MS = 1000;

/**
 * @param program a client, which is ended
 * @returns hundredths of a core that all its processes used while the flood went on
 */
export async function costInFlood(program: ChildProcess, holds: () => Promise<void>, flood: () => ChildProcess): Promise<number> {
  for (const output of [program.stdout, program.stderr]) output?.resume();
  const ended = new Promise((resolve) => program.on("exit", resolve));
  try {
    await holds();
    await delay(SETTLED_MS);
    const before = cpuMsOf(program.pid ?? 0);
    const { sent, seconds } = JSON.parse((await outputOf(flood())).stdout) as { readonly sent: number; readonly seconds: number };
    if (sent < 0.95 * FRAMES_PER_SECOND * seconds) throw new Error(`flood: only ${sent} frames in ${seconds} s`);
    return Number(((cpuMsOf(program.pid ?? 0) - before) / (10 * seconds)).toFixed(2));
  } finally {
    program.kill("SIGTERM");
    const impatient = setTimeout(() => program.kill("SIGKILL"), 5000);
    await ended;
    clearTimeout(impatient);
  }
}
