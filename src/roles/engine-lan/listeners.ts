/** Events of leases go to main, where a hook is configured, and to control, where somebody watches; each said that it wants to hear. */
import type { LeaseEvent, LeaseListeners } from "../../ports/leases.ts";
import type { EngineRoom } from "../engine.ts";

/** Frames that may wait for one of them: it does not keep up then, and is told no more until it has. */
const WAITING_MAX = 32;
const PLACES = ["main", "control"] as const;
type Place = (typeof PLACES)[number];

export class Listeners implements LeaseListeners {
  readonly #room: EngineRoom;
  readonly #there = new Set<Place>();

  constructor(room: EngineRoom) {
    this.#room = room;
  }

  get areThere(): boolean {
    return this.#there.size > 0;
  }

  are(there: boolean, where: Place): void {
    if (there) this.#there.add(where);
    else this.#there.delete(where);
  }

  tell(events: readonly LeaseEvent[]): boolean {
    return [...this.#there].map((where) => this.#tellOne(where, events)).every(Boolean);
  }

  #tellOne(where: Place, events: readonly LeaseEvent[]): boolean {
    const to = where === "main" ? this.#room.main : this.#room.to("control");
    return to !== undefined && to.waiting < WAITING_MAX && to.send("leaseEvents", { events });
  }
}
