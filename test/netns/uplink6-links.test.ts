/** Links of an uplink with delegated prefixes that come late, vanish and come back: what the kernel then holds, by `ip -j` and its own news. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { one, OTHER_POOL, POOL, STORY6, story6, SYSTEM } from "../support/gateway6.ts";
import { type KernelAddress6, wire6 } from "../support/link6.ts";
import type { Running } from "../support/namespace.ts";

test("an interface that appears later has its address at once, with what is left of the lifetimes, and nobody is asked", STORY6, () =>
  story6(async (scene) => {
    const { uplink, lan, serve, start, on, until } = scene;
    await uplink("wan0");
    await lan("lan0");
    const { did } = serve("s0", POOL);
    await start();
    await until("an address on lan0", () => one(on("lan0")));
    const asked = did.length;
    await until("some seconds are over", async () => ((await one(on("lan0")))?.valid_life_time ?? 600) <= 597);
    await lan("lan9");
    const late = await until("an address on lan9", () => one(on("lan9")));
    const early = (await one(on("lan0"))) as KernelAddress6;
    assert.ok(late.valid_life_time <= 597 && late.preferred_life_time <= 297, JSON.stringify(late));
    assert.ok(Math.abs(late.valid_life_time - early.valid_life_time) <= 2, `${late.valid_life_time} of ${early.valid_life_time} seconds`);
    assert.equal(late.prefixlen, 64);
    assert.notEqual(late.local, early.local);
    assert.equal(did.length, asked);
  }),
);

test("an interface behind us that is deleted and made again has the same address, and nobody is asked", STORY6, () =>
  story6(async (scene) => {
    const { uplink, lan, gateway, serve, start, on, until, refusing } = scene;
    await uplink("wan0");
    await lan("lan0");
    const { did } = serve("s0", POOL);
    await start();
    const before = await until("an address on lan0", () => one(on("lan0")));
    const asked = did.length;
    for (let round = 0; round < 3; round++) {
      await gateway.ip("link", "del", "lan0");
      await lan("lan0");
      const after = await until("the address again", () => one(on("lan0")));
      assert.equal(after.local, before.local);
      assert.ok(after.valid_life_time <= before.valid_life_time);
    }
    assert.equal(did.length, asked);
    assert.deepEqual(await refusing(), ["unreachable 2001:db8:8000::/56"]);
  }),
);

test("B22: an uplink that vanishes takes its addresses and routes along; when it is back, so are they", STORY6, () =>
  story6(async (scene) => {
    const { uplink, lan, gateway, serve, start, on, until, refusing } = scene;
    await uplink("wan0");
    await lan("lan0");
    await lan("lan9");
    serve("s0", POOL);
    await start();
    const before = await until("an address on lan0", () => one(on("lan0")));
    await until("an address on lan9", () => one(on("lan9")));
    assert.deepEqual(await refusing(), ["unreachable 2001:db8:8000::/56"]);
    await gateway.ip("link", "del", "wan0");
    await until("nothing is left", async () => [...(await on("lan0")), ...(await on("lan9")), ...(await refusing())].length === 0);
    await uplink("wan0");
    const after = await until("the address again", () => one(on("lan0")));
    assert.equal(after.local, before.local);
    await until("the route again", async () => (await refusing())[0] === "unreachable 2001:db8:8000::/56");
  }),
);

test("B22: so does a TUN device, which has no hardware address", STORY6, () =>
  story6(async ({ isp, gateway, lan, serve, start, on, until, refusing }) => {
    await lan("lan0");
    const tunnel = (): Running => isp.spawn("python3", ["-c", TUNNEL, isp.path, "tun0", gateway.path, "wan0"]);
    const ready = async (): Promise<void> => {
      for (const [ns, name] of [
        [isp, "tun0"],
        [gateway, "wan0"],
      ] as const) {
        await until(`${name} is there`, async () => (await ns.attempt("ip", "link", "set", name, "up")).code === 0);
        await until("it has an address", async () => (await ns.ip("-6", "addr", "show", "dev", name, "-tentative")).stdout.includes("fe80:"));
      }
    };
    const first = tunnel();
    await ready();
    serve("tun0", POOL);
    await start();
    const before = await until("an address on lan0", () => one(on("lan0")));
    await first.stop("SIGKILL");
    await until("nothing is left", async () => [...(await on("lan0")), ...(await refusing())].length === 0);
    tunnel();
    await ready();
    serve("tun0", POOL);
    assert.equal((await until("the address again", () => one(on("lan0")))).local, before.local);
  }),
);

test("B24: a link without a link-local address is waited for, and is an uplink as soon as one may be used", STORY6, () =>
  story6(async (scene) => {
    const { isp, gateway, lan, serve, start, on, until } = scene;
    await lan("lan0");
    const { did } = serve("s0", POOL);
    const program = await start();
    await gateway.sysctl("net.ipv6.conf.default.addr_gen_mode", 1); // none
    await gateway.sysctl("net.ipv6.conf.default.accept_dad", 1);
    await isp.veth("late", gateway, "wan0");
    await isp.ip("link", "set", "late", "master", "s0");
    await until("it is served", async () => JSON.stringify((await program.show())["uplink6"]).includes('"present":true'));
    await delay(1500);
    assert.deepEqual([did.length, await on("lan0")], [0, []]);
    await gateway.ip("addr", "add", "fe80::77/64", "dev", "wan0");
    await until("an address on lan0", () => one(on("lan0")));
    assert.equal(did.at(-1)?.kind, "delegated");
    await gateway.ip("addr", "del", "fe80::77/64", "dev", "wan0");
    await until("it is down", () => program.log().includes('"to":"down"'));
    await gateway.ip("addr", "add", "fe80::78/64", "dev", "wan0");
    await until("it is asked for again", () => did.at(-1)?.kind === "extended");
  }),
);

test("two uplinks and one link behind them: an address of each, and what becomes of one is nothing to the other", STORY6, () =>
  story6(async (scene) => {
    const { isp, gateway, uplink, lan, serve, start, on, until, refusing, news } = scene;
    await uplink("wan0");
    await isp.bridge("s1", []);
    await wire6(isp, "q0", gateway, "wan1");
    await isp.ip("link", "set", "q0", "master", "s1");
    await lan("lan0");
    serve("s0", POOL);
    serve("s1", OTHER_POOL);
    const block = (name: string): string => `[uplink6.${name}]\ndelegate = [ { iaid = 1, to = ["lan0/64"] } ]\n`;
    await start(`${SYSTEM}${block("wan0")}${block("wan1")}`);
    const locals = async (): Promise<readonly string[]> => (await on("lan0")).map(({ local }) => local).sort();
    await until("an address of each", async () => (await locals()).length === 2);
    const [first = "", second = ""] = await locals();
    assert.ok(first.startsWith("2001:db8:80") && second.startsWith("2001:db8:90"), `${first} ${second}`);
    assert.deepEqual(await refusing(), ["unreachable 2001:db8:8000::/56", "unreachable 2001:db8:9000::/56"]);
    const said = await news(async () => {
      await gateway.ip("link", "del", "wan0");
      await until("that of the first is gone", async () => (await locals()).join() === second && (await refusing()).length === 1);
      await uplink("wan0");
      await until("it is back", async () => (await locals()).length === 2);
    });
    assert.match(said, /Deleted[^\n]*2001:db8:8000:/, "the monitor saw what happened");
    assert.doesNotMatch(said, /Deleted[^\n]*2001:db8:9000:/);
    assert.deepEqual(await refusing(), ["unreachable 2001:db8:8000::/56", "unreachable 2001:db8:9000::/56"]);
  }),
);

const ROUNDS = 100;
/** In each tenth round the link stays until there is an address. */
const BOUND_EVERY = 10;
test("an uplink is deleted and made again a hundred times: no descriptor, address or route stays, and no role dies", STORY6, () =>
  story6(async ({ uplink, lan, gateway, serve, start, on, until, refusing }) => {
    await uplink("wan0");
    await lan("lan0");
    serve("s0", POOL);
    const program = await start();
    const open = (): readonly number[] => program.stayingPids().map((pid) => readdirSync(`/proc/${pid}/fd`).length);
    const away = async (): Promise<void> => {
      await gateway.ip("link", "del", "wan0");
      await until("nothing is left", async () => [...(await on("lan0")), ...(await refusing())].length === 0);
    };
    await until("an address", () => one(on("lan0")));
    await away();
    const pids = program.stayingPids();
    let before: readonly number[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      await uplink("wan0");
      if (round % BOUND_EVERY === 0) await until("an address", () => one(on("lan0")));
      await away();
      if (round === 0) before = await quiet(open);
    }
    assert.deepEqual(await quiet(open), before, "descriptors of main and its roles");
    assert.deepEqual(program.stayingPids(), pids, "no role died of it");
    await uplink("wan0");
    await until("an address", () => one(on("lan0")));
  }),
);

/** When it is the same twice. */
async function quiet(look: () => readonly number[]): Promise<readonly number[]> {
  for (let before = ""; ; ) {
    const now = look();
    if (now.join() === before) return now;
    before = now.join();
    await delay(500);
  }
}

/** Two TUN devices, each in its namespace, and what goes into one comes out of the other, until it is killed: then both are gone. */
const TUNNEL = `
import ctypes, fcntl, os, select, struct, sys
libc = ctypes.CDLL(None)
def tun(ns, name):
    if libc.setns(os.open(ns, os.O_RDONLY), 0) != 0: sys.exit("setns")
    fd = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(fd, 0x400454ca, struct.pack("16sH", name.encode(), 0x1001))
    return fd
a, b = tun(sys.argv[1], sys.argv[2]), tun(sys.argv[3], sys.argv[4])
while True:
    for fd in select.select([a, b], [], [])[0]:
        try: os.write(b if fd == a else a, os.read(fd, 65536))
        except OSError: pass
`;
