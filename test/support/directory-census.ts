/**
 * A directory as years make them: ten thousand ordinary people, and among them and beside them entries of every kind that a map cannot
 * carry, or only in other words. The same for the same numbers. What is to become of it says directory-census.py, from the LDIF.
 */
import { SUFFIX } from "./ldif.ts";

type Value = string | Uint8Array;
type Attributes = Readonly<Record<string, Value | readonly Value[]>>;
type Fields = Readonly<Record<string, string>>;
/** A source, as leasehold.toml and the script are told of it. */
export type CensusSource = {
  readonly name: string;
  readonly base: string;
  readonly users: { readonly class: string; readonly fields: Fields };
  readonly groups: { readonly class: string; readonly fields: Fields };
  readonly nested?: boolean;
};
export type CensusSize = { readonly users: number; readonly groups: number; readonly everyone: number; readonly wild: number };

const POSIX_USER = { name: "uid", password: "=*", uid: "uidNumber", gid: "gidNumber", gecos: "cn", home: "homeDirectory", shell: "loginShell" };
const POSIX_GROUP = { name: "cn", password: "=*", gid: "gidNumber", members: "memberUid" };
const baseOf = (name: string): string => `ou=${name},${SUFFIX}`;

/** In this order: names and ids of the first are the first's. */
export const CENSUS_SOURCES: readonly CensusSource[] = [
  { name: "main", base: baseOf("main"), users: { class: "posixAccount", fields: POSIX_USER }, groups: { class: "posixGroup", fields: POSIX_GROUP } },
  {
    name: "wild",
    base: baseOf("wild"),
    users: {
      class: "wildUser",
      fields: {
        name: "wildName",
        password: "wildPassword?",
        uid: "wildUid",
        gid: "wildGid",
        gecos: "wildWords?",
        home: "wildHome",
        shell: "wildShell",
      },
    },
    groups: { class: "wildGroup", fields: { name: "wildName", password: "=x", gid: "wildGid", members: "wildMember" } },
  },
  {
    name: "nested",
    base: baseOf("nested"),
    users: { class: "posixAccount", fields: { ...POSIX_USER, gecos: "gecos?" } },
    groups: { class: "groupOfNames", fields: { ...POSIX_GROUP, members: "member" } },
    nested: true,
  },
  {
    name: "unique",
    base: baseOf("unique"),
    users: { class: "posixAccount", fields: { ...POSIX_USER, shell: "=/bin/false" } },
    groups: { class: "groupOfUniqueNames", fields: { ...POSIX_GROUP, members: "uniqueMember" } },
  },
];

const WILD = ["wildName", "wildPassword", "wildUid", "wildGid", "wildWords", "wildHome", "wildShell", "wildMember"];
const EXPERIMENT = "1.3.6.1.4.1.4203.666.77";
/** Attributes of any bytes (RFC 4517 §3.3.25): RFC 2307's own cannot hold much that is odd, and not every server minds its schema. */
export const CENSUS_SCHEMA = [
  ...WILD.map((name, i) => `attributetype ( ${EXPERIMENT}.1.${i} NAME '${name}' SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )`),
  ...["wildUser", "wildGroup"].map(
    (name, i) => `objectclass ( ${EXPERIMENT}.2.${i} NAME '${name}' SUP top STRUCTURAL MUST l MAY ( ${WILD.join(" $ ")} ) )`,
  ),
].join("\n");

/** Further entries for `slapadd`. */
export function censusLdif(size: CensusSize): string {
  return [
    ...CENSUS_SOURCES.map(({ name, base }) => entry(base, ["organizationalUnit"], { ou: name })),
    ...Array.from({ length: size.users }, (_, i) => person(i)),
    ...oddUsers(),
    ...Array.from({ length: size.groups }, (_, i) => team(i, size.users)),
    ...oddGroups(size),
    entry(`ou=elsewhere,${baseOf("main")}`, ["referral", "extensibleObject"], {
      ou: "elsewhere",
      ref: `ldap://elsewhere.test/ou=elsewhere,${baseOf("main")}`,
    }),
    ...Array.from({ length: size.wild }, (_, i) => wildUser(i)),
    ...Array.from({ length: size.wild / 2 }, (_, i) => wildGroup(i, size.wild)),
    ...nestedGroups(),
    ...uniqueGroups(),
  ].join("\n");
}

const utf8 = new TextEncoder();

function entry(dn: string, classes: readonly string[], attributes: Attributes): string {
  const rows: readonly (readonly [string, Value | readonly Value[]])[] = [["dn", dn], ["objectClass", classes], ...Object.entries(attributes)];
  return `${rows.flatMap(([name, values]) => (isOne(values) ? [values] : values).map((value) => line(name, value))).join("\n")}\n`;
}

function isOne(values: Value | readonly Value[]): values is Value {
  return typeof values === "string" || values instanceof Uint8Array;
}

/** RFC 2849: what is not safe as it stands goes in base64. */
function line(name: string, value: Value): string {
  if (typeof value === "string" && /^[\x21-\x39\x3b\x3d-\x7e]?$|^[\x21-\x39\x3b\x3d-\x7e][\x20-\x7e]*[\x21-\x7e]$/.test(value))
    return `${name}: ${value}`;
  return `${name}:: ${Buffer.from(value).toString("base64")}`;
}

const GIVEN = ["Ada", "Börje", "Chandra", "Dilma", "Émile", "Fatou", "Grete", "弘", "Ольга"];
const FAMILY = ["Moore", "Núñez", "Okafor", "Petrov", "Quist", "Rossi", "Sørensen", "d'Arc", "van der Berg"];
const SHELLS = ["/bin/sh", "/bin/bash", "/usr/bin/zsh", "/sbin/nologin"];
const FIRST_ID = 100_000;

/** Not all of the same length, and not in the order in which maps have them. */
export function censusName(i: number): string {
  const names = [`person${i}`, `anna.${i}`, `_svc-${i}`, `host${i}$`, `u${i}@corp.test`, `Z${i}`, `0${i}x`];
  return names[i % names.length] ?? "";
}

function person(i: number): string {
  const name = censusName(i);
  const whole = `${GIVEN[i % GIVEN.length]} ${FAMILY[(i * 7) % FAMILY.length]}`;
  const words = i % 13 === 0 ? `${whole},Room ${i % 97},+1 555 ${i}` : whole;
  return entry(
    `uid=${name.replaceAll(/[$@]/g, "_")},${baseOf("main")}`,
    ["account", "posixAccount", ...(/[$@]/.test(name) ? ["extensibleObject"] : [])],
    {
      uid: /[$@]/.test(name) ? [name, name.replaceAll(/[$@]/g, "_")] : name,
      cn: i % 31 === 0 ? [words, "another name"] : words,
      uidNumber: String(i % 997 === 5 ? FIRST_ID + i - 1 : FIRST_ID + i), // now and then two have the same one
      gidNumber: String(FIRST_ID + (i % 500)),
      homeDirectory: `/home/${name.slice(0, 2)}/${name}`,
      loginShell: SHELLS[i % SHELLS.length] ?? "",
    },
  );
}

function team(i: number, users: number): string {
  const count = i === 7 ? 3000 : (i * i) % 41;
  const members = Array.from({ length: Math.min(count, users) }, (_, k) => censusName((i * 10 + k * 3) % (users + 5))); // the last five are nobody
  return entry(`cn=team${i},${baseOf("main")}`, ["posixGroup"], {
    cn: `team${i}`,
    gidNumber: String(FIRST_ID + (i % 101 === 3 ? i - 1 : i)),
    ...(members.length === 0 ? {} : { memberUid: [...new Set(members)] }),
  });
}

const ACCOUNT: Attributes = { cn: "odd", gidNumber: String(FIRST_ID), homeDirectory: "/home/odd", loginShell: "/bin/sh" };

/** Under RFC 2307's schema. */
function oddUsers(): readonly string[] {
  const odd: readonly Attributes[] = [
    { uid: "odd.colon", uidNumber: "60000", cn: "x:0:0::/:/bin/sh" },
    { uid: "odd.newline", uidNumber: "60001", cn: "two\nlines\r\nof it" },
    { uid: "odd.long", uidNumber: "60002", cn: "L".repeat(1100) },
    { uid: "odd.wide-words", uidNumber: "60050", cn: `x${"é".repeat(700)}` },
    { uid: "odd.longer-words", uidNumber: "60051", cn: `${"弘".repeat(700)}` },
    { uid: "odd.fits", uidNumber: "60052", homeDirectory: `/${"h".repeat(850)}` },
    { uid: "odd.fits-not", uidNumber: "60053", homeDirectory: `/${"h".repeat(880)}` },
    { uid: "odd.longest", uidNumber: "60003", cn: "M".repeat(4096) },
    { uid: "odd.too-long", uidNumber: "60004", cn: "N".repeat(4097) },
    { uid: "odd.control", uidNumber: "60005", cn: "\u0001bell\u0007 escape\u001b[31m\u007f" },
    { uid: "odd.c1", uidNumber: "60006", cn: "next\u0085line, separator\u2028" },
    { uid: "odd.blanks", uidNumber: "60007", cn: "  both ends  " },
    { uid: "odd.only-colons", uidNumber: "60008", cn: ":::" },
    { uid: "odd.same1", uidNumber: "60010" },
    { uid: "odd.same2", uidNumber: "60010" },
    { uid: "odd.zero", uidNumber: "0" },
    { uid: "odd.low", uidNumber: "999" },
    { uid: "odd.nobody16", uidNumber: "65535" },
    { uid: "odd.nobody", uidNumber: "65534" },
    { uid: "odd.most", uidNumber: "4294967294" },
    { uid: "odd.signed", uidNumber: "2147483648" },
    { uid: "odd.ones", uidNumber: "4294967295" },
    { uid: "odd.wide", uidNumber: "4294967296" },
    { uid: "odd.negative", uidNumber: "-2" },
    { uid: "odd.gid", uidNumber: "60011", gidNumber: "4" },
    { uid: "odd.gid0", uidNumber: "60012", gidNumber: "0" },
    { uid: "odd.home-colon", uidNumber: "60013", homeDirectory: "/home/a:b" },
    { uid: "odd.home-lines", uidNumber: "60014", homeDirectory: "/home/a\nevil:x:0:0::/:/bin/sh" },
    { uid: "odd.home-relative", uidNumber: "60015", homeDirectory: "home" },
    { uid: "odd.home-dots", uidNumber: "60016", homeDirectory: "/home/../root" },
    { uid: "odd.home-slashes", uidNumber: "60017", homeDirectory: "/home//odd/" },
    { uid: "odd.root-home", uidNumber: "60018", homeDirectory: "/" },
    { uid: "odd.shell", uidNumber: "60019", loginShell: "sh" },
    { uid: "odd.shell-words", uidNumber: "60020", loginShell: "/bin/sh -x" },
    { uid: "odd one", uidNumber: "60021" },
    { uid: "60022", uidNumber: "60022" },
    { uid: "+odd", uidNumber: "60023" },
    { uid: "-odd", uidNumber: "60024" },
    { uid: "odd/slash", uidNumber: "60025" },
    { uid: "ödd", uidNumber: "60026" },
    { uid: ".", uidNumber: "60027" },
    { uid: "..", uidNumber: "60028" },
    { uid: "root", uidNumber: "60029" },
    { uid: "nobody", uidNumber: "60030" },
    { uid: censusName(0), uidNumber: "60031" },
    { uid: "n".repeat(255), uidNumber: "60032" },
    { uid: "n".repeat(256), uidNumber: "60033" },
    { uid: ["odd.first", "odd.second"], uidNumber: "60034" },
    { uid: "odd.tagged", uidNumber: "60035", cn: "without a tag", "cn;lang-de": "mit Kennzeichen" },
    { uid: "odd.all", uidNumber: "0", gidNumber: "0", homeDirectory: "x", loginShell: "y" },
  ];
  const without = (name: string): Attributes => Object.fromEntries(Object.entries(ACCOUNT).filter(([key]) => key !== name));
  const made = odd.map((attributes) => ({ ...ACCOUNT, ...attributes }));
  const lacking = [{ ...without("loginShell"), uid: "odd.no-shell", uidNumber: "60040" }];
  return [...made, ...lacking].map((attributes, i) =>
    entry(`host=odd${i},${baseOf("main")}`, ["account", "posixAccount"], { host: `odd${i}`, ...attributes }),
  );
}

function oddGroups({ everyone, users }: CensusSize): readonly string[] {
  const odd: readonly Attributes[] = [
    { cn: "odd.empty", gidNumber: "70000" },
    { cn: "odd.unknown", gidNumber: "70001", memberUid: ["nobody-knows-them", "60000", "-5", "a/b", "two words"] },
    { cn: "odd.comma", gidNumber: "70002", memberUid: ["a,b"] },
    { cn: "odd.colon", gidNumber: "70003", memberUid: [censusName(1), "a:b"] },
    { cn: "odd.lines", gidNumber: "70004", memberUid: ["a\nwheel:x:0:evil"] },
    { cn: "odd.gid0", gidNumber: "0" },
    { cn: "odd.gid-ones", gidNumber: "4294967295" },
    { cn: "odd.gid-low", gidNumber: "27" },
    { cn: "odd.gid-wide", gidNumber: "99999999999999999999" },
    { cn: "nogroup", gidNumber: "70005" },
    { cn: "root", gidNumber: "70006" },
    { cn: "wheel", gidNumber: "70013", memberUid: [censusName(5)] },
    { cn: "docker", gidNumber: "70014" },
    { cn: "g".repeat(1100), gidNumber: "70007" },
    { cn: "team1", gidNumber: "70008", memberUid: [censusName(2)] },
    { cn: "odd.same1", gidNumber: "70009", memberUid: [censusName(3)] },
    { cn: "odd.same2", gidNumber: "70009", memberUid: [censusName(3)] },
    { cn: censusName(4), gidNumber: "70010", memberUid: [censusName(4)] }, // a user and a group of one name
    { cn: "everyone", gidNumber: "70011", memberUid: Array.from({ length: everyone }, (_, i) => (i < users ? censusName(i) : `gone${i}`)) },
    { cn: "odd.case", gidNumber: "70012", memberUid: [censusName(0), censusName(0).toUpperCase()] },
  ];
  return odd.map((attributes, i) => entry(`description=odd${i},${baseOf("main")}`, ["posixGroup"], { description: `odd${i}`, ...attributes }));
}

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);
const NAMES: readonly Value[] = [
  "",
  " lead",
  "trail ",
  "-dash",
  "+plus",
  "~tilde",
  ".",
  "..",
  "...",
  "12345",
  "1a",
  "a:b",
  "a\nb",
  "a\0b",
  "a,b",
  "a*b",
  "a/b",
  "ünïcode",
  bytes(0x61, 0xff, 0xfe),
  bytes(0xc0, 0x80),
  "root",
  "nobody",
  "daemon",
  "wheel",
  "$",
  "a$",
  "a$b",
  "a@b",
  "twice",
  "UPPER",
  "n".repeat(255),
  "n".repeat(256),
  "person0",
  "odd.same1",
];
const IDS: readonly Value[] = [
  "0",
  "007000",
  "65535",
  "65534",
  "4294967294",
  "4294967295",
  "4294967296",
  "999",
  "1000",
  "-1",
  "+5000",
  " 5000",
  "5000 ",
  "0x5000",
  "5e3",
  "",
  "٥٠٠٠",
  "99999999999999999999",
  "5000\n",
  "5000\0",
  "100001",
  bytes(0xff),
];
const WORDS: readonly Value[] = [
  "",
  "plain",
  "a:b",
  "a\nb",
  "tab\there",
  bytes(0xe9),
  "é",
  "w".repeat(4096),
  "w".repeat(4097),
  "ü".repeat(2048),
  "Name,Room,1",
  ",no name",
  "\u0085",
  "\ufeffmark",
  '{}[]"\\',
];
const PATHS: readonly Value[] = [
  "",
  "/",
  "relative",
  "/a:b",
  "/a\nb",
  "/ümlaut",
  "/a//b",
  "/a/../b",
  "/a/.",
  "/x/",
  bytes(0x2f, 0xff),
  `/${"p".repeat(4095)}`,
  `/${"p".repeat(4096)}`,
  `/${"p".repeat(255)}`,
  `/${"p".repeat(256)}`,
  "/part".repeat(100),
  "/part".repeat(170),
  "/part".repeat(180),
  "/a\u0085b",
  "/with blanks/in it ",
  "/a,b",
];
const PASSWORDS: readonly Value[] = [
  "*",
  "x",
  "",
  "{CRYPT}$6$salt$hash",
  "{crypt}abc",
  "{CRYPT}",
  "{CRYPT}two words",
  "{SSHA}c2FsdA==",
  "a:b",
  "plain",
  "{CRYPT}x",
  "!locked",
  "hash-of-ä",
  "h".repeat(384),
  "h".repeat(385),
];
const MEMBERS: readonly Value[] = [
  "",
  "a,b",
  "a:b",
  "a\nb",
  "-5",
  "5",
  "two words",
  " lead",
  "trail ",
  "ünïcode",
  bytes(0xff),
  "m".repeat(255),
  "m".repeat(256),
  "a/b",
  ".",
  "person0",
  "twice",
  "\u0085",
];

/** Mostly good values, each odd one now and then: together they meet in every way. */
function pick(odd: readonly Value[], i: number, salt: number, good: string): Value {
  const mixed = Math.imul(i * 16 + salt + 1, 2_654_435_761);
  const drawn = Math.imul(mixed ^ (mixed >>> 15), 2_246_822_519) >>> 0;
  return (drawn >>> 4) % 5 === 0 ? (odd[(drawn >>> 12) % odd.length] ?? good) : good;
}

function wildUser(i: number): string {
  const attributes: Attributes = {
    l: `w${i}`,
    wildName: pick(NAMES, i, 1, `wild${i}`),
    wildUid: pick(IDS, i, 2, String(80_000 + i)),
    wildGid: pick(IDS, i, 3, String(FIRST_ID)),
    wildWords: pick(WORDS, i, 4, `Wild ${i}`),
    wildHome: pick(PATHS, i, 5, `/home/wild${i}`),
    wildShell: pick(PATHS, i, 6, "/bin/sh"),
    wildPassword: i % 11 === 0 ? ["{SSHA}first", `{CRYPT}$y$of${i}`] : pick(PASSWORDS, i, 7, "*"),
  };
  const missing = i % 17 === 3 ? WILD[(i >> 2) % WILD.length] : undefined;
  const ageing: Attributes =
    i % 5 === 0
      ? { uid: `w${i}`, shadowLastChange: String(19_000 + i), shadowMin: "0", shadowMax: "99999", shadowExpire: i % 2 === 0 ? "-1" : "20500" }
      : {};
  return entry(
    `l=w${i},${baseOf("wild")}`,
    ["wildUser", ...(i % 5 === 0 ? ["shadowAccount"] : [])],
    Object.fromEntries(Object.entries({ ...attributes, ...ageing }).filter(([name]) => name !== missing)),
  );
}

function wildGroup(i: number, wild: number): string {
  const some = Array.from({ length: i % 7 }, (_, k) => pick(MEMBERS, i * 7 + k, 8, `wild${(i * 3 + k) % wild}`));
  const members = [...new Map(some.map((member) => [utf8.encode(String(member)).join(), member])).values()];
  return entry(`l=g${i},${baseOf("wild")}`, ["wildGroup"], {
    l: `g${i}`,
    wildName: pick(NAMES, i, 9, `herd${i}`),
    wildGid: pick(IDS, i, 10, String(90_000 + i)),
    ...(members.length === 0 ? {} : { wildMember: members }),
  });
}

/** Groups in groups, in circles too, some without an id; and what DNs may look like. */
function nestedGroups(): readonly string[] {
  const base = baseOf("nested");
  const people = ["ann", "bob, jr", "carl+x", "dora", "eve"].map((name, i) => {
    const rdn = name.replaceAll(/[,+]/g, "\\$&");
    const login = `nested.${i}`;
    return entry(`description=${rdn},${base}`, ["account", "posixAccount"], {
      ...ACCOUNT,
      description: name,
      cn: name,
      uid: login,
      uidNumber: String(95_000 + i),
    });
  });
  const groups: Readonly<Record<string, readonly [gid: number | undefined, members: readonly string[]]>> = {
    all: [96_000, ["cn=left", "cn=right"]],
    left: [96_001, ["description=ann", "description=bob\\, jr", "cn=right"]],
    right: [96_002, ["description=DORA", "cn=left", "cn=hidden"]],
    hidden: [undefined, ["description=carl\\2bx", "description=nobody"]],
    self: [96_003, ["cn=self", "description=eve", "cn=missing"]],
    spaced: [96_004, ["description= ann ", "description=eve"]],
  };
  const made = Object.entries(groups).map(([name, [gid, members]]) =>
    entry(`cn=${name},${base}`, ["groupOfNames", "extensibleObject"], {
      cn: name,
      ...(gid === undefined ? {} : { gidNumber: String(gid) }),
      member: members.map((rdn) => `${rdn},${base}`),
    }),
  );
  return [...people, ...made];
}

/** RFC 4517 §3.3.21: a DN that may end in a bit string. */
function uniqueGroups(): readonly string[] {
  const base = baseOf("unique");
  const people = ["one", "two"].map((name, i) =>
    entry(`uid=unique.${name},${base}`, ["account", "posixAccount"], { ...ACCOUNT, uid: `unique.${name}`, uidNumber: String(97_000 + i) }),
  );
  const members = [`uid=unique.one,${base}#'0101'B`, `uid=unique.two,${base}`, `uid=unique.three,${base}`, `cn=inner,${base}`];
  const group = (name: string, gid: number): string =>
    entry(`cn=${name},${base}`, ["groupOfUniqueNames", "extensibleObject"], { cn: name, gidNumber: String(gid), uniqueMember: members });
  return [...people, group("inner", 97_100), group("outer", 97_101), group("team2", 97_102)];
}
