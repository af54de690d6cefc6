/** A failure of a source in one line for an operator. */
import { LIMITS } from "../../../base/limits.ts";
import type { Failure } from "../../../machines/ldap-session/state.ts";

/** `users: search-refused 4 (sizeLimitExceeded)`, no longer than its message may be. */
export function describeFailure({ reason, search, code, detail }: Failure): string {
  const where = search === undefined ? "" : `${search}: `;
  const number = code === undefined ? "" : ` ${code}`;
  return cut(`${where}${reason}${number}${detail === "" ? "" : ` (${detail})`}`);
}

/** Whole characters, as many as fit. */
function cut(text: string): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(LIMITS.failureReasonBytes));
  return text.slice(0, read);
}
