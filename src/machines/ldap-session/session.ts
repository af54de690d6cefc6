/**
 * One conversation that reads a directory: connect, TLS, bind, users, groups, unbind (RFC 4511, RFC 2696). Pure: see `machine.ts`.
 *
 * A search is complete only with result code 0 and no cookie. Whatever else happens is a failure with its reason: a size limit,
 * a closed connection or a wrong base all look like a smaller directory, and a smaller directory makes people vanish.
 */
import { absurd } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { escapeText } from "../../base/text.ts";
import { after, type Instant, type Moment } from "../../base/time.ts";
import { type LdapMessage, noticeOfDisconnection } from "../../wire/ldap/message.ts";
import { type LdapResult, RESULT, resultName } from "../../wire/ldap/result.ts";
import type { Machine, Stepped } from "../machine.ts";
import { rangedAttribute, withValues } from "./ranges.ts";
import { rangeRequest, searchRequest, startTlsRequest, TIMING, unbindRequest } from "./requests.ts";
import {
  deadline,
  type Failure,
  type FailureReason,
  type Partial,
  type Phase,
  type SearchName,
  type SessionConfig,
  type SessionEffect,
  type SessionEvent,
  type SessionState,
  TRANSITIONS,
} from "./state.ts";

type Result = Stepped<SessionState, SessionEffect>;
type Searching = Extract<Phase, { kind: "searching" }>;
type Completing = Extract<Phase, { kind: "completing" }>;

const NEXT: Readonly<Record<SearchName, SearchName | undefined>> = { users: "groups", groups: undefined };
const DETAIL_CHARS = 200;

export const ldapSession: Machine<SessionState, SessionEvent, SessionEffect> = {
  name: "ldap-session",
  step,
  deadline,
  phase: (state) => state.phase.kind,
  transitions: TRANSITIONS,
};

/** The connection is being made from now on. */
export function initialState(config: SessionConfig, now: Instant): SessionState {
  return { config, lastId: 0, quietUntil: after(now, TIMING.connectSeconds), phase: { kind: "connecting" } };
}

function step(state: SessionState, event: SessionEvent, at: Moment): Result {
  if (state.phase.kind === "finished") return { state, effects: [] };
  switch (event.kind) {
    case "connected":
      return state.phase.kind === "connecting" ? connected(heard(state, at)) : { state, effects: [] };
    case "secured":
      return state.phase.kind === "securing" ? bind(heard(state, at)) : { state, effects: [] };
    case "received":
      return received(heard(state, at), event.message);
    case "undecodable":
      return fail(state, "undecodable", { detail: event.code });
    case "closed":
      return fail(state, "closed");
    case "failed":
      return fail(state, event.reason, { detail: event.detail });
    case "deadline":
      return due(state, at);
    default:
      return absurd(event);
  }
}

/** The server lives: the time of silence begins again. */
function heard(state: SessionState, at: Moment): SessionState {
  const quietUntil = after(at.now, TIMING.idleSeconds);
  return quietUntil === state.quietUntil ? state : { ...state, quietUntil };
}

function due(state: SessionState, at: Moment): Result {
  if (at.now >= state.config.endsAt) return fail(state, "update-timeout");
  if (at.now < state.quietUntil) return { state, effects: [] };
  return fail(state, state.phase.kind === "connecting" ? "connect-timeout" : "idle-timeout");
}

function connected(state: SessionState): Result {
  switch (state.config.transport) {
    case "plain":
    case "ldapi":
      return bind(state);
    case "ldaps":
      return { state: { ...state, phase: { kind: "securing" } }, effects: [{ kind: "startTls" }] };
    case "starttls": {
      const id = state.lastId + 1;
      return { state: { ...state, lastId: id, phase: { kind: "asking-tls", id } }, effects: [{ kind: "send", message: startTlsRequest(id) }] };
    }
    default:
      return absurd(state.config.transport);
  }
}

function bind(state: SessionState): Result {
  if (state.config.bindDn === "") return search(state, "users", state.config.pageSize > 0);
  const id = state.lastId + 1;
  return { state: { ...state, lastId: id, phase: { kind: "binding", id } }, effects: [{ kind: "bind", id, dn: state.config.bindDn }] };
}

function search(state: SessionState, name: SearchName, paged: boolean): Result {
  const id = state.lastId + 1;
  const phase: Searching = { kind: "searching", id, search: name, paged, firstPage: true, empty: true, partials: [] };
  const message = searchRequest(id, state.config.searches[name], paged ? { size: state.config.pageSize } : undefined);
  return { state: { ...state, lastId: id, phase }, effects: [{ kind: "send", message }] };
}

function received(state: SessionState, message: LdapMessage): Result {
  const { phase } = state;
  const notice = noticeOfDisconnection(message);
  if (notice !== undefined) return fail(state, "disconnection-notice", notice.result);
  // Nothing may come between the answer to StartTLS and the handshake: whoever puts it there is not the server (RFC 4511 §4.14.1).
  if (phase.kind === "connecting" || phase.kind === "securing" || phase.kind === "finished") return fail(state, "unexpected-message");
  if (message.id !== phase.id) return fail(state, "unexpected-message", { detail: `message id ${message.id}` });
  const { operation } = message;
  switch (phase.kind) {
    case "asking-tls":
      if (operation.kind !== "extendedResponse") return fail(state, "unexpected-message");
      if (operation.result.code !== RESULT.success) return fail(state, "tls-refused", operation.result);
      return { state: { ...state, phase: { kind: "securing" } }, effects: [{ kind: "startTls" }] };
    case "binding":
      if (operation.kind !== "bindResponse") return fail(state, "unexpected-message");
      if (operation.result.code !== RESULT.success) return fail(state, "bind-refused", operation.result);
      return search(state, "users", state.config.pageSize > 0);
    case "searching":
      return found(state, phase, message);
    case "completing":
      return completing(state, phase, message);
    default:
      return absurd(phase);
  }
}

function found(state: SessionState, phase: Searching, { operation, controls }: LdapMessage): Result {
  switch (operation.kind) {
    case "searchResultEntry": {
      const next = phase.empty ? { ...state, phase: { ...phase, empty: false } } : state;
      const ranged = rangedAttribute(operation);
      if (ranged === undefined) return { state: next, effects: [{ kind: "entry", search: phase.search, entry: operation }] };
      if (ranged === "bad-range") return fail(state, ranged, { detail: operation.name });
      if (ranged.count === 0) return { state: next, effects: [{ kind: "entry", search: phase.search, entry: ranged.entry }] };
      if (phase.partials.length >= LIMITS.ldapPartialEntries) return fail(state, "bad-range", { detail: "too many long entries" });
      const partials = [...phase.partials, { search: phase.search, ...ranged }];
      return { state: { ...state, phase: { ...phase, empty: false, partials } }, effects: [] };
    }
    case "searchResultReference":
      return { state: { ...state, phase: { ...phase, empty: false } }, effects: [{ kind: "reference", search: phase.search }] };
    case "searchResultDone": {
      const control = controls.find((each) => each.kind === "pagedResults");
      return pageDone(state, phase, operation.result, control?.cookie);
    }
    default:
      return fail(state, "unexpected-message");
  }
}

/** @param cookie undefined: the server did not answer the control */
function pageDone(state: SessionState, phase: Searching, result: LdapResult, cookie: Uint8Array | undefined): Result {
  const { search: name, paged, firstPage, empty } = phase;
  const unable = result.code === RESULT.unavailableCriticalExtension || result.code === RESULT.protocolError;
  if (paged && firstPage && empty && unable) return search(state, name, false);
  if (result.code !== RESULT.success) return fail(state, "search-refused", result);
  // Some servers answer the control with nothing at all: nobody is believed to be empty before asked without it.
  if (paged && firstPage && empty && cookie === undefined) return search(state, name, false);
  if (!paged || cookie === undefined || cookie.length === 0) return complete(state, name, phase.partials);
  const id = state.lastId + 1;
  const message = searchRequest(id, state.config.searches[name], { size: state.config.pageSize, cookie: cookie.slice() });
  return { state: { ...state, lastId: id, phase: { ...phase, id, firstPage: false, empty: true } }, effects: [{ kind: "send", message }] };
}

/** Every page has come: now the values that did not fit, then the next search, then the end. */
function complete(state: SessionState, name: SearchName, [partial, ...rest]: readonly Partial[]): Result {
  if (partial !== undefined) return askRest(state, partial, rest);
  const next = NEXT[name];
  if (next !== undefined) return search(state, next, state.config.pageSize > 0);
  const id = state.lastId + 1;
  return {
    state: { ...state, lastId: id, phase: { kind: "finished" } },
    effects: [{ kind: "send", message: unbindRequest(id) }, { kind: "close" }, { kind: "finished", outcome: { ok: true } }],
  };
}

function askRest(state: SessionState, partial: Partial, rest: readonly Partial[]): Result {
  const id = state.lastId + 1;
  const message = rangeRequest(id, partial.entry.name, partial.attribute, partial.count);
  return {
    state: { ...state, lastId: id, phase: { kind: "completing", id, partial, answered: false, rest } },
    effects: [{ kind: "send", message }],
  };
}

/** RFC 4511 knows no ranges: Active Directory cuts long attributes and says so in their names. */
function completing(state: SessionState, phase: Completing, { operation }: LdapMessage): Result {
  const { partial, rest } = phase;
  switch (operation.kind) {
    case "searchResultEntry": {
      const longer = phase.answered ? undefined : withValues(partial, operation);
      if (longer === undefined) return fail(state, "bad-range", { detail: partial.entry.name });
      return { state: { ...state, phase: { ...phase, partial: longer, answered: true } }, effects: [] };
    }
    case "searchResultDone":
      if (operation.result.code !== RESULT.success) return fail(state, "search-refused", operation.result);
      if (!phase.answered) return fail(state, "bad-range", { detail: partial.entry.name });
      return partial.count > 0 ? askRest(state, partial, rest) : whole(state, partial, rest);
    default:
      return fail(state, "unexpected-message");
  }
}

function whole(state: SessionState, { search: name, entry }: Partial, rest: readonly Partial[]): Result {
  const { state: next, effects } = complete(state, name, rest);
  return { state: next, effects: [{ kind: "entry", search: name, entry }, ...effects] };
}

function fail(state: SessionState, reason: FailureReason, why: LdapResult | { readonly detail: string } = { detail: "" }): Result {
  const { phase } = state;
  const code = "code" in why ? why.code : undefined;
  const said = "code" in why ? `${resultName(why.code)}${why.diagnostic === "" ? "" : `: ${why.diagnostic}`}` : why.detail;
  const name = phase.kind === "searching" ? phase.search : phase.kind === "completing" ? phase.partial.search : undefined;
  const failure: Failure = { reason, search: name, code, detail: escapeText(said.slice(0, DETAIL_CHARS)) };
  return {
    state: { ...state, phase: { kind: "finished" } },
    effects: [{ kind: "close" }, { kind: "finished", outcome: { ok: false, failure } }],
  };
}
