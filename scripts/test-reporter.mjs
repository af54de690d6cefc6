/**
 * What `node --test` reports, one JSON line an event, for scripts/test.mjs and scripts/mutants.mjs: they print for people.
 * A default export is what Node asks of a reporter.
 */
import { inspect } from "node:util";

function told(error) {
  const cause = error?.cause ?? error;
  return { text: typeof cause === "string" ? cause : inspect(cause, { depth: 4 }), kind: error?.failureType };
}

function line(event) {
  const { type, data } = event;
  if (type === "test:stdout" || type === "test:stderr") return { type: "output", file: data.file, text: data.message };
  if (type === "test:diagnostic" && data.nesting > 0) return { type: "note", file: data.file, text: data.message };
  if (type !== "test:pass" && type !== "test:fail") return undefined;
  const { name, file, nesting, skip, todo, details } = data;
  const outcome = skip !== undefined ? "skipped" : todo !== undefined ? "todo" : type === "test:pass" ? "passed" : "failed";
  const reason = skip ?? todo;
  return {
    type: "test",
    name,
    file,
    nesting,
    outcome,
    suite: details.type === "suite",
    milliseconds: details.duration_ms,
    ...(reason === undefined ? {} : { reason: typeof reason === "string" && reason !== "" ? reason : "no reason given" }),
    ...(outcome === "failed" ? { error: told(details.error) } : {}),
  };
}

export default async function* reporter(events) {
  for await (const event of events) {
    const out = line(event);
    if (out !== undefined) yield `${JSON.stringify(out)}\n`;
  }
}
