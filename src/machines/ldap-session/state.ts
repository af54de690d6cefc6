/** What one reading conversation with a directory server knows in each phase (RFC 4511). The bind secret is not among it. */
import { earliest, type Instant, NEVER } from "../../base/time.ts";
import type { WireCode } from "../../base/errors.ts";
import type { Filter } from "../../wire/ldap/filter.ts";
import type { LdapMessage } from "../../wire/ldap/message.ts";
import type { SearchResultEntry } from "../../wire/ldap/operations.ts";
import type { Transitions } from "../machine.ts";

/** What is asked for, in this order. */
export const SEARCHES = ["users", "groups"] as const;
export type SearchName = (typeof SEARCHES)[number];
export type SessionSearch = {
  readonly base: string;
  readonly scope: "one" | "subtree";
  readonly filter: Filter;
  readonly attributes: readonly string[];
};
export type SessionConfig = {
  readonly transport: "ldaps" | "starttls" | "plain" | "ldapi";
  /** Empty: anonymous, and no bind is sent. */
  readonly bindDn: string;
  /** Entries of one page (RFC 2696); 0 asks for all at once. */
  readonly pageSize: number;
  readonly searches: Readonly<Record<SearchName, SessionSearch>>;
  /** Whoever waits for this conversation waits no longer than this. */
  readonly endsAt: Instant;
};

/** An entry of which the server gave only some values of an attribute: `member;range=0-1499`. */
export type Partial = {
  readonly search: SearchName;
  readonly entry: SearchResultEntry;
  /** The attribute without its range, and how many of its values are here. */
  readonly attribute: string;
  readonly count: number;
};
export type Phase =
  | { readonly kind: "connecting" }
  | { readonly kind: "asking-tls"; readonly id: number }
  | { readonly kind: "securing" }
  | { readonly kind: "binding"; readonly id: number }
  | {
      readonly kind: "searching";
      readonly id: number;
      readonly search: SearchName;
      readonly paged: boolean;
      readonly firstPage: boolean;
      /** Entries or references of this page: anything at all. */
      readonly empty: boolean;
      /** Entries whose other values are asked for when the search is done. */
      readonly partials: readonly Partial[];
    }
  /** Asks for the further values of one entry; `rest` wait their turn. */
  | { readonly kind: "completing"; readonly id: number; readonly partial: Partial; readonly answered: boolean; readonly rest: readonly Partial[] }
  | { readonly kind: "finished" };

export type SessionState = {
  readonly config: SessionConfig;
  /** Of the last request. */
  readonly lastId: number;
  /** A server that says nothing until then is given up. */
  readonly quietUntil: Instant;
  readonly phase: Phase;
};

export type SessionEvent =
  | { readonly kind: "connected" }
  /** TLS stands, and the server is who it should be. */
  | { readonly kind: "secured" }
  | { readonly kind: "received"; readonly message: LdapMessage }
  /** What came is no LDAP message. */
  | { readonly kind: "undecodable"; readonly code: WireCode }
  | { readonly kind: "closed" }
  | { readonly kind: "failed"; readonly reason: TransportFailure; readonly detail: string }
  | { readonly kind: "deadline" };

export type SessionEffect =
  | { readonly kind: "send"; readonly message: LdapMessage }
  /** Send a simple bind request: whoever performs this adds the secret. */
  | { readonly kind: "bind"; readonly id: number; readonly dn: string }
  | { readonly kind: "startTls" }
  | { readonly kind: "entry"; readonly search: SearchName; readonly entry: SearchResultEntry }
  /** A part of the tree is on another server, which is not asked (RFC 4511 §4.5.3). */
  | { readonly kind: "reference"; readonly search: SearchName }
  | { readonly kind: "close" }
  | { readonly kind: "finished"; readonly outcome: Outcome };

export type Outcome = { readonly ok: true } | { readonly ok: false; readonly failure: Failure };
export type Failure = {
  readonly reason: FailureReason;
  /** The search that was under way. */
  readonly search: SearchName | undefined;
  /** The result code of LDAP, where it is the reason. */
  readonly code: number | undefined;
  /** For people: fit for a terminal. */
  readonly detail: string;
};

/** Why no connection stands, told by whoever makes it. */
export const TRANSPORT_FAILURES = [
  "resolve", // no address for the server's name
  "connect", // none of its addresses took a connection
  "certificate", // nobody we trust says that this is the server
  "tls", // the handshake failed otherwise
  "broken", // the connection broke
] as const;
export type TransportFailure = (typeof TRANSPORT_FAILURES)[number];
/** Why a conversation gave no directory. Each is a word an operator sees. */
export const FAILURE_REASONS = [
  ...TRANSPORT_FAILURES,
  "connect-timeout", // no connection in time
  "idle-timeout", // the server was silent for too long
  "update-timeout", // the whole took longer than one update may
  "closed", // the server closed the connection before the end
  "undecodable", // what it sent is no LDAP
  "unexpected-message", // an answer to nothing we asked, or of the wrong kind
  "disconnection-notice", // the server said that it goes (RFC 4511 §4.4.1)
  "tls-refused", // StartTLS was answered with another code than 0
  "bind-refused", // the bind was
  "search-refused", // a search was: every other code than 0 means that entries are missing
  "bad-range", // values of a range do not follow on those before
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

export const TRANSITIONS = {
  connecting: ["securing", "asking-tls", "binding", "searching", "finished"],
  "asking-tls": ["securing", "finished"],
  securing: ["binding", "searching", "finished"],
  binding: ["searching", "finished"],
  searching: ["completing", "finished"],
  completing: ["searching", "finished"],
  finished: [],
} as const satisfies Transitions & { readonly [K in Phase["kind"]]: readonly Phase["kind"][] };

export function deadline({ phase, quietUntil, config }: SessionState): Instant {
  return phase.kind === "finished" ? NEVER : earliest(quietUntil, config.endsAt);
}
