/** Clients that our server tells to come back: behind relays, without leases, after a restart, by itself; and dhcpcd, as far as it speaks the protocol. */
import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { fieldsOf, framesOf } from "../support/capture.ts";
import { startDhcpcd6 } from "../support/clients6.ts";
import { CLIENT, held, inWorld, obeyed, reconfigured, RELAY, SERVER, STATELESS, uplinkOf } from "../support/lan-reconfigure.ts";
import { startLeasehold } from "../support/leasehold.ts";
import { globals6 } from "../support/link6.ts";
import { needsRoot } from "../support/namespace.ts";
import { run } from "../support/programs.ts";
import { startDhcrelay6 } from "../support/relays.ts";
import { needsPeers } from "../support/unpacked.ts";

const BIN = join(dirname(fileURLToPath(import.meta.url)), "../../bin/leasehold");

describe("uplink6 obeys Renew, Rebind and Information-request", { ...needsRoot, timeout: 240_000 }, () => {
  test("behind our relay (RFC 9915 §19.3)", () =>
    inWorld(true, async (world) => {
      await startLeasehold(world.relay, world.folder, RELAY, "relay");
      await obeyed(world);
      assert.ok((await framesOf(world.wire.file, "dhcpv6.msgtype == 13 && dhcpv6.msgtype == 10")) >= 3);
    }));

  test("behind ISC dhcrelay (RFC 9915 §19.3)", needsPeers, () =>
    inWorld(true, async (world) => {
      await startDhcrelay6(world.relay, world.folder, { lower: "down0", linkAddress: "2001:db8:2::1", upper: "up0" });
      await obeyed(world);
    }),
  );

  test("without leases: asked for options again", () =>
    inWorld(false, async ({ server, wire, until, client: start }) => {
      const client = await start(STATELESS);
      await until("what the server tells", async () => ((await uplinkOf(client)).acceptsReconfigure ? true : undefined));
      const asked = await framesOf(wire.file, "dhcpv6.msgtype == 11");
      await server.control("reconfigure", "--interface", "lan0");
      await until("another Information-request", async () => ((await framesOf(wire.file, "dhcpv6.msgtype == 11")) > asked ? true : undefined));
      await assert.rejects(server.control("reconfigure", "renew"), /no client holds a key of ours/);
    }));
});

describe("what our server tells", { ...needsRoot, timeout: 240_000 }, () => {
  test("is known after a restart of it, and its numbers have grown (RFC 9915 §20.3)", () =>
    inWorld(false, async ({ gateway, folder, host, server, wire, until, client: start }) => {
      const client = await start(CLIENT);
      await until("an address and a prefix", async () => ((await held(host)).length >= 2 ? true : undefined));
      await server.control("reconfigure");
      await until("a Renew", async () => ((await framesOf(wire.file, "dhcpv6.msgtype == 5")) === 1 ? true : undefined));
      await server.kill();
      const second = await startLeasehold(gateway, folder, SERVER, "server");
      await until("that it is told", () => second.control("reconfigure").catch(() => undefined));
      await until("a Renew", async () => ((await framesOf(wire.file, "dhcpv6.msgtype == 5")) === 2 ? true : undefined));
      assert.deepEqual((await uplinkOf(client)).ignored, {});
    }));

  test("comes by itself when options change, and when the prefix is another one (RFC 9096 §3.5)", () =>
    inWorld(false, async ({ gateway, host, server, wire, until, client: start }) => {
      await start(CLIENT);
      await until("an address and a prefix", async () => ((await held(host)).length >= 2 ? true : undefined));
      const renewals = (count: number) =>
        until(`Renew ${count}`, async () => ((await framesOf(wire.file, "dhcpv6.msgtype == 5")) >= count ? true : undefined));
      await server.reload(SERVER.replace("[relayed.far]", 'dns = ["2001:db8:1::53"]\n[relayed.far]'));
      await renewals(1);
      await server.reload(SERVER.replace('address_pool = "2001:db8:1:0:77::/80"\n', ""));
      await renewals(2);
      await gateway.address("lan0", "2001:db8:9::1/64");
      await gateway.ip("address", "del", "2001:db8:1::1/64", "dev", "lan0");
      await until("an address of the new prefix, and the old one preferred no longer", async () => {
        const own = await globals6(host, "eth0");
        const fresh = own.find(({ local }) => local.startsWith("2001:db8:9:"));
        const stale = own.find(({ local }) => local.startsWith("2001:db8:1:"));
        return fresh !== undefined && (stale?.preferred_life_time ?? 0) === 0 ? true : undefined;
      });
    }));
});

describe("leasehold reconfigure", { ...needsRoot, timeout: 120_000 }, () => {
  test("says what came of it, in words, in JSON and as an exit code; nobody but root may", () =>
    inWorld(false, async ({ host, folder, server, wire, until, client: start }) => {
      await start(CLIENT);
      await until("an address and a prefix", async () => ((await held(host)).length >= 2 ? true : undefined));
      const said = async (...args: readonly string[]): Promise<readonly [code: number, text: string]> => {
        const { code, stdout, stderr } = await run(BIN, ["reconfigure", ...args, "--runtime-dir", join(folder, "server.run")]);
        return [code ?? -1, stdout + stderr];
      };
      chmodSync(folder, 0o755);
      const [[duids = ""] = []] = await fieldsOf(wire.file, "dhcpv6.msgtype == 3", ["dhcpv6.duid.bytes"]);
      const client = duids.split(",")[0] ?? "";
      assert.deepEqual(await said("--client", client), [0, "1 client is told to come back; leasehold show tells who did\n"]);
      const [code, text] = await said("rebind", "--interface", "lan0", "--json");
      assert.equal(code, 0);
      assert.deepEqual(
        Object.entries(JSON.parse(text) as object).filter(([name]) => name !== "text"),
        [
          ["ok", true],
          ["result", "done"],
          ["outcome", "told"],
          ["clients", 1],
        ],
      );
      assert.match(await server.control("show"), /told to come back \(Reconfigure\): .*\n +.* on lan0: told once to send re(new|bind)/);
      assert.deepEqual(await said("--interface", "lan9"), [3, "the configuration has no link lan9\n"]);
      assert.deepEqual((await said("--client", "000300010200000000ff"))[0], 3);
      assert.deepEqual((await said("--client", "nobody"))[0], 2);
      assert.deepEqual((await said("release"))[0], 2);
      await server.reload(SERVER.replaceAll("reconfigure = true", "reconfigure = false"));
      assert.deepEqual((await said("--interface", "lan0"))[0], 1);
      const denied = await run("setpriv", [
        "--reuid",
        "65534",
        "--regid",
        "0",
        "--clear-groups",
        BIN,
        "reconfigure",
        "--runtime-dir",
        join(folder, "server.run"),
      ]);
      assert.deepEqual([denied.code, denied.stderr], [1, "only root may do this; use sudo\n"]);
      await server.stop();
      assert.equal((await said())[0], 3);
    }));
});

/** What it says of a message whose proof it has checked. */
const BELIEVED = /validated using 0x0+\n.*RECONFIGURE6 from fe80:/;

describe("dhcpcd 9.4, which speaks the protocol but knows no type 6", { ...needsPeers, timeout: 120_000 }, () => {
  for (const [purpose, type, inform] of [
    ["renew", 5, false],
    ["information-request", 11, true],
  ] as const)
    test(`obeys ${purpose} (RFC 9915 §18.2.11)`, () =>
      inWorld(false, async ({ host, folder, server, wire, until }) => {
        const dhcpcd = startDhcpcd6(host, folder, { interface: "eth0", reconfigure: true, ...(inform ? { inform, addresses: 0 } : {}) });
        const said = (what: RegExp) => until(`dhcpcd: ${what.source}`, () => (what.test(dhcpcd.log()) ? true : undefined));
        await said(/accepted reconfigure key/);
        await said(inform ? /INFORM6$/m : /BOUND6/);
        const earlier = await framesOf(wire.file, `dhcpv6.msgtype == ${type}`);
        await server.control("reconfigure", purpose);
        await said(BELIEVED);
        await until(purpose, async () => ((await framesOf(wire.file, `dhcpv6.msgtype == ${type}`)) > earlier ? true : undefined));
        await until("that we know of it", async () => ((await reconfigured(server))?.state === "answered" ? true : undefined));
        assert.equal((await reconfigured(server))?.tries, 1);
      }));

  test("believes a Rebind that it cannot obey, and is told again after two seconds (RFC 6644 §4)", () =>
    inWorld(false, async ({ host, folder, server, until }) => {
      const dhcpcd = startDhcpcd6(host, folder, { interface: "eth0", reconfigure: true });
      await until("a lease", () => (/BOUND6/.test(dhcpcd.log()) ? true : undefined));
      await server.control("reconfigure", "rebind");
      await until("two of them", () =>
        (dhcpcd.log().match(/validated using 0x0+\n.*\n.*unsupported RECONFIGURE6 type 6/g) ?? []).length >= 2 ? true : undefined,
      );
      assert.equal((await reconfigured(server))?.state, "told");
    }));

  test("obeys behind ISC dhcrelay too (RFC 9915 §19.3)", () =>
    inWorld(true, async ({ relay, host, folder, server, wire, until }) => {
      await startDhcrelay6(relay, folder, { lower: "down0", linkAddress: "2001:db8:2::1", upper: "up0" });
      const dhcpcd = startDhcpcd6(host, folder, { interface: "eth0", reconfigure: true });
      await until("a lease", () => (/BOUND6/.test(dhcpcd.log()) ? true : undefined));
      await server.control("reconfigure", "--interface", "far");
      await until("that it came", () => (BELIEVED.test(dhcpcd.log()) ? true : undefined));
      await until("a Renew", async () => ((await framesOf(wire.file, "dhcpv6.msgtype == 5")) > 0 ? true : undefined));
    }));
});
