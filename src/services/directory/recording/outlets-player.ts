/** Plays a recording of outlets again: the same requests are put to others that were given the same snapshot. */
import { absurd } from "../../../base/errors.ts";
import type { Stepped } from "../../../machines/machine.ts";
import { Outlets } from "../outlets.ts";
import type { Snapshot } from "../snapshot.ts";
import { noted, type OutletEvent, REQUESTS_RECORDED_AS } from "./outlets.ts";
import { SnapshotBuilder } from "./snapshot-lines.ts";

export class OutletsPlayer {
  readonly name = REQUESTS_RECORDED_AS;
  readonly #builder = new SnapshotBuilder();
  #snapshot: Snapshot | undefined;
  readonly #outlets = new Outlets(() => this.#snapshot);

  step(_: null, event: OutletEvent): Stepped<null, unknown> {
    return { state: null, effects: this.#said(event) };
  }

  #said(event: OutletEvent): readonly unknown[] {
    switch (event.kind) {
      case "lines":
        this.#builder.lines(event);
        return [];
      case "snapshot":
        this.#snapshot = this.#builder.snapshot(event);
        return [];
      case "tooOld":
        this.#snapshot = undefined;
        return [];
      case "configured":
        this.#outlets.configure(event.config);
        this.#outlets.listening(event.port);
        return [];
      case "datagram":
        return [this.#outlets.datagram(event.purpose, event.datagram, event.at)];
      case "record":
        return digestOf(this.#outlets.record(event.purpose, event.request, event.caller));
      case "varlink":
        return digestOf(this.#outlets.varlink(event.request, undefined));
      default:
        return absurd(event);
    }
  }
}

function digestOf(answer: Iterable<Uint8Array> | undefined): readonly unknown[] {
  let said: readonly unknown[] = [];
  if (answer === undefined) return said;
  const pieces = noted(answer, (digest) => {
    said = digest;
  });
  for (const _ of pieces);
  return said;
}
