/** Tells when the machine has slept: time has passed that no program could use. */
import { check, checkPoll, native } from "./native.ts";

/** A shorter sleep changes nothing of a link. */
const SLEEP_MIN_MS = 500;

/** Must be called before the fence closes: it is a descriptor. */
export function sleepWatch(resumed: () => void): void {
  const fd = check(native().clockSetWatchNew(), "timerfd_create");
  let asleepMs = sleptMs();
  checkPoll(
    native().pollNew(fd, () => {
      native().timerRead(fd);
      const now = sleptMs();
      const slept = hasSlept(asleepMs, now);
      asleepMs = now;
      if (slept) resumed();
    }),
  );
}

/** Whoever sets the clock wakes us as well; then no time was slept away. */
export function hasSlept(beforeMs: number, nowMs: number): boolean {
  return nowMs - beforeMs >= SLEEP_MIN_MS;
}

/** What the clock that counts sleep is ahead of the one that does not. */
function sleptMs(): number {
  return native().bootTimeMs() - Number(process.hrtime.bigint() / 1_000_000n);
}
