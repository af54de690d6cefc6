/** The ports of updates with somebody who listens: what is asked of them in one step, while time stands still. */
import { Entropy, ENTROPY_BYTES } from "../../../base/entropy.ts";
import type { Instant, WallClock } from "../../../base/time.ts";
import type { Alarm, Clock } from "../../../ports/clock.ts";
import { OctetDigest } from "../../octet-digest.ts";
import type { UpdatePorts } from "../update-ports.ts";

/** All of time and chance that a step may see. */
export type StepMoment = { readonly now: Instant; readonly wall: WallClock; readonly entropy: Uint8Array };

export class Tape {
  readonly ports: UpdatePorts;
  /** Rings of alarms, in the order in which the alarms were made. */
  readonly rings: (() => void)[] = [];
  /** An alarm goes off: whoever records makes a step of it. */
  rang: (alarm: number) => void = (alarm) => this.rings[alarm]?.();
  #moment: (Omit<StepMoment, "entropy"> & { readonly chance: Entropy }) | undefined;
  #said: unknown[] = [];

  constructor(ports: UpdatePorts) {
    const note = (...said: readonly unknown[]): void => {
      if (this.#moment !== undefined) this.#said.push(said);
    };
    this.ports = {
      clock: this.#clockOver(ports.clock, note),
      log: {
        write: (level, event, fields) => {
          note(level, event, fields);
          ports.log.write(level, event, fields);
        },
      },
      fetcher: {
        pull: (update, withinSeconds, held) => {
          note("pull", update, withinSeconds, held);
          ports.fetcher.pull(update, withinSeconds, held);
        },
      },
      events: {
        happened: (happening) => {
          note("happened", happening);
          ports.events.happened(happening);
        },
      },
      store: {
        save: (bytes) => {
          if (this.isStepping) note("save", new OctetDigest().add(bytes).toJSON());
          ports.store.save(bytes);
        },
      },
    };
  }

  get isStepping(): boolean {
    return this.#moment !== undefined;
  }

  /** @returns what was asked of the ports meanwhile */
  step({ now, wall, entropy }: StepMoment, action: () => void): readonly unknown[] {
    this.#said = [];
    this.#moment = { now, wall, chance: new Entropy(entropy) };
    try {
      action();
    } finally {
      this.#moment = undefined;
    }
    return this.#said;
  }

  #clockOver(clock: Clock, note: (...said: readonly unknown[]) => void): Clock {
    return {
      now: () => this.#moment?.now ?? clock.now(),
      wallClock: () => this.#moment?.wall ?? clock.wallClock(),
      entropy: () => this.#moment?.chance.bytes(ENTROPY_BYTES) ?? clock.entropy(),
      alarm: (ring): Alarm => {
        const number = this.rings.push(ring) - 1;
        const alarm = clock.alarm(() => this.rang(number));
        return {
          set: (at) => {
            note("alarm", number, at);
            alarm.set(at);
          },
          close: () => alarm.close(),
        };
      },
    };
  }
}
