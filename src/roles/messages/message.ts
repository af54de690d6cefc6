/**
 * One message between roles: a type, a generation, a body of a fixed layout. Decoded on the far side like a packet from a stranger.
 *
 *   u16 type | u16 zero | u32 generation | body
 *
 * The generation is that of the configuration the sender acted on, so that an event cannot overtake its configuration.
 */
import { type AnyCodec, type Codec, type ValueOf, within } from "../../base/codec.ts";
import { Reader, Writer } from "../../base/cursor.ts";
import { WireError } from "../../base/errors.ts";

/** The engine of each service. */
export const ENGINES = ["engine-uplink4", "engine-uplink6", "engine-lan", "engine-directory"] as const;
export const ROLES = ["main", "frontend", ...ENGINES, "fetcher", "control"] as const;
export type EngineName = (typeof ENGINES)[number];
export type RoleName = (typeof ROLES)[number];

/** Where a channel stands, as the sender of a direction sees it. */
export type ChannelState = "starting" | "running" | "stopping";

export type MessageEntry<B> = {
  readonly type: number;
  readonly from: readonly RoleName[];
  readonly to: readonly RoleName[];
  readonly body: Codec<B>;
  /** Descriptors that travel with it; any other number is refused. */
  readonly descriptors: number;
  /** In which state of the channel it may come; anywhere else it is `bad-order`. */
  readonly when: readonly ChannelState[];
  /** The state it leads to. */
  readonly then?: ChannelState;
};

type Given<B> = Omit<MessageEntry<B>, "descriptors" | "when"> & { readonly descriptors?: number; readonly when?: readonly ChannelState[] };

export function message<C extends AnyCodec>(entry: Omit<Given<never>, "body"> & { readonly body: C }): MessageEntry<ValueOf<C>> {
  return { descriptors: 0, when: ["running"], ...entry, body: entry.body as unknown as Codec<ValueOf<C>> };
}

export type AnyEntry = Omit<MessageEntry<never>, "body"> & { readonly body: AnyCodec };
export type Catalogue = { readonly [name: string]: AnyEntry };
export type BodyOf<M> = M extends { readonly body: infer C extends AnyCodec } ? ValueOf<C> : never;
/** A received message: its kind says which body it has. */
export type MessageOf<C> = {
  readonly [K in keyof C]: { readonly kind: K; readonly generation: number; readonly body: BodyOf<C[K]>; readonly descriptors: readonly number[] };
}[keyof C];

const HEADER_BYTES = 8;

export function encodeMessage<B>(entry: MessageEntry<B>, generation: number, body: B): Uint8Array {
  const writer = new Writer(1024);
  writer.u16(entry.type);
  writer.u16(0);
  writer.u32(generation);
  entry.body.encode(writer, body);
  return writer.take();
}

/** The far side's half: checks the type, who may say it, the state of the channel, the descriptors and every byte of the body. */
export class MessageReader<C extends Catalogue> {
  readonly #names = new Map<number, keyof C & string>();
  readonly #catalogue: C;
  readonly #from: RoleName;
  readonly #to: RoleName;
  #state: ChannelState = "starting";

  constructor(catalogue: C, from: RoleName, to: RoleName) {
    this.#catalogue = catalogue;
    this.#from = from;
    this.#to = to;
    for (const [name, entry] of Object.entries(catalogue)) this.#names.set(entry.type, name);
  }

  get state(): ChannelState {
    return this.#state;
  }

  /** @throws WireError and nothing else; the channel's state is then as it was */
  read(bytes: Uint8Array, descriptors: readonly number[]): MessageOf<C> {
    const reader = new Reader(bytes);
    const name = this.#names.get(reader.u16());
    const entry = name === undefined ? undefined : this.#catalogue[name];
    if (name === undefined || entry === undefined) throw new WireError("unsupported", 0);
    if (!entry.from.includes(this.#from) || !entry.to.includes(this.#to)) throw new WireError("unsupported", 0);
    if (!entry.when.includes(this.#state)) throw new WireError("bad-order", 0);
    if (reader.u16() !== 0) throw new WireError("bad-value", 2);
    const generation = reader.u32();
    if (descriptors.length !== entry.descriptors) throw new WireError("bad-length", HEADER_BYTES);
    const body = within(reader, reader.remaining, entry.body as Codec<unknown>);
    this.#state = entry.then ?? this.#state;
    return { kind: name, generation, body, descriptors } as unknown as MessageOf<C>;
  }
}
