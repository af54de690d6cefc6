/**
 * What happened in a world, one line an event, in fixed columns:
 *
 *   1-16   virtual time since the world began, DDdHH:MM:SS.mmm
 *   18-27  who: a host, the provider, the link, or "world" for a fault chosen by the seed
 *   29-41  what: transition, sent, fault, refused, violation, ...
 *   43-    the rest in words
 */
import { type Instant, NEVER } from "../base/time.ts";

export function timeOf(at: Instant): string {
  if (at === NEVER) return "never";
  const ms = Math.floor(at);
  const part = (value: number, width: number): string => String(value).padStart(width, "0");
  const [days, hours, minutes, seconds] = [
    Math.floor(ms / 86_400_000),
    Math.floor(ms / 3_600_000) % 24,
    Math.floor(ms / 60_000) % 60,
    Math.floor(ms / 1000) % 60,
  ];
  return `${part(days, 2)}d${part(hours, 2)}:${part(minutes, 2)}:${part(seconds, 2)}.${part(ms % 1000, 3)}`;
}

export class Story {
  readonly lines: string[] = [];

  tell(at: Instant, who: string, what: string, words: string): void {
    this.lines.push(`${timeOf(at).padEnd(16)} ${who.padEnd(10)} ${what.padEnd(13)} ${words}`.trimEnd());
  }
}
