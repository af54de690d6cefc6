/** One entry becomes a user, a group, or a reason. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { FieldSource, SearchConfig, UserField } from "../../../../src/services/directory/config.ts";
import { attributesOf, Mapping } from "../../../../src/services/directory/fetch/mapping.ts";
import type { SearchResultEntry } from "../../../../src/wire/ldap/operations.ts";
import { FENCES } from "../../../support/pulling.ts";

type Values = Readonly<Record<string, readonly (string | Uint8Array)[]>>;

const attribute = (value: string): FieldSource => ({ kind: "attribute", value });
const list = (value: string): FieldSource => ({ kind: "list", value });
const fixed = (value: string): FieldSource => ({ kind: "fixed", value });
const SEARCH = { base: "", scope: "subtree", filter: "" } as const;
const USERS: SearchConfig<UserField> = {
  ...SEARCH,
  fields: {
    name: attribute("uid"),
    password: fixed("*"),
    uid: attribute("uidNumber"),
    gid: attribute("gidNumber"),
    gecos: attribute("cn"),
    home: attribute("homeDirectory"),
    shell: attribute("loginShell"),
    sshKeys: fixed(""),
  },
};
const GROUPS = {
  ...SEARCH,
  fields: { name: attribute("cn"), password: fixed("*"), gid: attribute("gidNumber"), members: list("memberUid") },
} as const;
const ADA: Values = {
  uid: ["ada"],
  cn: ["Ada Moore"],
  uidNumber: ["2000"],
  gidNumber: ["3000"],
  homeDirectory: ["/home/ada"],
  loginShell: ["/bin/sh"],
};
const TEAM: Values = { cn: ["team"], gidNumber: ["3000"], memberUid: ["ada", "bob"] };

function entryOf(values: Values): SearchResultEntry {
  const bytes = (value: string | Uint8Array): Uint8Array => (typeof value === "string" ? new TextEncoder().encode(value) : value);
  const attributes = Object.entries(values).map(([description, each]) => ({ description, values: each.map(bytes) }));
  return { kind: "searchResultEntry", name: "uid=ada", attributes };
}

function userOf(changed: Values, fields: Partial<Record<UserField, FieldSource>> = {}) {
  const search = { ...USERS, fields: { ...USERS.fields, ...fields } };
  return new Mapping(search, GROUPS, FENCES).user(entryOf({ ...ADA, ...changed }));
}

/** The user, or `reason(field)`. */
function user(changed: Values, fields: Partial<Record<UserField, FieldSource>> = {}) {
  const mapped = userOf(changed, fields);
  return mapped.ok ? mapped.entry : `${mapped.rejected.reason}(${mapped.rejected.field})`;
}

function group(changed: Values, members: FieldSource = GROUPS.fields.members) {
  const search = { ...GROUPS, fields: { ...GROUPS.fields, members } };
  const mapped = new Mapping(USERS, search, FENCES).group(entryOf({ ...TEAM, ...changed }));
  assert.ok(mapped !== undefined);
  if (mapped.ok) {
    const { unknown, ...entry } = mapped.entry;
    assert.equal(unknown, 0);
    return entry;
  }
  return `${mapped.rejected.reason}(${mapped.rejected.field})`;
}

/** One field of the user that comes out. */
function field(name: UserField, changed: Values, fields: Partial<Record<UserField, FieldSource>> = {}): unknown {
  const made = user(changed, fields);
  return typeof made === "string" ? made : made[name];
}

const ADA_USER = { name: "ada", password: "*", uid: 2000, gid: 3000, gecos: "Ada Moore", home: "/home/ada", shell: "/bin/sh", sshKeys: "" };

test("a user is its seven fields", () => assert.deepEqual(user({}), ADA_USER));
test("a group is its name, its id and its members, each once", () => {
  assert.deepEqual(group({ memberUid: ["ada", "bob", "ada"] }), { name: "team", password: "*", gid: 3000, members: ["ada", "bob"] });
  assert.deepEqual(group({ memberUid: [] }), { name: "team", password: "*", gid: 3000, members: [] });
});

test("attributes are asked for once each, and none at all when everything is fixed (RFC 4511 §4.5.1.8)", () => {
  assert.deepEqual(attributesOf(USERS), ["uid", "uidNumber", "gidNumber", "cn", "homeDirectory", "loginShell"]);
  const twice = { ...GROUPS, fields: { ...GROUPS.fields, name: attribute("CN"), gid: attribute("cn") } };
  assert.deepEqual(attributesOf(twice), ["cn", "memberUid"]);
  assert.deepEqual(attributesOf({ ...SEARCH, fields: { name: fixed("a"), password: fixed("*"), gid: fixed("1"), members: fixed("") } }), ["1.1"]);
});

test("names of attributes are compared without case, and values without options come first (RFC 4512 §2.5)", () => {
  const shouted = Object.fromEntries(Object.entries(ADA).map(([name, values]) => [name.toUpperCase(), values]));
  assert.deepEqual(new Mapping(USERS, GROUPS, FENCES).user(entryOf(shouted)), { ok: true, entry: ADA_USER });
  assert.equal(field("gecos", { cn: [], "cn;lang-de": ["Ada Moor"], "CN;lang-fr": ["Ada Lande"] }), "Ada Moor");
  assert.equal(field("gecos", { cn: [], "cn;lang-de": ["Ada Moor"], CN: ["Ada Moore"] }), "Ada Moore");
  assert.equal(field("gecos", { cn: [], cnx: ["another attribute"] }), "missing-attribute(gecos)");
});

test("an attribute gives its first value, a list all of them, fixed text itself", () => {
  assert.equal(field("gecos", { cn: ["first", "second"] }), "first");
  assert.equal(field("gecos", { cn: ["first", "second"] }, { gecos: list("cn") }), "first,second");
  assert.equal(field("gecos", { cn: [] }, { gecos: list("cn") }), "");
  assert.equal(field("gecos", { cn: ["first"] }, { gecos: fixed("cn") }), "cn");
  assert.equal(field("shell", {}, { shell: fixed("/bin/false") }), "/bin/false");
  assert.deepEqual(group({}, attribute("memberUid")), { name: "team", password: "*", gid: 3000, members: ["ada"] });
  assert.deepEqual(group({}, fixed("ada,eve")), { name: "team", password: "*", gid: 3000, members: ["ada", "eve"] });
});

test("whoever lacks a field is dropped under its name", () => {
  for (const [name, source] of Object.entries(USERS.fields)) {
    if (source.kind === "attribute") assert.equal(user({ [source.value]: [] }), `missing-attribute(${name})`);
  }
  assert.equal(group({ memberUid: [] }, attribute("memberUid")), "missing-attribute(members)");
});

test("text stays as it is in UTF-8, and what is no UTF-8 is dropped", () => {
  assert.equal(field("gecos", { cn: ["Zoë Ångström 世界 🙂"] }), "Zoë Ångström 世界 🙂");
  for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0x61, 0xe4]]) {
    assert.equal(user({ cn: [Uint8Array.from(bytes)] }), "not-utf8(gecos)");
    assert.equal(group({ memberUid: ["ada", Uint8Array.from(bytes)] }), "not-utf8(members)");
  }
});

test("a colon, a line feed or a control character moves no field: blanks in words about a person, else the entry goes", () => {
  for (const bad of [":", "\n", "\r", "\0", "\t", "\u001b", "\u007f"]) {
    assert.equal(field("gecos", { cn: [`x${bad}0${bad}/bin/sh`] }), "x 0 /bin/sh");
    assert.equal(user({ uid: [`a${bad}b`] }), "bad-character(name)");
    assert.equal(user({ homeDirectory: [`/a${bad}b`] }), "bad-character(home)");
    assert.equal(user({ loginShell: [`/a${bad}b`] }), "bad-character(shell)");
    assert.equal(user({ userPassword: [`a${bad}b`] }, { password: attribute("userPassword") }), "bad-character(password)");
    assert.equal(group({ memberUid: [`a${bad}b`] }), "bad-character(members)");
    assert.equal(group({ cn: [`a${bad}b`] }), "bad-character(name)");
  }
  assert.equal(group({ memberUid: ["a,b"] }), "bad-character(members)");
  assert.equal(group({ memberUid: [""] }), "bad-name(members)");
  assert.equal(group({ memberUid: ["m".repeat(256)] }), "bad-name(members)");
  assert.equal(group({ memberUid: ["ü".repeat(128)] }), "bad-name(members)", "255 bytes, not characters");
});

test("ids are decimal numbers of 32 bits, and their text is only read, never kept", () => {
  assert.equal(field("uid", { uidNumber: ["0002000"] }), 2000);
  assert.equal(field("uid", { uidNumber: ["4294967294"] }), 4_294_967_294);
  assert.equal(field("uid", { uidNumber: ["2147483648"] }), 2_147_483_648);
  for (const text of ["", "-1", "+2000", " 2000", "2000 ", "0x7d0", "2e3", "2000.0", "4294967296", "99999999999999999999", "٢٠٠٠", "abc"]) {
    assert.equal(user({ uidNumber: [text] }), "bad-number(uid)", JSON.stringify(text));
    assert.equal(user({ gidNumber: [text] }), "bad-number(gid)", JSON.stringify(text));
    assert.equal(group({ gidNumber: [text] }), "bad-number(gid)", JSON.stringify(text));
  }
});

test("ids that mean root, nobody or somebody of this machine are fenced off", () => {
  for (const text of ["0", "00", "999", "65535", "4294967295"]) {
    assert.equal(user({ uidNumber: [text] }), "id-out-of-range(uid)", text);
    assert.equal(user({ gidNumber: [text] }), "id-out-of-range(gid)", text);
    assert.equal(group({ gidNumber: [text] }), "id-out-of-range(gid)", text);
  }
  const wide = { ...FENCES, minUid: 0, minGid: 0 };
  assert.equal(new Mapping(USERS, GROUPS, wide).user(entryOf({ ...ADA, uidNumber: ["0"] })).ok, false, "0 is root's with any fence");
  assert.equal(new Mapping(USERS, GROUPS, { ...FENCES, maxUid: 1999 }).user(entryOf(ADA)).ok, false);
  assert.equal(new Mapping(USERS, GROUPS, { ...FENCES, maxUid: 2000, minUid: 2000 }).user(entryOf(ADA)).ok, true);
});

test("names are what clients can use", () => {
  for (const good of ["a", "A.b-c_d@e", "machine$", "_x", ".x", "1a", "n".repeat(255)]) assert.equal(field("name", { uid: [good] }), good);
  for (const bad of ["", ".", "..", "123", "+a", "-a", "~a", "a b", " a", "a ", "a/b", "a,b", "a*", "$", "a$b", "ü", "a\u202eb", "n".repeat(256)]) {
    assert.equal(user({ uid: [bad] }), "bad-name(name)", JSON.stringify(bad));
    assert.equal(group({ cn: [bad] }), "bad-name(name)", JSON.stringify(bad));
  }
});

test("nobody becomes root, or another of this machine's own, by a name in a directory", () => {
  for (const name of ["root", "daemon"]) assert.equal(user({ uid: [name] }), "local-name(name)");
  for (const name of ["root", "sudo"]) assert.equal(group({ cn: [name] }), "local-name(name)");
  assert.equal(field("name", { uid: ["sudo"] }), "sudo", "a user may be called as a group is");
});

test("home and shell begin at the root; a shell may be empty", () => {
  assert.equal(field("shell", { loginShell: [""] }), "");
  assert.equal(user({ loginShell: ["sh"] }), "bad-path(shell)");
  for (const home of ["", "home/ada", "~ada"]) assert.equal(user({ homeDirectory: [home] }), "bad-path(home)");
});

test("a password is a hash of crypt(3) or nothing that opens", () => {
  const password = (text: string): unknown => field("password", { userPassword: [text] }, { password: attribute("userPassword") });
  assert.equal(password("{CRYPT}$6$salt$hash"), "$6$salt$hash");
  assert.equal(password("{crypt}ab"), "ab");
  for (const other of ["{SSHA}abc", "{MD5}abc", "{}abc", "{SASL}ada@x"]) assert.equal(password(other), "*");
  assert.equal(password("*"), "*");
});

test("fields have a length, whatever makes them long", () => {
  assert.match(String(field("gecos", { cn: ["L".repeat(4096)] })), /^L{800,}$/, "shortened: clients have no room for such a line");
  assert.equal(user({ cn: ["L".repeat(4097)] }), "too-long(gecos)");
  assert.equal(user({ cn: ["ü".repeat(2049)] }), "too-long(gecos)");
  const half = "L".repeat(2048);
  assert.equal(user({ cn: [half, half] }, { gecos: list("cn") }), "too-long(gecos)", "with the comma");
  assert.equal(user({ homeDirectory: [`/${half}${half}`] }), "too-long(home)");
  assert.equal(user({ homeDirectory: [`/${"h".repeat(900)}`] }), "too-long(line)");
});

test("members that are distinguished names become the names of the users of this update (RFC 4519 §2.17, §2.40)", () => {
  for (const attribute of ["member", "uniqueMember"]) {
    const search = { ...GROUPS, fields: { ...GROUPS.fields, members: list(attribute) } };
    const mapping = new Mapping(USERS, search, FENCES);
    const named = (name: string, dn: string): SearchResultEntry => ({ ...entryOf({ ...ADA, uid: [name] }), name: dn });
    assert.equal(mapping.user(named("ada", "uid=Ada\\2c M.,ou=People,dc=test")).ok, true);
    assert.equal(mapping.user(named("bob", `uid=bob,ou=${"p".repeat(300)},dc=test`)).ok, true);
    assert.equal(mapping.user({ ...named("eve", "uid=eve,dc=test"), attributes: [] }).ok, false);
    const members = [
      "UID=ada\\, m., OU=people,DC=test",
      `uid=bob,ou=${"p".repeat(300)},dc=test`,
      `uid=bob,ou=${"p".repeat(300)},dc=test#'0101'B`,
      "uid=eve,dc=test",
      "uid=nobody,dc=test",
      "no name at all",
    ];
    const mapped = mapping.group(entryOf({ ...TEAM, [attribute]: members }));
    assert.ok(mapped?.ok);
    assert.deepEqual([mapped.entry.members, mapped.entry.unknown], [["ada", "bob"], 3]);
  }
});

test("a name counts once: the first entry has it", () => {
  const mapping = new Mapping(USERS, GROUPS, FENCES);
  assert.equal(mapping.user(entryOf(ADA)).ok, true);
  assert.deepEqual(mapping.user(entryOf({ ...ADA, uidNumber: ["2001"] })), { ok: false, rejected: { reason: "name-taken", field: "name" } });
  assert.equal(mapping.user(entryOf({ ...ADA, uid: ["other"] })).ok, true, "the same id under another name is another user");
  assert.equal(mapping.group(entryOf({ ...TEAM, cn: ["ada"] }))?.ok, true, "a user and a group may share a name");
  assert.equal(mapping.group(entryOf({ ...TEAM, cn: ["ada"] }))?.ok, false);
  const refused = new Mapping(USERS, GROUPS, FENCES);
  assert.equal(refused.user(entryOf({ ...ADA, uidNumber: ["0"] })).ok, false);
  assert.equal(refused.user(entryOf(ADA)).ok, true, "who was dropped has taken no name");
});

test("whatever bytes come, a user is one line of seven fields, or a reason", () => {
  const value = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.constantFrom("a", "/a", "2000", ":", "a\nb").map((text) => new TextEncoder().encode(text)),
  );
  const values = fc.array(value, { maxLength: 2 });
  const names = Object.keys(ADA);
  let made = 0;
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names, "userPassword"), values, { maxKeys: 3 }), fc.boolean(), (changed, hash) => {
      const mapped = userOf(changed, hash ? { password: attribute("userPassword") } : {});
      if (!mapped.ok) return;
      made++;
      const { name, password, uid, gid, gecos, home, shell } = mapped.entry;
      const line = `${name}:${password}:${uid}:${gid}:${gecos}:${home}:${shell}`;
      assert.equal(line.split(":").length, 7);
      assert.ok(!/[\0\n\r]/.test(line));
      assert.ok(uid >= 1000 && gid >= 1000);
      assert.ok(!/\p{Cs}/u.test(line));
    }),
    { numRuns: 1000 },
  );
  assert.ok(made > 50);
});

test("values of the attribute that keys come from are keys, a line each; what is none is counted and the user stays (§6.3)", () => {
  const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH3mCs3mmMyxRs2TLqQ1 ada";
  const search = { ...USERS, fields: { ...USERS.fields, sshKeys: list("sshPublicKey") } };
  assert.ok(attributesOf(search).includes("sshPublicKey") && !attributesOf(USERS).includes("sshPublicKey"));
  const mapping = new Mapping(search, GROUPS, FENCES);
  const values = [`${key}\n`, `${key}\n${key}2`, "none", Uint8Array.of(0xff), `${key}2`];
  const mapped = mapping.user(entryOf({ ...ADA, sshPublicKey: values }));
  assert.equal(mapped.ok && mapped.entry.sshKeys, `${key}\t${key}2`);
  assert.deepEqual([...mapping.keyFaults].sort(), ["bad-character", "bad-key", "not-utf8"]);
  const next = mapping.user(entryOf({ ...ADA, uid: ["bob"] }));
  assert.deepEqual([next.ok && next.entry.sshKeys, mapping.keyFaults], ["", []]);
  assert.deepEqual(user({ sshPublicKey: [key] }), ADA_USER, "where nobody maps them there are none");
});
