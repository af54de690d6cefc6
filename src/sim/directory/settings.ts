/** How the office is configured: one source, read over StartTLS with a password, from people and groups of RFC 2307. */
import type { DirectoryConfig, FetcherConfig } from "../../services/directory/config.ts";

export const BASE = "dc=office,dc=example";
export const SECRET = { bindDn: `cn=reader,${BASE}`, password: "only in the simulation" };
const INTERVAL_SECONDS = 60;
const attribute = (value: string) => ({ kind: "attribute", value }) as const;
const FENCES = { minUid: 1000, maxUid: 60_000, minGid: 1000, maxGid: 60_000, localUsers: ["root"], localGroups: ["sudo"] };

export const CONFIG: DirectoryConfig = {
  domain: "office",
  master: "gateway",
  intervalSeconds: INTERVAL_SECONDS,
  maxStaleSeconds: 0,
  idFences: FENCES,
  sources: [{ name: "ldap", onFailure: "hold", shrinkPercent: 60, keepSeconds: 86_400 }],
  yp: undefined,
  userdb: undefined,
};
export const FETCHER: FetcherConfig = {
  resolvers: [],
  idFences: FENCES,
  sources: [
    {
      name: "ldap",
      servers: [{ host: "ldap.office.example", address: "192.0.2.10", port: 389 }],
      srv: "",
      transport: "starttls",
      trustedPem: "",
      clientPem: undefined,
      bind: "simple",
      bindDn: SECRET.bindDn,
      bindPassword: SECRET.password,
      authorizationId: "",
      pageSize: 7,
      pagination: "try",
      referrals: "ignore",
      nested: false,
      refresh: "whole",
      reconcileSeconds: 21_600,
      users: {
        base: `ou=people,${BASE}`,
        scope: "one",
        filter: "(objectClass=posixAccount)",
        fields: {
          name: attribute("uid"),
          password: { kind: "fixed", value: "*" },
          uid: attribute("uidNumber"),
          gid: attribute("gidNumber"),
          gecos: attribute("gecos"),
          home: attribute("homeDirectory"),
          shell: attribute("loginShell"),
          sshKeys: { kind: "fixed", value: "" },
        },
      },
      groups: {
        base: `ou=groups,${BASE}`,
        scope: "one",
        filter: "(objectClass=posixGroup)",
        fields: {
          name: attribute("cn"),
          password: { kind: "fixed", value: "*" },
          gid: attribute("gidNumber"),
          members: { kind: "list", value: "memberUid" },
        },
      },
    },
  ],
};
