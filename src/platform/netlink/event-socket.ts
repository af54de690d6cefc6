/** The reading side of a monitor socket that main opened: events, and lists of what there is when asked, as raw datagrams. */
import { decodeAll } from "../../base/codec.ts";
import { KernelError, WireError } from "../../base/errors.ts";
import { encodeRequest, netlinkDatagram, type NetlinkRequest } from "../../wire/netlink/message.ts";
import { NLM_F } from "../../wire/netlink/numbers.ts";
import { dumpLinks } from "../../wire/netlink/requests.ts";
import { checkPoll, ERRNO, errnoName, native, type PollHandle } from "../native.ts";
import { NetlinkReceiver } from "./socket.ts";

const DATAGRAMS_PER_WAKE = 64;

export type EventHandlers = {
  /** The bytes are valid only during the call. */
  readonly onDatagram: (datagram: Uint8Array) => void;
  /** Events were lost: only new lists tell what is true. Events from before the gap may still follow, and come before the list. */
  readonly onOverrun: () => void;
};

export class EventSocket {
  readonly #fd: number;
  readonly #poll: PollHandle;
  readonly #handlers: EventHandlers;
  readonly #receiver: NetlinkReceiver;
  /** Lists asked for; the first one is on its way, a socket has only one at a time. */
  readonly #lists: NetlinkRequest[] = [];
  #sequence = 0;
  #interrupted = false;
  #open = true;

  /** @param fd owned from here on */
  constructor(fd: number, handlers: EventHandlers) {
    this.#fd = fd;
    this.#handlers = handlers;
    this.#receiver = new NetlinkReceiver(fd);
    this.#poll = checkPoll(native().pollNew(fd, () => this.#readable()));
  }

  /** Asks the kernel for all links; they come in order with the events, so nothing older overwrites anything newer. */
  listLinks(): void {
    this.list(dumpLinks());
  }

  /**
   * Asks for a list, after those asked for before; one that waits already is not asked for twice. Its messages carry NLM_F.multi,
   * events do not (an event carries the sequence number of whoever caused it), and `done` ends it. A list whose messages carry
   * NLM_F.dumpInterrupted may lack something: it is asked for again at once, and until then says what is there, not what is gone.
   */
  list(request: NetlinkRequest): void {
    const waits = this.#lists.slice(1).some(({ type, body }) => type === request.type && body[0] === request.body[0]);
    if (!waits) this.#lists.push(request);
    if (this.#lists.length === 1) this.#ask();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    native().pollClose(this.#poll);
    native().close(this.#fd);
  }

  #ask(): void {
    const request = this.#lists[0];
    if (request === undefined) return;
    this.#interrupted = false;
    this.#sequence = (this.#sequence + 1) >>> 0 || 1;
    const sent = native().sendTo(this.#fd, encodeRequest(request, this.#sequence), undefined, 0);
    if (sent < 0) throw new KernelError("sendto netlink", -sent, errnoName(-sent));
  }

  #readable(): void {
    for (let i = 0; this.#open && i < DATAGRAMS_PER_WAKE; i++) {
      const datagram = this.#receiver.next();
      if (datagram === -ERRNO.EAGAIN) return;
      if (datagram === -ERRNO.ENOBUFS) this.#handlers.onOverrun();
      else if (typeof datagram === "number") throw new KernelError("recvfrom netlink", -datagram, errnoName(-datagram));
      else if (datagram.length > 0) this.#pass(datagram);
    }
  }

  #pass(datagram: Uint8Array): void {
    const ended = this.#lists.length > 0 && this.#endsList(datagram);
    this.#handlers.onDatagram(datagram);
    if (!ended || !this.#open) return;
    if (!this.#interrupted) this.#lists.shift();
    this.#ask();
  }

  #endsList(datagram: Uint8Array): boolean {
    try {
      const answers = decodeAll(netlinkDatagram, datagram).filter(({ sequence }) => sequence === this.#sequence);
      this.#interrupted ||= answers.some(({ flags }) => (flags & NLM_F.dumpInterrupted) !== 0);
      return answers.some(({ kind }) => kind === "done" || kind === "error");
    } catch (error) {
      if (error instanceof WireError) return false;
      throw error;
    }
  }
}
