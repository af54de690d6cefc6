/** Tells servers of the addresses that this host made itself on an uplink, where they ask for it (RFC 9686). */
import type { Duid } from "../../base/duid.ts";
import type { Ipv6Address } from "../../base/ipv6.ts";
import { addressRegistration } from "../../machines/address-registration/registration.ts";
import {
  initialRegistration,
  type RegistrationEffect,
  type RegistrationEvent,
  type RegistrationIgnoreReason,
  type RegistrationState,
} from "../../machines/address-registration/state.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Dhcp6ClientMessage } from "../../wire/dhcp6/message.ts";
import type { KnownAddress } from "../addresses.ts";
import type { Counters } from "../counters.ts";
import { Driver } from "../driver.ts";

export type RegistrarSetup = {
  readonly clock: Clock;
  readonly duid: Duid;
  /** What was asked of it, other than by a server, that changed nothing. */
  readonly unheeded: Counters;
  readonly send: (message: Dhcp6ClientMessage, from: Ipv6Address) => void;
};

export class Registrar {
  readonly #driver: Driver<RegistrationState, RegistrationEvent, RegistrationEffect>;

  /** Why the answer that is being heard changed nothing. */
  #refusal: RegistrationIgnoreReason | undefined;
  #isHearing = false;

  constructor({ clock, duid, unheeded, send }: RegistrarSetup) {
    this.#driver = new Driver<RegistrationState, RegistrationEvent, RegistrationEffect>({
      machine: addressRegistration,
      initial: initialRegistration({ duid }),
      clock,
      deadlineEvent: { kind: "deadline" },
      perform: (effect) => {
        if (effect.kind === "send") send(effect.message, effect.from);
        else if (this.#isHearing) this.#refusal = effect.reason;
        else unheeded.add(effect.reason);
      },
    });
  }

  configure(duid: Duid): void {
    this.#driver.handle({ kind: "configure", config: { duid } });
  }

  /** The link went, or came anew. */
  linkChanged(): void {
    this.#driver.handle({ kind: "link" });
  }

  /** A server that we listened to wants to know. */
  serverWilling(): void {
    this.#driver.handle({ kind: "server-willing" });
  }

  addressIs({ address, preferredUntil, validUntil }: KnownAddress): void {
    this.#driver.handle({ kind: "address-is", address, preferredUntil, validUntil });
  }

  addressGone(address: Ipv6Address): void {
    this.#driver.handle({ kind: "address-gone", address });
  }

  /** @returns why it changed nothing, or undefined when it did */
  received(message: Dhcp6ClientMessage, to: Ipv6Address): RegistrationIgnoreReason | undefined {
    [this.#isHearing, this.#refusal] = [true, undefined];
    this.#driver.handle({ kind: "received", message, to });
    this.#isHearing = false;
    return this.#refusal;
  }

  close(): void {
    this.#driver.close();
  }
}
