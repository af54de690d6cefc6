/** The fetching half of `directory` against OpenLDAP: whole directories, or a reason. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { realClock } from "../support/real-clock.ts";
import { outwardStreams } from "../../src/platform/tls-streams.ts";
import type { FetcherConfig, SourceConfig } from "../../src/services/directory/config.ts";
import type { GroupEntry, UserEntry } from "../../src/services/directory/entries.ts";
import { Puller, type Pulled } from "../../src/services/directory/fetch/puller.ts";
import { FIRST_ID, groupName, membersOf, ODD, userName } from "../support/ldif.ts";
import { type Namespace, needsRoot, withNamespaces } from "../support/namespace.ts";
import { type Slapd, type SlapdOptions, startSlapd, within } from "../support/slapd.ts";

type Fetched = { readonly users: readonly UserEntry[]; readonly groups: readonly GroupEntry[]; readonly results: readonly Pulled[] };

const idFences = { minUid: 1000, maxUid: 4_294_967_294, minGid: 1000, maxGid: 4_294_967_294, localUsers: ["root", "daemon"], localGroups: ["sudo"] };

function configOf(...sources: readonly SourceConfig[]): FetcherConfig {
  return { resolvers: [], idFences, sources };
}

/** One update of all sources, to its end. */
function pull(config: FetcherConfig, onBatch: () => void = () => undefined): Promise<Fetched> {
  const users: UserEntry[] = [];
  const groups: GroupEntry[] = [];
  const results: Pulled[] = [];
  return new Promise((resolve) => {
    const puller = new Puller({
      clock: realClock,
      streams: outwardStreams,
      output: {
        entries: (batch) => {
          users.push(...batch.users);
          groups.push(...batch.groups);
          onBatch();
        },
        pulled: (result) => {
          results.push(result);
          if (results.length === config.sources.length) resolve({ users, groups, results });
        },
      },
      log: { write: () => undefined },
    });
    puller.configure(config);
    puller.pull(1);
  });
}

function withSlapd(options: SlapdOptions, body: (slapd: Slapd, namespace: Namespace) => Promise<void>): Promise<void> {
  return withNamespaces(["directory"], async ({ directory }) => {
    const slapd = await startSlapd(directory, options);
    try {
      await within(directory, () => body(slapd, directory));
    } finally {
      slapd.remove();
    }
  });
}

test("a thousand users and fifty groups are the same over ldaps, StartTLS and plain TCP", needsRoot, () =>
  withSlapd({ users: 1000, groups: 50, tls: true }, async (slapd) => {
    for (const transport of ["ldaps", "starttls", "plain"] as const) {
      const { users, groups, results } = await pull(configOf(slapd.source(transport)));
      assert.deepEqual(
        results.map(({ ok, reason, users: u, groups: g, rejects }) => ({ ok, reason, u, g, rejects })),
        [{ ok: true, reason: "", u: 1000, g: 50, rejects: [] }],
        transport,
      );
      assert.deepEqual(
        users.map(({ name }) => name),
        Array.from({ length: 1000 }, (_, i) => userName(i)),
      );
      assert.deepEqual(users[4], {
        name: userName(4),
        password: "*",
        uid: FIRST_ID + 4,
        gid: FIRST_ID,
        gecos: "Émile Quist",
        home: `/home/${userName(4)}`,
        shell: "/bin/sh",
      });
      assert.deepEqual(
        groups.map(({ name, gid, members }) => ({ name, gid, members })),
        Array.from({ length: 50 }, (_, i) => ({ name: groupName(i), gid: FIRST_ID + i, members: membersOf(i, 1000) })),
      );
    }
  }),
);

test("odd entries are dropped one by one, each under its reason", needsRoot, () =>
  withSlapd({ users: 3, groups: 2, odd: true }, async (slapd) => {
    const { users, groups, results } = await pull(configOf(slapd.source()));
    const expected = new Map<string, number>();
    for (const { rejected } of ODD) if (rejected !== undefined) expected.set(rejected, (expected.get(rejected) ?? 0) + 1);
    const table = [...expected].sort(([a], [b]) => (a < b ? -1 : 1)).map(([reason, count]) => ({ reason, count }));
    assert.deepEqual(results[0]?.rejects, table);
    assert.equal(users.length, 3 + ODD.filter(({ rejected }) => rejected === undefined).length);
    assert.equal(groups.length, 2);
    assert.equal(users.find(({ name }) => name === "odd.colon")?.gecos, "x 0 0  / /bin/sh");
    assert.equal(users.find(({ name }) => name === "odd.newline")?.gecos, "two lines");
    assert.equal(users.find(({ name }) => name === "odd.long")?.gecos.length, 1100);
  }),
);
