/** What reports of both kinds of uplink are made of. */
import { escapeText } from "../../base/text.ts";

const UNITS = [
  [86_400, "day"],
  [3600, "hour"],
  [60, "minute"],
] as const;

/** Lines behind a tab, escaped. */
export function reportLines(head: string, lines: readonly string[]): string {
  return [escapeText(head), ...lines.map((line) => `\t${escapeText(line)}`)].join("\n");
}

/** In the largest unit that it is more than one of, rounded half up; never below zero. @param now milliseconds since 1970 */
export function remaining(expiresAt: string | null, now: number): string {
  if (expiresAt === null) return "infinite";
  const seconds = Math.max(0, Math.round((Date.parse(expiresAt) - now) / 1000));
  const [size, name] = UNITS.find(([unit]) => seconds > unit) ?? ([1, "second"] as const);
  const count = Math.floor((seconds + size / 2) / size);
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}
