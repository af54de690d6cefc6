/**
 * What clients are told besides their leases: one row for each code, written whole when the configuration or the addresses of a
 * link change, copied when a client asks for it (RFC 9915 §18.3: by its option request), or where the operator has it said to all.
 */
import { Writer } from "../../../base/cursor.ts";
import { type Ipv6Address, ipv6Bytes } from "../../../base/ipv6.ts";
import { LIMITS } from "../../../base/limits.ts";
import { UNASKED_OPTIONS } from "../../../wire/dhcp6/options.ts";
import type { BootFile, ServedOption, ServedOptions } from "../dhcp6-config.ts";
import type { ReplyBatch } from "./batch.ts";
import { OPTION, SIZE } from "./codes.ts";
import type { ClientMessage } from "./message.ts";
import { u16At } from "./octets.ts";

/** What the rows are made of. */
export type LinkFacts = { readonly pools: ServedOptions & { readonly ownResolver?: boolean }; readonly ownAddress: Ipv6Address | undefined };

const BOOT: readonly number[] = [OPTION.bootFileUrl, OPTION.bootFileParameters];
/** Written by the server itself whatever is configured: nobody else's are believed. */
const WRITTEN_ELSEWHERE: ReadonlySet<number> = new Set([...UNASKED_OPTIONS, OPTION.clientFqdn, OPTION.informationRefresh]);

/** One set of options, as a link, or a link with classes and a reserved host, has it. */
export class ReplyOptions {
  readonly served: ServedOptions;
  /** What the information refresh time is where the operator says so: of answers to Information-requests alone (RFC 9915 §21.23). */
  readonly refresh: ServedOption | undefined;
  readonly #codes: readonly number[];
  /** Every option of the code with its header; none of what a client boots, which is looked for. */
  readonly #encoded: readonly (Uint8Array | undefined)[];
  /** Rows that are said unasked. */
  readonly #forced: readonly number[];
  /** The answer in which each was last written: a code asked for twice is answered once. */
  readonly #writtenIn: Float64Array;
  readonly #boot: readonly BootRow[];
  #answer = 0;

  constructor(facts: LinkFacts) {
    this.served = { options: optionsOf(facts), boot: facts.pools.boot };
    const { options } = this.served;
    this.refresh = options.findLast(({ code }) => code === OPTION.informationRefresh);
    const rows = rowsOf(options.filter(({ code }) => !WRITTEN_ELSEWHERE.has(code) && !BOOT.includes(code)));
    this.#boot = facts.pools.boot.map(bootRow);
    const bootRows = this.#boot.length === 0 ? [] : BOOT.map((code) => ({ code, bytes: undefined, forced: this.#boot.some(forces(code)) }));
    const all = [...rows, ...bootRows];
    this.#codes = all.map(({ code }) => code);
    this.#encoded = all.map(({ bytes }) => bytes);
    this.#forced = all.flatMap(({ forced }, row) => (forced ? [row] : []));
    this.#writtenIn = new Float64Array(all.length);
  }

  /** Writes what the client asked for, in the order in which it asked, then what is said to everyone. */
  write(message: ClientMessage, out: ReplyBatch): void {
    const answer = ++this.#answer;
    const end = message.requestedAt + message.requestedLength;
    for (let at = message.requestedAt; at < end; at += 2) {
      const row = this.#codes.indexOf(u16At(message.bytes, at));
      if (row !== -1 && this.#writtenIn[row] !== answer) this.#writeRow(row, message, out);
    }
    for (let i = 0; i < this.#forced.length; i++) {
      const row = this.#forced[i] ?? 0;
      if (this.#writtenIn[row] !== answer) this.#writeRow(row, message, out);
    }
  }

  #writeRow(row: number, message: ClientMessage, out: ReplyBatch): void {
    this.#writtenIn[row] = this.#answer;
    const bytes = this.#encoded[row] ?? this.#bootFile(message)?.[this.#codes[row] === OPTION.bootFileUrl ? "url" : "parameters"];
    if (bytes !== undefined) out.copy(bytes, 0, bytes.length);
  }

  /** Of the first architecture in the client's list that there is something for; else of every other one (RFC 5970 §3.3). */
  #bootFile(message: ClientMessage): BootRow | undefined {
    const option = message.optionOf(OPTION.clientArchitectures);
    const at = option === -1 ? 0 : message.valueAt(option);
    const end = option === -1 ? 0 : at + (message.valueLength(option) & ~1);
    for (let each = at; each < end; each += 2) {
      const architecture = u16At(message.bytes, each);
      const found = this.#boot.find((one) => one.architecture === architecture);
      if (found !== undefined) return found;
    }
    return this.#boot.find((one) => one.architecture === undefined);
  }
}

type Row = { readonly code: number; readonly bytes: Uint8Array; readonly forced: boolean };
type BootRow = {
  readonly architecture: number | undefined;
  readonly url: Uint8Array | undefined;
  readonly parameters: Uint8Array | undefined;
  readonly forced: readonly number[];
};

/** Where no resolver is configured, hosts ask us. */
function optionsOf({ pools, ownAddress }: LinkFacts): readonly ServedOption[] {
  const asksUs = pools.ownResolver === true && ownAddress !== undefined && !pools.options.some(({ code }) => code === OPTION.dnsServers);
  return asksUs ? [...pools.options, { code: OPTION.dnsServers, value: ipv6Bytes(ownAddress), forced: false }] : pools.options;
}

/** A row for each code, in the order in which they are first said, as far as an answer has room. */
function rowsOf(options: readonly ServedOption[]): readonly Row[] {
  let room: number = LIMITS.servedOctets;
  return [...new Set(options.map(({ code }) => code))].flatMap((code) => {
    const own = options.filter((one) => one.code === code);
    const bytes = encoded(own);
    if (bytes.length > room) return [];
    room -= bytes.length;
    return [{ code, bytes, forced: own.some(({ forced }) => forced) }];
  });
}

function bootRow({ architecture, options }: BootFile): BootRow {
  const of = (code: number): Uint8Array | undefined => {
    const option = options.find((one) => one.code === code);
    return option === undefined || option.value.length > LIMITS.servedOptionBytes ? undefined : encoded([option]);
  };
  const forced = options.filter((one) => one.forced).map(({ code }) => code);
  return { architecture, url: of(OPTION.bootFileUrl), parameters: of(OPTION.bootFileParameters), forced };
}

function forces(code: number): (row: BootRow) => boolean {
  return ({ forced }) => forced.includes(code);
}

function encoded(options: readonly ServedOption[]): Uint8Array {
  const writer = new Writer(options.reduce((sum, { value }) => sum + SIZE.option + value.length, 0));
  for (const { code, value } of options) {
    writer.u16(code);
    writer.u16(value.length);
    writer.bytes(value);
  }
  return writer.take();
}
