/** directory as a whole with a slapd that tells of changes, and over its socket: what YP clients see, and when. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Leasehold, startLeasehold } from "../support/leasehold.ts";
import { READER, SUFFIX, userName } from "../support/ldif.ts";
import { waitFor, withNamespaces } from "../support/namespace.ts";
import { bindToServer } from "../support/nis.ts";
import { NIS_DOMAIN, PrivateRoot } from "../support/private-root.ts";
import { withScratch, writeIn } from "../support/scratch.ts";
import { SERVER_NAME, type Slapd, type SlapdOptions, startSlapd } from "../support/slapd.ts";
import { needsPeers } from "../support/unpacked.ts";

const PATIENCE_MS = 20_000;
const USERS = 500;
type World = { readonly slapd: Slapd; readonly root: PrivateRoot; readonly ours: Leasehold };

async function inWorld(options: SlapdOptions, source: (slapd: Slapd) => string, story: (world: World) => Promise<void>): Promise<void> {
  await withScratch((folder) =>
    withNamespaces(["machine"], async ({ machine }) => {
      const slapd = await startSlapd(machine, options);
      try {
        const root = new PrivateRoot(machine, folder);
        root.write("etc/hosts", `127.0.0.1 localhost nistest ${SERVER_NAME}\n`);
        bindToServer(root, "127.0.0.1");
        writeIn(folder, "secret", `${READER.password}\n`, 0o600);
        const toml = `[directory]
domain = "${NIS_DOMAIN}"
interval_seconds = 600
[directory.source.main]
base = "${SUFFIX}"
${source(slapd).replace("SECRET", `${folder}/secret`)}
[directory.source.main.user_fields]
gecos = "cn"
`;
        const ours = await startLeasehold(root, folder, toml);
        await waitFor(
          async (see) => {
            const { stdout, stderr } = await root.run("ypcat", "passwd.byname");
            see(`${stderr}\n${ours.log().slice(-3000)}`);
            return stdout.split("\n").length > USERS;
          },
          PATIENCE_MS,
          "all users over YP",
        );
        await story({ slapd, root, ours });
      } finally {
        slapd.remove();
      }
    }),
  );
}

const line = async (root: PrivateRoot, name: string): Promise<string> => (await root.run("ypmatch", name, "passwd.byname")).stdout.trim();

test("a user who is changed, added or deleted in slapd is so over YP at once, with ten minutes between updates (directory 3.6)", needsPeers, () =>
  inWorld(
    { users: USERS, groups: 10, sync: true, tls: true },
    (slapd) => `server = "${SERVER_NAME}"
ca_file = "${slapd.authority.file}"
bind_dn = "${READER.dn}"
bind_password_file = "SECRET"
refresh = "sync"`,
    async ({ slapd, root }) => {
      const entry = `dn: uid=${userName(5)},ou=people,${SUFFIX}\nchangetype: `;
      await slapd.change(`${entry}modify\nreplace: loginShell\nloginShell: /bin/changed\n`);
      await waitFor(async () => (await line(root, userName(5))).endsWith(":/bin/changed"), 2000, "the change");
      await slapd.change(`${entry}delete\n`);
      await waitFor(async () => (await line(root, userName(5))) === "", 2000, "the deletion");
      assert.equal((await root.run("ypcat", "passwd.byname")).stdout.split("\n").length, USERS);
      await slapd.kill();
      assert.notEqual(await line(root, userName(6)), "", "what was told stays when the server goes");
    },
  ),
);

test(
  "over slapd's socket the fetcher is known by its own uid, which is not root's, and no password is anywhere (RFC 4422 appendix A)",
  needsPeers,
  () =>
    inWorld(
      { users: USERS, groups: 10, local: true, external: { uid: "(28[0-9][0-9][0-9][0-9]|[3-9][0-9][0-9][0-9][0-9][0-9])" } },
      (slapd) => `transport = "ldapi"\nserver = "${slapd.socket}"\nbind = "external"`,
      async ({ root, ours }) => {
        assert.match(await line(root, userName(7)), new RegExp(`^${userName(7)}:`));
        assert.match(await ours.control("directory", "status"), /main/);
      },
    ),
);
