/** Programs that tests run, and waiting for what they do. */
import { type ChildProcess, execFile } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";

export type Finished = { readonly stdout: string; readonly stderr: string; readonly code: number };
export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** A program under way. What it wrote so far can be read at any time. */
export class Running {
  readonly #child: ChildProcess;
  readonly exited: Promise<Exit>;
  stdout = "";
  stderr = "";

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (this.stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    this.exited = new Promise((resolve) => {
      child.once("close", (code, signal) => resolve({ code, signal }));
      child.once("error", (error) => {
        this.stderr += error.message;
        resolve({ code: null, signal: null });
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get running(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Asks it to end and waits; after five seconds it is killed. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Exit> {
    if (this.running) this.#child.kill(signal);
    const ended = await Promise.race([this.exited, delay(5000, undefined, { ref: false })]);
    if (ended !== undefined) return ended;
    this.kill();
    return this.exited;
  }

  kill(): void {
    if (this.running) this.#child.kill("SIGKILL");
  }
}

/** Runs a program to its end; any exit code is an answer. */
export function run(command: string, args: readonly string[]): Promise<Finished> {
  return new Promise((resolve) => {
    execFile(command, [...args], { maxBuffer: 64 * 1024 * 1024, encoding: "utf8" }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ stdout, stderr: code === -1 ? `${stderr}${error?.message ?? ""}` : stderr, code });
    });
  });
}

/** @throws Error with everything it wrote when it did not exit 0 */
export function sound(finished: Finished): Finished {
  if (finished.code !== 0) throw new Error(`exited ${finished.code}: ${finished.stderr}${finished.stdout}`);
  return finished;
}

/**
 * Looks again and again until something true is there, and returns it.
 * @param look may call `see` with what it looked at, which the failure then shows; throwing counts as not yet
 */
export async function waitFor<T>(look: (see: (value: unknown) => void) => T | Promise<T>, timeoutMs: number, what: string): Promise<NonNullable<T>> {
  const end = performance.now() + timeoutMs;
  let seen: unknown;
  for (;;) {
    try {
      const found = await look((value) => {
        seen = value;
      });
      if (found !== undefined && found !== null && found !== false) return found;
    } catch (error) {
      seen = error;
    }
    if (performance.now() > end) {
      const shown = seen instanceof Error ? seen.message : typeof seen === "string" ? seen : JSON.stringify(seen, undefined, 1);
      throw new Error(`not within ${timeoutMs} ms: ${what}\nlast seen: ${shown}`, seen instanceof Error ? { cause: seen } : undefined);
    }
    await delay(20);
  }
}
