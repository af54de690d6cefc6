/**
 * One conversation that reads a directory: connect, TLS, bind, users, groups, unbind (RFC 4511, RFC 2696). Pure: see `machine.ts`.
 *
 * A search is complete only with result code 0 and no cookie. Whatever else happens is a failure with its reason: a size limit,
 * a closed connection or a wrong base all look like a smaller directory, and a smaller directory makes people vanish.
 */
import { absurd } from "../../base/errors.ts";
import { after, type Instant, type Moment } from "../../base/time.ts";
import { type LdapMessage, noticeOfDisconnection } from "../../wire/ldap/message.ts";
import { RESULT } from "../../wire/ldap/result.ts";
import type { Machine } from "../machine.ts";
import { check, checking } from "./checking.ts";
import { fail, type Result } from "./outcome.ts";
import { externalBindRequest, startTlsRequest, TIMING } from "./requests.ts";
import { completing, search, searching } from "./searching.ts";
import { deadline, type SessionConfig, type SessionEffect, type SessionEvent, type SessionState, TRANSITIONS } from "./state.ts";
import { persisting, refresh, refreshing, verify } from "./syncing.ts";

export const ldapSession: Machine<SessionState, SessionEvent, SessionEffect> = {
  name: "ldap-session",
  step,
  deadline,
  phase: (state) => state.phase.kind,
  transitions: TRANSITIONS,
};

/** The connection is being made from now on. */
export function initialState(config: SessionConfig, now: Instant): SessionState {
  return { config, lastId: 0, quietUntil: after(now, TIMING.connectSeconds), mark: "", phase: { kind: "connecting" } };
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
    case "verify":
      return state.phase.kind === "persisting" ? verify(heard(state, at), state.phase) : { state, effects: [] };
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
  if (at.now >= state.config.endsAt && state.phase.kind !== "persisting") return fail(state, "update-timeout");
  if (at.now < state.quietUntil) return { state, effects: [] };
  if (state.phase.kind === "persisting" && state.phase.asked === undefined) return { state, effects: [] };
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
  const { bindDn, external } = state.config;
  if (bindDn === "" && external === undefined) return begin(state);
  const id = state.lastId + 1;
  const effect: SessionEffect =
    external === undefined ? { kind: "bind", id, dn: bindDn } : { kind: "send", message: externalBindRequest(id, external) };
  return { state: { ...state, lastId: id, phase: { kind: "binding", id } }, effects: [effect] };
}

function begin(state: SessionState): Result {
  return state.config.knownMark === undefined ? read(state) : check(state);
}

function read(state: SessionState): Result {
  return state.config.sync ? refresh(state, 0, []) : search(state, 0);
}

function received(state: SessionState, message: LdapMessage): Result {
  const { phase } = state;
  const notice = noticeOfDisconnection(message);
  if (notice !== undefined) return fail(state, "disconnection-notice", notice.result);
  // Nothing may come between the answer to StartTLS and the handshake: whoever puts it there is not the server (RFC 4511 §4.14.1).
  if (phase.kind === "connecting" || phase.kind === "securing" || phase.kind === "finished") return fail(state, "unexpected-message");
  if (phase.kind === "persisting") return persisting(state, phase, message);
  if (phase.kind === "refreshing") {
    const heardOf = refreshing(state, phase, message);
    return heardOf === "unable" ? search({ ...state, config: { ...state.config, sync: false } }, 0) : heardOf;
  }
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
      return begin(state);
    case "checking": {
      const checked = checking(state, phase, message);
      return "begin" in checked ? read(checked.begin) : checked;
    }
    case "searching":
      return searching(state, phase, message);
    case "completing":
      return completing(state, phase, message);
    default:
      return absurd(phase);
  }
}
