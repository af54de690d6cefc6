/** Where a referral leads, and as whom we ask there: the secret goes to servers that the configuration names, and to no other. */
import type { SessionSearch } from "../../../machines/ldap-session/state.ts";
import { dnKey, parseDn } from "../../../wire/ldap/dn.ts";
import { parseLdapUrl } from "../../../wire/ldap/url.ts";
import type { ServerConfig, SourceConfig } from "../config.ts";

export type Followed = {
  readonly server: ServerConfig;
  readonly transport: SourceConfig["transport"];
  /** Whether that is a server of the source: it gets our name and password. */
  readonly isTrusted: boolean;
  readonly search: SessionSearch;
  /** How many referrals led here. */
  readonly depth: number;
};

const PORTS = { ldap: 389, ldaps: 636 } as const;

/** The first of the places that can be gone to (RFC 4511 §4.1.10: all of them are equivalent). @returns undefined when there is none */
export function followed(uris: readonly string[], search: SessionSearch, depth: number, source: SourceConfig): Followed | undefined {
  for (const uri of uris) {
    const url = parseLdapUrl(uri);
    if (url === undefined || url.host === "" || source.transport === "ldapi") continue;
    const port = url.port ?? PORTS[url.scheme];
    const known = source.servers.find(({ host }) => host.toLowerCase() === url.host.toLowerCase());
    // What is to be hidden from others stays hidden: an ldap: URL does not lead away from TLS.
    const transport = known !== undefined ? source.transport : url.scheme === "ldaps" ? "ldaps" : source.transport === "plain" ? "plain" : "starttls";
    const narrowed = { ...search, base: url.dn ?? search.base, scope: url.scope ?? search.scope, filter: url.filter ?? search.filter };
    return { server: known ?? { host: url.host, address: undefined, port }, transport, isTrusted: known !== undefined, search: narrowed, depth };
  }
  return undefined;
}

/** Equal text for the same question: none is asked twice. */
export function followKey({ server, search: { name, base, scope } }: Followed): string {
  const parsed = parseDn(base);
  return `${name} ${server.host.toLowerCase()} ${server.port} ${scope} ${parsed === undefined ? base : dnKey(parsed)}`;
}
