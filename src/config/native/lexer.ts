/** Tokens of the native files of the OpenBSD family: words, quoted strings, numbers, punctuation, and the ends of lines. Macros are expanded here. */
import { escapeBytes } from "../../base/text.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Place } from "../toml.ts";
import { Characters, Misread } from "./characters.ts";

export type Token = Place &
  ({ readonly kind: "word" | "string" | "number" | "punctuation"; readonly text: string } | { readonly kind: "newline" | "end"; readonly text: "" });
export type Macro = { readonly name: string; readonly value: string; used: boolean };

const BLANK = /[ \t\r]/;
const WORD_START = /[A-Za-z0-9:_]/;
/** Letters, digits, and punctuation except `( ) { } ! = # ,`. */
const IN_WORD = /[A-Za-z0-9"$%&'*+./:;<>?@[\\\]^_`|~-]/;
/** What would not be read as one word, such as a distinguished name. */
const IS_VALUE = /[(){}<>!=#,"']|^$/;
const ENDS_NUMBER = /[\s),/}=]/;
const LEAST = -(2n ** 63n);
const MOST = 2n ** 63n - 1n;

export class Lexer {
  readonly macros: Map<string, Macro>;
  readonly #sharesMacros: boolean;
  readonly #characters: Characters;
  #expanded = 0;
  #ended = false;

  /** @param macros of a grammar whose macros are values: one that holds more than words and numbers is one string */
  constructor(text: string, macros?: Map<string, Macro>) {
    this.#characters = new Characters(text);
    this.macros = macros ?? new Map();
    this.#sharesMacros = macros !== undefined;
  }

  /** @throws Misread; the rest of the line can be skipped then */
  next(): Token {
    const characters = this.#characters;
    for (;;) {
      while (BLANK.test(characters.peek())) characters.next();
      const { place } = characters;
      const { expanding } = characters;
      const mark = characters.mark();
      const first = characters.next();
      if (first === "") return this.#end(place);
      if (first === "\n") return { kind: "newline", text: "", ...place };
      if (first === "#") {
        this.#comment();
        continue;
      }
      if (first === "$" && !expanding) {
        const { value } = this.#expand(place);
        if (this.#sharesMacros && IS_VALUE.test(value)) return { kind: "string", text: value, ...place };
        characters.expand(value);
        continue;
      }
      if (first === '"' || first === "'") return { kind: "string", text: this.#quoted(first, place), ...place };
      if (first === "-" || /\d/.test(first)) {
        const number = this.#number(first, place);
        if (number !== undefined) return { kind: "number", text: number, ...place };
        characters.reset(mark);
        characters.next();
      }
      if (WORD_START.test(first)) return { kind: "word", text: this.#word(first, place), ...place };
      return { kind: "punctuation", text: first, ...place };
    }
  }

  /** After something that was not understood. @returns what was left of the line, without a comment */
  skipLine(): string {
    const characters = this.#characters;
    let text = "";
    for (let next = characters.peek(); next !== "" && next !== "\n"; next = characters.peek()) text += characters.next();
    return text.replace(/#.*$/, "").trim();
  }

  /** A file ends as a line does. */
  #end(place: Place): Token {
    const kind = this.#ended ? "end" : "newline";
    this.#ended = true;
    return { kind, text: "", ...place };
  }

  #comment(): void {
    for (let next = this.#characters.peek(); next !== "" && next !== "\n"; next = this.#characters.peek()) this.#characters.next();
  }

  #expand(place: Place): Macro {
    let name = "";
    while (/[A-Za-z0-9_]/.test(this.#characters.peek())) name += this.#characters.next();
    const macro = this.macros.get(name);
    if (macro === undefined) throw new Misread(place, `the macro "${name}" is not defined`, `write ${name || "name"} = "value" above`);
    macro.used = true;
    this.#expanded += macro.value.length;
    if (this.#expanded > LIMITS.configBytes)
      throw new Misread(place, `macros come to more than ${LIMITS.configBytes} bytes`, "write what they stand for where it is needed");
    return macro;
  }

  /** A backslash stands for itself, but before the same quote, a blank, a tab, or the end of a line. */
  #quoted(quote: string, place: Place): string {
    const characters = this.#characters;
    const parts: string[] = [];
    for (;;) {
      const character = characters.raw();
      if (character === "") throw new Misread(place, "this string does not end", `a ${quote} is missing`);
      if (character === quote) return parts.join("");
      if (character === "\0") throw new Misread(place, "a NUL stands in this string", "is this a text file?");
      if (character === "\n") continue;
      const mark = characters.mark();
      const escaped = character === "\\" ? characters.raw() : "";
      if (escaped === quote || escaped === " " || escaped === "\t") parts.push(escaped);
      else if (escaped !== "\n") {
        if (character === "\\") characters.reset(mark);
        parts.push(character);
      }
      limited(parts.length, place);
    }
  }

  #word(first: string, place: Place): string {
    const parts = [first];
    while (IN_WORD.test(this.#characters.peek())) parts.push(this.#characters.next());
    limited(parts.length, place);
    return parts.join("");
  }

  /** @returns undefined when what stands here is a word that begins like a number */
  #number(first: string, place: Place): string | undefined {
    const parts = [first];
    while (/\d/.test(this.#characters.peek())) parts.push(this.#characters.next());
    limited(parts.length, place);
    const after = this.#characters.peek();
    const text = parts.join("");
    if (text === "-" || (after !== "" && !ENDS_NUMBER.test(after))) return undefined;
    const value = BigInt(text);
    if (value < LEAST || value > MOST)
      throw new Misread(place, `${escapeBytes(new TextEncoder().encode(text))} is no number of 64 bits`, "a smaller one");
    return String(value);
  }
}

function limited(bytes: number, place: Place): void {
  if (bytes > LIMITS.nativeTokenBytes)
    throw new Misread(place, "this is too long", `one word or string has at most ${LIMITS.nativeTokenBytes} bytes`);
}
