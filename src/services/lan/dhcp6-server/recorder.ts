/** The DHCPv6 server, and a recording of it while somebody asked for one; without that, a packet passes one branch more. */
import { type Ipv6Prefix, ipv6Of } from "../../../base/ipv6.ts";
import { same } from "../../../base/same.ts";
import { LIMITS } from "../../../base/limits.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { ServedRows } from "../../../ports/datagrams.ts";
import type { LeaseChanges, LeaseOutcome } from "../../../ports/leases.ts";
import type { ReconfigureRequest } from "../../../ports/reconfigure.ts";
import type { DiskState } from "../../../ports/store.ts";
import { IMAGE_BYTES, writeImage } from "../../leases/images.ts";
import { type LeaseTable, STATE } from "../../leases/table.ts";
import { Recorder } from "../../recorder.ts";
import { withoutSecretOctets } from "../../../wire/dhcp6/blank.ts";
import type { LanConfig } from "../config.ts";
import type { ReplyBatch } from "./batch.ts";
import type { ChoiceNotes } from "./choice.ts";
import { piecesOf } from "./config-pieces.ts";
import { putU32 } from "./octets.ts";
import { type Dhcp6ServerEvent, type KeyedOutcomes, markOf, RECORDED_AS, saidIn } from "./recorded.ts";
import { Dhcp6Server, type Dhcp6ServerParts, type ServeMoment } from "./server.ts";
import type { WatchedAddress } from "./served-link.ts";
import type { Dhcp6ServerView } from "./view.ts";

/** Octets of images in one step: as text they are twice as many characters. */
const STEP_IMAGE_BYTES = 24_576;
const ROWS_PER_STEP = 4096;

export class RecordedDhcp6Server {
  readonly #server: Dhcp6Server;
  readonly #table: LeaseTable;
  readonly #recorder: Recorder;
  readonly #notes = new Notes();
  readonly #indexes = new Map<string, number>();
  readonly #addresses = new Map<string, readonly WatchedAddress[]>();
  #uplinks: readonly Ipv6Prefix[] = [];
  #configured: LanConfig | undefined;
  #disk: DiskState = "open";

  constructor(parts: Dhcp6ServerParts, clock: Clock) {
    this.#server = new Dhcp6Server(parts);
    this.#table = parts.table;
    this.#recorder = new Recorder(RECORDED_AS, clock, () => {
      this.#server.notes = undefined;
    });
  }

  configure(config: LanConfig): void {
    this.#configured = config;
    this.#server.configure(config);
    if (!this.#recorder.isOn) return;
    const pieced = piecesOf(config);
    for (const piece of pieced.pieces) this.#tell({ kind: "configuring", piece });
    this.#tell({ kind: "configured", config: pieced.config });
  }

  setIndex(name: string, index: number): void {
    this.#indexes.set(name, index);
    this.#server.setIndex(name, index);
    this.#tell({ kind: "index", name, index });
  }

  setAddresses(name: string, addresses: readonly WatchedAddress[]): void {
    this.#addresses.set(name, addresses);
    this.#server.setAddresses(name, addresses);
    this.#tell({ kind: "addresses", name, addresses });
  }

  /** Told with every route; only what differs is passed on. */
  setUplinkPrefixes(prefixes: readonly Ipv6Prefix[]): void {
    if (same(prefixes, this.#uplinks)) return;
    this.#uplinks = prefixes;
    this.#server.setUplinkPrefixes(prefixes);
    this.#tell({ kind: "uplinks", prefixes });
  }

  leasesLoaded(): void {
    this.#server.leasesLoaded();
  }

  serve(batch: ServedRows, at: ServeMoment, out: ReplyBatch, first = 0): number {
    return this.#recorder.isOn ? this.#recordServed(batch, at, out, first) : this.#server.serve(batch, at, out, first);
  }

  sweep(at: ServeMoment, maxRows: number, out: ReplyBatch): void {
    this.#server.sweep(at, maxRows, out);
    if (this.#recorder.isOn) this.#recorder.add({ kind: "swept", seconds: at.seconds, maxRows }, saidIn(out));
  }

  diskIs(state: DiskState): void {
    this.#disk = state;
    this.#server.diskIs(state);
    this.#tell({ kind: "disk", state });
  }

  change(changes: LeaseChanges, at: ServeMoment, out: ReplyBatch): readonly LeaseOutcome[] {
    const outcomes = this.#server.change(changes, at, out);
    if (this.#recorder.isOn) this.#recorder.add({ kind: "changed", seconds: at.seconds, changes }, [outcomes, ...saidIn(out)]);
    return outcomes;
  }

  /** @returns the number of the round, or why there is none */
  reconfigure(request: ReconfigureRequest): number | "no-link" | "off" {
    const wish = this.#server.wishOf(request);
    if (typeof wish === "string") return wish;
    this.#tell({ kind: "reconfigure", wish });
    return this.#server.reconfigure(wish);
  }

  reconfigured(round: number): { readonly told: number; readonly isOver: boolean } {
    return this.#server.reconfigured(round);
  }

  view(): Dhcp6ServerView {
    return this.#server.view();
  }

  /** @returns false when nothing can be recorded: without a configuration, or with more leases than LIMITS.recordingLeases */
  record(seconds: number): boolean {
    const configured = this.#configured;
    const { end } = this.#table;
    if (configured === undefined || end > LIMITS.recordingLeases) return false;
    this.#recorder.start(seconds);
    const { free, swept } = this.#table.layout;
    for (let at = 0; at < free.length; at += ROWS_PER_STEP) this.#tell({ kind: "free", rows: free.slice(at, at + ROWS_PER_STEP) });
    this.#tell({ kind: "table", end, swept });
    this.#tellLeases();
    this.#tell({ kind: "disk", state: this.#disk });
    for (const [name, index] of this.#indexes) this.#tell({ kind: "index", name, index });
    for (const [name, addresses] of this.#addresses) this.#tell({ kind: "addresses", name, addresses });
    this.#tell({ kind: "uplinks", prefixes: this.#uplinks });
    // Told again here too: what pools and overlaps remember of earlier times is not in the table.
    this.configure(configured);
    for (const state of this.#server.reconfiguring()) this.#tell({ kind: "reconfiguring", state });
    if (this.#recorder.isOn) this.#server.notes = this.#notes;
    return this.#recorder.isOn;
  }

  /** The recording that was asked for, which ends with this. */
  take(): readonly string[] | undefined {
    return this.#recorder.take();
  }

  #tell(event: Dhcp6ServerEvent): void {
    if (this.#recorder.isOn) this.#recorder.add(event, []);
  }

  #tellLeases(): void {
    const images = new Uint8Array(STEP_IMAGE_BYTES);
    let end = 0;
    for (let row = 0; row < this.#table.end; row++) {
      if (this.#table.state(row) === STATE.free) continue;
      end += writeImage(this.#table, row, images, end);
      if (end + IMAGE_BYTES <= images.length) continue;
      this.#tell({ kind: "leases", images: images.slice(0, end) });
      end = 0;
    }
    if (end > 0) this.#tell({ kind: "leases", images: images.slice(0, end) });
  }

  /** One datagram at a time, each a step of its own. */
  #recordServed(batch: ServedRows, at: ServeMoment, out: ReplyBatch, first: number): number {
    const { bytes, offsets, lengths, links, ports, addresses, multicast } = batch;
    for (let row = first; row < batch.count; row++) {
      if (!out.hasRoom) return row;
      const before = markOf(out);
      const start = offsets[row] ?? 0;
      // One octet more than is read at all says as much as all of them.
      const length = Math.min(lengths[row] ?? 0, LIMITS.datagramBytes + 1);
      const datagram = {
        payload: withoutSecretOctets(bytes.subarray(start, start + length)),
        link: links[row] ?? 0,
        from: ipv6Of(addresses.slice(16 * row, 16 * row + 16)),
        port: ports[row] ?? 0,
        multicast: multicast[row] === 1,
      };
      this.#notes.clear();
      this.#server.serve({ count: row + 1, bytes, offsets, lengths, links, ports, addresses, multicast }, at, out, row);
      this.#recorder.add({ kind: "received", seconds: at.seconds, datagram, ...this.#notes.outcomes() }, saidIn(out, before));
    }
    return batch.count;
  }
}

class Notes implements ChoiceNotes {
  #hashes: number[] = [];
  #offers: number[] = [];

  clear(): void {
    this.#hashes = [];
    this.#offers = [];
  }

  hashed(high: number, low: number): void {
    this.#hashes.push(high, low);
  }

  offerStands(free: boolean): void {
    this.#offers.push(free ? 1 : 0);
  }

  outcomes(): KeyedOutcomes {
    const hashes = new Uint8Array(4 * this.#hashes.length);
    for (const [i, half] of this.#hashes.entries()) putU32(hashes, 4 * i, half);
    return { hashes, offers: Uint8Array.from(this.#offers) };
  }
}
