/**
 * What outlets are asked and answer, written down while somebody asks for it: the configuration and the snapshot they had, then each
 * request with a digest of its answer. A bind secret cannot be in it: this process has none.
 */
import type { Instant } from "../../../base/time.ts";
import type { Clock } from "../../../ports/clock.ts";
import { OctetDigest } from "../../octet-digest.ts";
import { Recorder } from "../../recorder.ts";
import type { Caller } from "../access.ts";
import type { DirectoryConfig } from "../config.ts";
import { type AskedDatagram, Outlets, type RpcPurpose } from "../outlets.ts";
import { keepsPrivate } from "../ssh-keys.ts";
import type { Snapshot } from "../snapshot.ts";
import { withoutForeignArguments } from "./requests.ts";
import { isRecordable, type SnapshotEvent, snapshotEvents } from "./snapshot-lines.ts";

export const REQUESTS_RECORDED_AS = "directory-requests";

export type OutletEvent =
  | SnapshotEvent
  /** Nothing is served any more. */
  | { readonly kind: "tooOld" }
  | { readonly kind: "configured"; readonly config: DirectoryConfig; readonly port: number }
  | { readonly kind: "datagram"; readonly purpose: RpcPurpose; readonly datagram: AskedDatagram; readonly at: Instant }
  | { readonly kind: "record"; readonly purpose: RpcPurpose; readonly request: Uint8Array; readonly caller: Caller }
  | { readonly kind: "varlink"; readonly request: Uint8Array };

export class RecordedOutlets extends Outlets {
  readonly #recorder: Recorder;
  readonly #current: () => Snapshot | undefined;
  #told: Snapshot | undefined;
  #configured: DirectoryConfig | undefined;
  #bound = 0;

  constructor(snapshot: () => Snapshot | undefined, clock: Clock) {
    super(snapshot);
    this.#current = snapshot;
    this.#recorder = new Recorder(REQUESTS_RECORDED_AS, clock, () => {
      this.#told = undefined;
    });
  }

  override configure(config: DirectoryConfig): void {
    this.#configured = config;
    if (keepsPrivate(config)) this.#recorder.stop();
    super.configure(config);
    this.#tellConfigured();
  }

  override listening(port: number): void {
    this.#bound = port;
    super.listening(port);
    this.#tellConfigured();
  }

  override datagram(purpose: RpcPurpose, { from, port, payload }: AskedDatagram, now: Instant): Uint8Array | undefined {
    if (!this.#recorder.isOn) return super.datagram(purpose, { from, port, payload }, now);
    const done = this.#begin({ kind: "datagram", purpose, datagram: { from, port, payload: withoutForeignArguments(payload) }, at: now });
    const answer = super.datagram(purpose, { from, port, payload }, now);
    done([answer]);
    return answer;
  }

  override record(purpose: RpcPurpose, request: Uint8Array, caller: Caller): Iterable<Uint8Array> | undefined {
    if (!this.#recorder.isOn) return super.record(purpose, request, caller);
    const done = this.#begin({ kind: "record", purpose, request: withoutForeignArguments(request), caller });
    const answer = super.record(purpose, request, caller);
    if (answer !== undefined) return noted(answer, done);
    done([]);
    return undefined;
  }

  override varlink(request: Uint8Array, caller: number | undefined): Iterable<Uint8Array> {
    if (!this.#recorder.isOn) return super.varlink(request, caller);
    const done = this.#begin({ kind: "varlink", request });
    return noted(super.varlink(request, caller), done);
  }

  /** @returns false without a configuration, where hashes or keys are served, and when the directory is too large to be written down */
  recordRequests(seconds: number): boolean {
    const snapshot = this.#current();
    if (this.#configured === undefined || keepsPrivate(this.#configured) || (snapshot !== undefined && !isRecordable(snapshot))) return false;
    this.#recorder.start(seconds);
    this.restart();
    this.#tellConfigured();
    this.#tellSnapshot();
    return this.#recorder.isOn;
  }

  take(): readonly string[] | undefined {
    return this.#recorder.take();
  }

  close(): void {
    this.#recorder.close();
  }

  #begin(event: OutletEvent): (said: readonly unknown[]) => void {
    this.#tellSnapshot();
    return this.#recorder.begin(event);
  }

  #tellConfigured(): void {
    if (this.#recorder.isOn && this.#configured !== undefined) this.#tell({ kind: "configured", config: this.#configured, port: this.#bound });
  }

  /** Another one is told when it is asked for first. */
  #tellSnapshot(): void {
    const snapshot = this.#current();
    if (snapshot === this.#told) return;
    if (snapshot === undefined) {
      this.#told = undefined;
      return this.#tell({ kind: "tooOld" });
    }
    if (!isRecordable(snapshot)) return this.#recorder.stop();
    for (const event of snapshotEvents(snapshot)) this.#tell(event);
    this.#told = snapshot;
  }

  #tell(event: OutletEvent): void {
    this.#recorder.add(event, []);
  }
}

/** The same pieces; once all of them were taken, a digest of them is noted. */
export function* noted(pieces: Iterable<Uint8Array>, done: (said: readonly unknown[]) => void): Generator<Uint8Array> {
  const digest = new OctetDigest();
  for (const piece of pieces) {
    digest.add(piece);
    yield piece;
  }
  done([digest.toJSON()]);
}
