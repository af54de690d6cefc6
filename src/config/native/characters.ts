/** The characters of a native file, one for each octet, with their places; a macro's text can be put in front of what is left. */
import type { Place, Problem } from "../toml.ts";

/** What is wrong with a line. Thrown where it is found, caught where lines are read, so that all lines are. */
export class Misread extends Error {
  readonly problem: Problem;
  constructor({ line, column }: Place, message: string, hint: string) {
    super(message);
    this.problem = { line, column, message, hint };
  }
}

export type Mark = Place & { readonly at: number; readonly expansion: string; readonly expansionAt: number };

export class Characters {
  readonly #text: string;
  #at = 0;
  #line = 1;
  #column = 1;
  #expansion = "";
  #expansionAt = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Where the next character stands; those of a macro stand where it ends. */
  get place(): Place {
    return { line: this.#line, column: this.#column };
  }

  /** Whether the next character is of a macro. */
  get expanding(): boolean {
    return this.#expansionAt < this.#expansion.length;
  }

  mark(): Mark {
    return { line: this.#line, column: this.#column, at: this.#at, expansion: this.#expansion, expansionAt: this.#expansionAt };
  }

  reset({ line, column, at, expansion, expansionAt }: Mark): void {
    this.#line = line;
    this.#column = column;
    this.#at = at;
    this.#expansion = expansion;
    this.#expansionAt = expansionAt;
  }

  /** Only where no other expansion is under way: macros do not nest. */
  expand(text: string): void {
    this.#expansion = text;
    this.#expansionAt = 0;
  }

  /** As it stands in the file, for what is quoted. @returns "" at the end */
  raw(): string {
    if (this.expanding) return this.#expansion.charAt(this.#expansionAt++);
    const character = this.#text.charAt(this.#at);
    if (character === "") return "";
    this.#at++;
    if (character === "\n") {
      this.#line++;
      this.#column = 1;
    } else this.#column++;
    return character;
  }

  /** Outside of quotes: a backslash joins lines, or is left out before another character. @returns "" at the end */
  next(): string {
    for (;;) {
      const character = this.raw();
      if (character !== "\\") return character;
      const escaped = this.raw();
      if (escaped !== "\n") return escaped;
    }
  }

  peek(): string {
    const mark = this.mark();
    const character = this.next();
    this.reset(mark);
    return character;
  }
}
