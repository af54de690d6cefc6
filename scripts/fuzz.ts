/**
 * npm run fuzz -- NAME [--runs N] [--seed S] [--hex BYTES]
 *
 * Changes samples until something that should hold does not. Exit 0 nothing found, 1 found (with the bytes), 2 usage. With --hex the
 * target gets exactly these bytes; a flood (test/fuzz/floods.ts) has no such option.
 */
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { fromHex } from "../src/base/hex.ts";
import { FLOODS } from "../test/fuzz/floods.ts";
import { fuzz, type Target } from "../test/fuzz/fuzz.ts";
import type { Flood } from "../test/fuzz/poured.ts";
import { TARGETS } from "../test/fuzz/targets.ts";

const RUNS = "20000";
const text = { type: "string" } as const;
const { values, positionals } = parsed();
const target =
  TARGETS.find(({ name }) => name === positionals[0]) ??
  FLOODS.find(({ name }) => name === positionals[0]) ??
  usage(positionals[0] === undefined ? "which target?" : `no target is called "${positionals[0]}"`);
const runs = number(values.runs ?? ("samples" in target ? RUNS : String(target.runs)));
const seed = values.seed === undefined ? randomBytes(4).readUInt32LE() : number(values.seed);

if (!("samples" in target)) poured(target);
else if (values.hex !== undefined) only(target, fromHex(values.hex) ?? usage("--hex is not hexadecimal"));
else many(target);

function poured(chosen: Flood): void {
  process.stdout.write(`${chosen.name}: ${runs} inputs, seed ${seed}\n`);
  try {
    const { answered, seconds, counts, unmet, notes } = chosen.run({ runs, seed }, (done) => process.stderr.write(`${done}\n`));
    for (const [what, each] of Object.entries(counts))
      for (const [name, count] of Object.entries(each).sort((a, b) => b[1] - a[1])) process.stdout.write(`${what}  ${name}  ${count}\n`);
    const met = Object.keys(counts["refused"] ?? {}).length;
    const reasons = `${met} reasons met${unmet.length > 0 ? `, not: ${unmet.join(", ")}` : ", none left out"}`;
    const taken = `${((100 * answered) / runs).toFixed(1)} % answered`;
    process.stdout.write(
      `${chosen.name}: ${Math.round(seconds)} s, ${Math.round(runs / seconds)} a second; ${[taken, reasons, ...notes].join("; ")}: nothing found\n`,
    );
  } catch (error) {
    const cause = (error as Error).cause;
    process.stdout.write(`FOUND, seed ${seed}:\n${(error as Error).stack}\n${cause instanceof Error ? cause.stack : ""}\n`);
    process.exitCode = 1;
  }
}

function many(chosen: Target): void {
  const began = performance.now();
  const { outcomes, finding } = fuzz(chosen, { runs, seed });
  const width = Math.max(...[...outcomes.keys()].map((name) => name.length), 0);
  for (const [outcome, count] of [...outcomes].sort((a, b) => b[1] - a[1])) process.stdout.write(`${outcome.padEnd(width)}  ${count}\n`);
  if (finding === undefined) {
    process.stdout.write(`${chosen.name}: ${runs} runs, seed ${seed}, ${Math.round(performance.now() - began)} ms: nothing found\n`);
    return;
  }
  process.stdout.write(
    `FOUND in run ${finding.run} of ${chosen.name}, seed ${seed}:\n${String(finding.error instanceof Error ? finding.error.stack : finding.error)}\n  bytes ${finding.hex}\n  again: npm run fuzz -- ${chosen.name} --hex ${finding.hex}\n`,
  );
  process.exitCode = 1;
}

function only(chosen: Target, bytes: Uint8Array): void {
  try {
    process.stdout.write(`${chosen.run(bytes)}\n`);
  } catch (error) {
    process.stdout.write(`FOUND: ${String(error instanceof Error ? error.stack : error)}\n`);
    process.exitCode = 1;
  }
}

function parsed() {
  try {
    return parseArgs({ allowPositionals: true, options: { runs: text, seed: text, hex: text } });
  } catch (error) {
    return usage((error as Error).message);
  }
}

function number(given: string): number {
  return /^\d{1,10}$/.test(given) ? Number(given) : usage(`"${given}" is no number`);
}

function usage(why: string): never {
  const all = [...TARGETS, ...FLOODS];
  const width = Math.max(...all.map(({ name }) => name.length));
  const list = all.map(({ name, what }) => `  ${name.padEnd(width)}  ${what}`).join("\n");
  process.stderr.write(`fuzz: ${why}\nusage: npm run fuzz -- NAME [--runs N] [--seed S] [--hex BYTES]\n${list}\n`);
  process.exit(2);
}
