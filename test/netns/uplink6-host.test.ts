/** What uplink6 does to its host beyond addresses: what it publishes, what it keeps, what it is asked for, what it gives back, what it sets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import type { Ipv6Address } from "../../src/base/ipv6.ts";
import type { DomainName } from "../../src/base/domain.ts";
import { one, OTHER_POOL, POOL, STORY6, story6, SYSTEM } from "../support/gateway6.ts";

const BLOCK = '[uplink6.wan0]\ndelegate = [ { iaid = 1, to = ["lan0/64"] } ]\n';
const TOLD = { dnsServers: ["2001:db8::53", "fe80::1"] as readonly string[] as readonly Ipv6Address[], domainSearch: ["home.example" as DomainName] };

function ask(folder: string, method: "GET" | "POST", path: string): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: join(folder, "leasehold.run/control.sock"), path, method }, (response) => {
      let text = "";
      response.on("data", (part: Buffer) => (text += part.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    asked.on("error", reject);
    asked.end();
  });
}

type Watching = { readonly open: () => boolean; readonly events: () => readonly string[]; close(): void };
function watch(folder: string, name: string): Watching {
  let [open, text] = [false, ""];
  const path = `/v1/watch?interface=${name}`;
  const asked = request({ socketPath: join(folder, "leasehold.run/control.sock"), path }, (response) => {
    open = true;
    response.on("data", (part: Buffer) => (text += part.toString()));
    response.on("error", () => undefined); // it is closed at the end
  });
  asked.on("error", () => undefined);
  asked.end();
  return { open: () => open, events: () => [...text.matchAll(/^event: (.+)$/gm)].map(([, event = ""]) => event), close: () => void asked.destroy() };
}

test("what a provider tells is a file that anybody may read, while its uplink is there", STORY6, () =>
  story6(async ({ folder, uplink, gateway, lan, serve, start, on, until }) => {
    await uplink("wan0");
    await lan("lan0");
    serve("s0", POOL, { options: TOLD });
    await start(SYSTEM + BLOCK);
    const path = join(folder, "leasehold.run/uplinks/wan0.6.json");
    await until("it is published", () => existsSync(path));
    const told = JSON.parse(readFileSync(path, "utf8")) as { readonly interface: string; readonly nameServers: readonly string[] };
    assert.deepEqual([told.interface, told.nameServers], ["wan0", ["2001:db8::53", "fe80::1"]]);
    assert.equal(statSync(path).mode & 0o777, 0o644);
    await gateway.ip("link", "del", "wan0");
    await until("it is gone", () => !existsSync(path));
    await uplink("wan0");
    await until("it is there again", () => existsSync(path));
    await until("an address", () => one(on("lan0")));
  }),
);

test("the secret of host parts is made once, for root alone, and the address made of it is the same after a restart", STORY6, () =>
  story6(async (scene) => {
    const { folder, uplink, lan, serve, start, on, until } = scene;
    await uplink("wan0");
    await lan("lan0");
    serve("s0", POOL);
    const toml = `${SYSTEM}[uplink6.wan0]\ndelegate = [ { iaid = 1, to = [ { interface = "lan0", length = 64, host_part = "stable" } ] } ]\n`;
    const program = await start(toml);
    const before = await until("an address", () => one(on("lan0")));
    assert.match(before.local, /^2001:db8:8000:0:/, "its host part is long");
    const secret = join(folder, "leasehold.state/stable-secret");
    assert.deepEqual([statSync(secret).mode & 0o777, statSync(secret).size], [0o600, 16]);
    const bytes = readFileSync(secret);
    await program.stop();
    const again = await start(toml);
    await until("it is confirmed", async () => JSON.stringify(await again.show()).includes('"state":"bound"'));
    assert.deepEqual(readFileSync(secret), bytes);
    assert.deepEqual(
      (await on("lan0")).map(({ local }) => local),
      [before.local],
    );
  }),
);

test("renew, release and renew again by the control socket: the provider hears each, and the kernel shows it", STORY6, () =>
  story6(async (scene) => {
    const { folder, uplink, lan, serve, start, on, until, refusing } = scene;
    await uplink("wan0");
    await lan("lan0");
    const { did } = serve("s0", POOL);
    await start(SYSTEM + BLOCK);
    await until("an address", () => one(on("lan0")));
    const heard = (kind: string): Promise<true> => until(kind, () => did.at(-1)?.kind === kind) as Promise<true>;
    assert.equal((await ask(folder, "POST", "/v1/uplink6/wan0/renew")).status, 200);
    await heard("extended");
    assert.equal((await ask(folder, "POST", "/v1/uplink6/wan0/release")).status, 200);
    await heard("released");
    await until("nothing is left", async () => [...(await on("lan0")), ...(await refusing())].length === 0);
    assert.equal((await ask(folder, "POST", "/v1/uplinks/wan0/renew")).status, 200);
    await heard("delegated");
    await until("an address", () => one(on("lan0")));
    assert.equal((await ask(folder, "POST", "/v1/uplink4/wan0/renew")).status, 404);
    assert.equal((await ask(folder, "POST", "/v1/uplink6/lan0/renew")).status, 404);
    assert.equal((await ask(folder, "POST", "/v1/uplink6/wan0/attach")).status, 404);
  }),
);

test("what happens is told to whoever watches, and explained afterwards", STORY6, () =>
  story6(async (scene) => {
    const { folder, gateway, uplink, lan, serve, start, on, until } = scene;
    await lan("lan0");
    await start(SYSTEM + BLOCK);
    const { provider } = serve("s0", POOL);
    const watching = watch(folder, "wan0");
    try {
      await until("it watches", () => watching.open());
      await uplink("wan0");
      await until("an address", () => one(on("lan0")));
      await until("pd-bound", () => watching.events().includes("pd-bound"));
      provider.reconfigure({ pool: { ...provider.config.pool, prefix: OTHER_POOL as typeof provider.config.pool.prefix } });
      await ask(folder, "POST", "/v1/uplink6/wan0/renew");
      await until("pd-change", () => watching.events().includes("pd-change"));
      await gateway.ip("link", "del", "wan0");
      await until("carrier", () => watching.events().at(-1) === "carrier");
      const order = ["carrier", "preinit", "pd-bound", "pd-change"].map((event) => watching.events().indexOf(event));
      assert.deepEqual(
        order,
        order.toSorted((a, b) => a - b),
        watching.events().join(),
      );
      const { status, text } = await ask(folder, "GET", "/v1/explain/wan0");
      const told = JSON.parse(text) as {
        readonly service: string;
        readonly interface: string;
        readonly transitions: readonly { readonly to: string }[];
      };
      assert.deepEqual([status, told.service, told.interface], [200, "uplink6", "wan0"]);
      assert.ok(told.transitions.some(({ to }) => to === "bound") && told.transitions.at(-1)?.to === "down", text);
    } finally {
      watching.close();
    }
  }),
);

test("RFC 9096 §3.1: the program that stops gives nothing back and leaves what it put there, unless it shall", STORY6, () =>
  story6(async (scene) => {
    const { uplink, lan, serve, start, on, until, refusing } = scene;
    await uplink("wan0");
    await lan("lan0");
    const { did } = serve("s0", POOL);
    const keeping = await start(SYSTEM + BLOCK);
    await until("an address", () => one(on("lan0")));
    await keeping.stop();
    assert.equal((await on("lan0")).length, 1);
    assert.ok(!did.some(({ kind }) => kind === "released"));
    const giving = await start(`${SYSTEM}${BLOCK}release_on_stop = true\n`);
    await until("the lease is taken up again", () => did.at(-1)?.kind === "extended");
    await giving.stop();
    await until("it is given back", () => did.at(-1)?.kind === "released");
    assert.deepEqual([await on("lan0"), await refusing()], [[], []]);
  }),
);

test("[system] manage: an uplink takes advertisements each time that it comes, the host forwards, and at the end all is as it was", STORY6, () =>
  story6(async (scene) => {
    const { gateway, uplink, lan, serve, start, on, until } = scene;
    const get = async (name: string): Promise<string> => (await gateway.exec("sysctl", "-n", name)).stdout.trim();
    await uplink("wan0");
    await lan("lan0");
    serve("s0", POOL);
    await gateway.sysctl("net.ipv6.conf.all.forwarding", 0);
    const program = await start(`[system]\nresolver = "none"\nmanage = true\n${BLOCK}`);
    const settings = async (): Promise<string> => `${await get("net.ipv6.conf.wan0.accept_ra")} ${await get("net.ipv6.conf.all.forwarding")}`;
    await until("the settings", async () => (await settings()) === "2 1");
    await until("an address", () => one(on("lan0")));
    await gateway.ip("link", "del", "wan0");
    await uplink("wan0");
    await until("the settings again", async () => (await settings()) === "2 1");
    await program.stop();
    assert.equal(await settings(), "0 0", "as wire6 left them");
  }),
);

test("a provider that gives another prefix: the new address is there before the old one is deprecated, and the old route goes", STORY6, () =>
  story6(async (scene) => {
    const { folder, uplink, lan, serve, start, on, until, refusing, news } = scene;
    await uplink("wan0");
    await lan("lan0");
    const { provider } = serve("s0", POOL);
    await start(SYSTEM + BLOCK);
    const before = await until("an address", () => one(on("lan0")));
    provider.reconfigure({ pool: { ...provider.config.pool, prefix: OTHER_POOL as typeof provider.config.pool.prefix } });
    const said = await news(async () => {
      await ask(folder, "POST", "/v1/uplink6/wan0/renew");
      await until("the other prefix", async () => (await refusing()).join() === "unreachable 2001:db8:9000::/56");
    });
    const [old, fresh] = [
      (await on("lan0")).find(({ local }) => local === before.local),
      (await on("lan0")).find(({ local }) => local !== before.local),
    ];
    assert.ok(fresh?.local.startsWith("2001:db8:9000:") && fresh.preferred_life_time > 0);
    assert.equal(old?.preferred_life_time, 0, "used up, and not begun anew (RFC 9096 §3.5)");
    assert.doesNotMatch(said, new RegExp(`Deleted[^\\n]*${before.local}`));
  }),
);
