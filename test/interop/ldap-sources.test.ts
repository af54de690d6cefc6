/** Several servers, DNS, certificates of clients, marks of changes, groups in groups and referrals, against OpenLDAP. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { FetcherConfig, SourceConfig } from "../../src/services/directory/config.ts";
import { makeCertificate } from "../support/certificates.ts";
import { membersOf, SUFFIX, userName } from "../support/ldif.ts";
import { type Namespace, needsRoot, waitFor, withNamespaces } from "../support/namespace.ts";
import { FENCES, pullOnce, Pulling } from "../support/pulling.ts";
import { SERVER_NAME, type Slapd, type SlapdOptions, startSlapd, within } from "../support/slapd.ts";

function configOf(...sources: readonly SourceConfig[]): FetcherConfig {
  return { resolvers: ["127.0.0.1"], idFences: FENCES, sources };
}

function withServers(all: readonly SlapdOptions[], body: (slapds: readonly Slapd[], namespace: Namespace) => Promise<void>): Promise<void> {
  return withNamespaces(["directory"], async ({ directory }) => {
    const slapds: Slapd[] = [];
    try {
      for (const options of all) slapds.push(await startSlapd(directory, options));
      await within(directory, () => body(slapds, directory));
    } finally {
      for (const slapd of slapds) slapd.remove();
    }
  });
}

function first<T>(items: readonly T[]): T {
  const [item] = items;
  assert.ok(item !== undefined);
  return item;
}

test(
  "a server that is gone is passed over at once, tried last for a minute, and the other one's directory is the same (directory L8)",
  needsRoot,
  () =>
    withServers(
      [
        { users: 50, groups: 3 },
        { users: 50, groups: 3, address: "127.0.0.2" },
      ],
      async ([one, two]) => {
        assert.ok(one !== undefined && two !== undefined);
        const source = one.source("plain", { servers: [...one.source().servers, ...two.source().servers] });
        const pulling = new Pulling(configOf(source));
        assert.deepEqual([(await pulling.pull()).users.length, pulling.logged.length], [50, 0]);
        await one.kill();
        assert.equal((await pulling.pull()).users.length, 50);
        assert.deepEqual(
          pulling.logged.map(({ event }) => event),
          ["serverFailed"],
        );
        await one.start();
        await two.kill();
        assert.equal((await pulling.pull()).users.length, 50, "the one that had failed is still there as the last");
        await one.kill();
        const { result } = await pulling.pull();
        assert.match(result.reason, /^directory\.test: connect .*ECONNREFUSED/);
        pulling.close();
      },
    ),
);

test("a password that is wrong is not tried on every server", needsRoot, () =>
  withServers(
    [
      { users: 5, groups: 1 },
      { users: 5, groups: 1, address: "127.0.0.2" },
    ],
    async ([one, two]) => {
      assert.ok(one !== undefined && two !== undefined);
      const source = one.source("plain", { servers: [...one.source().servers, ...two.source().servers], bindPassword: "wrong" });
      const { results, logged } = await pullOnce(configOf(source));
      assert.match(results[0]?.reason ?? "", /bind-refused 49/);
      assert.equal(logged.filter(({ event }) => event === "serverFailed").length, 0);
    },
  ),
);

test("servers are those that SRV records of the domain name, by priority; one outside the domain is never asked (RFC 2782)", needsRoot, () =>
  withServers([{ users: 5, groups: 1 }], async (slapds, namespace) => {
    const slapd = first(slapds);
    const dnsmasq = namespace.spawn("dnsmasq", [
      ...["-k", "-C", "/dev/null", "-R", "-h", "--pid-file="],
      "--srv-host=_ldap._tcp.example.test,dead.example.test,389,1",
      "--srv-host=_ldap._tcp.example.test,alive.example.test,389,2",
      "--srv-host=_ldap._tcp.other.test,alive.example.test,389,1",
      "--address=/dead.example.test/127.0.0.9",
      "--address=/alive.example.test/127.0.0.1",
    ]);
    await waitFor(async () => (await namespace.exec("ss", "-Hlun")).stdout.includes(":53 "), 5000, "dnsmasq listens");
    const from = (srv: string): SourceConfig => slapd.source("plain", { servers: [], srv });
    const pulling = new Pulling(configOf(from("example.test")));
    assert.equal((await pulling.pull()).users.length, 5);
    assert.deepEqual(
      pulling.logged.map(({ event, fields }) => [event, fields["server"]]),
      [["serverFailed", "dead.example.test"]],
    );
    pulling.close();
    assert.match((await pullOnce(configOf(from("other.test")))).results[0]?.reason ?? "", /no server is known/);
    const nowhere = new Pulling(configOf(from("nowhere.test")));
    assert.match((await nowhere.pull()).result.reason, /^resolve \(_ldap\._tcp\.nowhere\.test/);
    nowhere.close();
    await dnsmasq.stop();
  }),
);

test("a certificate says who we are: SASL EXTERNAL over ldaps and StartTLS, and no password anywhere (RFC 4513 §5.2.3)", needsRoot, () =>
  withServers([{ users: 20, groups: 2, tls: true, external: { uid: "1" } }], async (slapds) => {
    const slapd = first(slapds);
    const { file, key } = await makeCertificate(slapd.authority, "reader-of-tests", "DNS:client.test");
    const clientPem = { certificate: readFileSync(file, "utf8"), key: readFileSync(key, "utf8") };
    for (const transport of ["ldaps", "starttls"] as const) {
      const other = { bind: "external", bindDn: "", bindPassword: "", clientPem } as const;
      const { results } = await pullOnce(configOf(slapd.source(transport, other)));
      assert.deepEqual([results[0]?.reason, results[0]?.users], ["", 20], transport);
      const nameless = await pullOnce(configOf(slapd.source(transport, { ...other, clientPem: undefined })));
      assert.match(nameless.results[0]?.reason ?? "", /^bind-refused /, "nobody has said who we are");
      const somebody = await pullOnce(configOf(slapd.source(transport, { ...other, authorizationId: "dn:cn=somebody-else" })));
      assert.match(somebody.results[0]?.reason ?? "", /^bind-refused /, "and we cannot be whom we like");
    }
  }),
);

test("an unchanged directory is not read again, a changed one is, and so is one that the receiver has lost (directory 3.6)", needsRoot, () =>
  withServers([{ users: 200, groups: 3, sync: true }], async (slapds) => {
    const slapd = first(slapds);
    const pulling = new Pulling(configOf(slapd.source("plain", { refresh: "check" })));
    assert.equal((await pulling.pull()).users.length, 200);
    const again = await pulling.pull({ update: 1, change: 0 });
    assert.deepEqual([again.result.ok, again.result.unchanged, again.users.length], [true, true, 0]);
    assert.equal((await pulling.pull({ update: 0, change: 0 })).users.length, 200, "whoever has nothing gets everything");
    await slapd.change(`dn: uid=${userName(7)},ou=people,${SUFFIX}\nchangetype: delete\n`);
    const fewer = await pulling.pull({ update: 3, change: 0 });
    assert.deepEqual([fewer.result.unchanged, fewer.users.length], [false, 199], "a deletion moves the mark");
    assert.equal((await pulling.pull({ update: 4, change: 0 })).result.unchanged, true);
    pulling.close();
  }),
);

test("a server without a mark is read whole every time", needsRoot, () =>
  withServers([{ users: 20, groups: 1 }], async (slapds) => {
    const pulling = new Pulling(configOf(first(slapds).source("plain", { refresh: "check" })));
    await pulling.pull();
    assert.equal((await pulling.pull({ update: 1, change: 0 })).users.length, 20);
    pulling.close();
  }),
);

const NESTED = `dn: cn=outer,ou=teams,${SUFFIX}
objectClass: groupOfNames
objectClass: extensibleObject
cn: outer
gidNumber: 19100
member: uid=${userName(20)},ou=people,${SUFFIX}
member: cn=named,ou=teams,${SUFFIX}
member: cn=loop,ou=teams,${SUFFIX}

dn: cn=loop,ou=teams,${SUFFIX}
objectClass: groupOfNames
cn: loop
member: cn=outer,ou=teams,${SUFFIX}
member: CN=Loop, OU=teams,${SUFFIX}
member: uid=${userName(21)},ou=people,${SUFFIX}
`;

/** Groups whose members are distinguished names. */
function named(slapd: Slapd, other: Partial<SourceConfig> = {}): SourceConfig {
  const source = slapd.source("plain", other);
  const members = { kind: "list", value: "member" } as const;
  return { ...source, groups: { ...source.groups, filter: "(objectClass=groupOfNames)", fields: { ...source.groups.fields, members } } };
}

test("groups in groups are opened up, in circles too; a group that has no id passes on its members (directory 3.4)", needsRoot, () =>
  withServers([{ users: 30, groups: 1, ldif: NESTED }], async (slapds) => {
    const slapd = first(slapds);
    const { groups, results } = await pullOnce(configOf(named(slapd, { nested: true })));
    assert.deepEqual(
      groups.map(({ name, members }) => ({ name, members })),
      [
        { name: "named", members: membersOf(0, 30) },
        { name: "outer", members: [userName(20), ...membersOf(0, 30), userName(21)] },
      ],
    );
    const rejects = Object.fromEntries(results[0]?.rejects.map(({ reason, count }) => [reason, count]) ?? []);
    assert.equal(rejects["groups/missing-attribute(gid)"], 1, "the circle has no id, and is not served");
    const flat = await pullOnce(configOf(named(slapd)));
    assert.deepEqual(flat.groups.find(({ name }) => name === "outer")?.members, [userName(20)]);
  }),
);

/** The people of the second server, as the first one refers to them. */
const REFERRAL = `dn: ou=elsewhere,${SUFFIX}
objectClass: referral
objectClass: extensibleObject
ou: elsewhere
ref: ldap://127.0.0.2/ou=people,${SUFFIX}
`;

test(
  "referrals are counted, a failure, or followed; the secret goes to no server that the configuration does not name (directory L5)",
  needsRoot,
  () =>
    withServers(
      [
        { users: 5, groups: 1, ldif: REFERRAL },
        { users: 12, groups: 1, address: "127.0.0.2", anonymous: true },
      ],
      async (slapds, namespace) => {
        const slapd = first(slapds);
        const capture = await namespace.capture("lo", "host 127.0.0.2 and tcp port 389");
        const ignored = await pullOnce(configOf(slapd.source()));
        assert.deepEqual([ignored.results[0]?.reason, ignored.users.length], ["", 5]);
        assert.equal(ignored.results[0]?.rejects.find(({ reason }) => reason === "users/reference")?.count, 1);
        assert.match((await pullOnce(configOf(slapd.source("plain", { referrals: "fail" })))).results[0]?.reason ?? "", /^users: referral \(ldap:/);
        const followed = await pullOnce(configOf(slapd.source("plain", { referrals: "follow" })));
        assert.deepEqual([followed.results[0]?.reason, followed.users.length], ["", 12], "five of them are the same people");
        await capture.stop();
        assert.ok(!readFileSync(capture.file).includes("only-for-reading"), "it was asked as nobody");
        await slapds[1]?.kill();
        const lost = await pullOnce(configOf(slapd.source("plain", { referrals: "follow" })));
        assert.match(lost.results[0]?.reason ?? "", /^connect /, "a part that cannot be reached is missing");
      },
    ),
);

test("the name that a certificate must carry is that of the server that answers", needsRoot, () =>
  withServers([{ users: 5, groups: 1, tls: true }], async (slapds) => {
    const slapd = first(slapds);
    const [server] = slapd.source("ldaps").servers;
    assert.ok(server !== undefined);
    const pulling = new Pulling(configOf(slapd.source("ldaps", { servers: [{ ...server, host: "impostor.test" }, server] })));
    assert.equal((await pulling.pull()).users.length, 5);
    const [told] = pulling.logged;
    assert.deepEqual([told?.event, told?.fields["server"]], ["serverFailed", "impostor.test"]);
    assert.match(String(told?.fields["reason"]), /^certificate /);
    assert.equal(server.host, SERVER_NAME);
    pulling.close();
  }),
);
