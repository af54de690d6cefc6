/**
 * Reads all directories of one update: each exactly once, all at the same time, none waiting for another. What a source gave
 * counts only when `pulled` says that it was everything; the receiver throws away the entries of a source that failed.
 */
import { LIMITS } from "../../../base/limits.ts";
import { after } from "../../../base/time.ts";
import type { Failure } from "../../../machines/ldap-session/state.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Log } from "../../../ports/log.ts";
import type { ServiceNames, TlsStreams } from "../../../ports/tls-streams.ts";
import type { FetcherConfig } from "../config.ts";
import type { Batch } from "./batches.ts";
import type { Changes } from "./live.ts";
import { Reader } from "./reader.ts";
import type { RejectCount } from "./rejects.ts";

/** Which update of a source the receiver has, and how many changes to it; 0 and 0 when it has none. */
export type Held = { readonly update: number; readonly change: number };
/** What came of one source; `users` and `groups` are how many entries were sent. */
export type Pulled = {
  readonly update: number;
  /** Its place in the configuration. */
  readonly source: number;
  readonly ok: boolean;
  /** What the receiver has is all there is: nothing was sent. */
  readonly unchanged: boolean;
  /** Changes are told from here on. */
  readonly live: boolean;
  /** Empty, or why it failed, for an operator. */
  readonly reason: string;
  readonly failure: Failure | undefined;
  readonly users: number;
  readonly groups: number;
  readonly rejects: readonly RejectCount[];
};
/** A step from what the receiver has: `change` counts those since the update. */
export type SourceChanges = Changes & Held & { readonly source: number };
export interface PullOutput {
  entries(batch: Batch & { readonly update: number; readonly source: number }): void;
  /** Once for each source of each update. */
  pulled(result: Pulled): void;
  changes?(changes: SourceChanges): void;
  /** A source should be read again before its time. */
  stale?(which: { readonly source: number }): void;
}
export type PullerPorts = {
  readonly clock: Clock;
  readonly streams: TlsStreams;
  /** Without it no SRV records are asked for. */
  readonly names?: ServiceNames;
  readonly output: PullOutput;
  readonly log: Log;
};

export const NOTHING_HELD: Held = { update: 0, change: 0 };

export class Puller {
  readonly #ports: PullerPorts;
  #readers: readonly Reader[] = [];
  #paused = false;

  constructor(ports: PullerPorts) {
    this.#ports = ports;
  }

  /** What is under way goes by the old configuration, and is given up. */
  configure(config: FetcherConfig): void {
    for (const reader of this.#readers) reader.close();
    this.#readers = config.sources.map((source, index) => new Reader(this.#ports, config, { index, source }));
    if (this.#paused) for (const reader of this.#readers) reader.pause();
  }

  /** Begins an update; one that is still under way is given up. @returns how many sources will answer */
  pull(update: number, withinSeconds: number = LIMITS.pullSeconds, held: readonly Held[] = []): number {
    for (const reader of this.#readers) reader.supersede();
    const endsAt = after(this.#ports.clock.now(), Math.min(withinSeconds, LIMITS.pullSeconds));
    for (const [index, reader] of this.#readers.entries()) reader.pull(update, endsAt, held[index] ?? NOTHING_HELD);
    return this.#readers.length;
  }

  /** The receiver cannot take more: servers wait. */
  pause(): void {
    this.#paused = true;
    for (const reader of this.#readers) reader.pause();
  }

  resume(): void {
    this.#paused = false;
    for (const reader of this.#readers) reader.resume();
  }

  get paused(): boolean {
    return this.#paused;
  }
}
