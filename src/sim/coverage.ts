/** Which edges of a machine's table and which reasons for ignoring a world has reached, and which of them none has. */
import { dhcp4Client } from "../machines/dhcp4-client/client.ts";
import { IGNORE_REASONS } from "../machines/dhcp4-client/state.ts";
import type { ClientObserved } from "./gateway.ts";

export class Coverage {
  readonly edges = new Map<string, number>();
  readonly ignored = new Map<string, number>();

  note({ before, after, effects }: ClientObserved): void {
    const [from, to] = [before.phase.kind, after.phase.kind];
    if (from !== to) count(this.edges, `${from} > ${to}`);
    for (const effect of effects) if (effect.kind === "ignored") count(this.ignored, effect.reason);
  }

  merge(other: Coverage): void {
    for (const [edge, times] of other.edges) count(this.edges, edge, times);
    for (const [reason, times] of other.ignored) count(this.ignored, reason, times);
  }

  /** In sentences for whoever reads a run. */
  report(): readonly string[] {
    const all = Object.entries(dhcp4Client.transitions).flatMap(([from, targets]) => targets.map((to) => `${from} > ${to}`));
    return [...section("edges", all, this.edges), ...section("ignore reasons", IGNORE_REASONS, this.ignored)];
  }
}

function section(title: string, all: readonly string[], seen: ReadonlyMap<string, number>): readonly string[] {
  const missing = all.filter((name) => !seen.has(name));
  const reached = all.filter((name) => seen.has(name)).map((name) => `${name} ${seen.get(name)}`);
  return [
    `${title}: ${reached.length} of ${all.length} reached`,
    `  reached: ${reached.join(", ")}`,
    `  not reached: ${missing.length === 0 ? "none" : missing.join(", ")}`,
  ];
}

function count(into: Map<string, number>, name: string, times = 1): void {
  into.set(name, (into.get(name) ?? 0) + times);
}
