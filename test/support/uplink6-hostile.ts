/** The story of a daemon under mutated datagrams, in a size that fits its tier. What is sent and how it is counted: `uplink6-flood.ts`. */
import assert from "node:assert/strict";
import { Chance } from "../../src/sim/chance.ts";
import { wire6 } from "./link6.ts";
import { highestKb, total, usedSeconds } from "./mutated-flood.ts";
import { accounted6, type Facts6, facts6, factsOf6, type Kind6, Target6, type Uplink6Facts } from "./uplink6-flood.ts";
import { isBound, isRenewed, keptAllAlong } from "./uplink6-stories.ts";
import { configured, inWorld6, OUR_DUID, type World6 } from "./uplink6-world.ts";

const RSS_GREW_MOST_KB = 5 * 1024;
/** Of a round, in thousandths; half are repaired. */
const SHARES = { boundAccidents: 300, boundRepaired: 250, openAccidents: 200, openHopeless: 200, openAny: 50 } as const;
const TWO_UPLINKS = `${configured('delegate = [ { iaid = 1, to = ["lan0/64", "lan1/64"] } ]')}[uplink6.c1]\ndelegate = [ { iaid = 1, to = ["lan2/64"] } ]\n`;
/** The lease is renewed every so often while all this happens. */
const TIMES = { preferredSeconds: 40, validSeconds: 60, renewSeconds: 10, rebindSeconds: 30 };

/** A Release that nobody answers is said four times (RFC 9915 §18.2.7). */
const GIVEN_UP_SECONDS = 60;
/** An IA that no uplink asks for. */
const ANOTHERS = 99;
/** Who fails again and again rests before it begins anew, for minutes in the end (RFC 9915 §14.1). */
const PAUSE_MOST_SECONDS = 200;

export type Size6 = {
  readonly datagrams: number;
  readonly rounds: number;
  readonly seed: number;
  /** Whether the memory of the first tenth is compared with that of the last. */
  readonly comparesMemory: boolean;
};
type Told = { readonly world: World6; readonly bound: Target6; readonly open: Target6; readonly answers: () => number };

export function hostileStory6({ datagrams, rounds, seed, comparesMemory }: Size6): Promise<void> {
  return inWorld6("Kea", async (world) => {
    await wire6(world.server, "s1", world.client, "c1");
    const kea = await world.serve({ times: TIMES });
    await world.watch();
    await world.leasehold(TWO_UPLINKS);
    const bound = await Target6.at(world, "c0", { far: "s0", port: "p0", duid: OUR_DUID });
    const open = await Target6.at(world, "c1", { far: "s1", port: "s1", duid: OUR_DUID });
    try {
      const prefix = await isBound(world);
      const answers = (): number => kea.log().split(/DHCP6_PD_LEASE_(?:ADVERT|ALLOC|RENEW)/).length - 1;
      const told = { world, bound, open, answers };
      const first = await accounted6(world, [bound, open], answers);
      bound.readers = open.readers = [first.pids["frontend"] ?? 0, first.pids["engine-uplink6"] ?? 0];
      bound.listen();
      const chance = new Chance(seed, 6);
      const reasons = new Reasons();
      const residents: Readonly<Record<string, number>>[] = [];
      const began = performance.now();
      for (let round = 0; round < rounds; round++) {
        residents.push(await highestKb(first.pids, () => oneRound(told, { chance, datagrams: datagrams / rounds, reasons })));
        await keptAllAlong(world, prefix);
        assert.equal(world.prefix(), prefix, "the server's file says another");
      }
      const after = await accounted6(world, [bound, open], answers);
      const seconds = (performance.now() - began) / 1000;
      console.log(
        `hostile: ${JSON.stringify({ seconds, bound: bound.sent, open: open.sent, first: factsOf6(after, "c0"), second: factsOf6(after, "c1") })}`,
      );
      console.log(
        `hostile: KiB at most in each round ${JSON.stringify(residents)}; seconds of a core used ${JSON.stringify(usedSeconds(first.pids))}`,
      );
      reasons.check();
      sameProcesses(after, first);
      const [early, last] = [residents[Math.ceil(rounds / 10) - 1], residents.at(-1)].map((one) => total(one ?? {}));
      const grewKb = (last ?? 0) - (early ?? 0);
      assert.ok(!comparesMemory || grewKb <= RSS_GREW_MOST_KB, `grew by ${grewKb} KiB from the first tenth to the end: ${JSON.stringify(residents)}`);
      assert.deepEqual(departures(world), [], "the first uplink was never but bound, or renewing");

      await plantedMiscount(told);
      await isRenewed(world, prefix, TIMES.renewSeconds);
      await keptAllAlong(world, prefix);
      assert.deepEqual(departures(world), []);
      sameProcesses(await facts6(world), first);
    } finally {
      bound.close();
      open.close();
    }
  });
}

type Round = { readonly chance: Chance; readonly datagrams: number; readonly reasons: Reasons };

async function oneRound({ world, bound, open, answers }: Told, { chance, datagrams, reasons }: Round): Promise<void> {
  const segment = async (target: Target6, kind: Kind6, share: number): Promise<Facts6> => {
    const said = answers(); // before it is asked what was accepted: a server may speak in between
    const before = factsOf6(await facts6(world), target.name);
    await target.flood(kind, Math.round((datagrams * share) / 1000), chance, { follow: target === open });
    const all = await accounted6(world, [bound, open], answers);
    const after = factsOf6(all, target.name);
    reasons.add(`${target.name} ${kind}`, before, after);
    const [accepted, told] = [after.accepted - before.accepted, answers() - said];
    if (target === bound) assert.ok(accepted <= told, `${accepted} accepted, and a server spoke ${told} times`);
    return all;
  };
  await segment(bound, "accident", SHARES.boundAccidents);
  await segment(bound, "repaired", SHARES.boundRepaired);
  await soliciting(world, open);
  await segment(open, "accident", SHARES.openAccidents);
  await segment(open, "hopeless", SHARES.openHopeless);
  assert.equal(factsOf6(await facts6(world), "c1").state, "soliciting", "an answer for another's IA was taken");
  const accepted = factsOf6(await facts6(world), "c1").accepted;
  await open.give([open.answer("advertise")]);
  const after = await segment(open, "repaired", SHARES.openAny);
  assert.ok(factsOf6(after, "c1").accepted > accepted, "whole answers were none");
}

/** The second uplink looks for a server, what it was told to hold it gives up first, and we know the transaction it does it in. */
async function soliciting(world: World6, open: Target6): Promise<void> {
  const now = async (): Promise<Uplink6Facts> => factsOf6(await facts6(world), "c1");
  if ((await now()).state !== "soliciting") {
    await world.ours.control("release", "c1");
    await world.until("the second uplink given up", async () => (await now()).state === "stopped", GIVEN_UP_SECONDS);
    await world.ours.control("renew", "c1");
  }
  await world.until("the second uplink looks for a server", async () => (await now()).state === "soliciting");
  const strangers = async (): Promise<number> => (await now()).ignored["transaction-mismatch"] ?? 0;
  await world.until(
    "its transaction",
    async () => {
      open.listen();
      const [before, received] = [await strangers(), (await now()).received];
      await open.give([open.answer("advertise", { iaid: ANOTHERS })]);
      await world.until("an answer judged", async () => (await now()).received > received);
      return (await strangers()) === before;
    },
    PAUSE_MOST_SECONDS,
  );
}

/** Why datagrams were ignored, kind by kind. */
class Reasons {
  readonly #kinds = new Map<string, Map<string, number>>();

  add(kind: string, before: Uplink6Facts, after: Uplink6Facts): void {
    const sums = this.#kinds.get(kind) ?? new Map<string, number>();
    this.#kinds.set(kind, sums);
    for (const [reason, count] of Object.entries(after.ignored)) {
      const more = count - (before.ignored[reason] ?? 0);
      if (more > 0) sums.set(reason, (sums.get(reason) ?? 0) + more);
    }
  }

  /** What was repaired is read to its end, mostly. */
  check(): void {
    for (const [kind, sums] of this.#kinds) console.log(`hostile: ${kind} ${JSON.stringify(Object.fromEntries(sums))}`);
    const share = (kind: string, ...reasons: readonly string[]): number => {
      const sums = this.#kinds.get(kind) ?? new Map<string, number>();
      return reasons.reduce((sum, reason) => sum + (sums.get(reason) ?? 0), 0) / Math.max(1, total(Object.fromEntries(sums)));
    };
    for (const kind of this.#kinds.keys()) assert.ok(share(kind, "queue-full") < 0.1, `${kind}: too much went unread`);
    assert.ok(share("c1 hopeless", "transaction-mismatch") < 0.1, "the transaction was not known");
    assert.ok(share("c1 hopeless", "client-id-mismatch", "client-id-missing", "server-id-missing") < 0.05, "nor who we are");
  }
}

/** Control: a thousand more than are counted, and the account is wrong. */
async function plantedMiscount({ world, bound, open, answers }: Told): Promise<void> {
  bound.miscount(1000);
  await assert.rejects(() => accounted6(world, [bound, open], answers, 2), /datagrams came, \d+ are told of/);
  bound.miscount(-1000);
  await accounted6(world, [bound, open], answers);
}

/** Transitions of the first uplink since it was bound, to where a lease is lost. */
function departures(world: World6): readonly string[] {
  const moves = world.ours
    .log()
    .split("\n")
    .filter((line) => line.includes('"event":"transition","interface":"c0"'));
  const since = moves.slice(moves.findIndex((line) => line.includes('"to":"bound"')) + 1);
  return since.filter((line) => !/"to":"(?:bound|renewing|rebinding)"/.test(line));
}

function sameProcesses(now: Facts6, first: Facts6): void {
  assert.deepEqual(now.pids, first.pids, "the same processes");
}
