/** The clock port on Node's own timers, which let a test process end: for services on real sockets. */
import { randomBytes } from "node:crypto";
import { instant, NEVER, wallClock } from "../../src/base/time.ts";
import type { Clock } from "../../src/ports/clock.ts";

export const realClock: Clock = {
  now: () => instant(performance.now()),
  wallClock: () => wallClock(Date.now()),
  entropy: () => randomBytes(32),
  alarm: (ring) => {
    let timer: NodeJS.Timeout | undefined;
    return {
      set: (at) => {
        clearTimeout(timer);
        timer = at === NEVER ? undefined : setTimeout(ring, Math.max(0, at - performance.now()));
      },
      close: () => clearTimeout(timer),
    };
  },
};
