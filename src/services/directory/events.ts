/** What happens to the directory, for hooks and for whoever watches: one plain object each. */
import { DIRECTORY_LIMITS } from "../../base/limits-directory.ts";
import type { WallClock } from "../../base/time.ts";
import type { Log } from "../../ports/log.ts";
import { countsOf, type TableDifference } from "./difference.ts";
import { type Compared, nameAt } from "./difference-rows.ts";
import { type Newcomers, newcomersIn } from "./privileged.ts";
import type { Source } from "./source.ts";
import type { Table } from "./table.ts";

export const DIRECTORY_EVENTS = ["users-change", "users-held"] as const;
export type DirectoryEvent = (typeof DIRECTORY_EVENTS)[number];
/** For hooks, and for whoever watches. */
export type EventsPort = { readonly happened: (happening: Happening) => void };
export type Happening = { readonly event: DirectoryEvent; readonly record: object };

type Where = { readonly domain: string; readonly update: number; readonly at: WallClock };

export class News {
  readonly #events: EventsPort;
  readonly #log: Log;
  /** What was told last of sources that gave nothing to believe. */
  told = "";

  constructor({ events, log }: { readonly events: EventsPort; readonly log: Log }) {
    this.#events = events;
    this.#log = log;
  }

  /** Sources that gave nothing to believe are news once, not at every update. */
  ended(where: Where, { compared, sources }: { readonly compared: Compared | undefined; readonly sources: readonly Source[] }): void {
    if (compared !== undefined) this.#changed(where, compared);
    const unsound = sources.filter(({ state }) => state !== "ok").map(({ settings: { name }, state }) => `${name} ${state}`);
    const told = unsound.join();
    if (told !== "" && told !== this.told) this.#events.happened(held(where, sources));
    this.told = told;
  }

  #changed(where: Where, compared: Compared): void {
    const newcomers = newcomersIn(compared);
    for (const { group, count, names } of newcomers) this.#log.write("warn", "privilegedGroupGrew", { group, count, names: names.join(" ") });
    this.#events.happened(changed(where, compared, newcomers));
  }
}

/** Counts of all, names of a few. */
function changed({ domain, update, at }: Where, { before, after, difference }: Compared, newcomers: readonly Newcomers[]): Happening {
  const event = "users-change";
  const tell = (of: TableDifference, old: Table, fresh: Table): object => ({
    ...countsOf(of),
    names: {
      added: of.added.slice(0, DIRECTORY_LIMITS.eventNames).map((row) => nameAt(fresh, row)),
      removed: of.removed.slice(0, DIRECTORY_LIMITS.eventNames).map((row) => nameAt(old, row)),
      changed: of.changed
        .filter((_, place) => place % 2 === 1)
        .slice(0, DIRECTORY_LIMITS.eventNames)
        .map((row) => nameAt(fresh, row)),
    },
  });
  const [users, groups] = [tell(difference.users, before.users, after.users), tell(difference.groups, before.groups, after.groups)];
  return {
    event,
    record: { at: new Date(at).toISOString(), event, domain, update, users, groups, ...(newcomers.length === 0 ? {} : { newcomers }) },
  };
}

function held({ domain, update, at }: Where, sources: readonly Source[]): Happening {
  const event = "users-held";
  const reasons = sources
    .filter(({ state }) => state !== "ok")
    .slice(0, DIRECTORY_LIMITS.eventNames)
    .map(({ settings: { name }, state, reason }) => ({ source: name, state, reason }));
  return { event, record: { at: new Date(at).toISOString(), event, domain, update, sources: reasons } };
}
