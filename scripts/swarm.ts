/**
 * npm run test:swarm -- [--minutes N] [--seed S] [--story FILE]
 *
 * Random worlds until the time is up; the first one that breaks a promise is printed with seed and commit. With --seed, that world alone,
 * with its story. Exit 0 nothing found, 1 something found, 2 usage.
 */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { CHECKERS } from "../src/sim/checkers.ts";
import { Coverage } from "../src/sim/coverage.ts";
import { type Report, simulate } from "../src/sim/world.ts";

const STORY_LINES = 30;
const text = { type: "string" } as const;
const { minutes, seed, story } = parsed();
const commit = commitId();
const reached = new Coverage();

if (seed !== undefined) one(seed);
else swarm();

function one(only: number): void {
  const report = world(only);
  if (report === undefined) return;
  process.stdout.write(`${report.story.join("\n")}\n`);
  finish(`world ${only} at ${commit}: ${report.events} events, faults: ${report.faults.join(", ") || "none"}`);
}

function swarm(): void {
  const began = performance.now();
  let worlds = 0;
  let events = 0;
  while (performance.now() - began < minutes * 60_000) {
    const report = world(randomBytes(4).readUInt32LE());
    if (report === undefined) return;
    worlds++;
    events += report.events;
  }
  finish(`${worlds} worlds, ${events} events at ${commit}: nothing found`);
}

/** @returns undefined when the world is broken, which was then said */
function world(number: number): Report | undefined {
  let report: Report;
  try {
    report = simulate({ seed: number })
      .always(...CHECKERS)
      .run();
  } catch (error) {
    return broken(number, String(error instanceof Error ? error.stack : error), []);
  }
  reached.merge(report.coverage);
  if (story !== undefined) writeFileSync(story, `${report.story.join("\n")}\n`);
  const end = report.story.findIndex((line) => line.includes(" violation "));
  return report.violation === undefined ? report : broken(number, report.violation, report.story.slice(0, end + 1));
}

function broken(number: number, what: string, lines: readonly string[]): undefined {
  process.stdout.write(
    `${lines.slice(-STORY_LINES).join("\n")}\n\nFOUND: ${what}\n  seed ${number}, commit ${commit}\n  again: npm run test:swarm -- --seed ${number} --story story.txt\n`,
  );
  process.exitCode = 1;
  return undefined;
}

function finish(words: string): void {
  for (const line of reached.report()) process.stdout.write(`${line}\n`);
  process.stdout.write(`${words}\n`);
}

function commitId(): string {
  try {
    const git = (...args: readonly string[]): string => execFileSync("git", args, { encoding: "utf8" }).trim();
    return `${git("rev-parse", "--short", "HEAD")}${git("status", "--porcelain", "--untracked-files=no", "src") === "" ? "" : " with changes"}`;
  } catch {
    return "unknown";
  }
}

function parsed(): { readonly minutes: number; readonly seed: number | undefined; readonly story: string | undefined } {
  try {
    const { values } = parseArgs({ options: { minutes: { ...text, default: "1" }, seed: text, story: text } });
    const number = values.seed === undefined ? undefined : Number(values.seed);
    const sound = Number(values.minutes) > 0 && (number === undefined || (Number.isInteger(number) && number >= 0 && number < 2 ** 32));
    if (sound) return { minutes: Number(values.minutes), seed: number, story: values.story };
  } catch (error) {
    process.stderr.write(`swarm: ${(error as Error).message}\n`);
  }
  process.stderr.write("usage: npm run test:swarm -- [--minutes N] [--seed S] [--story FILE]\n");
  process.exit(2);
}
