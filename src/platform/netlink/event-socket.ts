/** The reading side of a monitor socket that main opened: events, and the list of links when asked, as raw datagrams. */
import { encodeAll } from "../../base/codec.ts";
import { KernelError } from "../../base/errors.ts";
import { link } from "../../wire/netlink/link.ts";
import { encodeRequest } from "../../wire/netlink/message.ts";
import { FAMILY, NLM_F, RTM } from "../../wire/netlink/numbers.ts";
import { Reader } from "../../base/cursor.ts";
import { checkPoll, ERRNO, native, type PollHandle } from "../native.ts";

const DATAGRAM_BYTES = 65_536;
const DATAGRAMS_PER_WAKE = 64;

export type EventHandlers = {
  /** The bytes are valid only during the call. */
  readonly onDatagram: (datagram: Uint8Array) => void;
  /** Events were lost. */
  readonly onOverrun: () => void;
};

export class EventSocket {
  readonly #fd: number;
  readonly #poll: PollHandle;
  readonly #handlers: EventHandlers;
  readonly #buffer = new Uint8Array(DATAGRAM_BYTES);
  readonly #from = new Uint8Array(12);
  #sequence = 0;
  #open = true;

  /** @param fd owned from here on */
  constructor(fd: number, handlers: EventHandlers) {
    this.#fd = fd;
    this.#handlers = handlers;
    this.#poll = checkPoll(native().pollNew(fd, () => this.#readable()));
  }

  /** Asks the kernel for all links; they come in order with the events, so nothing older overwrites anything newer. */
  listLinks(): void {
    this.#sequence = (this.#sequence + 1) >>> 0 || 1;
    const body = encodeAll(link, { index: 0, family: FAMILY.any, arpType: 0, up: false, running: false, lowerUp: false, loopback: false, pointToPoint: false, multicast: false });
    const sent = native().sendTo(this.#fd, encodeRequest({ type: RTM.getLink, flags: NLM_F.dump, body }, this.#sequence), undefined, 0);
    if (sent === -ERRNO.EBUSY || sent === -ERRNO.EAGAIN) return; // a list is on its way
    if (sent < 0) throw new KernelError("sendto netlink", -sent);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    native().pollClose(this.#poll);
    native().close(this.#fd);
  }

  #readable(): void {
    for (let i = 0; this.#open && i < DATAGRAMS_PER_WAKE; i++) {
      const length = native().recvFrom(this.#fd, this.#buffer, this.#from, 0);
      if (length === -ERRNO.EAGAIN) return;
      if (length === -ERRNO.ENOBUFS) {
        this.#handlers.onOverrun();
        continue;
      }
      if (length < 0) throw new KernelError("recvfrom netlink", -length);
      if (this.#senderPort() === 0) this.#handlers.onDatagram(this.#buffer.subarray(0, length));
    }
  }

  /** struct sockaddr_nl: family, padding, port; the kernel's port is 0. */
  #senderPort(): number {
    const reader = new Reader(this.#from);
    reader.skip(4);
    return reader.hostU32();
  }
}
