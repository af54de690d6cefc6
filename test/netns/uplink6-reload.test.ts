/** What a reload changes about uplinks with delegated prefixes: the kernel has what is new at once, keeps the rest untouched, and nobody is asked. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { one, OTHER_POOL, POOL, STORY6, story6, SYSTEM } from "../support/gateway6.ts";
import type { Leasehold } from "../support/leasehold.ts";
import { wire6 } from "../support/link6.ts";

const to = (list: string, more = "", link = "wan0"): string => `[uplink6.${link}]\ndelegate = [ { iaid = 1, to = [${list}] } ]\n${more}`;
const LANS = ["lan0", "lan1", "lan2"] as const;

test("B19: a reload adds interfaces and removes them at once; the addresses of the others are not touched, and nobody is asked", STORY6, () =>
  story6(async (scene) => {
    const { uplink, lan, serve, start, on, until, refusing, news } = scene;
    await uplink("wan0");
    for (const name of LANS) await lan(name);
    const { did } = serve("s0", POOL);
    const program = await start(SYSTEM + to('"lan0", "lan1"'));
    const local = async (name: string): Promise<string | undefined> => (await one(on(name)))?.local;
    await until("addresses", async () => (await local("lan0")) !== undefined && (await local("lan1")) !== undefined);
    const [first = "", second = ""] = [await local("lan0"), await local("lan1")];
    const [asked, pids] = [did.length, program.stayingPids()];
    const said = await news(async () => {
      await program.reload(SYSTEM + to('"lan0", "lan1", "lan2"'));
      await until("lan2 has an address", () => local("lan2"));
      await program.reload(SYSTEM + to('"lan0", "reserve", "lan2"'));
      await until("lan1 has none", async () => (await local("lan1")) === undefined);
    });
    assert.match(said, new RegExp(`Deleted[^\\n]*${second}/64`), "the monitor saw what happened");
    assert.doesNotMatch(said, new RegExp(`Deleted[^\\n]*${first}/`));
    assert.deepEqual([await local("lan0"), did.length, program.stayingPids()], [first, asked, pids]);
    assert.deepEqual(await refusing(), ["unreachable 2001:db8:8000::/56"]);
  }),
);

test(
  "reload matrix: what an uplink is to do with what it holds changes at once; a file that is wrong, and one that says the same, change nothing",
  STORY6,
  () =>
    story6(async (scene) => {
      const { uplink, lan, serve, start, on, until, refusing, news } = scene;
      await uplink("wan0");
      await lan("lan0");
      const { did } = serve("s0", POOL);
      const program = await start(SYSTEM + to('"lan0"'));
      const before = await until("an address", () => one(on("lan0")));
      const [asked, pids] = [did.length, program.stayingPids()];
      const quiet = await news(async () => {
        await program.reload(SYSTEM + to('"lan0"', "rapid_commit = false\n"));
        await program.reload(`${SYSTEM}\n# the same\n${to('"lan0"')}`);
        await assert.rejects(program.reload(SYSTEM + to('"lan0"', "rapid_comit = true\n")), /did you mean "rapid_commit"/);
        await assert.rejects(program.reload(SYSTEM + to('"lan0/129"')));
        await program.reload(SYSTEM + to('"lan0"', "request_options = [31]\nregister_addresses = false\n"));
        await delay(500);
      });
      assert.doesNotMatch(quiet, /Deleted/);
      for (const route of ["blackhole", "prohibit", "unreachable"] as const) {
        await program.reload(SYSTEM + to('"lan0"', `aggregate_route = "${route}"\n`));
        await until(route, async () => (await refusing()).join() === `${route} 2001:db8:8000::/56`);
      }
      await program.reload(SYSTEM + to('"lan0"', 'aggregate_route = "none"\n'));
      await until("no route", async () => (await refusing()).length === 0);
      assert.equal((await one(on("lan0")))?.local, before.local);
      await program.reload(SYSTEM + to('{ interface = "lan0", length = 64, host_part = "::7" }'));
      await until("another host part", async () =>
        (await on("lan0")).some(({ local, preferred_life_time: left }) => local.endsWith("::7") && left > 0),
      );
      assert.deepEqual([did.length, program.stayingPids()], [asked, pids]);
    }),
);

test("B23: a reload that removes an uplink takes away what was its, leaves the others alone, and no role dies of it; it may come back", STORY6, () =>
  story6(async (scene) => {
    const { isp, gateway, uplink, lan, serve, start, on, until, refusing, news } = scene;
    await uplink("wan0");
    await isp.bridge("s1", []);
    await wire6(isp, "q0", gateway, "wan1");
    await isp.ip("link", "set", "q0", "master", "s1");
    for (const name of ["lan0", "lan1"]) await lan(name);
    serve("s0", POOL);
    serve("s1", OTHER_POOL);
    const [first, second] = [to('"lan0"'), to('"lan1"', "", "wan1")];
    const program = await start(SYSTEM + first + second);
    assert.ok(await program.watch(), "descriptors lead to the control role");
    const both = async (): Promise<boolean> => (await on("lan0")).length === 1 && (await on("lan1")).length === 1;
    await until("an address of each", both);
    const pids = program.stayingPids();
    const said = await news(async () => {
      await program.reload(SYSTEM + second);
      await until("that of the first is gone", async () => (await on("lan0")).length === 0 && (await refusing()).length === 1);
      await program.reload(SYSTEM + first + second);
      await until("it is back", both);
    });
    assert.match(said, /Deleted[^\n]*2001:db8:8000:/, "the monitor saw what happened");
    assert.doesNotMatch(said, /Deleted[^\n]*2001:db8:9000:/);
    const before = descriptors(program);
    for (let round = 0; round < 4; round++) {
      await program.reload(SYSTEM + second);
      await until("gone", async () => (await on("lan0")).length === 0);
      await program.reload(SYSTEM + first + second);
      await until("back", both);
    }
    await until("no descriptor stays", () => (descriptors(program).join() === before.join() ? true : undefined));
    await program.reload(SYSTEM + to('"lan0"', "", "none0"));
    await until("nothing is left", async () => [...(await on("lan0")), ...(await on("lan1")), ...(await refusing())].length === 0);
    assert.deepEqual(program.stayingPids(), pids);
    const { uplinks } = (await program.show())["uplink6"] as { readonly uplinks: readonly { readonly interface: string; readonly state: string }[] };
    assert.deepEqual(
      uplinks.map(({ interface: name, state }) => `${name} ${state}`),
      ["none0 down"],
    );
  }),
);

test(
  "a lease of ninety days, with T1 after thirty, and one without an end: both stand in the kernel, and nothing is sent before its time",
  STORY6,
  () =>
    story6(async (scene) => {
      const { isp, gateway, uplink, lan, serve, start, on, until } = scene;
      const day = 86_400;
      await uplink("wan0");
      await isp.bridge("s1", []);
      await wire6(isp, "q0", gateway, "wan1");
      await isp.ip("link", "set", "q0", "master", "s1");
      for (const name of ["lan0", "lan1"]) await lan(name);
      const long = serve("s0", POOL, { preferredSeconds: 60 * day, validSeconds: 90 * day, renewSeconds: 30 * day, rebindSeconds: 48 * day });
      const forever = 0xffffffff;
      const endless = serve("s1", OTHER_POOL, { preferredSeconds: forever, validSeconds: forever, renewSeconds: forever, rebindSeconds: forever });
      await start(SYSTEM + to('"lan0"') + to('"lan1"', "", "wan1"));
      const lasting = await until("an address", () => one(on("lan0")));
      const eternal = await until("an address", () => one(on("lan1")));
      assert.ok(lasting.valid_life_time > 89 * day && lasting.preferred_life_time > 59 * day, JSON.stringify(lasting));
      assert.deepEqual([eternal.valid_life_time, eternal.preferred_life_time], [forever, forever]);
      await delay(3000);
      for (const { did } of [long, endless]) assert.deepEqual([...new Set(did.map(({ kind }) => kind))], ["offered", "delegated"]);
    }),
);

function descriptors(program: Leasehold): readonly number[] {
  return program.stayingPids().map((pid) => readdirSync(`/proc/${pid}/fd`).length);
}
