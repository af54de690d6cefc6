/** Makes datagrams for `server-flood.ts`, in place and without an object for each: copied, put together from options, wrapped, broken. */
import { LIMITS } from "../../src/base/limits.ts";
import { type Duid, duidBytes } from "../../src/base/duid.ts";
import { iaAddress, iaNa, iaPd, iaPrefix } from "../../src/wire/dhcp6/leases.ts";
import { encodeDhcp6 } from "../../src/wire/dhcp6/message.ts";
import { client, ip, net, relayed, said, SERVER } from "../services/lan/dhcp6-server/support.ts";
import { dhcp6Samples } from "./decoders.ts";

/** Chance that is cheap: xorshift of 32 bits (Marsaglia 2003). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) | 1;
  }

  below(count: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % count;
  }
}

const KINDS = ["solicit", "request", "confirm", "renew", "rebind", "release", "decline", "informationRequest"] as const;
const ADDRESSED: readonly number[] = [3, 5, 8, 9];
const WITHOUT_IA = 11;
const CODES = { clientId: 1, serverId: 2, iaNa: 3, iaTa: 4, relayMessage: 9, iaPd: 25 } as const;
const CLIENTS = 48;
const INTERESTING = [0, 1, 2, 4, 8, 12, 16, 24, 25, 127, 128, 129, 130, 131, 254, 255] as const;
const HEADER_BYTES = 4;
const RELAY_HEADER_BYTES = 34;
const OPTION_BYTES = 4;
/** Room that one datagram is made in. */
const MOST_BYTES = LIMITS.datagramBytes + 256;

export class Maker {
  readonly #dice: Dice;
  readonly #whole: readonly Uint8Array[];
  readonly #samples: readonly Uint8Array[] = dhcp6Samples();
  readonly #options: readonly Uint8Array[];
  readonly #duids: readonly Uint8Array[] = Array.from({ length: CLIENTS }, (_, n) => duidBytes(client(n + 1).duid));
  readonly #server: Uint8Array;
  readonly #scratch = new Uint8Array(2 * MOST_BYTES);

  constructor(dice: Dice, server: Duid = SERVER) {
    this.#dice = dice;
    this.#server = duidBytes(server);
    this.#whole = wholeMessages(server);
    this.#options = [...this.#whole, ...this.#samples].flatMap(optionsIn);
  }

  /** @returns how long it is */
  make(into: Uint8Array, at: number): number {
    const dice = this.#dice;
    const toss = dice.below(1000);
    if (toss < 450) return this.#touched(into, at, this.#copied(into, at, this.#whole), dice.below(3));
    if (toss < 650) return this.#composed(into, at);
    if (toss < 750) return this.#wrapped(into, at);
    if (toss < 760) return this.#oversized(into, at);
    if (toss < 850) return this.#broken(into, at, this.#copied(into, at, this.#samples));
    return this.#broken(into, at, this.#copied(into, at, this.#whole));
  }

  #copied(into: Uint8Array, at: number, from: readonly Uint8Array[]): number {
    const sample = from[this.#dice.below(from.length)] ?? this.#server;
    into.set(sample, at);
    return sample.length;
  }

  /** Changes so many octets behind the type. */
  #touched(into: Uint8Array, at: number, length: number, times: number): number {
    const dice = this.#dice;
    for (let i = 0; i < times && length > 1; i++) {
      const where = at + 1 + dice.below(length - 1);
      into[where] = dice.below(2) === 0 ? (into[where] ?? 0) ^ (1 << dice.below(8)) : (INTERESTING[dice.below(INTERESTING.length)] ?? 0);
    }
    return length;
  }

  /** A client's message of whichever kind with options of all samples, each as long as it says. */
  #composed(into: Uint8Array, start: number): number {
    const dice = this.#dice;
    const type = dice.below(20) === 0 ? dice.below(256) : (TYPES[dice.below(TYPES.length)] ?? 1);
    let at = start;
    into[at++] = type;
    for (let i = 0; i < 3; i++) into[at++] = dice.below(256);
    if (dice.below(40) !== 0) at = optionAt(into, at, CODES.clientId, this.#duids[dice.below(CLIENTS)] ?? this.#server);
    if (ADDRESSED.includes(type) !== (dice.below(40) === 0)) at = optionAt(into, at, CODES.serverId, this.#server);
    for (let count = dice.below(8); count > 0; count--) {
      const option = this.#options[dice.below(this.#options.length)] ?? this.#server;
      const code = ((option[0] ?? 0) << 8) | (option[1] ?? 0);
      const isId = code === CODES.clientId || code === CODES.serverId;
      const isIa = code === CODES.iaNa || code === CODES.iaTa || code === CODES.iaPd;
      if ((isId || (isIa && type === WITHOUT_IA)) && dice.below(20) !== 0) continue;
      into.set(option, at);
      this.#value(into, at, option.length);
      at += option.length;
    }
    return at - start;
  }

  /** Changes an octet or two of an option's value. */
  #value(into: Uint8Array, at: number, length: number): void {
    const dice = this.#dice;
    if (length <= OPTION_BYTES || dice.below(3) !== 0) return;
    for (let count = 1 + dice.below(2); count > 0; count--) into[at + OPTION_BYTES + dice.below(length - OPTION_BYTES)] = dice.below(256);
  }

  /** In envelopes of relays, mostly one or two, sometimes more than are opened; lengths are right. */
  #wrapped(into: Uint8Array, start: number): number {
    const dice = this.#dice;
    const levels = dice.below(20) === 0 ? 1 + dice.below(36) : 1 + dice.below(2);
    const length = dice.below(2) === 0 ? this.#composed(this.#scratch, 0) : this.#copied(this.#scratch, 0, this.#whole);
    let at = start;
    let rest = length + levels * (RELAY_HEADER_BYTES + OPTION_BYTES);
    for (let level = 0; level < levels; level++) {
      const envelope = ENVELOPES[dice.below(ENVELOPES.length)] ?? this.#server;
      into.set(envelope, at);
      at += RELAY_HEADER_BYTES;
      rest -= RELAY_HEADER_BYTES + OPTION_BYTES;
      into[at] = 0;
      into[at + 1] = CODES.relayMessage;
      into[at + 2] = rest >>> 8;
      into[at + 3] = rest;
      at += OPTION_BYTES;
    }
    into.set(this.#scratch.subarray(0, length), at);
    const all = at - start + length;
    return dice.below(10) === 0 ? this.#broken(into, start, all) : all;
  }

  /** Longer than is read, or with more options than are counted. */
  #oversized(into: Uint8Array, start: number): number {
    const dice = this.#dice;
    const length = this.#composed(into, start);
    const end = dice.below(2) === 0 ? LIMITS.datagramBytes + 1 : length + OPTION_BYTES * (LIMITS.dhcp6Options + dice.below(40));
    for (let at = start + length; at + OPTION_BYTES <= start + end; at += OPTION_BYTES) into.set(EMPTY_OPTION, at);
    return Math.max(length, end);
  }

  /** Cut, shifted, doubled, spliced or overwritten, up to four times. */
  #broken(into: Uint8Array, start: number, whole: number): number {
    const dice = this.#dice;
    let length = whole;
    for (let count = 1 + dice.below(4); count > 0; count--) {
      const where = dice.below(length + 1);
      const size = Math.min(1 + dice.below(32), length - where);
      switch (dice.below(6)) {
        case 0:
          this.#touched(into, start, length, 2);
          break;
        case 1:
          length = where;
          break;
        case 2:
          into.copyWithin(start + where, start + where + size, start + length);
          length -= size;
          break;
        case 3:
          if (length + size > MOST_BYTES) break;
          into.copyWithin(start + where + size, start + where, start + length);
          length += size;
          break;
        case 4: {
          const other = this.#whole[dice.below(this.#whole.length)] ?? this.#server;
          const from = dice.below(other.length);
          const taken = Math.min(other.length - from, MOST_BYTES - where);
          into.set(from === 0 && taken === other.length ? other : other.subarray(from, from + taken), start + where);
          length = Math.max(length, where + taken);
          break;
        }
        default:
          if (length > 0) into[start] = dice.below(40);
      }
    }
    return length;
  }
}

const TYPES = [1, 1, 3, 3, 4, 5, 5, 6, 8, 9, 11] as const;
const EMPTY_OPTION = Uint8Array.of(0, 99, 0, 0);

function optionAt(into: Uint8Array, at: number, code: number, value: Uint8Array): number {
  into[at] = code >>> 8;
  into[at + 1] = code;
  into[at + 2] = value.length >>> 8;
  into[at + 3] = value.length;
  into.set(value, at + OPTION_BYTES);
  return at + OPTION_BYTES + value.length;
}

/** What clients say in earnest: every kind, alone and behind a relay, with addresses and prefixes that others have too. */
function wholeMessages(server: Duid): readonly Uint8Array[] {
  return Array.from({ length: CLIENTS }, (_, n) => n + 1).flatMap((n) =>
    KINDS.flatMap((kind) => {
      const address = ip(`2001:db8:1::1${(n % 32).toString(16).padStart(2, "0")}`);
      const far = ip(`2001:db8:2::1${(n % 16).toString(16).padStart(2, "0")}`);
      const prefix = net(`2001:db8:8000:${((n % 16) << 4).toString(16)}::/60`);
      const leases =
        kind === "informationRequest"
          ? {}
          : {
              iaNa: [iaNa({ iaid: n % 3, iaAddress: kind === "confirm" || n % 2 === 0 ? [iaAddress(address), iaAddress(far)] : [] })],
              iaPd: n % 4 === 0 ? [iaPd({ iaid: 1, iaPrefix: n % 8 === 0 ? [iaPrefix(prefix)] : [] })] : [],
            };
      const named = ["request", "renew", "release", "decline"].includes(kind) ? { serverId: server } : {};
      const grouped = n % 12 === 5 ? { userClass: [Uint8Array.of(0x61, 0x62)] } : {};
      const rapid = kind === "solicit" && n % 3 === 0 ? { rapidCommit: true as const } : {};
      const message = encodeDhcp6(
        said(n, kind, {
          ...named,
          ...leases,
          ...rapid,
          ...grouped,
          requestedOptions: [23, 24, 32, 59, 67, 82, 2000 + (n % 14), n % 256],
          elapsedHundredths: n,
        }),
      );
      return [message, message, relayed(message, { link: ip("2001:db8:2::1"), peer: client(n).address, interfaceId: Uint8Array.of(n) })];
    }),
  );
}

const ENVELOPES = ["2001:db8:2::1", "2001:db8:1::1", "2001:db8:2:0:8000::1", "::", "2001:db8:bad::1"].flatMap((link, i) => {
  const whole = relayed(new Uint8Array(4), { link: ip(link), peer: client(i + 1).address, hopCount: i });
  return i < 4 ? Array.from({ length: 4 }, () => whole.slice(0, RELAY_HEADER_BYTES)) : [whole.slice(0, RELAY_HEADER_BYTES)];
});

/** The options at the first level of a client's or server's message, each with its code and length. */
function optionsIn(message: Uint8Array): readonly Uint8Array[] {
  const found: Uint8Array[] = [];
  if (message[0] === 12 || message[0] === 13) return found;
  for (let at = HEADER_BYTES; at + OPTION_BYTES <= message.length; ) {
    const end = at + OPTION_BYTES + (((message[at + 2] ?? 0) << 8) | (message[at + 3] ?? 0));
    if (end > message.length) break;
    found.push(message.slice(at, end));
    at = end;
  }
  return found;
}
