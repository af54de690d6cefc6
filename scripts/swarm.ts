/**
 * npm run test:swarm -- [--minutes N] [--kind uplink4|uplink6|street|office|town] [--seed S] [--story FILE]
 *
 * Random worlds of every kind in turn until the time is up; the first one that breaks a promise is printed with seed and commit. With
 * --seed, that world of --kind alone, with its story. Exit 0 nothing found, 1 something found, 2 usage.
 */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { dhcp4Client } from "../src/machines/dhcp4-client/client.ts";
import { IGNORE_REASONS as DHCP4_REASONS } from "../src/machines/dhcp4-client/state.ts";
import { dhcp6Client } from "../src/machines/dhcp6-client/client.ts";
import { IGNORE_REASONS as DHCP6_REASONS } from "../src/machines/dhcp6-client/state.ts";
import { CHECKERS } from "../src/sim/checkers.ts";
import { Coverage } from "../src/sim/coverage.ts";
import { OFFICE_CHECKERS } from "../src/sim/directory/checkers.ts";
import { Office } from "../src/sim/directory/world.ts";
import { CHECKERS6 } from "../src/sim/house/checkers.ts";
import { IPV4_CHECKERS } from "../src/sim/house/ipv4.ts";
import { Street } from "../src/sim/house/world.ts";
import { townOf } from "../src/sim/town.ts";
import { MONTH_CHECKERS } from "../src/sim/uplink6/checkers.ts";
import { Month } from "../src/sim/uplink6/world.ts";
import { simulate } from "../src/sim/world.ts";

type Ran = { readonly violation: string | undefined; readonly story: readonly string[] };
/** uplink4: clients of one provider. uplink6: a month of a gateway and its providers. street: uplink4, uplink6 and lan. office: directory and its fetcher. town: all of them. */
const KINDS = {
  uplink4: (number: number): Ran => {
    const report = simulate({ seed: number })
      .always(...CHECKERS)
      .run();
    reached.merge(report.coverage);
    return report;
  },
  uplink6: (number: number): Ran => {
    const report = new Month({ seed: number }).always(...MONTH_CHECKERS).run();
    reached6.merge(report.coverage);
    return report;
  },
  street: (number: number): Ran => new Street({ seed: number }).always(...CHECKERS6, ...IPV4_CHECKERS).run(),
  town: (number: number): Ran => townOf(number).run(),
  office: (number: number): Ran => new Office({ seed: number }).always(...OFFICE_CHECKERS).run(),
};
type Kind = keyof typeof KINDS;
const NAMES = Object.keys(KINDS) as readonly Kind[];

const STORY_LINES = 30;
const text = { type: "string" } as const;
const { minutes, kinds, seed, story } = parsed();
const commit = commitId();
const reached = new Coverage(dhcp4Client.transitions, DHCP4_REASONS);
const reached6 = new Coverage(dhcp6Client.transitions, DHCP6_REASONS);

if (seed !== undefined) one(kinds[0] ?? "uplink4", seed);
else swarm();

function one(kind: Kind, only: number): void {
  const ran = world(kind, only);
  if (ran === undefined) return;
  process.stdout.write(`${ran.story.join("\n")}\n`);
  finish(`${kind} ${only} at ${commit}`);
}

function swarm(): void {
  const began = performance.now();
  let worlds = 0;
  while (performance.now() - began < minutes * 60_000) {
    const kind = kinds[worlds % kinds.length] ?? "uplink4";
    if (world(kind, randomBytes(4).readUInt32LE()) === undefined) return;
    worlds++;
  }
  finish(`${worlds} worlds of ${kinds.join(", ")} at ${commit}: nothing found`);
}

/** @returns undefined when the world is broken, which was then said */
function world(kind: Kind, number: number): Ran | undefined {
  let ran: Ran;
  try {
    ran = KINDS[kind](number);
  } catch (error) {
    return broken(kind, number, String(error instanceof Error ? error.stack : error), []);
  }
  if (story !== undefined) writeFileSync(story, `${ran.story.join("\n")}\n`);
  const end = ran.story.findIndex((line) => line.includes(" violation "));
  return ran.violation === undefined ? ran : broken(kind, number, ran.violation, ran.story.slice(0, end + 1));
}

function broken(kind: Kind, number: number, what: string, lines: readonly string[]): undefined {
  process.stdout.write(
    `${lines.slice(-STORY_LINES).join("\n")}\n\nFOUND: ${what}\n  seed ${number}, commit ${commit}\n  again: npm run test:swarm -- --kind ${kind} --seed ${number} --story story.txt\n`,
  );
  process.exitCode = 1;
  return undefined;
}

function finish(words: string): void {
  for (const [kind, coverage] of [
    ["uplink4", reached],
    ["uplink6", reached6],
  ] as const) {
    if (coverage.edges.size > 0) process.stdout.write(`${kind}:\n${coverage.report().join("\n")}\n`);
  }
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

function parsed(): {
  readonly minutes: number;
  readonly kinds: readonly Kind[];
  readonly seed: number | undefined;
  readonly story: string | undefined;
} {
  try {
    const { values } = parseArgs({ options: { minutes: { ...text, default: "1" }, kind: text, seed: text, story: text } });
    const number = values.seed === undefined ? undefined : Number(values.seed);
    const sound = Number(values.minutes) > 0 && (number === undefined || (Number.isInteger(number) && number >= 0 && number < 2 ** 32));
    const kinds = values.kind === undefined ? NAMES : NAMES.filter((name) => name === values.kind);
    if (sound && kinds.length > 0) return { minutes: Number(values.minutes), kinds, seed: number, story: values.story };
  } catch (error) {
    process.stderr.write(`swarm: ${(error as Error).message}\n`);
  }
  process.stderr.write("usage: npm run test:swarm -- [--minutes N] [--kind uplink4|uplink6|street|office|town] [--seed S] [--story FILE]\n");
  process.exit(2);
}
