/**
 * What clients are told besides their leases: one row for each option, written whole when the configuration or the addresses
 * of a link change, copied when a client asks for it (RFC 9915 §18.3: by its option request, and nothing unasked).
 */
import { Writer } from "../../../base/cursor.ts";
import { type Ipv6Address, ipv6Bytes } from "../../../base/ipv6.ts";
import type { Dhcp6Pools, ServedOption } from "../dhcp6-config.ts";
import type { ReplyBatch } from "./batch.ts";
import { OPTION } from "./codes.ts";
import type { ClientMessage } from "./message.ts";
import { u16At } from "./octets.ts";

/** What the rows are made of. */
export type LinkFacts = { readonly pools: Dhcp6Pools; readonly ownAddress: Ipv6Address | undefined };

/** The options of one link, each as its bytes with code and length. */
export class ReplyOptions {
  readonly #codes: readonly number[];
  readonly #encoded: readonly Uint8Array[];
  /** The answer in which each was last written: a code asked for twice is answered once. */
  readonly #writtenIn: Float64Array;
  #answer = 0;

  constructor(facts: LinkFacts) {
    const sent = optionsOf(facts);
    this.#codes = sent.map(({ code }) => code);
    this.#encoded = sent.map(encoded);
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

/** Where no resolver is configured, hosts ask us. */
function optionsOf({ pools, ownAddress }: LinkFacts): readonly ServedOption[] {
  const asksUs = pools.ownResolver && ownAddress !== undefined && !pools.options.some(({ code }) => code === OPTION.dnsServers);
  return asksUs ? [...pools.options, { code: OPTION.dnsServers, value: ipv6Bytes(ownAddress), forced: false }] : pools.options;
}

function encoded({ code, value }: ServedOption): Uint8Array {
  const writer = new Writer();
  writer.u16(code);
  writer.u16(value.length);
  writer.bytes(value);
  return writer.take();
}
