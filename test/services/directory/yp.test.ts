import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, call, connect, group, resultIn, textOf, user, utf8, world } from "./world.ts";

const CONTENTS = { users: [user("carol", 2003), user("alice", 2001), user("bob", 2002)], groups: [group("staff", 3001, ["alice", "bob"])] };

test("MATCH finds a user by name and by number, with the seven fields of Linux (defect 20)", () => {
  const { service, serving } = world();
  serving(CONTENTS);
  for (const [map, key] of [
    ["passwd.byname", "alice"],
    ["passwd.byuid", "2001"],
  ] as const) {
    const answer = ask(service, call("match", { domain: "home", map, key: utf8(key) }));
    assert.ok(answer !== undefined);
    const { status, value } = resultIn("match", answer);
    assert.equal(status, "true");
    assert.equal(textOf(value), "alice:*:2001:2000:User alice:/home/alice:/bin/sh");
  }
});

test("ALL gives every entry of every map over a stream, in order (defect 19)", () => {
  const { service, serving } = world();
  serving(CONTENTS);
  const expected = {
    "passwd.byname": ["alice", "bob", "carol"],
    "passwd.byuid": ["2001", "2002", "2003"],
    "group.byname": ["staff"],
    "group.bygid": ["3001"],
    "netid.byname": ["unix.2001@home", "unix.2002@home", "unix.2003@home"],
  };
  for (const [map, keys] of Object.entries(expected)) {
    const client = connect(service);
    client.sendRecord(call("all", { domain: "home", map }));
    const [record] = client.records();
    assert.ok(record !== undefined);
    const entries = resultIn("all", record);
    assert.deepEqual(
      entries.map(({ key }) => textOf(key)),
      keys,
      map,
    );
    for (const { key, value } of entries) {
      const found = ask(service, call("match", { domain: "home", map, key }));
      assert.ok(found !== undefined);
      assert.equal(textOf(resultIn("match", found).value), textOf(value));
    }
  }
});
