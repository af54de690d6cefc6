/**
 * Every lease of the DHCP servers, found by client and by address. No object per lease, and no lookup allocates.
 *
 * A lease is a row number, valid until the row is removed. Times are whole seconds of the wall clock since 1970, unsigned
 * (until 2106; 0xffffffff never ends), because a lease outlives the process and the machine's boot. The link is the
 * number that the configuration gives it, never the kernel's index. An IPv4 address stands as ::ffff:a.b.c.d with prefix
 * length 128, so one index serves both families: an address or prefix is leased at most once, whoever has it.
 */
import { Identifiers } from "./identifiers.ts";
import { IDENTIFIER_BYTES, LeaseKeys } from "./keys.ts";
import { type LeaseRefusal, type LeaseState, STATE } from "./lease-state.ts";
import { decodeNote, NOTE_BYTES, type Note } from "./note.ts";
import { Notes } from "./notes.ts";
import { ADDRESS_BYTES, BYTE, INLINE_BYTES, Rows, WORD } from "./rows.ts";
import { SegmentedIndex } from "./segmented-index.ts";

export { type LeaseRefusal, type LeaseState, NEVER, STATE } from "./lease-state.ts";

export type TableShape = {
  /** 16 random bytes of this process: strangers choose what is hashed. */
  readonly key: Uint8Array;
  readonly maxLeases: number;
  readonly maxRowsPerClient: number;
};

const LINK_AND_TYPE = 0xffffff;

export class LeaseTable {
  /** What is remembered beside the leases. */
  readonly notes: Notes = new Notes();
  readonly shape: TableShape;
  readonly #rows = new Rows();
  readonly #identifiers = new Identifiers();
  readonly #byClient = new SegmentedIndex();
  readonly #byAddress = new SegmentedIndex();
  readonly #keys: LeaseKeys;
  readonly #identifier = new Uint8Array(IDENTIFIER_BYTES);
  #count = 0;
  #swept = 0;

  constructor(shape: TableShape) {
    this.shape = shape;
    this.#keys = new LeaseKeys(shape.key);
  }

  /** Rows in use, whatever their state. */
  get count(): number {
    return this.#count;
  }

  /** What rows, identifiers, notes and indexes take. */
  get bytes(): number {
    return this.#rows.bytes + this.#identifiers.bytes + this.notes.bytes + this.#byClient.bytes + this.#byAddress.bytes;
  }

  /** The first row of a client's identity association, or -1. Expired rows are found too: look at validUntil. */
  find(link: number, type: number, iaid: number, bytes: Uint8Array, at: number, length: number): number {
    if (length === 0 || length > IDENTIFIER_BYTES) return -1;
    const hash = this.#keys.client(link, type, iaid, bytes, at, length);
    for (let position = this.#byClient.seek(hash, this.#byClient.start(hash)); position !== -1; ) {
      const row = this.#byClient.row(hash, position);
      if (this.#isOf(row, link, type, iaid, bytes, at, length)) return row;
      position = this.#byClient.seek(hash, position + 1);
    }
    return -1;
  }

  /** The next row of the same identity association, or -1. Ask before the row is removed. */
  next(row: number): number {
    const length = this.identifierLength(row);
    if (length === 0) return -1;
    const hash = this.#rows.signedWord(row, WORD.hash);
    let passed = false;
    for (let position = this.#byClient.seek(hash, this.#byClient.start(hash)); position !== -1; ) {
      const other = this.#byClient.row(hash, position);
      if (passed && this.#sameClient(row, other)) return other;
      if (other === row) passed = true;
      position = this.#byClient.seek(hash, position + 1);
    }
    return -1;
  }

  /** The row of an address (prefix length 128) or delegated prefix, or -1. */
  findAddress(address: Uint8Array, at: number, prefixLength: number): number {
    const hash = this.#keys.address(address, at, prefixLength);
    for (let position = this.#byAddress.seek(hash, this.#byAddress.start(hash)); position !== -1; ) {
      const row = this.#byAddress.row(hash, position);
      if (this.isAddress(row, address, at, prefixLength)) return row;
      position = this.#byAddress.seek(hash, position + 1);
    }
    return -1;
  }

  /** A new row without lifetimes. An identifier of no bytes belongs to no client: such a row is found by address only. */
  insert(
    link: number,
    type: number,
    iaid: number,
    identifier: Uint8Array,
    identifierAt: number,
    identifierLength: number,
    address: Uint8Array,
    addressAt: number,
    prefixLength: number,
    state: LeaseState,
  ): number | LeaseRefusal {
    if (this.#count >= this.shape.maxLeases) return "leases-full";
    if (identifierLength > IDENTIFIER_BYTES) return "bad-identifier";
    const hash = this.#keys.client(link, type, iaid, identifier, identifierAt, identifierLength);
    if (identifierLength > 0 && this.#byClient.entries(hash) >= this.shape.maxRowsPerClient) return "client-full";
    if (this.findAddress(address, addressAt, prefixLength) !== -1) return "address-taken";
    return this.restore(link, type, iaid, identifier, identifierAt, identifierLength, address, addressAt, prefixLength, state);
  }

  /**
   * `insert` for what was promised already, in an earlier life: the limits hold for new leases only, and it takes the place of what
   * had its address. `identifierLength` is at most that of any identifier.
   */
  restore(
    link: number,
    type: number,
    iaid: number,
    identifier: Uint8Array,
    identifierAt: number,
    identifierLength: number,
    address: Uint8Array,
    addressAt: number,
    prefixLength: number,
    state: LeaseState,
  ): number {
    const old = this.findAddress(address, addressAt, prefixLength);
    if (old !== -1) this.remove(old);
    const addressHash = this.#keys.address(address, addressAt, prefixLength);
    const owned = identifierLength > 0;
    const hash = owned ? this.#keys.client(link, type, iaid, identifier, identifierAt, identifierLength) : 0;
    const rows = this.#rows;
    const row = rows.take();
    rows.setWord(row, WORD.hash, hash);
    rows.setWord(row, WORD.iaid, iaid);
    rows.setWord(row, BYTE.link / 4, (link & 0xffff) | ((type & 0xff) << 16) | (prefixLength << 24));
    rows.setByte(row, BYTE.state, state);
    rows.setByte(row, BYTE.identifierLength, identifierLength);
    rows.write(row, BYTE.address, address, addressAt, ADDRESS_BYTES);
    if (identifierLength > INLINE_BYTES) rows.setWord(row, WORD.slot, this.#identifiers.keep(identifier, identifierAt, identifierLength));
    else rows.write(row, BYTE.identifier, identifier, identifierAt, identifierLength);
    if (owned) this.#byClient.add(hash, row);
    this.#byAddress.add(addressHash, row);
    this.#count++;
    return row;
  }

  remove(row: number): void {
    const chunk = this.#rows.chunk(row);
    const at = this.#rows.at(row) + BYTE.address;
    this.#byAddress.remove(this.#keys.address(chunk, at, this.prefixLength(row)), row);
    this.#leaveClient(row);
    this.notes.drop(row);
    this.#rows.giveBack(row);
    this.#count--;
  }

  /** Takes the row from its client: nobody's from now on, found by address only. For a declined address. */
  disown(row: number, state: LeaseState): void {
    this.#leaveClient(row);
    this.notes.drop(row);
    this.#rows.setWord(row, WORD.hash, 0);
    this.#rows.setByte(row, BYTE.identifierLength, 0);
    this.setState(row, state);
  }

  setState(row: number, state: LeaseState): void {
    this.#rows.setByte(row, BYTE.state, state);
  }

  setLifetimes(row: number, startSeconds: number, preferredUntilSeconds: number, validUntilSeconds: number): void {
    this.#rows.setWord(row, WORD.start, startSeconds);
    this.#rows.setWord(row, WORD.preferredUntil, preferredUntilSeconds);
    this.#rows.setWord(row, WORD.validUntil, validUntilSeconds);
  }

  state(row: number): LeaseState {
    return this.#rows.byte(row, BYTE.state) as LeaseState;
  }

  link(row: number): number {
    return this.#rows.word(row, BYTE.link / 4) & 0xffff;
  }

  type(row: number): number {
    return this.#rows.byte(row, BYTE.type);
  }

  iaid(row: number): number {
    return this.#rows.word(row, WORD.iaid);
  }

  prefixLength(row: number): number {
    return this.#rows.byte(row, BYTE.prefixLength);
  }

  startSeconds(row: number): number {
    return this.#rows.word(row, WORD.start);
  }

  preferredUntilSeconds(row: number): number {
    return this.#rows.word(row, WORD.preferredUntil);
  }

  validUntilSeconds(row: number): number {
    return this.#rows.word(row, WORD.validUntil);
  }

  /** 0: the row is nobody's. */
  identifierLength(row: number): number {
    return this.#rows.byte(row, BYTE.identifierLength);
  }

  /** Whether the row's client is the one with this identifier. */
  isIdentifier(row: number, bytes: Uint8Array, at: number, length: number): boolean {
    if (this.identifierLength(row) !== length) return false;
    if (length > INLINE_BYTES) return this.#identifiers.same(this.#rows.word(row, WORD.slot), bytes, at, length);
    return this.#rows.same(row, BYTE.identifier, bytes, at, length);
  }

  /** Copies 16 bytes. */
  copyAddress(row: number, out: Uint8Array, at: number): void {
    this.#rows.copy(row, BYTE.address, ADDRESS_BYTES, out, at);
  }

  isAddress(row: number, bytes: Uint8Array, at: number, prefixLength: number): boolean {
    return this.prefixLength(row) === prefixLength && this.#rows.same(row, BYTE.address, bytes, at, ADDRESS_BYTES);
  }

  /** Copies the identifier and returns its length. */
  copyIdentifier(row: number, out: Uint8Array, at: number): number {
    const length = this.identifierLength(row);
    if (length > INLINE_BYTES) this.#identifiers.copy(this.#rows.word(row, WORD.slot), length, out, at);
    else this.#rows.copy(row, BYTE.identifier, length, out, at);
    return length;
  }

  /** What is remembered beside the lease, if anything is. */
  note(row: number): Note | undefined {
    const bytes = new Uint8Array(NOTE_BYTES);
    return decodeNote(bytes.subarray(0, this.notes.copy(row, bytes, 0)));
  }

  /** Rows have numbers below this; those of state `free` are none. For lists and snapshots, a page at a time. */
  get end(): number {
    return this.#rows.end;
  }

  /**
   * Shows `visit` the rows whose time is over, among the next `maxRows` rows; the next call goes on behind them. The
   * visitor may remove or change the row it is shown. Returns how many it was shown.
   */
  sweep(nowSeconds: number, maxRows: number, visit: (row: number) => void): number {
    let shown = 0;
    const rows = Math.min(maxRows, this.#rows.end);
    for (let i = 0; i < rows; i++) {
      if (this.#swept >= this.#rows.end) this.#swept = 0;
      const row = this.#swept++;
      const until = this.validUntilSeconds(row);
      if (this.state(row) === STATE.free || until > nowSeconds) continue;
      visit(row);
      shown++;
    }
    return shown;
  }

  /** Where the next rows will stand and the sweep goes on: beside the images of its rows, all that a table remembers. */
  get layout(): { readonly free: readonly number[]; readonly swept: number } {
    return { free: this.#rows.free(), swept: this.#swept };
  }

  /** Of an empty table: rows are taken in this order. */
  arrange(order: readonly number[], swept: number): void {
    this.#rows.arrange(order);
    this.#swept = swept;
  }

  #isOf(row: number, link: number, type: number, iaid: number, bytes: Uint8Array, at: number, length: number): boolean {
    const rows = this.#rows;
    if (rows.word(row, WORD.iaid) !== iaid >>> 0) return false;
    if ((rows.word(row, BYTE.link / 4) & LINK_AND_TYPE) !== ((link & 0xffff) | ((type & 0xff) << 16))) return false;
    return this.isIdentifier(row, bytes, at, length);
  }

  #sameClient(row: number, other: number): boolean {
    const length = this.copyIdentifier(row, this.#identifier, 0);
    return this.#isOf(other, this.link(row), this.type(row), this.iaid(row), this.#identifier, 0, length);
  }

  #leaveClient(row: number): void {
    const length = this.identifierLength(row);
    if (length === 0) return;
    this.#byClient.remove(this.#rows.signedWord(row, WORD.hash), row);
    if (length > INLINE_BYTES) this.#identifiers.giveBack(this.#rows.word(row, WORD.slot));
  }
}
