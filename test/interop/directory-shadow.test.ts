/** Hashes over YP, where the operator wants them: root's programs find them, nobody else's do, and nothing else shows them (directory §4.1, §5.7). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { startLeasehold } from "../support/leasehold.ts";
import { FIRST_ID, READER, SUFFIX, userName } from "../support/ldif.ts";
import { waitFor, withNamespaces } from "../support/namespace.ts";
import { bindToServer } from "../support/nis.ts";
import { NIS_DOMAIN, PrivateRoot } from "../support/private-root.ts";
import { withScratch, writeIn } from "../support/scratch.ts";
import { SERVER_NAME, type Slapd, startSlapd } from "../support/slapd.ts";
import { needsPeers } from "../support/unpacked.ts";

const PATIENCE_MS = 20_000;
const HASH = "$6$saltsalt$0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ./abcdefghijklmnopqrstuvwxyz";
const PERSON = `dn: uid=shade,ou=people,${SUFFIX}
objectClass: account
objectClass: posixAccount
objectClass: shadowAccount
uid: shade
cn: Shade
uidNumber: 60500
gidNumber: ${FIRST_ID}
homeDirectory: /home/shade
loginShell: /bin/sh
userPassword: {SSHA}bm90IGZvciBjcnlwdA==
userPassword: {CRYPT}${HASH}
shadowLastChange: 19000
shadowMin: 0
shadowMax: 99999
shadowWarning: 7
shadowExpire: -1
`;
const SHADOW = `shade:${HASH}:19000:0:99999:7:::`;
const MAPS = ["passwd.byname", "passwd.byuid", "master.passwd.byname", "master.passwd.byuid", "shadow.byname"];

type World = { readonly slapd: Slapd; readonly root: PrivateRoot; readonly folder: string; readonly toml: (maps: readonly string[]) => string };

async function inWorld(story: (world: World) => Promise<void>): Promise<void> {
  await withScratch((folder) =>
    withNamespaces(["machine"], async ({ machine }) => {
      const slapd = await startSlapd(machine, { users: 1, groups: 1, tls: true, passwords: true, ldif: PERSON });
      try {
        const root = new PrivateRoot(machine, folder);
        root.write("etc/hosts", `127.0.0.1 localhost nistest ${SERVER_NAME}\n`);
        bindToServer(root, "127.0.0.1");
        const authority = writeIn(folder, "authority.pem", slapd.authorityPem);
        const secret = writeIn(folder, "secret", `${READER.password}\n`, 0o600);
        const toml = (maps: readonly string[]): string => `[directory]
domain = "${NIS_DOMAIN}"
interval_seconds = 3600
yp_maps = ${JSON.stringify(maps)}
[directory.source.main]
server = "${SERVER_NAME}"
ca_file = "${authority}"
bind_dn = "${READER.dn}"
bind_password_file = "${secret}"
base = "${SUFFIX}"
[directory.source.main.user_fields]
password = "userPassword?"
gecos = "cn"
`;
        await story({ slapd, root, folder, toml });
      } finally {
        slapd.remove();
      }
    }),
  );
}

async function lineOf(root: PrivateRoot, as: "root" | "nobody", ...command: readonly [string, ...string[]]): Promise<string> {
  const { stdout } = await (as === "root" ? root.run(...command) : root.runAsNobody(...command));
  return stdout.trim();
}

const served = (root: PrivateRoot) =>
  waitFor(async () => (await lineOf(root, "root", "ypmatch", "shade", "passwd.byname")) !== "", PATIENCE_MS, "the user over YP");

test("root's ypcat and getent find shadow.byname and the hash in master.passwd.*; nobody's find no such map", needsPeers, () =>
  inWorld(async ({ slapd, root, folder, toml }) => {
    const ours = await startLeasehold(root, folder, toml(MAPS));
    await served(root);
    assert.equal(await lineOf(root, "root", "ypmatch", "shade", "shadow.byname"), SHADOW);
    assert.equal(await lineOf(root, "root", "getent", "-s", "shadow:nis", "shadow", "shade"), SHADOW);
    const all = (await lineOf(root, "root", "ypcat", "shadow.byname")).split("\n");
    assert.deepEqual(all, [`${userName(0)}:*:::::::`, SHADOW]);
    const master = `shade:${HASH}:60500:${FIRST_ID}::0:0:Shade:/home/shade:/bin/sh`;
    assert.equal(await lineOf(root, "root", "ypmatch", "60500", "master.passwd.byuid"), master);
    for (const map of ["shadow.byname", "master.passwd.byname"]) {
      assert.match((await root.runAsNobody("ypcat", map)).stderr, /No such map/, map);
      assert.equal(await lineOf(root, "nobody", "ypmatch", "shade", map), "");
      assert.equal((await lineOf(root, "nobody", "ypwhich", "-m", "-d", NIS_DOMAIN)).includes(map), false);
    }
    assert.equal(await lineOf(root, "nobody", "getent", "-s", "shadow:nis", "shadow", "shade"), "");
    const shown = `shade:x:60500:${FIRST_ID}:Shade:/home/shade:/bin/sh`;
    for (const as of ["root", "nobody"] as const) {
      assert.equal(await lineOf(root, as, "getent", "-s", "passwd:nis", "passwd", "shade"), shown);
      assert.equal((await lineOf(root, as, "userdbctl", "--with-nss=no", "--output=json", "user", "shade")).includes("$6$"), false);
    }
    assert.match(await ours.control("directory", "probe", "main"), /shade:x:60500/);
    await slapd.change(`dn: uid=shade,ou=people,${SUFFIX}\nchangetype: modify\nreplace: userPassword\nuserPassword: {CRYPT}${HASH}2\n`);
    await ours.control("directory", "refresh");
    assert.equal(await lineOf(root, "root", "ypmatch", "shade", "shadow.byname"), SHADOW.replace(HASH, `${HASH}2`));
    const told = [
      await ours.control("directory", "probe", "main", "--json"),
      await ours.control("directory", "status", "--json"),
      await ours.control("show"),
    ];
    for (const text of [...told, ours.log()]) assert.equal(text.includes("$6$"), false, text.slice(0, 200));
    await slapd.kill();
    await ours.kill();
    const again = await startLeasehold(root, folder, toml(MAPS));
    await served(root);
    assert.equal(await lineOf(root, "root", "ypmatch", "shade", "shadow.byname"), SHADOW.replace(HASH, `${HASH}2`), "from the state file");
    await again.reload(toml(MAPS.slice(0, 2)));
    await waitFor(async () => (await lineOf(root, "root", "ypcat", "shadow.byname")) === "", PATIENCE_MS, "the map is provided no more");
    await again.stop();
  }),
);

test("without such a map no hash is asked for, and none is in the state file", needsPeers, () =>
  inWorld(async ({ root, folder, toml }) => {
    const ours = await startLeasehold(root, folder, toml(MAPS.slice(0, 2)));
    await served(root);
    assert.match(await lineOf(root, "root", "ypmatch", "shade", "passwd.byname"), /^shade:\*:60500:/);
    assert.notEqual((await root.run("ypcat", "shadow.byname")).code, 0);
    await ours.stop();
    assert.equal(readFileSync(join(folder, "leasehold.state/directory/snapshot")).includes("$6$"), false);
  }),
);
