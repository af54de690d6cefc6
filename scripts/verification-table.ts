/** Reads docs/verification.md: a heading `## PART` and below it a table | point | command | figure | commit | status |. */

export type Row = { readonly point: string; readonly command: string };

/** From part to rows; the command without its backticks, empty when there is none. */
export function partsOf(text: string): ReadonlyMap<string, readonly Row[]> {
  const parts = new Map<string, Row[]>();
  let rows: Row[] | undefined;
  for (const line of text.split("\n")) {
    const heading = /^## (\S+)\s*$/.exec(line)?.[1];
    if (heading !== undefined) {
      rows = [];
      parts.set(heading, rows);
    }
    if (line.startsWith("|")) rows?.push(...rowsOf(line));
  }
  return parts;
}

function rowsOf(line: string): readonly Row[] {
  const cells = line.replace(/^\||\|\s*$/g, "").split(/(?<!\\)\|/);
  const [point = "", command = ""] = cells.map((cell) => cell.trim().replaceAll("\\|", "|"));
  if (point === "point" || /^:?-+:?$/.test(point)) return [];
  return [{ point, command: /^`+\s?(.*?)\s?`+$/.exec(command)?.[1] ?? "" }];
}
