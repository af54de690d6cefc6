/** A route netlink socket for questions and changes. The kernel answers while the request is being sent, so nothing here waits. */
import { type Codec, decodeAll } from "../../base/codec.ts";
import { Reader, Writer } from "../../base/cursor.ts";
import { KernelError, WireError } from "../../base/errors.ts";
import { type DataMessage, encodeRequest, netlinkDatagram, type NetlinkMessage, type NetlinkRequest } from "../../wire/netlink/message.ts";
import { NLM_F } from "../../wire/netlink/numbers.ts";
import { AF, check, ERRNO, errnoName, MSG, native, SO, SOCK, SOL } from "../native.ts";

/** Dumps come in pieces of up to 32 KiB; no single message is larger than this. */
export const DATAGRAM_BYTES = 65_536;
const NETLINK_ROUTE = 0;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;
const SOCKADDR_BYTES = 12;
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
/** How often a dump is repeated that the kernel calls inconsistent, because something changed meanwhile. */
const DUMP_TRIES = 20;

export type Dumped<T> = {
  readonly items: readonly T[];
  /** Messages of another family or of a kind newer than this program, left out. */
  readonly refused: readonly WireError[];
};

/**
 * Opens and binds in the calling thread's network namespace, where the socket stays.
 * @param groups GROUP numbers whose events are received
 * @returns the descriptor
 */
export function openNetlink(groups: readonly number[], receiveBufferBytes = RECEIVE_BUFFER_BYTES): number {
  const fd = check(native().socket(AF.netlink, SOCK.raw, NETLINK_ROUTE), "socket netlink");
  try {
    // Kernels older than an option work without it: errors without words, dumps without a filter.
    for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK]) native().setSockOpt(fd, SOL.netlink, option, int32(1));
    const size = int32(receiveBufferBytes);
    if (native().setSockOpt(fd, SOL.socket, SO.receiveBufferForce, size) < 0) native().setSockOpt(fd, SOL.socket, SO.receiveBuffer, size);
    check(native().bind(fd, netlinkAddress(groups)), "bind netlink");
    return fd;
  } catch (error) {
    native().close(fd);
    throw error;
  }
}

/** Receives one datagram; only the kernel itself (port 0) is listened to. */
export class NetlinkReceiver {
  readonly #fd: number;
  readonly #buffer = new Uint8Array(DATAGRAM_BYTES);
  readonly #from = new Uint8Array(SOCKADDR_BYTES);

  constructor(fd: number) {
    this.#fd = fd;
  }

  /**
   * @returns bytes that are valid until the next call, empty when somebody else sent them; or -errno: EAGAIN when there is
   * nothing, ENOBUFS when something was lost, also because it was larger than the buffer
   */
  next(): Uint8Array | number {
    const length = native().recvFrom(this.#fd, this.#buffer, this.#from, MSG.truncated);
    if (length < 0) return length;
    const sender = new Reader(this.#from);
    sender.skip(4);
    if (sender.hostU32() !== 0) return this.#buffer.subarray(0, 0);
    return length > DATAGRAM_BYTES ? -ERRNO.ENOBUFS : this.#buffer.subarray(0, length);
  }
}

export class NetlinkSocket {
  readonly #fd = openNetlink([]);
  readonly #receiver = new NetlinkReceiver(this.#fd);
  #sequence = 0;
  #open = true;

  /**
   * One request until its acknowledgement.
   * @param name what the kernel calls it, for errors: "RTM_NEWADDR"
   * @returns the last message before the acknowledgement, for a "get"
   * @throws KernelError with the kernel's own words
   */
  transact(request: NetlinkRequest, name: string): DataMessage | undefined {
    return this.#whole(() => {
      const sequence = this.#send({ ...request, flags: request.flags | NLM_F.ack }, name);
      let answer: DataMessage | undefined;
      for (;;) {
        for (const message of this.#receive(sequence, name)) {
          if (message.kind === "data") answer = message;
          if (message.kind !== "error") continue;
          refuseError(message, name);
          return answer;
        }
      }
    });
  }

  /**
   * Everything of one kind, at one instant.
   * @throws KernelError; EAGAIN when the kernel's tables changed during every try
   */
  dump<T>(request: NetlinkRequest, name: string, codec: Codec<T>): Dumped<T> {
    for (let tries = 1; tries <= DUMP_TRIES; tries++) {
      const dumped = this.#whole(() => this.#dumpOnce(request, name, codec));
      if (dumped !== undefined) return dumped;
    }
    throw new KernelError(name, ERRNO.EAGAIN, `EAGAIN: changed during each of ${DUMP_TRIES} dumps`);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    native().close(this.#fd);
  }

  /** @returns undefined when the kernel says that the answer is not of one instant */
  #dumpOnce<T>(request: NetlinkRequest, name: string, codec: Codec<T>): Dumped<T> | undefined {
    const sequence = this.#send(request, name);
    const items: T[] = [];
    const refused: WireError[] = [];
    let interrupted = false;
    for (;;) {
      for (const message of this.#receive(sequence, name)) {
        interrupted ||= (message.flags & NLM_F.dumpInterrupted) !== 0;
        if (message.kind === "data") keep(codec, message.body, items, refused);
        if (message.kind === "error" || message.kind === "done") refuseError(message, name);
        if (message.kind === "done") return interrupted ? undefined : { items, refused };
      }
    }
  }

  #send(request: NetlinkRequest, name: string): number {
    this.#sequence = (this.#sequence + 1) >>> 0 || 1;
    const sent = native().sendTo(this.#fd, encodeRequest(request, this.#sequence), undefined, 0);
    if (sent < 0) throw new KernelError(name, -sent, errnoName(-sent));
    return this.#sequence;
  }

  /** The messages of the next datagram that answer this sequence number. */
  #receive(sequence: number, name: string): readonly NetlinkMessage[] {
    const datagram = this.#receiver.next();
    if (typeof datagram === "number") throw new KernelError(name, -datagram, errnoName(-datagram));
    return decodeAll(netlinkDatagram, datagram).filter((message) => message.sequence === sequence);
  }

  /** After a failure nothing of the old answer is left: a dump that still runs would make the next one EBUSY. */
  #whole<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      for (let rest = this.#receiver.next(); rest !== -ERRNO.EAGAIN && rest !== -ERRNO.EBADF; ) rest = this.#receiver.next();
      throw error;
    }
  }
}

function keep<T>(codec: Codec<T>, body: Uint8Array, items: T[], refused: WireError[]): void {
  try {
    items.push(decodeAll(codec, body));
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    refused.push(error);
  }
}

function refuseError(message: Extract<NetlinkMessage, { kind: "error" | "done" }>, name: string): void {
  if (message.errno === 0) return;
  const words = [errnoName(message.errno), message.note.message ?? ""].filter((text) => text !== "");
  throw new KernelError(name, message.errno, words.join(": "));
}

/** struct sockaddr_nl; port 0 lets the kernel choose ours. */
function netlinkAddress(groups: readonly number[]): Uint8Array {
  const writer = new Writer(SOCKADDR_BYTES);
  writer.hostU16(AF.netlink);
  writer.zeros(6);
  writer.hostU32(groups.reduce((mask, group) => (mask | (1 << (group - 1))) >>> 0, 0));
  return writer.take();
}

function int32(value: number): Uint8Array {
  const writer = new Writer(4);
  writer.hostU32(value);
  return writer.take();
}
