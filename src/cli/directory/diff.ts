/** `leasehold directory diff`: what is held back, row by row, page by page. */
import { escapeText } from "../../base/text.ts";
import type { ChangeRow, FieldChange } from "../../services/directory/difference-rows.ts";
import type { DiffView } from "../../services/directory/view.ts";
import type { Common } from "../asking.ts";
import { EXIT, finish, jsonLine, print } from "../output.ts";
import { told } from "./asked.ts";
import { changes } from "./status.ts";

export type DiffOptions = Common & { readonly after: number; readonly rows: number };

const SIGNS = { added: "+", removed: "-", changed: "~" } as const;

export async function diff(options: DiffOptions): Promise<never> {
  const first = await told<DiffView>(options, `/v1/directory/diff?after=${options.after}`);
  if (first.phase !== "idle") finish(EXIT.absent, `an update is under way (${first.phase}); try again in a moment`);
  if (options.json !== true) print(1, summary(first));
  let left = options.rows === 0 ? Number.POSITIVE_INFINITY : options.rows;
  for (let page = first; ; ) {
    const rows = page.rows.slice(0, left);
    if (rows.length > 0) print(1, rows.map((row) => (options.json === true ? jsonLine(row) : rowLine(row))).join("\n"));
    left -= rows.length;
    if (page.next === null || left <= 0) process.exit(EXIT.done);
    page = await told<DiffView>(options, `/v1/directory/diff?after=${page.next}`);
    if (page.update !== first.update || page.phase !== "idle") finish(EXIT.absent, "another update began meanwhile; ask again");
  }
}

function summary({ update, users, groups }: DiffView): string {
  const none = [users, groups].every(({ added, removed, changed }) => added + removed + changed === 0);
  if (none) return `update ${update}: nothing is held back`;
  return `update ${update} would change: ${changes("user", users)}; ${changes("group", groups)}`;
}

function rowLine({ kind, change, name, fields }: ChangeRow): string {
  return escapeText(`${SIGNS[change]} ${kind} ${name}${fields.length === 0 ? "" : `: ${fields.map(fieldWords).join("; ")}`}`);
}

function fieldWords(change: FieldChange): string {
  if (!("addedCount" in change)) return `${change.field} "${change.before}" to "${change.after}"`;
  const { added, removed, addedCount, removedCount } = change;
  const hidden = addedCount + removedCount - added.length - removed.length;
  return `members ${[...added.map((name) => `+${name}`), ...removed.map((name) => `-${name}`)].join(" ")}${hidden === 0 ? "" : ` and ${hidden} more`}`;
}
