/** Calls that a room may not make, what to use instead, and where they are at home. */
import { codeOf, type Rule } from "./source.ts";

export type Ban = { readonly name: string; readonly pattern: RegExp; readonly instead: string; readonly home: readonly string[] };

/** What touches the real world: real sockets, timers and processes. Tests, scripts and benchmarks live there too. */
const REAL = ["src/platform/", "src/sim/real/", "scripts/", "bench/", "test/"];
/** Main and control look after processes and connections; nothing of theirs is replayed. */
const CARETAKERS = ["src/roles/main.ts", "src/roles/main/", "src/roles/control.ts", "src/roles/control/", "src/cli/"];

export const BANS: readonly Ban[] = [
  { name: "Date.now(", pattern: /\bDate\.now\b/, instead: "at.now, or the clock port", home: [...REAL, "src/cli/"] },
  { name: "new Date()", pattern: /\bnew Date\(\s*\)/, instead: "at.now, or the clock port", home: [...REAL, ...CARETAKERS] },
  { name: "performance.now(", pattern: /\bperformance\.|\bhrtime\b/, instead: "at.now, or the clock port", home: [...REAL, ...CARETAKERS] },
  { name: "Math.random(", pattern: /\bMath\.random\b/, instead: "at.entropy", home: ["scripts/", "bench/"] },
  {
    name: "randomBytes(",
    pattern: /\b(?:randomBytes|randomInt|randomUUID|getRandomValues)\b/,
    instead: "at.entropy",
    home: ["scripts/", "bench/", "test/"],
  },
  { name: "setTimeout(", pattern: /\bset(?:Timeout|Interval|Immediate)\b/, instead: "deadline(state)", home: [...REAL, ...CARETAKERS] },
  { name: "process.env", pattern: /\bprocess\.env\b/, instead: "src/config: one file says what is wanted", home: ["scripts/", "bench/", "test/"] },
  {
    name: "reading bytes by index",
    pattern: /\bnew DataView\b|\.(?:read|write)(?:Big)?(?:U?[Ii]nt|Float|Double)\d*(?:LE|BE)?\(/,
    instead: "Reader and Writer of src/base/cursor.ts",
    home: ["src/base/cursor.ts", "src/base/entropy.ts", "src/platform/", "scripts/", "bench/", "test/"],
  },
  { name: "console", pattern: /\bconsole\./, instead: "the log port", home: ["scripts/", "bench/", "test/"] },
  { name: "eval", pattern: /\beval\(|\bnew Function\(/, instead: "plain code", home: [] },
  { name: "@ts-ignore", pattern: /@ts-(?:ignore|expect-error|nocheck)/, instead: "a type that says what is so", home: [] },
];

/** The ban is on code, not on words; only compiler directives are looked for in comments. */
export function banned(ban: Ban): Rule {
  return ({ path, text }) => {
    if (ban.home.some((place) => path.startsWith(place)) || path.startsWith("test/house-rules/")) return [];
    const searched = ban.name.startsWith("@") ? text : codeOf(text);
    return searched
      .split("\n")
      .flatMap((line, index) => (ban.pattern.test(line) ? [`${path}:${index + 1} uses ${ban.name}: use ${ban.instead}`] : []));
  };
}
