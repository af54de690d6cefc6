/** The clock of one life of a program: alarms of a program that was killed ring for nobody. */
import type { Clock } from "../ports/clock.ts";

/** @param enter what happens around a ring */
export function clockWhile(alive: () => boolean, clock: Clock, enter: (ring: () => void) => void = (ring) => ring()): Clock {
  return {
    now: () => clock.now(),
    wallClock: () => clock.wallClock(),
    entropy: () => clock.entropy(),
    alarm: (ring) => {
      const alarm = clock.alarm(() => {
        if (alive()) enter(ring);
        else alarm.close();
      });
      return alarm;
    },
  };
}
