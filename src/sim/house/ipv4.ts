/** The IPv4 side of a street: one more provider on the same link, and `uplink4` on every gateway. What befalls the link befalls both. */
import { type Ipv4Address, ipv4Number, ipv4Of } from "../../base/ipv4.ts";
import { type MacAddress, macOf } from "../../base/mac.ts";
import { type Instant, instant } from "../../base/time.ts";
import { Provider } from "../actors/dhcp4-provider.ts";
import { CHECKERS, type Watched } from "../checkers.ts";
import type { Timeline } from "../clock.ts";
import { Gateway } from "../gateway.ts";
import type { Port, Segment } from "../link.ts";
import type { Checker6 } from "./world.ts";

const PROVIDER_MAC = "02:00:5e:00:00:04" as MacAddress;
const PROVIDER = "198.18.0.1" as Ipv4Address;
const POOL_FIRST = "198.18.0.100" as Ipv4Address;
const POOL_ADDRESSES = 50;

export class Ipv4Side implements Watched {
  readonly provider: Provider;
  readonly gateways: readonly Gateway[];
  readonly #timeline: Timeline;

  constructor({
    timeline,
    segment,
    seed,
    houses,
    leaseSeconds,
  }: { timeline: Timeline; segment: Segment; seed: number; houses: number; leaseSeconds: number }) {
    this.#timeline = timeline;
    const pool = { first: POOL_FIRST, last: ipv4Of(ipv4Number(POOL_FIRST) + POOL_ADDRESSES - 1) };
    const options = { routers: [PROVIDER], domainNameServers: [PROVIDER] };
    this.provider = new Provider({ mac: PROVIDER_MAC, address: PROVIDER, prefixLength: 15, pool, leaseSeconds, options });
    const port: Port = segment.attach({
      name: "provider4",
      cut: false,
      take: (frame) => {
        for (const reply of this.provider.onFrame(frame, this.now))
          timeline.schedule(instant(this.now + reply.afterMs), () => segment.send(port, reply.frame));
      },
      resolve: (asked) => (asked === PROVIDER ? PROVIDER_MAC : undefined),
    });
    this.gateways = Array.from(
      { length: houses },
      (_, i) => new Gateway({ name: `gateway${i} by IPv4`, mac: macOf(Uint8Array.of(2, 0, 0, 5, i, 1)), timeline, segment, seed: [seed, 300 + i] }),
    );
  }

  get now(): Instant {
    return this.#timeline.now;
  }
}

/** What must be true of `uplink4` is true of it in a street as well. */
export const IPV4_CHECKERS: readonly Checker6[] = CHECKERS.map(({ name, always, settled }) => ({
  name,
  ...(always === undefined ? {} : { always: ({ ipv4 }) => always(ipv4) }),
  ...(settled === undefined ? {} : { settled: ({ ipv4 }) => settled(ipv4) }),
}));
