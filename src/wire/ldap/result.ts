/** LDAPResult (RFC 4511 §4.1.9), shared by every operation that ends. */
import type { Reader, Writer } from "../../base/cursor.ts";
import { LIMITS } from "../../base/limits.ts";
import { countOf, eachOf, element, optionalElement, TAG, textOf, wordsOf, writeElement, writeInteger, writeText } from "./ber.ts";

/** Every code of RFC 4511 appendix A, and those of later documents that servers send. */
export const RESULT = {
  success: 0,
  operationsError: 1,
  protocolError: 2,
  timeLimitExceeded: 3,
  sizeLimitExceeded: 4,
  compareFalse: 5,
  compareTrue: 6,
  authMethodNotSupported: 7,
  strongerAuthRequired: 8,
  referral: 10,
  adminLimitExceeded: 11,
  unavailableCriticalExtension: 12,
  confidentialityRequired: 13,
  saslBindInProgress: 14,
  noSuchAttribute: 16,
  undefinedAttributeType: 17,
  inappropriateMatching: 18,
  constraintViolation: 19,
  attributeOrValueExists: 20,
  invalidAttributeSyntax: 21,
  noSuchObject: 32,
  aliasProblem: 33,
  invalidDNSyntax: 34,
  aliasDereferencingProblem: 36,
  inappropriateAuthentication: 48,
  invalidCredentials: 49,
  insufficientAccessRights: 50,
  busy: 51,
  unavailable: 52,
  unwillingToPerform: 53,
  loopDetect: 54,
  namingViolation: 64,
  objectClassViolation: 65,
  notAllowedOnNonLeaf: 66,
  notAllowedOnRDN: 67,
  entryAlreadyExists: 68,
  objectClassModsProhibited: 69,
  affectsMultipleDSAs: 71,
  other: 80,
  canceled: 118,
  noSuchOperation: 119,
  tooLate: 120,
  cannotCancel: 121,
  assertionFailed: 122,
  authorizationDenied: 123,
  syncRefreshRequired: 4096,
} as const;
export type ResultName = keyof typeof RESULT;

/** `code` may be one we have no name for. `referrals` is empty unless the server named other places. */
export type LdapResult = { readonly code: number; readonly matchedDn: string; readonly diagnostic: string; readonly referrals: readonly string[] };

const REFERRAL = 0xa3;
const NAMES = new Map<number, string>(Object.entries(RESULT).map(([name, code]) => [code, name]));

/** What RFC 4511 calls a code; a number nobody named is shown as it is. */
export function resultName(code: number): string {
  return NAMES.get(code) ?? `result ${code}`;
}

/** The components of a result, at the beginning of a response. */
export function readResult(content: Reader): LdapResult {
  const code = countOf(element(content, TAG.enumerated));
  const matchedDn = textOf(element(content, TAG.octetString));
  const diagnostic = wordsOf(element(content, TAG.octetString));
  const referral = optionalElement(content, REFERRAL);
  return { code, matchedDn, diagnostic, referrals: referral === undefined ? [] : readUris(referral) };
}

export function writeResult(writer: Writer, { code, matchedDn, diagnostic, referrals }: LdapResult): void {
  writeInteger(writer, TAG.enumerated, code);
  writeText(writer, TAG.octetString, matchedDn);
  writeText(writer, TAG.octetString, diagnostic);
  if (referrals.length > 0) writeElement(writer, REFERRAL, (inner) => writeUris(inner, referrals));
}

export function readUris(content: Reader): readonly string[] {
  return eachOf(content, LIMITS.ldapReferrals, (reader) => textOf(element(reader, TAG.octetString)));
}

export function writeUris(writer: Writer, uris: readonly string[]): void {
  for (const uri of uris) writeText(writer, TAG.octetString, uri);
}
