/** Plays a recording of the DHCPv6 server again: what was told is told to another one, which is given what keys had a say in. */
import { absurd } from "../../../base/errors.ts";
import { ipv6Bytes } from "../../../base/ipv6.ts";
import { LIMITS } from "../../../base/limits.ts";
import type { Stepped } from "../../../machines/machine.ts";
import type { KeyedHash } from "../../../ports/secrets.ts";
import { applyImage } from "../../leases/images.ts";
import { LeaseTable } from "../../leases/table.ts";
import { PacketBatch, REPLY_SHAPE, ReplyBatch } from "./batch.ts";
import type { OfferBook } from "./choice.ts";
import { type ConfigPiece, joined } from "./config-pieces.ts";
import { word } from "./octets.ts";
import { type Dhcp6ServerEvent, type KeyedOutcomes, RECORDED_AS, saidIn } from "./recorded.ts";
import { Dhcp6Server } from "./server.ts";

const ANY_KEY = Uint8Array.from({ length: 16 }, (_, i) => i);

/** As a machine: its state is in its tables, and effects are all that it says. */
export class Dhcp6ServerPlayer {
  readonly name = RECORDED_AS;
  readonly #told = new Told();
  readonly #free: number[] = [];
  readonly #pieces: ConfigPiece[] = [];
  readonly #table: LeaseTable;
  readonly #server: Dhcp6Server;
  readonly #packet = new PacketBatch({ slots: 1, arenaBytes: LIMITS.datagramBytes + 1 });
  readonly #out = new ReplyBatch(REPLY_SHAPE);

  /** @param key of the table: it changes nothing */
  constructor(key: Uint8Array = ANY_KEY) {
    this.#table = new LeaseTable({ key, maxLeases: LIMITS.leases, maxRowsPerClient: LIMITS.leasesPerClient });
    this.#server = new Dhcp6Server({ table: this.#table, offers: this.#told, key: this.#told });
  }

  step(_: null, event: Dhcp6ServerEvent): Stepped<null, unknown> {
    return { state: null, effects: this.#said(event) };
  }

  #said(event: Dhcp6ServerEvent): readonly unknown[] {
    switch (event.kind) {
      case "free":
        this.#free.push(...event.rows);
        return [];
      case "table": {
        const free = new Set(this.#free);
        const used = Array.from({ length: event.end }, (_, row) => row).filter((row) => !free.has(row));
        this.#table.arrange([...used, ...free], event.swept);
        return [];
      }
      case "leases":
        this.#apply(event.images);
        return [];
      case "index":
        this.#server.setIndex(event.name, event.index);
        return [];
      case "addresses":
        this.#server.setAddresses(event.name, event.addresses);
        return [];
      case "uplinks":
        this.#server.setUplinkPrefixes(event.prefixes);
        return [];
      case "configuring":
        this.#pieces.push(event.piece);
        return [];
      case "configured":
        this.#server.configure(joined({ pieces: this.#pieces.splice(0), config: event.config }));
        return [];
      case "reconfiguring":
        this.#server.goOnReconfiguring(event.state);
        return [];
      case "reconfigure":
        this.#server.reconfigure(event.wish);
        return [];
      case "swept":
        this.#out.clear();
        this.#server.sweep({ seconds: event.seconds }, event.maxRows, this.#out);
        return saidIn(this.#out);
      case "disk":
        this.#server.diskIs(event.state);
        return [];
      case "changed":
        this.#out.clear();
        return [this.#server.change(event.changes, event, this.#out), ...saidIn(this.#out)];
      case "received":
        return this.#answered(event);
      default:
        return absurd(event);
    }
  }

  #apply(images: Uint8Array): void {
    for (let at = 0; at < images.length; ) {
      const used = applyImage(this.#table, images, at, images.length);
      if (used === 0) throw new RangeError("an image of a lease that is none");
      at += used;
    }
    this.#server.leasesLoaded();
  }

  #answered({ seconds, datagram, ...outcomes }: Extract<Dhcp6ServerEvent, { readonly kind: "received" }>): readonly unknown[] {
    const { payload, from, ...way } = datagram;
    this.#packet.clear();
    this.#out.clear();
    this.#told.begin(outcomes);
    this.#packet.add(payload, { address: ipv6Bytes(from), ...way });
    this.#server.serve(this.#packet, { seconds }, this.#out);
    this.#told.end();
    return saidIn(this.#out);
  }
}

/** Gives what was noted, in its order; whoever asks for more or less than that does something else than was recorded. */
class Told implements KeyedHash, OfferBook {
  high = 0;
  low = 0;
  #outcomes: KeyedOutcomes = { hashes: new Uint8Array(0), offers: new Uint8Array(0) };
  #hash = 0;
  #offer = 0;

  begin(outcomes: KeyedOutcomes): void {
    this.#outcomes = outcomes;
    this.#hash = 0;
    this.#offer = 0;
  }

  end(): void {
    const { hashes, offers } = this.#outcomes;
    if (this.#hash !== hashes.length || this.#offer !== offers.length) throw new RangeError("fewer places were looked at than were recorded");
  }

  hash(): number {
    const { hashes } = this.#outcomes;
    if (this.#hash === hashes.length) throw new RangeError("more places were looked at than were recorded");
    this.high = word(hashes, this.#hash) >>> 0;
    this.low = word(hashes, this.#hash + 4) >>> 0;
    this.#hash += 8;
    return this.low;
  }

  put(): void {
    // What it would lead to was noted when it was asked for.
  }

  isFreeFor(): boolean {
    const free = this.#outcomes.offers[this.#offer++];
    if (free === undefined) throw new RangeError("more offers were asked for than were recorded");
    return free === 1;
  }
}
