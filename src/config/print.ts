/** A configuration as understood, defaults filled in, printed back as TOML: parse(print(parse(x))) equals parse(x). */
import type { ConfigFile } from "./schema.ts";

const LINE_CHARACTERS = 100;

type Table = { readonly [key: string]: unknown };

export function printConfig(file: ConfigFile | Table): string {
  return tables([], file as Table).join("\n");
}

/** Values of a table first, then the tables in it, each under its whole name. */
function tables(path: readonly string[], table: Table): readonly string[] {
  const entries = Object.entries(table).filter(([, value]) => value !== undefined);
  const values = entries.filter(([, value]) => !isTable(value));
  const inner = entries.filter((entry): entry is [string, Table] => isTable(entry[1]));
  const head = path.length === 0 || (values.length === 0 && inner.length > 0) ? [] : [`[${path.map(key).join(".")}]`];
  const own = [...head, ...values.map(([name, value]) => `${key(name)} = ${wide(value)}`)];
  return [...(own.length === 0 ? [] : [`${own.join("\n")}\n`]), ...inner.flatMap(([name, value]) => tables([...path, name], value))];
}

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A list of tables that would be a long line has a line for each of them. */
function wide(value: unknown): string {
  const line = printed(value);
  if (!Array.isArray(value) || !value.some(isTable) || line.length <= LINE_CHARACTERS) return line;
  return `[\n${value.map((one) => `  ${printed(one)},\n`).join("")}]`;
}

function printed(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(printed).join(", ")}]`;
  if (!isTable(value)) return JSON.stringify(value);
  const pairs = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return `{ ${pairs.map(([name, inner]) => `${key(name)} = ${printed(inner)}`).join(", ")} }`;
}

function key(name: string): string {
  return /^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name);
}
