/** A uid of its own for every role: numeric, unused by any account or process, never nobody. */
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { LOCK, native } from "../../platform/native.ts";
import type { RoleName } from "../messages/message.ts";

/** Between the ranges that systemd and Debian give to accounts, dynamic users and containers. */
const FIRST = 289_100;
const BLOCK = 16;
const BLOCKS = 1000;
/** Roles, and programs of the operator that are run for what happens to an uplink. */
type Owner = RoleName | "hooks";
const OFFSETS: { readonly [R in Owner]: number } = {
  main: 0,
  frontend: 1,
  "engine-uplink4": 2,
  control: 3,
  "engine-uplink6": 4,
  "engine-lan": 5,
  "engine-directory": 6,
  fetcher: 7,
  hooks: 8,
};

export type Ids = { readonly of: (owner: Owner) => number; readonly release: () => void };

/** Takes a block of ids that no other run holds. @param folder where the locks lie, the same for all runs on a machine */
export function takeIds(folder: string): Ids {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const used = idsInUse();
  for (let block = 0; block < BLOCKS; block++) {
    const first = FIRST + block * BLOCK;
    if (Array.from({ length: BLOCK }, (_, i) => first + i).some((id) => used.has(id))) continue;
    const lock = openSync(join(folder, String(first)), "w", 0o600);
    if (native().flock(lock, LOCK.exclusive | LOCK.nonBlock) === 0) return { of: (owner) => first + OFFSETS[owner], release: () => closeSync(lock) };
    closeSync(lock);
  }
  throw new Error("no unused user ids are left between 289100 and 305100");
}

function idsInUse(): ReadonlySet<number> {
  const accounts = ["/etc/passwd", "/etc/group"].flatMap((file) =>
    readFileSync(file, "utf8")
      .split("\n")
      .map((line) => Number(line.split(":")[2])),
  );
  const owners = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(ownerOf);
  return new Set([...accounts, ...owners]);
}

function ownerOf(pid: string): number {
  try {
    const real = /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return real === undefined ? statSync(`/proc/${pid}`).uid : Number(real);
  } catch {
    return -1; // it ended meanwhile
  }
}
