/**
 * How often a client found its address in use: after LIMITS.declinesPerClient within a day it is not believed any more, or one broken
 * host would shut out all others (RFC 9915 §18.3.8 leaves it to us what a Decline means).
 */
import { LIMITS } from "../../../base/limits.ts";

type Told = { count: number; readonly until: number };

export class Declines {
  /** Those who declined first stand first. */
  readonly #told = new Map<number, Told>();

  clear(): void {
    this.#told.clear();
  }

  /** @param client who it is, as a number @param seconds for which a Decline counts @returns whether one more is believed */
  believes(client: number, now: number, seconds: number): boolean {
    const known = this.#told.get(client);
    if (known !== undefined && known.until > now) return ++known.count <= LIMITS.declinesPerClient;
    this.#told.delete(client);
    if (this.#told.size >= LIMITS.decliners) this.#forgetFirst();
    this.#told.set(client, { count: 1, until: now + seconds });
    return true;
  }

  #forgetFirst(): void {
    for (const first of this.#told.keys()) {
      this.#told.delete(first);
      return;
    }
  }
}
