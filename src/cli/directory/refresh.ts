/** `leasehold directory refresh`: asks for an update and waits until one that began afterwards has ended. */
import { escapeText } from "../../base/text.ts";
import type { DirectoryView } from "../../services/directory/view.ts";
import type { Common } from "../asking.ts";
import { EXIT, finish, jsonLine, print } from "../output.ts";
import { many } from "../show/words.ts";
import { asked, directoryView, LOOK_MS, pause } from "./asked.ts";
import { changes } from "./status.ts";

export type RefreshOptions = Common & { readonly accept?: string | true; readonly wait: number };

const PROGRESS_MS = 1000;

export async function refresh(options: RefreshOptions): Promise<never> {
  const { update } = await directoryView(options);
  const which = typeof options.accept === "string" ? `/${encodeURIComponent(options.accept)}` : "";
  await asked(options, `/v1/directory/${options.accept === undefined ? "refresh" : "accept"}${which}`);
  const startedAt = Date.now();
  for (let told = 0; ; ) {
    const view = await directoryView(options);
    if (view.update.ended.update > update.number) return report(options, view);
    const waitedMs = Date.now() - startedAt;
    if (waitedMs > options.wait * 1000) finish(EXIT.absent, `no update has ended in ${many(options.wait, "second")}: ${where(view)}`);
    if (waitedMs - told >= PROGRESS_MS && options.json !== true) {
      print(2, `${Math.round(waitedMs / 1000)} s: ${escapeText(where(view))}`);
      told = waitedMs;
    }
    await pause(LOOK_MS);
  }
}

function where({ update: { number, phase }, sources }: DirectoryView): string {
  const waiting = sources.filter(({ state }) => state === "pulling").map(({ name }) => name);
  if (phase !== "pulling") return phase === "idle" ? "the fetcher is not there yet" : `update ${number}: ${phase}`;
  return `update ${number}: reading ${waiting.join(", ")}`;
}

function report(options: RefreshOptions, view: DirectoryView): never {
  const { ended } = view.update;
  const unsound = view.sources.filter(({ state }) => state === "failed" || state === "suspicious");
  const code = ended.outcome === "committed" && unsound.length === 0 ? EXIT.done : EXIT.failed;
  if (options.json === true) finish(code, jsonLine({ ...ended, sources: view.sources }), 1);
  const { change } = ended;
  const lines = [
    ended.outcome === "held"
      ? `update ${ended.update} changed nothing, because of: ${view.update.heldBy}`
      : change === undefined
        ? `update ${ended.update} is served; nothing has changed`
        : `update ${ended.update} is served: ${changes("user", change.users)}; ${changes("group", change.groups)}`,
    ...unsound.map(
      ({ name, state, reason }) =>
        `source ${name} is ${state}: ${reason}${state === "suspicious" ? "; leasehold directory diff shows it, refresh --accept lets it through" : ""}`,
    ),
  ];
  return finish(code, lines.map(escapeText).join("\n"));
}
