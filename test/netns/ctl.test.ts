/** Commands for one interface, and dhcpleasectl: what an operator types, read back from the kernel and from exit codes. */
import assert from "node:assert/strict";
import { type ChildProcess, spawnSync, type SpawnSyncReturns } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { inWorld, NEEDS_ROOT, SERVER_ADDRESS, type UplinkWorld } from "../support/uplink-world.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const TRUTH = { skip: NEEDS_ROOT };
/** A program that runs and serves nothing here. */
const ELSEWHERE = "[uplink4.elsewhere0]\n";
const OFFER = "10.64.0.77";

async function serve(
  world: UplinkWorld,
  more: { readonly options?: Readonly<Record<string, string>>; readonly leaseSeconds?: number } = {},
): Promise<ChildProcess> {
  const told = { address: SERVER_ADDRESS, offer: OFFER, leaseSeconds: more.leaseSeconds ?? 43_200, options: more.options ?? {} };
  world.ip(world.server, "route", "replace", "255.255.255.255", "dev", "s0");
  const child = world.spawn(world.server, "server", [
    process.execPath,
    "--import",
    "tsx",
    join(root, "test/support/raw-server4.ts"),
    JSON.stringify(told),
  ]);
  await world.until("the server", () => (world.read("server.log").includes("listens") ? true : undefined));
  return child;
}

async function runs(world: UplinkWorld, configuration?: string): Promise<ChildProcess> {
  const program = configuration === undefined ? world.leasehold() : world.leasehold(configuration);
  await world.until("the control socket", () => (leasehold(world, "show").status === 0 ? true : undefined));
  return program;
}

function leasehold(world: UplinkWorld, ...args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(join(root, "bin/leasehold"), [...args, "--runtime-dir", join(world.folder, "run")], { encoding: "utf8" });
}

/** In the client's namespace, as on the machine itself. */
function dhcpleasectl(world: UplinkWorld, ...args: readonly string[]): SpawnSyncReturns<string> {
  const socket = join(world.folder, "run/control.sock");
  return spawnSync("ip", ["netns", "exec", world.client, join(root, "bin/dhcpleasectl"), "-s", socket, ...args], { encoding: "utf8" });
}

function uplinkState(world: UplinkWorld): string | undefined {
  const shown = JSON.parse(leasehold(world, "show", "--json").stdout) as {
    readonly uplink4?: { readonly uplinks: readonly { readonly interface: string; readonly state: string }[] } | null;
  };
  return shown.uplink4?.uplinks.find((one) => one.interface === "c0")?.state;
}

test("attach serves an interface that no block names and sets it up, over kill -9 of main; detach takes everything away", TRUTH, () =>
  inWorld(async (world) => {
    await serve(world);
    const program = await runs(world, ELSEWHERE);
    world.ip(world.client, "link", "set", "c0", "down");
    const attached = leasehold(world, "attach", "c0");
    assert.equal(attached.status, 0, attached.stderr);
    assert.match(attached.stdout, /c0 is served from now on/);
    await world.until("the address", () => world.addresses().find(({ local }) => local === OFFER));
    assert.match(leasehold(world, "attach", "c0").stdout, /attached already/);
    const file = join(world.folder, "run/attached");
    assert.equal(readFileSync(file, "utf8"), "c0\n");
    assert.equal(statSync(file).mode & 0o777, 0o600);

    await world.stop(program, "SIGKILL");
    await runs(world, ELSEWHERE);
    await world.until("bound again", () => (uplinkState(world) === "bound" ? true : undefined));
    assert.match(leasehold(world, "reload").stdout, /c0/);

    assert.equal(leasehold(world, "detach", "c0").status, 0);
    await world.until("nothing of ours", () => (world.addresses().length === 0 && world.routes().length === 0 ? true : undefined));
    assert.equal(uplinkState(world), undefined);
    assert.equal(readFileSync(file, "utf8"), "");
    assert.equal(leasehold(world, "detach", "c0").status, 3);
  }),
);

test("what cannot be done is said, and the exit code tells absent (3) from refused (1)", TRUTH, () =>
  inWorld(async (world) => {
    await runs(world, "[uplink4.c0]\n");
    for (const verb of ["renew", "release", "attach", "detach"]) {
      const absent = leasehold(world, verb, "none0");
      assert.deepEqual([verb, absent.status, absent.stdout], [verb, 3, ""]);
      assert.match(absent.stderr, /none0/);
    }
    assert.equal(leasehold(world, "renew", "a\u001b[31m").status, 3);
    assert.equal(leasehold(world, "renew", "lo").status, 3);
    const loopback = leasehold(world, "attach", "lo");
    assert.equal(loopback.status, 1);
    assert.match(loopback.stderr, /no hardware address/);
    const named = leasehold(world, "detach", "c0");
    assert.equal(named.status, 1);
    assert.match(named.stderr, /names it/);
    const json = leasehold(world, "renew", "none0", "--json");
    assert.equal(json.status, 3);
    assert.equal(JSON.parse(json.stdout).result, "absent");
    assert.equal(leasehold(world, "explain", "none0").status, 3);
    world.ip(world.client, "tuntap", "add", "dev", "tun9", "mode", "tun");
    const tunnel = leasehold(world, "attach", "tun9");
    assert.equal(tunnel.status, 1);
    assert.match(tunnel.stderr, /no hardware address/);
  }),
);

test("only root may ask for something: a reader of the group gets 403 and nothing changes", TRUTH, () =>
  inWorld(async (world) => {
    await serve(world);
    await runs(world);
    await world.until("bound", () => (uplinkState(world) === "bound" ? true : undefined));
    spawnSync("chmod", ["755", world.folder]);
    const socket = join(world.folder, "run/control.sock");
    const reader = ["--reuid", "65534", "--regid", "0", "--clear-groups", "curl", "-s", "-X", "POST", "-w", "%{http_code}", "--unix-socket", socket];
    for (const verb of ["renew", "release", "reboot", "attach", "detach"]) {
      const { stdout } = spawnSync("setpriv", [...reader, `http://x/v1/uplink4/c0/${verb}`], { encoding: "utf8" });
      assert.match(stdout, /only root.*403$/, verb);
    }
    assert.equal(uplinkState(world), "bound");
  }),
);

test("dhcpleasectl -l prints the original's report, tabs and units too, and nothing stale (B28)", TRUTH, () =>
  inWorld(async (world) => {
    const server = await serve(world, { options: { 121: "080a0a400002000a400001", 6: "0a4000350a400036", 3: "0a400001" } });
    await runs(world);
    await world.until("bound", () => (uplinkState(world) === "bound" ? true : undefined));
    const { status, stdout, stderr } = dhcpleasectl(world, "-l", "c0");
    assert.deepEqual([status, stderr], [0, ""]);
    assert.equal(
      stdout,
      [
        "c0 [Bound]",
        "\tinet 10.64.0.77 netmask 255.255.255.0",
        "\troute 10.0.0.0/8 gateway 10.64.0.2",
        "\tdefault gateway 10.64.0.1",
        "\tnameservers 10.64.0.53 10.64.0.54",
        "\tlease 12 hours",
        "\tdhcp server 10.64.0.1",
        "",
      ].join("\n"),
    );
    const json = JSON.parse(dhcpleasectl(world, "-l", "--json", "c0").stdout) as {
      readonly state: string;
      readonly lease: { readonly expiresAt: string };
    };
    assert.equal(json.state, "Bound");
    assert.ok(Date.parse(json.lease.expiresAt) - Date.now() > 43_000_000);
    await world.stop(server);
  }),
);

test("dhcpleasectl without -l attaches what nobody serves, polls with a dot a second, and prints the report on a line of its own", TRUTH, () =>
  inWorld(async (world) => {
    await runs(world, ELSEWHERE);
    assert.deepEqual(
      [dhcpleasectl(world, "-l", "c0").status, dhcpleasectl(world, "-l", "c0").stderr],
      [1, "dhcpleasectl: non-autoconf interface c0\n"],
    );
    const silent = dhcpleasectl(world, "-w", "2", "c0");
    assert.deepEqual([silent.status, silent.stdout], [0, "..\nc0 [Init]\n"]);
    assert.equal(dhcpleasectl(world, "-w", "1", "--json", "c0").status, 2);
    await serve(world);
    const { status, stdout } = dhcpleasectl(world, "-w", "20", "c0");
    assert.equal(status, 0);
    assert.match(stdout, /^(?:\.+\n)?c0 \[Bound\]\n\tinet 10\.64\.0\.77 netmask 255\.255\.255\.0\n/);
    assert.deepEqual(
      world.addresses().map(({ local }) => local),
      [OFFER],
    );
  }),
);

test("dhcpleasectl ends with 1 for an unknown interface, a socket where nobody listens and wrong usage; 3 only with --json", TRUTH, () =>
  inWorld(async (world) => {
    await runs(world, ELSEWHERE);
    assert.equal(dhcpleasectl(world, "none0").status, 1);
    assert.equal(dhcpleasectl(world, "-l", "none0").status, 1);
    assert.equal(dhcpleasectl(world, "-l", "--json", "none0").status, 3);
    assert.equal(dhcpleasectl(world).status, 1);
    assert.equal(dhcpleasectl(world, "-w", "0", "c0").status, 1);
    const nobody = spawnSync(join(root, "bin/dhcpleasectl"), ["-l", "-s", join(world.folder, "no.sock"), "lo"], { encoding: "utf8" });
    assert.equal(nobody.status, 1);
    assert.match(nobody.stderr, /not running/);
  }),
);

test("dhcpleasectl --watch shows the lease again after what happens to it, and ends with 0 while an address is held", TRUTH, () =>
  inWorld(async (world) => {
    await serve(world);
    await runs(world);
    await world.until("bound", () => (uplinkState(world) === "bound" ? true : undefined));
    const socket = join(world.folder, "run/control.sock");
    const watcher = world.spawn(world.client, "watch", [join(root, "bin/dhcpleasectl"), "-l", "--watch", "-s", socket, "c0"]);
    await world.until("the first report", () => (world.read("watch.log").includes("c0 [Bound]") ? true : undefined));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.equal(leasehold(world, "release", "c0").status, 0);
    await world.until("the end of it", () => (world.read("watch.log").includes("c0 [Down]") ? true : undefined));
    assert.equal(leasehold(world, "renew", "c0").status, 0);
    await world.until("a lease again", () => (world.read("watch.log").split("c0 [Bound]").length > 2 ? true : undefined));
    const ended = new Promise<number | null>((resolve) => watcher.on("exit", resolve));
    watcher.kill("SIGINT");
    assert.equal(await ended, 0);
    const once = dhcpleasectl(world, "-w", "10", "c0");
    assert.match(once.stdout, /c0 \[Bound\]/);
    const explained = leasehold(world, "explain", "c0").stdout;
    assert.match(explained, /bound -> rebooting: an operator asked whether the lease still holds/);
  }),
);
