/**
 * Ten thousand users, five hundred groups and every kind of odd entry in a real slapd: what clients print is, byte for byte, what a script
 * in another language computes from the LDIF, and who is left out is who it says, for its reasons.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CENSUS_SOURCES, type CensusSource } from "../support/directory-census.ts";
import {
  assertSame,
  CENSUS_MAPS,
  SECRET_MAPS,
  type Census,
  differenceBetween,
  expectedOf,
  inCensus,
  linesIn,
  printed,
} from "../support/directory-census-run.ts";
import { needsPeers } from "../support/unpacked.ts";

const LARGE = { users: 10_000, groups: 500, everyone: 40_000, wild: 400 };
const SMALL = { users: 300, groups: 30, everyone: 400, wild: 100 };
/** Entries of one reason that the log names. */
const NAMED = 10;
const BATCH = "SETENT_BATCH_READ=TRUE\nNETID_AUTHORITATIVE=TRUE\n";

test(
  "10,000 users and 500 groups: ypcat, getent and userdbctl print what the script computes; who is left out is left out for its reason",
  needsPeers,
  () =>
    inCensus(LARGE, async (census) => {
      const { folder, root, account } = census;
      assert.ok(account.users > LARGE.users && account.groups > LARGE.groups, JSON.stringify(account).slice(0, 500));
      const same = async (name: string, ...command: readonly string[]): Promise<void> =>
        assertSame(await printed(census, name, command), join(folder, "expected", name));
      for (const map of CENSUS_MAPS) {
        await same(`ypcat/${map}`, "ypcat", map);
        const who = SECRET_MAPS.includes(map) ? "root" : "nobody";
        assertSame(await printed(census, `ypcat-k/${map}`, ["ypcat", "-k", map], who), join(folder, "expected/ypcat-k", map));
        if (who === "root") assert.match((await root.runAsNobody("ypcat", map)).stderr, /No such map/, map);
      }
      root.write("etc/default/nss", BATCH);
      await same("getent-nis/passwd", "getent", "-s", "passwd:nis", "passwd");
      await same("getent-nis/group", "getent", "-s", "group:nis", "group");
      await same("getent-systemd/passwd", "getent", "-s", "passwd:systemd", "passwd");
      const userdbctl = ["userdbctl", "--with-nss=no", "--synthesize=no", "--output=classic"];
      for (const map of CENSUS_MAPS) {
        const [keys, values] = [linesIn(join(folder, "expected/keys", map)), linesIn(join(folder, "expected/ypmatch", map))];
        const some = keys.map((key, i) => [key, values[i] ?? ""] as const).filter((_, i) => i % 97 === 0);
        const told = await root.run("ypmatch", ...some.map(([key]) => key), map);
        assert.equal(told.stdout, some.map(([, value]) => `${value}\n`).join(""), `${map}\n${told.stderr}`);
      }
      await same("userdbctl/users", ...userdbctl, "user");
      await same("userdbctl/groups", ...userdbctl, "group");
      await same("userdbctl/users-in-group", ...userdbctl, "users-in-group");
      assertSame(await records(census), join(folder, "expected/userdbctl/users.json"));
      await accountAgrees(census);
    }),
);

/** Records as JSON, without what is the same in each; a line for each user. */
async function records(census: Census): Promise<string> {
  const file = await printed(census, "users.raw", ["userdbctl", "--with-nss=no", "--synthesize=no", "--output=json", "user"]);
  const lines = readFileSync(file, "utf8")
    .split(/(?<=^\})\n/m)
    .filter((text) => text !== "")
    .map((text) => {
      const { disposition, service, ...rest } = JSON.parse(text) as Readonly<Record<string, unknown>>;
      assert.deepEqual([disposition, service], ["regular", "org.leasehold.Directory"]);
      return `${JSON.stringify(Object.fromEntries(Object.entries(rest).toSorted(([a], [b]) => (a < b ? -1 : 1))))}\n`;
    });
  const told = join(census.folder, "told/users.json");
  writeFileSync(told, lines.join(""));
  return told;
}

type Status = {
  readonly snapshot: { readonly users: number; readonly groups: number; readonly namesTaken: number; readonly idsShared: number };
  readonly sources: readonly { readonly name: string; readonly state: string; readonly rejected: Readonly<Record<string, number>> }[];
  readonly entriesDropped: Readonly<Record<string, number>>;
};

/** Counts of every source by reason, and by name the first ones of each reason: all of them where there are no more. */
async function accountAgrees({ ours, account }: Census): Promise<void> {
  const status = JSON.parse(await ours.control("directory", "status", "--json")) as Status;
  const { sources, ...counts } = account;
  const { users, groups, namesTaken, idsShared } = status.snapshot;
  assert.deepEqual({ users, groups, namesTaken, idsShared }, counts);
  assert.deepEqual(status.entriesDropped, {}, "the engine found nothing that the fetcher should not have sent");
  assert.deepEqual(
    status.sources.map(({ name, state, rejected }) => ({ name, state, rejected })),
    sources.map(({ name, counts }) => ({ name, state: "ok", rejected: counts })),
  );
  const logged = new Map<string, string[]>();
  for (const line of ours
    .log()
    .split("\n")
    .filter((text) => text.includes('"event":"entryRejected"'))) {
    const { source, reason, entry } = JSON.parse(line) as { readonly source: string; readonly reason: string; readonly entry: string };
    logged.set(`${source} ${reason}`, [...(logged.get(`${source} ${reason}`) ?? []), entry]);
  }
  const expected = sources.flatMap(({ name, entries }) =>
    Object.entries(entries).map(([reason, all]) => [`${name} ${reason}`, all.slice(0, NAMED)] as const),
  );
  assert.deepEqual(Object.fromEntries([...logged].toSorted()), Object.fromEntries(expected.toSorted()));
  assert.ok(new Set(expected.map(([key]) => key.split(" ")[1])).size >= 30, "every reason occurs");
}

test("a control: one changed character in the LDIF, or a field mapped to another attribute, and the script and the clients part", needsPeers, () =>
  inCensus(SMALL, async (census) => {
    const { folder, ldif } = census;
    const told = await printed(census, "ypcat/passwd.byname", ["ypcat", "passwd.byname"]);
    assertSame(told, join(folder, "expected/ypcat/passwd.byname"));

    const text = readFileSync(ldif, "latin1");
    const changed = text.replace("loginShell: /bin/bash", "loginShell: /bin/bask");
    assert.equal(changed.length, text.length);
    writeFileSync(join(folder, "changed.ldif"), changed, "latin1");
    await expectedOf(folder, join(folder, "changed.ldif"), "changed");
    assert.match(differenceBetween(told, join(folder, "changed/ypcat/passwd.byname")) ?? "", /bin\/bash.*\n.*bin\/bask/);

    const [main, ...others] = CENSUS_SOURCES;
    assert.ok(main !== undefined);
    const mapped = (field: string, attribute: string): readonly CensusSource[] => [
      { ...main, users: { ...main.users, fields: { ...main.users.fields, [field]: attribute } } },
      ...others,
    ];
    await expectedOf(folder, ldif, "gecos", mapped("gecos", "uid"));
    assert.match(differenceBetween(told, join(folder, "gecos/ypcat/passwd.byname")) ?? "", /expected/);
    const otherwise = await expectedOf(folder, ldif, "uid", mapped("uid", "homeDirectory"));
    assert.ok((otherwise.sources[0]?.counts["users/bad-number(uid)"] ?? 0) > SMALL.users, "an id that is a path is none");
    await assert.rejects(accountAgrees({ ...census, account: otherwise }));
  }),
);
