/** Rights given up through the native layer, looked at from outside, and callers gone wrong. */
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CLONE, check, ERRNO, native, nativeFolder, OPEN } from "../../src/platform/native.ts";

const sys = native();
const ADDON = `${nativeFolder()}leasehold.node`;
const isRoot = process.getuid?.() === 0;
const needsRoot = isRoot ? false : "needs root";

if (isRoot) {
  check(sys.unshare(CLONE.newnet), "unshare");
  execFileSync("ip", ["link", "set", "lo", "up"]);
}

// ---- giving up rights; each in a child, looked at from outside ----

type Threads = readonly ReadonlyMap<string, string>[];

/** Runs a script (with `n`, the addon) that prints a line when it is ready; returns what the kernel says of its threads. */
async function fenced(script: string): Promise<Threads> {
  const child = spawn(
    process.execPath,
    ["-e", `const n=require(${JSON.stringify(ADDON)}); ${script}; console.log("ready"); setInterval(()=>{},1000);`],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  try {
    const line = await new Promise<string>((resolve) => {
      child.stdout.once("data", (text: Buffer) => resolve(text.toString()));
      child.once("exit", (code, signal) => resolve(`ended ${code} ${signal}`));
    });
    assert.equal(line, "ready\n");
    return readdirSync(`/proc/${child.pid}/task`).map((task) => statusOf(`/proc/${child.pid}/task/${task}/status`));
  } finally {
    child.kill("SIGKILL");
  }
}

function statusOf(path: string): ReadonlyMap<string, string> {
  const lines = readFileSync(path, "utf8").trim().split("\n");
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]));
}

const MUST = `const must=(r)=>{ if (r<0) { console.log("refused "+r); process.exit(1); } return r; };`;

test("a filter with TSYNC holds for every thread, with no_new_privs", async () => {
  const allow = "new Uint8Array([6,0,0,0,0,0,255,127])";
  const threads = await fenced(
    `${MUST} for (let i=0;i<8;i++) require("crypto").randomBytes(8,()=>{}); must(n.noNewPrivs()); must(n.seccomp(${allow},1))`,
  );
  assert.ok(threads.length > 5);
  for (const thread of threads) assert.deepEqual([thread.get("Seccomp"), thread.get("NoNewPrivs")], ["2", "1"]);
});

test("after chroot, ids and capabilities no thread has any right left", { skip: needsRoot }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "native-root-"));
  const threads = await fenced(`${MUST} process.stdout; for (let i=0;i<8;i++) require("crypto").randomBytes(8,()=>{});
    const tasks=must(n.open("/proc/self/task",0o200000,0)); must(n.chroot(${JSON.stringify(folder)})); must(n.clearCapabilities(tasks));
    if (n.close(tasks)!==-9) throw new Error("tasks stayed open"); if (require("fs").readdirSync("/").length!==0) throw new Error("not empty")`);
  assert.ok(threads.length > 5);
  for (const thread of threads)
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"])
      assert.equal(thread.get(set), "0000000000000000", `${set} of ${thread.get("Pid")}`);
  rmSync(folder, { recursive: true });
});

test("ids change in every thread, and supplementary groups go", { skip: needsRoot }, async () => {
  const threads = await fenced(`${MUST} must(n.setIds(61234,61235)); if (n.setIds(0,0)!==-1) throw new Error("came back")`);
  for (const thread of threads) {
    assert.deepEqual([thread.get("Uid"), thread.get("Gid"), thread.get("Groups")], ["61234\t61234\t61234\t61234", "61235\t61235\t61235\t61235", ""]);
    assert.equal(thread.get("CapEff"), "0000000000000000");
  }
  assert.equal(sys.setIds(0xffffffff, 0), -ERRNO.EINVAL);
});

test("a namespace is left and entered again by its descriptor", { skip: needsRoot }, () => {
  const home = check(sys.open("/proc/thread-self/ns/net", OPEN.read, 0), "open");
  const links = (): string[] =>
    readFileSync("/proc/thread-self/net/dev", "utf8")
      .match(/^\s*[\w-]+(?=:)/gm)
      ?.map((name) => name.trim()) ?? [];
  const before = links();
  execFileSync("ip", ["link", "add", "ns-mark0", "type", "veth", "peer", "name", "ns-mark1"]);
  check(sys.unshare(CLONE.newnet), "unshare");
  assert.deepEqual(links(), ["lo"]);
  check(sys.setns(home, CLONE.newnet), "setns");
  assert.deepEqual(
    links().filter((name) => !name.startsWith("ns-mark")),
    before,
  );
  assert.equal(sys.unshare(0x400 /* CLONE_FILES */), -ERRNO.EINVAL);
  for (const fd of [home]) sys.close(fd);
});

// ---- callers gone wrong ----

test("garbage of every type in every place throws a TypeError or gives -errno, and never ends the process", () => {
  const folder = mkdtempSync(join(tmpdir(), "native-garbage-"));
  const script = `
    const n = require(${JSON.stringify(ADDON)}); const fs = require("fs");
    let seed = Number(process.argv[1]); const chance = (below) => { seed = (Math.imul(seed, 1103515245) + 12345) >>> 0; return Math.floor(seed / 65536) % below; };
    const gone = new Uint8Array(32); structuredClone(gone.buffer, { transfer: [gone.buffer] });
    const goneInts = new Int32Array(32); structuredClone(goneInts.buffer, { transfer: [goneInts.buffer] });
    const shrunk = new ArrayBuffer(4096, { maxByteLength: 8192 }); const tracking = new Uint8Array(shrunk); const fixed = new Uint8Array(shrunk, 2048, 2048); const ints = new Int32Array(shrunk, 2048, 4); shrunk.resize(16);
    const lost = n.batchNew(4, 64, 8); structuredClone(lost.arena, { transfer: [lost.arena] });
    const closed = n.pollNew(0, () => {}); if (typeof closed === "object") n.pollClose(closed);
    const batch = n.batchNew(8, 64, 32); const metas = new Uint32Array(batch.arena, batch.arena.byteLength - 128);
    const pair = new Int32Array(2); n.socketPair(5, pair); const udp = n.socket(2, 2, 0); const live = n.pollNew(pair[1], () => {});
    const trap = { valueOf() { throw new Error("coerced"); }, toString() { throw new Error("coerced"); }, [Symbol.toPrimitive]() { throw new Error("coerced"); } };
    const values = [undefined, null, true, 0, 1, 2, 3, -1, 0.5, NaN, Infinity, -Infinity, 2**31, 2**32, 2**53, -(2**31), 1e300, 41, 16, 100, 4096, 1234567, "", "x", "a\\0b", "x".repeat(10000), Symbol("s"), 10n, {}, [], [1], () => {}, trap,
      new Proxy({}, {}), new Proxy(batch.handle, {}), Object.create(batch.handle), new Date(), /x/, new Map(), new ArrayBuffer(8), new SharedArrayBuffer(8), new DataView(new ArrayBuffer(8)), new Uint8Array(0), new Uint8Array(1), new Uint8Array(8), new Uint8Array(16), new Uint8Array(28), new Uint8Array(128), new Uint8Array(5000),
      new Uint8Array(new SharedArrayBuffer(64)), Buffer.from("hello"), new Uint8ClampedArray(8), new Uint16Array(8), new Int32Array(0), new Int32Array(2), new Int32Array(20), new Int32Array(new SharedArrayBuffer(64)), new Float64Array(4), new BigInt64Array(2), gone, goneInts, tracking, fixed, ints, lost.handle, closed, batch.handle, live, batch, pair, udp];
    let calls = 0; // below, arguments that would end or wedge this very process by succeeding are replaced
    process.chdir(${JSON.stringify(folder)});
    for (const [name, f] of Object.entries(n)) {
      for (let round = 0; round < 3000; round++) {
        const args = []; const many = chance(7); for (let i = 0; i < many; i++) args.push(chance(3) === 0 ? chance(300) : values[chance(values.length)]);
        if (chance(2) === 0) args[0] = [udp, pair[0], pair[1], 9999, -1][chance(5)];
        if ((name === "close" || name === "clearCapabilities") && typeof args[0] === "number" && args[0] >= 0 && args[0] < 9000) args[0] = 9999;
        if (name === "shutdown") args[0] = 9999;
        if (name === "unshare" || name === "setns") args[0] = [0, 1, 0x400, -1, 0.5, "x"][chance(6)];
        if (name === "chroot" && args[0] === "x") args[0] = "nothing"; if (name === "setIds" && round > 0) args[0] = 2**33;
        const small = typeof args[0] === "number" && args[0] >= 0 && args[0] < 9000;
        if (name === "flock" && typeof args[1] === "number") args[1] |= 4; // never waits for a lock
        if (name === "open" && typeof args[1] === "number") args[1] |= 0o4000;
        if (name === "timerRead" && small) args[0] = udp;
        if (name === "prctl" && [1, 29].includes(args[0])) args[0] = 999;
        for (let i = 0; i < metas.length; i++) if (chance(20) === 0) metas[i] = [0, 1, 64, 128, 2**31, 2**32 - 1][chance(6)];
        calls++;
        try { const r = f(...args); if (typeof r === "object" && r !== null) { if (name === "pollNew") n.pollClose(r); else if (![r, r.arena, r.pages].some((one) => one instanceof ArrayBuffer)) throw new Error(name + " gave an object"); }
          else if (typeof r !== "number" || Number.isNaN(r) || r < -4095) throw new Error(name + " gave " + String(r));
          else if (r > 2 && ["socket", "accept", "dup", "open", "timerNew"].includes(name)) n.close(r); }
        catch (e) { if (!(e instanceof TypeError)) { fs.writeSync(1, name + ": " + e.stack + "\\n"); process.exit(9); } }
      }
    }
    fs.writeSync(1, "survived " + (calls > 100000 ? "enough" : calls) + "\\n"); process.exit(0);`;
  for (const seed of [1, 2]) {
    const done = spawnSync(process.execPath, ["-e", script, String(seed)], { encoding: "utf8", timeout: 120_000, cwd: folder });
    // Some of the garbage reaches the child's own standard output, which is a socket here.
    assert.deepEqual(
      [done.status, done.signal, done.stdout.slice(-16)],
      [0, null, "survived enough\n"],
      `${done.stdout.slice(-300)}${done.stderr.slice(-2000)}`,
    );
  }
  rmSync(folder, { recursive: true });
});
