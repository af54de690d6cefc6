/** The prefix book of a provider: which client has which piece of the pool until when. Pieces go out in order, and are free when they end. */
import type { Duid } from "../../base/duid.ts";
import { type Ipv6Prefix, ipv6Prefix, splitIpv6Prefix } from "../../base/ipv6.ts";
import { ipv6OfNumber, ipv6Size } from "../../base/ipv6-number.ts";
import type { Instant } from "../../base/time.ts";
import { spanCovers, spanOf } from "../spans.ts";

export type PrefixPool = { readonly prefix: Ipv6Prefix; readonly delegatedLength: number };
export type Binding6 = { readonly client: Duid; readonly iaid: number; readonly prefix: Ipv6Prefix; readonly until: Instant };

/** A pool larger than this is only used so far. */
const PIECES_MOST = 65_536;

export class PrefixBook {
  readonly #bindings = new Map<Ipv6Prefix, Binding6>();

  all(): readonly Binding6[] {
    return [...this.#bindings.values()];
  }

  /** What an IA has now, pieces of an earlier pool included. */
  of(client: Duid, iaid: number, now: Instant): readonly Binding6[] {
    return this.all().filter((binding) => binding.client === client && binding.iaid === iaid && binding.until > now);
  }

  bind(binding: Binding6): void {
    this.#bindings.set(binding.prefix, binding);
  }

  free({ prefix }: Pick<Binding6, "prefix">): void {
    this.#bindings.delete(prefix);
  }

  clear(): void {
    this.#bindings.clear();
  }

  /** Whether nobody else has it. */
  available(prefix: Ipv6Prefix, client: Duid, iaid: number, now: Instant): boolean {
    const taken = this.#bindings.get(prefix);
    return taken === undefined || taken.until <= now || (taken.client === client && taken.iaid === iaid);
  }

  /** What is wished for if it is a free piece, else the first free one. */
  choose(pool: PrefixPool, wished: Ipv6Prefix | undefined, client: Duid, iaid: number, now: Instant): Ipv6Prefix | undefined {
    if (wished !== undefined && isPiece(pool, wished) && this.available(wished, client, iaid, now)) return wished;
    const count = Math.min(PIECES_MOST, 2 ** (pool.delegatedLength - splitIpv6Prefix(pool.prefix).prefixLength));
    for (let i = 0; i < count; i++) {
      const prefix = pieceOf(pool, i);
      if (this.available(prefix, client, iaid, now)) return prefix;
    }
    return undefined;
  }
}

export function isPiece({ prefix, delegatedLength }: PrefixPool, wished: Ipv6Prefix): boolean {
  return splitIpv6Prefix(wished).prefixLength === delegatedLength && spanCovers(spanOf(prefix), spanOf(wished));
}

/** The pool's piece of that number. */
function pieceOf({ prefix, delegatedLength }: PrefixPool, number: number): Ipv6Prefix {
  return ipv6Prefix(ipv6OfNumber(spanOf(prefix).first + BigInt(number) * ipv6Size(delegatedLength)), delegatedLength);
}
