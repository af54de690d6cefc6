/** An Ethernet segment: every frame reaches every other port, late, twice, changed or not at all, as the seed will have it. */
import { instant } from "../base/time.ts";
import type { Ipv4Address } from "../base/ipv4.ts";
import type { MacAddress } from "../base/mac.ts";
import { Chance } from "./chance.ts";
import type { Timeline } from "./clock.ts";

export type LinkFaults = {
  readonly lossPerMille: number;
  readonly duplicatePerMille: number;
  /** So many frames are held back by up to a second, and are overtaken. */
  readonly reorderPerMille: number;
  readonly flipPerMille: number;
  readonly delayMs: number;
};
export const NO_FAULTS: LinkFaults = { lossPerMille: 0, duplicatePerMille: 0, reorderPerMille: 0, flipPerMille: 0, delayMs: 0 };

export type Fate = "sent" | "lost" | "cut" | "flipped" | "doubled" | "held back";
export type Port = {
  readonly name: string;
  /** No frame gets in or out: a partition, or a cable that is not there. */
  cut: boolean;
  readonly take: (frame: Uint8Array) => void;
  /** Whether this port would answer an ARP request for the address, and with what. */
  readonly resolve: (address: Ipv4Address) => MacAddress | undefined;
};

const LEAST_DELAY_MS = 0.2;
const HELD_BACK_MS = 1000;

export class Segment {
  faults: LinkFaults = NO_FAULTS;
  readonly fates = new Map<Fate, number>();
  readonly #ports: Port[] = [];
  readonly #timeline: Timeline;
  readonly #chance: Chance;

  constructor(timeline: Timeline, ...seed: readonly number[]) {
    this.#timeline = timeline;
    this.#chance = new Chance(...seed);
  }

  attach(port: Port): Port {
    this.#ports.push(port);
    return port;
  }

  send(from: Port, frame: Uint8Array): void {
    for (const to of this.#ports) if (to !== from) this.#carry(from, to, frame);
  }

  /** The hardware address a host would learn by ARP; ARP itself is left to real kernels. */
  resolve(from: Port, address: Ipv4Address): MacAddress | undefined {
    if (from.cut) return undefined;
    for (const port of this.#ports) {
      const mac = port.cut || port === from ? undefined : port.resolve(address);
      if (mac !== undefined) return mac;
    }
    return undefined;
  }

  #carry(from: Port, to: Port, frame: Uint8Array): void {
    const { lossPerMille, duplicatePerMille, reorderPerMille, flipPerMille, delayMs } = this.faults;
    if (from.cut || to.cut) return this.#count("cut");
    if (this.#chance.perMille(lossPerMille)) return this.#count("lost");
    const flipped = this.#chance.perMille(flipPerMille);
    const held = this.#chance.perMille(reorderPerMille);
    const copies = this.#chance.perMille(duplicatePerMille) ? 2 : 1;
    this.#count(flipped ? "flipped" : held ? "held back" : copies === 2 ? "doubled" : "sent");
    for (let i = 0; i < copies; i++) {
      const late = this.#chance.between(0, delayMs) + (held ? this.#chance.between(0, HELD_BACK_MS) : 0);
      const bytes = flipped ? flip(frame, this.#chance.below(frame.length * 8)) : frame.slice();
      this.#timeline.schedule(instant(this.#timeline.now + LEAST_DELAY_MS + late), () => {
        if (!to.cut) to.take(bytes);
      });
    }
  }

  #count(fate: Fate): void {
    this.fates.set(fate, (this.fates.get(fate) ?? 0) + 1);
  }
}

function flip(frame: Uint8Array, bit: number): Uint8Array {
  return frame.map((byte, i) => (i === bit >>> 3 ? byte ^ (1 << (bit & 7)) : byte));
}
