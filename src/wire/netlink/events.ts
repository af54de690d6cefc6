/** What data messages of route netlink say, whether they answer a dump or tell of a change. */
import { type Codec, decodeAll, encodeAll } from "../../base/codec.ts";
import { WireError } from "../../base/errors.ts";
import { type InterfaceAddress, interfaceAddress } from "./address.ts";
import { type Link, link } from "./link.ts";
import { type DataMessage, netlinkDatagram, type NetlinkMessage } from "./message.ts";
import { type Neighbour, neighbour } from "./neighbour.ts";
import { FAMILY, NLM_F, RTM } from "./numbers.ts";
import { type Route, route } from "./route.ts";

export type RouteEvent =
  | { readonly kind: "link" | "linkGone"; readonly link: Link }
  /** A port left its bridge; the interface itself is still there. */
  | { readonly kind: "portGone"; readonly link: Link }
  | { readonly kind: "address" | "addressGone"; readonly address: InterfaceAddress }
  | { readonly kind: "route" | "routeGone"; readonly route: Route }
  | { readonly kind: "neighbour" | "neighbourGone"; readonly neighbour: Neighbour };

/**
 * One datagram of a monitor: what it says in order, or that some were lost and only a new list helps. After a loss, events from
 * before it may still come: what is known is cleared when the first datagram of the list arrives, not when the loss is noticed.
 */
export type Heard = {
  readonly events: readonly RouteEvent[];
  readonly overrun: boolean;
  readonly refused: readonly WireError[];
  /** This is part of a list that was asked for under this number. An interrupted one may lack something. */
  readonly list?: { readonly sequence: number; readonly ended: boolean; readonly interrupted: boolean };
};

/** @throws WireError, with an offset in the message's body; `unsupported` for other families and message types */
export function routeEvent(message: DataMessage): RouteEvent {
  const { type, body } = message;
  switch (type) {
    case RTM.newLink:
      return { kind: "link", link: decodeAll(link, body) };
    case RTM.delLink: {
      const gone = decodeAll(link, body);
      return { kind: gone.family === FAMILY.bridge ? "portGone" : "linkGone", link: gone };
    }
    case RTM.newAddress:
    case RTM.delAddress:
      return { kind: type === RTM.newAddress ? "address" : "addressGone", address: decodeAll(interfaceAddress, body) };
    case RTM.newRoute:
    case RTM.delRoute:
      return { kind: type === RTM.newRoute ? "route" : "routeGone", route: decodeAll(route, body) };
    case RTM.newNeighbour:
    case RTM.delNeighbour:
      return { kind: type === RTM.newNeighbour ? "neighbour" : "neighbourGone", neighbour: decodeAll(neighbour, body) };
    default:
      throw new WireError("unsupported", 0);
  }
}

/** The message a kernel would send: for a simulated one, and for tests. */
export function eventMessage(event: RouteEvent): DataMessage {
  const message = <T>(type: number, codec: Codec<T>, value: T): DataMessage => ({
    kind: "data",
    type,
    flags: 0,
    sequence: 0,
    port: 0,
    body: encodeAll(codec, value),
  });
  switch (event.kind) {
    case "link":
      return message(RTM.newLink, link, event.link);
    case "linkGone":
    case "portGone":
      return message(RTM.delLink, link, event.link);
    case "address":
    case "addressGone":
      return message(event.kind === "address" ? RTM.newAddress : RTM.delAddress, interfaceAddress, event.address);
    case "route":
    case "routeGone":
      return message(event.kind === "route" ? RTM.newRoute : RTM.delRoute, route, event.route);
    case "neighbour":
    case "neighbourGone":
      return message(event.kind === "neighbour" ? RTM.newNeighbour : RTM.delNeighbour, neighbour, event.neighbour);
  }
}

/** One odd message does not hide its neighbours: it is refused alone. @throws WireError when the framing itself is broken */
export function readEvents(datagram: Uint8Array): Heard {
  const events: RouteEvent[] = [];
  const refused: WireError[] = [];
  const messages = decodeAll(netlinkDatagram, datagram);
  for (const message of messages) {
    if (message.kind !== "data") continue;
    try {
      events.push(routeEvent(message));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      refused.push(error);
    }
  }
  return { events, overrun: messages.some(({ kind }) => kind === "overrun"), refused, ...listOf(messages) };
}

/** The kernel never mixes lists and events in one datagram. */
function listOf(messages: readonly NetlinkMessage[]): Pick<Heard, "list"> {
  const first = messages.find(({ flags }) => (flags & NLM_F.multi) !== 0);
  if (first === undefined) return {};
  const interrupted = messages.some(({ flags }) => (flags & NLM_F.dumpInterrupted) !== 0);
  return { list: { sequence: first.sequence, ended: messages.some(({ kind }) => kind === "done"), interrupted } };
}
