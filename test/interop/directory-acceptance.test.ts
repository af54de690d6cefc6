/** What the directory has to pass as a whole, by its numbers: every client there is, and entries that are not like others. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { askAll, NSSWITCH_SYSTEMD, nisClients, startUserdbd, startYpbind, userdbClients } from "../support/directory-clients.ts";
import { inDirectoryWorld } from "../support/directory-world.ts";
import { ODD } from "../support/ldif.ts";
import { bindToServer, startRpcbind } from "../support/nis.ts";
import { NIS_DOMAIN, type PrivateRoot } from "../support/private-root.ts";
import { needsPeers } from "../support/unpacked.ts";

const SMALL = { users: 40, groups: 6 };

/** A host with some of Debian's usual names in its files. */
async function theirOwn(root: PrivateRoot): Promise<void> {
  bindToServer(root, "127.0.0.1");
  root.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1::/:/usr/sbin/nologin\nnobody:x:65534:65534::/:/usr/sbin/nologin\n");
  root.write("etc/group", "root:x:0:\nsudo:x:27:\nnogroup:x:65534:\n");
}

test(
  "acceptance 1: every client of Debian's reads the directory, as root and as nobody, from our own portmapper, with neither rpcbind nor ypbind",
  needsPeers,
  () =>
    inDirectoryWorld(SMALL, { directory: "yp_binding = true" }, async ({ root, machine }) => {
      assert.equal(existsSync(join(root.folder, "run/rpcbind.sock")), false);
      assert.match((await machine.exec("ss", "-Hlnup", "sport", "=", ":111")).stdout, /127\.0\.0\.1\]?:111 .*"node"/);
      assert.equal(await askAll(root, nisClients(SMALL)), 22);
      root.write("etc/nsswitch.conf", NSSWITCH_SYSTEMD);
      assert.equal(await askAll(root, userdbClients(SMALL)), 22);
      await startUserdbd(root);
      assert.equal(await askAll(root, userdbClients(SMALL)), 22, "and through systemd's multiplexer");
    }),
);

test("acceptance 1: every client of Debian's reads the directory, as root and as nobody, with rpcbind and ypbind", needsPeers, () =>
  inDirectoryWorld(SMALL, { directory: 'yp_register = "rpcbind"', before: startRpcbind }, async ({ root }) => {
    await startYpbind(root, NIS_DOMAIN);
    for (const told of [await root.run("ypwhich"), await root.runAsNobody("ypwhich")]) assert.match(told.stdout, /^(localhost|127\.0\.0\.1)\n$/);
    await askAll(root, nisClients(SMALL));
    assert.match((await root.run("yppoll", "passwd.byname")).stdout, /has order number \d+/);
  }),
);

test("acceptance 4: of odd entries exactly those are left out that have to be, each counted under its reason and told by name", needsPeers, () =>
  inDirectoryWorld({ ...SMALL, odd: true }, { before: theirOwn }, async ({ root, ours }) => {
    const expected: Record<string, number> = {};
    for (const { rejected } of ODD) if (rejected !== undefined) expected[rejected] = (expected[rejected] ?? 0) + 1;
    const status = JSON.parse(await ours.control("directory", "status", "--json")) as {
      readonly sources: readonly [
        { readonly rejected: Readonly<Record<string, number>>; readonly samples: Readonly<Record<string, readonly string[]>> },
      ];
    };
    assert.deepEqual(status.sources[0].rejected, expected);
    assert.deepEqual(Object.keys(status.sources[0].samples).toSorted(), Object.keys(expected).toSorted());
    assert.match(await ours.control("directory", "status"), /1 users\/missing-attribute\(shell\): uid=odd\.noshell,/);
    const told = (await root.run("ypcat", "passwd.byname")).stdout;
    const odd = told.split("\n").filter((line) => /^odd|:6\d{4}:/.test(line));
    assert.deepEqual(
      odd.map((line) => line.split(":").length),
      [7, 7, 7, 7, 7],
      "no field is shifted",
    );
    assert.match(told, /^odd\.colon:\*:60000:20000:x 0 0 {2}\/ \/bin\/sh:\/home\/odd:\/bin\/sh$/m);
    assert.match(told, /^odd\.newline:\*:60001:20000:two lines:\/home\/odd:\/bin\/sh$/m);
    assert.match(told, /^odd\.long:\*:60002:20000:L{800,900}:\/home\/odd:\/bin\/sh$/m);
    assert.match((await root.run("ypmatch", "60003", "passwd.byuid")).stdout, /^odd\.same1:/);
    assert.equal((await root.run("ypmatch", "0", "passwd.byuid")).code, 1);
  }),
);
