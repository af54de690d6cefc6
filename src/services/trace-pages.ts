/** A recording in pages: taken once, when its first page is asked for, so that steps made meanwhile do not tear it. */

export type TracePage = { readonly lines: readonly string[] /** null: this was the last page. */; readonly next: number | null };

/** Characters of one page: fits a frame between roles with what JSON adds. */
const PAGE_CHARACTERS = 30_000;

export class TracePages {
  readonly #take: (name: string) => readonly string[] | undefined;
  #taken: { readonly name: string; readonly lines: readonly string[] } | undefined;

  constructor(take: (name: string) => readonly string[] | undefined) {
    this.#take = take;
  }

  /** @returns null when nothing of that name is traced; a page holds one line at least */
  page(name: string, after: number): TracePage | null {
    if (after === 0 || this.#taken?.name !== name) {
      const lines = this.#take(name);
      this.#taken = lines === undefined ? undefined : { name, lines };
    }
    if (this.#taken === undefined) return null;
    const { lines } = this.#taken;
    let end = after;
    for (let characters = 0; end < lines.length; end++) {
      characters += lines[end]?.length ?? 0;
      if (characters > PAGE_CHARACTERS && end > after) break;
    }
    const whole = end >= lines.length;
    if (whole) this.#taken = undefined;
    return { lines: lines.slice(after, end), next: whole ? null : end };
  }
}
