/**
 * Runs one `ldap-session` over one stream. Unlike the driver of the other services it keeps no ring of steps: events are
 * entries of people, a hundred thousand of them, and nobody may read them back. The bind secret is put into one request here.
 */
import { Entropy } from "../../../base/entropy.ts";
import { assert, WireError } from "../../../base/errors.ts";
import type { Moment } from "../../../base/time.ts";
import { initialState, ldapSession } from "../../../machines/ldap-session/session.ts";
import type { Outcome, SearchName, SessionConfig, SessionEffect, SessionEvent, SessionState } from "../../../machines/ldap-session/state.ts";
import type { Alarm, Clock } from "../../../ports/clock.ts";
import type { StreamTarget, TlsStream, TlsStreams } from "../../../ports/tls-streams.ts";
import { LdapFrames } from "../../../wire/ldap/frames.ts";
import { decodeLdap, encodeLdap, type LdapMessage } from "../../../wire/ldap/message.ts";
import type { SearchResultEntry } from "../../../wire/ldap/operations.ts";

export type ConversationOptions = {
  readonly clock: Clock;
  readonly streams: TlsStreams;
  readonly target: StreamTarget;
  readonly session: SessionConfig;
  readonly bindPassword: string;
  /** The entry's values, and its uuid, are views that hold during the call. */
  readonly entry: (search: SearchName, entry: SearchResultEntry, uuid: Uint8Array | undefined) => void;
  readonly reference: (search: SearchName, uris: readonly string[]) => void;
  /** What happens where the session stays and hears of changes. */
  readonly kept?: KeptHandlers;
  /** Called once, and nothing after it. */
  readonly finished: (outcome: Outcome) => void;
};

export type KeptHandlers = {
  readonly refreshed: () => void;
  readonly changed: (search: SearchName, entry: SearchResultEntry, uuid: Uint8Array) => void;
  readonly gone: (search: SearchName, uuids: readonly Uint8Array[]) => void;
  readonly verified: () => void;
  /** What came at once has been told. */
  readonly settled: () => void;
};

const VERSION = 3;

export class Conversation {
  readonly #options: ConversationOptions;
  readonly #alarm: Alarm;
  readonly #stream: TlsStream;
  #frames = new LdapFrames();
  #state: SessionState;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.#state = initialState(options.session, options.clock.now());
    this.#alarm = options.clock.alarm(() => this.#handle({ kind: "deadline" }));
    this.#stream = options.streams.connect(options.target, {
      connected: () => this.#handle({ kind: "connected" }),
      secured: () => this.#handle({ kind: "secured" }),
      received: (bytes) => this.#received(bytes),
      closed: () => this.#handle({ kind: "closed" }),
      failed: (reason, detail) => this.#handle({ kind: "failed", reason, detail }),
    });
    this.#alarm.set(ldapSession.deadline(this.#state));
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** Asks whether what was told is all: `verified`, or the end. */
  verify(): void {
    this.#handle({ kind: "verify" });
  }

  /** Ends it without a word to anyone. */
  abandon(): void {
    this.#state = { ...this.#state, phase: { kind: "finished" } };
    this.#stream.close();
    this.#alarm.close();
  }

  /** The one place that catches what a server's bytes can do. Messages of one chunk share a moment. */
  #received(bytes: Uint8Array): void {
    const at = this.#moment();
    const frames = this.#frames;
    try {
      frames.push(bytes);
      for (let frame = frames.next(); frame !== undefined; frame = frames.next()) {
        this.#step({ kind: "received", message: decodeLdap(frame) }, at);
        if (this.#state.phase.kind === "finished") return;
        if (frames !== this.#frames) break;
      }
      if (frames !== this.#frames && frames.pendingBytes > 0) this.#step({ kind: "failed", reason: "tls", detail: "bytes before the handshake" }, at);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#step({ kind: "undecodable", code: error.code }, at);
    }
    this.#rearm();
    if (this.#state.phase.kind !== "finished") this.#options.kept?.settled();
  }

  #handle(event: SessionEvent): void {
    this.#step(event, this.#moment());
    this.#rearm();
  }

  #rearm(): void {
    if (this.#state.phase.kind !== "finished") this.#alarm.set(ldapSession.deadline(this.#state));
  }

  #moment(): Moment {
    const { clock } = this.#options;
    return { now: clock.now(), entropy: new Entropy(clock.entropy()) };
  }

  #step(event: SessionEvent, at: Moment): void {
    const from = this.#state.phase.kind;
    const { state, effects } = ldapSession.step(this.#state, event, at);
    const to = state.phase.kind;
    if (from !== to) assert((ldapSession.transitions[from] ?? []).includes(to), `${ldapSession.name}: no edge from ${from} to ${to}`);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: SessionEffect): void {
    switch (effect.kind) {
      case "send":
        return this.#send(effect.message);
      case "bind": {
        const password = new TextEncoder().encode(this.#options.bindPassword);
        const authentication = { kind: "simple", password } as const;
        return this.#send({ id: effect.id, operation: { kind: "bindRequest", version: VERSION, name: effect.dn, authentication }, controls: [] });
      }
      case "startTls":
        this.#frames = new LdapFrames();
        return this.#stream.startTls();
      case "entry":
        return this.#options.entry(effect.search, effect.entry, effect.uuid);
      case "reference":
        return this.#options.reference(effect.search, effect.uris);
      case "refreshed":
        return this.#options.kept?.refreshed();
      case "changed":
        return this.#options.kept?.changed(effect.search, effect.entry, effect.uuid);
      case "gone":
        return this.#options.kept?.gone(effect.search, effect.uuids);
      case "verified":
        return this.#options.kept?.verified();
      case "close":
        this.#alarm.close();
        return this.#stream.close();
      case "finished":
        return this.#options.finished(effect.outcome);
    }
  }

  #send(message: LdapMessage): void {
    this.#stream.send(encodeLdap(message));
  }
}
