/** What a bench measures: one row for each kind of work. */
export type Measured = {
  readonly work: string;
  readonly unit: string;
  /** The median of all rounds; null when we never finished. */
  readonly ours: number | null;
  readonly peers: Readonly<Record<string, number>>;
  readonly lowerIsBetter: boolean;
  /** What the issue asks for, in `unit`; null where it asks for a ratio only. */
  readonly limit: number | null;
  /** What it asks for against the best of these peers. */
  readonly ratioLimit?: number;
};
export type Judged = Measured & { readonly best: number | null; readonly ratio: number | null };
export type Bench = (rounds: number, progress: (text: string) => void) => Promise<readonly Measured[]>;

export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const value = sorted.length % 2 === 1 ? sorted[middle] : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
  return value === undefined || Number.isNaN(value) ? null : Number(value.toFixed(2));
}

/** Against the best peer; without a ratio where that one needs nothing that can be measured. */
export function judged(row: Measured): Judged {
  const values = Object.values(row.peers);
  const best = values.length === 0 ? null : row.lowerIsBetter ? Math.min(...values) : Math.max(...values);
  const ratio = best === null || best === 0 || row.ours === null ? null : Number((row.ours / best).toFixed(3));
  return { ...row, best, ratio };
}

/** One row as text: what was measured, against whom, and whether it is within what is asked for. */
export function line({ work, unit, ours, peers, ratio, limit, ratioLimit, lowerIsBetter }: Judged): string {
  const others = Object.entries(peers).map(([peer, value]) => `${peer} ${value}`);
  const within = (value: number | null, most: number): string =>
    value !== null && (lowerIsBetter ? value <= most : value >= most) ? "within" : "MISSED";
  const asked = [
    ...(limit === null ? [] : [`limit ${limit} ${unit}: ${within(ours, limit)}`]),
    ...(ratioLimit === undefined ? [] : [`limit of the ratio ${Number(ratioLimit.toFixed(3))}: ${within(ratio, ratioLimit)}`]),
  ];
  return [`${work}: ours ${ours} ${unit}`, others.join(", "), `ratio to best ${ratio}`, ...asked].join("; ");
}
