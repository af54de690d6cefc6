/** Speaks with the `ldap-session` machine as a server would: tests tell it events and read effects. */
import { Writer } from "../../src/base/cursor.ts";
import { Entropy, seedOf } from "../../src/base/entropy.ts";
import { instant } from "../../src/base/time.ts";
import { initialState, ldapSession } from "../../src/machines/ldap-session/session.ts";
import type { SessionConfig, SessionEffect, SessionEvent, SessionState } from "../../src/machines/ldap-session/state.ts";
import type { Control, SyncStateName } from "../../src/wire/ldap/controls.ts";
import type { LdapMessage } from "../../src/wire/ldap/message.ts";
import type { Operation, SearchRequest } from "../../src/wire/ldap/operations.ts";
import { SYNC_INFO_OID, type SyncInfo, syncInfo } from "../../src/wire/ldap/sync-info.ts";
import type { LdapResult } from "../../src/wire/ldap/result.ts";

const utf8 = new TextEncoder();

export const SESSION: SessionConfig = {
  transport: "plain",
  bindDn: "",
  external: undefined,
  pageSize: 2,
  pagingRequired: false,
  referrals: "ignore",
  knownMark: undefined,
  sync: false,
  searches: [
    { name: "users", base: "ou=people", scope: "subtree", filter: { kind: "present", attribute: "uid" }, attributes: ["uid"] },
    { name: "groups", base: "ou=teams", scope: "one", filter: { kind: "present", attribute: "cn" }, attributes: ["cn"] },
  ],
  endsAt: instant(3_600_000),
};

export class Talk {
  state: SessionState;
  nowMs = 0;
  /** All effects so far. */
  readonly effects: SessionEffect[] = [];

  constructor(config: Partial<SessionConfig> = {}) {
    this.state = initialState({ ...SESSION, ...config }, instant(0));
  }

  /** @returns what came of it */
  tell(event: SessionEvent, afterMs = 0): readonly SessionEffect[] {
    this.nowMs += afterMs;
    const { state, effects } = ldapSession.step(this.state, event, { now: instant(this.nowMs), entropy: new Entropy(seedOf(1)) });
    this.state = state;
    this.effects.push(...effects);
    return effects;
  }

  /** An answer of the server to the last request, or under another id. */
  answer(operation: Operation, { id = this.state.lastId, controls = [] }: { readonly id?: number; readonly controls?: readonly Control[] } = {}) {
    return this.tell({ kind: "received", message: { id, operation, controls } });
  }

  entry(name: string, attributes: Readonly<Record<string, readonly string[]>> = {}): readonly SessionEffect[] {
    return this.answer({
      kind: "searchResultEntry",
      name,
      attributes: Object.entries(attributes).map(([description, values]) => ({ description, values: values.map((value) => utf8.encode(value)) })),
    });
  }

  /** An entry as a synchronisation gives it. */
  synced(name: string, uuid: string, { state = "add", id = this.state.lastId }: { readonly state?: SyncStateName; readonly id?: number } = {}) {
    const controls: readonly Control[] = [{ kind: "syncState", critical: false, state, entryUuid: uuidOf(uuid) }];
    return this.answer({ kind: "searchResultEntry", name, attributes: [] }, { id, controls });
  }

  /** A sync info message. */
  info(info: SyncInfo, id = this.state.lastId): readonly SessionEffect[] {
    const writer = new Writer(64);
    syncInfo.encode(writer, info);
    return this.answer({ kind: "intermediateResponse", name: SYNC_INFO_OID, value: writer.take() }, { id });
  }

  /** The first stage of the search that was asked for last is over. */
  refreshed(): readonly SessionEffect[] {
    return this.info({ kind: "refreshDelete", refreshDone: true });
  }

  /** @param cookie false: no control in the answer */
  done(code = 0, cookie: string | false = ""): readonly SessionEffect[] {
    const controls: readonly Control[] = cookie === false ? [] : [{ kind: "pagedResults", critical: false, size: 0, cookie: utf8.encode(cookie) }];
    return this.answer({ kind: "searchResultDone", result: resultOf(code) }, { controls });
  }
}

/** Past the first stage of both searches (RFC 4533 §3.4), with one user and one group; ids 1 and 2 go on. */
export function persisting(config: Partial<SessionConfig> = {}): Talk {
  const talk = new Talk({ sync: true, ...config });
  talk.tell({ kind: "connected" });
  for (const name of ["uid=a", "cn=d"]) {
    talk.synced(name, name);
    talk.refreshed();
  }
  return talk;
}

export const uuidOf = (text: string): Uint8Array => Uint8Array.from({ length: 16 }, (_, i) => text.charCodeAt(i % text.length));

export function resultOf(code: number, diagnostic = ""): LdapResult {
  return { code, matchedDn: "", diagnostic, referrals: [] };
}

/** The messages among effects. */
export function sent(effects: readonly SessionEffect[]): readonly LdapMessage[] {
  return effects.flatMap((effect) => (effect.kind === "send" ? [effect.message] : []));
}

/** The one search request among effects. */
export function searchIn(effects: readonly SessionEffect[]): {
  readonly id: number;
  readonly request: SearchRequest;
  readonly cookie: string | undefined;
} {
  const [message, ...others] = sent(effects);
  if (message?.operation.kind !== "searchRequest" || others.length > 0) throw new Error(`no search: ${JSON.stringify(effects)}`);
  const [control] = message.controls;
  return {
    id: message.id,
    request: message.operation,
    cookie: control?.kind === "pagedResults" ? new TextDecoder().decode(control.cookie) : undefined,
  };
}

/** Why it failed, as `reason` or `reason code`; undefined while it goes on or went well. */
export function failureIn(effects: readonly SessionEffect[]): string | undefined {
  for (const effect of effects) {
    if (effect.kind !== "finished" || effect.outcome.ok) continue;
    const { reason, code } = effect.outcome.failure;
    return code === undefined ? reason : `${reason} ${code}`;
  }
  return undefined;
}

export function kinds(effects: readonly SessionEffect[]): readonly string[] {
  return effects.map(({ kind }) => kind);
}
