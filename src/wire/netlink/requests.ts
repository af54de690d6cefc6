/** What a program asks of route netlink. Errors that "exists" or "no such" are the caller's to expect. */
import { type Codec, encodeAll } from "../../base/codec.ts";
import { ipv4Prefix, parseIpv4 } from "../../base/ipv4.ts";
import { type Ipv6Address, ipv6Prefix } from "../../base/ipv6.ts";
import { type InterfaceAddress, interfaceAddress } from "./address.ts";
import type { IpAddress, IpFamily } from "./family.ts";
import { type LinkWish, linkWish } from "./link.ts";
import type { NetlinkRequest } from "./message.ts";
import { type Neighbour, neighbour } from "./neighbour.ts";
import { FAMILY, NLM_F, RTM } from "./numbers.ts";
import { type Route, route } from "./route.ts";

/** How an object is put in place: only when new, also over what is there, or (routes) behind what is there. */
export type Placing = "create" | "replace" | "append";

/** The first interface of every network namespace. */
const LOOPBACK_INDEX = 1;
const PLACING = {
  create: NLM_F.create | NLM_F.exclusive,
  replace: NLM_F.create | NLM_F.replace,
  append: NLM_F.create | NLM_F.append,
} as const;

/** Everything of one kind. Strict kernels want the whole fixed header, all zero but the family. */
export const dumpLinks = (): NetlinkRequest => dump(RTM.getLink, FAMILY.any, 16);
export const dumpAddresses = (family?: IpFamily): NetlinkRequest => dump(RTM.getAddress, numberOf(family), 8);
export const dumpRoutes = (family: IpFamily): NetlinkRequest => dump(RTM.getRoute, numberOf(family), 12);
export const dumpNeighbours = (family: IpFamily): NetlinkRequest => dump(RTM.getNeighbour, numberOf(family), 12);

/** One link, by index or by name. */
export function getLink(which: { readonly index: number } | { readonly name: string }): NetlinkRequest {
  return ask(RTM.getLink, 0, linkWish, which);
}

/** The route the kernel would take to an address. */
export function getRoute(address: IpAddress): NetlinkRequest {
  const asked = { type: "unspecified", table: 0, protocol: 0, scope: 0, metric: 0, onlink: false } as const;
  const ipv4 = parseIpv4(address);
  const wish: Route =
    ipv4 !== undefined
      ? { ...asked, family: "ipv4", destination: ipv4Prefix(ipv4, 32) }
      : { ...asked, family: "ipv6", destination: ipv6Prefix(address as Ipv6Address, 128) };
  return ask(RTM.getRoute, 0, route, wish);
}

/** One neighbour entry; a kernel wants neither state nor link-layer address here. */
export function getNeighbour(which: Pick<Neighbour, "family" | "address" | "interfaceIndex">): NetlinkRequest {
  return ask(RTM.getNeighbour, 0, neighbour, { ...which, state: "none", flags: 0 } as Neighbour);
}

export const newLink = (wish: LinkWish): NetlinkRequest => change(RTM.newLink, PLACING.create, linkWish, wish);
/** Changes what `wish` names and leaves the rest. */
export const setLink = (wish: LinkWish): NetlinkRequest => change(RTM.newLink, 0, linkWish, wish);
export const delLink = (which: { readonly index: number } | { readonly name: string }): NetlinkRequest => change(RTM.delLink, 0, linkWish, which);

export const newAddress = (value: InterfaceAddress, placing: Placing): NetlinkRequest =>
  change(RTM.newAddress, PLACING[placing], interfaceAddress, value);
export const delAddress = (value: InterfaceAddress): NetlinkRequest => change(RTM.delAddress, 0, interfaceAddress, value);

/** `replace` goes over a route with the same destination and metric, whoever put it there. */
export const newRoute = (value: Route, placing: Placing): NetlinkRequest => change(RTM.newRoute, PLACING[placing], route, value);
/**
 * A route that agrees in everything said here goes; metric 0 agrees with any. IPv6 kernels do not compare the type: a deletion of
 * an unreachable `::/0` would take the default route, so routes that refuse are looked for where they live, on the loopback.
 */
export function delRoute(value: Route): NetlinkRequest {
  const onLoopback = value.family === "ipv6" && value.type !== "unicast" && value.outInterface === undefined;
  return change(RTM.delRoute, 0, route, onLoopback ? { ...value, outInterface: LOOPBACK_INDEX } : value);
}

export const newNeighbour = (value: Neighbour, placing: Placing): NetlinkRequest => change(RTM.newNeighbour, PLACING[placing], neighbour, value);
export const delNeighbour = (value: Neighbour): NetlinkRequest => change(RTM.delNeighbour, 0, neighbour, value);

function numberOf(family: IpFamily | undefined): number {
  return family === undefined ? FAMILY.any : FAMILY[family];
}

function dump(type: number, family: number, headerBytes: number): NetlinkRequest {
  const body = new Uint8Array(headerBytes);
  body[0] = family;
  return { type, flags: NLM_F.dump, body };
}

function ask<T>(type: number, flags: number, codec: Codec<T>, value: T): NetlinkRequest {
  return { type, flags, body: encodeAll(codec, value) };
}

function change<T>(type: number, flags: number, codec: Codec<T>, value: T): NetlinkRequest {
  return ask(type, flags | NLM_F.ack, codec, value);
}
