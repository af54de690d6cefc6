/** Whoever wants clients to come back hears how many are told, once all of them were looked at or soon after in any case. */
import { after, type Instant } from "../../base/time.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ReconfigureAnswer, ReconfigureRequest } from "../../ports/reconfigure.ts";
import type { RecordedDhcp6Server } from "./dhcp6-server/recorder.ts";

/** Shorter than anybody waits for an answer. */
const PATIENCE_SECONDS = 3;
type Done = (answer: ReconfigureAnswer) => void;

export class ReconfigureDesk {
  readonly #server: Pick<RecordedDhcp6Server, "reconfigure" | "reconfigured">;
  readonly #clock: Clock;
  #waiting: { readonly round: number; readonly until: Instant; readonly done: Done }[] = [];

  constructor(server: Pick<RecordedDhcp6Server, "reconfigure" | "reconfigured">, clock: Clock) {
    this.#server = server;
    this.#clock = clock;
  }

  ask(request: ReconfigureRequest, done: Done): void {
    const round = this.#server.reconfigure(request);
    if (typeof round === "string") return done({ outcome: round, clients: 0 });
    if (this.#waiting.length >= LIMITS.controlOutstanding) return done({ outcome: "more", clients: 0 });
    this.#waiting.push({ round, until: after(this.#clock.now(), PATIENCE_SECONDS), done });
  }

  /** Time has passed. */
  look(): void {
    if (this.#waiting.length === 0) return;
    const now = this.#clock.now();
    this.#waiting = this.#waiting.filter(({ round, until, done }) => {
      const { told, isOver } = this.#server.reconfigured(round);
      if (!isOver && now < until) return true;
      done({ outcome: !isOver ? "more" : told > 0 ? "told" : "no-client", clients: told });
      return false;
    });
  }
}
