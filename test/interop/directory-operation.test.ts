/** What an operator does with the directory, between real programs: status, refresh, diff, probe, events, and ypldap with its own file. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { makeAuthority } from "../support/certificates.ts";
import { startLeasehold } from "../support/leasehold.ts";
import { FIRST_ID, READER, SUFFIX, userName } from "../support/ldif.ts";
import { waitFor, withNamespaces } from "../support/namespace.ts";
import { bindToServer } from "../support/nis.ts";
import { NIS_DOMAIN, PrivateRoot } from "../support/private-root.ts";
import { withScratch, writeIn } from "../support/scratch.ts";
import { SERVER_NAME, type Slapd, startSlapd } from "../support/slapd.ts";
import { needsPeers } from "../support/unpacked.ts";

const BIN = join(dirname(fileURLToPath(import.meta.url)), "../../bin");
const USERS = 60;
const PATIENCE_MS = 20_000;
type Told = { readonly code: number; readonly text: string };
type World = {
  readonly slapd: Slapd;
  readonly root: PrivateRoot;
  readonly folder: string;
  readonly authority: string;
  readonly secret: string;
  readonly toml: (source?: string, more?: string) => string;
};

/** As whoever calls; what it says and how it ends. */
function command(...args: readonly string[]): Promise<Told> {
  const [program = "", ...rest] = args;
  return new Promise((resolve) => {
    execFile(program, rest, { encoding: "utf8" }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), text: `${stdout}${stderr}` }),
    );
  });
}

async function inWorld(story: (world: World) => Promise<void>): Promise<void> {
  await withScratch((folder) =>
    withNamespaces(["machine"], async ({ machine }) => {
      const slapd = await startSlapd(machine, { users: USERS, groups: 5, tls: true });
      try {
        const root = new PrivateRoot(machine, folder);
        root.write("etc/hosts", `127.0.0.1 localhost nistest ${SERVER_NAME}\n`);
        bindToServer(root, "127.0.0.1");
        const authority = writeIn(folder, "authority.pem", slapd.authorityPem);
        const secret = writeIn(folder, "secret", `${READER.password}\n`, 0o600);
        const toml = (source = "", more = ""): string => `[directory]
domain = "${NIS_DOMAIN}"
interval_seconds = 3600
${more}
[directory.source.main]
server = "${SERVER_NAME}"
ca_file = "${authority}"
bind_dn = "${READER.dn}"
bind_password_file = "${secret}"
base = "${SUFFIX}"
${source}
`;
        await story({ slapd, root, folder, authority, secret, toml });
      } finally {
        slapd.remove();
      }
    }),
  );
}

const asking = (folder: string) => {
  const run = join(folder, "leasehold.run");
  return (...words: readonly string[]): Promise<Told> => command(join(BIN, "leasehold"), "directory", ...words, "--runtime-dir", run);
};

async function names(root: PrivateRoot): Promise<readonly string[]> {
  const { stdout } = await root.run("ypcat", "passwd.byname");
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split(":")[0] ?? "");
}

function served(root: PrivateRoot, count: number, log: () => string = () => ""): Promise<true> {
  return waitFor(
    async (see) => {
      const told = await names(root);
      see(`${told.length} users\n${log().slice(-2000)}`);
      return told.length === count ? true : undefined;
    },
    PATIENCE_MS,
    `${count} users over YP`,
  );
}

const gone = (first: number, last: number): string =>
  Array.from({ length: last - first }, (_, i) => `dn: uid=${userName(first + i)},ou=people,${SUFFIX}\nchangetype: delete\n`).join("\n");

test(
  "a directory that shrank is held back: status, diff and an event tell of it, refresh --accept lets it through once (directory §1.5 U4)",
  needsPeers,
  () =>
    inWorld(async ({ slapd, root, folder, toml }) => {
      const ours = await startLeasehold(root, folder, toml());
      const directory = asking(folder);
      await served(root, USERS, ours.log);
      const unchanged = await directory("refresh");
      assert.equal(unchanged.code, 0, unchanged.text);
      assert.match(unchanged.text, /is served; nothing has changed/);

      await slapd.change(`dn: uid=${userName(3)},ou=people,${SUFFIX}\nchangetype: modify\nreplace: loginShell\nloginShell: /bin/zsh\n`);
      const one = await directory("refresh");
      assert.match(one.text, /is served: 0 users added, 0 removed, 1 changed/);
      assert.match((await root.run("ypmatch", userName(3), "passwd.byname")).stdout, /\/bin\/zsh/);

      await slapd.change(gone(30, USERS));
      const held = await directory("refresh");
      assert.equal(held.code, 1, held.text);
      assert.match(held.text, /changed nothing, because of: main[\s\S]*suspicious: users 60 to 30/);
      assert.equal((await names(root)).length, USERS, "lookups go on");
      const status = await directory("status");
      assert.equal(status.code, 0);
      assert.match(status.text, /60 users and 5 groups are served[\s\S]*held back: 0 users added, 30 removed[\s\S]*source main: suspicious/);
      const diff = await directory("diff");
      assert.equal(diff.code, 0, diff.text);
      assert.equal(diff.text.split("\n").filter((line) => line.startsWith("- user ")).length, 30);
      const rows = (await directory("diff", "--json", "--rows", "7", "--after", "2")).text.trim().split("\n");
      assert.deepEqual(JSON.parse(rows[0] ?? ""), { kind: "user", change: "removed", name: userName(32), fields: [] });
      assert.equal(rows.length, 7);

      const accepted = await directory("refresh", "--accept", "main");
      assert.equal(accepted.code, 0, accepted.text);
      assert.match(accepted.text, /is served: 0 users added, 30 removed/);
      assert.equal((await names(root)).length, 30);
      assert.match((await directory("diff")).text, /nothing is held back/);
      await slapd.change(gone(0, 20));
      assert.equal((await directory("refresh")).code, 1, "once is not for ever");
      assert.equal((await directory("refresh", "--accept", "nobody")).code, 3);
      await ours.stop();
    }),
);

test("refresh while the server says nothing tells how it stands after a second, and is not in time in the end", needsPeers, () =>
  inWorld(async ({ slapd, root, folder, toml }) => {
    const ours = await startLeasehold(root, folder, toml());
    await served(root, USERS, ours.log);
    slapd.signal("SIGSTOP");
    const late = await asking(folder)("refresh", "--wait", "3");
    assert.equal(late.code, 3, late.text);
    assert.match(late.text, /1 s: update 2: reading main/);
    assert.match(late.text, /no update has ended in 3 seconds/);
    assert.match((await root.run("ypmatch", userName(1), "passwd.byname")).stdout, new RegExp(`^${userName(1)}:`));
    slapd.signal("SIGCONT");
    await ours.stop();
  }),
);

test("a probe tells each step of a source, what would be served and what would not, and what to do where it fails", needsPeers, () =>
  inWorld(async ({ root, folder, toml }) => {
    const other = writeIn(folder, "other.secret", "wrong\n", 0o600);
    const none = (await makeAuthority(folder, "foreign")).file;
    const source = (name: string, lines: string): string => `[directory.source.${name}]\nbase = "${SUFFIX}"\n${lines}\n`;
    const more = [
      source(
        "wrong",
        `server = "${SERVER_NAME}"\nca_file = "${join(folder, "authority.pem")}"\nbind_dn = "${READER.dn}"\nbind_password_file = "${other}"`,
      ),
      source("foreign", `server = "${SERVER_NAME}"\nca_file = "${none}"`),
      source("deaf", 'server = "127.0.0.1"\nport = 9\ntransport = "plain"'),
    ].join("");
    const ours = await startLeasehold(root, folder, `${toml('user_filter = "(|(objectClass=posixAccount)(objectClass=posixGroup))"')}${more}`);
    const directory = asking(folder);
    await waitFor(
      async (see) => {
        const told = await directory("probe", "main");
        see(told.text);
        return told.code !== 3;
      },
      PATIENCE_MS,
      "the roles are there",
    );
    const sound = await directory("probe", "main");
    assert.equal(sound.code, 0, sound.text);
    for (const step of ["connect", "tls", "bind", "users", "groups"]) assert.match(sound.text, new RegExp(`^ok     ${step} +\\d+ ms`, "m"), step);
    assert.match(sound.text, /all of it could be read: 60 users, 5 groups; nothing of it is served/);
    assert.match(sound.text, new RegExp(`^  ${userName(0)}:\\*:${FIRST_ID}:`, "m"));
    assert.match(sound.text, /left out:\n +5 users\/missing-attribute\(name\): cn=/);
    const refused = await directory("probe", "wrong");
    assert.equal(refused.code, 1);
    assert.match(refused.text, /FAILED bind[\s\S]*code 49[\s\S]*hint: the name or the password is wrong/);
    assert.equal(refused.text.includes(READER.password), false);
    const foreign = await directory("probe", "foreign");
    assert.match(foreign.text, /ok {5}connect[\s\S]*FAILED tls[\s\S]*hint: the certificate must carry the name/);
    const deaf = await directory("probe", "deaf");
    assert.match(deaf.text, /FAILED connect[\s\S]*hint: does the server listen/);
    const json = JSON.parse((await directory("probe", "deaf", "--json")).text) as {
      readonly done: boolean;
      readonly steps: readonly { readonly ok: boolean }[];
    };
    assert.deepEqual([json.done, json.steps.map(({ ok }) => ok)], [true, [false]]);
    assert.equal((await directory("probe", "nobody")).code, 3);
    await ours.stop();
  }),
);

test("who is not root may look, but neither refresh nor probe nor accept; the socket is root's and its group's", needsPeers, () =>
  inWorld(async ({ root, folder, toml }) => {
    const ours = await startLeasehold(root, folder, toml());
    await served(root, USERS, ours.log);
    const socket = join(folder, "leasehold.run/control.sock");
    chmodSync(socket, 0o666);
    chmodSync(folder, 0o755);
    const curl = (method: string, path: string): Promise<Told> =>
      command(
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "curl",
        "-s",
        "-X",
        method,
        "--unix-socket",
        socket,
        `http://x/v1/directory${path}`,
      );
    assert.match((await curl("GET", "")).text, /"service":"directory"/);
    for (const path of ["/refresh", "/accept", "/accept/main", "/probe/main"])
      assert.match((await curl("POST", path)).text, /only root may do this/, path);
    assert.equal((await ours.show()).main !== undefined, true);
    await ours.stop();
  }),
);

test("ypldap -d with its own file serves what it served, and what changes is told to whoever watches", needsPeers, () =>
  inWorld(async ({ root, folder, authority, slapd }) => {
    const file = writeIn(folder, "ypldap.conf", conf(authority), 0o600);
    assert.deepEqual(await command(join(BIN, "ypldap"), "-n", "-f", file), { code: 0, text: "configuration OK\n" });
    const run = join(folder, "run");
    const socket = join(run, "control.sock");
    const words = ["run", "--format", "ypldap", "--runtime-dir", run, "--state-dir", join(folder, "state"), "--log-level", "debug", `--file=${file}`];
    const program = root.spawn(join(BIN, "leasehold"), words);
    try {
      await served(root, USERS, () => program.stderr);
      const maps = (await root.run("ypwhich", "-m", "-d", NIS_DOMAIN)).stdout.trim().split("\n");
      assert.deepEqual(
        maps.map((line) => line.split(" ")[0]),
        ["passwd.byname", "group.byname"],
      );
      assert.equal((await root.run("ypmatch", "20001", "passwd.byuid")).code, 1, "what is not provided is not there (defect 18)");
      const watching = command("timeout", "20", join(BIN, "leasehold"), "watch", "--runtime-dir", run);
      await waitFor(
        async () => (await command("curl", "-s", "--unix-socket", socket, "http://x/v1/directory")).text.includes('"idle"'),
        PATIENCE_MS,
        "an end",
      );
      await slapd.change(`dn: uid=${userName(3)},ou=people,${SUFFIX}\nchangetype: modify\nreplace: loginShell\nloginShell: /bin/zsh\n`);
      const refreshed = await command(join(BIN, "leasehold"), "directory", "refresh", "--runtime-dir", run);
      assert.equal(refreshed.code, 0, refreshed.text);
      await program.stop();
      assert.match((await watching).text, new RegExp(`users-change .*changed=1.*${userName(3)}`));
    } finally {
      await program.stop();
    }
  }),
);

function conf(authority: string): string {
  return `how = "ldaps"
domain "${NIS_DOMAIN}"
interval 3600
bind local
provide map "passwd.byname"
provide map "group.byname"
cafile "${authority}"
directory "${SERVER_NAME}" $how {
	binddn "${READER.dn}"
	bindcred "${READER.password}"
	basedn "${SUFFIX}"
	passwd filter "(objectClass=posixAccount)"
	attribute name maps to "uid"
	fixed attribute passwd "*"
	attribute uid maps to "uidNumber"
	attribute gid maps to "gidNumber"
	attribute gecos maps to "cn"
	attribute home maps to "homeDirectory"
	attribute shell maps to "loginShell"
	group filter "(objectClass=posixGroup)"
	attribute groupname maps to "cn"
	fixed attribute grouppasswd "*"
	attribute groupgid maps to "gidNumber"
	list groupmembers maps to "memberUid"
}
`;
}
