/** What an update brought and is not served, compared with what is: found out in slices, behind the update. */
import type { Clock } from "../../ports/clock.ts";
import { Background } from "./background.ts";
import { differenceOf, isEmpty } from "./difference.ts";
import type { Compared } from "./difference-rows.ts";
import { type Snapshot, snapshotOf } from "./snapshot.ts";
import type { Sliced } from "./sort.ts";
import type { Source } from "./source.ts";

export class HeldBack {
  readonly #background: Background;
  compared: Compared | undefined;

  constructor(clock: Clock) {
    this.#background = new Background(clock);
  }

  compare(sources: readonly Source[], served: Snapshot): void {
    if (sources.every(({ fresh, suspect }) => fresh === undefined && suspect === undefined)) return;
    this.#background.run(comparison(sources, served), (compared) => {
      this.compared = compared;
    });
  }

  forget(): void {
    this.compared = undefined;
    this.#background.stop();
  }

  close(): void {
    this.#background.close();
  }
}

/** As if everything that came were believed. */
function* comparison(sources: readonly Source[], before: Snapshot): Sliced<Compared | undefined> {
  const harvests = sources.flatMap(({ fresh, suspect, good }) => fresh ?? suspect ?? good?.harvest ?? []);
  const after = yield* snapshotOf(harvests, before, before.committedAt);
  const difference = yield* differenceOf(before, after);
  return isEmpty(difference) ? undefined : { before, after, difference };
}
