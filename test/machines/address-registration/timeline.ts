/** Registration on a time line: deadlines come by themselves as `at` moves time on. Every message is encoded, and read again as a server would. */
import assert from "node:assert/strict";
import type { Duid } from "../../../src/base/duid.ts";
import { Entropy, seedOf } from "../../../src/base/entropy.ts";
import type { Ipv6Address } from "../../../src/base/ipv6.ts";
import { after, type Instant, INFINITE_SECONDS, instant } from "../../../src/base/time.ts";
import { addressRegistration } from "../../../src/machines/address-registration/registration.ts";
import {
  initialRegistration,
  type RegistrationEvent,
  type RegistrationIgnoreReason,
  type RegistrationState,
} from "../../../src/machines/address-registration/state.ts";
import type { IaAddress } from "../../../src/wire/dhcp6/leases.ts";
import { type Dhcp6ClientMessage, decodeDhcp6, dhcp6, encodeDhcp6, isRelayMessage } from "../../../src/wire/dhcp6/message.ts";
import type { Dhcp6Options } from "../../../src/wire/dhcp6/options.ts";

export const DUID = "000400112233445566778899aabbccddeeff" as Duid;
export const ADDRESS = "2001:db8:1::a" as Ipv6Address;
export const PRIVATE = "2001:db8:1::b" as Ipv6Address;
export const LOCAL = "fd00:1::a" as Ipv6Address;

let drawn = 0;

/** Every draw lies in the middle, and no two are the same: intervals are multiplied by 1, and messages are sent again after whole seconds. */
class Even extends Entropy {
  override u32(): number {
    return 0x80000000 - (++drawn % 4096);
  }
}

export type Told = { readonly at: number; readonly from: Ipv6Address; readonly message: Dhcp6ClientMessage; readonly told: IaAddress };

export class Timeline {
  state: RegistrationState = initialRegistration({ duid: DUID });
  readonly sent: Told[] = [];
  readonly ignored: RegistrationIgnoreReason[] = [];
  #now: Instant = instant(0);
  #step = 0;
  readonly #isEven: boolean;

  /** @param isEven false: chance as it comes */
  constructor(isEven = true) {
    this.#isEven = isEven;
  }

  get now(): Instant {
    return this.#now;
  }

  at(seconds: number): this {
    for (let due = addressRegistration.deadline(this.state); due <= seconds * 1000; due = addressRegistration.deadline(this.state)) {
      this.#now = instant(Math.ceil(Math.max(this.#now, due)));
      this.happens({ kind: "deadline" });
    }
    this.#now = instant(Math.max(this.#now, seconds * 1000));
    return this;
  }

  happens(event: RegistrationEvent): this {
    const seed = seedOf(7, ++this.#step);
    const entropy = this.#isEven ? new Even(seed) : new Entropy(seed);
    const before = addressRegistration.phase(this.state);
    const { state, effects } = addressRegistration.step(this.state, event, { now: this.#now, entropy });
    const phase = addressRegistration.phase(state);
    assert.ok(before === phase || addressRegistration.transitions[before]?.includes(phase), `no edge from ${before} to ${phase}`);
    this.state = state;
    for (const effect of effects) {
      if (effect.kind === "ignored") this.ignored.push(effect.reason);
      else this.#heard(effect.message, effect.from);
    }
    return this;
  }

  willing(): this {
    return this.happens({ kind: "server-willing" });
  }
  /** Seconds from now; undefined never ends. */
  has(address: Ipv6Address, validSeconds: number | undefined, preferredSeconds = validSeconds): this {
    const until = (seconds = INFINITE_SECONDS): Instant => after(this.#now, seconds);
    return this.happens({ kind: "address-is", address, preferredUntil: until(preferredSeconds), validUntil: until(validSeconds) });
  }

  /** The server heard what was told last; `other` says what it gets wrong. */
  answered(other: Partial<Dhcp6Options> & { readonly transactionId?: number; readonly to?: Ipv6Address; readonly kind?: "reply" } = {}): this {
    const last = this.sent.at(-1);
    assert.ok(last !== undefined, "nothing was told");
    const { transactionId = last.message.transactionId, to = last.from, kind = "addressRegistrationReply", ...options } = other;
    const message = dhcp6({ kind, transactionId, options: { iaAddress: [last.told], ...options } });
    return this.happens({ kind: "received", message, to });
  }

  /** When and what was told since the last time. */
  tells(): readonly string[] {
    return this.sent.splice(0).map(({ at, from, told }) => `${at} ${from} ${told.preferredSeconds}/${told.validSeconds}`);
  }

  #heard(message: Dhcp6ClientMessage, from: Ipv6Address): void {
    const read = decodeDhcp6(encodeDhcp6(message));
    assert.ok(!isRelayMessage(read) && read.kind === "addressRegistrationInform", "the message that registers");
    const [told, ...more] = read.options.iaAddress ?? [];
    assert.ok(told !== undefined && more.length === 0 && told.address === from, "exactly the address it is sent from (RFC 9686 §4.2)");
    assert.ok(told.validSeconds > 0 && told.preferredSeconds <= told.validSeconds, "an address that is valid");
    const { clientId, serverId, requestedOptions, ...others } = read.options;
    assert.deepEqual([clientId, serverId, requestedOptions], [this.state.config.duid, undefined, undefined]);
    assert.deepEqual(Object.keys(others).sort(), ["elapsedHundredths", "iaAddress"]);
    this.sent.push({ at: this.#now / 1000, from, message: read, told });
  }
}

/** An address that servers know the end of: told at 0, answered at once. */
export function registered(): Timeline {
  const line = new Timeline().has(ADDRESS, 3600).willing().answered();
  line.sent.splice(0);
  return line;
}
