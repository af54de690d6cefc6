/** What the commands of `leasehold directory` ask the running program for. */
import type { DirectoryView } from "../../services/directory/view.ts";
import { escapeText } from "../../base/text.ts";
import { answer, BUSY, type Common } from "../asking.ts";
import { EXIT, finish } from "../output.ts";

/** How often an answer is looked for that takes its time. */
export const LOOK_MS = 150;

/** @returns the body; ends the command where there is none */
export async function told<T>(options: Common, path: string): Promise<T> {
  const { status, body } = await answer(options, "GET", path);
  if (status === 200) return body as T;
  const { hint = BUSY } = body as { readonly hint?: string };
  return finish(EXIT.absent, status === 503 ? BUSY : escapeText(hint));
}

export function directoryView(options: Common): Promise<DirectoryView> {
  return told<DirectoryView>(options, "/v1/directory");
}

/** Asks main for it; ends the command where it is refused. */
export async function asked(options: Common, path: string): Promise<void> {
  const { status, body } = await answer(options, "POST", path);
  if (status === 200) return;
  const { text = BUSY } = body as { readonly text?: string };
  finish(status === 404 || status === 503 ? EXIT.absent : EXIT.failed, escapeText(text));
}

export function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
