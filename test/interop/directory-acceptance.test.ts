/** What the directory has to pass as a whole, by its numbers; 2, 3 and 7 stand in directory-faults*, 9 is the fuzzers', 10 takes long. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { askAll, NSSWITCH, nisClients, startUserdbd, startYpbind, userdbClients } from "../support/directory-clients.ts";
import { type Leasehold, startLeasehold } from "../support/leasehold.ts";
import { READER, SUFFIX } from "../support/ldif.ts";
import { type Namespace, waitFor, withNamespaces } from "../support/namespace.ts";
import { startRpcbind } from "../support/nis.ts";
import { NIS_DOMAIN, PrivateRoot } from "../support/private-root.ts";
import { withScratch, writeIn } from "../support/scratch.ts";
import { type Slapd, type SlapdOptions, startSlapd } from "../support/slapd.ts";
import { needsPeers } from "../support/unpacked.ts";

const PATIENCE_MS = 20_000;
const SMALL = { users: 40, groups: 6 };
type World = { readonly machine: Namespace; readonly slapd: Slapd; readonly root: PrivateRoot; readonly folder: string; readonly ours: Leasehold };

async function inWorld(
  options: SlapdOptions,
  more: string,
  story: (world: World) => Promise<void>,
  before: (root: PrivateRoot) => Promise<unknown> = async () => undefined,
): Promise<void> {
  await withScratch((folder) =>
    withNamespaces(["machine"], async ({ machine }) => {
      const slapd = await startSlapd(machine, options);
      try {
        const root = new PrivateRoot(machine, folder);
        await before(root);
        const ours = await startLeasehold(root, folder, toml(writeIn(folder, "secret", `${READER.password}\n`, 0o600), more));
        await waitFor(
          async (see) => {
            const shown = JSON.stringify((await ours.show())["directory"]);
            see(`${shown}\n${ours.log().slice(-3000)}`);
            return shown.includes('"committedAt"');
          },
          PATIENCE_MS,
          "the directory is served",
        );
        await story({ machine, slapd, root, folder, ours });
      } finally {
        slapd.remove();
      }
    }),
  );
}

function toml(secret: string, more: string): string {
  return `[directory]
domain = "${NIS_DOMAIN}"
interval_seconds = 3600
${more}
[directory.source.main]
server = "127.0.0.1"
transport = "plain"
bind_dn = "${READER.dn}"
bind_password_file = "${secret}"
base = "${SUFFIX}"
[directory.source.main.user_fields]
gecos = "cn"
`;
}

test(
  "acceptance 1: every client of Debian's reads the directory, as root and as nobody, with the portmapper of ours and neither rpcbind nor ypbind",
  needsPeers,
  () =>
    inWorld(SMALL, "yp_binding = true", async ({ root, machine }) => {
      assert.equal(existsSync(join(root.folder, "run/rpcbind.sock")), false);
      assert.match((await machine.exec("ss", "-Hlnup", "sport", "=", ":111")).stdout, /127\.0\.0\.1\]?:111 .*"node"/);
      assert.equal(await askAll(root, nisClients(SMALL)), 22);
      root.write("etc/nsswitch.conf", NSSWITCH.systemd);
      assert.equal(await askAll(root, userdbClients(SMALL)), 22);
      await startUserdbd(root);
      assert.equal(await askAll(root, userdbClients(SMALL)), 22, "and through systemd's multiplexer");
    }),
);

test("acceptance 1: every client of Debian's reads the directory, as root and as nobody, with rpcbind and ypbind", needsPeers, () =>
  inWorld(
    SMALL,
    'yp_register = "rpcbind"',
    async ({ root }) => {
      await startYpbind(root, NIS_DOMAIN);
      for (const told of [await root.run("ypwhich"), await root.runAsNobody("ypwhich")]) assert.match(told.stdout, /^(localhost|127\.0\.0\.1)\n$/);
      await askAll(root, nisClients(SMALL));
      assert.match((await root.run("yppoll", "passwd.byname")).stdout, /has order number \d+/);
    },
    startRpcbind,
  ),
);
