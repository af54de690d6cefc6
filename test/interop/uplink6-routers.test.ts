/** Routers of the uplink: radvd says what is there, and uplink6 goes by it (RFC 7084 WPD-4, RFC 9762, RFC 4861 §6.3.7). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { writeIn } from "../support/scratch.ts";
import type { Running } from "../support/namespace.ts";
import { isBound, soundlySent } from "../support/uplink6-stories.ts";
import { CLIENT_MAC6, configured, inWorld6, type World6 } from "../support/uplink6-world.ts";
import { fieldsIn } from "../support/uplink4-wire.ts";
import { needsPeers, unpacked, unpackedEnvironment } from "../support/unpacked.ts";

const WAITS = configured('start = "advertised"', 'delegate = [ { iaid = 1, to = ["lan0", "lan1"] } ]');

/** @param flags of radvd.conf(5): whether addresses, and other things, are to be had by DHCPv6 */
async function radvd(world: World6, flags: string): Promise<Running> {
  await world.server.sysctl("net.ipv6.conf.all.forwarding", 1);
  const file = writeIn(
    world.folder,
    "radvd.conf",
    `interface s0 { AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; ${flags} prefix 2001:db8:1::/64 { AdvOnLink on; AdvAutonomous off; }; };\n`,
  );
  const args = ["-n", "-m", "stderr", "-C", file, "-p", `${file}.pid`];
  return world.server.spawn(unpacked("usr/sbin/radvd"), args, { env: { ...process.env, ...unpackedEnvironment() } });
}

/** Our solicitations as the far end of the wire saw them: source, hop limit, destination. */
async function solicitations(world: World6): Promise<readonly (readonly string[])[]> {
  return fieldsIn(world.pcap, `icmpv6.type == 133 && eth.src == ${CLIENT_MAC6}`, ["ipv6.src", "ipv6.hlim", "ipv6.dst"]);
}

describe("uplink6 and routers", { concurrency: 3 }, () => {
  for (const flag of ["AdvManagedFlag", "AdvOtherConfigFlag"])
    test(`started by an advertisement: silent while radvd says nothing of DHCPv6, and bound soon after ${flag} is on`, needsPeers, () =>
      inWorld6("Kea", async (world) => {
        await world.serve();
        await world.watch();
        await world.leasehold(WAITS);
        const silent = await radvd(world, "");
        const routers = async () => ((await world.shown()) as unknown as { readonly routers: readonly { readonly router: string }[] }).routers;
        await world.until("radvd heard of", async () => (await routers()).length === 1);
        assert.equal((await world.shown()).state, "waiting");
        assert.deepEqual(await world.sent(), [], "not a word of DHCPv6");
        await silent.stop();
        await radvd(world, `${flag} on;`);
        await isBound(world);
        await soundlySent(world);
      }),
    );

  test("routers are solicited from the link-local address, with hop limit 255, and radvd answers", needsPeers, () =>
    inWorld6("Kea", async (world) => {
      await radvd(world, "AdvOtherConfigFlag on;");
      await world.serve();
      await world.watch();
      await world.leasehold();
      await isBound(world);
      const [first] = await world.until("a solicitation", async () => {
        const seen = await solicitations(world);
        return seen.length > 0 ? seen : undefined;
      });
      assert.match(first?.[0] ?? "", /^fe80::/);
      assert.deepEqual(first?.slice(1), ["255", "ff02::2"]);
      await soundlySent(world);
    }),
  );

  test("control: without an advertisement nothing is asked for, though a server stands ready", needsPeers, () =>
    inWorld6("Kea", async (world) => {
      await world.serve();
      await world.watch();
      await world.leasehold(WAITS);
      await world.until("two solicitations", async () => (await solicitations(world)).length >= 2);
      assert.deepEqual([(await world.shown()).state, (await world.sent()).length], ["waiting", 0]);
      assert.equal(world.prefix(), undefined);
    }),
  );
});
