/**
 * PSS of a program's processes as it is where no other Node program runs. Whoever measures is a Node program itself and takes its share
 * of the runtime's pages; so these are counted once for all, and every other mapping by its PSS (proc(5), smaps).
 */
import { readFileSync, realpathSync } from "node:fs";

const NODE = realpathSync(process.execPath);

/** @returns KiB */
export function aloneKb(pids: readonly number[]): number {
  const all = pids.map(mappings);
  const runtime = all.map((one) => sum(one.filter(({ path }) => path === NODE).map(({ sharedKb }) => sharedKb)));
  const others = all.map((one) => sum(one.map(({ path, pssKb, privateKb }) => (path === NODE ? privateKb : pssKb))));
  return sum(others) + Math.max(...runtime);
}

type Mapping = { readonly path: string; readonly pssKb: number; readonly privateKb: number; readonly sharedKb: number };

function mappings(pid: number): readonly Mapping[] {
  const blocks = readFileSync(`/proc/${pid}/smaps`, "utf8").split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  return blocks.map((block) => {
    const kb = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(block)?.[1] ?? 0);
    const path = /^\S+ \S+ \S+ \S+ \S+ +(\/.*)$/m.exec(block)?.[1] ?? "";
    return { path, pssKb: kb("Pss"), privateKb: kb("Private_Clean") + kb("Private_Dirty"), sharedKb: kb("Shared_Clean") + kb("Shared_Dirty") };
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
