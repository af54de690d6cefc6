/** Routes of the kernel for prefixes that clients are delegated: to those who have them, and of every pool one that refuses the rest. */
import { KernelError } from "../../base/errors.ts";
import { type Ipv6Prefix, ipv6Covers, isDelegableV6, isLinkLocalV6, splitIpv6Prefix, UNSPECIFIED_V6 } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import { AGGREGATE_ROUTES } from "../../ports/kernel.ts";
import type { DelegatedLengths } from "../../services/lan/dhcp6-config.ts";
import { TABLE } from "../../wire/netlink/numbers.ts";
import { type Ipv6Route, routeWith } from "../../wire/netlink/route.ts";
import type { Incoming } from "../connection.ts";
import type { Configuration } from "../messages/catalogue.ts";
import { nameOfLink } from "./link-sockets.ts";
import { attempt, type Tools } from "./office.ts";

type Request = Extract<Incoming, { readonly kind: "delegatedRoutes" }>;
type Wish = Request["body"]["routes"][number];
type LanParts = NonNullable<Configuration["lan"]>;

/** Ours among routes: others with this number are told apart by nothing, so nobody else should use it (rtnetlink's free range). */
const PROTOCOL = 157;
const METRIC = 1024;
/** Behind whatever else leads to the same prefix. */
const POOL_METRIC = 0x4000_0000;
/** ESRCH, ENODEV: gone already. */
const GONE: readonly number[] = [3, 19];
/** Milliseconds for which a look at the kernel's routes holds: an engine may ask for thousands in one. */
const LOOK_MS = 1000;

export class DelegatedRoutes {
  readonly #tools: Tools;
  readonly #engine: "engine-lan";
  /** Routes that lead to clients now. */
  readonly #held = new Map<Ipv6Prefix, Wish>();
  #config: LanParts | undefined;
  #refusing: readonly Ipv6Prefix[] = [];
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(tools: Tools, engine: "engine-lan") {
    this.#tools = tools;
    this.#engine = engine;
  }

  /** Pools that interfaces delegate from are refused as a whole, so that packets to what nobody has do not go round in circles. */
  configure(config: LanParts): void {
    this.#config = config;
    const pools = config.interfaces.flatMap(({ dhcp6 }) => (dhcp6.mode === "server" ? dhcp6.pools.prefixes.map(({ pool }) => pool) : []));
    const wanted = new Set(pools.filter(isDelegableV6));
    attempt(this.#tools, this.#engine, { what: "delegatedRoutes" }, () => {
      const { network } = this.#tools;
      const there = network.routes("ipv6").filter((one): one is Ipv6Route => one.family === "ipv6" && isOfPool(one));
      for (const old of there) if (!wanted.has(old.destination)) forgivingGone(() => network.removeRoute(old));
      for (const pool of wanted) if (!there.some(({ destination }) => destination === pool)) network.addRoute(refusal(pool));
    });
  }

  request(message: Request): void {
    for (const wish of message.body.routes) this.#route(message, wish);
  }

  /** The kernel may have lost the link meanwhile, and with it the route. */
  #route(message: Request, wish: Wish): void {
    const why = routeRefusal(message, wish, {
      interfaces: this.#config?.interfaces ?? [],
      hosts: this.#config?.hosts ?? [],
      nameOfLink: (link) => nameOfLink(this.#tools, link),
      refusing: () => this.#look(),
      held: this.#held,
    });
    if (why !== undefined) return this.#tools.refused.add(why);
    const { add, link, name, prefix, via } = wish;
    const route = routeWith<Ipv6Route>({
      family: "ipv6",
      destination: prefix,
      outInterface: link,
      ...(via === UNSPECIFIED_V6 ? {} : { gateway: via }),
      metric: METRIC,
      protocol: PROTOCOL,
    });
    attempt(this.#tools, this.#engine, { what: message.kind, name }, () => {
      if (!add) this.#held.delete(prefix);
      if (!add) return forgivingGone(() => this.#tools.network.removeRoute(route));
      this.#tools.network.replaceRoute(route);
      this.#held.set(prefix, wish);
    });
  }

  /** Prefixes that somebody else's routes refuse as a whole: an uplink's. */
  #look(): readonly Ipv6Prefix[] {
    const now = performance.now();
    if (now - this.#lookedAt < LOOK_MS) return this.#refusing;
    this.#lookedAt = now;
    attempt(this.#tools, this.#engine, { what: "delegatedRoutes" }, () => {
      const routes = this.#tools.network.routes("ipv6").filter((one): one is Ipv6Route => one.family === "ipv6" && one.protocol !== PROTOCOL);
      this.#refusing = routes.filter((one) => isRefusing(one) && isDelegableV6(one.destination)).map(({ destination }) => destination);
    });
    return this.#refusing;
  }
}

function isRefusing({ type, table }: Ipv6Route): boolean {
  return table === TABLE.main && (AGGREGATE_ROUTES as readonly string[]).includes(type);
}

function isOfPool(route: Ipv6Route): boolean {
  return isRefusing(route) && route.protocol === PROTOCOL && route.metric === POOL_METRIC;
}

function refusal(pool: Ipv6Prefix): Ipv6Route {
  return routeWith<Ipv6Route>({ family: "ipv6", destination: pool, type: "unreachable", metric: POOL_METRIC, protocol: PROTOCOL });
}

function forgivingGone(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof KernelError) || !GONE.includes(error.errno)) throw error;
  }
}

type RoutesKnown = Pick<LanParts, "interfaces" | "hosts"> & {
  readonly nameOfLink: (link: number) => string | undefined;
  /** Prefixes that the kernel refuses as a whole, by routes that are none of ours. */
  readonly refusing: () => readonly Ipv6Prefix[];
  /** What leads to clients now. */
  readonly held: ReadonlyMap<Ipv6Prefix, Wish>;
};

/**
 * A route leads to a prefix of the link's own pool, of an uplink's prefix where the link may delegate of those, or of a reserved host, over
 * a host of that link, as the configuration in force has it: a request that was under way when the file was read again is as good as one
 * of now. What is there may go, configured still or no longer, and over whichever host it leads: an engine does not know what one
 * before it asked for.
 * @returns the field that is refused
 */
export function routeRefusal(
  { kind }: Pick<Request, "kind">,
  { add, link, name, prefix, via }: Wish,
  { interfaces, hosts, nameOfLink: nameOf, refusing, held }: RoutesKnown,
): string | undefined {
  const there = held.get(prefix);
  const anyHost = !add && via === UNSPECIFIED_V6;
  if (!add && there?.link === link && (anyHost || there.via === via)) return undefined;
  const served = interfaces.find((one) => one.name === name)?.dhcp6;
  if (served?.mode !== "server") return `${kind}.name`;
  const { prefixes, uplinkPrefixes } = served.pools;
  const isReserved = hosts.some((host) => host.prefixes.includes(prefix));
  if (prefixes.length === 0 && uplinkPrefixes === undefined && !isReserved) return `${kind}.name`;
  const isOfPools = prefixes.some((one) => ipv6Covers(one.pool, prefix) && hasLength(one, prefix));
  const isOfUplinks = (): boolean =>
    uplinkPrefixes !== undefined && hasLength(uplinkPrefixes, prefix) && refusing().some((whole) => ipv6Covers(whole, prefix));
  if (!isReserved && !isOfPools && !isOfUplinks()) return `${kind}.prefix`;
  if (!isLinkLocalV6(via) && !anyHost) return `${kind}.via`;
  if (nameOf(link) !== name) return `${kind}.link`;
  return add && there === undefined && held.size >= LIMITS.delegatedRoutesHeld ? `${kind}.count` : undefined;
}

function hasLength({ shortest, longest }: DelegatedLengths, prefix: Ipv6Prefix): boolean {
  const { prefixLength } = splitIpv6Prefix(prefix);
  return prefixLength >= shortest && prefixLength <= longest;
}
