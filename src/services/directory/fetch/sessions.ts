/** What a source's configuration means for a conversation with one of its servers. */
import type { Instant } from "../../../base/time.ts";
import type { SearchName, SessionConfig, SessionSearch } from "../../../machines/ldap-session/state.ts";
import { parseFilter } from "../../../wire/ldap/filter-text.ts";
import type { GroupField, SearchConfig, SourceConfig, UserField } from "../config.ts";
import { attributesOf } from "./mapping.ts";

/** @returns why this source cannot even be asked */
export function problemOf({ bind, bindDn, bindPassword }: SourceConfig): string | undefined {
  // A name without a password is not a wrong one: servers take it for nobody, and show what anybody may see (RFC 4513 §5.1.2).
  return bind === "simple" && bindDn !== "" && bindPassword === "" ? "no-password: a bind name without a password reads as nobody" : undefined;
}

/** @returns undefined when a filter is none */
export function sessionOf(
  source: SourceConfig,
  { endsAt, knownMark }: { readonly endsAt: Instant; readonly knownMark: string },
): SessionConfig | undefined {
  const [users, groups] = [searchOf("users", source.users), searchOf("groups", source.groups)];
  if (users === undefined || groups === undefined) return undefined;
  const { transport, pageSize, pagination, referrals, refresh } = source;
  return {
    transport,
    ...identityOf(source, true),
    pageSize,
    pagingRequired: pagination === "required",
    referrals,
    knownMark: refresh === "check" ? knownMark : undefined,
    sync: refresh === "sync",
    searches: [users, groups],
    endsAt,
  };
}

/** @param isTrusted whether the server is one of the source: to no other are we anybody */
export function identityOf({ bind, bindDn, authorizationId }: SourceConfig, isTrusted: boolean): Pick<SessionConfig, "bindDn" | "external"> {
  const external = isTrusted && bind === "external" ? authorizationId : undefined;
  return { bindDn: isTrusted && bind === "simple" ? bindDn : "", external };
}

function searchOf(name: SearchName, search: SearchConfig<UserField> | SearchConfig<GroupField>): SessionSearch | undefined {
  const parsed = parseFilter(search.filter);
  return parsed.ok ? { name, base: search.base, scope: search.scope, filter: parsed.filter, attributes: attributesOf(search) } : undefined;
}
