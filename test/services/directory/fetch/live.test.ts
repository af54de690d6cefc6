/** Changes as a source tells them: whoever puts them in one by one has what a whole reading would give. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DIRECTORY_LIMITS } from "../../../../src/base/limits-directory.ts";
import type { SourceConfig } from "../../../../src/services/directory/config.ts";
import { type Changes, Live } from "../../../../src/services/directory/fetch/live.ts";
import { Reading } from "../../../../src/services/directory/fetch/reading.ts";
import type { SearchResultEntry } from "../../../../src/wire/ldap/operations.ts";
import { FENCES } from "../../../support/pulling.ts";
import { Slapd } from "../../../support/slapd.ts";
import { uuidOf } from "../../../support/session.ts";

const utf8 = new TextEncoder();
const SOURCE: SourceConfig = Slapd.prototype.source.call({ address: "127.0.0.1", authorityPem: "" }, "plain");
const BY_DN: SourceConfig = {
  ...SOURCE,
  groups: { ...SOURCE.groups, fields: { ...SOURCE.groups.fields, members: { kind: "list", value: "member" } } },
};

function entryOf(dn: string, attributes: Readonly<Record<string, string | readonly string[]>>): SearchResultEntry {
  return {
    kind: "searchResultEntry",
    name: dn,
    attributes: Object.entries(attributes).map(([description, values]) => ({
      description,
      values: [values].flat().map((value) => utf8.encode(value)),
    })),
  };
}

function person(name: string, uid: number, shell = "/bin/sh", dn = `uid=${name}`): SearchResultEntry {
  const cn = `Person ${name}`;
  return entryOf(dn, { uid: name, uidNumber: `${uid}`, gidNumber: "2000", cn, homeDirectory: `/home/${name}`, loginShell: shell });
}

const team = (name: string, more: Readonly<Record<string, readonly string[]>> = {}): SearchResultEntry =>
  entryOf(`cn=${name}`, { cn: name, gidNumber: "3000", ...more });

function begun(source = SOURCE) {
  const told: Changes[] = [];
  const state = { stale: 0 };
  const reading = new Reading(
    source,
    { resolvers: [], idFences: FENCES, sources: [source] },
    { log: { write: () => undefined }, send: () => undefined },
  );
  const live = new Live(reading, {
    changes: (changes) => void told.push(changes),
    stale: () => {
      state.stale++;
    },
  });
  const learn = (search: "users" | "groups", uuid: string, entry: SearchResultEntry): void =>
    live.learn(search, uuidOf(uuid), entry.name, reading.entry(search, entry));
  return { told, state, reading, live, learn };
}

test("what happens while a source is still read is told behind it, in order, though its bytes are used again", () => {
  const { told, live, learn } = begun();
  learn("users", "1", person("ada", 2001));
  const entry = person("ada", 2001, "/bin/new");
  live.changed("users", entry, uuidOf("1"));
  for (const { values } of entry.attributes) for (const value of values) value.fill(0x78);
  live.gone("users", [uuidOf("9")]);
  live.flush();
  assert.equal(told.length, 0);
  live.begin();
  assert.deepEqual(
    told.map(({ users, goneUsers }) => [users.map(({ name, shell }) => `${name} ${shell}`), goneUsers]),
    [[["ada /bin/new"], []]],
  );
});

test("more of that than anybody keeps means reading again", () => {
  const { live, state } = begun();
  for (let i = 0; i <= DIRECTORY_LIMITS.earlyChanges; i++) live.gone("users", [uuidOf("1")]);
  assert.equal(state.stale, 1);
  live.begin();
});

test("an entry that changes twice before it is told is told once, as it is last; one that comes and goes is gone", () => {
  const { told, live } = begun();
  live.begin();
  live.changed("users", person("ada", 2001, "/bin/a"), uuidOf("1"));
  live.changed("users", person("ada", 2001, "/bin/b"), uuidOf("1"));
  live.changed("users", person("eve", 2002), uuidOf("2"));
  live.gone("users", [uuidOf("2")]);
  live.flush();
  live.flush();
  assert.deepEqual(
    told.flatMap(({ users, goneUsers }) => [...users.map(({ shell }) => shell), ...goneUsers.map((name) => `no ${name}`)]),
    ["no eve", "/bin/b"],
  );
});

test("a user's other name is a matter of groups where these name people by their distinguished names (RFC 4519 §2.17)", () => {
  const changes: readonly (readonly [string, (world: ReturnType<typeof begun>) => void, number])[] = [
    ["another shell", ({ live }) => live.changed("users", person("ada", 2001, "/bin/new"), uuidOf("1")), 0],
    ["another name", ({ live }) => live.changed("users", person("eve", 2001), uuidOf("1")), 1],
    ["another place", ({ live }) => live.changed("users", person("ada", 2001, "/bin/sh", "uid=ada,ou=x"), uuidOf("1")), 1],
    ["a broken rule", ({ live }) => live.changed("users", person("ada", 0), uuidOf("1")), 1],
    ["a new user", ({ live }) => live.changed("users", person("new", 2003), uuidOf("3")), 1],
    ["the end", ({ live }) => live.gone("users", [uuidOf("1")]), 1],
    ["a group", ({ live }) => live.changed("groups", team("staff", { member: ["uid=ada"] }), uuidOf("4")), 0],
  ];
  for (const [what, happen, stale] of changes) {
    for (const source of [BY_DN, SOURCE]) {
      const self = begun(source);
      self.learn("users", "1", person("ada", 2001));
      self.live.begin();
      happen(self);
      assert.equal(self.state.stale, source === BY_DN ? stale : 0, what);
    }
  }
  const nested = begun({ ...BY_DN, nested: true });
  nested.live.begin();
  nested.live.gone("groups", [uuidOf("4")]);
  assert.equal(nested.state.stale, 1, "one group may be in others");
});

type Happening = { readonly who: number; readonly variant: number; readonly uid: number; readonly gone: boolean; readonly flush: boolean };
const happening: fc.Arbitrary<Happening> = fc.record({
  who: fc.nat(4),
  variant: fc.nat(2),
  uid: fc.constantFrom(0, 2001, 2002, 2003),
  gone: fc.boolean(),
  flush: fc.boolean(),
});

test("whatever changes, is renamed, breaks a rule, goes and comes back: it adds up to the last state of everything", () => {
  let sent = 0;
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 8 }), fc.array(happening, { maxLength: 30 }), (first, later) => {
      const { told, live, learn, reading } = begun();
      const last = new Map<number, Happening>();
      const served = new Map<string, string>();
      for (const each of first) {
        if (last.has(each.who) || each.gone) continue;
        last.set(each.who, each);
        const entry = person(`n${each.who}v${each.variant}`, each.uid);
        learn("users", `u${each.who}`, entry);
        if (each.uid !== 0) served.set(`n${each.who}v${each.variant}`, `${each.uid}`);
      }
      assert.equal(reading.counts.users, served.size);
      live.begin();
      for (const each of later) {
        if (each.gone) live.gone("users", [uuidOf(`u${each.who}`)]);
        else live.changed("users", person(`n${each.who}v${each.variant}`, each.uid), uuidOf(`u${each.who}`));
        if (each.gone) last.delete(each.who);
        else last.set(each.who, each);
        if (each.flush) live.flush();
      }
      live.flush();
      for (const { users, goneUsers } of told) {
        for (const name of goneUsers) served.delete(name);
        for (const user of users) served.set(user.name, `${user.uid}`);
      }
      sent += told.length;
      const expected = [...last.values()].filter(({ uid }) => uid !== 0).map(({ who, variant, uid }) => [`n${who}v${variant}`, `${uid}`]);
      assert.deepEqual([...served].toSorted(), expected.toSorted());
    }),
    { numRuns: 1000 },
  );
  assert.ok(sent > 100);
});
