/** How a conversation ends: with everything, with nothing new, or with a reason. */
import { escapeText } from "../../base/text.ts";
import { type LdapResult, resultName } from "../../wire/ldap/result.ts";
import type { Stepped } from "../machine.ts";
import { unbindRequest } from "./requests.ts";
import type { Failure, FailureReason, Phase, SearchName, SessionEffect, SessionState } from "./state.ts";

export type Result = Stepped<SessionState, SessionEffect>;

const DETAIL_CHARS = 200;

/** The server is told goodbye. */
export function succeed(state: SessionState, unchanged: boolean): Result {
  const id = state.lastId + 1;
  return {
    state: { ...state, lastId: id, phase: { kind: "finished" } },
    effects: [
      { kind: "send", message: unbindRequest(id) },
      { kind: "close" },
      { kind: "finished", outcome: { ok: true, unchanged, mark: state.mark } },
    ],
  };
}

export function fail(state: SessionState, reason: FailureReason, why: LdapResult | { readonly detail: string } = { detail: "" }): Result {
  const code = "code" in why ? why.code : undefined;
  const said = "code" in why ? `${resultName(why.code)}${why.diagnostic === "" ? "" : `: ${why.diagnostic}`}` : why.detail;
  const failure: Failure = { reason, search: searchOf(state, state.phase), code, detail: escapeText(said.slice(0, DETAIL_CHARS)) };
  return {
    state: { ...state, phase: { kind: "finished" } },
    effects: [{ kind: "close" }, { kind: "finished", outcome: { ok: false, failure } }],
  };
}

/** The search that is under way. */
function searchOf({ config }: SessionState, phase: Phase): SearchName | undefined {
  if (phase.kind === "searching" || phase.kind === "refreshing") return config.searches[phase.place]?.name;
  return phase.kind === "completing" ? config.searches[phase.partial.place]?.name : undefined;
}
