/**
 * Reads ypldap.conf whole: macros, includes, what concerns all, and `directory` blocks. What the program it comes from accepts is accepted,
 * but where nothing could be served; what was added since is text in the grammar it comes from. The result is what a TOML file would have
 * said. A password never is part of it: it is kept beside, under the name of a file that could hold it.
 */
import { LIMITS } from "../../base/limits.ts";
import type { Parsed, Place, Problem } from "../toml.ts";
import { Misread } from "./characters.ts";
import type { Macro } from "./lexer.ts";
import { Places } from "./places.ts";
import { shown, Tokens } from "./tokens.ts";
import { type Again, DirectoryBlock, sourceName } from "./ypldap-directory.ts";
import { GLOBALS, secretMapIn, Whole } from "./ypldap-globals.ts";
import { YPLDAP_KEYWORDS, YPLDAP_WORDS } from "./ypldap-words.ts";

export type YpldapSurroundings = {
  /** The text of a file that is included, an octet a character, or what is wrong with it. */
  readonly readInclude: (path: string) => string | Error;
  /** `name=value` of the command line: the file cannot say otherwise. */
  readonly defines: readonly string[];
  /** What the program takes that the grammar comes from, and that means nothing or does harm, is told as a warning, and made the best of. */
  readonly compat?: boolean;
};
export type ParsedYpldap = Parsed & {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  readonly macros: readonly Macro[];
  /** What `bindcred` says, by the path that stands for it. */
  readonly secrets: ReadonlyMap<string, string>;
};

const MOST_INCLUDED = 16;
/** What Linux calls the domain of who is in none. */
const NO_DOMAIN = "(none)";
const INTERVAL = { least: 10, most: 86_400 } as const;
const ANYWHERE = "0.0.0.0";
const FORMS = ["include", "directory", ...Object.keys(GLOBALS), 'name = "value"'];
const SERVICES: Readonly<Record<string, number>> = { ldap: 389, ldaps: 636 };

export function parseYpldap(text: string, surroundings: YpldapSurroundings): ParsedYpldap {
  return new Parser(surroundings).parse(text);
}

class Parser {
  readonly #surroundings: YpldapSurroundings;
  readonly #problems: Problem[] = [];
  readonly #warnings: Problem[] = [];
  readonly #places = new Places();
  readonly #whole: Whole;
  readonly #again: Again = (place, message) => {
    if (this.#surroundings.compat !== true) throw new Misread(place, message, "take one of the two away");
    this.#warnings.push(this.#placed({ ...place, message, hint: "the later one counts" }));
  };
  readonly #sources: Record<string, Record<string, unknown>> = {};
  readonly #secrets = new Map<string, string>();
  readonly #macros = new Map<string, Macro>();
  readonly #defined = new Set<string>();
  #included = 0;
  #tokens = new Tokens("", YPLDAP_KEYWORDS);
  /** Of the file that is read, where it is included: what is said of its lines is said there. */
  #within: { readonly path: string; readonly place: Place } | undefined;

  constructor(surroundings: YpldapSurroundings) {
    this.#surroundings = surroundings;
    this.#whole = new Whole(this.#places, this.#again);
  }

  parse(text: string): ParsedYpldap {
    for (const define of this.#surroundings.defines) this.#define(define);
    this.#file(text);
    const secure = Object.values(this.#sources).filter(({ transport }) => transport === "ldaps" || transport === "starttls");
    if (this.#whole.authority !== undefined) for (const source of secure) source["ca_file"] = this.#whole.authority;
    const { value } = this.#whole;
    this.#judge(value);
    const isOpen = value["yp_allow"] !== undefined || value["yp_securenets"] !== undefined;
    if (isOpen) value["yp_listen"] ??= [ANYWHERE];
    value["yp_register"] ??= "rpcbind";
    return {
      value: { directory: { ...value, source: this.#sources } },
      problems: this.#problems,
      warnings: this.#warnings,
      macros: [...this.#macros.values()],
      secrets: this.#secrets,
      placeOf: (path) => this.#places.of(path),
      inWords: (sentence) => sentence.replace(/\b[a-z]+(?:_[a-z0-9]+)+\b/g, (key) => YPLDAP_WORDS.get(key) ?? key),
    };
  }

  /** What the original takes, and nobody can want. */
  #judge(value: Record<string, unknown>): void {
    const { domain, interval_seconds: interval, yp_maps: maps } = value;
    const secret = secretMapIn(maps);
    if (secret !== undefined && value["yp_rules"] === undefined)
      this.#lenient(["yp_maps"], `${secret} is provided, and no rule says to whom: it may hold hashes`, `rule "127.0.0.0/8" map "${secret}" port`);
    if (this.#surroundings.compat !== true) return;
    if (domain === undefined || domain === "") {
      this.#lenient(["domain"], "without a domain nobody is answered", 'domain "example"');
      value["domain"] = NO_DOMAIN;
    }
    if (typeof interval !== "number" || (interval >= INTERVAL.least && interval <= INTERVAL.most)) return;
    value["interval_seconds"] = Math.min(INTERVAL.most, Math.max(INTERVAL.least, interval));
    this.#lenient(["interval_seconds"], `interval ${interval} is taken as ${value["interval_seconds"]}`, "from 10 seconds to a day");
  }

  #lenient(path: readonly string[], message: string, hint: string): void {
    (this.#surroundings.compat === true ? this.#warnings : this.#problems).push({ ...this.#places.of(["directory", ...path]), message, hint });
  }

  /** The value is what stands behind the last sign: names hold none. */
  #define(text: string): void {
    const at = text.lastIndexOf("=");
    const name = text.slice(0, Math.max(0, at));
    if (name === "") return void this.#problems.push({ line: 1, column: 1, message: `-D ${text} is no macro`, hint: "-D name=value" });
    this.#defined.add(name);
    this.#macros.set(name, { name, value: text.slice(at + 1), used: true });
  }

  #file(text: string): void {
    const outer = this.#tokens;
    this.#tokens = new Tokens(text, YPLDAP_KEYWORDS, this.#macros);
    while (this.#problems.length < LIMITS.configProblems && !this.#atEnd()) this.#carefully(() => this.#statement());
    this.#tokens = outer;
  }

  #atEnd(): boolean {
    try {
      return this.#tokens.peek().kind === "end";
    } catch (error) {
      this.#note(error);
      this.#tokens.skipLine();
      return false;
    }
  }

  /** What cannot be read is told, and reading goes on with the next line. */
  #carefully(read: () => void): boolean {
    try {
      read();
      return true;
    } catch (error) {
      this.#note(error);
      if (this.#tokens.skipLine().endsWith("{")) this.#carefully(() => this.#block(new DirectoryBlock(this.#again), this.#tokens.place));
      return false;
    }
  }

  #note(error: unknown): void {
    if (!(error instanceof Misread)) throw error;
    this.#problems.push(this.#placed(error.problem));
  }

  #placed(problem: Problem): Problem {
    if (this.#within === undefined) return problem;
    const { path, place } = this.#within;
    return { ...problem, ...place, message: `${path}:${problem.line}:${problem.column}: ${problem.message}` };
  }

  #statement(): void {
    const tokens = this.#tokens;
    const first = tokens.peek();
    const place = { line: first.line, column: first.column };
    tokens.take();
    if (first.kind === "newline") return;
    const isText = first.kind === "string" || (first.kind === "word" && !tokens.isKeyword(first.text));
    if (isText && tokens.isPunctuation("=")) return this.#macro(first.text, place);
    if (first.kind !== "word") throw this.#unknown(first, place);
    if (first.text === "directory") return this.#directory(place);
    if (first.text === "include") return this.#include(place);
    const read = GLOBALS[first.text];
    if (read === undefined) throw this.#unknown(first, place);
    read(this.#whole, tokens, place);
    this.#endOfLine();
  }

  #unknown(token: Parameters<typeof shown>[0], place: Place): Misread {
    return new Misread(place, `${shown(token)} is not known here`, `known are: ${FORMS.join(", ")}`);
  }

  #macro(name: string, place: Place): void {
    const tokens = this.#tokens;
    if (/\s/.test(name)) throw new Misread(place, "the name of a macro holds no blanks", "letters, digits and underscores");
    tokens.take();
    if (tokens.peek().kind === "number")
      throw new Misread(tokens.place, "the value of a macro stands in quotes", `${name} = "${tokens.peek().text}"`);
    const value = tokens.text("the value of a macro");
    this.#endOfLine();
    if (!this.#defined.has(name)) this.#macros.set(name, { name, value, used: false });
  }

  #include(place: Place): void {
    const path = this.#tokens.utf8("the path of a file");
    this.#endOfLine();
    if (this.#included >= MOST_INCLUDED) throw new Misread(place, `more than ${MOST_INCLUDED} files are included`, "does one include itself?");
    this.#included++;
    const text = this.#surroundings.readInclude(path);
    if (typeof text !== "string") throw new Misread(place, text.message, "a file that is included is guarded as this one is");
    const outer = this.#within;
    this.#within ??= { path, place };
    this.#file(text);
    this.#within = outer;
  }

  #directory(place: Place): void {
    const tokens = this.#tokens;
    const host = tokens.utf8("the name of a server");
    const block = new DirectoryBlock(this.#again);
    if (tokens.word("port")) block.set("port", this.#port(), place, "port");
    const secure = tokens.word("ldaps") ? "ldaps" : tokens.word("tls") ? "starttls" : undefined;
    block.value["transport"] = secure ?? (host.startsWith("/") ? "ldapi" : "plain");
    block.value["base"] = "";
    block.value["server"] = host;
    if (!tokens.isPunctuation("{"))
      throw new Misread(tokens.place, `{ is needed here, not ${shown(tokens.peek())}`, 'directory "NAME" [port N] [ldaps|tls] {');
    tokens.take();
    this.#block(block, place);
    const name = sourceName(host, (one) => one in this.#sources);
    if (block.secret !== undefined) {
      const path = `/etc/leasehold/${name}.secret`;
      block.value["bind_password_file"] = path;
      this.#secrets.set(path, block.secret);
    }
    this.#sources[name] = block.value;
    const root = ["directory", "source", name];
    for (const [path, at] of [...block.places, [[], place] as const]) this.#places.note([...root, ...path], at);
    const tell = (list: Problem[], message: string, hint: string): void => void list.push(this.#placed({ ...place, message, hint }));
    const missing = block.missing.join(", ");
    if (missing !== "" && this.#surroundings.compat === true)
      tell(this.#warnings, `"${host}" does without: ${missing}`, "these are taken as RFC 2307 has them");
    else if (missing !== "") tell(this.#problems, `nothing can be served of "${host}" without: ${missing}`, "say where each comes from");
    const isClear = block.value["transport"] === "plain" && block.value["bind_dn"] !== undefined && block.value["allow_cleartext"] === undefined;
    if (isClear && this.#surroundings.compat === true && !/^(?:localhost$|127\.|::1$)/.test(host)) {
      tell(this.#warnings, "the password crosses the network in clear text", "ldaps or tls behind the name, or allow cleartext");
      block.value["allow_cleartext"] = true;
    }
    if (block.value["bind_dn"] !== undefined && block.value["bind_password_file"] === undefined)
      tell(this.#problems, "binddn without bindcred reads as nobody", "bindcred, or bindcredfile with the path of a file");
    for (const { place: at, message, hint } of block.warnings) this.#warnings.push(this.#placed({ ...at, message, hint }));
  }

  #port(): number {
    const tokens = this.#tokens;
    const { place } = tokens;
    if (tokens.peek().kind === "number") return tokens.number("a port");
    const text = tokens.utf8("a port");
    const port = SERVICES[text] ?? (/^\d{1,5}$/.test(text) ? Number(text) : undefined);
    if (port === undefined) throw new Misread(place, `"${text}" is no port`, `a number, or one of: ${Object.keys(SERVICES).join(", ")}`);
    return port;
  }

  /** Behind the brace that opens it, to the line's end behind the one that closes it. */
  #block(block: DirectoryBlock, opened: Place): void {
    const tokens = this.#tokens;
    while (this.#problems.length < LIMITS.configProblems) {
      let closed = false;
      this.#carefully(() => {
        const { kind, text, line, column } = tokens.peek();
        closed = tokens.isPunctuation("}");
        tokens.take();
        if (closed || kind === "newline") return;
        if (kind !== "word") throw new Misread({ line, column }, `"${text}" is no option of a directory`, "each option stands on a line of its own");
        block.option(tokens, text, { line, column });
        if (!tokens.isPunctuation("}")) this.#endOfLine();
      });
      if (closed) break;
      if (tokens.peek().kind === "end") throw new Misread(opened, "this block does not end", "a } is missing");
    }
    this.#endOfLine();
  }

  #endOfLine(): void {
    const token = this.#tokens.peek();
    if (token.kind !== "newline" && token.kind !== "end")
      throw new Misread(token, `${shown(token)} does not belong here`, "the line should end before it");
    this.#tokens.take();
  }
}
