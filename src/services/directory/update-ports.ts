/** What updates need of others, and what they tell of themselves. */
import type { Instant } from "../../base/time.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Held } from "./changes.ts";
import type { ChangeCounts } from "./difference.ts";
import type { EventsPort } from "./events.ts";
import type { StoredSource } from "./snapshot-file.ts";

export type UpdatePorts = {
  readonly clock: Clock;
  readonly log: Log;
  /** `held`: what of each source is there, so that it need not come again. */
  readonly fetcher: { readonly pull: (update: number, withinSeconds: number, held: readonly Held[]) => void };
  /** Durable in its own time; replaces what was saved before. */
  readonly store: { readonly save: (bytes: Uint8Array) => void };
  /** For hooks, and for whoever watches. */
  readonly events: EventsPort;
};
/** `loading`: what is on disk, or was served before the configuration changed, is checked and merged. */
export type UpdatePhase = "idle" | "loading" | "pulling" | "merging";

/** The last update that has ended; `change` where something is served that was not before. */
export type Ended = {
  readonly update: number;
  readonly outcome: "none" | "committed" | "held";
  readonly change: { readonly users: ChangeCounts; readonly groups: ChangeCounts } | undefined;
};

/** What goes on under another configuration. */
export type Carried = {
  readonly update: number;
  readonly failures: number;
  readonly fetcherReady: boolean;
  /** From when on a result counts as another one of the same; and whether an update is asked for that could not begin. */
  readonly cycleAt: Instant;
  readonly again: boolean;
  /** What was told last of sources that gave nothing to believe. */
  readonly told: string;
  /** What each source gave last. */
  readonly sources: readonly StoredSource[];
};
