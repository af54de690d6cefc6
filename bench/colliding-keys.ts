/**
 * A hundred thousand clients whose keys collide without the process's random key, beside as many that do not: what finding one costs, in
 * entries compared. `node --import tsx bench/colliding-keys.ts [CLIENTS]`; exit 1 when they cost more. To find them takes half a minute.
 */
import { randomBytes } from "node:crypto";
import { collidingIdentifiers, KNOWN_KEY, otherIdentifiers, type Probes, probesFor } from "../test/services/leases/colliding.ts";

const CLIENTS = Number(process.argv[2] ?? "100000");
const key = randomBytes(16);
const began = performance.now();
const colliding = collidingIdentifiers(CLIENTS);
process.stdout.write(`${CLIENTS} colliding clients found in ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
const theirs = row("colliding, random key", probesFor(colliding, key));
const others = row("any other, random key", probesFor(otherIdentifiers(CLIENTS), key));
const known = row("colliding, key known (control)", probesFor(colliding, KNOWN_KEY));
const fair = theirs.mean < others.mean * 1.1 && known.mean > 100 * theirs.mean;
process.stdout.write(fair ? "they cost no more than any others\n" : "FAILED: they cost more, or the control does not\n");
process.exitCode = fair ? 0 : 1;

function row(what: string, probes: Probes): Probes {
  process.stdout.write(`${what.padEnd(32)} ${probes.mean.toFixed(2).padStart(9)} entries a look-up, ${probes.most} at most\n`);
  return probes;
}
