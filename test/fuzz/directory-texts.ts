/** Texts that `directory` reads: filters, names and URLs that servers and operators write, and the files of its predecessors. */
import assert from "node:assert/strict";
import { decodeAll, encodeAll } from "../../src/base/codec.ts";
import { printYpldap } from "../../src/config/native/print-ypldap.ts";
import { readConfig } from "../../src/config/read.ts";
import type { Surroundings } from "../../src/config/surroundings.ts";
import { networkOf, securenetsIn } from "../../src/config/securenets.ts";
import { dnKey, parseDn, printDn } from "../../src/wire/ldap/dn.ts";
import { filter } from "../../src/wire/ldap/filter.ts";
import { parseFilter, printFilter } from "../../src/wire/ldap/filter-text.ts";
import { parseLdapUrl, printLdapUrl } from "../../src/wire/ldap/url.ts";
import { ypldapConf } from "../support/ypldap-conf.ts";
import type { Target } from "./fuzz.ts";
import { stable } from "./outcomes.ts";

export const DIRECTORY_TEXTS: readonly Target[] = [
  {
    name: "ldap-filter",
    what: "search filters as text: printed and on the wire they stay what they are",
    samples: () => encoded(FILTERS),
    run: filterRead,
  },
  { name: "ldap-name", what: "distinguished names as text", samples: () => encoded(DNS), run: nameRead },
  { name: "ldap-url", what: "LDAP URLs, as referrals hold them", samples: () => encoded(URLS), run: urlRead },
  { name: "ypldap-conf", what: "ypldap.conf", samples: () => encoded(FILES), run: fileRead },
  { name: "securenets", what: "securenets files of YP servers", samples: () => encoded(NETWORKS), run: networksRead },
];

const FILTERS = [
  "(&(objectClass=posixAccount)(!(loginShell=/sbin/nologin)))",
  "(|(uid=a*b*c)(cn:dn:2.4.6:=Bert \\28of \\2a\\29)(:caseExactMatch:=x)(a;lang-de>=1)(b<=2)(c~=3)(d=*))",
  "(&)",
  "(bin=\\00\\ff)",
  "(sn=Lu\u010di\u0107)",
];
const DNS = [
  "uid=ada,ou=people,dc=directory,dc=test",
  "CN=Steve Kille+OU=x,O=Isode \\2c Limited,C=GB",
  '2.5.4.3=#0403616263,cn=\\ lead\\ ,cn="q,r"',
  "cn=Lu\\c4\\8di\\c4\\87",
];
const URLS = [
  "ldap://two.test/ou=people,dc=test??sub?(objectClass=posixAccount)",
  "ldaps://[2001:db8::1]:636/cn=a%2cb?uid,cn?one",
  "ldap:///",
  "ldap://h/??base??x=y,!bind",
];
const FILES = [
  ypldapConf({
    head: '"ldap.test" port 389 tls',
    base: "dc=test",
    more: ['binddn "cn=x"', 'bindcred "secret"', "page size 100", "referrals follow"],
  }),
  'period = "300"\ndomain "corp.yp"\ninterval $period\nprovide map "passwd.byname"\ncafile "/ca"\nlisten "127.0.0.1"\nallow 192.0.2.0/24 \\\nuserdb no\n',
  'directory "a" { # x\n\n basedn \'dc=a"b\'\n}\nminuid 500\ndeny names "root" "wheel"\nrule "192.0.2.0/24" map "passwd.*" port\nregister rpcbind\n',
];
const NETWORKS = ["255.255.255.0 192.0.2.0\nhost 192.0.2.9 # one\n2001:db8::/32\n", "ffff:ffff:: 2001:db8::\nhost ::1\n10.0.0.0/8\n"];

const MACHINE: Surroundings = {
  readTrusted: () => "PEM",
  readSecret: () => "hush",
  readKey: () => "KEY",
  resolvers: () => ["192.0.2.53"],
  addressOf: () => undefined,
  localNames: () => ({ users: ["root"], groups: ["wheel"] }),
};
const decoder = new TextDecoder();

function encoded(texts: readonly string[]): readonly Uint8Array[] {
  return texts.map((text) => new TextEncoder().encode(text));
}

function filterRead(bytes: Uint8Array): string {
  const text = decoder.decode(bytes);
  const parsed = parseFilter(text);
  if (!parsed.ok) {
    const { column, problem } = parsed.fault;
    assert.ok(column >= 1 && column <= text.length + 1 && problem !== "", `${column} of ${text.length}: ${problem}`);
    return "refused";
  }
  stable(parsed.filter, (value) => {
    const again = parseFilter(printFilter(value));
    assert.ok(again.ok, printFilter(value));
    return again.filter;
  });
  assert.deepEqual(decodeAll(filter, encodeAll(filter, parsed.filter)), parsed.filter);
  return "value";
}

function nameRead(bytes: Uint8Array): string {
  const dn = parseDn(decoder.decode(bytes));
  if (dn === undefined) return "refused";
  stable(dn, (value) => parseDn(printDn(value)) ?? assert.fail(printDn(value)));
  assert.equal(dnKey(parseDn(printDn(dn)) ?? []), dnKey(dn));
  return "value";
}

function urlRead(bytes: Uint8Array): string {
  const url = parseLdapUrl(decoder.decode(bytes));
  if (url === undefined) return "refused";
  stable(url, (value) => parseLdapUrl(printLdapUrl(value)) ?? assert.fail(printLdapUrl(value)));
  return "value";
}

/** What is wrong is told with its place; what is right is printed so that it is read as the same. */
function fileRead(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString("latin1");
  const lines = text.split("\n").length;
  const result = readConfig(text, { format: "ypldap", surroundings: MACHINE, compat: true });
  if ("problems" in result) {
    assert.ok(result.problems.length > 0);
    for (const { line, column, message, hint } of result.problems) {
      assert.ok(line >= 1 && line <= lines + 1 && column >= 1, `${line}:${column} of ${lines} lines`);
      assert.ok(message !== "" && hint !== "");
    }
    return "refused";
  }
  const { directory } = result.file;
  assert.ok(directory !== undefined);
  const printed = printYpldap(directory);
  const again = readConfig(Buffer.from(printed, "utf8").toString("latin1"), { format: "ypldap", surroundings: MACHINE, compat: true });
  assert.ok("config" in again, `our own print is refused: ${printed}${JSON.stringify(again)}`);
  assert.equal(printYpldap(again.file.directory ?? assert.fail()), printed);
  return "value";
}

function networksRead(bytes: Uint8Array): string {
  const read = securenetsIn(decoder.decode(bytes));
  if ("fault" in read) {
    assert.match(read.fault, /\d/);
    assert.doesNotMatch(read.fault, /\p{Cc}/u);
    return "refused";
  }
  for (const network of read.networks) assert.equal(networkOf(network), network);
  return "value";
}
