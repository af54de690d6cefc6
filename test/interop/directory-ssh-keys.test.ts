/** Keys for SSH from slapd: userdbctl prints them for root and for the user, and for nobody else (directory §6.3). */
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { startLeasehold } from "../support/leasehold.ts";
import { FIRST_ID, READER, SUFFIX } from "../support/ldif.ts";
import { waitFor, withNamespaces } from "../support/namespace.ts";
import { NIS_DOMAIN, PrivateRoot } from "../support/private-root.ts";
import { withScratch, writeIn } from "../support/scratch.ts";
import { SERVER_NAME, type Slapd, startSlapd } from "../support/slapd.ts";
import { needsPeers } from "../support/unpacked.ts";

const PATIENCE_MS = 10_000;
const [ROOT, KIM, LEE, NOBODY] = [0, 60_501, 60_502, 65_534];
const BLOB = "AAAAC3NzaC1lZDI1NTE5AAAAIH3mCs3mmMyxRs2TLqQ1";
const KEYS = [`ssh-ed25519 ${BLOB} kim@desk`, `restrict,from="192.0.2.0/24" ecdsa-sha2-nistp256 ${BLOB}== kim@bag`];
/** OpenSSH's own, as distributions pass it round; Debian's slapd has none. */
const SCHEMA = `attributetype ( 1.3.6.1.4.1.24552.500.1.1.1.13 NAME 'sshPublicKey' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
objectclass ( 1.3.6.1.4.1.24552.500.1.1.2.0 NAME 'ldapPublicKey' SUP top AUXILIARY MAY ( sshPublicKey $ uid ) )`;
const person = (name: string, uid: number, keys: readonly string[]): string => `dn: uid=${name},ou=people,${SUFFIX}
objectClass: account
objectClass: posixAccount
objectClass: ldapPublicKey
uid: ${name}
cn: ${name}
uidNumber: ${uid}
gidNumber: ${FIRST_ID}
homeDirectory: /home/${name}
loginShell: /bin/sh
${keys.map((key) => `sshPublicKey:: ${Buffer.from(key).toString("base64")}\n`).join("")}`;
/** What is no key, and what would be two, is left out. */
const PEOPLE = [person("kim", KIM, [...KEYS, "no key", `${KEYS[0]}\nssh-rsa ${BLOB}`]), person("lee", LEE, [])].join("\n");

type World = { readonly slapd: Slapd; readonly root: PrivateRoot; readonly folder: string; readonly toml: (fields: string) => string };

async function inWorld(story: (world: World) => Promise<void>): Promise<void> {
  await withScratch((folder) =>
    withNamespaces(["machine"], async ({ machine }) => {
      const slapd = await startSlapd(machine, { users: 1, groups: 1, tls: true, sync: true, schema: SCHEMA, ldif: PEOPLE });
      try {
        const root = new PrivateRoot(machine, folder);
        root.write("etc/hosts", `127.0.0.1 localhost nistest ${SERVER_NAME}\n`);
        const authority = writeIn(folder, "authority.pem", slapd.authorityPem);
        const secret = writeIn(folder, "secret", `${READER.password}\n`, 0o600);
        const toml = (fields: string): string => `[directory]
domain = "${NIS_DOMAIN}"
interval_seconds = 3600
[directory.source.main]
server = "${SERVER_NAME}"
ca_file = "${authority}"
bind_dn = "${READER.dn}"
bind_password_file = "${secret}"
base = "${SUFFIX}"
refresh = "sync"
[directory.source.main.user_fields]
gecos = "cn"
${fields}
`;
        await story({ slapd, root, folder, toml });
      } finally {
        slapd.remove();
      }
    }),
  );
}

/** As sshd asks: `AuthorizedKeysCommand /usr/bin/userdbctl ssh-authorized-keys %u`. */
async function keysFor(root: PrivateRoot, id: number, name: string): Promise<readonly string[]> {
  const { stdout } = await root.runAs(id, "userdbctl", "--with-nss=no", "ssh-authorized-keys", name);
  return stdout.split("\n").filter((line) => line !== "");
}

async function recordFor(root: PrivateRoot, id: number, ...which: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout } = await root.runAs(id, "userdbctl", "--with-nss=no", "--synthesize=no", "--output=json", "user", ...which);
  return JSON.parse(stdout) as Record<string, unknown>;
}

const served = (root: PrivateRoot) =>
  waitFor(async () => (await root.run("userdbctl", "--with-nss=no", "user", "kim")).code === 0, PATIENCE_MS, "the user over userdb");

test("userdbctl prints keys of slapd's for root and for the user; for others the record says that it is incomplete", needsPeers, () =>
  inWorld(async ({ slapd, root, folder, toml }) => {
    const ours = await startLeasehold(root, folder, toml('ssh_keys = "sshPublicKey"'));
    await served(root);
    for (const id of [ROOT, KIM]) {
      assert.deepEqual(await keysFor(root, id, "kim"), KEYS, `as ${id}`);
      for (const which of ["kim", String(KIM)])
        assert.deepEqual((await recordFor(root, id, which))["privileged"], { sshAuthorizedKeys: KEYS }, `${which} as ${id}`);
    }
    for (const id of [LEE, NOBODY]) {
      assert.deepEqual(await keysFor(root, id, "kim"), [], `as ${id}`);
      const { privileged, userName } = await recordFor(root, id, "kim");
      assert.deepEqual([privileged, userName], [undefined, "kim"]);
      const all = await root.runAs(id, "userdbctl", "--with-nss=no", "--output=json", "user");
      assert.ok(all.stdout.includes('"kim"') && !all.stdout.includes(BLOB), `everybody as ${id}`);
    }
    assert.deepEqual(await keysFor(root, LEE, "lee"), []);
    const warned = (id: number) => root.runAs(id, "userdbctl", "--with-nss=no", "user", "kim").then(({ stderr }) => /lacking rights/.test(stderr));
    assert.deepEqual([await warned(NOBODY), await warned(LEE), await warned(KIM), await warned(ROOT)], [true, true, false, false]);
    const { rejected } = JSON.parse(await ours.control("directory", "status", "--json")).sources[0];
    assert.deepEqual([rejected["users/bad-key(sshKeys)"], rejected["users/bad-character(sshKeys)"]], [1, 1]);
    assert.equal([await ours.control("directory", "status", "--json"), await ours.control("show"), ours.log()].join("").includes(BLOB), false);
    const fresh = `ssh-ed25519 ${BLOB}x lee`;
    await slapd.change(`dn: uid=lee,ou=people,${SUFFIX}\nchangetype: modify\nadd: sshPublicKey\nsshPublicKey: ${fresh}\n`);
    await waitFor(async () => (await keysFor(root, LEE, "lee"))[0] === fresh, PATIENCE_MS, "a key that was added, as a change");
    await slapd.change(`dn: uid=lee,ou=people,${SUFFIX}\nchangetype: modify\ndelete: sshPublicKey\n`);
    await waitFor(async () => (await keysFor(root, LEE, "lee")).length === 0, PATIENCE_MS, "a key that was taken away, as a change");
    await ours.stop();
    await slapd.kill();
    const again = await startLeasehold(root, folder, toml('ssh_keys = "sshPublicKey"'));
    await served(root);
    assert.deepEqual(await keysFor(root, KIM, "kim"), KEYS, "from the state file");
    assert.equal(statSync(join(folder, "leasehold.state/directory/snapshot")).mode & 0o077, 0);
    await again.stop();
  }),
);

test("where no attribute is named no keys are asked for, served or saved", needsPeers, () =>
  inWorld(async ({ root, folder, toml }) => {
    const ours = await startLeasehold(root, folder, toml(""));
    await served(root);
    assert.deepEqual(await keysFor(root, ROOT, "kim"), []);
    assert.equal((await recordFor(root, ROOT, "kim"))["privileged"], undefined);
    await ours.stop();
    assert.equal(readFileSync(join(folder, "leasehold.state/directory/snapshot")).includes(BLOB), false);
  }),
);
