/** Words that several services' sentences are made of. */

/** "discover 2, request 1"; empty when nothing was counted. */
export function counted(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(", ");
}

/** "1 address", "2 addresses". */
export function many(count: number, one: string, more = `${one}s`): string {
  return `${count} ${count === 1 ? one : more}`;
}

/** "a and b"; "none" of nothing. */
export function listed(items: readonly string[]): string {
  if (items.length === 0) return "none";
  return items.length === 1 ? (items[0] ?? "") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}
