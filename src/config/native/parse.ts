/**
 * Reads a native file whole: macros, `interface` blocks, lines of its own, and what was added to the grammar since. Everything the program
 * it comes from accepts is accepted; besides, options may share a line, a brace may stand on the next, and a block may be empty. The
 * result is what a TOML file would have said.
 */
import { LIMITS } from "../../base/limits.ts";
import type { Parsed, Place, Problem } from "../toml.ts";
import { Misread } from "./characters.ts";
import { Entry } from "./entry.ts";
import type { Grammar, LineReader } from "./grammar.ts";
import type { Macro, Token } from "./lexer.ts";
import { Places } from "./places.ts";
import type { Said, Statement } from "./statement.ts";
import { decoded, shown, Tokens } from "./tokens.ts";

export type ParsedNative = Parsed & { readonly problems: readonly Problem[]; readonly macros: readonly Macro[] };

const INTERFACE_BYTES = 15;
const RESOLVERS = ["auto", "resolvectl", "resolvconf", "file", "none"] as const;
const FORMS = ["interface NAME { ... }", 'hook "PATH"', "resolver WAY", "manage system", 'name = "value"'] as const;
const KEYWORD = "options stand inside of interface NAME { ... }, and a macro has another name than a word of the grammar";

/** @param text one character for each octet of the file */
export function parseNative(text: string, grammar: Grammar): ParsedNative {
  return new Parser(text, grammar).parse();
}

/** Without a name: one that is none, which has been told. */
type Named = { readonly name: string | undefined; readonly place: Place };

const nothing = (): void => undefined;

class Parser {
  readonly #grammar: Grammar;
  readonly #tokens: Tokens;
  readonly #problems: Problem[] = [];
  readonly #interfaces = new Map<string, Entry>();
  readonly #everywhere: Said[] = [];
  readonly #host: Record<string, Record<string, unknown>> = {};
  readonly #places = new Places();
  readonly #reader: LineReader;

  constructor(text: string, grammar: Grammar) {
    this.#grammar = grammar;
    this.#tokens = new Tokens(text, grammar.keywords);
    this.#reader = {
      tokens: this.#tokens,
      entry: () => this.#entry(this.#name()),
      everywhere: (said) => void this.#everywhere.push(said),
      carefully: (read, after) => this.#carefully(read, after),
      problem: ({ line, column }, message, hint) => void this.#problems.push({ line, column, message, hint }),
      full: () => this.#problems.length >= LIMITS.configProblems,
      endOfLine: () => this.#endOfLine(),
    };
  }

  parse(): ParsedNative {
    const { service, words } = this.#grammar;
    while (!this.#reader.full() && !this.#atEnd()) {
      let first: Token | undefined;
      this.#carefully(
        () => {
          first = this.#tokens.peek();
          this.#line(first);
        },
        (rest) => {
          if (rest.endsWith("{")) this.#carefully(() => this.#skipBlock(first ?? this.#tokens.peek()), nothing); // of whatever it was
        },
      );
    }
    for (const entry of this.#interfaces.values()) for (const { key, value } of this.#everywhere) entry.value[key] ??= value;
    const value = { ...this.#host, [service]: Object.fromEntries([...this.#interfaces].map(([name, entry]) => [name, entry.value])) };
    for (const [name, entry] of this.#interfaces) for (const [path, place] of entry.places) this.#places.note([service, name, ...path], place);
    return {
      value,
      problems: this.#problems,
      macros: [...this.#tokens.lexer.macros.values()],
      placeOf: (path) => this.#places.of(path),
      inWords: (sentence) => sentence.replace(/\b[a-z]+\d?(?:_[a-z0-9]+)+\b/g, (key) => words.get(key) ?? key),
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

  #line(first: Token): void {
    const tokens = this.#tokens;
    if (first.kind === "newline") {
      tokens.take();
      return;
    }
    const own = this.#grammar.lines.find(({ word }) => first.kind === "word" && first.text === word);
    const isBlock = first.kind === "word" && first.text === "interface";
    const isText = tokens.isText();
    if (!isText && !isBlock && own === undefined) {
      const hint = tokens.isKeyword(first.text) ? KEYWORD : this.#known();
      throw new Misread(tokens.place, `${shown(first)} is not known here`, hint);
    }
    tokens.take();
    if (isText && tokens.isPunctuation("=")) this.#macro(first.text, first);
    else if (isBlock) this.#interface();
    else if (own !== undefined) own.read(this.#reader, first);
    else this.#hostStatement(first);
  }

  #skipBlock({ text, line, column }: Token): void {
    const own = this.#grammar.lines.find(({ word }) => word === text);
    if (own === undefined) this.#block(this.#blank(), { line, column });
    else own.skip(this.#reader, { line, column });
  }

  #known(): string {
    return `known are: ${[...this.#grammar.lines.flatMap(({ forms }) => forms), ...FORMS].join(", ")}`;
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
    else throw new Misread(first, `${shown(first)} is not known here`, this.#known());
    this.#endOfLine();
  }

  #setHost([table, key]: readonly [string, string], value: unknown, place: Place): void {
    const given = this.#host[table] ?? {};
    if (key in given)
      throw new Misread(place, `${key === "run" ? "hook" : key} was set already`, "there is one for all interfaces; take one of the two away");
    this.#host[table] = { ...given, [key]: value };
    this.#places.note([table, key], place);
  }

  #interface(): void {
    const tokens = this.#tokens;
    const { place } = tokens;
    const named = this.#name();
    while (tokens.peek().kind === "newline") tokens.take();
    if (!tokens.isPunctuation("{")) throw new Misread(tokens.place, `{ is needed here, not ${shown(tokens.peek())}`, "interface NAME { ... }");
    tokens.take();
    this.#block(this.#entry(named), place);
  }

  #name(): Named {
    const { place } = this.#tokens;
    const name = decoded(this.#tokens.text("the name of an interface"));
    const bytes = name === undefined ? 0 : new TextEncoder().encode(name).length;
    if (name !== undefined && name !== "__proto__" && bytes > 0 && bytes <= INTERFACE_BYTES) return { name, place };
    const message = `this name of an interface is ${bytes > INTERFACE_BYTES ? "too long" : "none"}`;
    this.#reader.problem(place, message, `at most ${INTERFACE_BYTES} bytes`);
    return { name: undefined, place };
  }

  #entry({ name, place }: Named): Entry {
    const entry = this.#interfaces.get(name ?? "") ?? this.#blank();
    if (name !== undefined) {
      this.#interfaces.set(name, entry);
      this.#places.note([this.#grammar.service, name], place);
    }
    return entry;
  }

  #blank(): Entry {
    return new Entry(this.#grammar.words);
  }

  /** Behind the brace that opens it, to the line's end behind the one that closes it. */
  #block(entry: Entry, opened: Place): void {
    for (let open = true; open; ) {
      if (this.#reader.full()) return;
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
      this.#reader.problem(opened, "this block does not end", "a } is missing");
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
    const { statements } = this.#grammar;
    let words = "";
    for (;;) {
      const token = tokens.peek();
      const longer = token.kind === "word" ? `${words}${words === "" ? "" : " "}${token.text}` : undefined;
      if (longer === undefined || !statements.some((one) => one.words === longer || one.words.startsWith(`${longer} `))) break;
      tokens.take();
      words = longer;
    }
    const found = statements.find((one) => one.words === words);
    if (found !== undefined) return found;
    const near = statements.filter((one) => words === "" || one.words.startsWith(`${words} `));
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
}
