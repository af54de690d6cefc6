/** One fact about the house: what is to be so, whether it is, and who says it. */
export type Row = { readonly what: string; readonly confirmed: boolean; readonly fact: string; readonly source: string };
export type Look = () => Row | Promise<Row>;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Rows become true in time; a row that stays false is told with what was seen last. @param until as of performance.now() */
export async function eventuallyAll(until: number, looks: readonly Look[]): Promise<readonly Row[]> {
  const seen: Row[] = [];
  for (;;) {
    for (const [i, look] of looks.entries()) {
      if (seen[i]?.confirmed === true) continue;
      const row = await look();
      seen[i] = row;
      if (row.confirmed) process.stdout.write(".");
    }
    if (seen.every(({ confirmed }) => confirmed) || performance.now() > until) return seen;
    await pause(100);
  }
}

export function print(all: readonly Row[]): void {
  const width = Math.max(...all.map(({ what }) => what.length));
  process.stdout.write("\n");
  for (const { what, confirmed, fact, source } of all)
    process.stdout.write(`${confirmed ? "  ok  " : "  NOT "} ${what.padEnd(width)}  ${fact}  (${source})\n`);
  const confirmedCount = all.filter(({ confirmed }) => confirmed).length;
  process.stdout.write(`\n${confirmedCount} of ${all.length} rows confirmed\n`);
}
