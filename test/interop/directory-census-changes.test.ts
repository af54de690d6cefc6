/** A directory of every kind of entry that changes while it is served: what clients are told is what a script computes from the LDIF of then. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { CENSUS_SOURCES, censusName } from "../support/directory-census.ts";
import { CENSUS_MAPS, type Census, differenceBetween, expectedOf, inCensus, printed } from "../support/directory-census-run.ts";
import { SUFFIX } from "../support/ldif.ts";
import { waitFor } from "../support/namespace.ts";
import { writeIn } from "../support/scratch.ts";
import { needsPeers } from "../support/unpacked.ts";

const SIZE = { users: 300, groups: 40, everyone: 400, wild: 100 };
const PATIENCE_MS = 20_000;
const MAIN = `ou=main,${SUFFIX}`;
const ROUNDS = 4;

const change = (dn: string, ...lines: readonly string[]): string => `dn: ${dn}\n${lines.join("\n")}\n`;
const replaced = (dn: string, attribute: string, ...values: readonly string[]): string =>
  change(dn, "changetype: modify", `replace: ${attribute}`, ...values.map((value) => `${attribute}: ${value}`));
const userDn = (i: number): string => `uid=${censusName(i).replaceAll(/[$@]/g, "_")},${MAIN}`;

/** Of every kind, others in each round. Nobody takes a name that another one has: that is seen at the next whole reading. */
function changesOf(round: number): string {
  const at = (i: number): number => 10 + round * 40 + i;
  return [
    replaced(userDn(at(0)), "loginShell", `/bin/round${round}`),
    replaced(userDn(at(1)), "cn", `Somebody:else ${round}`),
    replaced(userDn(at(2)), "uidNumber", String(200_000 + round)),
    replaced(userDn(at(3)), "uidNumber", "0"), // no more to be served
    replaced(userDn(at(4)), "homeDirectory", "nowhere"),
    replaced(userDn(at(5)), "cn", "w".repeat(1500)),
    replaced(userDn(at(6)), "gidNumber", String(100_000 + round)),
    replaced(userDn(at(7)), "uidNumber", String(100_000 + at(8))), // two have one id
    ...[9, 10, 11].map((i) => change(userDn(at(i)), "changetype: delete")),
    ...[0, 1].map((i) =>
      change(
        `uid=new${round}.${i},${MAIN}`,
        "changetype: add",
        "objectClass: account",
        "objectClass: posixAccount",
        `uid: new${round}.${i}`,
        `cn: New ${i}`,
        `uidNumber: ${i === 0 ? 210_000 + round : 4_294_967_295}`,
        "gidNumber: 100001",
        "homeDirectory: /home/new",
        "loginShell: /bin/sh",
      ),
    ),
    change(`host=odd${round},${MAIN}`, "changetype: modify", "replace: loginShell", "loginShell: /bin/odd"),
    change(`uid=${censusName(at(14))},${MAIN}`.replaceAll(/[$@]/g, "_"), "changetype: modrdn", `newrdn: uid=renamed${round}`, "deleteoldrdn: 1"),
    replaced(`cn=team${round},${MAIN}`, "memberUid", censusName(at(20)), censusName(at(21)), "stranger"),
    replaced(`cn=team${round + 10},${MAIN}`, "memberUid", censusName(at(22)), "a:b"),
    replaced(`cn=team${round + 20},${MAIN}`, "gidNumber", String(220_000 + round)),
    change(`cn=team${round + 30},${MAIN}`, "changetype: delete"),
    change(`description=odd16,${MAIN}`, "changetype: modify", "add: memberUid", `memberUid: later${round}`),
    replaced(`l=w${round * 3},ou=wild,${SUFFIX}`, "wildName", `tamed${round}`),
    replaced(`l=w${round * 3 + 1},ou=wild,${SUFFIX}`, "wildUid", String(230_000 + round)),
    replaced(`l=g${round},ou=wild,${SUFFIX}`, "wildMember", `tamed${round}`, "-5", "a b"),
    change(`cn=left,ou=nested,${SUFFIX}`, "changetype: modify", "add: member", `member: description=nobody${round},ou=nested,${SUFFIX}`),
    ...(round === 2 ? [change(`cn=self,ou=nested,${SUFFIX}`, "changetype: delete")] : []),
    ...(round === 3 ? [replaced(`description=dora,ou=nested,${SUFFIX}`, "uid", "nested.other")] : []),
  ].join("\n");
}

/** Waits until every map is what the script makes of what slapd holds now. */
async function agrees(census: Census, name: string): Promise<void> {
  const { slapd, folder } = census;
  const ldif = writeIn(folder, `${name}.ldif`, await slapd.dump());
  await expectedOf(folder, ldif, name, CENSUS_SOURCES);
  for (const map of CENSUS_MAPS)
    await waitFor(
      async (see) => {
        const difference = differenceBetween(await printed(census, `ypcat/${map}`, ["ypcat", map]), join(folder, name, "ypcat", map));
        see(difference);
        return difference === undefined;
      },
      PATIENCE_MS,
      `${name}: ${map} as the script has it`,
    );
}

for (const refresh of ["sync", "check"] as const) {
  const how = refresh === "sync" ? "told of changes as they happen (RFC 4533)" : "read anew when the server's mark has moved";
  test(`a directory that changes, ${how}: ypcat prints what the script computes from what slapd holds`, needsPeers, () =>
    inCensus(
      SIZE,
      async (census) => {
        const { slapd, ours } = census;
        for (let round = 0; round < ROUNDS; round++) {
          await slapd.change(changesOf(round));
          if (refresh === "check") assert.match(await ours.control("directory", "refresh"), /is served/);
          await agrees(census, `round${round}`);
        }
        const status = JSON.parse(await ours.control("directory", "status", "--json")) as { readonly update: { readonly number: number } };
        // Without sync it would be one for each round and one before: a connection that is lost on a busy machine takes one too.
        if (refresh === "sync") assert.ok(status.update.number <= ROUNDS, `${status.update.number} whole readings: it was told of changes`);
      },
      refresh,
    ),
  );
}
