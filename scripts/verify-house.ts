/**
 * Confirms the private house from the outside: kernels, echoes, the peers' own words, questions over real sockets. Imports nothing from
 * src/services. Exit 0 only when every row is confirmed. Run by `npm start` inside the gateway's network namespace; reads what to
 * check from a file. In the middle it has the provider renumber, and looks again. A second argument is how many seconds rows may take to
 * become true, where somebody knows that some will not.
 */
import { readFileSync } from "node:fs";
import type { HouseFacts } from "./house/facts.ts";
import { prefixRows, relayRow, withdrawnRows } from "./house/rows/ipv6.ts";
import { picture } from "./house/rows/picture.ts";
import { reachRows } from "./house/rows/reach.ts";
import { roleRows } from "./house/rows/roles.ts";
import { eventuallyAll, type Look, print, type Row } from "./house/rows/row.ts";
import { echoRow, uplink4Rows } from "./house/rows/uplink4.ts";
import { userRows } from "./house/rows/users.ts";

/** Rows before and after the renumbering: a house that is well needs ten seconds, and twenty. */
const DEADLINE_MS = Number(process.argv[3] ?? 30) * 1000;
const RENUMBERED_DEADLINE_MS = 45_000;

const facts = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as HouseFacts;
const { provider6 } = facts;
const rows: Row[] = [];
let pool = provider6.pool;
await look(DEADLINE_MS, [
  ...uplink4Rows(facts),
  ...prefixRows(facts, provider6.pool),
  ...reachRows(facts, provider6.pool),
  () => relayRow(facts),
  ...userRows(facts),
]);
if (rows.every(({ confirmed }) => confirmed)) await renumber();
rows.push(...roleRows(facts), await echoRow("the provider still answers at the end", facts.providerAddress));
process.stdout.write(`\n\n${picture(facts, pool)}\n`);
print(rows);
process.exitCode = rows.every(({ confirmed }) => confirmed) ? 0 : 1;

/** One deadline for all, and all are looked at in turn: a row that stays false keeps no other from being seen. */
async function look(withinMs: number, looks: readonly Look[], after = ""): Promise<void> {
  const seen = await eventuallyAll(performance.now() + withinMs, looks);
  rows.push(...seen.map((row) => ({ ...row, what: `${after}${row.what}` })));
}

async function renumber(): Promise<void> {
  process.stdout.write(" renumbering ");
  process.kill(provider6.pid, "SIGUSR2");
  pool = provider6.otherPool;
  const looks = [...prefixRows(facts, pool), ...reachRows(facts, pool), ...withdrawnRows(facts, provider6.pool)];
  await look(RENUMBERED_DEADLINE_MS, looks, "renumbered: ");
}
