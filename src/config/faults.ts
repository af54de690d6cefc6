/** Faults between parts of a configuration that are each right. */

export type Fault = { readonly path: readonly (string | number)[]; readonly message: string; readonly hint: string };

/** Items of the second list that stand in the first. */
export function both<T>(first: readonly T[], second: readonly T[]): readonly { readonly index: number; readonly item: T }[] {
  return second.map((item, index) => ({ index, item })).filter(({ item }) => first.includes(item));
}
