/**
 * Who is called what: names that clients say of themselves and the addresses they were given, link by link, for a file that a resolver
 * reads. Found by walking through the table, a slice at a time, some time after something changed; told when it is another list.
 */
import { decodeAll } from "../../base/codec.ts";
import type { DomainName } from "../../base/domain.ts";
import { WireError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { after } from "../../base/time.ts";
import type { Alarm, Clock } from "../../ports/clock.ts";
import type { HostName, HostNamesFile } from "../../ports/leases.ts";
import { OPTIONS } from "../../wire/dhcp6/options.ts";
import { ipv6Of } from "../../base/ipv6.ts";
import { type LeaseTable, STATE } from "../leases/table.ts";
import type { LanConfig } from "./config.ts";
import { OPTION } from "./dhcp6-server/codes.ts";

/** What changes within it is told at once. */
const PAUSE_SECONDS = 1;
/** Rows looked at in one turn, and between two turns. */
const ROWS = 4096;
const TURN_SECONDS = 0.01;
/** A label of letters, digits and hyphens (RFC 952, RFC 1123 §2.1): nothing that ends a line or a field. */
const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

type Link = { readonly name: string; readonly domain: DomainName | undefined };
export type HostNamesParts = {
  readonly table: LeaseTable;
  readonly clock: Clock;
  readonly nowSeconds: () => number;
  readonly tell: (file: HostNamesFile) => void;
};

export class HostNames {
  readonly #parts: HostNamesParts;
  readonly #alarm: Alarm;
  readonly #address = new Uint8Array(16);
  /** By the number that leases have. */
  #links: ReadonlyMap<number, Link> = new Map();
  #found = new Map<number, HostName[]>();
  /** What was told of each link, to be compared with. */
  readonly #told = new Map<string, string>();
  #row = -1;
  #changed = false;
  #isOn = false;

  constructor(parts: HostNamesParts) {
    this.#parts = parts;
    this.#alarm = parts.clock.alarm(() => this.#walk());
  }

  /** Somebody keeps files of names, or does so no longer. */
  set areWanted(wanted: boolean) {
    this.#isOn = wanted;
    this.#told.clear();
    if (wanted) this.change();
  }

  get areWanted(): boolean {
    return this.#isOn;
  }

  configure({ interfaces, relayedLinks }: LanConfig): void {
    const served = interfaces.flatMap(({ number, name, dhcp6 }) => (dhcp6.mode === "server" ? [{ number, name, pools: dhcp6.pools }] : []));
    this.#links = new Map([...served, ...relayedLinks].map(({ number, name, pools }) => [number, { name, domain: domainIn(pools.options) }]));
    this.change();
  }

  /** Some lease is another one than before. */
  change(): void {
    if (!this.#isOn || this.#changed) return;
    this.#changed = true;
    if (this.#row === -1) this.#alarm.set(after(this.#parts.clock.now(), PAUSE_SECONDS));
  }

  #walk(): void {
    if (!this.#isOn) {
      this.#row = -1;
      return;
    }
    const { table, clock } = this.#parts;
    if (this.#row === -1) {
      this.#row = 0;
      this.#changed = false;
      this.#found = new Map();
    }
    const end = Math.min(table.end, this.#row + ROWS);
    for (; this.#row < end; this.#row++) this.#look(this.#row);
    if (this.#row < table.end) return this.#alarm.set(after(clock.now(), TURN_SECONDS));
    this.#row = -1;
    this.#tell();
    if (this.#changed) this.#alarm.set(after(clock.now(), PAUSE_SECONDS));
  }

  #look(row: number): void {
    const { table, nowSeconds } = this.#parts;
    if (table.state(row) !== STATE.bound || table.type(row) !== OPTION.iaNa || table.notes.blocks(row) === 0) return;
    if (table.validUntilSeconds(row) <= nowSeconds()) return;
    const [name = ""] = table.note(row)?.hostName?.split(".") ?? [];
    const link = table.link(row);
    const names = this.#found.get(link) ?? [];
    if (!LABEL.test(name) || names.length >= LIMITS.hostNames || !this.#links.has(link)) return;
    table.copyAddress(row, this.#address, 0);
    names.push({ address: ipv6Of(this.#address), hostName: name });
    this.#found.set(link, names);
  }

  #tell(): void {
    for (const [number, { name, domain }] of this.#links) {
      const names = (this.#found.get(number) ?? []).toSorted((a, b) => (a.address < b.address ? -1 : 1));
      const text = `${domain ?? ""} ${names.map(({ address, hostName }) => `${address} ${hostName}`).join()}`;
      if (this.#told.get(name) === text) continue;
      this.#told.set(name, text);
      this.#parts.tell({ name, domain, names });
    }
    this.#found = new Map();
  }
}

/** The first of the search list. */
function domainIn(options: readonly { readonly code: number; readonly value: Uint8Array }[]): DomainName | undefined {
  const value = options.find(({ code }) => code === OPTIONS.domainSearch.code)?.value;
  if (value === undefined) return undefined;
  try {
    return decodeAll(OPTIONS.domainSearch.codec, value)[0];
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
