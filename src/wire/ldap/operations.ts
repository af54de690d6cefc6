/** The operations of LDAP that a reading client needs (RFC 4511 §4), each with its tag. */
import type { LdapResult } from "./result.ts";
import type { Filter } from "./filter.ts";

/** Values, credentials and cookies are views into the received bytes: copy what must outlive them. */
export type Operation =
  | BindRequest
  | BindResponse
  | UnbindRequest
  | SearchRequest
  | SearchResultEntry
  | SearchResultReference
  | SearchResultDone
  | ExtendedRequest
  | ExtendedResponse
  | IntermediateResponse
  | AbandonRequest;

export type BindRequest = { readonly kind: "bindRequest"; readonly version: number; readonly name: string; readonly authentication: Authentication };
export type Authentication =
  | { readonly kind: "simple"; readonly password: Uint8Array }
  /** EXTERNAL sends the identity it wants as credentials, or an empty one (RFC 4422 appendix A). */
  | { readonly kind: "sasl"; readonly mechanism: string; readonly credentials?: Uint8Array };
export type BindResponse = { readonly kind: "bindResponse"; readonly result: LdapResult; readonly serverCredentials?: Uint8Array };
export type UnbindRequest = { readonly kind: "unbindRequest" };
export type SearchRequest = {
  readonly kind: "searchRequest";
  readonly base: string;
  readonly scope: Scope;
  readonly dereference: Dereference;
  /** Entries; 0 is no limit. */
  readonly sizeLimit: number;
  readonly timeLimitSeconds: number;
  readonly typesOnly: boolean;
  readonly filter: Filter;
  /** Empty is all user attributes, `1.1` alone is none. */
  readonly attributes: readonly string[];
};
export type Scope = (typeof SCOPES)[number];
export type Dereference = (typeof DEREFERENCES)[number];
export type SearchResultEntry = { readonly kind: "searchResultEntry"; readonly name: string; readonly attributes: readonly Attribute[] };
export type Attribute = { readonly description: string; readonly values: readonly Uint8Array[] };
export type SearchResultReference = { readonly kind: "searchResultReference"; readonly uris: readonly string[] };
export type SearchResultDone = { readonly kind: "searchResultDone"; readonly result: LdapResult };
export type ExtendedRequest = { readonly kind: "extendedRequest"; readonly name: string; readonly value?: Uint8Array };
export type ExtendedResponse = {
  readonly kind: "extendedResponse";
  readonly result: LdapResult;
  readonly name?: string;
  readonly value?: Uint8Array;
};
export type IntermediateResponse = { readonly kind: "intermediateResponse"; readonly name?: string; readonly value?: Uint8Array };
/** `id` is the message whose answers nobody wants any more. */
export type AbandonRequest = { readonly kind: "abandonRequest"; readonly id: number };

/** In the order of their numbers on the wire; `subordinate` is OpenLDAP's. */
export const SCOPES = ["base", "one", "subtree", "subordinate"] as const;
export const DEREFERENCES = ["never", "searching", "findingBase", "always"] as const;

/** Names of extended operations. A notice comes with message id 0, unasked, and the connection ends after it. */
export const EXTENDED_OID = { startTls: "1.3.6.1.4.1.1466.20037", noticeOfDisconnection: "1.3.6.1.4.1.1466.20036" } as const;

export const OPERATION_TAG: Readonly<Record<Operation["kind"], number>> = {
  bindRequest: 0x60,
  bindResponse: 0x61,
  unbindRequest: 0x42,
  searchRequest: 0x63,
  searchResultEntry: 0x64,
  searchResultDone: 0x65,
  searchResultReference: 0x73,
  abandonRequest: 0x50,
  extendedRequest: 0x77,
  extendedResponse: 0x78,
  intermediateResponse: 0x79,
};
