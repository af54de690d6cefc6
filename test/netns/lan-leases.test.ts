/**
 * Leases for people, with real clients and the program as a user starts it: lists and changes over the control socket, events and hooks,
 * files of host names, and a disk without room. In a mount namespace of the test's own.
 */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { LIMITS } from "../../src/base/limits.ts";
import { check, CLONE, native } from "../../src/platform/native.ts";
import type { Leasehold } from "../support/leasehold.ts";
import { startDhclient6 } from "../support/clients6.ts";
import { inLanWorld, LAN_DOMAIN, type LanWorld } from "../support/lan-world.ts";
import { needsRoot, type Running } from "../support/namespace.ts";
import { writeIn } from "../support/scratch.ts";

const BIN = join(dirname(fileURLToPath(import.meta.url)), "../../bin/leasehold");
/** What lies in /tmp could be put there by anybody: hooks must not. */
const ROOM = "/mnt";
if (process.getuid?.() === 0) {
  check(native().unshare(CLONE.newns), "unshare");
  execFileSync("mount", ["--make-rprivate", "/"]);
  execFileSync("mount", ["-t", "tmpfs", "-o", "mode=755", "tmpfs", ROOM]);
}

type Ran = { readonly code: number | null; readonly stdout: string; readonly stderr: string };
type Lease = {
  readonly kind: string;
  readonly address: string;
  readonly prefixLength: number;
  readonly state: string;
  readonly client?: string;
  readonly link: string;
  readonly validUntilSeconds: number;
};

/** Runs `leasehold leases ARGS` as root, or as another user of root's group. */
function leases({ folder }: LanWorld, args: readonly string[], uid = 0): Ran {
  const command = [BIN, "leases", ...args, "--runtime-dir", join(folder, "leasehold.run")];
  const whole = uid === 0 ? command : ["setpriv", "--reuid", String(uid), "--regid", "0", "--clear-groups", ...command];
  const { status, stdout, stderr } = spawnSync(whole[0] ?? "", whole.slice(1), { encoding: "utf8", maxBuffer: 2 ** 26 });
  return { code: status, stdout, stderr };
}

function listed(world: LanWorld, ...args: readonly string[]): readonly Lease[] {
  const { code, stdout, stderr } = leases(world, ["list", "--json", ...args]);
  assert.equal(code, 0, stderr);
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Lease);
}

/** What the client holds now, by kind. */
async function held(world: LanWorld, kinds: readonly string[]): Promise<readonly Lease[]> {
  return world.until(`leases of the client: ${kinds.join()}`, () => {
    const found = listed(world, "--state", "bound");
    return kinds.every((kind) => found.some((one) => one.kind === kind)) ? found : undefined;
  });
}

test("what a client holds is listed, shown, exported, deleted and brought back; root alone may change it", needsRoot, () =>
  inLanWorld(async (world) => {
    await world.serve();
    assert.deepEqual(listed(world), []);
    const client = startDhclient6(world.host, world.folder, { interface: "eth0", prefix: true });
    const both = await held(world, ["address", "prefix"]);
    const [address, prefix] = ["address", "prefix"].map((kind) => both.find((one) => one.kind === kind));
    assert.ok(address !== undefined && prefix !== undefined && both.length === 2);
    assert.equal(address.client, prefix.client);
    assert.deepEqual([address.link, prefix.prefixLength], ["lan0", 56]);
    const name = `${prefix.address}/56`;
    assert.equal(listed(world, "--address", address.address).length, 1);
    assert.deepEqual(listed(world, "--address", "2001:db8:ffff::1"), [], "another prefix");
    assert.equal(listed(world, "--client", address.client ?? "").length, 2);
    assert.equal(listed(world, "--client", "0003000102000000ffff").length, 0);
    assert.equal(listed(world, "--interface", "lan0").length, 2);
    assert.equal(listed(world, "--interface", "lan7").length, 0);
    assert.match(leases(world, ["show", name]).stdout, /is bound on lan0\.\n {2}client: LL .*IA_PD/);
    assert.equal(leases(world, ["list"], 65_534).code, 0, "the group may read");
    await world.until("a route to the prefix", async () => (await world.routes()).some(({ dst }) => dst === name));

    const file = join(world.folder, "leases.jsonl");
    assert.equal(leases(world, ["export", file]).code, 0);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    await client.stop();
    for (const args of [
      ["delete", name],
      ["import", file],
      ["add", "2001:db8:1:0:77::9", "--client", "00030001020000000009", "--interface", "lan0"],
    ]) {
      const refused = leases(world, args, 65_534);
      assert.deepEqual([refused.code, /only root/.test(refused.stderr)], args[0] === "import" ? [2, false] : [1, true], args.join(" "));
    }
    chmodSync(file, 0o644);
    assert.match(leases(world, ["import", file], 65_534).stderr, /only root/);
    assert.equal(listed(world, "--state", "bound").length, 2, "nothing was changed");

    assert.equal(leases(world, ["delete", name]).code, 0);
    assert.equal(leases(world, ["delete", name]).code, 3);
    assert.equal(listed(world).length, 1);
    await world.until("no route any more", async () => !(await world.routes()).some(({ dst }) => dst === name));
    assert.match(leases(world, ["import", file]).stdout, /1 taken in, 1 were there/);
    assert.deepEqual(
      listed(world)
        .map(({ kind }) => kind)
        .sort(),
      ["address", "prefix"],
    );

    const again = await restarted(world);
    assert.match(again.log(), /"event":"leasesRecovered","leases":"2"/, "what was changed is durable");
    assert.equal(listed(world).length, 2);
  }),
);

test("what is added is its client's: it gets it when it asks, and nobody else may", needsRoot, () =>
  inLanWorld(async (world) => {
    await world.serve();
    const wanted = "2001:db8:1:0:77::4711";
    const duid = "000300010200" + "5e100677";
    const add = (address: string, client: string, ...more: readonly string[]): Ran =>
      leases(world, ["add", address, "--client", client, "--interface", "lan0", ...more]);
    // dhclient makes its IAID of the hardware address: the lease is found again by what it asks for
    assert.equal(add(wanted, duid, "--iaid", String(0x5e100677), "--valid-seconds", "50").code, 0);
    assert.equal(add(wanted, duid, "--iaid", String(0x5e100677), "--valid-seconds", "40").code, 0, "known, and for longer");
    for (const [address, why] of [
      [wanted, /somebody else holds it/],
      ["2001:db8:7::1", /no prefix and no pool/],
      ["2001:db8:1::1", /our own address/],
      ["2001:db8:100::/60", /no prefix and no pool/],
    ] as const) {
      const refused = add(address, "00030001020000000099");
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, why);
    }
    assert.match(leases(world, ["add", wanted, "--client", duid, "--interface", "lan9"]).stderr, /no link of that name/);
    assert.equal(leases(world, ["add", "lan0", "--client", duid, "--interface", "lan0"]).code, 2);
    assert.equal(add("2001:db8:1:0:77::5", "zz").code, 2);
    assert.equal(add("2001:db8:1:0:77::5", duid, "--valid-seconds", "-1").code, 2);
    startDhclient6(world.host, world.folder, { interface: "eth0" });
    await world.until("the client has it", async () => (await world.host.ip("-6", "addr", "show", "dev", "eth0")).stdout.includes(wanted));
    assert.equal(listed(world).length, 1);
  }),
);

test("a Kea file of thousands is taken in while a client is served, listed page by page, and counted by reason", needsRoot, () =>
  inLanWorld(async (world) => {
    await world.serve();
    const now = Math.floor(Date.now() / 1000);
    const head =
      "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,fqdn_rev,hostname,hwaddr,state,user_context\n";
    const count = 2 * LIMITS.pageRows + 500;
    const row = (n: number, address: string, expire: number): string =>
      `${address},00:01:00:01:02:03:04:05:${[n >>> 8, n & 255].map((byte) => byte.toString(16).padStart(2, "0")).join(":")}:00:01,7200,${expire},1,3600,0,${n},128,0,0,,,0,\n`;
    const rows = Array.from({ length: count }, (_, n) => row(n, `2001:db8:1:0:77:1::${(n + 1).toString(16)}`, now + 7200));
    const odd = [row(1, "2001:db8:ffff::1", now + 7200), row(2, "2001:db8:1:0:77:2::1", now - 10), "nonsense,1\n"];
    const file = writeIn(world.folder, "kea.csv", head + rows.join("") + odd.join(""));
    const client = startDhclient6(world.host, world.folder, { interface: "eth0" });
    const imported = leases(world, ["import", file, "--json"]);
    assert.equal(imported.code, 1, imported.stderr);
    const told = JSON.parse(imported.stdout) as {
      readonly outcomes: object;
      readonly unreadable: readonly unknown[];
      readonly refused: readonly unknown[];
    };
    assert.deepEqual(told.outcomes, { done: count, "off-link": 1, over: 1 });
    assert.deepEqual([told.unreadable.length, told.refused.length], [1, 1]);
    const all = await world.until("the client's lease too", () => {
      const found = listed(world);
      return found.length === count + 1 ? found : undefined;
    });
    assert.equal(new Set(all.map(({ address }) => address)).size, count + 1, "none twice");
    await client.stop();
  }),
);

test("events: a watcher hears of every change with its client and lease, a hook too, and a file of names follows", needsRoot, () =>
  inLanWorld(async (world) => {
    const out = join(ROOM, "out");
    rmSync(out, { recursive: true, force: true });
    mkdirSync(out);
    chmodSync(out, 0o777);
    const hook = join(ROOM, "hook");
    writeFileSync(hook, `#!/bin/sh\nread line; printf '%s\\n' "$LEASEHOLD_EVENT $LEASEHOLD_INTERFACE $line" >> ${out}/told\n`, { mode: 0o755 });
    chmodSync(hook, 0o755);
    const hosts = join(ROOM, "hosts");
    await world.serve(`\n[hooks]\nrun = "${hook}"\n`);
    await world.ours.reload(withHosts(world, hosts, hook));
    const watching = watch(world);
    await world.until("a watcher", async () => JSON.stringify(await world.ours.show()).includes('"open":2'));
    const client = startDhclient6(world.host, world.folder, { interface: "eth0", prefix: true });
    const events = (): readonly string[] =>
      watching.stdout
        .split("\n")
        .filter(Boolean)
        .map((line) => (JSON.parse(line) as { readonly event: string }).event);
    await world.until(
      "both are promised, and a route",
      () => events().filter((one) => one === "lease-commit").length === 2 && events().includes("pd-route-add"),
    );
    await world.until("both are renewed", () => events().filter((one) => one === "lease-renew").length >= 2);
    const [first] = listed(world, "--state", "bound");
    const record = watching.stdout.split("\n").find((line) => line.includes('"lease-commit"') && line.includes(`"${first?.address}`));
    const told = JSON.parse(record ?? "{}") as {
      readonly interface: string;
      readonly lease: { readonly client: string; readonly validSeconds: number };
    };
    assert.deepEqual([told.interface, told.lease.client, told.lease.validSeconds], ["lan0", first?.client, world.times.validSeconds]);
    await client.stop();
    await client.release();
    await world.until(
      "both are given back, and the route goes",
      () => events().filter((one) => one === "lease-release").length === 2 && events().includes("pd-route-del"),
    );
    await world.until(
      "the hook was told",
      () => /lease-commit lan0 \{/.test(readIn(join(out, "told"))) && /lease-release lan0 \{/.test(readIn(join(out, "told"))),
    );

    world.host.spawn("dhclient", ["-6", "-d", "-N", "-D", "LL", "-sf", "/bin/true", ...scratchOf(world, NAMED), "eth0"]);
    const path = join(hosts, "leasehold.hosts.lan0");
    const line = await world.until("the file names it", () => /^(\S+)\tprinter\.home\.example\tprinter\n$/.exec(readIn(path)) ?? undefined);
    assert.equal(listed(world, "--address", line[1] ?? "").length, 1);
    assert.equal(statSync(path).mode & 0o777, 0o644);
    assert.equal(leases(world, ["delete", line[1] ?? ""]).code, 0);
    await world.until("the name goes with its lease", () => readIn(path) === "");
    await world.ours.reload(readFileSync(join(world.folder, "leasehold.toml"), "utf8").replace(/hosts_dir.*\n/, ""));
    assert.equal(existsSync(path), false);
    await watching.stop("SIGINT");
  }),
);

test("a full disk: no new leases, known ones are repeated until they end, it is said; and it goes on by itself when there is room", needsRoot, () =>
  inLanWorld(async (world) => {
    const state = join(world.folder, "leasehold.state");
    mkdirSync(state);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=48m,mode=700", "tmpfs", state]);
    try {
      await world.serve();
      const client = startDhclient6(world.host, world.folder, { interface: "eth0" });
      const [lease] = await held(world, ["address"]);
      assert.ok(lease !== undefined);
      await world.ours.kill();
      fill(join(state, "filler"));
      await world.serve();
      await world.until("the program says so", async () => (await world.ours.control("show")).includes("The disk is full"));
      assert.match(world.ours.log(), /"level":"error".*"event":"diskFull"/);
      const renewals = client.calls().filter(({ reason }) => reason === "RENEW6").length;
      await world.until("a renewal all the same", () => client.calls().filter(({ reason }) => reason === "RENEW6").length > renewals);
      const [after] = listed(world, "--state", "bound");
      assert.equal(after?.validUntilSeconds, listed(world, "--address", lease.address)[0]?.validUntilSeconds);
      assert.ok((after?.validUntilSeconds ?? 0) <= lease.validUntilSeconds + world.times.validSeconds, "no more than was written before");
      const refused = leases(world, ["add", "2001:db8:1:0:77::9", "--client", "00030001020000000009", "--interface", "lan0"]);
      assert.deepEqual([refused.code, /the disk is full/.test(refused.stderr)], [1, true]);
      const stranger = world.host.spawn("dhclient", ["-6", "-d", "-N", "-D", "LLT", "-sf", "/bin/true", ...scratchOf(world), "eth0"]);
      await world.until("a stranger is not answered", async () => (await refusals(world))["disk-full"] !== undefined);
      assert.equal(listed(world).length, 1);

      rmSync(join(state, "filler"));
      await world.until("it goes on", () => world.ours.log().includes('"event":"diskHasRoom"'));
      await world.until("the stranger has a lease", () => listed(world, "--state", "bound").length === 2);
      assert.equal((await world.ours.control("show")).includes("The disk is full"), false);
      await stranger.stop();
      await client.stop();
      const roles = (await world.ours.show()).main.roles as readonly { readonly restarts?: number }[];
      assert.deepEqual([...new Set(roles.map(({ restarts }) => restarts))], [0], "nobody died of it");
      await world.ours.stop();
    } finally {
      execFileSync("umount", ["-l", state]);
    }
  }),
);

async function restarted(world: LanWorld): Promise<Leasehold> {
  await world.ours.kill();
  return world.serve();
}

function watch(world: LanWorld): Running {
  return world.gateway.spawn(BIN, ["watch", "--json", "--runtime-dir", join(world.folder, "leasehold.run")]);
}

/** Folders of a client that is told nothing by the others. */
function scratchOf({ folder }: LanWorld, configuration = ""): readonly string[] {
  const config = writeIn(folder, "other.conf", configuration);
  return ["-lf", join(folder, "other.leases"), "-pf", join(folder, "other.pid"), "-cf", config];
}

const NAMED =
  'send fqdn.fqdn "printer";\nsend fqdn.encoded on;\nsend fqdn.server-update off;\nsend fqdn.no-client-update on;\nalso request dhcp6.fqdn;\n';

function withHosts(world: LanWorld, hosts: string, hook: string): string {
  const toml = readFileSync(join(world.folder, "leasehold.toml"), "utf8");
  assert.ok(toml.includes(LAN_DOMAIN) && toml.includes(hook));
  return toml.replace("[system]\n", `[system]\nhosts_dir = "${hosts}"\n`);
}

function readIn(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/** Until nothing more goes in. */
function fill(path: string): void {
  spawnSync("dd", ["if=/dev/zero", `of=${path}`, "bs=64k"], { stdio: "ignore" });
}

async function refusals(world: LanWorld): Promise<Readonly<Record<string, number>>> {
  const { lan } = (await world.ours.show()) as unknown as {
    readonly lan: { readonly server: { readonly refused: Readonly<Record<string, number>> } };
  };
  return lan.server.refused;
}
