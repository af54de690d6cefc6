/**
 * What is remembered of the client of a message beside its leases: written in place, compared with what is there, and kept where it
 * differs. A client that is heard directly, says no name and accepts no Reconfigure has nothing that is worth a note.
 */
import { ITEM, NoteWriter, RELAY_BYTES, SOURCE_BYTES } from "../../leases/note.ts";
import type { LeaseTable } from "../../leases/table.ts";
import { OPTION, TYPE } from "./codes.ts";
import type { ClientMessage } from "./message.ts";
import { u16At } from "./octets.ts";
import type { RelayChain } from "./relay-chain.ts";

const NO_BYTES = new Uint8Array(0);
/** Octets of a name in DNS form (RFC 1035 §2.3.4), its end left out. */
const NAME_BYTES = 254;
const LABEL_BYTES = 63;
/** Longer addresses of links are none that we know (RFC 6939 §4: a type of two octets stands before). */
const LINK_LAYER_BYTES = 34;

export class ClientNotes {
  readonly #message: ClientMessage;
  readonly #chain: RelayChain;
  readonly #writer = new NoteWriter();
  #laid = false;
  #blocks = 0;
  #nameLength = 0;
  /** There is something to say beside whether it accepts. */
  #worth = false;
  #canBeReached = false;
  #bytes: Uint8Array = NO_BYTES;
  #fromAt = 0;
  #port = 0;
  #heardOn = 0;
  #accepts = false;
  #isKeyed = false;
  /** Where the client's address stands. */
  #peer: Uint8Array = NO_BYTES;
  #peerAt = 0;

  constructor(message: ClientMessage, chain: RelayChain) {
    this.#message = message;
    this.#chain = chain;
  }

  /** Another message. @param heardOn number of the link it came in on @param mayReconfigure the operator has clients told to come back */
  begin(bytes: Uint8Array, fromAt: number, port: number, heardOn: number, mayReconfigure: boolean): void {
    this.#laid = false;
    this.#bytes = bytes;
    this.#fromAt = fromAt;
    this.#port = port;
    this.#heardOn = heardOn;
    this.#accepts = mayReconfigure && this.#message.optionOf(OPTION.reconfigureAccept) !== -1;
    const { type } = this.#message;
    this.#isKeyed = type === TYPE.request || type === TYPE.solicit || type === TYPE.informationRequest;
  }

  /** Whether the client says that it would obey a Reconfigure, and may be sent one. */
  get accepts(): boolean {
    return this.#accepts;
  }

  /** Whether there is a way back to the client that a note can hold. */
  get canBeReached(): boolean {
    if (!this.#laid) this.#lay();
    return this.#canBeReached;
  }

  /** The client's own address: `peer` from `peerAt` on. */
  get peer(): Uint8Array {
    return this.#chain.depth === 0 ? this.#bytes : this.#chain.bytes;
  }

  get peerAt(): number {
    return this.#chain.depth === 0 ? this.#fromAt : this.#chain.peerAddressAt(this.#chain.depth - 1);
  }

  /** As it would be kept, for a client without leases. */
  note(): Uint8Array {
    if (!this.#laid) this.#lay();
    this.#writer.accepts(this.#accepts && this.#canBeReached);
    return this.#writer.bytes.slice(0, 64 * this.#blocks);
  }

  /** Keeps it beside a lease. @returns whether something changed, so that it has to be written down */
  keep(table: LeaseTable, row: number): boolean {
    if (!this.#laid) this.#lay();
    const { notes } = table;
    const accepts = this.#accepts && this.#canBeReached && (this.#isKeyed || this.#stillHasKey(table, row));
    if (!this.#worth && !accepts) {
      if (!notes.has(row)) return false;
      notes.drop(row);
      return true;
    }
    this.#writer.accepts(accepts);
    const { bytes } = this.#writer;
    if (notes.same(row, bytes, 0, this.#blocks)) return false;
    const had = notes.has(row);
    return notes.set(row, bytes, 0, this.#blocks) || had;
  }

  /** Its key was made for its address; a Renew or Rebind brings no other. */
  #stillHasKey({ notes }: LeaseTable, row: number): boolean {
    return notes.acceptsReconfigure(row) && notes.isPeer(row, this.#peer, this.#peerAt);
  }

  #lay(): void {
    this.#laid = true;
    const chain = this.#chain;
    this.#worth = chain.depth > 0;
    this.#canBeReached = true;
    const nameAt = this.#nameAt();
    if (!this.#worth && nameAt === -1 && !this.#accepts) return;
    const writer = this.#writer;
    this.#peer = this.peer;
    this.#peerAt = this.peerAt;
    writer.begin(false, this.#peer, this.#peerAt);
    if (chain.depth > 0) this.#layRelays();
    if (nameAt !== -1 && writer.item(ITEM.hostName, this.#message.bytes, nameAt, this.#nameLength)) this.#worth = true;
    this.#blocks = writer.finish();
  }

  #layRelays(): void {
    const writer = this.#writer;
    const chain = this.#chain;
    const mark = writer.end;
    this.#canBeReached = this.#layWay();
    if (!this.#canBeReached) writer.cut(mark);
    this.#item(ITEM.linkLayerAddress, OPTION.linkLayerAddress, chain.depth - 1, LINK_LAYER_BYTES);
    this.#innermost(ITEM.relayId, OPTION.relayId);
    this.#innermost(ITEM.remoteId, OPTION.remoteId);
  }

  #layWay(): boolean {
    const writer = this.#writer;
    const chain = this.#chain;
    for (let level = 0; level < chain.depth; level++) {
      const isInnermost = level === chain.depth - 1;
      if (!writer.open(isInnermost ? ITEM.innermostRelay : ITEM.relay, isInnermost ? RELAY_BYTES : RELAY_BYTES + 16)) return false;
      writer.copy(chain.bytes, chain.linkAddressAt(level), 16);
      writer.u8(chain.hopCount(level));
      if (!isInnermost) writer.copy(chain.bytes, chain.peerAddressAt(level), 16);
      const idAt = chain.optionAt(level, OPTION.interfaceId);
      if (idAt !== -1 && !writer.item(ITEM.interfaceId, chain.bytes, idAt, u16At(chain.bytes, idAt - 2))) return false;
      const portAt = chain.relayPortAt(level);
      if (portAt !== 0 && !writer.item(ITEM.relayPort, chain.bytes, portAt, 2)) return false;
    }
    if (!writer.open(ITEM.source, SOURCE_BYTES)) return false;
    writer.copy(this.#bytes, this.#fromAt, 16);
    writer.u16(this.#port);
    writer.u16(this.#heardOn);
    return true;
  }

  #innermost(kind: number, code: number): void {
    for (let level = this.#chain.depth - 1; level >= 0; level--) if (this.#item(kind, code, level, Number.POSITIVE_INFINITY)) return;
  }

  #item(kind: number, code: number, level: number, longest: number): boolean {
    const { bytes } = this.#chain;
    const at = this.#chain.optionAt(level, code);
    if (at === -1) return false;
    const length = u16At(bytes, at - 2);
    return length > 0 && length <= longest && this.#writer.item(kind, bytes, at, length);
  }

  /** Where the labels of the client's name begin that option 39 says (RFC 4704 §4.2); -1 without one that may be kept. */
  #nameAt(): number {
    const option = this.#message.fqdn;
    if (option === -1) return -1;
    const { bytes } = this.#message;
    const from = this.#message.valueAt(option) + 1;
    const end = from + this.#message.valueLength(option) - 1;
    let at = from;
    while (at < end && bytes[at] !== 0) {
      const length = bytes[at] ?? 0;
      if (length > LABEL_BYTES || length >= end - at) return -1;
      for (let i = 1; i <= length; i++) if (!mayStandInNames(bytes[at + i] ?? 0)) return -1;
      at += 1 + length;
    }
    this.#nameLength = at - from;
    return at === from || at - from > NAME_BYTES ? -1 : from;
  }
}

/** Letters, digits, hyphens and underscores: what no file, terminal or page can misread. */
function mayStandInNames(octet: number): boolean {
  const letter = octet | 0x20;
  return (letter >= 0x61 && letter <= 0x7a) || (octet >= 0x30 && octet <= 0x39) || octet === 0x2d || octet === 0x5f;
}
