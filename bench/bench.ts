/**
 * `npm run -s bench -- NAME [--json] [--rounds N]`: ours and the peers in one run, alternating, medians.
 * The last line with --json is one object: {bench, commit, rows: [{work, unit, ours, peers, best, ratio, limit, ratioLimit?, lowerIsBetter}]}.
 * Exit codes: 0 measured, 1 failed, 2 no such bench, 3 a row without any peer.
 */
import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import { client4 } from "./client4.ts";
import { client6 } from "./client6.ts";
import { directory } from "./directory.ts";
import { type Bench, judged, line } from "./row.ts";
import { server6 } from "./server6.ts";

/** Benches whose service exists; the others' rows are named in docs/gaps.md. */
const BENCHES: Readonly<Record<string, Bench>> = { client4, client6, server6, directory };
const ROUNDS_MIN = 5;

const { values, positionals } = parseArgs({
  options: { json: { type: "boolean", default: false }, rounds: { type: "string", default: String(ROUNDS_MIN) } },
  allowPositionals: true,
});
const name = positionals[0] ?? "";
const bench = BENCHES[name];
if (bench === undefined) {
  process.stderr.write(`bench: no bench named "${name}"; there are: ${Object.keys(BENCHES).join(", ")} (docs/gaps.md lists those still to come)\n`);
  process.exit(2);
}
if (process.getuid?.() !== 0) {
  process.stderr.write("bench: needs root, for namespaces and to install the peers; try sudo\n");
  process.exit(1);
}
const progress = (text: string): void => void process.stderr.write(`${text}\n`);
const rows = (await bench(Math.max(1, Number(values.rounds)), progress)).map(judged);
const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
if (!values.json) for (const row of rows) process.stdout.write(`${line(row)}\n`);
else process.stdout.write(`${JSON.stringify({ bench: name, commit, rows })}\n`);
process.exit(rows.some(({ peers }) => Object.keys(peers).length === 0) ? 3 : 0);
