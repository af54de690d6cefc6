/**
 * Updates, and a recording of them while somebody asks for it: what is held, then every call and every alarm with its moment. It begins
 * like another configuration: what is served is checked again, and a pull follows at once.
 */
import type { WallClock } from "../../../base/time.ts";
import type { Clock } from "../../../ports/clock.ts";
import { OctetDigest } from "../../octet-digest.ts";
import { Recorder } from "../../recorder.ts";
import type { SourceChanges } from "../changes.ts";
import type { DirectoryConfig } from "../config.ts";
import type { EntryBatch } from "../gathering.ts";
import type { Snapshot } from "../snapshot.ts";
import type { StoredSource } from "../snapshot-file.ts";
import type { PullResult } from "../source.ts";
import { keepsPrivate } from "../ssh-keys.ts";
import { Updates } from "../update.ts";
import type { Carried, UpdatePorts } from "../update-ports.ts";
import { partsOf, withoutPasswords } from "./entries.ts";
import { isRecordable, type LineKind, pieces, type SnapshotEvent, snapshotEvents } from "./snapshot-lines.ts";
import { type StepMoment, Tape } from "./tape.ts";
import { LIMITS } from "../../../base/limits.ts";

export const UPDATES_RECORDED_AS = "directory-updates";

export type UpdateCall =
  | ({ readonly name: "resume"; readonly config: DirectoryConfig } & Omit<Carried, "sources">)
  | { readonly name: "configure"; readonly config: DirectoryConfig }
  | { readonly name: "stored"; readonly bytes: Uint8Array }
  | { readonly name: "fetcherReady" | "fetcherLost" | "refresh" | "stale" }
  | { readonly name: "accept"; readonly source: string }
  | { readonly name: "entries"; readonly batch: EntryBatch }
  | { readonly name: "changes"; readonly changes: SourceChanges }
  | { readonly name: "pulled"; readonly result: PullResult }
  | { readonly name: "ring"; readonly alarm: number };
export type UpdateEvent =
  | SnapshotEvent
  /** Of what a source gave last: lines in pieces, then that these were all. */
  | { readonly kind: "given"; readonly of: LineKind; readonly bytes: Uint8Array }
  | { readonly kind: "source"; readonly name: string; readonly pulledAt: WallClock; readonly userCount: number; readonly groupCount: number }
  | { readonly kind: "call"; readonly call: UpdateCall; readonly at: StepMoment };

export class RecordedUpdates extends Updates {
  readonly #tape: Tape;
  readonly #clock: Clock;
  readonly #recorder: Recorder;
  #configured: DirectoryConfig | undefined;

  constructor(ports: UpdatePorts, tape: Tape = new Tape(ports)) {
    super(tape.ports);
    this.#tape = tape;
    this.#clock = ports.clock;
    this.#recorder = new Recorder(UPDATES_RECORDED_AS, ports.clock, () => undefined);
    tape.rang = (alarm) => this.#call({ name: "ring", alarm }, () => tape.rings[alarm]?.());
  }

  override configure(config: DirectoryConfig): void {
    this.#configured = config;
    if (keepsPrivate(config)) this.#recorder.stop();
    this.#call({ name: "configure", config }, () => super.configure(config));
  }

  override stored(bytes: Uint8Array): void {
    this.#call({ name: "stored", bytes }, () => super.stored(bytes));
  }

  override fetcherReady(): void {
    this.#call({ name: "fetcherReady" }, () => super.fetcherReady());
  }

  override fetcherLost(): void {
    this.#call({ name: "fetcherLost" }, () => super.fetcherLost());
  }

  override refresh(): void {
    this.#call({ name: "refresh" }, () => super.refresh());
  }

  override stale(): void {
    this.#call({ name: "stale" }, () => super.stale());
  }

  override changes(changes: SourceChanges): void {
    this.#call({ name: "changes", changes: withoutPasswords(changes) }, () => super.changes(changes));
  }

  override accept(source: string): boolean {
    let known = false;
    this.#call({ name: "accept", source }, () => {
      known = super.accept(source);
    });
    return known;
  }

  override entries(batch: EntryBatch): void {
    if (!this.#recorder.isOn) return super.entries(batch);
    for (const part of partsOf(batch)) this.#call({ name: "entries", batch: withoutPasswords(part) }, () => super.entries(part));
  }

  override pulled(result: PullResult): void {
    this.#call({ name: "pulled", result }, () => super.pulled(result));
  }

  override close(): void {
    this.#recorder.close();
    super.close();
  }

  /** @returns false without a configuration, where hashes or keys are kept, and when the directory is too large to be written down */
  recordUpdates(seconds: number): boolean {
    const config = this.#configured;
    const { sources, ...carried } = this.carried();
    const givenBytes = sources.reduce((sum, { users, groups }) => sum + users.length + groups.length, 0);
    if (config === undefined || keepsPrivate(config) || givenBytes > LIMITS.recordingDirectoryBytes) return false;
    if (this.snapshot !== undefined && !isRecordable(this.snapshot)) return false;
    this.#recorder.start(seconds);
    for (const event of this.snapshot === undefined ? [] : snapshotEvents(this.snapshot)) this.#tell(event);
    for (const source of sources) for (const event of sourceEvents(source)) this.#tell(event);
    this.#call({ name: "resume", config, ...carried }, () => super.configure(config));
    return this.#recorder.isOn;
  }

  take(): readonly string[] | undefined {
    return this.#recorder.take();
  }

  #tell(event: UpdateEvent): void {
    this.#recorder.add(event, []);
  }

  /** A call within a call is part of it. */
  #call(call: UpdateCall, action: () => void): void {
    if (!this.#recorder.isOn || this.#tape.isStepping) return action();
    const at = { now: this.#clock.now(), wall: this.#clock.wallClock(), entropy: this.#clock.entropy() };
    const before = this.snapshot;
    const said = this.#tape.step(at, action);
    const event: UpdateEvent = { kind: "call", call, at };
    this.#recorder.add(event, saidBy(this, before, said));
  }
}

/** All that a call led to: what was asked of the ports, the phase, and another snapshot octet for octet. */
export function saidBy({ phase, snapshot }: Updates, before: Snapshot | undefined, said: readonly unknown[]): readonly unknown[] {
  return [...said, phase, snapshot === before || snapshot === undefined ? [] : digestOf(snapshot)];
}

function digestOf({ users, groups, committedAt, usersChangedAt, groupsChangedAt, merged }: Snapshot): readonly unknown[] {
  const items = [users, groups].map((table) => new OctetDigest().add(table.items).toJSON());
  return [...items, committedAt, usersChangedAt, groupsChangedAt, merged];
}

function* sourceEvents({ users, groups, shadows: _, sshKeys: __, ...source }: StoredSource): Generator<UpdateEvent> {
  for (const bytes of pieces(users)) yield { kind: "given", of: "users", bytes };
  for (const bytes of pieces(groups)) yield { kind: "given", of: "groups", bytes };
  yield { kind: "source", ...source };
}
