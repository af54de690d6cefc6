/** What else may be asked of a DHCPv6 server: an address beside prefixes, thirty-two prefixes at once, information alone. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { keaLeases6 } from "../support/leases6.ts";
import { readIn } from "../support/scratch.ts";
import { LONGEST_DUID_BYTES } from "../support/servers6.ts";
import { RESOLVER6, startStateless } from "../support/uplink6-servers.ts";
import { firstOf, flap, isBound, keptAllAlong, kinds, lastOf, soundlySent } from "../support/uplink6-stories.ts";
import { OPTION6 } from "../support/uplink6-wire.ts";
import { configured, inWorld6, OUR_DUID, type World6 } from "../support/uplink6-world.ts";
import { needsPeers } from "../support/unpacked.ts";

const POOL = { first: "2001:db8:1::1000", last: "2001:db8:1::1fff" };
const ASSOCIATIONS = 32;
/** An Ethernet frame holds no more of a datagram. */
const LINK_MTU = 1500;

describe("uplink6", { concurrency: 4 }, () => {
  for (const peer of ["Kea", "ISC dhcpd"] as const)
    test(`${peer}: an address for the uplink beside the prefix, in one conversation, both renewed (RFC 9915 §18.2.1)`, needsPeers, () =>
      inWorld6(peer, async (world) => {
        await world.serve({ pool: POOL });
        await world.watch();
        await world.leasehold(configured("address = true", 'delegate = [ { iaid = 1, to = ["lan0/64", "lan1/64"] } ]'));
        const prefix = await isBound(world);
        const leased = (): string | undefined => world.leases().find(({ kind }) => kind === "address")?.address;
        const address = await world.until("an address in the server's file", leased);
        const held = async () => (await world.addresses("c0")).find(({ local }) => local === address);
        const { prefixlen, valid_life_time } = await world.until("and on the uplink", held);
        assert.equal(prefixlen, 128, "the link's prefix is not ours to say (RFC 5942 §4)");
        assert.ok(valid_life_time <= world.times.validSeconds);
        const seen = await world.messages();
        assert.deepEqual(kinds(seen).slice(0, 4), ["solicit", "advertise", "request", "reply"]);
        for (const type of ["solicit", "request"])
          assert.ok(firstOf(seen, type).options.includes(OPTION6.iaNa) && firstOf(seen, type).options.includes(OPTION6.iaPd), type);
        const news = world.news().length;
        const again = (): boolean =>
          world
            .news()
            .slice(news)
            .some(({ link, address: told }) => link === "c0" && told === address);
        await world.until("the address written anew", again);
        const renewal = firstOf(await world.messages(), "renew");
        assert.deepEqual([renewal.addresses, renewal.prefixes.map((one) => one.prefix)], [[address], [prefix]]);
        await keptAllAlong(world, prefix);
        await soundlySent(world);
      }),
    );

  for (const [peer, longest] of [
    ["Kea", false],
    ["ISC dhcpd", true],
  ] as const)
    test(
      `${peer}${longest ? ", with a DUID of 130 bytes" : ""}: thirty-two prefixes at once, each on its link, all renewed, in datagrams larger than the link's MTU`,
      needsPeers,
      () => inWorld6(peer, (world) => thirtyTwo(world, longest)),
    );

  test("dnsmasq: information alone is asked for and told, nothing is leased, and a flap asks again (RFC 9915 §18.2.6)", needsPeers, () =>
    inWorld6("Kea", async (world) => {
      const program = await startStateless({ ns: world.server }, [`option6:dns-server,[${RESOLVER6}]`, "option6:domain-search,example.net"]);
      await world.watch();
      await world.leasehold(configured());
      const told = await world.until("what was told", async () => (await world.shown()).told);
      assert.deepEqual([told.nameServers, told.searchDomains], [[RESOLVER6], ["example.net"]]);
      const seen = await world.messages();
      assert.deepEqual(kinds(seen).slice(0, 2), ["information-request", "reply"]);
      const goneAt = await flap(world);
      const again = async (): Promise<boolean> => (await world.messages()).some(({ type, atSeconds }) => type === "reply" && atSeconds > goneAt);
      await world.until("asked and answered again", again);
      const questions = await world.sent();
      assert.ok(questions.every(({ type, options }) => type !== "solicit" && !options.includes(OPTION6.iaPd) && !options.includes(OPTION6.iaNa)));
      assert.match(program.stderr + program.stdout, /DHCPINFORMATION-REQUEST/);
      await soundlySent(world);
    }),
  );

  test("control: a server that delegates nothing leaves every link as it is, and its file empty", needsPeers, () =>
    inWorld6("Kea", async (world) => {
      await world.serve({ delegations: [], pool: POOL });
      await world.leasehold();
      await assert.rejects(isBound(world, ["lan0"], 1, 4), /not within 4000 ms: a prefix in the server's file and in use/);
      assert.deepEqual(
        keaLeases6(readIn(world.folder, "kea6.csv")).filter(({ duid }) => duid === OUR_DUID),
        [],
      );
    }),
  );
});

async function thirtyTwo(world: World6, longest: boolean): Promise<void> {
  const links = await manyLinks(world);
  const all = links.map((link, i) => `{ iaid = ${i + 1}, to = ["${link}/64"] }`).join(", ");
  const delegation = { from: "2001:db8:8000::/48", first: "2001:db8:8000::", last: "2001:db8:8000:ff00::", delegatedLength: 56 };
  await world.serve({ longest, delegation });
  await world.watch();
  await world.leasehold(configured(`delegate = [ ${all} ]`));
  await world.until("a prefix for each", () => world.leases().length === ASSOCIATIONS);
  const held = async (): Promise<number> =>
    (await Promise.all(links.map((link) => world.addresses(link)))).filter(({ length }) => length === 1).length;
  await world.until("an address on each link", async () => (await held()) === ASSOCIATIONS);
  const iaids = world.leases().map(({ iaid }) => iaid);
  assert.deepEqual(
    iaids.toSorted((a, b) => a - b),
    links.map((_, i) => i + 1),
  );
  const ends = (): readonly number[] => world.leases().map(({ expiresAtSeconds }) => expiresAtSeconds);
  const last = Math.max(...ends());
  await world.until("all of them renewed", () => Math.min(...ends()) > last);
  assert.equal(lastOf(await world.sent(), "renew").prefixes.length, ASSOCIATIONS, "in one RENEW");
  const hasLongest = (await world.messages()).some(({ duids }) => duids.some((duid) => duid.length === 2 * LONGEST_DUID_BYTES));
  assert.equal(hasLongest, longest);
  assert.ok((await world.largest()) > LINK_MTU, "a datagram of several fragments");
  await soundlySent(world);
}

/** Sixteen wires, both ends behind us. */
async function manyLinks({ client }: World6): Promise<readonly string[]> {
  const names = Array.from({ length: ASSOCIATIONS }, (_, i) => `w${i}`);
  for (let i = 0; i < ASSOCIATIONS; i += 2) await client.veth(`w${i}`, client, `w${i + 1}`);
  return names;
}
