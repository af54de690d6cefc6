/**
 * A wire as a program: what comes in at one of two interfaces goes out at the other, later, twice, after what followed it, or never. The
 * same seed has the same luck for the same frames in the same order.
 *
 *   node --import tsx wire-tap-forward.ts --ends IF,IF --seed N --faults '{"loss":0.3,...}' --tally FILE
 *
 * The tally is a line of JSON for each frame, written as its fate is drawn.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Chance } from "../../src/sim/chance.ts";
import type { Faults, Fate } from "./wire-tap-world.ts";
import { WireTap } from "./wire-tap.ts";

const text = { type: "string" } as const;
const { values } = parseArgs({ options: { ends: text, seed: text, faults: text, tally: text } });
const names = (values.ends ?? "").split(",");
const faults = JSON.parse(values.faults ?? "{}") as Faults;
const indexOf = (name: string): number => Number(readFileSync(`/sys/class/net/${name}/ifindex`, "utf8"));
const [near, far] = names.map((name) => new WireTap(undefined, indexOf(name), { hears: true }));
if (near === undefined || far === undefined) throw new Error("a wire has two ends");

join(near, far, new Chance(Number(values.seed), 1), "client");
join(far, near, new Chance(Number(values.seed), 2), "server");
tell({ from: "wire", delaysMs: [] });

function join(from: WireTap, to: WireTap, chance: Chance, side: "client" | "server"): void {
  from.each((frame) => {
    const delaysMs = fateOf(chance);
    tell({ from: side, delaysMs });
    for (const delayMs of delaysMs) later(delayMs, () => to.send([frame]));
    if (side === "client" && faults.reflected && isBroadcast(frame)) later(faults.delayMs, () => from.send([frame]));
  });
}

/** When each copy goes out. */
function fateOf(chance: Chance): readonly number[] {
  const hits = (share: number): boolean => chance.between(0, 1) < share;
  const [lost, twice] = [hits(faults.loss), hits(faults.twice)];
  const delay = (): number => faults.delayMs + (hits(faults.reordered) ? chance.between(0, faults.delayMs) : 0);
  const delays = [delay(), delay()];
  return lost ? [] : delays.slice(0, twice ? 2 : 1);
}

function later(ms: number, work: () => void): void {
  if (ms === 0) work();
  else setTimeout(work, ms);
}

function isBroadcast(frame: Uint8Array): boolean {
  return ((frame[0] ?? 0) & 1) === 1;
}

function tell(fate: Fate): void {
  appendFileSync(values.tally ?? "/dev/null", `${JSON.stringify(fate)}\n`);
}
