/** Searches one after the other, page by page (RFC 2696), with the rest of what came in ranges behind each. */
import { LIMITS } from "../../base/limits.ts";
import type { LdapMessage } from "../../wire/ldap/message.ts";
import { type LdapResult, RESULT } from "../../wire/ldap/result.ts";
import { fail, type Result, succeed } from "./outcome.ts";
import { rangedAttribute, withValues } from "./ranges.ts";
import { rangeRequest, searchRequest } from "./requests.ts";
import type { Partial, Phase, SearchName, SessionState } from "./state.ts";

type Searching = Extract<Phase, { kind: "searching" }>;
type Completing = Extract<Phase, { kind: "completing" }>;

/** Begins the search at this place of the list; behind the last one everything was read. */
export function search(state: SessionState, place: number, paged = state.config.pageSize > 0): Result {
  const { searches, pageSize: size, pagingRequired: critical } = state.config;
  const wanted = searches[place];
  if (wanted === undefined) return succeed(state, false);
  const id = state.lastId + 1;
  const phase: Searching = { kind: "searching", id, place, paged, firstPage: true, empty: true, partials: [] };
  const message = searchRequest(id, wanted, paged ? { size, critical } : undefined);
  return { state: { ...state, lastId: id, phase }, effects: [{ kind: "send", message }] };
}

/** What `place` asks for. */
export function nameOf({ config }: SessionState, place: number): SearchName {
  return config.searches[place]?.name ?? "users";
}

export function searching(state: SessionState, phase: Searching, { operation, controls }: LdapMessage): Result {
  const name = nameOf(state, phase.place);
  switch (operation.kind) {
    case "searchResultEntry": {
      const next = phase.empty ? { ...state, phase: { ...phase, empty: false } } : state;
      const ranged = rangedAttribute(operation);
      if (ranged === undefined) return { state: next, effects: [{ kind: "entry", search: name, entry: operation }] };
      if (ranged === "bad-range") return fail(state, ranged, { detail: operation.name });
      if (ranged.count === 0) return { state: next, effects: [{ kind: "entry", search: name, entry: ranged.entry }] };
      if (phase.partials.length >= LIMITS.ldapPartialEntries) return fail(state, "bad-range", { detail: "too many long entries" });
      const partials = [...phase.partials, { place: phase.place, ...ranged }];
      return { state: { ...state, phase: { ...phase, empty: false, partials } }, effects: [] };
    }
    case "searchResultReference": {
      if (state.config.referrals === "fail") return fail(state, "referral", { detail: operation.uris[0] ?? "" });
      const effects = [{ kind: "reference", search: name, uris: operation.uris }] as const;
      return { state: { ...state, phase: { ...phase, empty: false } }, effects };
    }
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
  const { place, paged, firstPage, empty } = phase;
  const { pageSize: size, pagingRequired: critical, referrals, searches } = state.config;
  const unable = result.code === RESULT.unavailableCriticalExtension || result.code === RESULT.protocolError;
  if (paged && firstPage && empty && unable && !critical) return search(state, place, false);
  // The whole of what was asked for is elsewhere: whoever follows goes there, for everyone else nothing was read.
  if (result.code === RESULT.referral && referrals === "follow" && firstPage && empty && result.referrals.length > 0) {
    const next = search(state, place + 1);
    return { state: next.state, effects: [{ kind: "reference", search: nameOf(state, place), uris: result.referrals }, ...next.effects] };
  }
  if (result.code !== RESULT.success) return fail(state, "search-refused", result);
  if (paged && cookie === undefined && critical) return fail(state, "search-refused", { detail: "the server does not page" });
  // Some servers answer the control with nothing at all: nobody is believed to be empty before asked without it.
  if (paged && firstPage && empty && cookie === undefined) return search(state, place, false);
  const wanted = searches[place];
  if (!paged || cookie === undefined || cookie.length === 0 || wanted === undefined) return complete(state, place, phase.partials);
  const id = state.lastId + 1;
  const message = searchRequest(id, wanted, { size, critical, cookie: cookie.slice() });
  return { state: { ...state, lastId: id, phase: { ...phase, id, firstPage: false, empty: true } }, effects: [{ kind: "send", message }] };
}

/** Every page has come: now the values that did not fit, then the next search, then the end. */
function complete(state: SessionState, place: number, [partial, ...rest]: readonly Partial[]): Result {
  return partial === undefined ? search(state, place + 1) : askRest(state, partial, rest);
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
export function completing(state: SessionState, phase: Completing, { operation }: LdapMessage): Result {
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

function whole(state: SessionState, { place, entry }: Partial, rest: readonly Partial[]): Result {
  const { state: next, effects } = complete(state, place, rest);
  return { state: next, effects: [{ kind: "entry", search: nameOf(state, place), entry }, ...effects] };
}
