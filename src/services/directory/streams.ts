/** All connections of the directory's outlets: how many there may be, and how long one may stay without moving. */
import type { Counters } from "../counters.ts";
import { DIRECTORY_LIMITS } from "../../base/limits-directory.ts";
import { after, type Instant, NEVER } from "../../base/time.ts";
import type { Alarm, Clock } from "../../ports/clock.ts";
import type { StreamPurpose } from "../../ports/streams.ts";
import { Stream, type StreamEvents, type StreamIo, type StreamOptions } from "./stream.ts";

/** A connection that was accepted for us, without its descriptor: that is its holder's business. */
export type HandedConnection = {
  readonly number: number;
  readonly purpose: StreamPurpose;
  /** IPv4 or IPv6; empty for local sockets. */
  readonly peer: string;
  readonly port: number;
  /** From SO_PEERCRED; undefined for TCP. */
  readonly uid: number | undefined;
};

const SWEEP_SECONDS = 5;

export class Streams {
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #ended: Counters;
  readonly #open = new Map<Stream, HandedConnection>();

  /** @param ended counts ends by outlet and reason */
  constructor(clock: Clock, ended: Counters) {
    this.#clock = clock;
    this.#ended = ended;
    this.#alarm = clock.alarm(() => this.#sweep());
  }

  get count(): number {
    return this.#open.size;
  }

  open(handed: HandedConnection, io: StreamIo, options: Pick<StreamOptions, "requests" | "answer">): StreamEvents {
    const stream = new Stream({
      ...options,
      io,
      now: () => this.#clock.now(),
      ended: (why) => {
        this.#open.delete(stream);
        this.#ended.add(`${handed.purpose}-${why}`);
      },
    });
    if (this.#isFull(handed)) {
      stream.end("too-many-connections");
      return stream;
    }
    this.#open.set(stream, handed);
    if (this.#open.size === 1) this.#alarm.set(after(this.#clock.now(), SWEEP_SECONDS));
    return stream;
  }

  /** Ends those of a purpose, or all. */
  endAll(purpose?: StreamPurpose): void {
    for (const [stream, handed] of [...this.#open]) if (purpose === undefined || handed.purpose === purpose) stream.end("shut-down");
  }

  close(): void {
    this.endAll();
    this.#alarm.close();
  }

  #isFull({ purpose, peer, uid }: HandedConnection): boolean {
    if (this.#open.size >= DIRECTORY_LIMITS.directoryConnections) return true;
    if (uid === 0) return false; // every lookup of root's programs would otherwise wait for the slowest of them
    const ofPeer = [...this.#open.values()].filter((other) => other.purpose === purpose && other.peer === peer && other.uid === uid);
    return ofPeer.length >= DIRECTORY_LIMITS.directoryConnectionsPerPeer;
  }

  #sweep(): void {
    const now = this.#clock.now();
    for (const stream of [...this.#open.keys()]) {
      const seconds = stream.stalled ? DIRECTORY_LIMITS.directoryStallSeconds : DIRECTORY_LIMITS.directoryIdleSeconds;
      if (after(stream.lastMovedAt, seconds) <= now) stream.end(stream.stalled ? "stalled" : "idle");
    }
    const next: Instant = this.#open.size > 0 ? after(now, SWEEP_SECONDS) : NEVER;
    this.#alarm.set(next);
  }
}
