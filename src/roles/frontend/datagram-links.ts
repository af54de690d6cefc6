/** The frontend's half of every service that sends and receives whole datagrams: one socket for each purpose and link. */
import { LIMITS } from "../../base/limits.ts";
import { DatagramSocket } from "../../platform/datagram-socket.ts";
import type { ReceivedDatagram } from "../../ports/datagrams.ts";
import type { Connection, Incoming } from "../connection.ts";
import { DATAGRAM_OWNERS, type DatagramPurpose } from "../messages/common.ts";
import type { EngineName } from "../messages/message.ts";
import { batchesOf } from "./batches.ts";

const DATAGRAM_OVERHEAD_BYTES = 40;

type Open = { readonly socket: DatagramSocket; readonly purpose: DatagramPurpose; readonly link: number; dropped: number };

export class DatagramLinks {
  readonly #open = new Map<string, Open>();
  readonly #engine: (name: EngineName) => Connection | undefined;

  constructor(engine: (name: EngineName) => Connection | undefined) {
    this.#engine = engine;
  }

  /** The engine of that name is a new one. */
  announce(engine: EngineName): void {
    for (const { purpose, link } of this.#open.values())
      if (DATAGRAM_OWNERS[purpose] === engine) this.#engine(engine)?.send("datagramSocketReady", { purpose, link });
  }

  fromMain(message: Incoming): void {
    if (message.kind === "closeDatagrams") this.#close(message.body.purpose, message.body.link);
    if (message.kind !== "datagramSocket") return;
    const { purpose, link } = message.body;
    this.#close(purpose, link);
    const socket = new DatagramSocket(message.descriptors[0] ?? -1, link, (datagrams) => this.#received(keyOf(purpose, link), datagrams));
    this.#open.set(keyOf(purpose, link), { socket, purpose, link, dropped: 0 });
    this.#engine(DATAGRAM_OWNERS[purpose])?.send("datagramSocketReady", { purpose, link });
  }

  /** An engine sends on sockets of its own purposes only. */
  fromEngine(engine: EngineName, message: Incoming): void {
    if (message.kind !== "sendDatagram" || DATAGRAM_OWNERS[message.body.purpose] !== engine) return;
    const { purpose, link, from, to, port, payload } = message.body;
    this.#open.get(keyOf(purpose, link))?.socket.send(to, port, payload, from);
  }

  #close(purpose: DatagramPurpose, link: number): void {
    this.#open.get(keyOf(purpose, link))?.socket.close();
    this.#open.delete(keyOf(purpose, link));
  }

  #received(key: string, datagrams: readonly ReceivedDatagram[]): void {
    const known = this.#open.get(key);
    const engine = known === undefined ? undefined : this.#engine(DATAGRAM_OWNERS[known.purpose]);
    if (known === undefined || engine === undefined) return;
    for (const batch of batchesOf(datagrams, ({ payload }) => payload.length + DATAGRAM_OVERHEAD_BYTES)) {
      const late = engine.waiting * LIMITS.channelBatch > LIMITS.framesQueuedPerInterface;
      const sent = !late && engine.send("datagrams", { purpose: known.purpose, link: known.link, dropped: known.dropped, datagrams: batch });
      known.dropped = sent ? 0 : known.dropped + batch.length;
    }
  }
}

function keyOf(purpose: DatagramPurpose, link: number): string {
  return `${purpose} ${link}`;
}
