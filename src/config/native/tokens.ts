/** The tokens of a file, one looked at ahead, and what statements read from them. */
import { escapeBytes } from "../../base/text.ts";
import type { Place } from "../toml.ts";
import { Misread } from "./characters.ts";
import { Lexer, type Macro, type Token } from "./lexer.ts";

export class Tokens {
  readonly lexer: Lexer;
  readonly #keywords: readonly string[];
  #ahead: Token | undefined;

  /**
   * @param keywords words that are never text where they stand without quotes
   * @param macros of files that include this one: the same, and those it adds. What is no word then is one string where it stands for a value
   */
  constructor(text: string, keywords: readonly string[], macros?: Map<string, Macro>) {
    this.#keywords = keywords;
    this.lexer = new Lexer(text, macros);
  }

  /** @throws Misread */
  peek(): Token {
    this.#ahead ??= this.lexer.next();
    return this.#ahead;
  }

  /** @throws Misread */
  take(): Token {
    const token = this.peek();
    if (token.kind !== "end") this.#ahead = undefined;
    return token;
  }

  get place(): Place {
    const { line, column } = this.peek();
    return { line, column };
  }

  /** Drops what is left of the line. @returns the text of it, behind the token looked at */
  skipLine(): string {
    const ahead = this.#ahead;
    if (ahead?.kind === "newline" || ahead?.kind === "end") return "";
    this.#ahead = undefined;
    const rest = this.lexer.skipLine();
    return rest === "" && ahead?.kind === "punctuation" ? ahead.text : rest;
  }

  isPunctuation(text: string): boolean {
    const token = this.peek();
    return token.kind === "punctuation" && token.text === text;
  }

  /** Takes the word if it stands here. */
  word(text: string): boolean {
    const token = this.peek();
    if (token.kind !== "word" || token.text !== text) return false;
    this.take();
    return true;
  }

  /** Whether what stands here is text, quoted or not. */
  isText(): boolean {
    const token = this.peek();
    return token.kind === "string" || (token.kind === "word" && !this.isKeyword(token.text));
  }

  /** Octets, one for each character. */
  text(what: string): string {
    if (this.isText()) return this.take().text;
    const { kind, text } = this.peek();
    const hint =
      kind === "word" || kind === "number" ? `write it in quotes: "${text}"` : "text with anything but letters and digits stands in quotes";
    throw new Misread(this.place, `${what} is needed here, not ${shown(this.peek())}`, hint);
  }

  /** Text that is UTF-8. */
  utf8(what: string): string {
    const { place } = this;
    const text = decoded(this.text(what));
    if (text === undefined) throw new Misread(place, `${what} is not UTF-8`, "save the file as UTF-8");
    return text;
  }

  number(what: string): number {
    const token = this.peek();
    if (token.kind === "number") return Number(this.take().text);
    throw new Misread(this.place, `${what} is needed here, not ${shown(token)}`, "a whole number without quotes");
  }

  /** A number that may have a fraction. */
  decimal(what: string): number {
    const token = this.peek();
    if (token.kind === "number" || (token.kind === "word" && /^\d+(?:\.\d+)?(?:e-\d+)?$/.test(token.text))) return Number(this.take().text);
    throw new Misread(this.place, `${what} is needed here, not ${shown(token)}`, "a number such as 4 or 0.5");
  }

  isKeyword(text: string): boolean {
    return this.#keywords.includes(text);
  }

  oneOf<T extends string>(words: readonly T[]): T {
    const token = this.peek();
    const found = token.kind === "word" ? words.find((word) => word === token.text) : undefined;
    if (found === undefined) throw new Misread(this.place, `${shown(token)} does not belong here`, `one of: ${words.join(", ")}`);
    this.take();
    return found;
  }
}

/** @returns undefined when the octets are not UTF-8 */
export function decoded(text: string): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(octetsOf(text));
  } catch {
    return undefined;
  }
}

export function octetsOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** A token as a person is told of it. */
export function shown({ kind, text }: Token): string {
  if (kind === "newline" || kind === "end") return "the end of the line";
  const octets = octetsOf(text.length > 40 ? `${text.slice(0, 40)}...` : text);
  return `"${escapeBytes(octets)}"`;
}
