/** How often the DHCPv6 server has begun: the upper part of the numbers by which clients know a Reconfigure that is new (RFC 9915 §20.3). */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "./state-folder.ts";

const NAME = "server-life";
const LIVES_MAX = 0xff_ffff;

/**
 * Durable before anybody is told a number of this life.
 * @returns undefined when the file is there and holds no number that another one could follow: clients would take what we say for something old
 */
export function nextLife(stateFolder: string): number | undefined {
  const path = join(stateFolder, NAME);
  const text = existsSync(path) ? readFileSync(path, "utf8").trim() : "0";
  const life = /^\d{1,8}$/.test(text) ? Number(text) + 1 : Number.NaN;
  if (!(life <= LIVES_MAX)) return undefined;
  replaceFile(stateFolder, NAME, new TextEncoder().encode(`${life}\n`));
  return life;
}
