/** When DHCPv6 messages of a capture were said, against RFC 9915 §15, and what the kernel made of the answers. */
import type { Seen6 } from "./uplink6-wire.ts";
import type { News6 } from "./uplink6-world.ts";

type Said6 = Pick<Seen6, "type" | "xid" | "atSeconds">;
export type Looked6 = { readonly looked: number; readonly problems: readonly string[] };

/** IRT and MRT of §7.6, and MRC; a first Solicit is never said again early. */
const TIMES: Readonly<Record<string, { readonly first: number; readonly most: number; readonly count: number }>> = {
  solicit: { first: 1, most: 3600, count: Number.POSITIVE_INFINITY },
  request: { first: 1, most: 30, count: 10 },
  renew: { first: 10, most: 600, count: Number.POSITIVE_INFINITY },
  rebind: { first: 10, most: 600, count: Number.POSITIVE_INFINITY },
};
const RAND = 0.1;
/** For whoever runs late on a busy machine. */
const TOLERANCE = 0.1;

/**
 * Messages that are said again: RT = IRT + RAND*IRT, then 2*RTprev + RAND*RTprev, at most MRT + RAND*MRT, never more often than MRC.
 * @param said ours alone, in their order
 * @returns each interval that is none of them; and how many were looked at
 */
export function againProblems6(said: readonly Said6[]): Looked6 {
  const problems: string[] = [];
  let [looked, count, previous] = [0, 1, 0];
  said.forEach((one, i) => {
    const before = said[i - 1];
    const times = TIMES[one.type];
    if (before === undefined || times === undefined || before.type !== one.type || before.xid !== one.xid) {
      [count, previous] = [1, 0];
      return;
    }
    const waited = one.atSeconds - before.atSeconds;
    const [least, most] = bounds(times, previous, one.type);
    if (waited < least * (1 - TOLERANCE) || waited > most * (1 + TOLERANCE))
      problems.push(
        `${one.type} ${one.xid}, number ${count + 1}, after ${waited.toFixed(3)} s, due after ${least.toFixed(2)} to ${most.toFixed(2)} s`,
      );
    looked++;
    count++;
    previous = waited;
    if (count > times.count) problems.push(`${one.type} ${one.xid} was said ${count} times`);
  });
  return { looked, problems };
}

function bounds({ first, most }: { readonly first: number; readonly most: number }, previous: number, type: string): readonly [number, number] {
  if (previous === 0) return [type === "solicit" ? first : first * (1 - RAND), first * (1 + RAND)];
  if (previous * (2 - RAND) > most) return [most * (1 - RAND), most * (1 + RAND)];
  return [Math.min(previous * (2 - RAND), most * (1 - RAND)), previous * (2 + RAND)];
}

/**
 * An address of what was delegated stands soon after the first answer to each REQUEST.
 * @param seen of both sides @returns each answer after which it did not
 */
export function boundProblems6(seen: readonly Said6[], news: readonly News6[], mostSeconds: number): readonly string[] {
  let asked = "";
  return seen.flatMap(({ type, xid, atSeconds }) => {
    if (type === "request") asked = xid;
    if (type !== "reply" || xid !== asked) return [];
    asked = "";
    const stood = news.find((one) => !one.deleted && one.atSeconds >= atSeconds - 0.05);
    const took = (stood?.atSeconds ?? Number.POSITIVE_INFINITY) - atSeconds;
    return took > mostSeconds ? [`${took.toFixed(2)} s after the REPLY of ${xid}`] : [];
  });
}

/** The most addresses that stood on one link at once. */
export function mostAtOnce(news: readonly News6[]): readonly string[] {
  const standing = new Map<string, Set<string>>();
  let most: readonly string[] = [];
  for (const { link, address, deleted } of news) {
    const here = standing.get(link) ?? new Set<string>();
    standing.set(link, here);
    if (deleted) here.delete(address);
    else here.add(address);
    if (here.size > most.length) most = [...here];
  }
  return most;
}
