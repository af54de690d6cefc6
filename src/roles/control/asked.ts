/** Requests to another role that wait for their answer, each under a number, at most a few at once, none for ever. */
import { LIMITS } from "../../base/limits.ts";

const PATIENCE_MS = 5000;

export class Asked<T> {
  readonly #waiting = new Map<number, (answer: T | undefined) => void>();
  #next = 1;

  /** @returns undefined when too many wait, nothing could be sent, or no answer came in time */
  ask(send: (request: number) => boolean): Promise<T | undefined> {
    if (this.#waiting.size >= LIMITS.controlOutstanding) return Promise.resolve(undefined);
    const request = this.#next++ >>> 0;
    return new Promise((resolve) => {
      const late = setTimeout(() => this.#finish(request, undefined), PATIENCE_MS);
      this.#waiting.set(request, (answer) => {
        clearTimeout(late);
        resolve(answer);
      });
      if (!send(request)) this.#finish(request, undefined);
    });
  }

  answer(request: number, answer: T): void {
    this.#finish(request, answer);
  }

  #finish(request: number, answer: T | undefined): void {
    this.#waiting.get(request)?.(answer);
    this.#waiting.delete(request);
  }
}
