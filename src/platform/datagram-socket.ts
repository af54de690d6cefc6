/** A datagram socket of one link, read in batches with what the kernel tells of each datagram, written one by one. */
import { Reader, Writer } from "../base/cursor.ts";
import { KernelError } from "../base/errors.ts";
import { type Ipv6Address, ipv6Address, UNSPECIFIED_V6 } from "../base/ipv6.ts";
import { LIMITS } from "../base/limits.ts";
import type { ReceivedDatagram } from "../ports/datagrams.ts";
import { inet6Address, IPV6_CONTROL, readInet6Address, SOCKADDR_BYTES } from "./inet6-sockets.ts";
import {
  type Batch,
  BATCH_ADDRESS_BYTES,
  BATCH_META_BYTES,
  type BatchLayout,
  batchLayout,
  checkPoll,
  ERRNO,
  MSG,
  native,
  type PollHandle,
  SOL,
} from "./native.ts";

const SHAPE = { slots: LIMITS.channelBatch, dataSize: LIMITS.datagramBytes, controlSize: 96 } as const;
const SEND_SHAPE = { slots: 1, dataSize: LIMITS.rpcReplyDatagramBytes, controlSize: 40 } as const;
const BATCHES_PER_WAKE = 16;
const CMSG_HEADER_BYTES = 16;
const PACKET_INFO_BYTES = 20;

type Arena = { readonly batch: Batch; readonly layout: BatchLayout };
let receiving: Arena | undefined;
let sending: Arena | undefined;

/** Nobody waits for memory and compilers when the first datagram comes: there is an arena, and an empty one was read. */
export function rehearseDatagrams(): void {
  receiving ??= newArena(SHAPE);
  datagramsIn(receiving, 1);
  readControl(packetInfo(UNSPECIFIED_V6, 0));
}

export class DatagramSocket {
  readonly #fd: number;
  readonly #link: number;
  readonly #poll: PollHandle;
  readonly #receive: (datagrams: readonly ReceivedDatagram[]) => void;
  #open = true;

  /** @param fd owned from here on; `receive` gets views that are valid only during the call */
  constructor(fd: number, link: number, receive: (datagrams: readonly ReceivedDatagram[]) => void) {
    this.#fd = fd;
    this.#link = link;
    this.#receive = receive;
    this.#poll = checkPoll(native().pollNew(fd, () => this.#readable()));
  }

  /** @returns false when it could not be sent: whoever sent it sends again in time, and strangers choose destinations */
  send(to: Ipv6Address, port: number, payload: Uint8Array, from: Ipv6Address = UNSPECIFIED_V6): boolean {
    const address = inet6Address(to, port, this.#link);
    if (from === UNSPECIFIED_V6) return native().sendTo(this.#fd, payload, address, 0) >= 0;
    return this.#sendFrom(address, payload, from);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    native().pollClose(this.#poll);
    native().close(this.#fd);
  }

  #sendFrom(address: Uint8Array, payload: Uint8Array, from: Ipv6Address): boolean {
    if (payload.length > SEND_SHAPE.dataSize) return false;
    sending ??= newArena(SEND_SHAPE);
    const { batch, layout } = sending;
    const control = packetInfo(from, this.#link);
    const memory = new Uint8Array(batch.arena);
    memory.set(payload, layout.data);
    memory.set(address, layout.addresses);
    memory.set(control, layout.controls);
    new Uint32Array(batch.arena, layout.metas, 4).set([payload.length, address.length, control.length, 0]);
    return native().sendBatch(this.#fd, batch.handle, 0, 1) === 1;
  }

  #readable(): void {
    receiving ??= newArena(SHAPE);
    for (let i = 0; this.#open && i < BATCHES_PER_WAKE; i++) {
      const count = native().recvBatch(this.#fd, receiving.batch.handle, SHAPE.slots, 0);
      if (count < 0) return this.#failed(-count);
      const datagrams = datagramsIn(receiving, count);
      if (datagrams.length > 0) this.#receive(datagrams);
      if (count < SHAPE.slots) return;
    }
  }

  /** ICMP errors about what we sent come back on a UDP socket, and a link that went away says so: none of it is an end. */
  #failed(errno: number): void {
    if (errno === ERRNO.EBADF || errno === ERRNO.EINVAL) throw new KernelError("recvmmsg", errno);
  }
}

function newArena(shape: typeof SHAPE | typeof SEND_SHAPE): Arena {
  return { batch: native().batchNew(shape.slots, shape.dataSize, shape.controlSize), layout: batchLayout(shape) };
}

function datagramsIn({ batch: { arena }, layout }: Arena, count: number): readonly ReceivedDatagram[] {
  const datagrams: ReceivedDatagram[] = [];
  const meta = new Reader(new Uint8Array(arena, layout.metas, count * BATCH_META_BYTES));
  for (let slot = 0; slot < count; slot++) {
    const [length, , controlLength, flags] = [meta.hostU32(), meta.hostU32(), meta.hostU32(), meta.hostU32()];
    const { address, port } = readInet6Address(new Uint8Array(arena, layout.addresses + slot * BATCH_ADDRESS_BYTES, SOCKADDR_BYTES));
    const control = readControl(new Uint8Array(arena, layout.controls + slot * SHAPE.controlSize, controlLength));
    const kept = (flags & MSG.truncated) === 0 ? length : 0; // longer than LIMITS.datagramBytes: whose it is counts it, and reads none of it
    datagrams.push({ from: address, port, ...control, payload: new Uint8Array(arena, layout.data + slot * SHAPE.dataSize, kept) });
  }
  return datagrams;
}

/** struct cmsghdr { size_t len; int level; int type }, each padded to 8 bytes. */
function readControl(bytes: Uint8Array): Pick<ReceivedDatagram, "to" | "hopLimit"> {
  let to = UNSPECIFIED_V6;
  let hopLimit = 0;
  const reader = new Reader(bytes);
  while (reader.remaining >= CMSG_HEADER_BYTES) {
    const bodyBytes = reader.hostU32() - CMSG_HEADER_BYTES;
    reader.skip(4);
    const [level, type] = [reader.hostU32(), reader.hostU32()];
    if (bodyBytes < 0 || bodyBytes > reader.remaining) break;
    const body = new Reader(reader.bytes(bodyBytes));
    if (level === SOL.ipv6 && type === IPV6_CONTROL.packetInfo) to = ipv6Address.decode(body);
    if (level === SOL.ipv6 && type === IPV6_CONTROL.hopLimit) hopLimit = body.hostU32() & 0xff;
    reader.skip(Math.min(reader.remaining, -bodyBytes & 7));
  }
  return { to, hopLimit };
}

/** A control message with struct in6_pktinfo: the source of what is sent. */
function packetInfo(from: Ipv6Address, link: number): Uint8Array {
  const writer = new Writer(SEND_SHAPE.controlSize);
  writer.hostU32(CMSG_HEADER_BYTES + PACKET_INFO_BYTES);
  writer.zeros(4);
  writer.hostU32(SOL.ipv6);
  writer.hostU32(IPV6_CONTROL.packetInfo);
  ipv6Address.encode(writer, from);
  writer.hostU32(link);
  writer.zeros(4);
  return writer.take();
}
