/** Main against an engine that was taken over: the real main, launcher and fences; only the engine's bundle is an attacker's. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const EXPECTED = {
  "openPacketSocket.link": 3,
  "openPacketSocket.name": 3,
  "openPacketSocket.generation": 1,
  "closePacketSocket.name": 1,
  "configureUplink.name": 1,
  "configureUplink.link": 1,
  "configureUplink.address": 1,
  "configureUplink.prefixLength": 1,
  "configureUplink.validSeconds": 1,
  "configureUplink.routes": 1,
  "configureUplink.generation": 1,
  "deconfigureUplink.name": 1,
  "saveLease.name": 1,
  "saveLease.record": 1,
  "forgetLease.name": 1,
};

test("main refuses and counts every request outside the configuration, and nothing in the kernel or on disk changes", {
  skip: process.getuid?.() === 0 ? false : "needs root for network namespaces",
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "leasehold-forged-"));
  const namespace = `lhf${process.pid}`;
  const ip = (...args: readonly string[]): string => execFileSync("ip", ["-n", namespace, ...args], { encoding: "utf8" });
  cpSync(join(root, "dist"), join(folder, "dist"), { recursive: true });
  cpSync(join(root, "bin"), join(folder, "bin"), { recursive: true });
  symlinkSync(join(root, "native"), join(folder, "native"));
  buildSync({
    entryPoints: [join(root, "test/security/forged/engine.ts")],
    outfile: join(folder, "dist/engine-uplink4.mjs"),
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
  });
  execFileSync("ip", ["netns", "add", namespace]);
  try {
    ip("link", "add", "wan0", "index", "10", "type", "veth", "peer", "name", "p0");
    ip("link", "add", "lan0", "index", "20", "type", "veth", "peer", "name", "p1");
    ip("addr", "add", "198.51.100.1/24", "dev", "lan0");
    for (const link of ["wan0", "lan0", "p0", "p1"]) ip("link", "set", link, "up");
    await pause(200);
    const before = ip("-4", "addr") + ip("route");
    writeFileSync(join(folder, "l.toml"), "[uplink4.wan0]\n", { mode: 0o644 });
    mkdirSync(join(folder, "run"));
    const program = spawn(
      "ip",
      [
        "netns",
        "exec",
        namespace,
        join(folder, "bin/leasehold"),
        "run",
        "-f",
        join(folder, "l.toml"),
        "--runtime-dir",
        join(folder, "run"),
        "--state-dir",
        join(folder, "state"),
      ],
      { stdio: "ignore" },
    );
    const refused = await eventually(
      () => shown(join(folder, "bin/leasehold"), join(folder, "run")),
      (main) => total(main.refused) === total(EXPECTED),
    );
    assert.deepEqual(refused.refused, Object.fromEntries(Object.entries(EXPECTED).sort()));
    assert.deepEqual(refused.unreadable["engine-uplink4"], { "bad-order": 1, unsupported: 3 }, "messages of other roles are not read");
    assert.equal(ip("-4", "addr") + ip("route"), before);
    assert.deepEqual(readdirSync(join(folder, "state/uplink4")), []);
    program.kill("SIGTERM");
    await new Promise((resolve) => program.on("exit", resolve));
  } finally {
    execFileSync("ip", ["netns", "del", namespace]);
    rmSync(folder, { recursive: true, force: true });
  }
});

type MainView = {
  readonly refused: Readonly<Record<string, number>>;
  readonly unreadable: Readonly<Record<string, Readonly<Record<string, number>>>>;
};

function shown(program: string, runtimeDir: string): MainView | undefined {
  try {
    return (
      JSON.parse(
        execFileSync(program, ["show", "--json", "--runtime-dir", runtimeDir], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
      ) as { readonly main: MainView }
    ).main;
  } catch {
    return undefined;
  }
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

async function eventually<T>(look: () => T | undefined, enough: (value: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const value = look();
    if (value !== undefined && (enough(value) || tries > 40)) return value;
    if (tries > 60) throw new Error("the program did not answer");
    await pause(250);
  }
}
