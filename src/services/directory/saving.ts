/** When what is served is written to disk: at once after an update that changed it, now and then among changes and while it stays the same. */
import { DIRECTORY_LIMITS } from "../../base/limits-directory.ts";
import type { WallClock } from "../../base/time.ts";
import type { UpdatePorts } from "./update-ports.ts";

export class Saving {
  readonly #store: UpdatePorts["store"];
  #savedAt = 0;
  /** Changes are served that are not on disk. */
  isBehind = false;

  constructor(store: UpdatePorts["store"]) {
    this.#store = store;
  }

  /** At the end of an update that changed nothing. */
  isDue(now: WallClock): boolean {
    return this.isBehind || now - this.#savedAt >= DIRECTORY_LIMITS.resaveSeconds * 1000;
  }

  isDueAmongChanges(now: WallClock): boolean {
    return now - this.#savedAt >= DIRECTORY_LIMITS.changesSavedSeconds * 1000;
  }

  save(file: Uint8Array | undefined, now: WallClock): void {
    if (file === undefined) return;
    this.#store.save(file);
    this.#savedAt = now;
    this.isBehind = false;
  }
}
