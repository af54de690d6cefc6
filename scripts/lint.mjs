/**
 * `npm run lint`: types, format and lint, unused code, house rules. Every check runs even when one before it failed; a
 * failed one says what to do next. `lintChecks` without the house rules is also the first tier of `npm test`.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const BIN = join(ROOT, "node_modules/.bin");

export const CHECKS = [
  { name: "types", command: join(BIN, "tsc"), args: ["--noEmit"], next: "mend the types; npx tsc --noEmit runs this check alone" },
  {
    name: "format and lint",
    command: join(BIN, "biome"),
    args: ["check", "--max-diagnostics=50", "--diagnostic-level=warn", "--error-on-warnings"],
    next: "npx biome check --write FILE mends the format and the safe part of the rest",
  },
  {
    name: "unused code",
    command: join(BIN, "knip"),
    args: ["--no-progress"],
    next: "delete what is named, or stop exporting it; npx knip runs this check alone",
  },
];
const HOUSE_RULES = {
  name: "house rules",
  command: process.execPath,
  args: [join(ROOT, "scripts/test.mjs"), "house-rules"],
  next: "test/house-rules/ says why each rule is there and what to use instead",
};

/** Runs one check. @returns whether it passed; prints its output when not */
export function passes({ name, command, args, next }) {
  const started = performance.now();
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: ROOT,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 2 ** 26,
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (status === 0) {
    console.log(`ok      ${name}  (${seconds} s)`);
    return true;
  }
  console.log(`${stdout ?? ""}${stderr ?? ""}${error === undefined ? "" : `${error.message}\n`}`);
  console.log(`FAILED  ${name}  (${seconds} s): ${next}`);
  return false;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (existsSync(join(BIN, "tsc"))) {
    const failed = [...CHECKS, HOUSE_RULES].filter((check) => !passes(check));
    if (failed.length > 0) process.exitCode = 1;
  } else {
    console.error("lint: the tools are not installed; run npm ci");
    process.exitCode = 1;
  }
}
