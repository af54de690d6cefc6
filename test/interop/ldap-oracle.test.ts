/** OpenLDAP as the judge: what our client finds with a filter, ldapts finds with it too, among entries of chance. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Client } from "ldapts";
import { parseFilter } from "../../src/wire/ldap/filter-text.ts";
import { needsRoot, withNamespaces } from "../support/namespace.ts";
import { SUFFIX } from "../support/ldif.ts";
import { namesFound } from "../support/searching.ts";
import { startSlapd, within } from "../support/slapd.ts";
import { decidable, people, type Written } from "../wire/ldap/arbitraries.ts";
import { utf8 } from "../wire/ldap/messages.ts";

const SEED = 1;
const FILTERS = 400;
const BASE = `ou=people,${SUFFIX}`;

/** Of chance, and in words that only a server can decide. */
const FIXED = [
  "(&)",
  "(|)",
  "(cn:caseExactMatch:=aB)",
  "(:dn:caseIgnoreMatch:=people)",
  "(ou:dn:=people)",
  "(sn~=ab)",
  "(cn;lang-de=ab)",
  "(2.5.4.3=ab)",
  "(cn=\\c3\\a9)",
  "(unknownAttribute=1)",
  "(!(unknownAttribute=1))",
] as const;
/** Those that ldapts cannot write as they stand. */
const NOT_OF_LDAPTS = ["(&)", "(|)", "(cn;lang-de=ab)", "(2.5.4.3=ab)", "(cn=\\c3\\a9)"];

function ldifOf(all: readonly Readonly<Record<string, string>>[]): string {
  const line = (name: string, value: string): string => `${name}:: ${Buffer.from(utf8(value)).toString("base64")}`;
  return all
    .map((values, i) =>
      [
        `dn: uid=e${i},${BASE}`,
        "objectClass: person",
        "objectClass: uidObject",
        `uid: e${i}`,
        ...Object.entries(values).map(([k, v]) => line(k, v)),
        "",
      ].join("\n"),
    )
    .join("\n");
}

test(`slapd gives ldapts and us the same entries for ${FILTERS} filters, and other ones for another filter`, needsRoot, () =>
  withNamespaces(["directory"], async ({ directory }) => {
    const [all = []] = fc.sample(people, { seed: SEED, numRuns: 1 });
    const slapd = await startSlapd(directory, { users: 0, groups: 0, anonymous: true, ldif: ldifOf(all) });
    try {
      await within(directory, async () => {
        const ldapts = new Client({ url: `ldap://${slapd.address}` });
        const theirs = async (filter: string): Promise<string> =>
          sorted((await ldapts.search(BASE, { scope: "sub", filter, attributes: ["1.1"] })).searchEntries.map(({ dn }) => dn));
        const ours = async (text: string): Promise<string> => {
          const parsed = parseFilter(text);
          assert.ok(parsed.ok, text);
          return sorted(await namesFound(slapd.address, { base: BASE, scope: "subtree", filter: parsed.filter, attributes: ["1.1"] }));
        };
        const filters = [...FIXED.filter((text) => !NOT_OF_LDAPTS.includes(text)), ...sampled()];
        let some = 0;
        let different = 0;
        for (const text of filters) {
          const found = await ours(text);
          assert.equal(found, await theirs(text), text);
          if (found !== "") some++;
          if (found !== (await ours(`(!${text})`))) different++;
        }
        assert.ok(some > FILTERS / 4, `${some} found anybody`);
        assert.ok(different > FILTERS / 4, `${different} found others than their opposites`);
        await ldapts.unbind();
        assert.equal((await ours("(&)")).split("\n").length, all.length + 1);
        assert.equal(await ours("(|)"), "");
        assert.equal(await ours("(2.5.4.3=ab)"), await ours("(cn=ab)"));
        assert.equal(await ours("(cn=\\c3\\a9)"), await ours("(cn=é)"));
      });
    } finally {
      slapd.remove();
    }
  }),
);

function sampled(): readonly string[] {
  return fc.sample(decidable, { seed: SEED, numRuns: FILTERS }).map(({ text }: Written) => text);
}

function sorted(names: readonly string[]): string {
  return names.toSorted().join("\n");
}
