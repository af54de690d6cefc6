/** From a datagram to what it says, and the counts of what came, what was used, and why the rest was not. */
import { WireError } from "../../base/errors.ts";
import { type Dhcp6ClientMessage, decodeDhcp6, isRelayMessage } from "../../wire/dhcp6/message.ts";
import { Counters } from "../counters.ts";
import type { Seen } from "./ports.ts";

/** `received` is what was accepted and what was ignored, whole datagrams each, under the first reason. */
export class Ingress {
  readonly ignored = new Counters();
  /** Parts of messages that were used otherwise, and further reasons. */
  readonly passedOver = new Counters();
  /** What operators, neighbours and our own haste asked for that changed nothing. */
  readonly unheeded = new Counters();
  readonly sent = new Counters();
  #received = 0;
  #accepted = 0;

  get receivedCount(): number {
    return this.#received;
  }
  get acceptedCount(): number {
    return this.#accepted;
  }

  /** The one place where this service catches errors of packets: what cannot be read is a count under its code. */
  messageIn(payload: Uint8Array): Dhcp6ClientMessage | undefined {
    this.#received++;
    try {
      const message = decodeDhcp6(payload);
      if (!isRelayMessage(message)) return message;
      this.ignored.add("unexpected-type");
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.ignored.add(error.code);
    }
    return undefined;
  }

  /** A message beside the client's own conversation was used, or not. */
  settled(refusal: string | undefined): void {
    if (refusal === undefined) this.#accepted++;
    else this.ignored.add(refusal);
  }

  /** Datagrams that were dropped on the way because this service did not keep up. */
  dropped(count: number): void {
    this.#received += count;
    this.ignored.add("queue-full", count);
  }

  judged({ before, after, step, effects }: Seen): void {
    const reasons = effects.flatMap((effect) => (effect.kind === "ignored" ? [effect.reason] : []));
    if (step.event.kind !== "received") return this.#count(this.unheeded, reasons);
    const [first, ...others] = reasons;
    const used = before.phase !== after.phase || effects.length > reasons.length;
    if (used || first === undefined) {
      this.#accepted++;
      return this.#count(this.passedOver, reasons);
    }
    this.ignored.add(first);
    this.#count(this.passedOver, others);
  }

  #count(counters: Counters, reasons: readonly string[]): void {
    for (const reason of reasons) counters.add(reason);
  }
}
