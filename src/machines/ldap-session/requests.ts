/** The requests of a reading conversation, and its times. */
import type { LdapMessage } from "../../wire/ldap/message.ts";
import { EXTENDED_OID, type SearchRequest } from "../../wire/ldap/operations.ts";
import type { SessionSearch } from "./state.ts";

export const TIMING = {
  /** From the first address tried to a connection. */
  connectSeconds: 10,
  /** Between two messages of the server, or two handshakes. */
  idleSeconds: 30,
} as const;

const NO_COOKIE = new Uint8Array(0);
const UNLIMITED = { kind: "searchRequest", dereference: "never", sizeLimit: 0, timeLimitSeconds: 0, typesOnly: false } as const;
const ANYTHING = { kind: "present", attribute: "objectClass" } as const;

/** @param page undefined asks without the control; a server that does not know it may ignore it (RFC 2696 §3) */
export function searchRequest(
  id: number,
  search: SessionSearch,
  page?: { readonly size: number; readonly critical: boolean; readonly cookie?: Uint8Array },
): LdapMessage {
  const controls =
    page === undefined ? [] : [{ kind: "pagedResults" as const, critical: page.critical, size: page.size, cookie: page.cookie ?? NO_COOKIE }];
  return { id, operation: operationOf(search), controls };
}

/** Everything, then changes as they happen (RFC 4533 §2.2): a server that cannot is to refuse. */
export function syncRequest(id: number, search: SessionSearch): LdapMessage {
  return { id, operation: operationOf(search), controls: [{ kind: "syncRequest", critical: true, mode: "refreshAndPersist", reloadHint: false }] };
}

/** One entry by its name. */
export function entryRequest(id: number, base: string, attributes: readonly string[]): LdapMessage {
  return { id, operation: { ...UNLIMITED, base, scope: "base", filter: ANYTHING, attributes }, controls: [] };
}

/** The values of one attribute of one entry, from the given one on. */
export function rangeRequest(id: number, dn: string, attribute: string, first: number): LdapMessage {
  return entryRequest(id, dn, [`${attribute};range=${first}-*`]);
}

export function externalBindRequest(id: number, authorizationId: string): LdapMessage {
  const authentication = { kind: "sasl", mechanism: "EXTERNAL", credentials: new TextEncoder().encode(authorizationId) } as const;
  return { id, operation: { kind: "bindRequest", version: 3, name: "", authentication }, controls: [] };
}

function operationOf({ base, scope, filter, attributes }: SessionSearch): SearchRequest {
  return { ...UNLIMITED, base, scope, filter, attributes };
}

export function startTlsRequest(id: number): LdapMessage {
  return { id, operation: { kind: "extendedRequest", name: EXTENDED_OID.startTls }, controls: [] };
}

export function unbindRequest(id: number): LdapMessage {
  return { id, operation: { kind: "unbindRequest" }, controls: [] };
}
