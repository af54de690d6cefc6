/** One end of a channel that speaks the catalogue: typed out, judged in. */
import { WireError } from "../base/errors.ts";
import { Counters } from "../services/counters.ts";
import { Channel, closeAll } from "../platform/channel.ts";
import type { CATALOGUE, CatalogueName } from "./messages/catalogue.ts";
import { type BodyOf, encodeMessage, type MessageEntry, type MessageOf, MessageReader, type RoleName } from "./messages/message.ts";
import { messageCame } from "./idle-collection.ts";
import { spokenCatalogue } from "./messages/spoken.ts";

export type Incoming = MessageOf<typeof CATALOGUE>;
export type ConnectionHandlers = {
  readonly onMessage: (message: Incoming) => void;
  readonly onEnd: () => void;
  /** Everything that waited for the far side has been taken. */
  readonly onDrained?: () => void;
};

export class Connection {
  readonly peer: RoleName;
  /** What the far side sent and we refused to read, by reason. */
  readonly refused = new Counters();
  readonly #channel: Channel;
  readonly #reader: MessageReader<typeof CATALOGUE>;

  constructor(fd: number, own: RoleName, peer: RoleName, handlers: ConnectionHandlers) {
    this.peer = peer;
    this.#reader = new MessageReader(spokenCatalogue(), peer, own);
    this.#channel = new Channel(fd, {
      onFrame: (bytes, descriptors) => {
        const message = this.#read(bytes, descriptors);
        if (message === undefined) return;
        handlers.onMessage(message);
        messageCame();
      },
      onEnd: handlers.onEnd,
      ...(handlers.onDrained === undefined ? {} : { onDrained: handlers.onDrained }),
    });
  }

  /** @returns false when it cannot be sent; descriptors are closed either way */
  send<N extends CatalogueName>(
    name: N,
    body: BodyOf<(typeof CATALOGUE)[N]>,
    { generation = 0, descriptors = [] }: { readonly generation?: number; readonly descriptors?: readonly number[] } = {},
  ): boolean {
    const entry = spokenCatalogue()[name] as unknown as MessageEntry<BodyOf<(typeof CATALOGUE)[N]>> | undefined;
    if (entry === undefined) throw new Error(`${this.peer} is told ${name}, which this role does not speak`);
    return this.#channel.send(encodeMessage(entry, generation, body), descriptors);
  }

  get waiting(): number {
    return this.#channel.waiting;
  }

  close(): void {
    this.#channel.close();
  }

  #read(bytes: Uint8Array, descriptors: readonly number[]): Incoming | undefined {
    try {
      return this.#reader.read(bytes, descriptors);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      closeAll(descriptors);
      this.refused.add(error.code);
      return undefined;
    }
  }
}
