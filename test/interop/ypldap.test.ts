/** ypldap as the daemon of an OpenBSD site: its own ypldap.conf, slapd on one side, Debian's NIS programs on the other. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { FIRST_ID, READER, SUFFIX, userName } from "../support/ldif.ts";
import { type Namespace, waitFor, withNamespaces } from "../support/namespace.ts";
import { startRpcbind } from "../support/nis.ts";
import { NIS_DOMAIN, PrivateRoot } from "../support/private-root.ts";
import { run, sound } from "../support/programs.ts";
import { withScratch, writeIn } from "../support/scratch.ts";
import { SERVER_NAME, type Slapd, startSlapd } from "../support/slapd.ts";
import { needsPeers } from "../support/unpacked.ts";
import { ypldapConf } from "../support/ypldap-conf.ts";

const BIN = join(dirname(fileURLToPath(import.meta.url)), "../../bin");
const [USERS, GROUPS] = [40, 5];
const PATIENCE_MS = 20_000;
type World = {
  readonly slapd: Slapd;
  readonly root: PrivateRoot;
  /** Starts the daemon with this in front of its configuration, and ends when it has gone to the background. */
  readonly start: (globals: string) => Promise<void>;
  readonly write: (globals: string) => void;
  /** `leasehold directory ...` about it. */
  readonly told: (...words: readonly string[]) => Promise<string>;
  readonly signal: (name: NodeJS.Signals) => Promise<void>;
};

async function inWorld(story: (world: World) => Promise<void>): Promise<void> {
  await withScratch((folder) =>
    withNamespaces(["machine"], async ({ machine }) => {
      const slapd = await startSlapd(machine, { users: USERS, groups: GROUPS, tls: true });
      try {
        await story(worldOf(machine, folder, slapd));
      } finally {
        slapd.remove();
        await endAll(machine);
      }
    }),
  );
}

/** The daemon is no child of ours: whatever is left in the namespace ends with the test. */
async function endAll(machine: Namespace): Promise<void> {
  const { stdout } = await run("ip", ["netns", "pids", machine.name]);
  for (const pid of stdout.split("\n").filter((line) => line !== "")) await run("kill", ["-KILL", pid]);
}

function worldOf(machine: Namespace, folder: string, slapd: Slapd): World {
  const root = new PrivateRoot(machine, folder);
  root.write("etc/hosts", `127.0.0.1 localhost nistest ${SERVER_NAME}\n`);
  const authority = writeIn(folder, "authority.pem", slapd.authorityPem);
  const more = [`binddn "${READER.dn}"`, `bindcred "${READER.password}"`];
  const conf = ypldapConf({ head: `"${SERVER_NAME}" ldaps`, base: SUFFIX, domain: NIS_DOMAIN, interval: 3600, more });
  const write = (globals: string): void =>
    writeFileSync(join(root.folder, "etc/ypldap.conf"), `${globals}\ncafile "${authority}"\n${conf}`, { mode: 0o640 });
  const runtime = join(root.folder, "run/ypldap");
  return {
    slapd,
    root,
    write,
    start: async (globals) => {
      write(globals);
      const { code, stdout, stderr } = await root.run(join(BIN, "ypldap"));
      assert.deepEqual([code, stdout], [0, ""], stderr);
      assert.match(stderr, /^(?:\S+: warning: .*\n {2}hint: .*\n)*$/);
    },
    told: async (...words) => {
      const { stdout, stderr } = await run(join(BIN, "leasehold"), ["directory", ...words, "--runtime-dir", runtime]);
      return stdout + stderr;
    },
    signal: async (name) => {
      const { stdout } = await run(join(BIN, "leasehold"), ["show", "--json", "--runtime-dir", runtime]);
      process.kill((JSON.parse(stdout) as { readonly main: { readonly pid: number } }).main.pid, name);
    },
  };
}

async function line(root: PrivateRoot, ...command: readonly string[]): Promise<string> {
  const { stdout, stderr } = await root.run(...(command as [string, ...string[]]));
  return stdout.trim() || stderr.trim();
}

async function served({ root, told }: World, users = USERS): Promise<readonly string[]> {
  return waitFor(
    async (see) => {
      const { stdout, stderr } = await root.run("ypcat", "passwd.byname");
      const lines = stdout.split("\n").filter((one) => one !== "");
      see(`${lines.length} users; ${stderr}${await told("status")}`);
      return lines.length === users ? lines : undefined;
    },
    PATIENCE_MS,
    `${users} users over YP`,
  );
}

const LINE = `${userName(3)}:*:${FIRST_ID + 3}:${FIRST_ID}`;

test(
  "with `bind local` and nothing else on the machine ypcat, ypmatch and getent are served, for root and for nobody (directory §2.3, §5.4)",
  needsPeers,
  () =>
    inWorld(async (world) => {
      const { root, start, signal } = world;
      await start("bind local");
      const users = await served(world);
      assert.equal(users[3]?.startsWith(`${LINE}:`), true, users[3]);
      const same = users[3] ?? "";
      assert.equal(await line(root, "ypmatch", userName(3), "passwd.byname"), same);
      assert.equal((await root.runAsNobody("ypmatch", String(FIRST_ID + 3), "passwd.byuid")).stdout.trim(), same);
      assert.equal((await root.runAsNobody("getent", "passwd", userName(3))).stdout.trim(), same);
      assert.equal((await root.run("ypcat", "group.byname")).stdout.trim().split("\n").length, GROUPS);
      assert.match(await line(root, "ypmatch", `unix.${FIRST_ID + 3}@${NIS_DOMAIN}`, "netid.byname"), new RegExp(`^${FIRST_ID + 3}:${FIRST_ID}\\b`));
      const binding = join(root.folder, "var/yp/binding", `${NIS_DOMAIN}.2`);
      assert.deepEqual([...readFileSync(binding).subarray(6, 10)], [127, 0, 0, 1]);
      await signal("SIGTERM");
      await waitFor(() => !existsSync(binding), PATIENCE_MS, "the binding file is gone");
      await waitFor(async () => (await root.run("ypcat", "passwd.byname")).code !== 0, PATIENCE_MS, "nobody serves");
    }),
);

test("every address that is listened on answers over UDP, whichever it is in the list", needsPeers, () =>
  inWorld(async (world) => {
    const { root, start } = world;
    const addresses = ["127.0.0.1", "192.0.2.7", "192.0.2.8", "192.0.2.9"];
    sound(await root.run("ip", "link", "add", "lan0", "type", "veth", "peer", "name", "lan1"));
    sound(await root.run("ip", "link", "set", "lan0", "up"));
    for (const address of addresses.slice(1)) sound(await root.run("ip", "addr", "add", `${address}/24`, "dev", "lan0"));
    await start(["bind local", 'allow "192.0.2.0/24"', ...addresses.map((address) => `listen "${address}"`)].join("\n"));
    await served(world);
    for (const address of addresses)
      assert.match((await root.run("rpcinfo", "-u", address, "100004", "2")).stdout, /version 2 ready and waiting/, address);
  }),
);

test("what is provided is what is there: each map by ypcat -k, and none that is not said (defects 18 and 19)", needsPeers, () =>
  inWorld(async (world) => {
    const { root, start } = world;
    const maps = ["passwd.byname", "group.bygid", "master.passwd.byname", "netid.byname"];
    await start(`bind local\nrule "127.0.0.0/8" map "master.passwd.*" port\n${maps.map((map) => `provide map "${map}"`).join("\n")}`);
    await served(world);
    const listed = (await root.run("ypwhich", "-m", "-d", NIS_DOMAIN)).stdout.trim().split("\n");
    assert.deepEqual(listed.map((one) => one.split(" ")[0]).toSorted(), maps.toSorted());
    const keys = async (map: string): Promise<readonly string[]> =>
      (await root.run("ypcat", "-k", map)).stdout.split("\n").flatMap((one) => (one === "" ? [] : [one.split(" ")[0] ?? ""]));
    const numbers = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => String(FIRST_ID + i));
    assert.deepEqual(await keys("group.bygid"), numbers(GROUPS));
    assert.deepEqual(
      await keys("netid.byname"),
      numbers(USERS).map((id) => `unix.${id}@${NIS_DOMAIN}`),
    );
    const [master = ""] = (await root.run("ypcat", "master.passwd.byname")).stdout.split("\n");
    assert.equal(master, `${userName(0)}:*:${FIRST_ID}:${FIRST_ID}::0:0:Ada Moore:/home/${userName(0)}:/bin/sh`);
    for (const map of ["passwd.byuid", "group.byname", "master.passwd.byuid"]) assert.notEqual((await root.run("ypcat", map)).code, 0, map);
  }),
);

test("a reload that is refused leaves everything as it runs, and one that is right brings what it says (directory §1.5 U9)", needsPeers, () =>
  inWorld(async (world) => {
    const { root, start, write, signal, slapd, told } = world;
    await start("bind local");
    const before = await served(world);
    write("bind local\nprovide map nonsense");
    await signal("SIGHUP");
    await slapd.change(`dn: uid=${userName(3)},ou=people,${SUFFIX}\nchangetype: modify\nreplace: loginShell\nloginShell: /bin/zsh\n`);
    await told("refresh");
    assert.equal((await line(root, "ypmatch", userName(3), "passwd.byname")).endsWith(":/bin/zsh"), true, "updates go on");
    assert.equal((await served(world)).length, before.length);
    write('bind local\nprovide map "passwd.byuid"');
    await signal("SIGHUP");
    await waitFor(async () => (await root.run("ypcat", "passwd.byname")).code !== 0, PATIENCE_MS, "the map is not provided any more");
    const byId = async (): Promise<number> => (await root.run("ypcat", "passwd.byuid")).stdout.trim().split("\n").length;
    assert.equal(await byId(), USERS, "at once: sockets that nothing was said of stay open");
  }),
);

test("registered with rpcbind as ever, and told goodbye; a slapd that is gone changes nothing (defects 1 and 26)", needsPeers, () =>
  inWorld(async (world) => {
    const { root, start, signal, slapd } = world;
    mkdirSync(join(root.folder, "var/yp/binding"), { recursive: true });
    await startRpcbind(root);
    await start("binding file yes");
    await served(world);
    const registered = async (): Promise<boolean> => /100004 +2 +udp /.test((await root.run("rpcinfo", "-p", "127.0.0.1")).stdout);
    assert.equal(await registered(), true);
    await slapd.kill();
    assert.match(await world.told("refresh"), /failed/);
    assert.equal((await served(world)).length, USERS);
    await signal("SIGTERM");
    await waitFor(async () => !(await registered()), PATIENCE_MS, "it is not registered any more");
  }),
);

test("a reload leaves ports as they are, UDP and TCP, our portmapper's too; what is taken or not there yet is had later", needsPeers, () =>
  inWorld(async (world) => {
    const { root, start, write, signal, told } = world;
    await start("bind local\nlisten port 834");
    await served(world);
    const ports = async (): Promise<readonly string[]> =>
      (await root.run("ss", "-Htuln")).stdout
        .split("\n")
        .flatMap((one) => /^(udp|tcp).*?[\d.\]]+:(111|834|835) /.exec(one)?.slice(1, 3).join(" ") ?? []);
    const [both, other] = [
      ["tcp 111", "tcp 834", "udp 111", "udp 834"],
      ["tcp 111", "tcp 835", "udp 111", "udp 835"],
    ];
    const settled = (wanted: readonly string[]) =>
      waitFor(
        async (see) => {
          const seen = (await ports()).toSorted();
          see(seen);
          return JSON.stringify(seen) === JSON.stringify(wanted);
        },
        PATIENCE_MS,
        wanted.join(", "),
      );
    await settled(both);
    write("bind local\nlisten port 834\nmax stale 86400");
    await signal("SIGHUP");
    await told("refresh");
    await settled(both);
    assert.equal((await served(world)).length, USERS);
    const squatter = root.peer("python3", "-c", "import socket,time\ns=socket.socket()\ns.bind(('127.0.0.1',835))\ns.listen()\ntime.sleep(99)");
    await waitFor(async () => (await ports()).includes("tcp 835"), PATIENCE_MS, "somebody has the port");
    write("bind local\nlisten port 835");
    await signal("SIGHUP");
    await waitFor(async () => !(await ports()).includes("udp 834"), PATIENCE_MS, "the old port is closed");
    assert.notEqual((await root.run("ypcat", "passwd.byname")).code, 0);
    squatter.kill();
    await settled(other);
    assert.equal((await served(world)).length, USERS);
    assert.equal((await root.run("ypmatch", userName(3), "passwd.byname")).code, 0);
  }),
);
