/** What 10,000 foreign DHCP frames a second cost a client that holds an address, and whether it still gets one among them. */
import { execFileSync, spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { clean, outputOf, startIsolated, type World } from "./client4-world.ts";
import { cpuMsOf } from "./processes.ts";

const FRAMES_PER_SECOND = 10_000;
const FLOOD_SECONDS = 10;
const PATIENCE_MS = 25_000;
const SETTLED_MS = 1000;

export function startFlood(world: World, seconds: number): ReturnType<typeof spawn> {
  const flood = ["netns", "exec", world.server, world.flood, "-i", "s0", "-r", String(FRAMES_PER_SECOND), "-t", String(seconds)];
  return spawn("ip", flood, { stdio: ["ignore", "pipe", "ignore"] });
}

/** @returns hundredths of a core that all processes of a bound client used while the flood went on */
export async function costOfFlood(world: World, command: string): Promise<number> {
  clean(world);
  const program = startIsolated(world, command);
  for (const output of [program.stdout, program.stderr]) output?.resume();
  const ended = new Promise((resolve) => program.on("exit", resolve));
  try {
    await holdsAddress(world);
    await delay(SETTLED_MS);
    const before = cpuMsOf(program.pid ?? 0);
    const { sent, seconds } = JSON.parse((await outputOf(startFlood(world, FLOOD_SECONDS))).stdout) as {
      readonly sent: number;
      readonly seconds: number;
    };
    if (sent < 0.95 * FRAMES_PER_SECOND * FLOOD_SECONDS) throw new Error(`flood: only ${sent} frames in ${seconds} s`);
    return Number(((cpuMsOf(program.pid ?? 0) - before) / (10 * seconds)).toFixed(2));
  } finally {
    program.kill("SIGTERM");
    const impatient = setTimeout(() => program.kill("SIGKILL"), 5000);
    await ended;
    clearTimeout(impatient);
  }
}

async function holdsAddress({ client }: World): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await delay(100)) {
    const listed = execFileSync("ip", ["-n", client, "-4", "addr", "show", "dev", "c0"], { encoding: "utf8" });
    if (/inet .* scope global/.test(listed) && !listed.includes("tentative")) return;
  }
  throw new Error("flood: a client got no address");
}
