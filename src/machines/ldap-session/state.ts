/** What one reading conversation with a directory server knows in each phase (RFC 4511). The bind secret is not among it. */
import { earliest, type Instant, NEVER } from "../../base/time.ts";
import type { WireCode } from "../../base/errors.ts";
import type { Filter } from "../../wire/ldap/filter.ts";
import type { LdapMessage } from "../../wire/ldap/message.ts";
import type { SearchResultEntry } from "../../wire/ldap/operations.ts";
import type { Transitions } from "../machine.ts";

/** What an entry is asked for as. */
export type SearchName = "users" | "groups";
export type SessionSearch = {
  readonly name: SearchName;
  readonly base: string;
  readonly scope: "base" | "one" | "subtree";
  readonly filter: Filter;
  readonly attributes: readonly string[];
};
export type SessionConfig = {
  readonly transport: "ldaps" | "starttls" | "plain" | "ldapi";
  /** Empty: anonymous, and no bind is sent. */
  readonly bindDn: string;
  /** SASL EXTERNAL instead, and whom it asks to be (RFC 4422 appendix A). */
  readonly external: string | undefined;
  /** Entries of one page (RFC 2696); 0 asks for all at once. */
  readonly pageSize: number;
  /** A server that cannot page has failed; else it is asked again without. */
  readonly pagingRequired: boolean;
  /** What to do about parts of the tree that are on other servers. */
  readonly referrals: "ignore" | "fail" | "follow";
  /** Asks for the server's mark of changes first; nothing is read while it is the one that is known. Undefined: it is not asked for. */
  readonly knownMark: string | undefined;
  /** Reads by synchronisation and stays to hear of changes (RFC 4533). */
  readonly sync: boolean;
  /** One after the other. */
  readonly searches: readonly SessionSearch[];
  /** Whoever waits for this conversation waits no longer than this. */
  readonly endsAt: Instant;
};

/** An entry of which the server gave only some values of an attribute: `member;range=0-1499`. */
export type Partial = {
  readonly place: number;
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
  /** Reads the root, which names contexts, then the mark of each context. */
  | {
      readonly kind: "checking";
      readonly id: number;
      readonly contexts: readonly string[] | undefined;
      readonly marks: readonly string[];
      /** How many marks there are when this request is answered. */
      readonly wanted: number;
    }
  | {
      readonly kind: "searching";
      readonly id: number;
      /** In the list of searches. */
      readonly place: number;
      readonly paged: boolean;
      readonly firstPage: boolean;
      /** Entries or references of this page: anything at all. */
      readonly empty: boolean;
      /** Entries whose other values are asked for when the search is done. */
      readonly partials: readonly Partial[];
    }
  /** Asks for the further values of one entry; `rest` wait their turn. */
  | { readonly kind: "completing"; readonly id: number; readonly partial: Partial; readonly answered: boolean; readonly rest: readonly Partial[] }
  /** The first stage of a synchronisation; `begun` are the searches that have passed it and go on. */
  | { readonly kind: "refreshing"; readonly id: number; readonly place: number; readonly empty: boolean; readonly begun: readonly Kept[] }
  /** Hears of changes. `asked`: the request that shows whether the server is still there. */
  | { readonly kind: "persisting"; readonly kept: readonly Kept[]; readonly asked: number | undefined }
  | { readonly kind: "finished" };
/** A search that goes on until somebody ends it. */
export type Kept = { readonly id: number; readonly search: SearchName };

export type SessionState = {
  readonly config: SessionConfig;
  /** Of the last request. */
  readonly lastId: number;
  /** A server that says nothing until then is given up. */
  readonly quietUntil: Instant;
  /** The server's mark of changes as it was before anything was read; empty: it has none. */
  readonly mark: string;
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
  /** Somebody wants to know whether what was told until now is all. */
  | { readonly kind: "verify" }
  | { readonly kind: "deadline" };

export type SessionEffect =
  | { readonly kind: "send"; readonly message: LdapMessage }
  /** Send a simple bind request: whoever performs this adds the secret. */
  | { readonly kind: "bind"; readonly id: number; readonly dn: string }
  | { readonly kind: "startTls" }
  /** `uuid` under synchronisation: the entry's name that never changes. */
  | { readonly kind: "entry"; readonly search: SearchName; readonly entry: SearchResultEntry; readonly uuid?: Uint8Array }
  /** A part of the tree is on another server (RFC 4511 §4.5.3). */
  | { readonly kind: "reference"; readonly search: SearchName; readonly uris: readonly string[] }
  /** Everything was read; from here on changes are told. */
  | { readonly kind: "refreshed" }
  | { readonly kind: "changed"; readonly search: SearchName; readonly entry: SearchResultEntry; readonly uuid: Uint8Array }
  | { readonly kind: "gone"; readonly search: SearchName; readonly uuids: readonly Uint8Array[] }
  /** The server is there, and has told of everything that had changed. */
  | { readonly kind: "verified" }
  | { readonly kind: "close" }
  | { readonly kind: "finished"; readonly outcome: Outcome };

/** `unchanged`: nothing was read, for the mark stands where it stood. */
export type Outcome = { readonly ok: true; readonly unchanged: boolean; readonly mark: string } | { readonly ok: false; readonly failure: Failure };
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
  "referral", // a part of the tree is on another server, and that is to be a failure
  "bad-sync", // a synchronisation that does not follow RFC 4533, or was ended by the server
  "bad-range", // values of a range do not follow on those before
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

export const TRANSITIONS = {
  connecting: ["securing", "asking-tls", "binding", "checking", "searching", "refreshing", "finished"],
  "asking-tls": ["securing", "finished"],
  securing: ["binding", "checking", "searching", "refreshing", "finished"],
  binding: ["checking", "searching", "refreshing", "finished"],
  checking: ["searching", "refreshing", "finished"],
  searching: ["completing", "finished"],
  completing: ["searching", "finished"],
  refreshing: ["searching", "persisting", "finished"],
  persisting: ["finished"],
  finished: [],
} as const satisfies Transitions & { readonly [K in Phase["kind"]]: readonly Phase["kind"][] };

export function deadline({ phase, quietUntil, config }: SessionState): Instant {
  if (phase.kind === "finished") return NEVER;
  if (phase.kind === "persisting") return phase.asked === undefined ? NEVER : quietUntil;
  return earliest(quietUntil, config.endsAt);
}
