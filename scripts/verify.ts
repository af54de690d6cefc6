/**
 * `npm run verify -- PART`: runs the command of every row of that part's table in docs/verification.md, from the root of
 * the checkout, and says ok or FAILED for each. Exit 1 when one failed, 3 when there is no such part.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { partsOf, type Row } from "./verification-table.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

function run({ point, command }: Row): { readonly point: string; readonly ok: boolean } {
  console.log(`--      ${point}\n        ${command}`);
  const started = performance.now();
  const { status, signal } = spawnSync("bash", ["-c", command], { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });
  const took = `${((performance.now() - started) / 1000).toFixed(1)} s`;
  const ok = status === 0;
  console.log(ok ? `ok      ${point}  (${took})` : `FAILED  ${point}  (${took}): ended with ${status ?? signal}; run the command above by hand`);
  return { point, ok };
}

function main([name = "", ...more]: readonly string[]): number {
  const parts = partsOf(readFileSync(`${ROOT}docs/verification.md`, "utf8"));
  const rows = parts.get(name) ?? [];
  if (rows.length === 0 || more.length > 0) {
    console.error(`verify: ${name === "" ? "name a part" : `no part ${name}`}; there are ${[...parts.keys()].join(", ")}`);
    return 3;
  }
  const results = rows.map(run);
  console.log("");
  for (const { point, ok } of results) console.log(`${ok ? "ok    " : "FAILED"}  ${point}`);
  return results.every(({ ok }) => ok) ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
