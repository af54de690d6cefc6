/**
 * A server's mark of changes: while it stands, nothing has changed, deletions included. OpenLDAP has contextCSN in the entry at the
 * top of each context (RFC 4533's provider keeps it), Active Directory a number in its root that belongs to that one server.
 */
import type { LdapMessage } from "../../wire/ldap/message.ts";
import { dnKey, parseDn } from "../../wire/ldap/dn.ts";
import type { SearchResultEntry } from "../../wire/ldap/operations.ts";
import { RESULT } from "../../wire/ldap/result.ts";
import { fail, type Result, succeed } from "./outcome.ts";
import { entryRequest } from "./requests.ts";
import type { Phase, SessionState } from "./state.ts";

type Checking = Extract<Phase, { kind: "checking" }>;

const ROOT_ATTRIBUTES = ["namingContexts", "highestCommittedUSN", "dsServiceName"];
const decoder = new TextDecoder();

/** Asks the root. */
export function check(state: SessionState): Result {
  return ask(state, "", ROOT_ATTRIBUTES, { contexts: undefined, marks: [], wanted: 0 });
}

/** @returns the state with the mark, from which searching begins, when something may have changed */
export function checking(state: SessionState, phase: Checking, { operation }: LdapMessage): Result | { readonly begin: SessionState } {
  switch (operation.kind) {
    case "searchResultEntry":
      return {
        state: { ...state, phase: phase.contexts === undefined ? rootRead(state, phase, operation) : contextRead(phase, operation) },
        effects: [],
      };
    case "searchResultReference":
      return { state, effects: [] };
    case "searchResultDone": {
      const { contexts = [], marks } = phase;
      // A server that does not show it has no mark: everything is read.
      const shown = operation.result.code === RESULT.success && marks.length >= phase.wanted && contexts.length + marks.length > 0;
      if (!shown) return { begin: { ...state, mark: "" } };
      const next = contexts[marks.length];
      if (next !== undefined) return ask(state, next, ["contextCSN"], { contexts, marks, wanted: marks.length + 1 });
      if (marks.includes("")) return { begin: { ...state, mark: "" } };
      const marked = { ...state, mark: marks.join(" ") };
      return marked.mark === state.config.knownMark ? succeed(marked, true) : { begin: marked };
    }
    default:
      return fail(state, "unexpected-message");
  }
}

function ask(state: SessionState, base: string, attributes: readonly string[], found: Omit<Checking, "kind" | "id">): Result {
  const id = state.lastId + 1;
  return {
    state: { ...state, lastId: id, phase: { kind: "checking", id, ...found } },
    effects: [{ kind: "send", message: entryRequest(id, base, attributes) }],
  };
}

function rootRead({ config }: SessionState, phase: Checking, root: SearchResultEntry): Checking {
  const [usn] = textsOf(root, "highestCommittedUSN");
  const [server] = textsOf(root, "dsServiceName");
  if (usn !== undefined && server !== undefined) return { ...phase, contexts: [], marks: [`${server}#${usn}`] };
  const known = textsOf(root, "namingContexts");
  const contexts = config.searches.map(({ base }) => contextOf(base, known));
  return { ...phase, contexts: contexts.some((each) => each === undefined) ? [] : [...new Set(contexts.filter((each) => each !== undefined))] };
}

/** Of several servers that write, each has one number there. */
function contextRead(phase: Checking, entry: SearchResultEntry): Checking {
  const found = textsOf(entry, "contextCSN").toSorted().join("/");
  const { marks } = phase;
  return marks.length < phase.wanted ? { ...phase, marks: [...marks, found] } : phase;
}

/** The innermost context that holds this name. */
function contextOf(base: string, contexts: readonly string[]): string | undefined {
  const own = keysOf(base);
  const fits = contexts.filter((context) => {
    const keys = keysOf(context);
    return own !== undefined && keys !== undefined && keys.length <= own.length && keys.every((key, i) => key === own[own.length - keys.length + i]);
  });
  return fits.toSorted((a, b) => (keysOf(b)?.length ?? 0) - (keysOf(a)?.length ?? 0))[0];
}

function keysOf(name: string): readonly string[] | undefined {
  return parseDn(name)?.map((rdn) => dnKey([rdn]));
}

function textsOf({ attributes }: SearchResultEntry, name: string): readonly string[] {
  return attributes
    .filter(({ description }) => description.toLowerCase() === name.toLowerCase())
    .flatMap(({ values }) => values.map((value) => decoder.decode(value)));
}
