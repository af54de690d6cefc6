/**
 * When a group of lease changes is closed. Under load a small group waits a moment for more: with clients that each wait for their answer,
 * a group of two is answered by two more, and so on, at the price of a write for every two. One that comes alone does not wait.
 */
import type { Pace } from "../../ports/store.ts";
import { SMALL_BYTES } from "./writers.ts";

/** About as long as a write takes: an answer is late by one write at most. */
const GATHERING_MS = 0.12;
/** No group for so long: there is no load. */
const QUIET_MS = 1;

export class GatheringPace implements Pace {
  readonly #nowMs: () => number;
  #writtenMs = Number.NEGATIVE_INFINITY;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  wait(bytes: () => number, close: () => void): void {
    const began = this.#nowMs();
    if (began - this.#writtenMs > QUIET_MS) return close();
    const look = (): void => {
      if (bytes() >= SMALL_BYTES || this.#nowMs() - began >= GATHERING_MS) close();
      else setImmediate(look); // sockets are read between two turns
    };
    setImmediate(look);
  }

  written(): void {
    this.#writtenMs = this.#nowMs();
  }
}
