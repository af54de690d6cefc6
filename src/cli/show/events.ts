/** An event of the stream as one line: when, where, what, and the facts that came with it. */
import { escapeText } from "../../base/text.ts";

const LEADING = ["at", "interface", "event"];

/** @param data what the engine said, whatever it is */
export function eventLine(event: string, data: unknown): string {
  const facts = typeof data === "object" && data !== null ? (data as Readonly<Record<string, unknown>>) : {};
  const lead = [facts["at"], facts["interface"], event].filter((one) => typeof one === "string");
  const more = Object.entries(facts)
    .filter(([name]) => !LEADING.includes(name))
    .flatMap(([name, value]) => factWords(name, value));
  return escapeText([...lead, ...more].join(" "));
}

/** What is nested is told by its leaves; what is empty is not told. */
function factWords(name: string, value: unknown): readonly string[] {
  if (value === null || value === undefined || value === "") return [];
  if (Array.isArray(value)) {
    const items = value.map((item) => (typeof item === "object" && item !== null ? Object.values(item).join(" via ") : String(item)));
    return items.length === 0 ? [] : [`${name}=${items.join(",")}`];
  }
  if (typeof value === "object") return name === "options" ? [] : Object.entries(value).flatMap(([key, inner]) => factWords(key, inner));
  return [`${name}=${String(value)}`];
}
