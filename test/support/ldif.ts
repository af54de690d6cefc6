/** A directory as text: always the same people for the same numbers, and entries that no map may carry. */

export type DirectoryContents = {
  readonly users: number;
  readonly groups: number;
  /** Members of one more group, `everyone`; 0 leaves it out. */
  readonly everyone?: number;
  /** Adds the entries of `ODD`. */
  readonly odd?: boolean;
};
/** An entry that is not like the others, and what is to come of it: the count it is found in, or undefined when it passes. */
export type OddEntry = { readonly name: string; readonly ldif: string; readonly rejected: string | undefined };

export const SUFFIX = "dc=directory,dc=test";
/** Ids begin here, for users and for groups. */
export const FIRST_ID = 20_000;
export const READER = { dn: `cn=reader,${SUFFIX}`, password: "only-for-reading" } as const;

const GIVEN = ["Ada", "Börje", "Chandra", "Dilma", "Émile", "Fatou", "Grete", "Hiroshi"];
const FAMILY = ["Moore", "Núñez", "Okafor", "Petrov", "Quist", "Rossi", "Sørensen"];

export function userName(i: number): string {
  return `person${String(i).padStart(5, "0")}`;
}

export function groupName(i: number): string {
  return `team${String(i).padStart(3, "0")}`;
}

/** Members of the i-th group: ten people who follow each other. */
export function membersOf(i: number, users: number): readonly string[] {
  return users === 0 ? [] : Array.from({ length: Math.min(10, users) }, (_, k) => userName((i * 10 + k) % users));
}

/** Fit for `slapadd`. */
export function directoryLdif({ users, groups, everyone = 0, odd = false }: DirectoryContents): string {
  return [
    `dn: ${SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\ndc: directory\no: Test\n`,
    `dn: ${READER.dn}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: reader\nuserPassword: ${READER.password}\n`,
    ...["people", "teams"].map((name) => `dn: ou=${name},${SUFFIX}\nobjectClass: organizationalUnit\nou: ${name}\n`),
    ...Array.from({ length: users }, (_, i) => user(i)),
    ...Array.from({ length: groups }, (_, i) => group(groupName(i), FIRST_ID + i, membersOf(i, users))),
    ...(users === 0 ? [] : [groupOfNames(users)]),
    ...(everyone === 0
      ? []
      : [
          group(
            "everyone",
            FIRST_ID - 1,
            Array.from({ length: everyone }, (_, i) => userName(i)),
          ),
        ]),
    ...(odd ? ODD.map(({ ldif }) => ldif) : []),
  ].join("\n");
}

function user(i: number): string {
  const name = userName(i);
  return person(name, [`cn:: ${base64(`${GIVEN[i % GIVEN.length]} ${FAMILY[i % FAMILY.length]}`)}`, ...account(FIRST_ID + i, name)]);
}

function group(name: string, gid: number, members: readonly string[], rdn = `cn=${name}`): string {
  const lines = [`dn: ${rdn},ou=teams,${SUFFIX}`, "objectClass: posixGroup", `cn: ${name}`, `gidNumber: ${gid}`];
  return `${[...lines, ...members.map((member) => `memberUid: ${member}`)].join("\n")}\n`;
}

/** `named`: no posixGroup, its members are distinguished names, the last one nobody's. */
function groupOfNames(users: number): string {
  const members = [...membersOf(0, users), "nobody-of-that-name"].map((name) => `member: uid=${name},ou=people,${SUFFIX}`);
  const lines = [`dn: cn=named,ou=teams,${SUFFIX}`, "objectClass: groupOfNames", "objectClass: extensibleObject", "cn: named", "gidNumber: 19000"];
  return `${[...lines, ...members].join("\n")}\n`;
}

function person(name: string, lines: readonly string[], rdn = name): string {
  return `${[`dn: uid=${rdn},ou=people,${SUFFIX}`, "objectClass: account", "objectClass: posixAccount", `uid: ${name}`, ...lines].join("\n")}\n`;
}

function account(uid: number, name: string): readonly string[] {
  return [`uidNumber: ${uid}`, `gidNumber: ${FIRST_ID}`, `homeDirectory: /home/${name}`, "loginShell: /bin/sh"];
}

function base64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

/** Ids from 60,000: none of the ordinary people has one. Every reason that a directory with a schema can give. */
export const ODD: readonly OddEntry[] = [
  { name: "colon-in-gecos", ldif: person("odd.colon", ["cn: x:0:0::/:/bin/sh", ...account(60_000, "odd")]), rejected: undefined },
  { name: "newline-in-gecos", ldif: person("odd.newline", [`cn:: ${base64("two\nlines")}`, ...account(60_001, "odd")]), rejected: undefined },
  { name: "long-gecos", ldif: person("odd.long", [`cn: ${"L".repeat(1100)}`, ...account(60_002, "odd")]), rejected: undefined },
  { name: "same-uid-1", ldif: person("odd.same1", ["cn: first", ...account(60_003, "odd")]), rejected: undefined },
  { name: "same-uid-2", ldif: person("odd.same2", ["cn: second", ...account(60_003, "odd")]), rejected: undefined },
  {
    name: "colon-in-home",
    ldif: person("odd.home", ["cn: home", "uidNumber: 60004", `gidNumber: ${FIRST_ID}`, "homeDirectory: /home/a:b", "loginShell: /bin/sh"]),
    rejected: "users/bad-character(home)",
  },
  {
    name: "newline-in-home",
    ldif: person("odd.lines", [
      "cn: home",
      "uidNumber: 60005",
      `gidNumber: ${FIRST_ID}`,
      `homeDirectory:: ${base64("/home/a\nb")}`,
      "loginShell: /bin/sh",
    ]),
    rejected: "users/bad-character(home)",
  },
  { name: "uid-0", ldif: person("odd.zero", ["cn: zero", ...account(0, "zero")]), rejected: "users/id-out-of-range(uid)" },
  { name: "uid-nobody", ldif: person("odd.nobody", ["cn: nobody", ...account(65_535, "nobody")]), rejected: "users/id-out-of-range(uid)" },
  { name: "uid-of-all-ones", ldif: person("odd.ones", ["cn: ones", ...account(4_294_967_295, "ones")]), rejected: "users/id-out-of-range(uid)" },
  { name: "uid-of-33-bits", ldif: person("odd.wide", ["cn: wide", ...account(4_294_967_296, "wide")]), rejected: "users/bad-number(uid)" },
  { name: "negative-uid", ldif: person("odd.negative", ["cn: negative", ...account(-2, "negative")]), rejected: "users/bad-number(uid)" },
  {
    name: "gid-below-the-fence",
    ldif: person("odd.adm", ["cn: adm", "uidNumber: 60006", "gidNumber: 4", "homeDirectory: /h", "loginShell: /bin/sh"]),
    rejected: "users/id-out-of-range(gid)",
  },
  {
    name: "no-shell",
    ldif: person("odd.noshell", ["cn: noshell", "uidNumber: 60007", `gidNumber: ${FIRST_ID}`, "homeDirectory: /h"]),
    rejected: "users/missing-attribute(shell)",
  },
  {
    name: "home-without-a-root",
    ldif: person("odd.relative", ["cn: relative", "uidNumber: 60008", `gidNumber: ${FIRST_ID}`, "homeDirectory: home", "loginShell: /bin/sh"]),
    rejected: "users/bad-path(home)",
  },
  { name: "name-with-a-blank", ldif: person("odd one", ["cn: blank", ...account(60_009, "odd")]), rejected: "users/bad-name(name)" },
  { name: "name-of-digits", ldif: person("60010", ["cn: digits", ...account(60_010, "odd")]), rejected: "users/bad-name(name)" },
  { name: "name-with-a-plus", ldif: person("+odd", ["cn: plus", ...account(60_011, "odd")], "\\+odd"), rejected: "users/bad-name(name)" },
  { name: "root", ldif: person("root", ["cn: root", ...account(60_012, "root")]), rejected: "users/local-name(name)" },
  { name: "a-local-user", ldif: person("daemon", ["cn: daemon", ...account(60_013, "daemon")]), rejected: "users/local-name(name)" },
  {
    name: "a-name-twice",
    ldif: `${person(userName(0), ["cn: double", ...account(60_014, "double")]).replace("ou=people", "ou=teams")}`,
    rejected: "users/name-taken(name)",
  },
  { name: "a-local-group", ldif: group("sudo", 60_015, ["odd.same1"]), rejected: "groups/local-name(name)" },
  { name: "a-long-name", ldif: group("n".repeat(1100), 60_016, [], "gidNumber=60016"), rejected: "groups/bad-name(name)" },
  { name: "comma-in-a-member", ldif: group("odd.comma", 60_017, ["a,b"]), rejected: "groups/bad-character(members)" },
  { name: "gid-0", ldif: group("odd.gid", 0, []), rejected: "groups/id-out-of-range(gid)" },
];
