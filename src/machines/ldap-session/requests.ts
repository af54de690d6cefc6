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

/** @param page undefined asks without the control; a server that does not know it may ignore it (RFC 2696 §3) */
export function searchRequest(id: number, search: SessionSearch, page?: { readonly size: number; readonly cookie?: Uint8Array }): LdapMessage {
  const operation: SearchRequest = {
    kind: "searchRequest",
    base: search.base,
    scope: search.scope,
    dereference: "never",
    sizeLimit: 0,
    timeLimitSeconds: 0,
    typesOnly: false,
    filter: search.filter,
    attributes: search.attributes,
  };
  const controls = page === undefined ? [] : [{ kind: "pagedResults" as const, critical: false, size: page.size, cookie: page.cookie ?? NO_COOKIE }];
  return { id, operation, controls };
}

/** The values of one attribute of one entry, from the given one on. */
export function rangeRequest(id: number, dn: string, attribute: string, first: number): LdapMessage {
  const operation: SearchRequest = {
    kind: "searchRequest",
    base: dn,
    scope: "base",
    dereference: "never",
    sizeLimit: 0,
    timeLimitSeconds: 0,
    typesOnly: false,
    filter: { kind: "present", attribute: "objectClass" },
    attributes: [`${attribute};range=${first}-*`],
  };
  return { id, operation, controls: [] };
}

export function startTlsRequest(id: number): LdapMessage {
  return { id, operation: { kind: "extendedRequest", name: EXTENDED_OID.startTls }, controls: [] };
}

export function unbindRequest(id: number): LdapMessage {
  return { id, operation: { kind: "unbindRequest" }, controls: [] };
}
