/** Where referrals lead, and as whom: the secret stays with the servers that the operator named (directory L5). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SessionSearch } from "../../../../src/machines/ldap-session/state.ts";
import { followed, followKey } from "../../../../src/services/directory/fetch/referrals.ts";
import { identityOf } from "../../../../src/services/directory/fetch/sessions.ts";
import { Slapd } from "../../../support/slapd.ts";

const SOURCE = Slapd.prototype.source.call({ address: "192.0.2.1", authorityPem: "" }, "ldaps", {
  servers: [{ host: "one.test", address: "192.0.2.1", port: 636 }],
});
const SEARCH: SessionSearch = { name: "users", base: "dc=x", scope: "subtree", filter: { kind: "present", attribute: "uid" }, attributes: ["uid"] };

test("a server that the configuration names is gone to as it says, with our name; any other as nobody", () => {
  const ours = followed(["ldap://ONE.test/ou=a,dc=x??one"], SEARCH, 1, SOURCE);
  assert.deepEqual(ours, {
    server: SOURCE.servers[0],
    transport: "ldaps",
    isTrusted: true,
    search: { ...SEARCH, base: "ou=a,dc=x", scope: "one" },
    depth: 1,
  });
  const theirs = followed(["ldap://two.test"], SEARCH, 2, SOURCE);
  assert.deepEqual(theirs, {
    server: { host: "two.test", address: undefined, port: 389 },
    transport: "starttls",
    isTrusted: false,
    search: SEARCH,
    depth: 2,
  });
  assert.deepEqual(identityOf(SOURCE, false), { bindDn: "", external: undefined });
  assert.deepEqual(identityOf({ ...SOURCE, bind: "external", bindDn: "" }, false), { bindDn: "", external: undefined });
  assert.equal(identityOf(SOURCE, true).bindDn, SOURCE.bindDn);
});

test("a referral never leads away from TLS, and leads to it where it says so", () => {
  const transport = (uri: string, own: typeof SOURCE.transport) => followed([uri], SEARCH, 1, { ...SOURCE, transport: own })?.transport;
  assert.deepEqual(
    (["ldaps", "starttls", "plain"] as const).map((own) => [transport("ldap://two.test", own), transport("ldaps://two.test", own)]),
    [
      ["starttls", "ldaps"],
      ["starttls", "ldaps"],
      ["plain", "ldaps"],
    ],
  );
  assert.equal(transport("ldap://two.test", "ldapi"), undefined, "what is on this machine does not refer to others");
});

test("the first place that can be gone to is taken; where there is none the part is missing", () => {
  assert.equal(followed(["http://a.test/", "ldap:///dc=x", "ldap://b.test/"], SEARCH, 1, SOURCE)?.server.host, "b.test");
  assert.equal(followed(["http://a.test/"], SEARCH, 1, SOURCE), undefined);
  assert.equal(followed([], SEARCH, 1, SOURCE), undefined);
});

test("the same question is asked once, however it is written", () => {
  const key = (uri: string): string => {
    const where = followed([uri], SEARCH, 1, SOURCE);
    assert.ok(where !== undefined);
    return followKey(where);
  };
  assert.equal(key("ldap://two.test/OU=A,%20dc=x"), key("ldap://TWO.test:389/ou=a,dc=x"));
  assert.notEqual(key("ldap://two.test/ou=a,dc=x"), key("ldap://two.test/ou=a,dc=x??base"));
});
