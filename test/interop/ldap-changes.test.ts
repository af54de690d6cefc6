/** What changes in OpenLDAP is told as it changes (RFC 4533), and what is told adds up to what a whole reading gives. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { FetcherConfig, SourceConfig } from "../../src/services/directory/config.ts";
import { membersOf, SUFFIX, userName } from "../support/ldif.ts";
import { needsRoot, waitFor, withNamespaces } from "../support/namespace.ts";
import { FENCES, type Fetched, pullOnce, Pulling } from "../support/pulling.ts";
import { type Slapd, type SlapdOptions, startSlapd, within } from "../support/slapd.ts";

const PATIENCE_MS = 10_000;
const PEOPLE = `ou=people,${SUFFIX}`;
const TEAMS = `ou=teams,${SUFFIX}`;

function configOf(source: SourceConfig): FetcherConfig {
  return { resolvers: [], idFences: FENCES, sources: [source] };
}

function withSlapd(options: SlapdOptions, body: (slapd: Slapd) => Promise<void>): Promise<void> {
  return withNamespaces(["directory"], async ({ directory }) => {
    const slapd = await startSlapd(directory, options);
    try {
      await within(directory, () => body(slapd));
    } finally {
      slapd.remove();
    }
  });
}

/** What a receiver has that does what it is told, as `name value`. */
function held(
  pulling: Pulling,
  start: { readonly users: Iterable<readonly [string, string]>; readonly groups: Iterable<readonly [string, string]> },
) {
  const [users, groups] = [new Map(start.users), new Map(start.groups)];
  for (const change of pulling.changes) {
    for (const name of change.goneUsers) users.delete(name);
    for (const name of change.goneGroups) groups.delete(name);
    for (const user of change.users) users.set(user.name, `${user.uid} ${user.shell}`);
    for (const group of change.groups) groups.set(group.name, group.members.join());
  }
  return { users: [...users].toSorted(), groups: [...groups].toSorted() };
}

const usersIn = (users: Fetched["users"]) => users.map(({ name, uid, shell }) => [name, `${uid} ${shell}`] as const);
const groupsIn = (groups: Fetched["groups"]) => groups.map(({ name, members }) => [name, members.join()] as const);

test("one user changed, one added, one gone, one renamed, a group with another member: each is told at once, and it adds up", needsRoot, () =>
  withSlapd({ users: 300, groups: 5, sync: true }, async (slapd) => {
    const source = slapd.source("plain", { refresh: "sync" });
    const pulling = new Pulling(configOf(source));
    const begun = await pulling.pull();
    assert.deepEqual([begun.result.ok, begun.result.live, begun.users.length, begun.groups.length], [true, true, 300, 5]);
    const start = { users: usersIn(begun.users), groups: groupsIn(begun.groups) };
    const told = async (count: number): Promise<void> => {
      await waitFor(() => (pulling.changes.length >= count ? true : undefined), PATIENCE_MS, `change ${count}`);
    };
    await slapd.change(`dn: uid=${userName(1)},${PEOPLE}\nchangetype: modify\nreplace: loginShell\nloginShell: /bin/false\n`);
    await told(1);
    assert.deepEqual(
      [pulling.changes[0]?.users.map(({ name, shell }) => [name, shell]), pulling.changes[0]?.update],
      [[[userName(1), "/bin/false"]], 1],
    );
    await slapd.change(`dn: uid=${userName(2)},${PEOPLE}\nchangetype: delete\n`);
    await told(2);
    assert.deepEqual(pulling.changes[1]?.goneUsers, [userName(2)]);
    await slapd.change(`dn: uid=${userName(3)},${PEOPLE}\nchangetype: modrdn\nnewrdn: uid=renamed\ndeleteoldrdn: 1\n`);
    await told(3);
    const added = ["objectClass: account", "objectClass: posixAccount", "cn: New", "uidNumber: 50000", "gidNumber: 20000", "homeDirectory: /h"];
    await slapd.change(`dn: uid=added,${PEOPLE}\nchangetype: add\n${added.join("\n")}\nuid: added\nloginShell: /bin/sh\n`);
    await slapd.change(`dn: cn=team000,${TEAMS}\nchangetype: modify\nadd: memberUid\nmemberUid: added\n`);
    await waitFor(() => pulling.changes.find(({ groups }) => groups[0]?.members.includes("added")), PATIENCE_MS, "the group");
    assert.deepEqual(
      pulling.changes.map(({ change }) => change),
      pulling.changes.map((_, i) => i + 1),
    );
    const now = await pullOnce(configOf({ ...source, refresh: "whole" }));
    const expected = { users: usersIn(now.users).toSorted(), groups: groupsIn(now.groups).toSorted() };
    assert.deepEqual(held(pulling, start), { users: expected.users.map((each) => [...each]), groups: expected.groups.map((each) => [...each]) });
    const again = await pulling.pull({ update: 1, change: pulling.changes.length });
    assert.deepEqual([again.result.ok, again.result.unchanged, again.result.live, again.users.length], [true, true, true, 0]);
    const lost = await pulling.pull({ update: 1, change: 1 });
    assert.equal(lost.users.length, 300, "a receiver that has missed a change reads everything again");
    pulling.close();
  }),
);

test("an entry that breaks a rule takes its old line along, and comes back mended", needsRoot, () =>
  withSlapd({ users: 5, groups: 1, sync: true }, async (slapd) => {
    const pulling = new Pulling(configOf(slapd.source("plain", { refresh: "sync" })));
    await pulling.pull();
    const uid = (value: string): string => `dn: uid=${userName(1)},${PEOPLE}\nchangetype: modify\nreplace: uidNumber\nuidNumber: ${value}\n`;
    await slapd.change(uid("0"));
    await waitFor(() => pulling.changes.find(({ goneUsers }) => goneUsers.includes(userName(1))), PATIENCE_MS, "it goes");
    await slapd.change(uid("40000"));
    await waitFor(() => pulling.changes.find(({ users }) => users[0]?.uid === 40_000), PATIENCE_MS, "it comes back");
    pulling.close();
  }),
);

test("a server that goes takes nothing along: the receiver is told to read again, and does so elsewhere or later", needsRoot, () =>
  withSlapd({ users: 50, groups: 1, sync: true }, async (slapd) => {
    const pulling = new Pulling(configOf(slapd.source("plain", { refresh: "sync" })));
    await pulling.pull();
    await slapd.kill();
    await waitFor(() => (pulling.stale > 0 ? true : undefined), PATIENCE_MS, "it is told");
    assert.match((await pulling.pull({ update: 1, change: 0 })).result.reason, /^connect /);
    await slapd.start();
    const back = await pulling.pull({ update: 1, change: 0 });
    assert.deepEqual([back.result.live, back.users.length], [true, 50]);
    assert.deepEqual(pulling.changes, []);
    pulling.close();
  }),
);

test("a server that stands still while it is waited for is found out by a question (directory 1.5 U1)", needsRoot, () =>
  withSlapd({ users: 5, groups: 1, sync: true }, async (slapd) => {
    const pulling = new Pulling(configOf(slapd.source("plain", { refresh: "sync" })));
    await pulling.pull();
    assert.equal((await pulling.pull({ update: 1, change: 0 })).result.unchanged, true);
    await slapd.change(`dn: uid=${userName(1)},${PEOPLE}\nchangetype: delete\n`);
    const late = await pulling.pull({ update: 1, change: 0 });
    const missed = late.result.unchanged ? pulling.changes.length : 0;
    assert.ok(!late.result.unchanged || missed === 1, "what had changed was told before the answer, or is read");
    pulling.close();
  }),
);

test("a server that does not synchronise is read as any other, and is said to be", needsRoot, () =>
  withSlapd({ users: 20, groups: 1 }, async (slapd) => {
    const pulling = new Pulling(configOf(slapd.source("plain", { refresh: "sync" })));
    const { result, users } = await pulling.pull();
    assert.deepEqual([result.ok, result.live, users.length], [true, false, 20]);
    assert.equal(pulling.logged[0]?.event, "changesNotTold");
    assert.equal((await pulling.pull({ update: 1, change: 0 })).users.length, 20);
    pulling.close();
  }),
);

test("a size limit is a failure when changes are waited for, too (RFC 4511 appendix A)", needsRoot, () =>
  withSlapd({ users: 1000, groups: 1, sync: true, sizeLimit: 500 }, async (slapd) => {
    const { results } = await pullOnce(configOf(slapd.source("plain", { refresh: "sync" })));
    assert.equal(results[0]?.reason, "users: search-refused 4 (sizeLimitExceeded)");
  }),
);

test("where groups name people by their distinguished names, another name of a user is read with everything that hangs on it", needsRoot, () =>
  withSlapd({ users: 30, groups: 1, sync: true }, async (slapd) => {
    const source = slapd.source("plain", { refresh: "sync" });
    const members = { kind: "list", value: "member" } as const;
    const named = { ...source, groups: { ...source.groups, filter: "(objectClass=groupOfNames)", fields: { ...source.groups.fields, members } } };
    const pulling = new Pulling(configOf(named));
    const begun = await pulling.pull();
    assert.deepEqual(begun.groups[0]?.members, membersOf(0, 30));
    await slapd.change(`dn: uid=${userName(1)},${PEOPLE}\nchangetype: modify\nreplace: loginShell\nloginShell: /bin/false\n`);
    await waitFor(() => pulling.changes[0], PATIENCE_MS, "a shell is nobody else's business");
    assert.equal(pulling.stale, 0);
    await slapd.change(`dn: uid=${userName(2)},${PEOPLE}\nchangetype: delete\n`);
    await waitFor(() => (pulling.stale > 0 ? true : undefined), PATIENCE_MS, "a member that goes");
    const whole = await pulling.pull({ update: 1, change: pulling.changes.length });
    assert.equal(whole.groups[0]?.members.includes(userName(2)), false);
    assert.equal(whole.users.length, 29);
    pulling.close();
  }),
);
