/** `leasehold directory status`. */
import { escapeText } from "../../base/text.ts";
import type { DirectoryView, SourceView } from "../../services/directory/view.ts";
import type { Common } from "../asking.ts";
import { EXIT, finish, jsonLine } from "../output.ts";
import { many } from "../show/words.ts";
import { directoryView, told } from "./asked.ts";

type Detail = {
  readonly name: string;
  readonly rejected: Readonly<Record<string, number>>;
  readonly samples: Readonly<Record<string, readonly string[]>>;
};

export async function status(options: Common): Promise<never> {
  const view = await directoryView(options);
  const details: Detail[] = [];
  for (const place of view.sources.keys()) details.push(await told<Detail>(options, `/v1/directory/source/${place}`));
  if (options.json === true)
    finish(EXIT.done, jsonLine({ ...view, sources: view.sources.map((source, i) => ({ ...source, samples: details[i]?.samples })) }));
  return finish(EXIT.done, [...whole(view), ...view.sources.flatMap((source, i) => ofSource(source, details[i]))].map(escapeText).join("\n"));
}

function whole({ domain, snapshot, unsaved, update: { number, phase, heldBy, nextAt, heldBack } }: DirectoryView): readonly string[] {
  return [
    snapshot === null
      ? `${domain}: nothing is served yet.`
      : `${domain}: ${many(snapshot.users, "user")} and ${many(snapshot.groups, "group")} are served, as of ${snapshot.committedAt} (${age(snapshot.ageSeconds)} old).`,
    phase === "idle"
      ? `update ${number} has ended${nextAt === null ? "" : `; the next begins at ${nextAt}`}`
      : `update ${number} is under way (${phase})`,
    ...(unsaved === "" ? [] : [`not on disk: ${unsaved}; after a restart the directory of before would be served first`]),
    ...(heldBy === "" ? [] : [`it changed nothing, because of: ${heldBy}`]),
    ...(heldBack === null ? [] : [`held back: ${changes("user", heldBack.users)}; ${changes("group", heldBack.groups)} (leasehold directory diff)`]),
  ];
}

function ofSource(source: SourceView, detail: Detail | undefined): readonly string[] {
  const { name, state, reason, users, groups, pulledAt, ageSeconds, rejected, suspiciousCycles, onFailure } = source;
  const counts = Object.entries(rejected).sort(([, a], [, b]) => b - a);
  return [
    "",
    `source ${name}: ${state}${reason === "" ? "" : `, ${reason}`}`,
    `  ${many(users, "user")}, ${many(groups, "group")}${pulledAt === null ? "; never read" : `, read at ${pulledAt}${ageSeconds === null ? "" : ` (${age(ageSeconds)} ago)`}`}; on failure: ${onFailure}`,
    ...(state === "suspicious"
      ? [`  not believed; it has come again ${many(suspiciousCycles ?? 0, "time")}: leasehold directory refresh --accept ${name} lets it through`]
      : []),
    ...(counts.length === 0 ? [] : ["  left out:"]),
    ...counts.map(([why, count]) => {
      const some = detail?.samples[why] ?? [];
      return `    ${count} ${why}${some.length === 0 ? "" : `: ${some.join("; ")}${count > some.length ? "; ..." : ""}`}`;
    }),
  ];
}

/** "3 users more, 1 less, 2 changed". */
export function changes(
  what: string,
  { added, removed, changed }: { readonly added: number; readonly removed: number; readonly changed: number },
): string {
  return `${many(added, what)} added, ${removed} removed, ${changed} changed`;
}

export function age(seconds: number): string {
  if (seconds < 120) return many(seconds, "second");
  if (seconds < 7200) return many(Math.floor(seconds / 60), "minute");
  return seconds < 172_800 ? many(Math.floor(seconds / 3600), "hour") : many(Math.floor(seconds / 86_400), "day");
}
