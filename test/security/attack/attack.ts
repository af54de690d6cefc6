/**
 * Bundled into every role in place of the empty hooks around the fence. Before the fence it reads what to try and loads
 * what it tries it with; behind the fence it tries. The exit code says how it went, death by SIGSYS says it was killed.
 */
import { readFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { type Attempt, ATTEMPTS, holdSockets, SUCCEEDED } from "./attempts.ts";
import { Raw, Refused } from "./raw.ts";

/** What one role is to try. */
export type Order = {
  /** A name from ATTEMPTS, or the number of a system call to make with zeros. "nothing" ends well: that proves the rig. */
  readonly attempt: string | number;
  /** Absolute path of the addon for raw calls. */
  readonly addon: string;
  readonly numbers: Readonly<Record<string, number>>;
  readonly victim: number;
  /** Said on standard error before the fence closes: whose end follows is known by it. */
  readonly tag?: string;
  /** Tried before the fence closes, in a process nobody has taken anything from. */
  readonly unfenced?: true;
};
/** By role: what `leasehold run` starts reads it from here. */
export type Orders = Readonly<Record<string, Order>>;

export const EXIT = { succeeded: SUCCEEDED, refused: 41, failed: 42, silent: 43 } as const;
export function tagLine(tag: string): string {
  return `attacks ${tag}`;
}

const PATIENCE_MS = 5000;
const EACCES = 13;

let order: Order | undefined;
let raw: Raw | undefined;

export function beforeFence(role: string): void {
  order = readOrder(role);
  if (order === undefined) return;
  if (order.tag !== undefined) writeSync(2, `${tagLine(order.tag)}\n`);
  raw = new Raw(createRequire(import.meta.url)(order.addon), order.numbers);
  if (typeof order.attempt === "string") holdSockets(raw);
  if (order.unfenced !== true) return;
  attempt(order, raw);
  process.setUncaughtExceptionCaptureCallback(() => undefined);
  throw new Error("the role goes no further: it is there for the attempt");
}

export function afterFence(_role: string): void {
  if (order !== undefined && raw !== undefined) attempt(order, raw);
}

function readOrder(role: string): Order | undefined {
  const given = process.argv.indexOf("--attack");
  if (given >= 0) return JSON.parse(process.argv[given + 1] ?? "");
  try {
    const orders: Orders = JSON.parse(readFileSync(new URL("attack.json", import.meta.url), "utf8"));
    return orders[role];
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function attempt({ attempt: what, victim }: Order, by: Raw): void {
  try {
    if (what === "nothing") process.exit(EXIT.succeeded);
    const outcome = typeof what === "number" ? by.byNumber(what, 0, 0, 0, 0, 0, 0) : known(what).run(by, victim);
    if (!(outcome instanceof Promise)) process.exit(EXIT.succeeded);
    outcome.then(() => process.exit(EXIT.succeeded), refused);
    setTimeout(() => process.exit(EXIT.silent), PATIENCE_MS);
  } catch (error) {
    refused(error);
  }
}

function known(name: string): Attempt {
  const found = ATTEMPTS[name];
  if (found === undefined) throw new Error(`nobody knows how to ${name}`);
  return found;
}

function refused(error: unknown): never {
  const code =
    error instanceof Refused ? error.code : error instanceof Error && "errno" in error && typeof error.errno === "number" ? -error.errno : undefined;
  process.exit(code === EACCES ? EXIT.refused : EXIT.failed);
}
