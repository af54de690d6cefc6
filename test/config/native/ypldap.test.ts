/** ypldap.conf: what the grammar of ypldap.conf(5) says, what is refused and where, and that what is printed is read as the same. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printYpldap } from "../../../src/config/native/print-ypldap.ts";
import { printConfig } from "../../../src/config/print.ts";
import { type ReadResult, readConfig } from "../../../src/config/read.ts";
import type { Surroundings } from "../../../src/config/surroundings.ts";
import { terse } from "../../../src/config/terse.ts";

const INCLUDED: Readonly<Record<string, string>> = {
  "/inc/maps.conf": 'provide map "group.byname"\n',
  "/inc/bad.conf": "\n  nonsense here\n",
  "/inc/self.conf": 'include "/inc/self.conf"\n',
};
const machine: Surroundings = {
  readTrusted: (path) => (path.endsWith(".pem") ? "PEM" : new Error(`${path} is not there`)),
  readSecret: (path) => (path === "/secret" ? "hush\n" : new Error(`${path} is not there`)),
  readKey: () => "KEY",
  readIncluded: (path) => INCLUDED[path] ?? new Error(`${path} cannot be read`),
  resolvers: () => [],
  addressOf: () => undefined,
  localNames: () => ({ users: ["root"], groups: ["wheel"] }),
};
const RULES = `	passwd filter "(objectClass=posixAccount)"
	attribute name maps to "uid"
	fixed attribute passwd "*"
	attribute uid maps to "uidNumber"
	attribute gid maps to "gidNumber"
	fixed attribute class ""
	fixed attribute change "0"
	fixed attribute expire "0"
	attribute gecos maps to "cn"
	attribute home maps to "homeDirectory"
	fixed attribute shell "/bin/ksh"
	group filter "(objectClass=posixGroup)"
	attribute groupname maps to "cn"
	fixed attribute grouppasswd "*"
	attribute groupgid maps to "gidNumber"
	list groupmembers maps to "memberUid"
`;
const block = (head: string, more = ""): string => `directory ${head} {\n\tbasedn "dc=corp,dc=example"\n${RULES}${more}}\n`;
const WHOLE = `period = "300"
domain "corp.yp"
interval $period
provide map "passwd.byname"
provide map "passwd.byuid"
${block('"dir1.corp.example" ldaps', '\tbinddn "uid=reader,dc=corp,dc=example"\n\tbindcred "not-this-one"\n')}`;

type Sound = Extract<ReadResult, { readonly config: unknown }>;
function read(text: string, defines: readonly string[] = []): Sound {
  const result = readConfig(text, { format: "ypldap", surroundings: machine, defines });
  assert.ok("config" in result, "problems" in result ? result.problems.map((one) => `${one.line}:${one.column}: ${one.message}`).join("; ") : "");
  return result;
}
function problems(text: string, defines: readonly string[] = []): readonly string[] {
  const result = readConfig(text, { format: "ypldap", surroundings: machine, defines });
  assert.ok("problems" in result, "it is refused");
  return result.problems.map(({ line, column, message }) => `${line}:${column}: ${message}`);
}
const directoryOf = (text: string) => {
  const { directory } = read(text).file;
  assert.ok(directory !== undefined);
  return directory;
};

test("a whole file becomes what TOML would have said, and an update is all or nothing as ever", () => {
  const { config, file } = read(WHOLE);
  const { engine, fetcher } = config.directory ?? {};
  assert.deepEqual([engine?.domain, engine?.intervalSeconds, engine?.userdb], ["corp.yp", 300, undefined]);
  assert.deepEqual(engine?.yp, {
    listen: ["127.0.0.1"],
    port: 0,
    register: "rpcbind",
    binding: false,
    maps: ["passwd.byname", "passwd.byuid"],
    allow: [],
    rules: [],
  });
  assert.deepEqual(engine?.sources, [{ name: "dir1-corp-example", onFailure: "hold", shrinkPercent: 30, keepSeconds: 86_400 }]);
  const [source] = fetcher?.sources ?? [];
  assert.deepEqual([source?.servers[0]?.host, source?.servers[0]?.port, source?.transport], ["dir1.corp.example", 636, "ldaps"]);
  assert.deepEqual([source?.bindDn, source?.bindPassword], ["uid=reader,dc=corp,dc=example", "not-this-one"]);
  assert.deepEqual(source?.users.fields.shell, { kind: "fixed", value: "/bin/ksh" });
  assert.deepEqual(source?.users.fields.gecos, { kind: "attribute", value: "cn" });
  assert.deepEqual(source?.groups.fields.members, { kind: "list", value: "memberUid" });
  assert.equal(file.directory?.source["dir1-corp-example"]?.user_filter, "(objectClass=posixAccount)");
});

test("a password of the file is in nothing that is printed: neither as TOML nor as it was, nor for the engine", () => {
  const { config, file } = read(WHOLE);
  for (const text of [
    printConfig(file),
    printConfig(terse(file)),
    printYpldap(directoryOf(WHOLE)),
    JSON.stringify(config.directory?.engine),
    JSON.stringify(file),
  ])
    assert.equal(text.includes("not-this-one"), false);
  assert.match(printConfig(terse(file)), /bind_password_file = "\/etc\/leasehold\/dir1-corp-example.secret"/);
});

test("port, ldaps, tls, a further directory and a path: where and how each is asked", () => {
  const text = `domain "d"\n${block('"a.example" port 3269 ldaps')}${block('"a.example" tls')}${block('"b.example" port "ldap"')}${block('"/run/ldapi"')}`;
  const told = (read(text).config.directory?.fetcher.sources ?? []).map(({ name, transport, servers }) => [name, transport, servers[0]?.port]);
  assert.deepEqual(told, [
    ["a-example", "ldaps", 3269],
    ["a-example-2", "starttls", 389],
    ["b-example", "plain", 389],
    ["run-ldapi", "ldapi", 0],
  ]);
});

test("cafile holds for every directory, also for those above it (defect 28)", () => {
  const { directory } = read(`domain "d"\n${block('"a.example" ldaps')}cafile "/ca.pem"\n${block('"b.example"')}`).file;
  assert.deepEqual([directory?.source["a-example"]?.ca_file, directory?.source["b-example"]?.ca_file], ["/ca.pem", ""]);
});

test("bindext with certfile and keyfile is SASL EXTERNAL, with an identity or without", () => {
  const more = (id: string): string => `\tbindext${id}\n\tcertfile "/c.pem"\n\tkeyfile "/k.pem"\n`;
  const [source] = read(`domain "d"\n${block('"a" ldaps', more(' "u:x"'))}`).config.directory?.fetcher.sources ?? [];
  assert.deepEqual([source?.bind, source?.authorizationId, source?.clientPem], ["external", "u:x", { certificate: "PEM", key: "KEY" }]);
  assert.equal(read(`domain "d"\n${block('"a" ldaps', more(""))}`).config.directory?.fetcher.sources[0]?.authorizationId, "");
});

test("all values of an attribute, and the first one alone, of fields where that is not what TOML means by itself", () => {
  const text = `domain "d"\n${block('"a" ldaps')}`
    .replace('attribute gecos maps to "cn"', 'list gecos maps to "cn"')
    .replace("list groupmembers", "attribute groupmembers");
  const [source] = read(text).config.directory?.fetcher.sources ?? [];
  assert.deepEqual(source?.users.fields.gecos, { kind: "list", value: "cn" });
  assert.deepEqual(source?.groups.fields.members, { kind: "attribute", value: "memberUid" });
});

test("bind local serves this machine without rpcbind; who is allowed makes it listen on its addresses", () => {
  assert.deepEqual([directoryOf(`bind local\n${WHOLE}`).yp_register, directoryOf(`bind portmap\n${WHOLE}`).yp_register], ["builtin", "rpcbind"]);
  assert.deepEqual(directoryOf(`allow "192.0.2.0/24"\n${WHOLE}`).yp_listen, ["0.0.0.0"]);
  assert.deepEqual(directoryOf(`allow "192.0.2.0/24"\nlisten "2001:db8::1"\n${WHOLE}`).yp_listen, ["2001:db8::1"]);
  assert.deepEqual(
    directoryOf(`rule "192.0.2.0/24" "2001:db8::/32" map "group.*" "netid.byname" deny\nrule map "passwd.*" port\n${WHOLE}`).yp_rules,
    [
      { networks: ["192.0.2.0/24", "2001:db8::/32"], maps: ["group.*", "netid.byname"], security: "deny" },
      { networks: [], maps: ["passwd.*"], security: "port" },
    ],
  );
});

test("macros are words, numbers, or one string where they hold more, such as a DN; -D wins over the file", () => {
  const text = `base = "dc=corp,dc=example"\nhost = "h.example"\nhow = "ldaps"\n${block("$host $how")}`.replace(
    'basedn "dc=corp,dc=example"',
    "basedn $base",
  );
  const source = directoryOf(`domain "d"\n${text}`).source["h-example"];
  assert.deepEqual([source?.base, source?.transport], ["dc=corp,dc=example", "ldaps"]);
  assert.equal(read(WHOLE, ["period=900"]).config.directory?.engine.intervalSeconds, 900);
  assert.deepEqual(
    read(`unused = "x"\n${WHOLE}`)
      .macros.filter(({ used }) => !used)
      .map(({ name }) => name),
    ["unused"],
  );
});

test("-D splits at the last sign, as ever", () => {
  assert.match(problems(`interval $a\n`, ["a=b=7"]).join(), /the macro "a" is not defined/);
  assert.match(problems(WHOLE, ["nothing"]).join(), /-D nothing is no macro/);
});

test("comments, joined lines, both quotes and escapes", () => {
  const text = `domain 'it''s'`.replace("''", "\\'");
  assert.equal(directoryOf(`${text} # a comment { }\n${WHOLE.replace('domain "corp.yp"\n', "")}`).domain, "it's");
  assert.equal(read(`domain \\\n  "joined"\n${WHOLE.replace('domain "corp.yp"\n', "")}`).config.directory?.engine.domain, "joined");
});

test("what is included is read where it stands; its problems are told with its own lines", () => {
  assert.deepEqual(directoryOf(`include "/inc/maps.conf"\n${WHOLE}`).yp_maps, ["group.byname", "passwd.byname", "passwd.byuid"]);
  assert.deepEqual(problems(`\n include "/inc/bad.conf"\n${WHOLE}`), ['2:2: /inc/bad.conf:2:3: "nonsense" is not known here']);
  assert.match(problems(`include "/inc/none.conf"\n${WHOLE}`).join(), /1:1: \/inc\/none.conf cannot be read/);
  assert.match(problems(`include "/inc/self.conf"\n${WHOLE}`).join(), /more than 16 files are included/);
});

for (const [what, text, expected] of [
  ["an unknown statement", `dominion "x"\n${WHOLE}`, /^1:1: "dominion" is not known here/],
  ["an unknown option", WHOLE.replace("\tbinddn", "\tbindname"), /"bindname" is no option of a directory/],
  ["a map that is none", `provide map "hosts.byname"\n${WHOLE}`, /^1:13: "hosts.byname" is no map that can be provided/],
  ["a keyword as a value without quotes", WHOLE.replace('maps to "uid"', "maps to uid"), /the name of an attribute is needed here, not "uid"/],
  ["a number where a string is", "domain 7\n", /^1:8: a NIS domain is needed here, not "7"/],
  ["a macro that is a number", "x = 10\n", /^1:5: the value of a macro stands in quotes/],
  ["a macro that is not defined", "interval $none\n", /^1:10: the macro "none" is not defined/],
  ["a macro with a blank in its name", '"a b" = "c"\n', /the name of a macro holds no blanks/],
  ["a port that is none", WHOLE.replace('" ldaps {', '" port "nothing" ldaps {'), /"nothing" is no port/],
  ["a block that does not end", `domain "d"\n${block('"a" ldaps').replace(/\}\n$/, "")}`, /this block does not end/],
  ["a string that does not end", 'domain "x\n', /this string does not end/],
  [
    "a field that is said twice (defect 27)",
    WHOLE.replace("\tfixed attribute shell", '\tattribute shell maps to "x"\n\tfixed attribute shell'),
    /it was said already where shell comes from/,
  ],
  [
    "keys that are said twice",
    WHOLE.replace("\tbinddn", '\tsshkeys maps to "a"\n\tsshkeys maps to "b"\n\tbinddn'),
    /it was said already where keys come from/,
  ],
  ["keys of nothing", WHOLE.replace("\tbinddn", '\tsshkeys "a"\n\tbinddn'), /"maps to" is needed here/],
  ["a domain that is said twice", `domain "a"\n${WHOLE}`, /domain was set already/],
  ["no filter (defect 22)", WHOLE.replace(/\tpasswd filter.*\n/, ""), /without: passwd filter/],
  ["no rule for a field", WHOLE.replace(/\tattribute uid.*\n/, ""), /without: attribute uid/],
  ["no domain", WHOLE.replace(/domain.*\n/, ""), /domain/],
  ["an interval that is too short", WHOLE.replace('"300"', '"5"'), /interval/],
  ["no directory (defect 32)", 'domain "d"\n', /no source is configured/],
  ["a password in the clear", WHOLE.replace('" ldaps {', '" {'), /clear text/],
  ["a name without a password", WHOLE.replace(/\tbindcred.*\n/, ""), /binddn without bindcred/],
  ["bindcred and bindcredfile", WHOLE.replace("\tbindcred", '\tbindcredfile "/secret"\n\tbindcred'), /bindcred was set already/],
  [
    "bindext and binddn",
    WHOLE.replace("\tbinddn", '\tbindext\n\tcertfile "/c.pem"\n\tkeyfile "/k.pem"\n\tbinddn'),
    /bind.?dn is for a bind with a password/,
  ],
] as const)
  test(`refused: ${what}`, () => {
    const told = problems(text);
    assert.ok(
      told.some((line) => expected.test(line)),
      told.join("; "),
    );
  });

test("everything that is wrong is told at once, in the order of the file", () => {
  const told = problems(`nonsense\ninterval "x"\n${WHOLE.replace("\tbinddn", "\tbindname")}`);
  assert.deepEqual(
    told.map((line) => Number(line.split(":")[0])),
    told.map((line) => Number(line.split(":")[0])).toSorted((a, b) => a - b),
  );
  assert.ok(told.length >= 3, told.join("; "));
});

function compatible(text: string): { readonly result: Sound; readonly warnings: readonly string[] } {
  const result = readConfig(text, { format: "ypldap", surroundings: machine, compat: true });
  assert.ok("config" in result, "problems" in result ? result.problems.map((one) => `${one.line}:${one.column}: ${one.message}`).join("; ") : "");
  return { result, warnings: result.warnings.map(({ line, column, message }) => `${line}:${column}: ${message}`) };
}

for (const [what, text, warning, holds] of [
  [
    "no filter and no rule for a field: as in RFC 2307",
    WHOLE.replace(/\tpasswd filter.*\n/, "").replace(/\tattribute uid.*\n/, ""),
    /^6:1: "dir1\.corp\.example" does without: attribute uid, passwd filter$/,
    ({ fetcher }) => [fetcher.sources[0]?.users.filter, fetcher.sources[0]?.users.fields.uid.value].join() === "(objectClass=posixAccount),uidNumber",
  ],
  [
    "no domain: nobody is answered",
    WHOLE.replace(/domain.*\n/, ""),
    /without a domain nobody is answered/,
    ({ engine }) => engine.domain === "(none)",
  ],
  ["an interval of nothing", WHOLE.replace('"300"', '"0"'), /^3:1: interval 0 is taken as 10$/, ({ engine }) => engine.intervalSeconds === 10],
  ["an interval of a year", WHOLE.replace('"300"', '"31536000"'), /taken as 86400$/, ({ engine }) => engine.intervalSeconds === 86_400],
  [
    "a field that is said twice: the later one counts, and is no attribute's name by mistake (defect 27)",
    WHOLE.replace("\tfixed attribute shell", '\tattribute shell maps to "x"\n\tfixed attribute shell'),
    /it was said already where shell comes from/,
    ({ fetcher }) => fetcher.sources[0]?.users.fields.shell.kind === "fixed",
  ],
  ["a domain that is said twice", `domain "first"\n${WHOLE}`, /^3:1: domain was set already$/, ({ engine }) => engine.domain === "corp.yp"],
  [
    "master.passwd.* without a rule",
    `provide map "master.passwd.byname"\n${WHOLE}`,
    /^1:1: master\.passwd\.byname is provided, and no rule says to whom/,
    ({ engine }) => engine.yp?.maps.includes("master.passwd.byname") === true,
  ],
  ["a password in the clear", WHOLE.replace('" ldaps {', '" {'), /clear text/, ({ fetcher }) => fetcher.sources[0]?.transport === "plain"],
] as const satisfies readonly (readonly [string, string, RegExp, (config: NonNullable<Sound["config"]["directory"]>) => boolean])[])
  test(`what the original takes is refused, and with -C compat a warning: ${what} (directory §2.4)`, () => {
    assert.ok("problems" in readConfig(text, { format: "ypldap", surroundings: machine }), "without it");
    const { result, warnings } = compatible(text);
    assert.ok(
      warnings.some((line) => warning.test(line)),
      warnings.join("; "),
    );
    assert.ok(result.config.directory !== undefined && holds(result.config.directory));
  });

test("-C compat makes no warning of what cannot be read, and a file that needs none has none", () => {
  assert.ok("problems" in readConfig(`nonsense\n${WHOLE}`, { format: "ypldap", surroundings: machine, compat: true }));
  assert.deepEqual(compatible(WHOLE).warnings, []);
});

test("fences are lifted by name: ids, names of this machine, names that give rights", () => {
  const fences = (more: string) => read(`${more}\n${WHOLE}`).config.directory?.engine.idFences;
  assert.deepEqual([fences("allow ids 100")?.minUid, fences("allow ids 100")?.minGid], [100, 100]);
  assert.deepEqual(fences("local names accept\ndeny names none")?.localGroups, []);
  assert.deepEqual(fences('deny names "docker" "wheel"')?.localUsers.toSorted(), ["docker", "root", "wheel"]);
  assert.equal(fences("")?.localGroups.includes("sudo"), true);
});

test("what Linux has no field for is warned of, not refused", () => {
  const { warnings } = read(WHOLE.replace('fixed attribute class ""', 'attribute class maps to "loginClass"'));
  assert.match(warnings.map(({ message }) => message).join(), /class is served as "" to everyone/);
});

test("what is printed is read as the same, and printed the same again", () => {
  const text = `${WHOLE}userdb yes\nuserdb service "org.corp.Users"\nenumerate no\nmax stale 3600\nminuid 500\nmaxuid 60000\nmingid 500\nmaxgid 60000\ndeny names "wheel" "docker"\nlocal names accept\nbinding file yes\nlisten "192.0.2.1"\nlisten port 834\nrule "192.0.2.0/24" map "master.passwd.*" port\nallow "192.0.2.7"\ncafile "/ca.pem"\n${block(
    '"second" tls',
    '\tserver "third"\n\tgroupdn "ou=g"\n\tpage size off\n\tscope one\n\treferrals follow\n\tnested yes\n\tsshkeys maps to "sshPublicKey"\n\trefresh whole\n\treconcile 600\n\ton failure keep\n\tkeep 60\n\tshrink limit 50\n\tpagination required\n\tbinddn "cn=x"\n\tbindcredfile "/secret"\n',
  )}`;
  const first = readConfig(text.replace("", ""), { format: "ypldap", surroundings: machine });
  assert.ok("file" in first, JSON.stringify(first));
  assert.ok(first.file.directory !== undefined);
  const printed = printYpldap(first.file.directory);
  const secrets: Surroundings = { ...machine, readSecret: () => "hush" };
  const second = readConfig(printed, { format: "ypldap", surroundings: secrets });
  assert.ok("file" in second, JSON.stringify(second));
  assert.deepEqual(second.file, first.file);
  assert.ok(second.file.directory !== undefined);
  assert.equal(printYpldap(second.file.directory), printed);
});

test("what import prints as TOML means the same", () => {
  const { file, config } = read(WHOLE);
  const toml = readConfig(printConfig(terse(file)), { surroundings: { ...machine, readSecret: () => "not-this-one\n" } });
  assert.ok("config" in toml, JSON.stringify(toml));
  assert.deepEqual(toml.config, config);
});

test("any text is read, or refused with problems that have places; nothing else happens", () => {
  const words = [
    "domain",
    "directory",
    '"a"',
    "{",
    "}",
    "\n",
    "interval",
    "5",
    "$x",
    "x",
    "=",
    "include",
    '"/inc/self.conf"',
    "passwd",
    "filter",
    "maps",
    "to",
    "list",
    "rule",
    "map",
    "#",
    "\\",
    "'",
    "port",
  ];
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 5 })), { maxLength: 40 }), (parts) => {
      const result = readConfig(parts.join(" "), { format: "ypldap", surroundings: machine });
      if ("problems" in result) for (const { line, column } of result.problems) assert.ok(line >= 1 && column >= 1);
    }),
  );
});
