/**
 * Reads what the kernel says of IPv6 addresses and of the routes that matter to a router, over the socket that tells of links too.
 *
 * Lists come one at a time, each ended by a `done` that does not say of what. Its messages do; and lists are asked for in one order,
 * links, addresses, routes, so that an empty one is of the kind behind the one before. Links are never empty: every round starts right.
 */
import { decodeAll } from "../base/codec.ts";
import { WireError } from "../base/errors.ts";
import { DEFAULT_V6, splitIpv6Prefix } from "../base/ipv6.ts";
import { type InterfaceAddress, interfaceAddress } from "../wire/netlink/address.ts";
import { type DataMessage, netlinkDatagram, type NetlinkMessage } from "../wire/netlink/message.ts";
import { IFA_F, NLM_F, RTM, TABLE } from "../wire/netlink/numbers.ts";
import { type Route, route } from "../wire/netlink/route.ts";
import { type AddressFact, addressKey, type RouteFact, routeKey } from "./addresses.ts";
import { Counters } from "./counters.ts";

/** With all that was known of it: where another host has an address with lifetimes, the kernel says so and removes it in one. */
export type GoneAddress = Pick<AddressFact, "link" | "address"> | AddressFact;
export interface AddressListener {
  addressIs(fact: AddressFact): void;
  addressGone(which: GoneAddress): void;
  /** All of them were listed, by `addressKey`: another one is gone. */
  addressesListed(keys: ReadonlySet<string>): void;
}
export interface RouteListener {
  /** @param replaces whatever led there with the same metric is gone */
  routeIs(fact: RouteFact, replaces: boolean): void;
  routeGone(fact: RouteFact): void;
  /** All of them were listed, by `routeKey`. */
  routesListed(keys: ReadonlySet<string>): void;
}

/** The order in which lists are asked for. */
const LISTS = ["links", "addresses", "routes"] as const;
type List = (typeof LISTS)[number];
/** Links are given 64 bits: what is delegated for several is shorter. */
const LINK_PREFIX_BITS = 64;

export class AddressNewsReader {
  readonly ignored = new Counters();
  /** All messages of a list carry one. */
  #sequence = 0;
  #listed = new Set<string>();
  /** Of which kind the list under way is, once a message of it came. */
  #current: List | undefined;
  #last: List = "routes";
  #interrupted = false;
  /** Something that could not be read may have been part of the list. */
  #unreadable = false;

  read(datagram: Uint8Array, listener: AddressListener & RouteListener): void {
    try {
      for (const message of decodeAll(netlinkDatagram, datagram)) this.#take(message, listener);
    } catch (error) {
      this.#refused(error);
    }
  }

  #take(message: NetlinkMessage, listener: AddressListener & RouteListener): void {
    if (message.kind === "data") {
      if ((message.flags & NLM_F.multi) !== 0 && message.sequence !== this.#sequence) this.#begin(message.sequence, listOf(message.type));
      this.#interrupted ||= (message.flags & NLM_F.dumpInterrupted) !== 0;
      return this.#told(message, listener);
    }
    if (message.kind === "done") return this.#ended(message, listener);
    const brokenOff = message.kind === "error" && message.errno !== 0;
    if (brokenOff) this.#settled(message.sequence === this.#sequence ? this.#current : undefined);
  }

  /** One that changed while it was made is asked for again at once. */
  #ended({ sequence, flags }: NetlinkMessage, listener: AddressListener & RouteListener): void {
    if (sequence !== this.#sequence) this.#begin(sequence, undefined);
    const list = this.#current ?? behind(this.#last);
    if (this.#interrupted || (flags & NLM_F.dumpInterrupted) !== 0) return this.#begin(0, undefined);
    if (!this.#unreadable && list === "addresses") listener.addressesListed(this.#listed);
    if (!this.#unreadable && list === "routes") listener.routesListed(this.#listed);
    this.#settled(list);
  }

  #settled(list: List | undefined): void {
    this.#last = list ?? behind(this.#last);
    this.#begin(0, undefined);
  }

  #begin(sequence: number, list: List | undefined): void {
    this.#sequence = sequence;
    this.#current = list;
    this.#listed = new Set();
    this.#interrupted = false;
    this.#unreadable = false;
  }

  #told(message: DataMessage, listener: AddressListener & RouteListener): void {
    try {
      this.#tell(message, listener);
    } catch (error) {
      this.#refused(error); // one odd message does not hide its neighbours
    }
  }

  #tell(message: DataMessage, listener: AddressListener & RouteListener): void {
    const isList = (message.flags & NLM_F.multi) !== 0;
    switch (message.type) {
      case RTM.newAddress:
      case RTM.delAddress: {
        const fact = addressFact(decodeAll(interfaceAddress, message.body));
        if (fact === undefined) return;
        if (isList) this.#listed.add(addressKey(fact));
        return message.type === RTM.newAddress ? listener.addressIs(fact) : listener.addressGone(fact);
      }
      case RTM.newRoute:
      case RTM.delRoute: {
        const replaces = (message.flags & NLM_F.replace) !== 0 && !isList;
        for (const [i, fact] of routeFacts(decodeAll(route, message.body)).entries()) {
          if (isList) this.#listed.add(routeKey(fact));
          if (message.type === RTM.newRoute) listener.routeIs(fact, replaces && i === 0);
          else listener.routeGone(fact);
        }
        return;
      }
      default:
        return;
    }
  }

  #refused(error: unknown): void {
    if (!(error instanceof WireError)) throw error;
    if (error.code === "unsupported") return; // another family, or a kind that is newer than this program: not ours to watch
    this.ignored.add(error.code);
    this.#unreadable = true;
  }
}

function listOf(type: number): List | undefined {
  if (type === RTM.newLink) return "links";
  if (type === RTM.newAddress) return "addresses";
  return type === RTM.newRoute ? "routes" : undefined;
}

function behind(list: List): List {
  return LISTS[(LISTS.indexOf(list) + 1) % LISTS.length] ?? "links";
}

function addressFact(heard: InterfaceAddress): AddressFact | undefined {
  if (heard.family !== "ipv6") return undefined;
  const { interfaceIndex, address, prefixLength, flags, preferredSeconds, validSeconds } = heard;
  const is = (flag: number): boolean => (flags & flag) !== 0;
  return {
    link: interfaceIndex,
    address,
    prefixLength,
    preferredSeconds,
    validSeconds,
    tentative: is(IFA_F.tentative) && !is(IFA_F.optimistic),
    dadFailed: is(IFA_F.dadFailed),
    deprecated: is(IFA_F.deprecated),
    temporary: is(IFA_F.temporary),
  };
}

/** The ways of a route that matters, none of another. The kernel's own refusal of everything is no prefix of ours. */
function routeFacts(heard: Route): readonly RouteFact[] {
  if (heard.family !== "ipv6" || heard.table !== TABLE.main || heard.source !== undefined) return [];
  const { destination, metric, type } = heard;
  const { prefixLength } = splitIpv6Prefix(destination);
  if (destination === DEFAULT_V6 && type === "unicast") {
    const ways = heard.multipath ?? [heard];
    return ways.map(({ outInterface: link, gateway }): RouteFact => ({ destination, leads: "out", metric, link, gateway }));
  }
  const refuses = (type === "unreachable" || type === "blackhole" || type === "prohibit") && prefixLength > 0 && prefixLength < LINK_PREFIX_BITS;
  return refuses ? [{ destination, leads: "nowhere", metric, link: undefined, gateway: undefined }] : [];
}
