/** Leases of the running program, page by page: whoever reads them holds one page at a time. */
import type { Lease } from "../../ports/leases.ts";
import { escapeText } from "../../base/text.ts";
import { answer, BUSY, type Common } from "../asking.ts";
import { EXIT, finish, print } from "../output.ts";

export type Page = { readonly nowSeconds: number; readonly leases: readonly Lease[]; readonly next: number | null };
/** An engine that is restarted, or busy with another list, is asked again. */
const TRIES = 5;
const PAUSE_MS = 500;
/** What takes longer than this is told how far it has come, where somebody sees it. */
const PATIENCE_MS = 1000;

/** @param asked what only some leases are, as the control socket calls it; ends the command when it is not understood, or nobody answers */
export async function* pages(options: Common, asked: Readonly<Record<string, string | undefined>>): AsyncGenerator<Page> {
  const words = new URLSearchParams(
    Object.entries(asked).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as [string, string]])),
  );
  for (let after: number | null = 0; after !== null; ) {
    words.set("after", String(after));
    const page: Page = await pageOf(options, `/v1/leases?${words}`);
    yield page;
    after = page.next;
  }
}

async function pageOf(options: Common, path: string): Promise<Page> {
  for (let tries = 1; ; tries++) {
    const { status, body } = await answer(options, "GET", path);
    if (status === 200) return body as Page;
    if (status === 400) finish(EXIT.usage, escapeText((body as { readonly hint?: string }).hint ?? "this was not understood"));
    if (status === 404) finish(EXIT.absent, escapeText((body as { readonly hint?: string }).hint ?? BUSY));
    if (tries === TRIES) finish(EXIT.absent, BUSY);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** Tells on standard error how much was done, once a second, where that is a terminal and standard output is none. */
export class Progress {
  readonly #what: string;
  #told = Date.now();
  #count = 0;

  constructor(what: string) {
    this.#what = what;
  }

  add(count: number): void {
    this.#count += count;
    const now = Date.now();
    if (now - this.#told < PATIENCE_MS || process.stderr.isTTY !== true) return;
    this.#told = now;
    print(2, `${this.#count} ${this.#what}`);
  }
}
