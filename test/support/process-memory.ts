/** Everything a process has in memory that it may write, as root reads it. */
import { closeSync, openSync, readFileSync, readSync } from "node:fs";

const CHUNK_BYTES = 4 * 1024 * 1024;

/** How often the bytes stand in it, whole. */
export function occurrencesIn(pid: number, text: string): number {
  const wanted = Buffer.from(text, "utf8");
  const memory = openSync(`/proc/${pid}/mem`, "r");
  try {
    return writableMaps(pid).reduce((sum, [start, end]) => sum + occurrences(memory, start, end, wanted), 0);
  } finally {
    closeSync(memory);
  }
}

/** Bytes that could be looked at: none of them is a test that sees nothing. */
export function writableBytes(pid: number): number {
  return writableMaps(pid).reduce((sum, [start, end]) => sum + Number(end - start), 0);
}

function writableMaps(pid: number): readonly (readonly [start: bigint, end: bigint])[] {
  return readFileSync(`/proc/${pid}/maps`, "utf8")
    .split("\n")
    .flatMap((line) => {
      const [, start = "", end = ""] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
      return start === "" ? [] : [[BigInt(`0x${start}`), BigInt(`0x${end}`)] as const];
    });
}

/** Parts overlap, so that nothing is hidden by where they meet. What cannot be read was taken away meanwhile. */
function occurrences(memory: number, start: bigint, end: bigint, wanted: Buffer): number {
  let count = 0;
  const part = Buffer.alloc(CHUNK_BYTES);
  for (let at = start; at < end; at += BigInt(CHUNK_BYTES - wanted.length)) {
    const length = Math.min(CHUNK_BYTES, Number(end - at));
    try {
      const seen = part.subarray(0, readSync(memory, part, 0, length, at));
      for (let found = seen.indexOf(wanted); found !== -1; found = seen.indexOf(wanted, found + 1)) count++;
    } catch {
      // not there any more
    }
  }
  return count;
}
