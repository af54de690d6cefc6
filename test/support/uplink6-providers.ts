/** What a provider does to those it delegates to: it renumbers, gives less than was asked, has nothing left, keeps a part, goes for good. */
import assert from "node:assert/strict";
import { startDhclient6 } from "./clients6.ts";
import type { Delegation } from "./servers6.ts";
import { firstOf, hasNothingOf, inUse, isBound, keptAllAlong, kinds, lastOf, soundlySent, type Story6 } from "./uplink6-stories.ts";
import { STATUS6 } from "./uplink6-wire.ts";
import { configured, ownAddress, type News6, single, type World6 } from "./uplink6-world.ts";

/** Against clocks: the server's whole seconds, and a machine that runs many stories. */
const SLACK_SECONDS = 2.5;
const [FIRST_PREFIX, SECOND_PREFIX, NEW_PREFIX] = ["2001:db8:8000::/56", "2001:db8:8100::/56", "2001:db8:9000::/56"] as const;
const TWO_ASSOCIATIONS = configured('delegate = [ { iaid = 1, to = ["lan0/64", "lan1/64"] }, { iaid = 2, to = ["lan2/64"] } ]');
const THREE_LINKS = configured('delegate = [ { iaid = 1, to = ["lan0/64", "lan1/64", "lan2/64"] } ]');
/** Two /64 of three. */
const LESS: Delegation = { from: "2001:db8:8000::/56", first: "2001:db8:8000::", last: "2001:db8:8000:fe::", delegatedLength: 63 };
/** So that a lease is over while somebody watches. */
const SHORTEST = { preferredSeconds: 10, validSeconds: 15, renewSeconds: 5, rebindSeconds: 8 };

export const PROVIDERS6 = {
  renumber: {
    name: "one of two prefixes is replaced: the new one is in use before the old one goes, and nothing of the other one changes (RFC 9915 §18.2.10.1, RFC 9096 §3.2)",
    tell: async (world) => {
      const server = await world.serve({ delegations: [single(FIRST_PREFIX), single(SECOND_PREFIX)] });
      await world.watch();
      await world.leasehold(TWO_ASSOCIATIONS);
      const before = await isBound(world, ["lan0", "lan1"], 1);
      const kept = await isBound(world, ["lan2"], 2);
      assert.notEqual(before, kept);
      await server.stop();
      await world.serve({ delegations: [single(NEW_PREFIX), single(kept)] });
      await world.until("the new prefix in use", () => inUse(world, NEW_PREFIX, ["lan0", "lan1"]), world.times.rebindSeconds + 4 * SLACK_SECONDS);
      assert.equal(await isBound(world, ["lan0", "lan1"], 1), NEW_PREFIX);
      await hasNothingOf(world, before, world.times.validSeconds + SLACK_SECONDS);
      assert.equal(await isBound(world, ["lan2"], 2), kept);
      assert.deepEqual(await world.aggregates(), [kept, NEW_PREFIX].toSorted());
      newBeforeOld(world, before, NEW_PREFIX);
      await keptAllAlong(world, kept, ["lan2"]);
      await soundlySent(world);
    },
  },
  less: {
    name: "half of what was asked for: the links that come first are served, and `show` says which is not (RFC 9915 §18.2.10.1)",
    tell: async (world) => {
      await world.serve({ delegation: LESS });
      await world.watch();
      await world.leasehold(THREE_LINKS);
      const prefix = await isBound(world, ["lan0", "lan1"]);
      assert.match(prefix, /\/63$/);
      assert.deepEqual(await world.addresses("lan2"), []);
      const { lease } = await world.shown();
      assert.deepEqual(
        lease?.unserved.map((one) => one.interface),
        ["lan2"],
      );
      const [hint] = firstOf(await world.messages(), "solicit").prefixes;
      assert.equal(hint?.prefix, "::/62", "and more was asked for");
      await soundlySent(world);
    },
  },
  exhausted: {
    name: "the only prefix is another client's: asked for again without haste, and taken as soon as it is given back (RFC 9915 §18.2.9)",
    tell: async (world) => {
      await world.serve({ delegation: single(FIRST_PREFIX), times: { ...world.peer.times, preferredSeconds: 200, validSeconds: 300 } });
      await world.watch();
      const { other, folder } = world;
      const rival = startDhclient6(other, folder, { interface: "o0", address: false, prefix: true });
      await world.until("another client's prefix", () => rival.calls().some(({ reason }) => reason === "BOUND6"));
      await world.leasehold();
      const refusals = async (): Promise<number> =>
        (await world.messages()).filter(({ statuses }) => statuses.includes(STATUS6.noPrefixAvailable)).length;
      await world.until("refused twice", async () => (await refusals()) >= 2);
      assert.deepEqual(await world.addresses("lan0"), []);
      assert.equal((await world.shown()).lease, null);
      await rival.stop();
      await rival.release();
      await world.until("the prefix ours", () => world.prefix() === FIRST_PREFIX, 60);
      await world.until("and in use", () => inUse(world, FIRST_PREFIX, ["lan0", "lan1"]));
      const solicits = kinds(await world.sent()).filter((kind) => kind === "solicit").length;
      const seconds = lastOf(await world.messages(), "reply").atSeconds - firstOf(await world.messages(), "solicit").atSeconds;
      assert.ok(solicits <= 3 + Math.log2(seconds + 2) * 2, `${solicits} SOLICITs in ${seconds} s`);
      await soundlySent(world);
    },
  },
  expire: {
    name: "the server is gone for good: addresses are deprecated, then gone with the lease, the aggregate too, and we begin anew (RFC 9915 §18.2.5)",
    tell: async (world) => {
      const times = world.peer.pools > 0 ? SHORTEST : world.peer.times;
      const server = await world.serve({ times });
      await world.watch();
      await world.leasehold();
      const prefix = await isBound(world);
      await server.stop();
      await hasNothingOf(world, prefix, times.validSeconds + 4 * SLACK_SECONDS);
      const given = lastOf(await world.messages(), "reply").atSeconds;
      const [first, second] = [0, 1].map((n) => gone(world, ownAddress(prefix, n)));
      for (const at of [first, second])
        assert.ok(at !== undefined && Math.abs(at - given - times.validSeconds) < SLACK_SECONDS, `gone ${(at ?? 0) - given} s after it was given`);
      assert.deepEqual(await world.aggregates(), []);
      const again = async (): Promise<boolean> => lastOf(await world.sent(), "solicit").atSeconds > given + times.validSeconds - SLACK_SECONDS;
      await world.until("we begin anew", again);
      await world.serve();
      await isBound(world);
      await soundlySent(world);
    },
  },
  exclude: {
    name: "the provider keeps a part of the prefix: it is on no link behind, and the rest is in use (RFC 6603 §4.2)",
    tell: async (world) => {
      await world.serve({ delegation: { ...single(FIRST_PREFIX), excluded: "2001:db8:8000:1::/64" } });
      await world.watch();
      await world.leasehold(THREE_LINKS);
      const prefix = await world.until("a prefix", () => world.prefix());
      const held = async (): Promise<readonly string[]> => {
        const all = await Promise.all(["lan0", "lan1", "lan2"].map((lan) => world.addresses(lan)));
        return all.flat().map(({ local }) => local);
      };
      await world.until("three links served", async () => (await held()).length >= 3);
      assert.deepEqual(
        await held(),
        [0, 2, 3].map((n) => ownAddress(prefix, n)),
      );
      const reply = lastOf(await world.messages(), "reply");
      assert.ok(reply.options.includes(OPTION_PD_EXCLUDE), "Kea named what it keeps");
      assert.ok(firstOf(await world.messages(), "solicit").wanted.includes(OPTION_PD_EXCLUDE));
      await soundlySent(world);
    },
  },
} as const satisfies Readonly<Record<string, Story6>>;

const OPTION_PD_EXCLUDE = 67;

/** On each link: the new address stood before the old one was deprecated, and that was before it went. */
export function newBeforeOld(world: World6, before: string, after: string): void {
  for (const n of [0, 1]) {
    const [old, fresh] = [ownAddress(before, n), ownAddress(after, n)];
    const at = (find: (news: News6) => boolean): number => world.news().findIndex(find);
    const came = at(({ address, deleted }) => address === fresh && !deleted);
    const deprecated = at(({ address, deleted, text }) => address === old && !deleted && text.includes("preferred_lft 0sec"));
    const went = at(({ address, deleted }) => address === old && deleted);
    const told = world
      .news()
      .map(({ text }) => text)
      .join("\n");
    assert.ok(came >= 0 && came < deprecated && deprecated < went, `new ${came}, deprecated ${deprecated}, gone ${went} in\n${told}`);
  }
}

function gone(world: World6, own: string): number | undefined {
  return world.news().findLast(({ address, deleted }) => deleted && address === own)?.atSeconds;
}
