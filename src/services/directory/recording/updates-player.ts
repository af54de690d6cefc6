/** Plays a recording of updates again: the same calls at the same moments are made of others, whose ports lead nowhere. */
import { absurd } from "../../../base/errors.ts";
import { instant, wallClock } from "../../../base/time.ts";
import type { Stepped } from "../../../machines/machine.ts";
import type { StoredSource } from "../snapshot-file.ts";
import { Updates } from "../update.ts";
import type { UpdatePorts } from "../update-ports.ts";
import { joined, type LineKind, SnapshotBuilder } from "./snapshot-lines.ts";
import { Tape } from "./tape.ts";
import { saidBy, UPDATES_RECORDED_AS, type UpdateCall, type UpdateEvent } from "./updates.ts";

const NOWHERE: UpdatePorts = {
  clock: {
    now: () => instant(0),
    wallClock: () => wallClock(0),
    entropy: () => new Uint8Array(32),
    alarm: () => ({ set: () => undefined, close: () => undefined }),
  },
  log: { write: () => undefined },
  fetcher: { pull: () => undefined },
  store: { save: () => undefined },
  events: { happened: () => undefined },
};

export class UpdatesPlayer {
  readonly name = UPDATES_RECORDED_AS;
  readonly #tape = new Tape(NOWHERE);
  readonly #updates = new Updates(this.#tape.ports);
  readonly #builder = new SnapshotBuilder();
  readonly #sources: StoredSource[] = [];
  #given: { readonly of: LineKind; readonly bytes: Uint8Array }[] = [];

  step(_: null, event: UpdateEvent): Stepped<null, unknown> {
    return { state: null, effects: this.#said(event) };
  }

  #said(event: UpdateEvent): readonly unknown[] {
    switch (event.kind) {
      case "lines":
        this.#builder.lines(event);
        return [];
      case "snapshot":
        this.#updates.snapshot = this.#builder.snapshot(event);
        return [];
      case "given":
        this.#given.push(event);
        return [];
      case "source": {
        const { name, pulledAt, userCount, groupCount } = event;
        const lines = { users: this.#linesOf("users"), groups: this.#linesOf("groups"), shadows: new Uint8Array(0), sshKeys: new Uint8Array(0) };
        this.#sources.push({ name, pulledAt, userCount, groupCount, ...lines });
        this.#given = [];
        return [];
      }
      case "call": {
        const before = this.#updates.snapshot;
        return saidBy(
          this.#updates,
          before,
          this.#tape.step(event.at, () => this.#call(event.call)),
        );
      }
      default:
        return absurd(event);
    }
  }

  #linesOf(kind: LineKind): Uint8Array {
    return joined(this.#given.filter(({ of }) => of === kind).map(({ bytes }) => bytes));
  }

  #call(call: UpdateCall): void {
    switch (call.name) {
      case "resume":
        return this.#updates.resume(call.config, { ...call, sources: this.#sources });
      case "configure":
        return this.#updates.configure(call.config);
      case "stored":
        return this.#updates.stored(call.bytes);
      case "accept":
        return void this.#updates.accept(call.source);
      case "entries":
        return this.#updates.entries(call.batch);
      case "changes":
        return this.#updates.changes(call.changes);
      case "pulled":
        return this.#updates.pulled(call.result);
      case "ring":
        return this.#tape.rang(call.alarm);
      case "fetcherReady":
      case "fetcherLost":
      case "refresh":
      case "stale":
        return this.#updates[call.name]();
      default:
        return absurd(call);
    }
  }
}
