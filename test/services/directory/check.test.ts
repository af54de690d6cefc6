import assert from "node:assert/strict";
import { test } from "node:test";
import { DIRECTORY_LIMITS } from "../../../src/base/limits-directory.ts";
import {
  checkGroupHead,
  checkMembers,
  checkUser,
  type Fences,
  fencesOf,
  fitted,
  groupLine,
  userLine,
} from "../../../src/services/directory/check.ts";
import type { GroupEntry, UserEntry } from "../../../src/services/directory/entries.ts";
import { CONFIG, group, user } from "./world.ts";

const FENCES = fencesOf(CONFIG.idFences);
const checkGroup = (entry: GroupEntry, fences: Fences) => checkGroupHead(entry, fences) ?? checkMembers(entry.members);
const reason = (change: Partial<UserEntry>) => checkUser(user("alice", 2001, change), FENCES);

test("an entry that no fence stands against is taken", () => {
  assert.equal(reason({}), undefined);
  assert.equal(reason({ gecos: "Älice, room 7", shell: "" }), undefined);
  for (const name of ["a", "A.b-c_d@e", "machine$", "_x", "0a", "a".repeat(255)]) assert.equal(reason({ name }), undefined, name);
  assert.equal(checkGroup(group("staff", 3001, ["alice", "köln"]), FENCES), undefined);
});

test("a name that clients would read as something else is refused", () => {
  for (const name of ["", ".", "..", "123", "-a", "+a", "~a", "a b", " a", "a:b", "a,b", "a/b", "a*", "a\n", "é", "a$b"])
    assert.equal(reason({ name }), "bad-name", JSON.stringify(name));
  assert.equal(reason({ name: "a".repeat(256) }), "too-long");
  assert.equal(checkGroup(group("12", 3001), FENCES), "bad-name");
});

test("root, the names of this machine and ids outside the fences are refused (defect 13)", () => {
  assert.equal(reason({ name: "root" }), "local-name");
  assert.equal(reason({ name: "daemon" }), "local-name");
  assert.equal(checkGroup(group("sudo", 3001), FENCES), "local-name");
  for (const id of [0, 999, 65_535, 4_294_967_295, 4_000_000_001]) {
    assert.equal(reason({ uid: id }), "id-range", String(id));
    assert.equal(reason({ gid: id }), "id-range", String(id));
    assert.equal(checkGroup(group("staff", id), FENCES), "id-range", String(id));
  }
  for (const id of [-1, 1.5, Number.NaN, 2 ** 32]) assert.equal(reason({ uid: id }), "bad-number", String(id));
  const open = fencesOf({ ...CONFIG.idFences, minUid: 0, maxUid: 0xffffffff });
  for (const id of [0, 65_535, 4_294_967_295]) assert.equal(checkUser(user("alice", id), open), "id-range", `${id} whatever the fences are`);
});

test("a value cannot shift fields, begin a line or add a member (defect 12)", () => {
  for (const text of ["a:b", "a\nb", "a\rb", "a\0b"]) {
    assert.equal(reason({ gecos: text }), "bad-char", JSON.stringify(text));
    assert.equal(reason({ home: `/${text}` }), "bad-char", JSON.stringify(text));
    assert.equal(reason({ shell: `/${text}` }), "bad-char", JSON.stringify(text));
    assert.equal(reason({ password: text }), "bad-char", JSON.stringify(text));
    assert.equal(checkGroup(group("staff", 3001, ["bob", text]), FENCES), "bad-char", JSON.stringify(text));
  }
  assert.equal(checkGroup(group("staff", 3001, ["a,root"]), FENCES), "bad-char");
  assert.equal(checkGroup(group("staff", 3001, [""]), FENCES), "bad-char");
  assert.equal(reason({ gecos: "\ud800" }), "not-utf8");
});

test("paths begin at the root, and long fields are refused whole, never cut (defect 11)", () => {
  assert.equal(reason({ home: "home" }), "bad-path");
  assert.equal(reason({ home: "" }), "bad-path");
  assert.equal(reason({ shell: "sh" }), "bad-path");
  assert.equal(reason({ gecos: "x".repeat(4097) }), "too-long");
  assert.equal(checkGroup(group("staff", 3001, ["m".repeat(256)]), FENCES), "too-long");
});

test("a line is no longer than clients have room for: words about a person are shortened in whole characters, nothing else is (§3.5)", () => {
  const bytes = (text: string): number => Buffer.byteLength(text);
  const most = DIRECTORY_LIMITS.passwdLineBytes;
  const plain = bytes(userLine(user("alice", 2001, { gecos: "" })));
  const exact = user("alice", 2001, { gecos: "x".repeat(most - plain) });
  assert.equal(fitted(exact), exact);
  for (const letter of ["x", "é", "弘", "😀"]) {
    const cut = fitted(user("alice", 2001, { gecos: `\ufeff.${letter.repeat(1000)}` }));
    const length = bytes(userLine(cut ?? exact));
    assert.ok(length <= most && length > most - bytes(letter), `${length} bytes of ${letter}`);
    assert.match(cut?.gecos ?? "", new RegExp(`^\ufeff\\.(${letter})+$`, "u"));
  }
  const home = `/${"h".repeat(most)}`;
  assert.equal(fitted(user("alice", 2001, { home })), undefined);
  assert.equal(reason({ home, gecos: "" }), "too-long", "and the engine takes no fetcher's word for it");
  assert.equal(reason({ gecos: "x".repeat(most) }), "too-long");
});

test("ids are printed unsigned, and the line has exactly the fields its readers know (defects 15 and 20)", () => {
  assert.equal(userLine(user("alice", 3_000_000_000, { gid: 2_500_000_000 })), "alice:*:3000000000:2500000000:User alice:/home/alice:/bin/sh");
  assert.equal(groupLine(group("staff", 3_000_000_000, ["alice", "bob", "alice"])), "staff:*:3000000000:alice,bob");
  assert.equal(groupLine(group("empty", 3001)), "empty:*:3001:");
});

test("no hash and no empty password leaves over YP, where anybody listens (defect 18)", () => {
  for (const password of ["$6$salt$hash", "", "!", "{SSHA}x"]) assert.match(userLine(user("alice", 2001, { password })), /^alice:\*:/);
  assert.match(userLine(user("alice", 2001, { password: "x" })), /^alice:x:/);
  assert.match(groupLine({ ...group("staff", 3001), password: "$1$x" }), /^staff:\*:/);
});
