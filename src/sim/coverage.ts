/** Which edges of a machine's table and which reasons for ignoring a world has reached, and which of them none has. */
import type { Transitions } from "../machines/machine.ts";

type InPhase = { readonly phase: { readonly kind: string } };
/** A step of any client machine. */
type Noted = { readonly before: InPhase; readonly after: InPhase; readonly effects: readonly { readonly kind: string; readonly reason?: string }[] };

export class Coverage {
  readonly edges = new Map<string, number>();
  readonly ignored = new Map<string, number>();
  readonly #transitions: Transitions;
  readonly #reasons: readonly string[];

  constructor(transitions: Transitions, reasons: readonly string[]) {
    this.#transitions = transitions;
    this.#reasons = reasons;
  }

  note({ before, after, effects }: Noted): void {
    const [from, to] = [before.phase.kind, after.phase.kind];
    if (from !== to) count(this.edges, `${from} > ${to}`);
    for (const { kind, reason } of effects) if (kind === "ignored" && reason !== undefined) count(this.ignored, reason);
  }

  merge(other: Coverage): void {
    for (const [edge, times] of other.edges) count(this.edges, edge, times);
    for (const [reason, times] of other.ignored) count(this.ignored, reason, times);
  }

  /** In sentences for whoever reads a run. */
  report(): readonly string[] {
    const all = Object.entries(this.#transitions).flatMap(([from, targets]) => targets.map((to) => `${from} > ${to}`));
    return [...section("edges", all, this.edges), ...section("ignore reasons", this.#reasons, this.ignored)];
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
