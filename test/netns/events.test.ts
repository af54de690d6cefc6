/** What happens to an uplink, told to whoever watches and explained afterwards; and what a hostile server's text may not do on the way. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync, type SpawnSyncReturns } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { LIMITS } from "../../src/base/limits.ts";
import { inWorld, NEEDS_ROOT, SERVER_ADDRESS, type UplinkWorld } from "../support/uplink-world.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const TRUTH = { skip: NEEDS_ROOT };
const OFFER = "10.64.0.77";
const CONFIGURATION = "[uplink4.c0]\nretransmit_seconds = 1\n";
type Told = { readonly event: string; readonly interface?: string; readonly lease?: { readonly address: string } | null };
type Server = {
  readonly leaseSeconds?: number;
  readonly options?: Readonly<Record<string, string>>;
  readonly sname?: string;
  readonly file?: string;
};

async function serve(world: UplinkWorld, { leaseSeconds = 3600, options = {}, ...more }: Server = {}): Promise<ChildProcess> {
  const told = JSON.stringify({ address: SERVER_ADDRESS, offer: OFFER, leaseSeconds, options, ...more });
  world.ip(world.server, "route", "replace", "255.255.255.255", "dev", "s0");
  const child = world.spawn(world.server, "server", [process.execPath, "--import", "tsx", join(root, "test/support/raw-server4.ts"), told]);
  await world.until("the server", () => (world.read("server.log").includes("listens") ? true : undefined));
  return child;
}

function leasehold(world: UplinkWorld, ...args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(join(root, "bin/leasehold"), [...args, "--runtime-dir", join(world.folder, "run")], { encoding: "utf8" });
}

function uplink(world: UplinkWorld): { readonly state: string } | undefined {
  const { stdout } = leasehold(world, "show", "--json");
  if (stdout === "") return undefined;
  const { uplink4 } = JSON.parse(stdout) as { readonly uplink4?: { readonly uplinks: readonly { readonly state: string }[] } | null };
  return uplink4?.uplinks[0];
}

async function state(world: UplinkWorld, wanted: string, seconds = 20): Promise<void> {
  await world.until(`state ${wanted}`, () => (uplink(world)?.state === wanted ? true : undefined), seconds);
}

/** The program runs, and a watcher's lines gather in a file of this name. */
async function watched(world: UplinkWorld, name: string, ...args: readonly string[]): Promise<ChildProcess> {
  await world.until("the control socket", () => (leasehold(world, "show").status === 0 ? true : undefined));
  const watcher = world.spawn(world.client, name, [join(root, "bin/leasehold"), "watch", ...args, "--runtime-dir", join(world.folder, "run")]);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return watcher;
}
const linesOf = (world: UplinkWorld, name: string): readonly string[] => world.read(`${name}.log`).split("\n").filter(Boolean);
const toldTo = (world: UplinkWorld, name: string): readonly Told[] => linesOf(world, name).map((line) => JSON.parse(line) as Told);

async function heard(world: UplinkWorld, event: string, times = 1): Promise<void> {
  await world.until(`event ${event}`, () => (toldTo(world, "watch").filter((one) => one.event === event).length >= times ? true : undefined), 20);
}

test("who watches is told what an operator's renew, release and renew bring about, in order, as lines of JSON", TRUTH, () =>
  inWorld(async (world) => {
    world.leasehold(CONFIGURATION);
    await watched(world, "watch", "--json");
    const text = await watched(world, "text", "c0");
    const elsewhere = await watched(world, "elsewhere", "d0");
    await serve(world);
    await heard(world, "bound");
    const bound = toldTo(world, "watch").find(({ event }) => event === "bound");
    assert.deepEqual([bound?.interface, bound?.lease?.address], ["c0", OFFER]);

    assert.equal(leasehold(world, "renew", "c0").status, 0);
    await heard(world, "renew");
    assert.equal(leasehold(world, "release", "c0").status, 0);
    await heard(world, "release");
    await state(world, "stopped");
    assert.deepEqual(world.addresses(), []);
    assert.match(leasehold(world, "show").stdout, /c0 has given its address back and rests/);
    assert.equal(leasehold(world, "renew", "c0").status, 0);
    await heard(world, "bound", 2);
    assert.equal(world.addresses()[0]?.local, OFFER);

    const order = toldTo(world, "watch").map(({ event }) => event);
    const story = ["offer", "bound", "renew", "release", "bound"];
    assert.deepEqual(
      order.filter((event) => story.includes(event) && event !== "offer"),
      story.slice(1),
    );
    assert.match(linesOf(world, "text").join("\n"), /c0 bound .*address=10\.64\.0\.77/);
    assert.deepEqual(linesOf(world, "elsewhere"), []);
    for (const watcher of [text, elsewhere]) {
      await world.stop(watcher, "SIGINT");
      assert.equal(watcher.exitCode, 0);
    }

    const explained = leasehold(world, "explain", "c0").stdout;
    assert.match(explained, /bound -> renewing: an operator asked to renew; /);
    assert.match(explained, /renewing -> bound: 10\.64\.0\.1 extended 10\.64\.0\.77; /);
    assert.match(explained, /bound -> stopped: an operator asked to release; /);
  }),
);

test("explain tells of a server that fell silent: how often it was asked, and whom we ask then", TRUTH, () =>
  inWorld(async (world) => {
    const server = await serve(world, { leaseSeconds: 12 });
    world.leasehold(CONFIGURATION);
    await state(world, "bound");
    server.kill("SIGHUP");
    await state(world, "rebinding");
    const { stdout } = leasehold(world, "explain", "c0");
    assert.match(stdout, /renewing -> rebinding: renew failed \dx: no reply from 10\.64\.0\.1; asks any server to extend the lease/);
    await state(world, "selecting");
    const { transitions } = JSON.parse(leasehold(world, "explain", "c0", "--json").stdout) as {
      readonly transitions: readonly { readonly from: string; readonly to: string; readonly why: string; readonly address: string | null }[];
    };
    const last = transitions.at(-1);
    assert.deepEqual([last?.from, last?.to, last?.why, last?.address], ["rebinding", "selecting", "expired", OFFER]);
  }),
);

test("as many may watch as may; the next is told so with exit 3, and a place is free when one goes", TRUTH, () =>
  inWorld(async (world) => {
    world.leasehold(CONFIGURATION);
    await world.until("the control socket", () => (leasehold(world, "show").status === 0 ? true : undefined));
    const socket = join(world.folder, "run/control.sock");
    const curl = (): ChildProcess => spawn("curl", ["-sN", "--unix-socket", socket, "http://x/v1/watch"], { stdio: "ignore" });
    const many = Array.from({ length: LIMITS.watchers }, curl);
    try {
      await world.until("no place", () => {
        const { status, stderr } = spawnSync(join(root, "bin/leasehold"), ["watch", "--runtime-dir", join(world.folder, "run")], {
          encoding: "utf8",
          timeout: 3000,
        });
        if (status !== 3) return undefined;
        assert.match(stderr, /as many watch as may/);
        return true;
      });
      assert.equal(leasehold(world, "show").status, 0);
      many[0]?.kill();
      const status = await world.until("a place", () => {
        const again = spawnSync("curl", ["-sN", "-m", "1", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket", socket, "http://x/v1/watch"], {
          encoding: "utf8",
        });
        return again.stdout === "200" ? again.stdout : undefined;
      });
      assert.equal(status, "200");
    } finally {
      for (const one of many) one.kill();
    }
  }),
);

const hex = (text: string): string => Buffer.from(text, "utf8").toString("hex");
const labels = (...names: readonly string[]): string =>
  `${names.map((one) => `${Buffer.from(one).length.toString(16).padStart(2, "0")}${hex(one)}`).join("")}00`;
const ESCAPES = "\u001b]0;owned\u0007\u001b[31m$(reboot)\n\u009b31m";
/** No control character: the codecs take it for text. */
const OVERRIDE = "gpj.\u202e\u2066exe\u2028\u{e0041}";
/** Anything that a terminal or an editor would act on. */
const HOSTILE = /[^\n\t\x20-\x7e]/;

test("a hostile server's names, files and domains reach no terminal, log or file unescaped", TRUTH, () =>
  inWorld(async (world) => {
    world.leasehold(CONFIGURATION);
    const watcher = await watched(world, "watch", "--json");
    await watched(world, "text");
    const server = await serve(world, {
      leaseSeconds: 40,
      options: {
        12: hex(`host${OVERRIDE}`),
        15: hex(`home${ESCAPES}`),
        17: hex(`root${OVERRIDE}`),
        40: hex(`nis${OVERRIDE}`),
        43: hex(ESCAPES),
        56: hex(`message ${OVERRIDE}`),
        60: hex(`class${OVERRIDE}`),
        66: hex(`tftp${ESCAPES}`),
        67: hex(`boot${OVERRIDE}`),
        114: hex(`https://x/${OVERRIDE}`),
        119: labels(`evil${ESCAPES}`, "example"),
        252: hex(`wpad${OVERRIDE}`),
      },
      sname: hex(`server${ESCAPES}`),
      file: hex(`file${OVERRIDE}`),
    });
    await state(world, "bound");
    assert.equal(leasehold(world, "renew", "c0").status, 0);
    await heard(world, "renew");

    const socket = ["-s", join(world.folder, "run/control.sock")];
    const outputs: Record<string, string> = {
      log: world.read("leasehold.log"),
      watch: world.read("watch.log"),
      text: world.read("text.log"),
    };
    for (const args of [["show"], ["show", "--json"], ["explain", "c0"], ["explain", "c0", "--json"], ["trace", "c0"]])
      outputs[args.join(" ")] = leasehold(world, ...args).stdout;
    for (const args of [["-l"], ["-l", "--json"]])
      outputs[`dhcpleasectl ${args.join(" ")}`] = spawnSync(join(root, "bin/dhcpleasectl"), [...socket, ...args, "c0"], { encoding: "utf8" }).stdout;
    for (const path of ["/v1/show", "/v1/explain/c0", "/v1/trace/c0"])
      outputs[path] = spawnSync("curl", ["-s", "--unix-socket", socket[1] ?? "", `http://x${path}`], { encoding: "utf8" }).stdout;

    const folders = [join(world.folder, "run"), join(world.folder, "state")];
    const files = [...filesIn(folders)];
    server.kill("SIGUSR2");
    leasehold(world, "renew", "c0");
    await heard(world, "nak");
    await world.stop(watcher, "SIGINT");
    outputs["explain after a NAK"] = leasehold(world, "explain", "c0").stdout;
    files.push(...filesIn(folders));
    outputs["log after a NAK"] = world.read("leasehold.log");
    assert.ok(
      files.some(([, text]) => text.includes("gpj.\\u202e")),
      "a file holds the text, escaped",
    );
    for (const [name, text] of [...Object.entries(outputs), ...files]) {
      assert.notEqual(text, undefined, name);
      const at = text.search(HOSTILE);
      assert.equal(at, -1, `${name}: ${JSON.stringify(text.slice(Math.max(0, at - 60), at + 20))}`);
    }
    for (const name of ["watch", "text", "show --json", "trace c0", "/v1/show"]) assert.match(outputs[name] ?? "", /c0|gpj/, name);
    assert.match(outputs["trace c0"] ?? "", /gpj/, "the text did arrive");
  }),
);

/** Octets of ours, which nobody sent. */
const OWN_OCTETS = ["server-key", "stable-secret", "duid"];
/** Every file below, but sockets. */
function filesIn(folders: readonly string[]): readonly (readonly [string, string])[] {
  return folders.flatMap((folder) =>
    readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && !OWN_OCTETS.includes(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path, readFileSync(path, "utf8")] as const),
  );
}
