/**
 * What is remembered beside a lease: what its client calls itself, and the way to reach it again (RFC 9915 §18.3.11 asks for that
 * over relays too). On disk and in memory a note is a list of items, each of kind, length and octets, filled up with zeros to whole
 * blocks of 64. The first item says what holds of the client, the second is its address; what follows may be left out.
 */
import { type Ipv6Address, ipv6Bytes, ipv6Of } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";

export const NOTE_BLOCK_BYTES = 64;
export const NOTE_BYTES = LIMITS.noteBlocks * NOTE_BLOCK_BYTES;

export const ITEM = {
  end: 0,
  flags: 1,
  client: 2,
  /** link-address 16, hop count 1; the peer-address of the relay next to the client is the client's address. */
  innermostRelay: 3,
  /** link-address 16, hop count 1, peer-address 16. Outermost first, before the innermost. */
  relay: 4,
  /** Of the relay before. */
  interfaceId: 5,
  relayPort: 6,
  /** Of the outermost relay: address 16, port 2, number of the link it was heard on 2. */
  source: 7,
  linkLayerAddress: 8,
  relayId: 9,
  remoteId: 10,
  hostName: 11,
} as const;
const FLAG = { acceptsReconfigure: 1 } as const;
const ITEM_BYTES_MAX = 255;
const HEAD_BYTES = 2;
/** Where in a note the flags and the client's address stand. */
const FLAGS_AT = 2;
const CLIENT_AT = 5;
/** Of one relay without its peer-address, and of the source of what it sent. */
export const RELAY_BYTES = 17;
export const SOURCE_BYTES = 20;
const PORT_BYTES = 2;

export type NotedRelay = {
  readonly linkAddress: Ipv6Address;
  readonly peerAddress: Ipv6Address;
  readonly hopCount: number;
  readonly interfaceId: Uint8Array | undefined;
  /** What its option of RFC 8357 says. */
  readonly relayPort: number | undefined;
};
export type Note = {
  /** It has our key and said that it would obey (RFC 9915 §20.4). */
  readonly acceptsReconfigure: boolean;
  /** The client's own address, as we or the relay next to it heard it. */
  readonly peer: Ipv6Address;
  /** Outermost first; empty for a client that is heard directly, and where its relays are more than a note holds. */
  readonly relays: readonly NotedRelay[];
  /** Where the outermost relay's datagram came from, and the number of the link it came in on. */
  readonly source: { readonly address: Ipv6Address; readonly port: number; readonly link: number } | undefined;
  /** Type of hardware 2, then the address (RFC 6939 §4). */
  readonly linkLayerAddress: Uint8Array | undefined;
  readonly relayId: Uint8Array | undefined;
  readonly remoteId: Uint8Array | undefined;
  /** Labels with dots between them; letters, digits, hyphens and underscores. */
  readonly hostName: string | undefined;
};

/** Writes a note where it will be compared and copied from: nothing is allocated. */
export class NoteWriter {
  readonly bytes: Uint8Array = new Uint8Array(NOTE_BYTES);
  #end = 0;

  /** A new note with the client's address at `at`. */
  begin(acceptsReconfigure: boolean, address: Uint8Array, at: number): void {
    this.#end = 0;
    this.#head(ITEM.flags, 1);
    this.u8(acceptsReconfigure ? FLAG.acceptsReconfigure : 0);
    this.item(ITEM.client, address, at, 16);
  }

  /** @returns false, and nothing written, when it is too long for an item or for what is left of the note */
  item(kind: number, from: Uint8Array, at: number, length: number): boolean {
    if (!this.open(kind, length)) return false;
    this.copy(from, at, length);
    return true;
  }

  /** The head of an item whose octets are written by whoever asks. @returns false when there is no room */
  open(kind: number, length: number): boolean {
    if (length > ITEM_BYTES_MAX || this.#end + HEAD_BYTES + length > NOTE_BYTES) return false;
    this.#head(kind, length);
    return true;
  }

  u8(value: number): void {
    this.bytes[this.#end++] = value;
  }

  u16(value: number): void {
    this.u8(value >>> 8);
    this.u8(value & 0xff);
  }

  copy(from: Uint8Array, at: number, length: number): void {
    for (let i = 0; i < length; i++) this.bytes[this.#end + i] = from[at + i] ?? 0;
    this.#end += length;
  }

  /** Where the note ends now: `cut` goes back to it. */
  get end(): number {
    return this.#end;
  }

  cut(end: number): void {
    this.#end = end;
  }

  accepts(acceptsReconfigure: boolean): void {
    this.bytes[FLAGS_AT] = acceptsReconfigure ? FLAG.acceptsReconfigure : 0;
  }

  /** Fills it up to whole blocks. @returns how many */
  finish(): number {
    const blocks = Math.ceil(this.#end / NOTE_BLOCK_BYTES);
    this.bytes.fill(0, this.#end, blocks * NOTE_BLOCK_BYTES);
    return blocks;
  }

  #head(kind: number, length: number): void {
    this.u8(kind);
    this.u8(length);
  }
}

/** Whether a note that begins so is of a client that would obey. */
export function acceptsReconfigureIn(first: Uint8Array, at: number): boolean {
  return first[at] === ITEM.flags && ((first[at + FLAGS_AT] ?? 0) & FLAG.acceptsReconfigure) !== 0;
}

/** Whether a note that begins so is of a client with this address. */
export function isPeerIn(first: Uint8Array, at: number, address: Uint8Array, addressAt: number): boolean {
  for (let i = 0; i < 16; i++) if (first[at + CLIENT_AT + i] !== address[addressAt + i]) return false;
  return true;
}

/** As blocks; what is too long is left out, first the name. */
export function encodeNote(note: Note): Uint8Array {
  const writer = new NoteWriter();
  writer.begin(note.acceptsReconfigure, ipv6Bytes(note.peer), 0);
  const relaysAt = writer.end;
  if (!putRelays(writer, note)) writer.cut(relaysAt);
  for (const kind of ["linkLayerAddress", "relayId", "remoteId"] as const) {
    const octets = note[kind];
    if (octets !== undefined) writer.item(ITEM[kind], octets, 0, octets.length);
  }
  if (note.hostName !== undefined) {
    const labels = note.hostName.split(".").flatMap((label) => [label.length, ...Array.from(label, (character) => character.charCodeAt(0))]);
    writer.item(ITEM.hostName, Uint8Array.from(labels), 0, labels.length);
  }
  return writer.bytes.slice(0, writer.finish() * NOTE_BLOCK_BYTES);
}

/** All of the way to the client, or none of it. */
function putRelays(writer: NoteWriter, { relays, source }: Note): boolean {
  for (const [i, relay] of relays.entries()) if (!putRelay(writer, relay, i === relays.length - 1)) return false;
  if (source === undefined) return true;
  if (!writer.open(ITEM.source, SOURCE_BYTES)) return false;
  writer.copy(ipv6Bytes(source.address), 0, 16);
  for (const value of [source.port, source.link]) writer.u16(value);
  return true;
}

function putRelay(writer: NoteWriter, relay: NotedRelay, isInnermost: boolean): boolean {
  if (!writer.open(isInnermost ? ITEM.innermostRelay : ITEM.relay, isInnermost ? RELAY_BYTES : RELAY_BYTES + 16)) return false;
  writer.copy(ipv6Bytes(relay.linkAddress), 0, 16);
  writer.u8(relay.hopCount);
  if (!isInnermost) writer.copy(ipv6Bytes(relay.peerAddress), 0, 16);
  if (relay.interfaceId !== undefined && !writer.item(ITEM.interfaceId, relay.interfaceId, 0, relay.interfaceId.length)) return false;
  if (relay.relayPort === undefined) return true;
  if (!writer.open(ITEM.relayPort, PORT_BYTES)) return false;
  writer.u16(relay.relayPort);
  return true;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** @returns undefined when it does not begin as a note does; any other item that makes no sense is passed over */
export function decodeNote(bytes: Uint8Array): Note | undefined {
  const items = itemsIn(bytes);
  const [flags, client] = items;
  if (flags?.kind !== ITEM.flags || flags.value.length !== 1 || client?.kind !== ITEM.client || client.value.length !== 16) return undefined;
  const relays: Mutable<NotedRelay>[] = [];
  const note: Mutable<Note> = {
    acceptsReconfigure: acceptsReconfigureIn(bytes, 0),
    peer: ipv6Of(client.value),
    relays,
    source: undefined,
    linkLayerAddress: undefined,
    relayId: undefined,
    remoteId: undefined,
    hostName: undefined,
  };
  for (const { kind, value } of items.slice(2)) {
    if (kind === ITEM.relay || kind === ITEM.innermostRelay) takeRelay(relays, value, kind === ITEM.relay, client.value);
    else if (kind === ITEM.interfaceId || kind === ITEM.relayPort) takeOfRelay(relays.at(-1), kind, value);
    else if (kind === ITEM.source && value.length === SOURCE_BYTES)
      note.source = { address: ipv6Of(value.slice(0, 16)), port: u16At(value, 16), link: u16At(value, 18) };
    else if (kind === ITEM.linkLayerAddress) note.linkLayerAddress = value;
    else if (kind === ITEM.relayId) note.relayId = value;
    else if (kind === ITEM.remoteId) note.remoteId = value;
    else if (kind === ITEM.hostName) note.hostName = hostNameOf(value);
  }
  return note;
}

type Item = { readonly kind: number; readonly value: Uint8Array };

function itemsIn(bytes: Uint8Array): readonly Item[] {
  const items: Item[] = [];
  for (let at = 0; at + HEAD_BYTES <= bytes.length && bytes[at] !== ITEM.end; ) {
    const end = at + HEAD_BYTES + (bytes[at + 1] ?? 0);
    if (end > bytes.length) break;
    items.push({ kind: bytes[at] ?? 0, value: bytes.slice(at + HEAD_BYTES, end) });
    at = end;
  }
  return items;
}

function takeRelay(relays: NotedRelay[], value: Uint8Array, withPeer: boolean, client: Uint8Array): void {
  if (value.length !== (withPeer ? RELAY_BYTES + 16 : RELAY_BYTES)) return;
  relays.push({
    linkAddress: ipv6Of(value.slice(0, 16)),
    peerAddress: ipv6Of(withPeer ? value.slice(RELAY_BYTES) : client),
    hopCount: value[16] ?? 0,
    interfaceId: undefined,
    relayPort: undefined,
  });
}

function takeOfRelay(relay: Mutable<NotedRelay> | undefined, kind: number, value: Uint8Array): void {
  if (relay === undefined) return;
  if (kind === ITEM.interfaceId) relay.interfaceId = value;
  else if (value.length === PORT_BYTES) relay.relayPort = u16At(value, 0);
}

/** undefined when a label reaches beyond the end or has another character than names may have. */
function hostNameOf(value: Uint8Array): string | undefined {
  const labels: string[] = [];
  for (let at = 0; at < value.length; ) {
    const end = at + 1 + (value[at] ?? 0);
    if (end > value.length || end === at + 1) return undefined;
    labels.push(String.fromCharCode(...value.slice(at + 1, end)));
    at = end;
  }
  const sound = labels.length > 0 && labels.every((label) => /^[A-Za-z0-9_-]+$/.test(label));
  return sound ? labels.join(".") : undefined;
}

function u16At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
