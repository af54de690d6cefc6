/** The census asked one by one: every key of every map, every user and group by name, and the groups of everyone, with Debian's own clients. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { assertSame, CENSUS_MAPS, type Census, inCensus, linesIn, printed } from "../support/directory-census-run.ts";
import { needsPeers } from "../support/unpacked.ts";

const LARGE = { users: 10_000, groups: 500, everyone: 40_000, wild: 400 };
/** Keys of one command line. */
const PIECE = 2500;

test("10,000 users and 500 groups, each asked for by each of its keys: ypmatch, getent and userdbctl tell what the script computes", needsPeers, () =>
  inCensus(LARGE, async (census) => {
    const { folder, root } = census;
    const keysIn = (name: string): readonly string[] => linesIn(join(folder, "expected", name));
    for (const map of CENSUS_MAPS) {
      await inTurns(census, `ypmatch/${map}`, keysIn(`keys/${map}`), (some) => ["ypmatch", ...some, map]);
      for (const key of keysIn(`too-long/${map}`)) {
        const { code, stderr } = await root.run("ypmatch", key, map);
        assert.deepEqual([code, /Can't match key/.test(stderr)], [1, true], `${key}: more than a datagram of this client holds`);
      }
    }
    await one(census, "getent-nis/passwd", ["getent", "-s", "passwd:nis", "passwd"]);
    const [users, groups] = [keysIn("names/users"), keysIn("names/groups")];
    await inTurns(census, "getent-nis/passwd", users, (some) => ["getent", "-s", "passwd:nis", "passwd", ...some]);
    root.write("etc/default/nss", "NETID_AUTHORITATIVE=TRUE\n");
    await inTurns(census, "getent-nis/initgroups-netid", users, (some) => ["getent", "-s", "group:nis", "initgroups", ...some]);
    await inTurns(census, "getent-systemd/passwd", users, (some) => ["getent", "-s", "passwd:systemd", "passwd", ...some]);
    await inTurns(census, "getent-systemd/group", groups, (some) => ["getent", "-s", "group:systemd", "group", ...some]);
    await inTurns(census, "getent-systemd/initgroups", users, (some) => ["getent", "-s", "group:systemd", "initgroups", ...some]);
    await inTurns(census, "userdbctl/groups-of-user", users, (some) => [
      "userdbctl",
      "--with-nss=no",
      "--synthesize=no",
      "--output=classic",
      "groups-of-user",
      ...some,
    ]);
    await enumerated(census);
  }),
);

/** Without netid all of group.byname is read for each user. */
test("the groups of some users by reading all of group.byname are those that the script computes", needsPeers, () =>
  inCensus({ ...LARGE, users: 1000, groups: 60 }, async (census) => {
    const expected = linesIn(join(census.folder, "expected/getent-nis/initgroups-all"));
    const some = linesIn(join(census.folder, "expected/names/users"))
      .map((name, i) => [name, expected[i]] as const)
      .filter(([name], i) => i % 3 === 0 || name === "host3$");
    const { stdout } = await census.root.run("getent", "-s", "group:nis", "initgroups", ...some.map(([name]) => name));
    assert.equal(stdout, some.map(([, line]) => `${line}\n`).join(""));
  }),
);

/** systemd 252 loses a group each time its buffer has to grow: what it tells is right, and it loses no more than that. */
async function enumerated(census: Census): Promise<void> {
  const told = linesIn(await printed(census, "groups", ["getent", "-s", "group:systemd", "group"]));
  const expected = linesIn(join(census.folder, "expected/getent-systemd/group"));
  assert.deepEqual(
    told,
    expected.filter((line) => told.includes(line)),
  );
  assert.ok(
    expected.length - told.length <= Math.log2(Math.max(...expected.map((line) => line.length))),
    `${told.length} of ${expected.length} groups`,
  );
}

async function one(census: Census, name: string, command: readonly string[]): Promise<void> {
  assertSame(await printed(census, name, command), join(census.folder, "expected", name));
}

/** What a command prints for many keys: a command line has an end. */
async function inTurns(
  census: Census,
  name: string,
  keys: readonly string[],
  command: (some: readonly string[]) => readonly string[],
): Promise<void> {
  const parts: Buffer[] = [];
  for (let at = 0; at < keys.length; at += PIECE) parts.push(readFileSync(await printed(census, name, command(keys.slice(at, at + PIECE)))));
  const whole = join(census.folder, "told", name);
  writeFileSync(whole, Buffer.concat(parts));
  assertSame(whole, join(census.folder, "expected", name));
}
