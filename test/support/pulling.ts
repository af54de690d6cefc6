/** Runs one update of the fetching half of `directory` on real sockets, and gathers what it gave. */
import { outwardStreams } from "../../src/platform/tls-streams.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { LogFields } from "../../src/ports/log.ts";
import type { FetcherConfig, IdFences } from "../../src/services/directory/config.ts";
import type { UserEntry } from "../../src/services/directory/entries.ts";
import type { Batch, GroupPart } from "../../src/services/directory/fetch/batches.ts";
import { Puller, type Pulled } from "../../src/services/directory/fetch/puller.ts";
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
