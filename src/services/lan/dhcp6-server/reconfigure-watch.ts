/**
 * What clients of each link live on, as it was when it was last looked at: a pool that went or is to end sooner takes leases along
 * (RFC 9096 §3.5), and a resolver of ours that went is asked in vain.
 */
import { toHex } from "../../../base/hex.ts";
import { OPTION } from "./codes.ts";
import type { ReconfigureWish } from "./reconfigure-rounds.ts";
import { everyoneOn, staleOn } from "./reconfigure-triggers.ts";
import type { ServedLink } from "./served-link.ts";

/** A lifetime that is told anew is never exactly what it was. */
const SAME_SECONDS = 60;

/** Of one link: its pools by what they are, with the end of their preferred lifetime; and the address that hosts ask for names, if it is ours. */
export type Seen = { readonly link: number; readonly pools: readonly (readonly [what: string, preferredUntil: number])[]; readonly resolver: string };

export class ReconfigureWatch {
  readonly #seen = new Map<number, Seen>();

  /** @returns what follows from what changed since the last time; a link whose interface is not there is left as it was */
  look(links: readonly ServedLink[]): readonly ReconfigureWish[] {
    const told = links.filter(({ identity, index }) => identity.pools.reconfigure && (identity.relayed || index !== 0));
    return told.flatMap((link) => {
      const { number } = link.identity;
      const before = this.#seen.get(number);
      const now = seenOf(link);
      this.#seen.set(number, now);
      if (before !== undefined && before.resolver !== "" && !holds(link, before.resolver)) return [everyoneOn(number)];
      return isOther(before?.pools ?? [], now.pools) ? [staleOn(number)] : [];
    });
  }

  state(): readonly Seen[] {
    return [...this.#seen.values()];
  }

  restore(seen: readonly Seen[]): void {
    this.#seen.clear();
    for (const one of seen) this.#seen.set(one.link, one);
  }
}

/** Also where something came: leases of an earlier life, or of a prefix that went before, may have waited for it. */
function isOther(before: Seen["pools"], now: Seen["pools"]): boolean {
  const ends = new Map(now);
  const known = new Set(before.map(([what]) => what));
  return now.some(([what]) => !known.has(what)) || before.some(([what, preferredUntil]) => (ends.get(what) ?? 0) + SAME_SECONDS < preferredUntil);
}

function seenOf({ identity: { number, relayed, pools }, addressPools, prefixPools, onLink }: ServedLink): Seen {
  const asksUs = pools.ownResolver && !relayed && !pools.options.some(({ code }) => code === OPTION.dnsServers);
  const ends = new Map<string, number>();
  for (const { shape } of [...addressPools, ...prefixPools]) {
    const what = `${toHex(shape.prefix)}/${shape.prefixLength}`;
    ends.set(what, Math.max(ends.get(what) ?? 0, shape.preferredUntil));
  }
  return { link: number, pools: [...ends], resolver: asksUs && onLink[0] !== undefined ? toHex(onLink[0].address) : "" };
}

function holds({ onLink }: ServedLink, resolver: string): boolean {
  return onLink.some(({ address }) => toHex(address) === resolver);
}
