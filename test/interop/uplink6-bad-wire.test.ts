/**
 * uplink6 and Kea with a wire between them that loses, doubles, delays and swaps frames. Times are read by tshark on our side of the wire,
 * before it loses what we say; addresses from what the kernel tells of every change.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { needsPeers } from "../support/unpacked.ts";
import { inUse, isBound, kinds } from "../support/uplink6-stories.ts";
import { againProblems6, boundProblems6, mostAtOnce } from "../support/uplink6-times.ts";
import { configured, inWorld6, OTHER, ownAddress, type World6 } from "../support/uplink6-world.ts";
import { assertBad, BAD, type Faults, fatesIn, NO_FAULTS, wireCommand } from "../support/wire-tap-world.ts";

/** From the REPLY that came through to the address in the kernel, and room for a busy machine. */
const STANDS_WITHIN_SECONDS = 2;
const PATIENCE_SECONDS = 120;
const TIMES = { preferredSeconds: 50, validSeconds: 60, renewSeconds: 8, rebindSeconds: 30 };

describe("a bad wire", { concurrency: 4 }, () => {
  for (const seed of [11, 12, 13])
    for (const pace of ["fast", "rfc"] as const)
      wired(
        `30 % loss, copies, 100 ms and other orders, ${pace}, seed ${seed}: bound, said again when RFC 9915 §15 says, and never two prefixes`,
        { faults: BAD, seed },
        async (world) => {
          await world.serve({ times: TIMES });
          await world.watch("near");
          await world.leasehold(configured(`pace = "${pace}"`, 'delegate = [ { iaid = 1, to = ["lan0/64", "lan1/64"] } ]'));
          const prefix = await isBound(world, ["lan0", "lan1"], 1, PATIENCE_SECONDS);
          await world.until("a renewal asked for", async () => kinds(await world.sent()).includes("renew"), PATIENCE_SECONDS);
          assert.deepEqual(againProblems6(await world.sent()).problems, []);
          assert.deepEqual(boundProblems6(await world.messages(), world.news(), STANDS_WITHIN_SECONDS), []);
          assert.deepEqual(mostAtOnce(world.news()).length, 1);
          assert.ok(
            world.news().every(({ address }) => [0, 1].some((n) => ownAddress(prefix, n) === address)),
            "another prefix was in use",
          );
          assertBad(fatesIn(world.fates().join("\n")), BAD);
        },
      );

  wired("a wire without faults: in use at once, nothing is said again (control)", { faults: NO_FAULTS, seed: 1 }, async (world) => {
    await world.serve({ times: TIMES });
    await world.watch("near");
    await world.leasehold();
    await isBound(world);
    assert.equal(againProblems6(await world.sent()).looked, 0);
    assert.deepEqual(kinds(await world.messages()).slice(0, 4), ["solicit", "advertise", "request", "reply"]);
    assert.deepEqual(boundProblems6(await world.messages(), world.news(), STANDS_WITHIN_SECONDS), []);
    assert.throws(() => assertBad(fatesIn(world.fates().join("\n")), BAD), "a wire without faults is taken for a bad one");
  });

  wired(
    "a wire that loses all: nobody is bound, and SOLICITs come after 1, 2, 4 and 8 s (control)",
    { faults: { ...BAD, loss: 1 }, seed: 1 },
    async (world) => {
      await world.serve({ times: TIMES });
      await world.watch("near");
      await world.leasehold();
      await assert.rejects(() => isBound(world, ["lan0"], 1, 20), /a prefix in the server's file and in use/);
      const { looked, problems } = againProblems6(await world.sent());
      assert.ok(looked >= 3, `${looked} intervals`);
      assert.deepEqual(problems, []);
      assert.deepEqual(world.news(), []);
    },
  );

  wired("a second prefix that stands for a moment is found (control)", { faults: NO_FAULTS, seed: 1 }, async (world) => {
    await world.serve({ times: TIMES });
    await world.watch("near");
    await world.leasehold();
    const prefix = await isBound(world);
    await world.client.ip("-6", "addr", "add", `${ownAddress(OTHER.from, 0)}/64`, "dev", "lan0", "nodad");
    await world.client.ip("-6", "addr", "del", `${ownAddress(OTHER.from, 0)}/64`, "dev", "lan0");
    await world.until("both", () => world.news().some(({ deleted }) => deleted));
    assert.deepEqual(mostAtOnce(world.news()), [ownAddress(prefix, 0), ownAddress(OTHER.from, 0)]);
    assert.equal(await inUse(world, prefix, ["lan0"]), true);
  });
});

test("messages at wrong times are found, and addresses that come late or never (control)", () => {
  const said = (type: string, ...times: readonly number[]) => times.map((atSeconds) => ({ type, xid: "1", atSeconds }));
  assert.deepEqual(againProblems6(said("solicit", 0, 1.05, 3.15, 7.35)), { looked: 3, problems: [] });
  assert.deepEqual(againProblems6(said("request", 0, 0.92, 2.7, 6.4, 14, 29, 57, 89)).problems, []);
  const wrong = { "too soon": [0, 0.7], "too late": [0, 1.5], "not doubled": [0, 1, 2], "more than doubled": [0, 1, 4] };
  for (const [what, times] of Object.entries(wrong)) assert.equal(againProblems6(said("request", ...times)).problems.length, 1, what);
  assert.equal(againProblems6(said("solicit", 0, 0.85)).problems.length, 1, "a first RT below IRT");
  assert.equal(againProblems6(said("renew", 0, 5)).problems.length, 1, "a Renew of five seconds");
  const often = Array.from({ length: 11 }, (_, i) => (i < 6 ? 2 ** i - 1 : 31 + 30 * (i - 5)));
  assert.equal(againProblems6(said("request", ...often)).problems.length, 1, "eleven Requests");
  const leased = [...said("request", 1), ...said("reply", 1.1)];
  const news = (atSeconds: number) => [{ atSeconds, deleted: false, link: "lan0", address: "2001:db8::1", text: "" }];
  assert.deepEqual(boundProblems6(leased, news(1.2), 1), []);
  assert.equal(boundProblems6(leased, news(3), 1).length, 1, "late");
  assert.equal(boundProblems6(leased, [], 1).length, 1, "never");
});

function wired(name: string, wire: { readonly faults: Faults; readonly seed: number }, story: (world: World6) => Promise<void>): void {
  test(name, needsPeers, () => inWorld6("Kea", story, (tally) => wireCommand(wire, tally)));
}
