/** Reads docs/verification.md: a heading `## PART` and below it a table | point | command | figure | commit | status |. */

const COLUMNS = ["point", "command", "figure", "commit", "status"];

/** @returns a map from part to rows; a row has the five columns as text, the command without its backticks */
export function partsOf(text) {
  const parts = new Map();
  let rows;
  for (const line of text.split("\n")) {
    const heading = /^## (\S+)\s*$/.exec(line)?.[1];
    if (heading !== undefined) {
      rows = [];
      parts.set(heading, rows);
    } else if (rows !== undefined && line.startsWith("|")) {
      const cells = line
        .replace(/^\||\|\s*$/g, "")
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim().replaceAll("\\|", "|"));
      const isHead = cells[0] === COLUMNS[0] || /^:?-+:?$/.test(cells[0] ?? "");
      if (!isHead) rows.push(rowOf(cells));
    }
  }
  return parts;
}

function rowOf(cells) {
  const row = Object.fromEntries(COLUMNS.map((column, index) => [column, cells[index] ?? ""]));
  return { ...row, command: /^`+\s?(.*?)\s?`+$/.exec(row.command)?.[1] ?? "" };
}
