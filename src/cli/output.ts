/** What every command prints, and how it ends. */
import { writeSync } from "node:fs";
import { asciiJson } from "../base/text.ts";

/** Exit codes of every command: done, failed, usage or configuration, not there or not in time. */
export const EXIT = { done: 0, failed: 1, usage: 2, absent: 3 } as const;

export function finish(code: number, text: string, stream: 1 | 2 = code === EXIT.done ? 1 : 2): never {
  print(stream, text);
  process.exit(code);
}

export function print(stream: 1 | 2, text: string): void {
  write(stream, `${text}\n`);
}

/** A reader that has gone ends the program, as it does others: `leasehold watch | head`. */
export function write(stream: 1 | 2, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(stream, bytes, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EPIPE") process.exit(EXIT.done);
      if (code !== "EAGAIN") throw error;
    }
  }
}

/** Fit for a terminal, whatever is in it. */
export function jsonLine(value: unknown): string {
  return asciiJson(JSON.stringify(value));
}
