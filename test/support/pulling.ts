/** Runs one update of the fetching half of `directory` on real sockets, and gathers what it gave. */
import { serviceNames } from "../../src/platform/name-lookup.ts";
import { outwardStreams } from "../../src/platform/tls-streams.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { LogFields } from "../../src/ports/log.ts";
import type { FetcherConfig, IdFences } from "../../src/services/directory/config.ts";
import type { UserEntry } from "../../src/services/directory/entries.ts";
import type { Batch, GroupPart } from "../../src/services/directory/fetch/batches.ts";
import { type Held, NOTHING_HELD, Puller, type Pulled, type SourceChanges } from "../../src/services/directory/fetch/puller.ts";
import { waitFor } from "./programs.ts";
import { realClock } from "./real-clock.ts";

export type Fetched = {
  readonly users: readonly UserEntry[];
  readonly groups: readonly GroupPart[];
  readonly batches: readonly Batch[];
  readonly results: readonly Pulled[];
  readonly logged: readonly { readonly event: string; readonly fields: LogFields }[];
};

export const FENCES: IdFences = {
  minUid: 1000,
  maxUid: 4_294_967_294,
  minGid: 1000,
  maxGid: 4_294_967_294,
  localUsers: ["root", "daemon"],
  localGroups: ["sudo"],
};

/** A puller over several updates: what it told, in order. */
export class Pulling {
  readonly users: UserEntry[] = [];
  readonly groups: GroupPart[] = [];
  readonly results: Pulled[] = [];
  readonly changes: SourceChanges[] = [];
  readonly logged: { readonly event: string; readonly fields: LogFields }[] = [];
  readonly puller: Puller;
  stale = 0;
  #update = 0;

  constructor(config: FetcherConfig, clock: Clock = realClock) {
    this.puller = new Puller({
      clock,
      streams: outwardStreams,
      names: serviceNames,
      output: {
        entries: (batch) => {
          this.users.push(...batch.users);
          this.groups.push(...batch.groups);
        },
        pulled: (result) => this.results.push(result),
        changes: (changes) => this.changes.push(changes),
        stale: () => {
          this.stale++;
        },
      },
      log: { write: (_level, event, fields) => this.logged.push({ event, fields }) },
    });
    this.puller.configure(config);
  }

  /** One update of the one source, by a receiver that has this. @returns what was said of it, and what it sent */
  async pull(
    held: Held = NOTHING_HELD,
  ): Promise<{ readonly result: Pulled; readonly users: readonly UserEntry[]; readonly groups: readonly GroupPart[] }> {
    const before = this.results.length;
    this.users.length = 0;
    this.groups.length = 0;
    this.puller.pull(++this.#update, 60, [held]);
    const result = await waitFor(() => this.results[before], 20_000, "the source is answered for");
    return { result, users: [...this.users], groups: [...this.groups] };
  }

  close(): void {
    this.puller.configure({ resolvers: [], idFences: FENCES, sources: [] });
  }
}

/** Ends when every source has answered. */
export function pullOnce(
  config: FetcherConfig,
  { clock = realClock, onBatch = () => undefined }: { readonly clock?: Clock; readonly onBatch?: (puller: Puller) => void } = {},
): Promise<Fetched> {
  const fetched = { users: [] as UserEntry[], groups: [] as GroupPart[], batches: [] as Batch[], results: [] as Pulled[] };
  const logged: { event: string; fields: LogFields }[] = [];
  return new Promise((resolve) => {
    const puller = new Puller({
      clock,
      streams: outwardStreams,
      output: {
        entries: (batch) => {
          fetched.batches.push(batch);
          fetched.users.push(...batch.users);
          fetched.groups.push(...batch.groups);
          onBatch(puller);
        },
        pulled: (result) => {
          fetched.results.push(result);
          if (fetched.results.length === config.sources.length) resolve({ ...fetched, logged });
        },
      },
      log: { write: (_level, event, fields) => logged.push({ event, fields }) },
    });
    puller.configure(config);
    puller.pull(1);
  });
}

/** Time that passes so many times faster, for timeouts that a test would otherwise wait for. */
export function fasterClock(times: number): Clock {
  return {
    ...realClock,
    now: () => (realClock.now() * times) as ReturnType<Clock["now"]>,
    alarm: (ring) => {
      const alarm = realClock.alarm(ring);
      return { set: (at) => alarm.set((at / times) as typeof at), close: () => alarm.close() };
    },
  };
}
