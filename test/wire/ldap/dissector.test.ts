import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeLdap, type LdapMessage } from "../../../src/wire/ldap/message.ts";
import { parseFilter } from "../../../src/wire/ldap/filter-text.ts";
import { dissect, needsDissector, type Sent } from "../rpc/dissector.ts";
import { MESSAGES, utf8 } from "./messages.ts";

const FILTER = "(&(a=*)(|(b>=1)(c<=2)(d~=3))(!(o=x*y*z))(cn:dn:2.4.6:=v))";
const FROM_CLIENT = /Request$/;

function sent(message: LdapMessage): Sent {
  return { from: FROM_CLIENT.test(message.operation.kind) ? "client" : "server", bytes: encodeLdap(message) };
}

/** Our tshark calls every empty SASL credential malformed: it sees EXTERNAL with an identity instead. */
const all = MESSAGES.map(([, value]) => value).map((message): LdapMessage => {
  const { operation } = message;
  if (operation.kind !== "bindRequest" || operation.authentication.kind !== "sasl") return message;
  return { ...message, operation: { ...operation, authentication: { ...operation.authentication, credentials: utf8("u:anna") } } };
});

test("a dissector takes every message we encode for LDAP and finds nothing wrong", needsDissector, () => {
  const rows = dissect("tcp", 389, all.map(sent));
  assert.equal(rows.length, all.length);
  for (const [i, row] of rows.entries()) {
    assert.ok(!row.broken, `${all[i]?.operation.kind}: ${row.info}`);
    assert.equal(row.protocol, "LDAP", all[i]?.operation.kind);
  }
});

test("a dissector takes a search with every kind of filter", needsDissector, () => {
  const parsed = parseFilter(FILTER);
  assert.ok(parsed.ok);
  const [row] = dissect("tcp", 389, [
    sent({
      id: 2,
      operation: {
        kind: "searchRequest",
        base: "dc=x",
        scope: "subtree",
        dereference: "never",
        sizeLimit: 0,
        timeLimitSeconds: 0,
        typesOnly: false,
        filter: parsed.filter,
        attributes: [],
      },
      controls: [],
    }),
  ]);
  assert.match(row?.info ?? "", /searchRequest\(2\) "dc=x" wholeSubtree/);
  assert.equal(row?.broken, false);
});

test("a message with a wrong inner length planted among the others is found, and is the only finding", needsDissector, () => {
  const packets = all.slice(0, 3).map(sent);
  const planted = encodeLdap(all[0] ?? { id: 1, operation: { kind: "unbindRequest" }, controls: [] });
  planted[11] = 0x7f; // the length of the name, beyond the message
  const rows = dissect("tcp", 389, [...packets, { from: "client", bytes: planted }]);
  assert.deepEqual(
    rows.map(({ broken }) => broken),
    [false, false, false, true],
  );
});
