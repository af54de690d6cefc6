/**
 * Seconds of the wall clock that never go back: leases are dated by them across restarts. They go on with the clock of the machine's
 * uptime from a start that is no earlier than the newest lease, so that a board without a clock does not give addresses away twice.
 */
import type { Instant } from "../../base/time.ts";
import type { Clock } from "../../ports/clock.ts";
import type { LeaseTable } from "../leases/table.ts";

export class WallSeconds {
  readonly #clock: Clock;
  readonly #startedAt: Instant;
  readonly #startSeconds: number;

  /** @param newestSeconds of what was stored before */
  constructor(clock: Clock, newestSeconds: number) {
    this.#clock = clock;
    this.#startedAt = clock.now();
    this.#startSeconds = Math.max(Math.floor(clock.wallClock() / 1000), newestSeconds);
  }

  now(): number {
    return this.#startSeconds + Math.floor((this.#clock.now() - this.#startedAt) / 1000);
  }

  /** An instant as seconds of this clock; for ever stays for ever. */
  of(instant: Instant): number {
    if (!Number.isFinite(instant)) return FOREVER_SECONDS;
    return Math.min(FOREVER_SECONDS - 1, Math.max(0, this.#startSeconds + Math.floor((instant - this.#startedAt) / 1000)));
  }
}
const FOREVER_SECONDS = 0xffffffff;

export function newestSeconds(table: LeaseTable): number {
  let newest = 0;
  for (let row = 0; row < table.end; row++) newest = Math.max(newest, table.startSeconds(row));
  return newest;
}
