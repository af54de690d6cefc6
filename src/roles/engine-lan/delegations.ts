/** Routes to delegated prefixes: the server says them again with every answer; main is told what changed. */
import type { DelegatedRoute, DelegatedRoutes } from "../../ports/kernel.ts";
import { LIMITS } from "../../base/limits.ts";

export type RouteWish = DelegatedRoute & { readonly add: boolean };

export class Delegations implements DelegatedRoutes {
  readonly #tell: (wishes: readonly RouteWish[]) => void;
  readonly #known = new Map<string, DelegatedRoute>();
  #wishes: RouteWish[] = [];

  constructor(tell: (wishes: readonly RouteWish[]) => void) {
    this.#tell = tell;
  }

  add(route: DelegatedRoute): void {
    const known = this.#known.get(route.prefix);
    if (known !== undefined && known.via === route.via && known.link === route.link) return;
    if (known !== undefined && known.link !== route.link) this.#wish({ ...known, add: false });
    this.#known.set(route.prefix, route);
    this.#wish({ ...route, add: true });
  }

  /** Without what was told before, the route may be there from an earlier life: it is asked away all the same. */
  remove(route: DelegatedRoute): void {
    this.#wish({ ...(this.#known.get(route.prefix) ?? route), add: false });
    this.#known.delete(route.prefix);
  }

  #wish(wish: RouteWish): void {
    this.#wishes.push(wish);
    if (this.#wishes.length === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const wishes = this.#wishes;
    this.#wishes = [];
    for (let at = 0; at < wishes.length; at += LIMITS.delegatedRoutes) this.#tell(wishes.slice(at, at + LIMITS.delegatedRoutes));
  }
}
