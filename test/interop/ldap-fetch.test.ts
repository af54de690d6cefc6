/** The fetching half of `directory` against OpenLDAP: whole directories, or a reason. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { encodeAll } from "../../src/base/codec.ts";
import type { FetcherConfig, SourceConfig } from "../../src/services/directory/config.ts";
import { FIRST_ID, groupName, membersOf, ODD, userName } from "../support/ldif.ts";
import { DIRECTORY } from "../../src/roles/messages/directory.ts";
import { type Namespace, needsRoot, waitFor, withNamespaces } from "../support/namespace.ts";
import { FENCES, fasterClock, pullOnce } from "../support/pulling.ts";
import { SERVER_NAME, type Slapd, type SlapdOptions, startSlapd, within } from "../support/slapd.ts";

function configOf(...sources: readonly SourceConfig[]): FetcherConfig {
  return { resolvers: [], idFences: FENCES, sources };
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

/** The one source gave nothing that counts. */
async function failureOf(source: SourceConfig): Promise<string> {
  const { results } = await pullOnce(configOf(source));
  assert.equal(results.length, 1);
  assert.equal(results[0]?.ok, false);
  return results[0]?.reason ?? "";
}

test("a thousand users and fifty groups are the same over ldaps, StartTLS and plain TCP", needsRoot, () =>
  withSlapd({ users: 1000, groups: 50, tls: true }, async (slapd) => {
    for (const transport of ["ldaps", "starttls", "plain"] as const) {
      const { users, groups, results } = await pullOnce(configOf(slapd.source(transport)));
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
        sshKeys: "",
      });
      assert.deepEqual(
        groups.map(({ name, gid, members }) => ({ name, gid, members })),
        Array.from({ length: 50 }, (_, i) => ({ name: groupName(i), gid: FIRST_ID + i, members: membersOf(i, 1000) })),
      );
    }
  }),
);

test("every page size gives the same directory, and so does none (RFC 2696 §3)", needsRoot, () =>
  withSlapd({ users: 100, groups: 3 }, async (slapd) => {
    for (const pageSize of [0, 1, 33, 50, 100, 1000]) {
      const { users, results } = await pullOnce(configOf(slapd.source("plain", { pageSize })));
      assert.deepEqual([results[0]?.ok, users.length], [true, 100], `pages of ${pageSize}`);
    }
  }),
);

test("odd entries are dropped one by one, each under its reason", needsRoot, () =>
  withSlapd({ users: 3, groups: 2, odd: true }, async (slapd) => {
    const { users, groups, results, logged } = await pullOnce(configOf(slapd.source()));
    const expected = new Map<string, number>();
    for (const { rejected } of ODD) if (rejected !== undefined) expected.set(rejected, (expected.get(rejected) ?? 0) + 1);
    const table = [...expected].sort(([a], [b]) => (a < b ? -1 : 1)).map(([reason, count]) => ({ reason, count }));
    assert.deepEqual(
      results[0]?.rejects.map(({ reason, count }) => ({ reason, count })),
      table,
    );
    assert.equal(logged.filter(({ event }) => event === "entryRejected").length, ODD.filter(({ rejected }) => rejected !== undefined).length);
    assert.equal(users.length, 3 + ODD.filter(({ rejected }) => rejected === undefined).length);
    assert.equal(groups.length, 2);
    assert.equal(users.find(({ name }) => name === "odd.colon")?.gecos, "x 0 0  / /bin/sh");
    assert.equal(users.find(({ name }) => name === "odd.newline")?.gecos, "two lines");
    assert.match(users.find(({ name }) => name === "odd.long")?.gecos ?? "", /^L{800,900}$/, "as much as clients have room for");
  }),
);

test("a group of 40,000 members comes in parts that fit into messages", needsRoot, () =>
  withSlapd({ users: 1, groups: 1, everyone: 40_000 }, async (slapd) => {
    const { groups, batches, results } = await pullOnce(configOf(slapd.source()));
    assert.deepEqual([results[0]?.ok, results[0]?.groups], [true, 2]);
    const parts = groups.filter(({ name }) => name === "everyone");
    assert.deepEqual(
      parts.flatMap(({ members }) => members),
      Array.from({ length: 40_000 }, (_, i) => userName(i)),
    );
    assert.deepEqual(
      parts.map(({ more }) => more),
      parts.map((_, i) => i < parts.length - 1),
    );
    for (const { users, groups: some } of batches) {
      const bytes = encodeAll(DIRECTORY.entries.body, { update: 1, source: 0, users, groups: some });
      assert.ok(bytes.length < 100_000, `${bytes.length} bytes`);
    }
  }),
);

test("members that are distinguished names are people of the same directory", needsRoot, () =>
  withSlapd({ users: 5, groups: 1 }, async (slapd) => {
    const source = slapd.source();
    const groups = {
      ...source.groups,
      filter: "(objectClass=groupOfNames)",
      fields: { ...source.groups.fields, members: { kind: "list", value: "member" } },
    } as const;
    const { groups: found, results } = await pullOnce(configOf({ ...source, groups }));
    assert.deepEqual(
      found.map(({ name, gid, members }) => ({ name, gid, members })),
      [{ name: "named", gid: 19_000, members: membersOf(0, 5) }],
    );
    assert.deepEqual(
      results[0]?.rejects.map(({ reason, count }) => ({ reason, count })),
      [{ reason: "groups/unknown-member", count: 1 }],
    );
  }),
);

test("a name is asked for from the given resolver; an address where nobody listens is passed over (RFC 8305 §5)", needsRoot, () =>
  withSlapd({ users: 5, groups: 1, tls: true }, async (slapd, namespace) => {
    const dnsmasq = namespace.spawn("dnsmasq", [
      "-k",
      "-C",
      "/dev/null",
      "-R",
      "-h",
      "--pid-file=",
      ...["127.0.0.1", "::1"].map((address) => `--address=/${SERVER_NAME}/${address}`),
    ]);
    await waitFor(async () => (await namespace.exec("ss", "-Hlun")).stdout.includes(":53 "), 5000, "dnsmasq listens");
    const named = (host: string): SourceConfig => {
      const source = slapd.source("ldaps");
      return { ...source, servers: source.servers.map((server) => ({ ...server, host, address: undefined })) };
    };
    const found = await pullOnce({ ...configOf(named(SERVER_NAME)), resolvers: ["127.0.0.1"] });
    assert.deepEqual([found.results[0]?.reason, found.users.length], ["", 5]);
    const lost = await pullOnce({ ...configOf(named("nowhere.test")), resolvers: ["127.0.0.1"] });
    assert.match(lost.results[0]?.reason ?? "", /^resolve /);
    assert.match(await failureOf(named(SERVER_NAME)), /^resolve \(nobody to ask/);
    await dnsmasq.stop();
  }),
);

test("who may not read is told so, not served an empty directory", needsRoot, () =>
  withSlapd({ users: 10, groups: 1, tls: true }, async (slapd) => {
    assert.equal(await failureOf(slapd.source("plain", { bindPassword: "wrong" })), "bind-refused 49 (invalidCredentials)");
    assert.match(await failureOf(slapd.source("plain", { bindPassword: "" })), /^no-password/);
    assert.equal(await failureOf(slapd.source("plain", { bindDn: "" })), "users: search-refused 50 (insufficientAccessRights)");
    const elsewhere = slapd.source();
    assert.equal(
      await failureOf({ ...elsewhere, groups: { ...elsewhere.groups, base: "ou=nobody,dc=directory,dc=test" } }),
      "groups: search-refused 32 (noSuchObject)",
    );
  }),
);

test("anybody may read where the server says so: no bind is sent", needsRoot, () =>
  withSlapd({ users: 10, groups: 1, anonymous: true }, async (slapd) => {
    const { results } = await pullOnce(configOf(slapd.source("plain", { bindDn: "", bindPassword: "" })));
    assert.deepEqual([results[0]?.reason, results[0]?.users], ["", 10]);
    assert.match(await failureOf(slapd.source("starttls")), /^tls-refused 2 /);
  }),
);

test("a server that cannot prove its name gets no bind secret", needsRoot, () =>
  withSlapd({ users: 10, groups: 1, tls: true }, async (slapd, namespace) => {
    const capture = await namespace.capture("lo", "tcp port 389 or tcp port 636");
    for (const transport of ["ldaps", "starttls"] as const) {
      assert.match(await failureOf(slapd.source(transport, { trustedPem: "" })), /^certificate /, "an authority that nobody knows");
      const source = slapd.source(transport);
      assert.match(
        await failureOf({ ...source, servers: source.servers.map((server) => ({ ...server, host: "other.test" })) }),
        /^certificate .*other\.test/,
      );
      assert.match(await failureOf(slapd.source(transport, { trustedPem: "no certificate" })), /^certificate /);
      assert.equal((await pullOnce(configOf(source))).results[0]?.ok, true, "the same server under its name");
    }
    const misled = slapd.source("ldaps");
    assert.match(await failureOf({ ...misled, servers: misled.servers.map((server) => ({ ...server, port: 389 })) }), /^tls /);
    await capture.stop();
    assert.ok(!readFileSync(capture.file).includes("only-for-reading"), "the secret is not on the wire");
  }),
);

test("a size limit of 500 is a failure with code 4, also when 500 entries came in pages (RFC 4511 appendix A)", needsRoot, () =>
  withSlapd({ users: 1000, groups: 5, sizeLimit: 500 }, async (slapd) => {
    assert.equal(await failureOf(slapd.source()), "users: search-refused 4 (sizeLimitExceeded)");
    assert.equal(await failureOf(slapd.source("plain", { pageSize: 0 })), "users: search-refused 4 (sizeLimitExceeded)");
  }),
);

test("a server that dies between two pages is a failure, however much came before", needsRoot, () =>
  withSlapd({ users: 1000, groups: 50, tls: true }, async (slapd) => {
    for (const transport of ["plain", "ldaps"] as const) {
      let killed: Promise<void> | undefined;
      const { results, users } = await pullOnce(configOf(slapd.source(transport)), { onBatch: () => (killed ??= slapd.kill()) });
      assert.ok(users.length > 0 && users.length < 1000, "it died in the middle");
      assert.deepEqual([results.length, results[0]?.ok], [1, false]);
      assert.match(results[0]?.reason ?? "", /^users: (closed|broken)/);
      await killed;
      assert.match(await failureOf(slapd.source(transport)), /^connect .*ECONNREFUSED/);
      await slapd.start();
    }
  }),
);

test("a silent server is given up after its time, and keeps nobody else waiting", needsRoot, () =>
  withSlapd({ users: 100, groups: 5 }, async (slapd) => {
    const silent = createServer(() => undefined).listen(1389, "127.0.0.1");
    await once(silent, "listening");
    const source = slapd.source();
    const mute = { ...source, name: "mute", servers: source.servers.map((server) => ({ ...server, port: 1389 })) };
    const { results } = await pullOnce(configOf(mute, source), { clock: fasterClock(50) });
    assert.deepEqual(
      results.map(({ source: index, reason }) => ({ index, reason })),
      [
        { index: 1, reason: "" },
        { index: 0, reason: "idle-timeout" },
      ],
    );
    silent.close();
  }),
);

test("a server that stops in the middle is given up after thirty seconds of silence", needsRoot, () =>
  withSlapd({ users: 1000, groups: 5 }, async (slapd) => {
    const { results, users } = await pullOnce(configOf(slapd.source()), { clock: fasterClock(50), onBatch: () => slapd.signal("SIGSTOP") });
    slapd.signal("SIGCONT");
    assert.ok(users.length > 0 && users.length < 1000);
    assert.deepEqual(
      results.map(({ reason }) => reason),
      ["users: idle-timeout"],
    );
  }),
);

test("TLS of before 1.2 is refused (RFC 8996)", needsRoot, () =>
  withSlapd({ users: 1, groups: 1, tls: true }, async (slapd) => {
    const file = (name: string): Buffer => readFileSync(join(slapd.folder, name));
    for (const [version, expected] of [
      ["TLSv1.1", /^tls .*protocol version/],
      ["TLSv1.2", /^closed$/],
    ] as const) {
      const options = {
        cert: file("server.pem"),
        key: file("server.key"),
        ciphers: "DEFAULT@SECLEVEL=0",
        minVersion: "TLSv1",
        maxVersion: version,
      } as const;
      const old = createTlsServer(options, (socket) => socket.on("error", () => undefined).once("data", () => socket.end()));
      old.on("tlsClientError", () => undefined).listen(1636, "127.0.0.1");
      await once(old, "listening");
      try {
        const source = slapd.source("ldaps");
        assert.match(await failureOf({ ...source, servers: source.servers.map((server) => ({ ...server, port: 1636 })) }), expected, version);
      } finally {
        await new Promise((resolve) => old.close(resolve));
      }
    }
  }),
);

test("a receiver that cannot take more makes the server wait, and misses nothing", needsRoot, () =>
  withSlapd({ users: 1000, groups: 5, tls: true }, async (slapd) => {
    for (const transport of ["plain", "ldaps"] as const) {
      let pauses = 0;
      const { results, users } = await pullOnce(configOf(slapd.source(transport, { pageSize: 0 })), {
        onBatch: (puller) => {
          pauses++;
          puller.pause();
          setTimeout(() => puller.resume(), 20);
        },
      });
      assert.deepEqual([results[0]?.reason, users.length], ["", 1000]);
      assert.ok(pauses > 1);
    }
  }),
);
