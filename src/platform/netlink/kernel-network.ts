/** The kernel's links, addresses, routes and neighbours, asked and changed over one socket. Works without iproute2. */
import { type Codec, decodeAll } from "../../base/codec.ts";
import { KernelError } from "../../base/errors.ts";
import { type InterfaceAddress, interfaceAddress } from "../../wire/netlink/address.ts";
import type { IpAddress, IpFamily } from "../../wire/netlink/family.ts";
import { type Link, type LinkEnd, type LinkWish, link, linkName } from "../../wire/netlink/link.ts";
import type { NetlinkRequest } from "../../wire/netlink/message.ts";
import { type Neighbour, neighbour } from "../../wire/netlink/neighbour.ts";
import {
  delAddress,
  delLink,
  delNeighbour,
  delRoute,
  dumpAddresses,
  dumpLinks,
  dumpNeighbours,
  dumpRoutes,
  getLink,
  getRoute,
  newAddress,
  newLink,
  newNeighbour,
  newRoute,
  type Placing,
  setLink,
} from "../../wire/netlink/requests.ts";
import { type Ipv4Route, type Route, route } from "../../wire/netlink/route.ts";
import { ERRNO } from "../native.ts";
import { NetlinkSocket } from "./socket.ts";

/** Every change throws `KernelError("RTM_...", errno, the kernel's words)` when it is refused. */
export class KernelNetwork {
  readonly #socket = new NetlinkSocket();
  #refused = 0;

  /** Messages of lists that were left out because this program does not know their kind. */
  get refused(): number {
    return this.#refused;
  }

  links(): readonly Link[] {
    return this.#list(dumpLinks(), "RTM_GETLINK", link);
  }

  /** @param which index or name @returns undefined when there is no such link */
  link(which: number | string): Link | undefined {
    const body = this.#linkBody(typeof which === "number" ? { index: which } : { name: which });
    return body === undefined ? undefined : decodeAll(link, body);
  }

  /** @returns undefined when there is no such link */
  nameOf(index: number): string | undefined {
    const body = this.#linkBody({ index });
    return body === undefined ? undefined : linkName(body);
  }

  addresses(family?: IpFamily): readonly InterfaceAddress[] {
    return this.#list(dumpAddresses(family), "RTM_GETADDR", interfaceAddress);
  }

  /** Of all tables. */
  routes(family?: IpFamily): readonly Route[] {
    return bothUnless(family, (one) => this.#list(dumpRoutes(one), "RTM_GETROUTE", route));
  }

  neighbours(family?: IpFamily): readonly Neighbour[] {
    return bothUnless(family, (one) => this.#list(dumpNeighbours(one), "RTM_GETNEIGH", neighbour));
  }

  /** The way the kernel would send to an address. @returns undefined when it has none */
  routeTo(address: IpAddress): Route | undefined {
    try {
      const answer = this.#socket.transact(getRoute(address), "RTM_GETROUTE");
      return answer === undefined ? undefined : decodeAll(route, answer.body);
    } catch (error) {
      if (error instanceof KernelError && NO_WAY.includes(error.errno)) return undefined;
      throw error;
    }
  }

  /** EEXIST when the interface has it. */
  addAddress(address: InterfaceAddress): void {
    this.#change(newAddress(address, "create"), "RTM_NEWADDR");
  }

  /** Adds it, or gives it new lifetimes. */
  replaceAddress(address: InterfaceAddress): void {
    this.#change(newAddress(address, "replace"), "RTM_NEWADDR");
  }

  removeAddress(address: InterfaceAddress): void {
    this.#change(delAddress(address), "RTM_DELADDR");
  }

  /** EEXIST when there is one with this destination and metric. */
  addRoute(wanted: Route): void {
    this.#change(newRoute(wanted, "create"), "RTM_NEWROUTE");
  }

  /** Adds it, or takes the place of the one with this destination and metric. */
  replaceRoute(wanted: Route): void {
    this.#change(newRoute(wanted, "replace"), "RTM_NEWROUTE");
  }

  /** IPv4: adds it behind those with this destination and metric, which stay. EEXIST when this very route is there. */
  appendRoute(wanted: Ipv4Route): void {
    this.#change(newRoute(wanted, "append"), "RTM_NEWROUTE");
  }

  removeRoute(unwanted: Route): void {
    this.#change(delRoute(unwanted), "RTM_DELROUTE");
  }

  setNeighbour(entry: Neighbour, placing: Placing = "replace"): void {
    this.#change(newNeighbour(entry, placing), "RTM_NEWNEIGH");
  }

  removeNeighbour(entry: Neighbour): void {
    this.#change(delNeighbour(entry), "RTM_DELNEIGH");
  }

  createLink(wish: LinkWish): void {
    this.#change(newLink(wish), "RTM_NEWLINK");
  }

  /** Two ends of one wire; either may go into the namespace of a process or of an open descriptor. */
  createVeth(end: LinkEnd, peer: LinkEnd): void {
    this.createLink({ ...end, kind: { name: "veth", peer } });
  }

  /** Changes what is named and leaves the rest. */
  setLink(wish: LinkEnd): void {
    this.#change(setLink(wish), "RTM_NEWLINK");
  }

  /** @param which index or name */
  removeLink(which: number | string): void {
    this.#change(delLink(typeof which === "number" ? { index: which } : { name: which }), "RTM_DELLINK");
  }

  close(): void {
    this.#socket.close();
  }

  #linkBody(which: Parameters<typeof getLink>[0]): Uint8Array | undefined {
    try {
      return this.#socket.transact(getLink(which), "RTM_GETLINK")?.body;
    } catch (error) {
      if (error instanceof KernelError && error.errno === ERRNO.ENODEV) return undefined;
      throw error;
    }
  }

  #change(request: NetlinkRequest, name: string): void {
    this.#socket.transact(request, name);
  }

  #list<T>(request: NetlinkRequest, name: string, codec: Codec<T>): readonly T[] {
    const { items, refused } = this.#socket.dump(request, name, codec);
    this.#refused += refused.length;
    return items;
  }
}

const NO_WAY: readonly number[] = [ERRNO.ENETUNREACH, 113 /* EHOSTUNREACH */, ERRNO.EACCES, ERRNO.EINVAL];

function bothUnless<T>(family: IpFamily | undefined, list: (family: IpFamily) => readonly T[]): readonly T[] {
  return family === undefined ? [...list("ipv4"), ...list("ipv6")] : list(family);
}
