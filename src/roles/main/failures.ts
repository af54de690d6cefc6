/** What the system refuses main must not end it: whoever asked is told, and what must be done is tried again. */
import { KernelError } from "../../base/errors.ts";

export type SystemFailure = { readonly errno: number; readonly message: string };

/** @returns undefined for an error that is our own: it ends the process */
export function systemFailure(error: unknown): SystemFailure | undefined {
  if (error instanceof KernelError) return { errno: error.errno, message: error.message };
  if (!(error instanceof Error) || !("syscall" in error) || !("errno" in error) || typeof error.errno !== "number") return undefined;
  return { errno: Math.abs(error.errno), message: error.message }; // of node:fs
}

/** A disk that is full now may have room then. */
const PAUSE_MS = 5000;

/** Tries again what failed, one of a kind at a time. */
export class Retries {
  readonly #timers = new Map<string, NodeJS.Timeout>();

  waits(what: string): boolean {
    return this.#timers.has(what);
  }

  later(what: string, act: () => void): void {
    if (this.waits(what)) return;
    const timer = setTimeout(() => {
      this.#timers.delete(what);
      act();
    }, PAUSE_MS);
    this.#timers.set(what, timer.unref());
  }

  /** Whoever wanted it is gone. */
  forget(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
