/** What a bench measures: one row for each kind of work. */
export type Measured = {
  readonly work: string;
  readonly unit: string;
  /** The median of all rounds; null when we never finished. */
  readonly ours: number | null;
  readonly peers: Readonly<Record<string, number>>;
  readonly lowerIsBetter: boolean;
  /** What the issue asks for; null where it asks for a ratio only. */
  readonly limit: number | null;
};
export type Bench = (rounds: number, progress: (text: string) => void) => Promise<readonly Measured[]>;

export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const value = sorted.length % 2 === 1 ? sorted[middle] : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
  return value === undefined || Number.isNaN(value) ? null : Number(value.toFixed(2));
}
