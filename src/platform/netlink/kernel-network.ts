/** The kernel's links, addresses and routes, asked and changed over one socket. It answers before a send returns, so nothing waits. */
import { type Codec, decodeAll, encodeAll } from "../../base/codec.ts";
import { Reader } from "../../base/cursor.ts";
import { KernelError } from "../../base/errors.ts";
import { type InterfaceAddress, interfaceAddress } from "../../wire/netlink/address.ts";
import { type IpFamily } from "../../wire/netlink/family.ts";
import { type Link, type LinkWish, link, linkWish } from "../../wire/netlink/link.ts";
import { type DataMessage, encodeRequest, netlinkDatagram, type NetlinkMessage, type NetlinkRequest } from "../../wire/netlink/message.ts";
import { FAMILY, NLM_F, RTM } from "../../wire/netlink/numbers.ts";
import { type Route, route } from "../../wire/netlink/route.ts";
import { check, ERRNO, native } from "../native.ts";
import { openNetlink } from "./monitor.ts";

const DATAGRAM_BYTES = 65_536;
/** A dump that changes under our eyes is repeated this often. */
const DUMP_TRIES = 5;

export class KernelNetwork {
  readonly #fd = openNetlink([]);
  readonly #buffer = new Uint8Array(DATAGRAM_BYTES);
  readonly #from = new Uint8Array(12);
  #sequence = 0;

  links(): readonly Link[] {
    return this.#dump(RTM.getLink, linkQuery(0), link);
  }

  /** @returns undefined when there is no such link */
  link(index: number): Link | undefined {
    try {
      const answer = this.#transact({ type: RTM.getLink, flags: 0, body: encodeAll(link, linkQuery(index)) }, "RTM_GETLINK");
      return answer === undefined ? undefined : decodeAll(link, answer.body);
    } catch (error) {
      if (error instanceof KernelError && error.errno === ERRNO.ENODEV) return undefined;
      throw error;
    }
  }

  addresses(family: IpFamily): readonly InterfaceAddress[] {
    return this.#dumpFamily(RTM.getAddress, family, 8, interfaceAddress);
  }

  routes(family: IpFamily): readonly Route[] {
    return this.#dumpFamily(RTM.getRoute, family, 12, route);
  }

  /** @throws KernelError with the kernel's own words */
  replaceAddress(address: InterfaceAddress): void {
    this.#transact({ type: RTM.newAddress, flags: NLM_F.create | NLM_F.replace, body: encodeAll(interfaceAddress, address) }, "RTM_NEWADDR");
  }

  removeAddress(address: InterfaceAddress): void {
    this.#transact({ type: RTM.delAddress, flags: 0, body: encodeAll(interfaceAddress, address) }, "RTM_DELADDR");
  }

  replaceRoute(wanted: Route): void {
    this.#transact({ type: RTM.newRoute, flags: NLM_F.create | NLM_F.replace, body: encodeAll(route, wanted) }, "RTM_NEWROUTE");
  }

  removeRoute(unwanted: Route): void {
    this.#transact({ type: RTM.delRoute, flags: 0, body: encodeAll(route, unwanted) }, "RTM_DELROUTE");
  }

  createLink(wish: LinkWish): void {
    this.#transact({ type: RTM.newLink, flags: NLM_F.create | NLM_F.exclusive, body: encodeAll(linkWish, wish) }, "RTM_NEWLINK");
  }

  setLink(wish: LinkWish): void {
    this.#transact({ type: RTM.newLink, flags: 0, body: encodeAll(linkWish, wish) }, "RTM_NEWLINK");
  }

  removeLink(name: string): void {
    this.#transact({ type: RTM.delLink, flags: 0, body: encodeAll(linkWish, { name }) }, "RTM_DELLINK");
  }

  close(): void {
    native().close(this.#fd);
  }

  /** One request, its acknowledgement, and the message before it when there is one. */
  #transact(request: NetlinkRequest, name: string): DataMessage | undefined {
    const sequence = this.#send({ ...request, flags: request.flags | NLM_F.ack });
    let answer: DataMessage | undefined;
    for (;;) {
      for (const message of this.#receive(sequence)) {
        if (message.kind === "data") answer = message;
        if (message.kind !== "error") continue;
        if (message.errno !== 0) throw new KernelError(name, message.errno, message.note.message ?? "");
        return answer;
      }
    }
  }

  #dump<T>(type: number, query: Parameters<typeof link.encode>[1], codec: Codec<T>): readonly T[] {
    return this.#dumpBody(type, encodeAll(link, query), codec);
  }

  #dumpFamily<T>(type: number, family: IpFamily, headerBytes: number, codec: Codec<T>): readonly T[] {
    const body = new Uint8Array(headerBytes);
    body[0] = FAMILY[family];
    return this.#dumpBody(type, body, codec);
  }

  #dumpBody<T>(type: number, body: Uint8Array, codec: Codec<T>): readonly T[] {
    for (let tries = 1; ; tries++) {
      const sequence = this.#send({ type, flags: NLM_F.dump, body });
      const { items, interrupted } = this.#collect(sequence, codec);
      if (!interrupted || tries === DUMP_TRIES) return items;
    }
  }

  #collect<T>(sequence: number, codec: Codec<T>): { readonly items: readonly T[]; readonly interrupted: boolean } {
    const items: T[] = [];
    let interrupted = false;
    for (;;) {
      for (const message of this.#receive(sequence)) {
        interrupted ||= (message.flags & NLM_F.dumpInterrupted) !== 0;
        if (message.kind === "data") items.push(decodeAll(codec, message.body));
        if (message.kind === "error" && message.errno !== 0) throw new KernelError("netlink dump", message.errno, message.note.message ?? "");
        if (message.kind === "done") return { items, interrupted };
      }
    }
  }

  #send(request: NetlinkRequest): number {
    this.#sequence = (this.#sequence + 1) >>> 0 || 1;
    check(native().sendTo(this.#fd, encodeRequest(request, this.#sequence), undefined, 0), "sendto netlink");
    return this.#sequence;
  }

  /** The messages of the next datagram that answer this sequence number; anything not from the kernel is passed over. */
  #receive(sequence: number): readonly NetlinkMessage[] {
    const length = check(native().recvFrom(this.#fd, this.#buffer, this.#from, 0), "recvfrom netlink");
    const sender = new Reader(this.#from);
    sender.skip(4);
    if (sender.hostU32() !== 0) return [];
    return decodeAll(netlinkDatagram, this.#buffer.subarray(0, length)).filter((message) => message.sequence === sequence);
  }
}

function linkQuery(index: number): Link {
  return { index, family: FAMILY.any, arpType: 0, up: false, running: false, lowerUp: false, loopback: false, pointToPoint: false, multicast: false };
}
