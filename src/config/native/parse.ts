/**
 * Reads dhcpleased.conf whole: macros, `interface` blocks, and what was added to the grammar since. Everything the program it comes from
 * accepts is accepted; besides, options may share a line, a brace may stand on the next, and a block may be empty. The result is what a
 * TOML file would have said.
 */
import { LIMITS } from "../../base/limits.ts";
import type { Parsed, Place, Problem } from "../toml.ts";
import { Misread } from "./characters.ts";
import { Entry } from "./entry.ts";
import type { Macro, Token } from "./lexer.ts";
import { NATIVE_WORDS, STATEMENTS, type Statement } from "./statements.ts";
import { decoded, isKeyword, shown, Tokens } from "./tokens.ts";

export type ParsedNative = Parsed & { readonly problems: readonly Problem[]; readonly macros: readonly Macro[] };

const INTERFACE_BYTES = 15;
const RESOLVERS = ["auto", "resolvectl", "resolvconf", "file", "none"] as const;
const KNOWN = 'known are: interface NAME { ... }, hook "PATH", resolver WAY, manage system, name = "value"';

const KEYWORD = "options stand inside of interface NAME { ... }, and a macro has another name than a word of the grammar";

/** @param text one character for each octet of the file */
export function parseNative(text: string): ParsedNative {
  return new Parser(text).parse();
}

const nothing = (): void => undefined;

class Parser {
  readonly #tokens: Tokens;
  readonly #problems: Problem[] = [];
  readonly #interfaces = new Map<string, Entry>();
  readonly #host: Record<string, Record<string, unknown>> = {};
  readonly #places = new Map<string, Place>();

  constructor(text: string) {
    this.#tokens = new Tokens(text);
  }

  parse(): ParsedNative {
    while (this.#problems.length < LIMITS.configProblems && !this.#atEnd())
      this.#carefully(
        () => this.#line(),
        (rest) => {
          if (rest.endsWith("{")) this.#carefully(() => this.#block(new Entry(), this.#tokens.place), nothing); // of whatever it was
        },
      );
    const value = { ...this.#host, uplink4: Object.fromEntries([...this.#interfaces].map(([name, entry]) => [name, entry.value])) };
    for (const [name, entry] of this.#interfaces) for (const [path, place] of entry.places) this.#note(["uplink4", name, ...path], place);
    return {
      value,
      problems: this.#problems,
      macros: [...this.#tokens.lexer.macros.values()],
      placeOf: (path) => this.#placeOf(path),
      inWords: (sentence) => sentence.replace(/\b[a-z]+\d?(?:_[a-z0-9]+)+\b/g, (key) => NATIVE_WORDS.get(key) ?? key),
    };
  }

  #atEnd(): boolean {
    try {
      return this.#tokens.peek().kind === "end";
    } catch (error) {
      this.#noteProblem(error);
      this.#tokens.skipLine();
      return false;
    }
  }

  /** What cannot be read is told, and reading goes on with the next line. @param after what the rest of the line was */
  #carefully(read: () => void, after: (rest: string) => void): void {
    try {
      read();
    } catch (error) {
      this.#noteProblem(error);
      after(this.#tokens.skipLine());
    }
  }

  #noteProblem(error: unknown): void {
    if (!(error instanceof Misread)) throw error;
    this.#problems.push(error.problem);
  }

  #line(): void {
    const tokens = this.#tokens;
    const first = tokens.peek();
    if (first.kind === "newline") tokens.take();
    else if (tokens.word("interface")) this.#interface();
    else {
      if (!tokens.isText()) throw new Misread(tokens.place, `${shown(first)} is not known here`, isKeyword(first.text) ? KEYWORD : KNOWN);
      tokens.take();
      if (tokens.isPunctuation("=")) this.#macro(first.text, first);
      else this.#hostStatement(first);
    }
  }

  #macro(name: string, place: Place): void {
    const tokens = this.#tokens;
    if (/\s/.test(name)) throw new Misread(place, "the name of a macro holds no blanks", "letters, digits and underscores");
    tokens.take();
    const parts = [tokens.text("the value of a macro")];
    while (tokens.isText()) parts.push(tokens.text("the value of a macro"));
    this.#endOfLine();
    tokens.lexer.macros.set(name, { name, value: parts.join(" "), used: false });
  }

  /** What concerns the host, and no interface. */
  #hostStatement(first: Token): void {
    const tokens = this.#tokens;
    const word = first.kind === "word" ? first.text : "";
    if (word === "hook") {
      const run = tokens.utf8("the path of a program");
      this.#setHost(["hooks", "run"], run, first);
      if (tokens.word("user")) this.#setHost(["hooks", "user"], tokens.utf8("the name of a user"), first);
    } else if (word === "resolver") this.#setHost(["system", "resolver"], tokens.oneOf(RESOLVERS), first);
    else if (word === "manage" && tokens.word("system")) this.#setHost(["system", "manage"], true, first);
    else throw new Misread(first, `${shown(first)} is not known here`, KNOWN);
    this.#endOfLine();
  }

  #setHost([table, key]: readonly [string, string], value: unknown, place: Place): void {
    const given = this.#host[table] ?? {};
    if (key in given)
      throw new Misread(place, `${key === "run" ? "hook" : key} was set already`, "there is one for all interfaces; take one of the two away");
    this.#host[table] = { ...given, [key]: value };
    this.#note([table, key], place);
  }

  #interface(): void {
    const tokens = this.#tokens;
    const { place } = tokens;
    const name = decoded(tokens.text("the name of an interface"));
    const bytes = name === undefined ? 0 : new TextEncoder().encode(name).length;
    while (tokens.peek().kind === "newline") tokens.take();
    if (!tokens.isPunctuation("{")) throw new Misread(tokens.place, `{ is needed here, not ${shown(tokens.peek())}`, "interface NAME { ... }");
    tokens.take();
    const sound = name !== undefined && name !== "__proto__" && bytes > 0 && bytes <= INTERFACE_BYTES;
    if (!sound)
      this.#problems.push({
        ...place,
        message: `this name of an interface is ${bytes > INTERFACE_BYTES ? "too long" : "none"}`,
        hint: `at most ${INTERFACE_BYTES} bytes`,
      });
    const entry = this.#interfaces.get(name ?? "") ?? new Entry();
    if (sound) {
      this.#interfaces.set(name, entry);
      this.#note(["uplink4", name], place);
    }
    this.#block(entry, place);
  }

  /** Behind the brace that opens it, to the line's end behind the one that closes it. */
  #block(entry: Entry, opened: Place): void {
    for (let open = true; open; ) {
      if (this.#problems.length >= LIMITS.configProblems) return;
      this.#carefully(
        () => {
          open = this.#option(entry, opened);
        },
        (rest) => {
          open = !rest.endsWith("}");
        },
      );
    }
    this.#endOfLine();
  }

  /** @returns whether the block goes on */
  #option(entry: Entry, opened: Place): boolean {
    const tokens = this.#tokens;
    const { kind } = tokens.peek();
    if (kind === "end") {
      const { line, column } = opened;
      this.#problems.push({ line, column, message: "this block does not end", hint: "a } is missing" });
      return false;
    }
    if (kind === "newline" || tokens.isPunctuation("}")) return tokens.take().kind === "newline";
    const { place } = tokens;
    for (const said of this.#statement().read(tokens)) entry.say(said, place);
    return true;
  }

  /** The statement with the most words of those that stand here. */
  #statement(): Statement {
    const tokens = this.#tokens;
    let words = "";
    for (;;) {
      const token = tokens.peek();
      const longer = token.kind === "word" ? `${words}${words === "" ? "" : " "}${token.text}` : undefined;
      if (longer === undefined || !STATEMENTS.some((one) => one.words === longer || one.words.startsWith(`${longer} `))) break;
      tokens.take();
      words = longer;
    }
    const found = STATEMENTS.find((one) => one.words === words);
    if (found !== undefined) return found;
    const near = STATEMENTS.filter((one) => words === "" || one.words.startsWith(`${words} `));
    throw new Misread(
      tokens.place,
      words === "" ? `${shown(tokens.peek())} is no option` : `${shown(tokens.peek())} does not belong behind "${words}"`,
      `known are: ${(words === "" ? [...new Set(near.map((one) => one.words.split(" ")[0]))] : near.map(({ form }) => form)).join(", ")}`,
    );
  }

  #endOfLine(): void {
    const token = this.#tokens.peek();
    if (token.kind !== "newline" && token.kind !== "end")
      throw new Misread(token, `${shown(token)} does not belong here`, "the line should end before it");
    this.#tokens.take();
  }

  #note(path: readonly (string | number)[], { line, column }: Place): void {
    const key = JSON.stringify(path.map(String));
    if (!this.#places.has(key)) this.#places.set(key, { line, column });
  }

  /** The place of the nearest thing on a path that the file has. */
  #placeOf(path: readonly PropertyKey[]): Place {
    for (let length = path.length; length > 0; length--) {
      const place = this.#places.get(JSON.stringify(path.slice(0, length).map(String)));
      if (place !== undefined) return place;
    }
    return { line: 1, column: 1 };
  }
}
