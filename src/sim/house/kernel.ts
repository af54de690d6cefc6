/** The kernel of a gateway as far as IPv6 services need it: addresses that end with their lifetime, routes, and news of both. */
import { DEFAULT_V6, type Ipv6Address, type Ipv6Prefix } from "../../base/ipv6.ts";
import { after, INFINITE_SECONDS, type Instant, NEVER, secondsUntil } from "../../base/time.ts";
import type { DelegatedRoute, DelegatedRoutes, PlanKernel, PlannedAddress, PrefixPlan } from "../../ports/kernel.ts";
import type { AddressListener, RouteListener } from "../../services/address-news.ts";
import { type AddressFact, addressKey, type RouteFact, routeKey } from "../../services/addresses.ts";
import type { Scheduled, Timeline } from "../clock.ts";

export type Planned = Omit<PlannedAddress, "preferredSeconds" | "validSeconds"> & { readonly preferredUntil: Instant; readonly validUntil: Instant };
type Listener = AddressListener & RouteListener;
const ROUTE_METRIC = 1024;

export class HouseKernel implements PlanKernel, DelegatedRoutes {
  /** A planted bug for the tests of the checkers: says of every address that it lasts for ever, and not when it goes. */
  tellsNoEnds = false;
  listener: Listener | undefined;
  readonly delegated = new Map<Ipv6Prefix, DelegatedRoute>();
  readonly #timeline: Timeline;
  readonly #fixed: AddressFact[] = [];
  readonly #routes: RouteFact[] = [];
  readonly #planned = new Map<string, Planned>();
  #ending: Scheduled | undefined;
  #unreachable: readonly Ipv6Prefix[] = [];

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  /** What the kernel has without anybody's help: link-local addresses, and a default route by the provider's advertisements. */
  has(link: number, address: Ipv6Address, prefixLength: number): void {
    const lasting = { preferredSeconds: INFINITE_SECONDS, validSeconds: INFINITE_SECONDS };
    this.#fixed.push({ link, address, prefixLength, ...lasting, tentative: false, dadFailed: false, deprecated: false, temporary: false });
  }
  leadsOut(link: number, gateway: Ipv6Address): void {
    this.#routes.push({ destination: DEFAULT_V6, leads: "out", metric: ROUTE_METRIC, link, gateway });
  }

  /** What uplinks put on links. */
  planned(): readonly Planned[] {
    return [...this.#planned.values()];
  }
  on(link: number): readonly Planned[] {
    return this.planned().filter((one) => one.link === link);
  }
  addressesOf(link: number): readonly Ipv6Address[] {
    return this.on(link).map(({ address }) => address);
  }

  apply(plan: PrefixPlan): void {
    const wanted = new Map(plan.addresses.map((one) => [addressKey(one), one]));
    for (const [key, old] of this.#planned) if (!wanted.has(key)) this.#drop(key, old);
    for (const [key, one] of wanted) {
      const { preferredSeconds, validSeconds, ...rest } = one;
      const now = this.#timeline.now;
      this.#planned.set(key, { ...rest, preferredUntil: after(now, preferredSeconds), validUntil: after(now, validSeconds) });
      this.listener?.addressIs(this.#fact(key));
    }
    const unreachable = plan.aggregates.map(({ prefix }) => prefix);
    for (const gone of this.#unreachable) if (!unreachable.includes(gone)) this.listener?.routeGone(refusing(gone));
    for (const fresh of unreachable) if (!this.#unreachable.includes(fresh)) this.listener?.routeIs(refusing(fresh), false);
    this.#unreachable = unreachable;
    this.#watchEnds();
  }

  add(route: DelegatedRoute): void {
    this.delegated.set(route.prefix, route);
  }
  remove({ prefix }: DelegatedRoute): void {
    this.delegated.delete(prefix);
  }

  /** A service that starts asks for lists. */
  list(listener: Listener): void {
    this.listener = listener;
    const addresses = [...this.#fixed, ...[...this.#planned.keys()].map((key) => this.#fact(key))];
    const routes = [...this.#routes, ...this.#unreachable.map(refusing)];
    for (const fact of addresses) listener.addressIs(fact);
    listener.addressesListed(new Set(addresses.map(addressKey)));
    for (const fact of routes) listener.routeIs(fact, false);
    listener.routesListed(new Set(routes.map(routeKey)));
  }

  /** The machine lost its power. */
  clear(): void {
    this.listener = undefined;
    this.#planned.clear();
    this.delegated.clear();
    this.#unreachable = [];
    this.#ending?.cancel();
  }

  #drop(key: string, { link, address }: Planned): void {
    this.#planned.delete(key);
    if (!this.tellsNoEnds) this.listener?.addressGone({ link, address });
  }

  #fact(key: string): AddressFact {
    const held = this.#planned.get(key);
    if (held === undefined) throw new Error(`no address ${key}`);
    const { link, address, prefixLength } = held;
    const { preferredUntil, validUntil } = this.tellsNoEnds ? { preferredUntil: NEVER, validUntil: NEVER } : held;
    const now = this.#timeline.now;
    const preferredSeconds = secondsUntil(preferredUntil, now);
    const flags = { tentative: false, dadFailed: false, deprecated: preferredSeconds === 0, temporary: false };
    return { link, address, prefixLength, preferredSeconds, validSeconds: secondsUntil(validUntil, now), ...flags };
  }

  #watchEnds(): void {
    this.#ending?.cancel();
    const ends = Math.min(...this.planned().map(({ validUntil }) => validUntil));
    if (!Number.isFinite(ends)) return;
    this.#ending = this.#timeline.schedule(ends as Instant, () => {
      for (const [key, held] of this.#planned) if (held.validUntil <= this.#timeline.now) this.#drop(key, held);
      this.#watchEnds();
    });
  }
}

function refusing(destination: Ipv6Prefix): RouteFact {
  return { destination, leads: "nowhere", metric: ROUTE_METRIC, link: undefined, gateway: undefined };
}
