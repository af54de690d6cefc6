/** Reads a configuration whole: everything that is wrong at once, or the typed configuration. Nothing is changed here. */
import { readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import type { z } from "zod";
import { LIMITS } from "../base/limits.ts";
import { escapeText } from "../base/text.ts";
import { DHCP6LEASED } from "./native/dhcp6leased.ts";
import type { Macro } from "./native/lexer.ts";
import { parseNative } from "./native/parse.ts";
import { DHCPLEASED } from "./native/dhcpleased.ts";
import { parseYpldap } from "./native/ypldap.ts";
import { CONFIG_OPTIONS, keysIn, optionKey } from "./options.ts";
import type { Fault } from "./faults.ts";
import { type Config, type ConfigFile, configOf, faultsOf, schema, soundPartsOf, warningsOf } from "./schema.ts";
import { type Surroundings, thisMachine } from "./surroundings.ts";
import { isProblem, type Parsed, parseToml, type Problem } from "./toml.ts";

/** What a file is written in. */
export const FORMATS = ["toml", "dhcpleased", "dhcp6leased", "ypldap"] as const;
export type Format = (typeof FORMATS)[number];
/** `macros` are those of a native file, for whoever wants to see them; `warnings` are of what is right and yet may surprise. */
export type ReadResult =
  | { readonly config: Config; readonly file: ConfigFile; readonly macros: readonly Macro[]; readonly warnings: readonly Problem[] }
  | { readonly problems: readonly Problem[] };

const WRITABLE_BY_OTHERS = 0o022;
/** Of a file that may hold passwords: root's group may read it, nobody else. */
const OPEN_TO_OTHERS = 0o037;

const GRAMMARS = { dhcpleased: DHCPLEASED, dhcp6leased: DHCP6LEASED } as const;
/** A line that dhcp6leased.conf has, and dhcpleased.conf cannot have; comments do not count. */
const OF_DHCP6LEASED = /^[ \t]*request[ \t]+(?:address|prefix|rapid)\b/m;
const SMALLEST = {
  toml: "[uplink4.eth0]",
  dhcpleased: "interface eth0 { }",
  dhcp6leased: "request prefix delegation on eth0 for lan0",
  ypldap: 'domain "home" and directory "ldap.example.org" ldaps { ... }',
} as const;
/** A line that ypldap.conf alone can have. */
const OF_YPLDAP = /^[ \t]*directory[ \t]+"?[^"\s]+"?.*\{/m;

/** Native files have their own ending. Which of them it is its name says, or what stands in it. */
function formatOf(path: string, octets: Buffer): Format {
  if (!path.endsWith(".conf")) return "toml";
  const name = basename(path);
  if (name.includes("dhcp6leased")) return "dhcp6leased";
  if (name.includes("ypldap") || (!name.includes("dhcpleased") && OF_YPLDAP.test(octets.toString("latin1")))) return "ypldap";
  return !name.includes("dhcpleased") && OF_DHCP6LEASED.test(octets.toString("latin1")) ? "dhcp6leased" : "dhcpleased";
}

/**
 * @param path a file; one that group or others may write is refused, for whoever writes it rules the program
 * @param given what it is written in; undefined: its name, or its content, tells
 * @param absent whether a file that is not there counts as an empty one
 * @param compat whether what only ypldap itself takes is told as a warning
 * @param defines macros that the file cannot say otherwise, where it has macros: "name=value"
 */
export function readConfigFile(
  path: string,
  {
    format: given,
    absent = "error",
    defines = [],
    compat = false,
  }: {
    readonly format?: Format | undefined;
    readonly absent?: "error" | "empty";
    readonly defines?: readonly string[];
    readonly compat?: boolean;
  } = {},
): ReadResult {
  let octets: Buffer;
  try {
    const { mode, size, uid } = statSync(path);
    if ((given ?? formatOf(path, Buffer.alloc(0))) === "ypldap") {
      if ((mode & OPEN_TO_OTHERS) !== 0)
        return one("others may read this file, or its group may write it; it may hold passwords", `chmod 0640 ${path}`);
      if (uid !== 0 && uid !== process.getuid?.()) return one("this file belongs to somebody else", `chown root ${path}`);
    }
    if ((mode & WRITABLE_BY_OTHERS) !== 0) return one("group or others may write this file", `chmod go-w ${path}`);
    if (size > LIMITS.configBytes) return one(`the file is larger than ${LIMITS.configBytes} bytes`, "is this the right file?");
    octets = readFileSync(path);
  } catch (error) {
    if (absent === "empty" && error instanceof Error && "code" in error && error.code === "ENOENT")
      return readConfig("", { format: given ?? formatOf(path, Buffer.alloc(0)) });
    return one(
      `the file cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      `write one, or name another with -f; a whole configuration is: ${SMALLEST[given ?? formatOf(path, Buffer.alloc(0))]}`,
    );
  }
  const format = given ?? formatOf(path, octets);
  return readConfig(octets.toString(format === "toml" ? "utf8" : "latin1"), { format, defines, compat });
}

/** @param text in a native file one character for each octet */
export function readConfig(
  text: string,
  {
    format = "toml",
    surroundings = thisMachine,
    defines = [],
    compat = false,
  }: { readonly format?: Format; readonly surroundings?: Surroundings; readonly defines?: readonly string[]; readonly compat?: boolean } = {},
): ReadResult {
  if (format === "toml") {
    const parsed = parseToml(text);
    return isProblem(parsed) ? { problems: [parsed] } : judge(parsed, { surroundings, problems: [], macros: [] });
  }
  if (format === "ypldap") return readYpldap(text, surroundings, { defines, compat });
  const parsed = parseNative(text, GRAMMARS[format]);
  return judge(parsed, { ...parsed, surroundings });
}

/** A password that stands in the file is read as if a file of its own held it. */
function readYpldap(text: string, surroundings: Surroundings, told: { readonly defines: readonly string[]; readonly compat: boolean }): ReadResult {
  const { readIncluded, readTrusted, readSecret } = surroundings;
  const readInclude = (path: string): string | Error => {
    const read = (readIncluded ?? readTrusted)(path);
    return typeof read === "string" ? Buffer.from(read, "utf8").toString("latin1") : read;
  };
  const parsed = parseYpldap(text, { readInclude, ...told });
  const within = { ...surroundings, readSecret: (path: string) => parsed.secrets.get(path) ?? readSecret(path) };
  const result = judge(parsed, { ...parsed, surroundings: within });
  return "problems" in result ? result : { ...result, warnings: inOrder([...parsed.warnings, ...result.warnings], parsed) };
}

/** What the names of tables are of. */
type Named = { readonly what: string; readonly hint: string };
const INTERFACE: Named = { what: "an interface", hint: "at most 15 characters without blanks, / and :" };
const LABEL = "letters, digits, and hyphens, dots and underscores between them, at most 64";
const NAMES: Readonly<Record<string, Named>> = {
  relayed: { what: "a link", hint: "letters, digits, hyphens and underscores, at most 15" },
  class: { what: "a class", hint: LABEL },
  host: { what: "a host", hint: LABEL },
};

type Found = { readonly surroundings: Surroundings; readonly problems: readonly Problem[]; readonly macros: readonly Macro[] };

/** @param problems what was found before: all are told at once */
function judge(parsed: Parsed, { surroundings, problems, macros }: Found): ReadResult {
  const judged = schema.safeParse(parsed.value);
  const found = [...problems, ...(judged.success ? [] : judged.error.issues.flatMap((issue) => problemsOf(issue, parsed)))];
  const faults = faultsOf(judged.success ? judged.data : soundPartsOf(parsed.value), surroundings);
  const all = [...found, ...placed(faults, parsed)];
  if (!judged.success || all.length > 0) return { problems: inOrder(all, parsed) };
  const config = configOf(judged.data, surroundings);
  const most = Math.max(config.uplink4?.interfaces.length ?? 0, config.uplink6?.length ?? 0, config.lan?.interfaces.length ?? 0);
  if (most > LIMITS.interfaces) return one(`more than ${LIMITS.interfaces} interfaces of one service`, "split them over two programs");
  if ([config.uplink4, config.uplink6, config.lan, config.directory].every((service) => service === undefined))
    return one("nothing is configured", "name an interface that should get its address by DHCP: [uplink4.eth0]");
  return { config, file: judged.data, macros, warnings: inOrder(placed(warningsOf(judged.data, surroundings), parsed), parsed) };
}

function placed(faults: readonly Fault[], { placeOf }: Parsed): readonly Problem[] {
  return faults.map(({ path, message, hint }) => ({ ...placeOf(path), message, hint }));
}

/** In the order of the file, in the words of who wrote it. */
function inOrder(problems: readonly Problem[], { inWords }: Parsed): readonly Problem[] {
  const seen = new Set<string>();
  const once = problems.filter(({ line, column, hint }) => seen.size !== seen.add(`${line}:${column} ${hint}`).size); // one of a place
  const sorted = once.toSorted((a, b) => a.line - b.line || a.column - b.column);
  return sorted.slice(0, LIMITS.configProblems).map((each) => ({ ...each, message: inWords(each.message), hint: inWords(each.hint) }));
}

/** `file:line:column: message` and a hint below it, as compilers print them. */
export function printProblem(file: string, { line, column, message, hint }: Problem): string {
  return `${file}:${line}:${column}: ${printable(message)}\n  hint: ${printable(hint)}`;
}

/** Of what is right and yet may surprise. */
export function printWarning(file: string, { line, column, message, hint }: Problem): string {
  return printProblem(file, { line, column, message: `warning: ${message}`, hint });
}

/** A file may hold anything; a terminal gets none of it that is no text. */
function printable(text: string): string {
  return escapeText(text).replaceAll("\\\\", "\\");
}

function one(message: string, hint: string): ReadResult {
  return { problems: [{ line: 1, column: 1, message, hint }] };
}

function problemsOf(issue: z.core.$ZodIssue, { placeOf }: Pick<Parsed, "placeOf">): readonly Problem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      ...placeOf([...issue.path, key]),
      message: `"${key}" is not known here`,
      hint: nearest(optionKey(issue.path), key),
    }));
  }
  if (issue.code === "invalid_key") {
    const { what, hint } = NAMES[String(issue.path[0])] ?? INTERFACE;
    return [{ ...placeOf(issue.path), message: `"${String(issue.path.at(-1))}" is no name of ${what}`, hint }];
  }
  if (issue.code === "invalid_union") {
    const meant = issue.errors.filter((branch) => !branch.some(({ code, path }) => code === "invalid_type" && path.length === 0));
    const [only, ...others] = meant;
    if (only !== undefined && others.length === 0)
      return only.flatMap((inner) => problemsOf({ ...inner, path: [...issue.path, ...inner.path] }, { placeOf }));
  }
  const hint: unknown = issue.code === "custom" ? issue.params?.["hint"] : undefined;
  return [
    {
      ...placeOf(issue.path),
      message: `${issue.path.map(String).join(".")}: ${issue.message}`,
      hint: typeof hint === "string" ? hint : hintOf(issue.path),
    },
  ];
}

/** What the nearest key on the path takes. */
function hintOf(path: readonly PropertyKey[]): string {
  for (let length = path.length; length > 0; length--) {
    const key = optionKey(path.slice(0, length));
    const option = CONFIG_OPTIONS[key];
    if (option !== undefined) return `${key.split(".").at(-1)} takes ${option.takes}`;
  }
  return `known are: ${keysIn("").join(", ")}`;
}

function nearest(table: string, key: string): string {
  const known = keysIn(table);
  const best = known.map((one) => ({ one, distance: editDistance(key, one) })).sort((a, b) => a.distance - b.distance)[0];
  return best !== undefined && best.distance <= 3 ? `did you mean "${best.one}"?` : `known are: ${known.join(", ")}`;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, char] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries())
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (char === other ? 0 : 1)));
    row = next;
  }
  return row[b.length] ?? a.length;
}
