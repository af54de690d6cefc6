/** A host that comes up before its network: whoever is in the state file is known, and whoever asks is not kept waiting. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { NSSWITCH_SYSTEMD } from "../support/directory-clients.ts";
import { type Leasehold, startLeasehold } from "../support/leasehold.ts";
import { FIRST_ID, groupName, membersOf, READER, SUFFIX, userName } from "../support/ldif.ts";
import { type Namespace, waitFor, withNamespaces } from "../support/namespace.ts";
import { bindToServer } from "../support/nis.ts";
import { NIS_DOMAIN, PrivateRoot } from "../support/private-root.ts";
import { withScratch, writeIn } from "../support/scratch.ts";
import { SERVER_NAME, startSlapd } from "../support/slapd.ts";
import { needsPeers } from "../support/unpacked.ts";

const USERS = 300;
const GROUPS = 10;
const THERE = "10.77.0.1";
const HERE = "10.77.0.2";
/** Of processes that start, on a machine that others use too. */
const PATIENCE_MS = 20_000;
/** A NIS client waits 25 seconds for a server that says nothing, one of userdb 45. */
const AT_ONCE_MS = 5000;
type World = { readonly machine: Namespace; readonly root: PrivateRoot; readonly folder: string; readonly start: () => Promise<Leasehold> };

async function inWorld(story: (world: World) => Promise<void>): Promise<void> {
  await withScratch((folder) =>
    withNamespaces(["machine", "far"], async ({ machine, far }) => {
      await machine.veth("eth0", far, "eth0");
      await machine.address("eth0", `${HERE}/24`);
      await far.address("eth0", `${THERE}/24`);
      const slapd = await startSlapd(far, { users: USERS, groups: GROUPS, tls: true, address: THERE });
      try {
        far.spawn("dnsmasq", ["-k", "-C", "/dev/null", "-R", "-h", "--pid-file=", `--address=/${SERVER_NAME}/${THERE}`]);
        const root = new PrivateRoot(machine, folder);
        root.write("etc/resolv.conf", `nameserver ${THERE}\n`);
        bindToServer(root, "127.0.0.1");
        const authority = writeIn(folder, "authority.pem", slapd.authorityPem);
        const secret = writeIn(folder, "secret", `${READER.password}\n`, 0o600);
        const toml = `[directory]
domain = "${NIS_DOMAIN}"
interval_seconds = 10
[directory.source.main]
server = "${SERVER_NAME}"
ca_file = "${authority}"
bind_dn = "${READER.dn}"
bind_password_file = "${secret}"
base = "${SUFFIX}"
`;
        await story({ machine, root, folder, start: () => startLeasehold(root, folder, toml) });
      } finally {
        slapd.remove();
      }
    }),
  );
}

/** Everything that two outlets tell, by Debian's clients. */
async function told(root: PrivateRoot): Promise<readonly string[]> {
  const commands = [
    ["ypcat", "passwd.byname"],
    ["ypcat", "group.byname"],
    ["ypcat", "netid.byname"],
    ["getent", "-s", "passwd:nis", "passwd", userName(7), String(FIRST_ID + 8)],
    ["getent", "-s", "passwd:systemd", "passwd", userName(7), String(FIRST_ID + 8)],
    ["getent", "-s", "group:systemd", "group", groupName(1)],
    ["userdbctl", "--with-nss=no", "--synthesize=no", "--output=classic", "user"],
    ["id", userName(11)],
  ] as const;
  const texts: string[] = [];
  for (const [command, ...args] of commands) texts.push((await root.run(command, ...args)).stdout);
  return texts;
}

async function served(root: PrivateRoot, ours: Leasehold): Promise<readonly string[]> {
  await waitFor(
    async (see) => {
      const { stdout } = await root.run("ypcat", "passwd.byname");
      see(`${stdout.split("\n").length} lines\n${ours.log().slice(-3000)}`);
      return stdout.split("\n").length > USERS;
    },
    PATIENCE_MS,
    "all users over YP",
  );
  return told(root);
}

test(
  "acceptance 8: started with the network down, users and groups of the state file are known at once, and read again when it is there",
  needsPeers,
  () =>
    inWorld(async ({ machine, root, start }) => {
      const ours = await start();
      const before = await served(root, ours);
      assert.ok(
        before.every((text) => text !== ""),
        "everybody is answered",
      );
      assert.match(before[1] ?? "", new RegExp(`^${groupName(1)}:\\*:${FIRST_ID + 1}:${membersOf(1, USERS).join(",")}$`, "m"));
      await ours.kill(); // as when the power fails

      await machine.ip("link", "set", "dev", "eth0", "down");
      const again = await start();
      assert.deepEqual(await served(root, again), before);
      root.write("etc/nsswitch.conf", NSSWITCH_SYSTEMD);
      assert.match((await root.run("id", userName(11))).stdout, new RegExp(`^uid=${FIRST_ID + 11}\\(${userName(11)}\\)`));
      const status = (): Promise<string> => again.control("directory", "status");
      await waitFor(async () => /source main: failed, .*(resolve|connect)/.test(await status()), PATIENCE_MS, "why nothing could be read");
      assert.match(await status(), new RegExp(`${USERS} users and ${GROUPS} groups are served, as of .* old`));

      await machine.ip("link", "set", "dev", "eth0", "up");
      await waitFor(
        async (see) => {
          see(await status());
          return /source main: ok/.test(await status());
        },
        40_000,
        "it is read again by itself",
      );
    }),
);

test("control: with the network down and no state file nobody is known, and whoever asks hears so at once (U10)", needsPeers, () =>
  inWorld(async ({ machine, root, folder, start }) => {
    rmSync(join(folder, "leasehold.state"), { recursive: true, force: true });
    await machine.ip("link", "set", "dev", "eth0", "down");
    await start();
    for (const command of [
      ["ypmatch", userName(7), "passwd.byname"],
      ["getent", "-s", "passwd:nis", "passwd", userName(7)],
      ["getent", "-s", "passwd:systemd", "passwd", userName(7)],
    ] as const) {
      const began = performance.now();
      const [name, ...args] = command;
      const { code, stdout } = await root.run(name, ...args);
      assert.deepEqual([code === 0, stdout], [false, ""], command.join(" "));
      assert.ok(performance.now() - began < AT_ONCE_MS, command.join(" "));
    }
  }),
);
