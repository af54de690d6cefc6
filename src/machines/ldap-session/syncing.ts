/**
 * Content synchronisation (RFC 4533): each search gives everything and then goes on, so that a change is heard of at once. No cookie is
 * kept: whoever lost the connection reads everything again, which is also what finds out about everything else that may be wrong.
 */
import { Reader } from "../../base/cursor.ts";
import { WireError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { LdapMessage } from "../../wire/ldap/message.ts";
import type { IntermediateResponse } from "../../wire/ldap/operations.ts";
import { RESULT } from "../../wire/ldap/result.ts";
import { SYNC_INFO_OID, type SyncInfo, syncInfo } from "../../wire/ldap/sync-info.ts";
import { fail, type Result } from "./outcome.ts";
import { entryRequest, syncRequest } from "./requests.ts";
import { nameOf } from "./searching.ts";
import type { Kept, Phase, SessionState } from "./state.ts";

type Refreshing = Extract<Phase, { kind: "refreshing" }>;
type Persisting = Extract<Phase, { kind: "persisting" }>;

/** Begins the search at this place of the list; behind the last one changes are waited for. */
export function refresh(state: SessionState, place: number, begun: readonly Kept[]): Result {
  const wanted = state.config.searches[place];
  if (wanted === undefined)
    return { state: { ...state, phase: { kind: "persisting", kept: begun, asked: undefined } }, effects: [{ kind: "refreshed" }] };
  const id = state.lastId + 1;
  return {
    state: { ...state, lastId: id, phase: { kind: "refreshing", id, place, empty: true, begun } },
    effects: [{ kind: "send", message: syncRequest(id, wanted) }],
  };
}

/** @returns "unable" when the server does not do this */
export function refreshing(state: SessionState, phase: Refreshing, message: LdapMessage): Result | "unable" {
  const begun = phase.begun.find(({ id }) => id === message.id);
  if (begun !== undefined) return changing(state, begun, message);
  if (message.id !== phase.id) return fail(state, "unexpected-message", { detail: `message id ${message.id}` });
  const search = nameOf(state, phase.place);
  const { operation, controls } = message;
  switch (operation.kind) {
    case "searchResultEntry": {
      const sync = controls.find((each) => each.kind === "syncState");
      // Without a cookie of ours nothing can be "present" or "deleted" (RFC 4533 §3.3.2).
      if (sync === undefined || (sync.state !== "add" && sync.state !== "modify")) return fail(state, "bad-sync", { detail: operation.name });
      const next = phase.empty ? { ...state, phase: { ...phase, empty: false } } : state;
      return { state: next, effects: [{ kind: "entry", search, entry: operation, uuid: sync.entryUuid }] };
    }
    case "searchResultReference":
      if (state.config.referrals === "fail") return fail(state, "referral", { detail: operation.uris[0] ?? "" });
      return { state: { ...state, phase: { ...phase, empty: false } }, effects: [{ kind: "reference", search, uris: operation.uris }] };
    case "intermediateResponse": {
      const info = infoOf(operation);
      if (info === "bad") return fail(state, "bad-sync", { detail: "a sync info message" });
      const over = (info?.kind === "refreshDelete" || info?.kind === "refreshPresent") && info.refreshDone;
      return over ? refresh(state, phase.place + 1, [...phase.begun, { id: phase.id, search }]) : { state, effects: [] };
    }
    case "searchResultDone": {
      const { code } = operation.result;
      const unable = code === RESULT.unavailableCriticalExtension || code === RESULT.protocolError || code === RESULT.unwillingToPerform;
      if (unable && phase.empty && phase.begun.length === 0) return "unable";
      return code === RESULT.success ? fail(state, "bad-sync", { detail: "ended" }) : fail(state, "search-refused", operation.result);
    }
    default:
      return fail(state, "unexpected-message");
  }
}

export function persisting(state: SessionState, phase: Persisting, message: LdapMessage): Result {
  const kept = phase.kept.find(({ id }) => id === message.id);
  if (kept !== undefined) return changing(state, kept, message);
  if (message.id !== phase.asked) return fail(state, "unexpected-message", { detail: `message id ${message.id}` });
  if (message.operation.kind !== "searchResultDone") return { state, effects: [] };
  // Whatever it answered: it is there, and its messages come in order.
  return { state: { ...state, phase: { ...phase, asked: undefined } }, effects: [{ kind: "verified" }] };
}

/** Asks for something small, behind which nothing can be left that was said before. */
export function verify(state: SessionState, phase: Persisting): Result {
  if (phase.asked !== undefined) return { state, effects: [] };
  const id = state.lastId + 1;
  return {
    state: { ...state, lastId: id, phase: { ...phase, asked: id } },
    effects: [{ kind: "send", message: entryRequest(id, "", ["1.1"]) }],
  };
}

/** What a search that goes on says after its first stage. */
function changing(state: SessionState, { search }: Kept, { operation, controls }: LdapMessage): Result {
  switch (operation.kind) {
    case "searchResultEntry": {
      const sync = controls.find((each) => each.kind === "syncState");
      if (sync === undefined) return fail(state, "bad-sync", { detail: operation.name });
      if (sync.state === "delete") return { state, effects: [{ kind: "gone", search, uuids: [sync.entryUuid] }] };
      return sync.state === "present"
        ? { state, effects: [] }
        : { state, effects: [{ kind: "changed", search, entry: operation, uuid: sync.entryUuid }] };
    }
    case "searchResultReference":
      return { state, effects: [{ kind: "reference", search, uris: operation.uris }] };
    case "intermediateResponse": {
      const info = infoOf(operation);
      if (info === "bad") return fail(state, "bad-sync", { detail: "a sync info message" });
      const gone = info?.kind === "idSet" && info.refreshDeletes && info.uuids.length <= LIMITS.ldapSyncIds;
      return { state, effects: gone ? [{ kind: "gone", search, uuids: info.uuids }] : [] };
    }
    case "searchResultDone":
      return fail(state, "bad-sync", operation.result);
    default:
      return fail(state, "unexpected-message");
  }
}

/** @returns undefined for an intermediate response about something else */
function infoOf({ name, value }: IntermediateResponse): SyncInfo | "bad" | undefined {
  if (name !== SYNC_INFO_OID) return undefined;
  if (value === undefined) return "bad";
  try {
    return syncInfo.decode(new Reader(value));
  } catch (error) {
    if (error instanceof WireError) return "bad";
    throw error;
  }
}
