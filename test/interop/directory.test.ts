/** directory between real programs: slapd behind TLS on one side; ypcat, ypmatch, getent and userdbctl on the other. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Leasehold, startLeasehold } from "../support/leasehold.ts";
import { FIRST_ID, groupName, membersOf, READER, SUFFIX, userName } from "../support/ldif.ts";
import { waitFor, withNamespaces } from "../support/namespace.ts";
import { bindToServer, startRpcbind } from "../support/nis.ts";
import { NIS_DOMAIN, PrivateRoot } from "../support/private-root.ts";
import { withScratch, writeIn } from "../support/scratch.ts";
import { SERVER_NAME, type Slapd, startSlapd } from "../support/slapd.ts";
import { needsPeers } from "../support/unpacked.ts";

const USERS = 1000;
const GROUPS = 50;
const PATIENCE_MS = 20_000;
type World = {
  readonly slapd: Slapd;
  readonly root: PrivateRoot;
  readonly folder: string;
  readonly toml: (more?: string, source?: string) => string;
};

async function inWorld(story: (world: World) => Promise<void>): Promise<void> {
  await withScratch((folder) =>
    withNamespaces(["machine"], async ({ machine }) => {
      const slapd = await startSlapd(machine, { users: USERS, groups: GROUPS, tls: true });
      try {
        const root = new PrivateRoot(machine, folder);
        root.write("etc/hosts", `127.0.0.1 localhost nistest ${SERVER_NAME}\n`);
        bindToServer(root, "127.0.0.1");
        const authority = writeIn(folder, "authority.pem", slapd.authorityPem);
        const secret = writeIn(folder, "secret", `${READER.password}\n`, 0o600);
        const toml = (more = "", source = ""): string => `[directory]
domain = "${NIS_DOMAIN}"
interval_seconds = 10
${more}
[directory.source.main]
server = "${SERVER_NAME}"
ca_file = "${authority}"
bind_dn = "${READER.dn}"
bind_password_file = "${secret}"
base = "${SUFFIX}"
${source}
[directory.source.main.user_fields]
gecos = "cn"
`;
        await story({ slapd, root, folder, toml });
      } finally {
        slapd.remove();
      }
    }),
  );
}

const lines = (text: string): readonly string[] => text.split("\n").filter((line) => line !== "");

/** All names, as ypcat tells them. */
async function users(root: PrivateRoot): Promise<readonly string[]> {
  return lines((await root.run("ypcat", "passwd.byname")).stdout);
}

async function served(root: PrivateRoot, ours: Leasehold): Promise<readonly string[]> {
  return waitFor(
    async (see) => {
      const { stdout, stderr } = await root.run("ypcat", "passwd.byname");
      see(`${stderr}\n${ours.log().slice(-3000)}`);
      return lines(stdout).length === USERS ? lines(stdout) : undefined;
    },
    PATIENCE_MS,
    "all users over YP",
  );
}

for (const transport of ["ldaps", "starttls"] as const) {
  test(`1,000 users over ${transport}: ypcat, ypmatch, getent -s passwd:nis and userdbctl tell exactly what slapd holds`, needsPeers, () =>
    inWorld(async ({ root, folder, toml }) => {
      const ours = await startLeasehold(root, folder, toml("", `transport = "${transport}"`));
      const told = await served(root, ours);
      const expected = Array.from({ length: USERS }, (_, i) => i).map((i) => ({ name: userName(i), uid: FIRST_ID + i }));
      for (const [i, { name, uid }] of expected.entries()) {
        const [login, password, id, gid, , home, shell, ...rest] = (told[i] ?? "").split(":");
        assert.deepEqual([login, password, id, gid, home, shell, rest], [name, "*", `${uid}`, `${FIRST_ID}`, `/home/${name}`, "/bin/sh", []]);
      }
      const [some = ""] = told.filter((line) => line.startsWith(`${userName(411)}:`));
      assert.equal((await root.run("ypmatch", userName(411), "passwd.byname")).stdout.trim(), some);
      assert.equal((await root.run("ypmatch", `${FIRST_ID + 411}`, "passwd.byuid")).stdout.trim(), some);
      assert.equal((await root.runAsNobody("getent", "-s", "passwd:nis", "passwd", userName(411))).stdout.trim(), some);
      assert.deepEqual(lines((await root.run("getent", "-s", "passwd:nis", "passwd")).stdout).toSorted(), [...told].toSorted());

      const groups = lines((await root.run("ypcat", "group.byname")).stdout);
      assert.deepEqual(
        groups,
        Array.from({ length: GROUPS }, (_, i) => `${groupName(i)}:*:${FIRST_ID + i}:${membersOf(i, USERS).join(",")}`),
      );
      assert.equal((await root.run("ypmatch", `${FIRST_ID + 7}`, "group.bygid")).stdout.trim(), groups[7]);
      const maps = (await root.run("ypwhich", "-m", "-d", NIS_DOMAIN)).stdout;
      for (const map of ["passwd.byname", "passwd.byuid", "group.byname", "group.bygid"]) assert.match(maps, new RegExp(`^${map} `, "m"));
      assert.match((await root.run("yppoll", "-h", "127.0.0.1", "passwd.byname")).stdout, /has order number \d+/);
      await userdbAgrees(root);
      assert.equal((await root.run("ypmatch", "nobody-knows", "passwd.byname")).code, 1);
      assert.equal((await ours.control("show")).includes(`${USERS} users`), true);
    }),
  );
}

async function userdbAgrees(root: PrivateRoot): Promise<void> {
  const one = JSON.parse((await root.run("userdbctl", "--with-nss=no", "--output=json", "user", userName(411))).stdout) as Record<string, unknown>;
  assert.deepEqual(
    [one["userName"], one["uid"], one["gid"], one["homeDirectory"], one["shell"]],
    [userName(411), FIRST_ID + 411, FIRST_ID, `/home/${userName(411)}`, "/bin/sh"],
  );
  const all = lines((await root.run("userdbctl", "--with-nss=no", "--output=classic", "user")).stdout).filter((line) => line.startsWith("person"));
  assert.equal(all.length, USERS);
  const group = JSON.parse((await root.run("userdbctl", "--with-nss=no", "--output=json", "group", groupName(7))).stdout) as Record<string, unknown>;
  assert.equal(group["gid"], FIRST_ID + 7);
  const members = lines((await root.run("userdbctl", "--with-nss=no", "--output=classic", "users-in-group", groupName(7))).stdout).map(
    (line) => line.split(":")[0],
  );
  assert.deepEqual(members.toSorted(), membersOf(7, USERS).toSorted());
  const memberships = (await root.run("userdbctl", "--with-nss=no", "groups-of-user", membersOf(7, USERS)[0] ?? "")).stdout;
  assert.match(memberships, new RegExp(groupName(7)));
}

test("slapd killed in mid-page changes nothing that is served; the state file serves when it is gone (directory §1.5 U2, U8)", needsPeers, () =>
  inWorld(async ({ slapd, root, folder, toml }) => {
    const slow = toml("", "page_size = 1");
    const ours = await startLeasehold(root, folder, slow);
    const before = await served(root, ours);
    slapd.signal("SIGSTOP");
    await waitFor(async () => JSON.stringify((await ours.show())["directory"]).includes('"pulling"'), PATIENCE_MS, "the second pull is under way");
    slapd.signal("SIGCONT");
    await waitFor(
      async (see) => {
        const { stdout } = await root.run("ss", "-Htin", "sport", "=", ":636");
        see(stdout);
        return [...stdout.matchAll(/bytes_sent:(\d+)/g)].some(([, bytes]) => Number(bytes) > 20_000); // a certificate, and pages behind it
      },
      PATIENCE_MS,
      "pages have come",
    );
    await slapd.kill();
    await waitFor(() => /"event":"pullFailed".*"reason":"users: /.test(ours.log()), PATIENCE_MS, "the pull has failed among the users");
    assert.deepEqual(await users(root), before);
    await waitFor(() => existsSync(join(folder, "leasehold.state/directory/snapshot")), PATIENCE_MS, "the state file");
    await ours.kill();
    const again = await startLeasehold(root, folder, slow);
    assert.deepEqual(await served(root, again), before, "from the state file, with no server there");
  }),
);

test("acceptance 5: rpcbind started anew: the registration is back within thirty seconds (directory §5.4)", needsPeers, () =>
  inWorld(async ({ root, folder, toml }) => {
    const rpcbind = await startRpcbind(root);
    const ours = await startLeasehold(root, folder, toml('yp_register = "rpcbind"'));
    await served(root, ours);
    const registered = async (): Promise<boolean> => /100004 +2 +(tcp|udp) /.test((await root.run("rpcinfo", "-p", "127.0.0.1")).stdout);
    await waitFor(registered, PATIENCE_MS, "the registration");
    assert.equal((await root.run("ypmatch", userName(3), "passwd.byname")).code, 0);
    rpcbind.kill();
    await rpcbind.exited;
    await startRpcbind(root);
    assert.equal(await registered(), false, "rpcbind has forgotten");
    await waitFor(registered, 30_000, "the registration is back");
    await ours.stop();
    assert.equal(await registered(), false, "rpcbind is told when the program ends");
  }),
);
