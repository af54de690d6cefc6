/** One source read from one of its servers, and from those that it refers to, one conversation after the other. */
import { DIRECTORY_LIMITS } from "../../../base/limits-directory.ts";
import type { Failure, Outcome, SessionConfig } from "../../../machines/ldap-session/state.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { TlsStreams } from "../../../ports/tls-streams.ts";
import type { ServerConfig, SourceConfig } from "../config.ts";
import { Conversation, type KeptHandlers } from "./conversation.ts";
import type { Reading } from "./reading.ts";
import { type Followed, followed, followKey } from "./referrals.ts";
import { identityOf } from "./sessions.ts";

/** `unchanged`: nothing was read, for nothing has changed. */
export type AttemptEnd =
  | { readonly kind: "whole" | "unchanged"; readonly mark: string }
  | { readonly kind: "failed"; readonly failure: Failure }
  | { readonly kind: "refused"; readonly reason: string };
export type AttemptOptions = {
  readonly clock: Clock;
  readonly streams: TlsStreams;
  readonly source: SourceConfig;
  readonly resolvers: readonly string[];
  readonly server: ServerConfig;
  readonly session: SessionConfig;
  readonly reading: Reading;
  /** Of a session that stays. */
  readonly kept: (KeptHandlers & { readonly learn: (entry: Parameters<KeptHandlers["changed"]>, name: string | undefined) => void }) | undefined;
  /** Once, and nothing after it; a session that stays ends in failure alone. */
  readonly ended: (end: AttemptEnd) => void;
};

export class Attempt {
  readonly #options: AttemptOptions;
  readonly #queue: Followed[] = [];
  readonly #seen = new Set<string>();
  #conversation: Conversation;
  /** Of the first server. */
  #mark = "";
  #problem = "";
  #paused = false;

  constructor(options: AttemptOptions) {
    this.#options = options;
    const { server, session, source } = options;
    this.#conversation = this.#converse({ server, session, isTrusted: true, depth: 0, password: source.bindPassword });
  }

  pause(): void {
    this.#paused = true;
    this.#conversation.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#conversation.resume();
  }

  verify(): void {
    this.#conversation.verify();
  }

  /** Ends it without a word to anyone. */
  abandon(): void {
    this.#conversation.abandon();
  }

  #converse(asked: {
    readonly server: ServerConfig;
    readonly session: SessionConfig;
    readonly isTrusted: boolean;
    readonly depth: number;
    readonly password: string;
  }): Conversation {
    const { clock, streams, source, resolvers, reading, kept } = this.#options;
    const clientPem = asked.isTrusted ? source.clientPem : undefined;
    const conversation = new Conversation({
      clock,
      streams,
      target: { ...asked.server, trustedPem: source.trustedPem, ...(clientPem === undefined ? {} : { clientPem }), resolvers },
      session: asked.session,
      bindPassword: asked.password,
      entry: (search, entry, uuid) => {
        const name = reading.entry(search, entry);
        if (uuid !== undefined) kept?.learn([search, entry, uuid], name);
      },
      reference: (search, uris) => {
        reading.rejects.reference(search);
        const of = asked.session.searches.find(({ name }) => name === search);
        if (source.referrals === "follow" && of !== undefined) this.#note(followed(uris, of, asked.depth + 1, source));
      },
      finished: (outcome) => this.#finished(outcome, asked.depth),
      ...(kept === undefined ? {} : { kept }),
    });
    if (this.#paused) conversation.pause();
    return conversation;
  }

  /** What is to be followed and cannot be is a part that is missing. */
  #note(where: Followed | undefined): void {
    if (where === undefined) this.#problem ||= "referral: to no place that can be reached";
    else if (where.depth > DIRECTORY_LIMITS.referralDepth) this.#problem ||= "referral: one leads to the next";
    else if (!this.#seen.has(followKey(where))) {
      this.#seen.add(followKey(where));
      if (this.#seen.size > DIRECTORY_LIMITS.followedReferrals) this.#problem ||= "referral: too many";
      else this.#queue.push(where);
    }
  }

  #finished(outcome: Outcome, depth: number): void {
    const { ended, reading, session, source } = this.#options;
    if (!outcome.ok) return ended({ kind: "failed", failure: outcome.failure });
    if (depth === 0) this.#mark = outcome.mark;
    if (outcome.unchanged) return ended({ kind: "unchanged", mark: this.#mark });
    if (this.#problem !== "") return ended({ kind: "refused", reason: this.#problem });
    const next = this.#queue.shift();
    if (next !== undefined) {
      const { server, transport, isTrusted, search } = next;
      const there = { ...session, ...identityOf(source, isTrusted), transport, knownMark: undefined, sync: false, searches: [search] };
      this.#conversation = this.#converse({ server, session: there, isTrusted, depth: next.depth, password: isTrusted ? source.bindPassword : "" });
      return;
    }
    const problem = reading.finish();
    ended(problem === "" ? { kind: "whole", mark: this.#mark } : { kind: "refused", reason: problem });
  }
}
