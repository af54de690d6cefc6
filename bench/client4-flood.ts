/** What 10,000 foreign DHCP frames a second cost a client that holds an address, and whether it still gets one among them. */
import { execFileSync, spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { clean, type World } from "./client4-world.ts";
import { costInFlood, FRAMES_PER_SECOND } from "./flood.ts";
import { startIsolated } from "./isolated.ts";

const FLOOD_SECONDS = 10;
const PATIENCE_MS = 25_000;

export function startFlood(world: World, seconds: number): ReturnType<typeof spawn> {
  const flood = ["netns", "exec", world.server, world.flood, "-i", "s0", "-r", String(FRAMES_PER_SECOND), "-t", String(seconds)];
  return spawn("ip", flood, { stdio: ["ignore", "pipe", "ignore"] });
}

/** @returns hundredths of a core that all processes of a bound client used while the flood went on */
export function costOfFlood(world: World, command: string): Promise<number> {
  clean(world);
  return costInFlood(
    startIsolated(world, command),
    () => holdsAddress(world),
    () => startFlood(world, FLOOD_SECONDS),
  );
}

async function holdsAddress({ client }: World): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await delay(100)) {
    const listed = execFileSync("ip", ["-n", client, "-4", "addr", "show", "dev", "c0"], { encoding: "utf8" });
    if (/inet .* scope global/.test(listed) && !listed.includes("tentative")) return;
  }
  throw new Error("flood: a client got no address");
}
