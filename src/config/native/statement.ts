/** What a statement of a native file is, and those that both kinds of uplink have. */
import { textOfOctets } from "../octets.ts";
import { octetsOf, type Tokens } from "./tokens.ts";

/** What a statement says: `once` must not be said again, `add` to a list, `flag` as often as one likes. */
export type Said = { readonly how: "once" | "add" | "flag"; readonly key: string; readonly member?: string; readonly value: unknown };
export type Statement = {
  /** The words it begins with. */
  readonly words: string;
  /** How it is written, for hints. */
  readonly form: string;
  readonly read: (tokens: Tokens) => readonly Said[];
};

export const SEND_OPTION: Statement = { words: "send option", form: 'send option N "TEXT or hex:0102"', read: sendOption };
export const REQUEST_OPTIONS: readonly Statement[] = [
  { words: "request option", form: "request option N ...", read: (tokens) => codes(tokens).map((code) => add("request_options", code)) },
  { words: "no request option", form: "no request option N ...", read: (tokens) => codes(tokens).map((code) => add("no_request_options", code)) },
];

export function once(key: string, value: unknown): Said {
  return { how: "once", key, value };
}

export function add(key: string, value: unknown): Said {
  return { how: "add", key, value };
}

export function flag(words: string, key: string, value: unknown = true): Statement {
  return { words, form: words, read: () => [{ how: "flag", key, value }] };
}

/** As the TOML form has it: "hex:" says that digits follow, everything else is what it is. */
export function written(given: string): string {
  return given.startsWith("hex:") ? given : textOfOctets(octetsOf(given));
}

function sendOption(tokens: Tokens): readonly Said[] {
  const code = tokens.number("the code of an option");
  return [{ how: "once", key: "send_options", member: String(code), value: written(tokens.text("what the option holds")) }];
}

function codes(tokens: Tokens): readonly number[] {
  const all = [tokens.number("the code of an option")];
  while (tokens.peek().kind === "number") all.push(tokens.number("the code of an option"));
  return all;
}
