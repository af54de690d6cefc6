/** The body of a request that changes leases: what is none is told so, with what is wrong about it. */
import { LIMITS } from "../base/limits.ts";
import { exactlyOf, leaseOf } from "../ports/lease-json.ts";
import type { LeaseChanges } from "../ports/leases.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The body of a change: `put` and `remove`, either may be left out. */
export function changesIn(text: string): LeaseChanges | { readonly hint: string } {
  const body = objectIn(text);
  const [put, remove] = [listOf(body?.["put"]), listOf(body?.["remove"])];
  if (body === undefined || put === undefined || remove === undefined) return { hint: 'a JSON object: {"put":[...],"remove":[...]}' };
  if (put.length > LIMITS.leaseChanges || remove.length > LIMITS.leaseChanges) return { hint: `at most ${LIMITS.leaseChanges} of each` };
  const leases = put.map(leaseOf);
  const gone = remove.map((one) => (typeof one === "string" ? exactlyOf(one) : undefined));
  const wrong = leases.findIndex((one) => typeof one === "string");
  if (wrong !== -1) return { hint: `put[${wrong}]: ${String(leases[wrong])}` };
  if (gone.includes(undefined)) return { hint: `remove[${gone.indexOf(undefined)}]: an IPv6 address or prefix` };
  return { put: leases.filter((one) => typeof one !== "string"), remove: gone.filter((one) => one !== undefined) };
}

function objectIn(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}

function listOf(value: unknown): readonly unknown[] | undefined {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : undefined;
}
