/** uplink4 on a real kernel with the simulator's provider on a real link: what an operator does, and what dies. Facts from `ip -j` and the provider. */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { aloneKb } from "../support/memory.ts";
import { CLIENT_MAC, inWorld, NEEDS_ROOT, NO_RESOLVER, SERVER_ADDRESS, type UplinkWorld } from "../support/uplink-world.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const TRUTH = { skip: NEEDS_ROOT };
type Line = { readonly event: string; readonly address: string; readonly mac: string; readonly renewal: boolean };

async function startProvider(world: UplinkWorld, leaseSeconds = 30, renewSeconds = 5): Promise<ChildProcess> {
  const options = [
    "--interface",
    "s0",
    "--address",
    `${SERVER_ADDRESS}/24`,
    "--pool",
    "10.64.0.50-59",
    "--lease-seconds",
    String(leaseSeconds),
    "--renew-seconds",
    String(renewSeconds),
    "--json-events",
    join(world.folder, "provider.jsonl"),
  ];
  const child = world.spawn(world.server, "server", [process.execPath, "--import", "tsx", join(root, "scripts/house/provider.ts"), ...options]);
  await world.until("the provider's socket", () =>
    execFileSync("ip", ["netns", "exec", world.server, "cat", "/proc/net/packet"], { encoding: "utf8" }).split("\n").length > 2 ? true : undefined,
  );
  return child;
}
function said(world: UplinkWorld): readonly Line[] {
  return world
    .read("provider.jsonl")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
}
function children(pid: number): readonly { readonly pid: number; readonly role: string }[] {
  const pids = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(/\s+/).filter(Boolean).map(Number);
  return pids.map((one) => ({ pid: one, role: /dist\/([a-z0-9-]+)\.mjs/.exec(readFileSync(`/proc/${one}/cmdline`, "utf8"))?.[1] ?? "?" }));
}
function roleOf(program: ChildProcess, role: string): number | undefined {
  return children(program.pid ?? 0).find((one) => one.role === role)?.pid;
}

test("a lease is taken, and taken out of kernel and file when it ends without a word from the provider (RFC 2131 §4.4.5)", TRUTH, () =>
  inWorld(async (world) => {
    const provider = await startProvider(world, 10, 5);
    world.leasehold();
    const address = await world.until("an address", () => world.addresses()[0]);
    assert.deepEqual(
      said(world)
        .filter(({ event }) => event === "ack")
        .map((line) => [line.address, line.mac]),
      [[address.local, CLIENT_MAC]],
    );
    await world.stop(provider, "SIGKILL");
    await world.until("no address any more", () => (world.addresses().length === 0 ? true : undefined), 25);
    assert.deepEqual(
      world.routes().filter(({ protocol }) => protocol === "dhcp"),
      [],
    );
    await world.until("no lease file any more", () => (world.read("state/uplink4/c0.json") === "" ? true : undefined));
  }),
);

for (const role of ["engine-uplink4", "frontend"] as const) {
  test(`the ${role} killed with -9 is started again, and renews the address that never went away`, TRUTH, () =>
    inWorld(async (world) => {
      await startProvider(world);
      const program = world.leasehold();
      const before = await world.until("an address", () => world.addresses()[0]);
      const pid = await world.until(`the ${role}`, () => roleOf(program, role));
      process.kill(pid, "SIGKILL");
      await world.until("another process in its place", () => {
        const now = roleOf(program, role);
        return now !== undefined && now !== pid ? now : undefined;
      });
      const count = said(world).filter(({ event }) => event === "ack").length;
      await world.until("a word from the provider again", () =>
        said(world).filter(({ event }) => event === "ack").length > count ? true : undefined,
      );
      assert.deepEqual(
        world.addresses().map(({ local }) => local),
        [before.local],
      );
      assert.equal(program.exitCode, null, "main has not ended");
    }),
  );
}

test("reload: errors change nothing and are told; an interface taken out is cleaned; one put in is served", TRUTH, () =>
  inWorld(async (world) => {
    await startProvider(world);
    world.leasehold();
    const address = await world.until("an address", () => world.addresses()[0]);
    world.write("leasehold.toml", "[uplink4.c0]\nhost_nam = 1\n");
    assert.throws(() => world.control("reload"), /did you mean "host_name"/);
    assert.deepEqual(
      world.addresses().map(({ local }) => local),
      [address.local],
    );
    world.write("leasehold.toml", `[uplink4.other0]\n${NO_RESOLVER}`);
    world.control("reload");
    await world.until("no address of ours", () => (world.addresses().length === 0 ? true : undefined));
    world.write("leasehold.toml", `[uplink4.c0]\n${NO_RESOLVER}`);
    world.control("reload");
    await world.until("an address again", () => world.addresses()[0]);
  }),
);

test("only our own objects are touched: an address and a route set by hand outlive lease and clean-up", TRUTH, () =>
  inWorld(async (world) => {
    world.ip(world.client, "addr", "add", "198.51.100.7/24", "dev", "c0");
    world.ip(world.client, "route", "add", "203.0.113.0/24", "via", "198.51.100.1");
    await startProvider(world);
    world.leasehold();
    await world.until("an address", () => world.addresses().find(({ local }) => local.startsWith("10.64.")));
    world.write("leasehold.toml", `[uplink4.other0]\n${NO_RESOLVER}`);
    world.control("reload");
    await world.until("ours gone", () => (world.addresses().every(({ local }) => !local.startsWith("10.64.")) ? true : undefined));
    assert.deepEqual(
      world.addresses().map(({ local }) => local),
      ["198.51.100.7"],
    );
    assert.ok(world.routes().some(({ dst }) => dst === "203.0.113.0/24"));
  }),
);

test("an uplink that is deleted and made again is served again, and leaves nothing behind", TRUTH, () =>
  inWorld(async (world) => {
    const first = await startProvider(world);
    const program = world.leasehold();
    await world.until("an address", () => world.addresses()[0]);
    await world.stop(first);
    world.ip(world.server, "link", "del", "s0");
    world.ip(world.server, "link", "add", "s0", "type", "veth", "peer", "name", "c0", "netns", world.client);
    world.ip(world.server, "addr", "add", `${SERVER_ADDRESS}/24`, "dev", "s0");
    world.ip(world.server, "link", "set", "s0", "up");
    world.ip(world.client, "link", "set", "c0", "up");
    await startProvider(world);
    await world.until("an address on the new link", () => world.addresses()[0]);
    const frontend = roleOf(program, "frontend") ?? 0;
    const open = execFileSync("ls", [`/proc/${frontend}/fd`], { encoding: "utf8" })
      .trim()
      .split("\n").length;
    assert.ok(open < 40, `${open} descriptors`);
  }),
);

test("three roles stay under 60 MiB PSS, idle after one show", TRUTH, () =>
  inWorld(async (world) => {
    await startProvider(world);
    const program = world.leasehold();
    await world.until("an address", () => world.addresses()[0]);
    world.control("show");
    const roles = [
      program.pid ?? 0,
      ...children(program.pid ?? 0)
        .filter(({ role }) => role !== "control")
        .map(({ pid }) => pid),
    ];
    assert.equal(roles.length, 3);
    // What the conversation left is given back two seconds after it (idle-collection.ts).
    let total = Number.POSITIVE_INFINITY;
    await world.until("at most 60 MiB when idle", () => {
      total = aloneKb(roles) / 1024;
      return total <= 60 ? true : undefined;
    });
    console.log(`memory of three roles: ${total.toFixed(1)} MiB PSS`);
    assert.ok(total > 30, `${total} MiB`);
  }),
);

test("files and socket: state 0600 in 0700, the control socket 0660, a second program is refused", TRUTH, () =>
  inWorld(async (world) => {
    await startProvider(world);
    const program = world.leasehold();
    await world.until("a lease file", () => (world.read("state/uplink4/c0.json") !== "" ? true : undefined));
    const mode = (name: string): number => statSync(join(world.folder, name)).mode & 0o777;
    assert.deepEqual([mode("state/uplink4"), mode("state/uplink4/c0.json"), mode("run/control.sock")], [0o700, 0o600, 0o660]);
    const second = world.leasehold();
    await world.until("its end", () => second.exitCode ?? undefined);
    assert.equal(second.exitCode, 1);
    assert.match(world.read("leasehold.log"), /already running/);
    assert.equal(program.exitCode, null);
  }),
);

test("the command line: exit 2 for a wrong configuration with every error, 3 when nobody runs, 0 for check", () => {
  const cli = (...args: readonly string[]): ReturnType<typeof spawnSync> => spawnSync(join(root, "bin/leasehold"), [...args], { encoding: "utf8" });
  assert.equal(cli("show", "--runtime-dir", "/nowhere").status, 3);
  assert.equal(cli("check", "-f", "/nowhere/x.toml").status, 2);
  assert.equal(cli("frobnicate").status, 2);
  assert.equal(cli("--help").status, 0);
  assert.equal(cli("run", "--help").status, 0);
});

test("a run of the daemon, traced, replays bit for bit; with one byte changed it does not (control)", TRUTH, () =>
  inWorld(async (world) => {
    await startProvider(world, 30, 5);
    world.leasehold();
    await world.until("a renewal", () => said(world).find(({ renewal }) => renewal));
    await world.until("the lifetime written anew", () => world.addresses().find((one) => one.valid_life_time > 25));
    const trace = world.control("trace", "c0");
    assert.ok(trace.split("\n").length > 6, trace);
    const replay = (text: string): ReturnType<typeof spawnSync> =>
      spawnSync(process.execPath, ["--import", "tsx", join(root, "scripts/replay.ts"), world.write("trace.jsonl", text)], { encoding: "utf8" });
    assert.equal(replay(trace).status, 0);
    const changed = trace.replace(/"leaseSeconds":30/g, '"leaseSeconds":31');
    assert.notEqual(changed, trace);
    assert.equal(replay(changed).status, 1);
  }),
);
