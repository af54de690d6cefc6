/** The far side of one uplink: its link, a provider that delegates prefixes, and what was promised there, whatever came later. */
import type { Ipv6Address, Ipv6Prefix } from "../../base/ipv6.ts";
import { type Instant, instant } from "../../base/time.ts";
import { PrefixProvider, type Provider6Config } from "../actors/dhcp6-provider.ts";
import type { Timeline } from "../clock.ts";
import { type Port, Segment } from "../link.ts";
import { PLACES } from "./configuration.ts";
import type { KernelAddress } from "./kernel.ts";
import { spanAround, spanCovers, spanOf } from "../spans.ts";

export type IspOptions = {
  readonly name: string;
  readonly timeline: Timeline;
  readonly seed: readonly number[];
  readonly config: Provider6Config;
  readonly tell: (what: string, words: string) => void;
};

/** Where the gateway of this world seems to be: one client is all there is on the link. */
const CLIENT = "fe80::1" as Ipv6Address;

export class Isp {
  readonly name: string;
  readonly segment: Segment;
  readonly provider: PrefixProvider;
  /** Until when a prefix may be used at most, by all that was ever said of it. */
  readonly promised = new Map<Ipv6Prefix, Instant>();
  /** For which IA_PD a prefix was promised last. */
  readonly iaidOf = new Map<Ipv6Prefix, number>();
  readonly #orderOf = new Map<Ipv6Prefix, number>();
  #promises = 0;
  /** The provider's end of the link. */
  readonly port: Port;

  constructor({ name, timeline, seed, config, tell }: IspOptions) {
    this.name = name;
    this.segment = new Segment(timeline, ...seed);
    this.provider = new PrefixProvider(config, ({ kind, prefix, iaid, until }) => {
      tell(kind, `${prefix} IA ${iaid}`);
      if (kind !== "delegated" && kind !== "extended") return;
      this.iaidOf.set(prefix, iaid);
      this.#orderOf.set(prefix, this.#promises++);
      this.promised.set(prefix, instant(Math.max(until, this.promised.get(prefix) ?? 0)));
    });
    this.port = this.segment.attach({
      name,
      cut: false,
      take: (payload) => {
        for (const said of this.provider.onDatagram({ from: CLIENT, payload }, timeline.now))
          timeline.schedule(instant(timeline.now + said.afterMs), () => this.segment.send(this.port, said.payload));
      },
      resolve: () => undefined,
    });
  }

  /** What an address of a LAN was taken from: of the prefixes whose plan has it there, the one that was promised last. */
  originOf({ name, address }: KernelAddress): { readonly prefix: Ipv6Prefix; readonly iaid: number } | undefined {
    const inner = spanAround(address);
    let found: { readonly prefix: Ipv6Prefix; readonly iaid: number; readonly order: number } | undefined;
    for (const [prefix, iaid] of this.iaidOf) {
      const order = this.#orderOf.get(prefix) ?? 0;
      const span = spanOf(prefix);
      const isThere = spanCovers(span, inner) && (PLACES[iaid] ?? []).some(({ lan, offset }) => lan === name && span.first + offset === inner.first);
      if (isThere && order > (found?.order ?? -1)) found = { prefix, iaid, order };
    }
    return found;
  }

  /** Of the promised prefixes that hold an address the one that ranks highest. */
  prefixOf(address: Ipv6Address, rank: (prefix: Ipv6Prefix) => number): Ipv6Prefix | undefined {
    const inner = spanAround(address);
    let found: Ipv6Prefix | undefined;
    for (const prefix of this.promised.keys())
      if ((found === undefined || rank(prefix) > rank(found)) && spanCovers(spanOf(prefix), inner)) found = prefix;
    return found;
  }

  /** Whether the provider itself still believes that the IA has the prefix. */
  stillGives(prefix: Ipv6Prefix, iaid: number, now: Instant): boolean {
    return this.provider.book.all().some((binding) => binding.prefix === prefix && binding.iaid === iaid && binding.until > now);
  }
}
