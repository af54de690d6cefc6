/** Recordings in pages: taken once, when the first page is asked for, so that steps made meanwhile do not tear them. */

export type TracePage = { readonly lines: readonly string[] /** null: this was the last page. */; readonly next: number | null };

/** Characters of one page: fits a frame between roles with what JSON adds. */
const PAGE_CHARACTERS = 30_000;
/** Recordings that are read at the same time; with one more, the oldest is not read to its end. */
const READ_AT_ONCE = 4;

export class TracePages {
  readonly #take: (name: string) => readonly string[] | undefined;
  readonly #taken = new Map<string, readonly string[]>();

  constructor(take: (name: string) => readonly string[] | undefined) {
    this.#take = take;
  }

  /** @returns null when nothing of that name is traced; a page holds one line at least */
  page(name: string, after: number): TracePage | null {
    const lines = this.#linesOf(name, after);
    if (lines === undefined) return null;
    let end = after;
    for (let characters = 0; end < lines.length; end++) {
      characters += lines[end]?.length ?? 0;
      if (characters > PAGE_CHARACTERS && end > after) break;
    }
    const whole = end >= lines.length;
    if (whole) this.#taken.delete(name);
    return { lines: lines.slice(after, end), next: whole ? null : end };
  }

  #linesOf(name: string, after: number): readonly string[] | undefined {
    const known = after === 0 ? undefined : this.#taken.get(name);
    if (known !== undefined) return known;
    this.#taken.delete(name);
    const lines = this.#take(name);
    if (lines === undefined) return undefined;
    const [oldest] = this.#taken.keys();
    if (oldest !== undefined && this.#taken.size >= READ_AT_ONCE) this.#taken.delete(oldest);
    this.#taken.set(name, lines);
    return lines;
  }
}
