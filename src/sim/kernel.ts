/** The kernel of one host as far as an uplink needs it: links, addresses that end with their lifetime, routes, and refusals. */
import { type Ipv4Address, ipv4Contains, ipv4Prefix, isUnicastV4, UNSPECIFIED_V4 } from "../base/ipv4.ts";
import { after, type Instant } from "../base/time.ts";
import type { UplinkAddress, UplinkKernel, UplinkRoute } from "../ports/kernel.ts";
import type { Scheduled, Timeline } from "./clock.ts";

export type HeldAddress = { readonly address: Ipv4Address; readonly prefixLength: number; readonly validUntil: Instant };
/** The names Linux gives its reasons. */
export type Refusal = "ENODEV" | "EINVAL" | "ENETUNREACH" | "ENETDOWN";
export type Refused = { readonly link: number; readonly what: string; readonly error: Refusal };

type LinkHeld = {
  up: boolean;
  address: HeldAddress | undefined;
  old: readonly HeldAddress[];
  routes: readonly UplinkRoute[];
  ending: Scheduled | undefined;
};

export class SimKernel implements UplinkKernel {
  /** A planted bug for the tests of the checkers: addresses stay when their lifetime has ended. */
  ignoresExpiry = false;
  /** Another one: a new address comes beside the old one. */
  keepsOld = false;
  readonly refused: Refused[] = [];
  readonly #timeline: Timeline;
  readonly #links = new Map<number, LinkHeld>();

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  addLink(link: number): void {
    this.#links.set(link, { up: true, address: undefined, old: [], routes: [], ending: undefined });
  }

  /** With the link goes everything on it. */
  removeLink(link: number): void {
    this.#links.get(link)?.ending?.cancel();
    this.#links.delete(link);
  }

  /** Set down by an administrator, a link keeps its addresses and loses its routes (Linux: fib_disable_ip). */
  setUp(link: number, up: boolean): void {
    const held = this.#links.get(link);
    if (held === undefined) return;
    held.up = up;
    if (!up) held.routes = [];
  }

  configure(link: number, _name: string, wanted: UplinkAddress): void {
    const held = this.#links.get(link);
    const refusal = held === undefined ? "ENODEV" : whyNoAddress(wanted);
    if (held === undefined || refusal !== undefined) return this.#refuse(link, `address ${wanted.address}`, refusal ?? "ENODEV");
    held.ending?.cancel();
    const validUntil = after(this.#timeline.now, wanted.validSeconds);
    if (this.keepsOld && held.address !== undefined && held.address.address !== wanted.address) held.old = [...held.old, held.address];
    held.address = { address: wanted.address, prefixLength: wanted.prefixLength, validUntil };
    held.ending = this.#timeline.schedule(validUntil, () => {
      if (!this.ignoresExpiry) this.#clear(held);
    });
    held.routes = wanted.routes.filter((route) => {
      const error = held.up ? whyNoRoute(route, wanted) : "ENETDOWN";
      if (error !== undefined) this.#refuse(link, `route ${route.destination} via ${route.gateway}`, error);
      return error === undefined;
    });
  }

  deconfigure(link: number): void {
    const held = this.#links.get(link);
    if (held === undefined) return this.#refuse(link, "deconfigure", "ENODEV");
    this.#clear(held);
  }

  /** Every address on every link. */
  addresses(): readonly HeldAddress[] {
    return [...this.#links.values()].flatMap(({ address, old }) => (address === undefined ? old : [address, ...old]));
  }

  on(link: number): HeldAddress | undefined {
    return this.#links.get(link)?.address;
  }

  routes(link: number): readonly UplinkRoute[] {
    return this.#links.get(link)?.routes ?? [];
  }

  #clear(held: LinkHeld): void {
    held.ending?.cancel();
    held.address = undefined;
    held.routes = [];
  }

  #refuse(link: number, what: string, error: Refusal): void {
    this.refused.push({ link, what, error });
  }
}

function whyNoAddress({ prefixLength, validSeconds, address }: UplinkAddress): Refusal | undefined {
  if (validSeconds === 0 || prefixLength > 32 || prefixLength < 0 || address === UNSPECIFIED_V4) return "EINVAL";
  return undefined;
}

/** Gateways outside the subnet are put `onlink` by whoever speaks netlink; anything else Linux would refuse is refused. */
function whyNoRoute({ destination, gateway }: UplinkRoute, own: UplinkAddress): Refusal | undefined {
  if (gateway === UNSPECIFIED_V4 || gateway === own.address) return undefined;
  if (!isUnicastV4(gateway)) return "EINVAL";
  const subnet = ipv4Prefix(own.address, own.prefixLength);
  return destination !== "0.0.0.0/0" && !ipv4Contains(subnet, gateway) ? "ENETUNREACH" : undefined;
}
