/** Clients without leases that would obey a Reconfigure, each with the note that leads to it; in memory only, and bounded. */
import type { Duid } from "../../../base/duid.ts";
import { LIMITS } from "../../../base/limits.ts";
import { decodeNote, type Note } from "../../leases/note.ts";
import { keyOf } from "./reconfigure-tries.ts";

export type Booked = { readonly link: number; readonly duid: Duid; readonly note: Uint8Array };

export class ReconfigureBook {
  readonly #book = new Map<string, Booked>();
  /** What stood there when a round began to go through it: places do not move under it. */
  #places: readonly string[] = [];

  get size(): number {
    return this.#book.size;
  }

  /** Who is there already keeps its place; the one known longest goes. */
  put(booked: Booked): void {
    this.#book.set(keyOf(booked.link, booked.duid), booked);
    for (const oldest of this.#book.keys()) {
      if (this.#book.size <= LIMITS.reconfigureBook) return;
      this.#book.delete(oldest);
    }
  }

  note(link: number, duid: Duid): Note | undefined {
    const booked = this.#book.get(keyOf(link, duid));
    return booked === undefined ? undefined : decodeNote(booked.note);
  }

  /** Numbers the places anew. @returns how many there are */
  number(): number {
    this.#places = [...this.#book.keys()];
    return this.#places.length;
  }

  at(place: number): Booked | undefined {
    return this.#book.get(this.#places[place] ?? "");
  }

  all(): readonly Booked[] {
    return [...this.#book.values()];
  }

  clear(): void {
    this.#book.clear();
  }
}
