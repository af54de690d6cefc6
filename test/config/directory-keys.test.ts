/** Where keys for SSH come from: asked for where somebody may be told of them, and nowhere else (directory §6.3). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { directoryOf, directorySchema } from "../../src/config/directory.ts";
import type { Surroundings } from "../../src/config/surroundings.ts";
import { attributesOf } from "../../src/services/directory/fetch/mapping.ts";

const BARE: Surroundings = {
  readTrusted: () => "",
  readSecret: () => "",
  readKey: () => "",
  resolvers: () => [],
  addressOf: () => undefined,
  localNames: () => ({ users: [], groups: [] }),
};

/** Whether the engine keeps keys, and what the fetcher asks for beside RFC 2307's attributes. */
function asked(userFields: object, more: object = {}): readonly [boolean | undefined, readonly string[]] {
  const given = { domain: "home", source: { main: { server: "ldap.test", base: "", user_fields: userFields } }, ...more };
  const { engine, fetcher } = directoryOf(directorySchema.parse(given), BARE);
  const [source] = fetcher.sources;
  assert.ok(source !== undefined);
  return [
    engine.userdb?.sshKeys,
    attributesOf(source.users).filter((name) => !/^(uid|uidNumber|gidNumber|gecos|homeDirectory|loginShell)$/.test(name)),
  ];
}

test("keys are read where an attribute is named and userdb is served", () => {
  assert.deepEqual(asked({ ssh_keys: "sshPublicKey" }), [true, ["sshPublicKey"]]);
  for (const nothing of [{}, { ssh_keys: "" }, { ssh_keys: "=" }]) assert.deepEqual(asked(nothing), [false, []]);
  assert.deepEqual(asked({ ssh_keys: "sshPublicKey" }, { userdb: false }), [undefined, []], "nobody could be told of them");
});

test("all values are keys; with ! the first alone", () => {
  const kindOf = (text: string) => {
    const file = directorySchema.parse({ domain: "home", source: { main: { server: "a.test", base: "", user_fields: { ssh_keys: text } } } });
    return directoryOf(file, BARE).fetcher.sources[0]?.users.fields.sshKeys;
  };
  assert.deepEqual(kindOf("sshPublicKey"), { kind: "list", value: "sshPublicKey" });
  assert.deepEqual(kindOf("sshPublicKey!"), { kind: "attribute", value: "sshPublicKey" });
});
