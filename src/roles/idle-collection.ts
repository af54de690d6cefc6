/**
 * What a conversation left behind is given back soon after it: an idle process would keep it for a minute. For roles without machine
 * code, whose heap is small and whose pause is ten milliseconds; a server under load is never interrupted for it.
 */
import { after } from "../base/time.ts";
import { BootClock } from "../platform/clock.ts";
import { native } from "../platform/native.ts";

/** After the first message; then nothing for as long as REST_SECONDS, whatever comes. */
const SOON_SECONDS = 2;
const REST_SECONDS = 8;

let heard = (): void => undefined;

/** Gives back what a long piece of work left behind: buffers outside of the heap say nothing to the collector, and would stay. */
export function collectNow(): void {
  globalThis.gc?.();
  native().trimMemory();
}

/** Something came in. */
export function messageCame(): void {
  heard();
}

/** To be called before the fence closes: its timer is a descriptor. */
export function collectWhenIdle(): void {
  if (globalThis.gc === undefined || !process.execArgv.includes("--jitless")) return;
  const clock = new BootClock();
  let isWaiting = false;
  let restsUntil = clock.now();
  const alarm = clock.alarm(() => {
    isWaiting = false;
    collectNow();
    restsUntil = after(clock.now(), REST_SECONDS);
  });
  heard = () => {
    if (isWaiting) return;
    isWaiting = true;
    const soon = after(clock.now(), SOON_SECONDS);
    alarm.set(soon < restsUntil ? restsUntil : soon);
  };
}
