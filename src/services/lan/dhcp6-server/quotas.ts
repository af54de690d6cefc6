/**
 * How many leases a client, a link and a port of a relay hold, where the operator limits that: more are not given, and what is held goes on.
 * Of relays' ports it is known by what came through them since the program began. Nothing is counted that no limit asks for.
 */
import { Fingerprint } from "../../leases/fingerprint.ts";
import { type LeaseTable, STATE } from "../../leases/table.ts";
import { Counters } from "../../counters.ts";
import { IDENTIFIER_BYTES } from "../../leases/keys.ts";
import type { LanConfig } from "../config.ts";
import type { ServerLimits } from "../dhcp6-config.ts";
import { OPTION } from "./codes.ts";
import type { Holdings } from "./ledger.ts";
import { u16At } from "./octets.ts";
import type { Seeker } from "./seeker.ts";

const FIRST_ROWS = 1024;

export class Quotas {
  /** What was not given, by the limit that was reached. */
  readonly refused = new Counters();
  /** Leases that are offered in the answer at hand, beside those that are held. */
  offered = 0;
  readonly #table: LeaseTable;
  readonly #fingerprint: Fingerprint;
  readonly #identifier = new Uint8Array(IDENTIFIER_BYTES);
  /** Whether anything is limited. */
  isOn = false;
  #countsClients = false;
  #countsPorts = false;
  readonly #clients = new Map<number, number>();
  readonly #ports = new Map<number, number>();
  /** Through which port each row was promised last; 0: through none that is known. */
  #portOf = new Float64Array(0);
  /** Of the message at hand. */
  #port = 0;

  constructor(table: LeaseTable) {
    this.#table = table;
    this.#fingerprint = new Fingerprint(table.shape.key);
  }

  configure({ interfaces, relayedLinks }: Pick<LanConfig, "interfaces" | "relayedLinks">): void {
    const limits = [
      ...interfaces.flatMap(({ dhcp6 }) => (dhcp6.mode === "server" ? [dhcp6.pools.limits] : [])),
      ...relayedLinks.map(({ pools }) => pools.limits),
    ];
    this.isOn = limits.some((one) => one.leasesPerLink !== undefined || one.leasesPerClient !== undefined || one.leasesPerRelayPort !== undefined);
    this.#countsClients = limits.some((one) => one.leasesPerClient !== undefined);
    this.#countsPorts = limits.some((one) => one.leasesPerRelayPort !== undefined);
    this.recount();
  }

  /** After the table was filled from elsewhere. */
  recount(): void {
    this.#clients.clear();
    this.#ports.clear();
    this.#portOf = new Float64Array(this.#countsPorts ? Math.max(FIRST_ROWS, this.#table.end) : 0);
    if (!this.#countsClients) return;
    for (let row = 0; row < this.#table.end; row++) if (this.#table.state(row) === STATE.bound) change(this.#clients, this.#clientOf(row), 1);
  }

  /** Another message. */
  begin(seeker: Seeker): void {
    this.offered = 0;
    this.#port = this.#countsPorts ? this.#portFor(seeker) : 0;
  }

  /** Whether a client may be given one lease more. @param held by its link */
  mayTake(seeker: Seeker, { addresses, prefixes }: Holdings): boolean {
    const { leasesPerClient, leasesPerLink, leasesPerRelayPort } = seeker.link.identity.pools.limits;
    if (leasesPerLink !== undefined && addresses + prefixes + this.offered >= leasesPerLink) return this.#refuses("leasesPerLink");
    if (leasesPerClient !== undefined && (this.#clients.get(this.#clientFor(seeker)) ?? 0) + this.offered >= leasesPerClient)
      return this.#refuses("leasesPerClient");
    if (leasesPerRelayPort !== undefined && this.#port !== 0 && (this.#ports.get(this.#port) ?? 0) + this.offered >= leasesPerRelayPort)
      return this.#refuses("leasesPerRelayPort");
    return true;
  }

  /** A lease was promised, for the first time or again. */
  promised(row: number): void {
    if (!this.#countsPorts || this.#port === 0) return;
    if (row >= this.#portOf.length) {
      const wider = new Float64Array(2 * row);
      wider.set(this.#portOf);
      this.#portOf = wider;
    }
    if (this.#portOf[row] === this.#port) return;
    this.#leavePort(row);
    this.#portOf[row] = this.#port;
    change(this.#ports, this.#port, 1);
  }

  /** A lease begins to be held, or ends. */
  held(row: number, by: 1 | -1): void {
    if (this.#countsClients) change(this.#clients, this.#clientOf(row), by);
    if (this.#countsPorts && by === -1) this.#leavePort(row);
  }

  #leavePort(row: number): void {
    const port = this.#portOf[row] ?? 0;
    if (port === 0) return;
    change(this.#ports, port, -1);
    this.#portOf[row] = 0;
  }

  #refuses(limit: keyof ServerLimits): false {
    this.refused.add(limit);
    return false;
  }

  #clientOf(row: number): number {
    const length = this.#table.copyIdentifier(row, this.#identifier, 0);
    return this.#fingerprint.begin(this.#table.link(row)).add(this.#identifier, 0, length).value;
  }

  #clientFor({ link, message }: Seeker): number {
    return this.#fingerprint.begin(link.identity.number).add(message.bytes, message.clientIdAt, message.clientIdLength).value;
  }

  /** The outermost relay's address, and on which of its interfaces it heard the message. */
  #portFor({ chain, via, fromAt }: Seeker): number {
    if (chain.depth === 0) return 0;
    const idAt = chain.optionAt(0, OPTION.interfaceId);
    this.#fingerprint.begin(0).add(via, fromAt, 16);
    return idAt === -1 ? this.#fingerprint.value : this.#fingerprint.add(chain.bytes, idAt, u16At(chain.bytes, idAt - 2)).value;
  }
}

function change(counts: Map<number, number>, key: number, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
