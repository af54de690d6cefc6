/** The bind secret is the fetcher's: root reads the memory of every role, and finds it there and nowhere else (directory §8.2 29, §8.3). */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { directory, inFaulty, servedUsers, statusBecomes } from "../support/faulty-directory.ts";
import { startLeasehold } from "../support/leasehold.ts";
import { READER, SUFFIX } from "../support/ldif.ts";
import { waitFor } from "../support/programs.ts";
import { NIS_DOMAIN } from "../support/private-root.ts";
import { occurrencesIn, writableBytes } from "../support/process-memory.ts";
import { writeIn } from "../support/scratch.ts";
import { SERVER_NAME } from "../support/slapd.ts";
import { needsPeers } from "../support/unpacked.ts";

const USERS = 50;
const MEGABYTE = 1_048_576;
type Process = { readonly name: string; readonly pid: number };

/** Main and its roles, control among them: somebody watches. */
async function roles(
  show: () => Promise<{ readonly main: { readonly pid: number; readonly roles: readonly Process[] } }>,
): Promise<readonly Process[]> {
  return waitFor(
    async (see) => {
      const { main } = await show();
      see(main);
      const names = main.roles.map(({ name }) => name);
      return ["control", "engine-directory", "fetcher", "frontend"].every((name) => names.includes(name))
        ? [{ name: "main", pid: main.pid }, ...main.roles]
        : undefined;
    },
    20_000,
    "all roles are there",
  );
}

function onlyTheFetcherHas(secret: string, processes: readonly Process[]): void {
  for (const { name, pid } of processes) assert.ok(writableBytes(pid) > MEGABYTE, `${name} has memory that can be read`);
  const holders = processes.filter(({ pid }) => occurrencesIn(pid, secret) > 0).map(({ name }) => name);
  assert.deepEqual(holders, ["fetcher"]);
  const names = processes.filter(({ pid }) => occurrencesIn(pid, SERVER_NAME) > 0).map(({ name }) => name);
  assert.ok(names.includes("main") && names.includes("fetcher"), `control: what is no secret is found where it is: ${names}`);
  for (const { pid } of processes) {
    const told = `${readFileSync(`/proc/${pid}/cmdline`, "utf8")}${readFileSync(`/proc/${pid}/environ`, "utf8")}`;
    assert.equal(told.includes(secret), false);
  }
}

/** Files below a folder that hold it. */
function filesWith(folder: string, secret: string): readonly string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.flatMap((entry) => (entry.isFile() && readFileSync(join(entry.path, entry.name)).includes(secret) ? [entry.name] : []));
}

test("a password of a file is in the fetcher's memory alone, also behind a reload, a refresh and a probe", needsPeers, () =>
  inFaulty({ users: USERS, groups: 5 }, async ({ folder, toml, serving }) => {
    const ours = await serving(toml());
    assert.ok(await ours.watch());
    assert.equal((await directory(folder, "refresh")).code, 0);
    assert.equal((await directory(folder, "probe", "main")).code, 0);
    onlyTheFetcherHas(READER.password, await roles(ours.show));
    await ours.reload(toml("", "interval_seconds = 1800"));
    await statusBecomes(
      folder,
      ({ sources, update }) => sources[0]?.state === "ok" && update.phase === "idle",
      "it was read with the secret of the reload",
    );
    onlyTheFetcherHas(READER.password, await roles(ours.show));
    const fetcher = (await roles(ours.show)).find(({ name }) => name === "fetcher")?.pid ?? -1;
    process.kill(fetcher, "SIGKILL");
    await waitFor(async () => (await roles(ours.show)).some(({ name, pid }) => name === "fetcher" && pid !== fetcher), 20_000, "another fetcher");
    await statusBecomes(folder, ({ sources, update }) => sources[0]?.state === "ok" && update.phase === "idle", "it has the secret too");
    onlyTheFetcherHas(READER.password, await roles(ours.show));
    assert.deepEqual(filesWith(join(folder, "leasehold.state"), READER.password), []);
    assert.deepEqual(filesWith(join(folder, "leasehold.run"), READER.password), []);
    assert.equal(ours.log().includes(READER.password), false);
    assert.equal(JSON.stringify(await ours.show()).includes(READER.password), false);
  }),
);

test("a password that stands in ypldap.conf is in the fetcher's memory alone", needsPeers, () =>
  inFaulty({ users: USERS, groups: 5 }, async ({ root, folder, slapd }) => {
    const file = writeIn(folder, "ypldap.conf", conf(slapd.authority.file), 0o600);
    const spawned = {
      spawn: (_command: string, args: readonly string[]) =>
        root.spawn(
          "sh",
          args.map((word) => (word.endsWith(".toml") ? file : word)),
        ),
    };
    const ours = await startLeasehold(spawned, folder, "");
    await servedUsers(root, USERS, ours.log);
    assert.ok(await ours.watch());
    onlyTheFetcherHas(READER.password, await roles(ours.show));
  }),
);

test("control: memory that holds a text is seen to hold it", () => {
  assert.ok(occurrencesIn(process.pid, `seen-${process.pid}-${Date.now()}`) > 0);
});

function conf(authority: string): string {
  return `domain "${NIS_DOMAIN}"
interval 3600
bind local
provide map "passwd.byname"
cafile "${authority}"
directory "${SERVER_NAME}" ldaps {
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
