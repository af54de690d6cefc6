/**
 * What clients are told besides their leases: one row for each option, written whole when the configuration or the addresses
 * of a link change, copied when a client asks for it (RFC 9915 §18.3: by its option request, and nothing unasked).
 */
import { Writer } from "../../../base/cursor.ts";
import type { Ipv6Address } from "../../../base/ipv6.ts";
import { OPTIONS } from "../../../wire/dhcp6/options.ts";
import type { Dhcp6Pools } from "../config.ts";
import type { ReplyBatch } from "./batch.ts";
import { OPTION } from "./codes.ts";
import type { ClientMessage } from "./message.ts";
import { u16At } from "./octets.ts";

/** What a server says whatever the link; what is undefined or 0 is not said. */
export type ServerWishes = {
  /** 0 to 255 (RFC 9915 §21.8). */
  readonly preference: number;
  /** 60 to 86400 (RFC 9915 §21.24, §21.25). */
  readonly solMaxRtSeconds: number | undefined;
  readonly infMaxRtSeconds: number | undefined;
};
export const NO_WISHES: ServerWishes = { preference: 0, solMaxRtSeconds: undefined, infMaxRtSeconds: undefined };

/** What the rows are made of. */
export type LinkFacts = { readonly pools: Dhcp6Pools; readonly ownAddress: Ipv6Address | undefined; readonly wishes: ServerWishes };
type Row = { readonly code: number; readonly write: (writer: Writer, facts: LinkFacts) => void };

/** A row that writes nothing stands for an option that is not sent. */
const ROWS: readonly Row[] = [
  {
    code: OPTION.dnsServers,
    write: (writer, { pools, ownAddress }) => {
      const servers = pools.dnsServers.length > 0 || ownAddress === undefined ? pools.dnsServers : [ownAddress];
      if (servers.length > 0) OPTIONS.dnsServers.codec.encode(writer, servers);
    },
  },
  {
    code: OPTION.domainSearch,
    write: (writer, { pools }) => {
      if (pools.searchDomains.length > 0) OPTIONS.domainSearch.codec.encode(writer, pools.searchDomains);
    },
  },
  { code: OPTION.solMaxRt, write: (writer, { wishes }) => seconds(writer, wishes.solMaxRtSeconds) },
  { code: OPTION.infMaxRt, write: (writer, { wishes }) => seconds(writer, wishes.infMaxRtSeconds) },
];

/** The options of one link, each as its bytes with code and length. */
export class ReplyOptions {
  readonly #codes: readonly number[];
  readonly #encoded: readonly Uint8Array[];
  /** The answer in which each was last written: a code asked for twice is answered once. */
  readonly #writtenIn: Float64Array;
  #answer = 0;

  constructor(facts: LinkFacts) {
    const sent = ROWS.map((row) => ({ code: row.code, bytes: encoded(row, facts) })).filter(({ bytes }) => bytes.length > 0);
    this.#codes = sent.map(({ code }) => code);
    this.#encoded = sent.map(({ bytes }) => bytes);
    this.#writtenIn = new Float64Array(sent.length);
  }

  /** Writes what the client asked for, in the order in which it asked. */
  write(message: ClientMessage, out: ReplyBatch): void {
    const answer = ++this.#answer;
    const end = message.requestedAt + message.requestedLength;
    for (let at = message.requestedAt; at < end; at += 2) {
      const row = this.#codes.indexOf(u16At(message.bytes, at));
      if (row === -1 || this.#writtenIn[row] === answer) continue;
      this.#writtenIn[row] = answer;
      const bytes = this.#encoded[row];
      if (bytes !== undefined) out.copy(bytes, 0, bytes.length);
    }
  }
}

function encoded({ code, write }: Row, facts: LinkFacts): Uint8Array {
  const writer = new Writer();
  writer.u16(code);
  writer.u16(0);
  write(writer, facts);
  writer.patchU16(2, writer.length - 4);
  return writer.length > 4 ? writer.take() : new Uint8Array(0);
}

function seconds(writer: Writer, value: number | undefined): void {
  if (value !== undefined) writer.u32(value);
}
