/**
 * uplink4 and Kea with a wire between them that loses, doubles, delays and swaps frames. Times are read by tshark on our side of the wire,
 * before it loses what we say; addresses from what the kernel tells of every change. The slow ones are in the long variant.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { keaLeases, startKea } from "../support/servers.ts";
import { CLIENT_MAC, dhcpIn, NEEDS_ROOT, SERVER_ADDRESS } from "../support/uplink-world.ts";
import {
  againProblems,
  asSaid,
  assertBad,
  BAD,
  boundProblems,
  type Faults,
  NO_FAULTS,
  onWire,
  probesIn,
  leaseProblems,
  serverSought,
  type Wired,
} from "../support/wire-tap-world.ts";

const POOL = { first: "10.64.0.50", last: "10.64.0.59" };
const CONFIGURATION = "[uplink4.c0]\nretransmit_seconds = 1\n";
const TRUTH = { skip: NEEDS_ROOT };
/** From the ACK that came through to the address in the kernel: conflict detection of the fast profile, and room for a busy machine. */
const STANDS_WITHIN_SECONDS = 2;
const KEA_TIMES = { renew: 5, rebind: 12, lease: 20, jitter: 1 / 3 };

const bound = ({ world }: Wired, seconds: number) => world.until("an address", () => world.addresses()[0], seconds);

for (const seed of [11, 12, 13]) {
  test(`30 % loss, copies, 100 ms and other orders, seed ${seed}: bound, said again when RFC 2131 §4.1 says, and never two addresses`, TRUTH, () =>
    onWire({ faults: BAD, seed }, async (wired) => {
      const { world, watch, capture, fates } = wired;
      await startKea(world, POOL);
      world.leasehold(CONFIGURATION);
      const address = await bound(wired, 60);
      await world.until("Kea's lease", () => keaLeases(world).find(({ mac, address: given }) => mac === CLIENT_MAC && given === address.local));
      const heard = (): number => dhcpIn(capture).filter(({ type }) => type === "request").length;
      const first = heard();
      await world.until("a renewal asked for", () => (heard() > first ? true : undefined));
      const said = asSaid(dhcpIn(capture), serverSought(capture));
      assert.deepEqual(againProblems(said, 1).problems, []);
      assert.deepEqual(leaseProblems(said, KEA_TIMES).problems, []);
      assert.deepEqual(boundProblems(said, watch.news(), STANDS_WITHIN_SECONDS), []);
      assert.deepEqual(watch.most(), [address.local]);
      assertBad(fates(), BAD);
    }),
  );
}

test("a wire without faults: the address stands at once, nothing is said again (control)", TRUTH, () =>
  onWire({ faults: NO_FAULTS, seed: 1 }, async (wired) => {
    await startKea(wired.world, POOL);
    wired.world.leasehold(CONFIGURATION);
    const address = await bound(wired, 10);
    const said = dhcpIn(wired.capture);
    assert.equal(againProblems(said, 1).looked, 0);
    assert.deepEqual(
      said.slice(0, 4).map(({ type }) => type),
      ["discover", "offer", "request", "ack"],
    );
    assert.ok((said[3]?.atSeconds ?? 0) - (said[0]?.atSeconds ?? 0) < 1);
    assert.deepEqual(boundProblems(said, wired.watch.news(), STANDS_WITHIN_SECONDS), []);
    assert.deepEqual(wired.watch.most(), [address.local]);
    assert.throws(() => assertBad(wired.fates(), BAD), "a wire without faults is taken for a bad one");
  }),
);

test("a wire that loses all: nobody is bound, and DISCOVERs come after 1, 2 and 4 s (control)", TRUTH, () =>
  onWire({ faults: { ...BAD, loss: 1 }, seed: 1 }, async (wired) => {
    await startKea(wired.world, POOL);
    wired.world.leasehold(CONFIGURATION);
    await assert.rejects(() => bound(wired, 11), /an address: not within/);
    const { looked, problems } = againProblems(dhcpIn(wired.capture), 1);
    assert.ok(looked >= 3, `${looked} intervals`);
    assert.deepEqual(problems, []);
    assert.deepEqual(wired.watch.most(), []);
    assert.deepEqual(boundProblems(dhcpIn(wired.capture), [], 1), []);
  }),
);

test("what we say to everybody and hear again, ARP probes too, is no conflict: the address is taken (RFC 5227 §2.1.1)", TRUTH, () => {
  const faults: Faults = { ...NO_FAULTS, delayMs: 20, reflected: true };
  return onWire({ faults, seed: 1 }, async (wired) => {
    await startKea(wired.world, POOL);
    wired.world.leasehold(CONFIGURATION);
    const address = await bound(wired, 10);
    const said = dhcpIn(wired.capture);
    assert.ok(said.filter(({ type }) => type === "discover").length >= 2, "the wire reflects nothing");
    assert.ok(probesIn(wired.capture) >= 4, "no probe was said, or none came back");
    assert.ok(!said.some(({ type }) => type === "decline"));
    assert.deepEqual(boundProblems(said, wired.watch.news(), STANDS_WITHIN_SECONDS), []);
    await wired.world.until("a renewal", () => keaLeases(wired.world).find(({ expiresAtSeconds }) => expiresAtSeconds * 1000 > Date.now() + 16_000));
    assert.deepEqual(wired.watch.most(), [address.local]);
  });
});

test("a second address that stands for a moment is found, and so are messages at wrong times and an address that comes late (control)", TRUTH, () =>
  onWire({ faults: NO_FAULTS, seed: 1 }, async ({ world, watch }) => {
    world.ip(world.client, "addr", "add", "198.51.100.7/24", "dev", "c0");
    world.ip(world.client, "addr", "add", "198.51.100.9/24", "dev", "c0");
    world.ip(world.client, "addr", "del", "198.51.100.9/24", "dev", "c0");
    await world.until("both", () => (watch.news().length === 3 ? true : undefined));
    assert.deepEqual(watch.most(), ["198.51.100.7", "198.51.100.9"]);

    const say = (type: string, atSeconds: number, xid = "1", ciaddr = "0.0.0.0") => ({
      type,
      xid,
      atSeconds,
      ciaddr,
      destination: "255.255.255.255",
    });
    assert.deepEqual(againProblems([say("discover", 0), say("discover", 4.9), say("discover", 13.5)], 4), { looked: 2, problems: [] });
    assert.equal(againProblems([say("discover", 0), say("discover", 2.5)], 4).problems.length, 1, "too soon");
    assert.equal(againProblems([say("discover", 0), say("discover", 4), say("discover", 8)], 4).problems.length, 1, "not doubled");
    const leased = [say("discover", 0), say("request", 1), say("ack", 1.1)];
    assert.equal(boundProblems(leased, [{ atSeconds: 1.2, address: "192.0.2.1", gone: false }], 1).length, 0);
    assert.equal(boundProblems(leased, [{ atSeconds: 3, address: "192.0.2.1", gone: false }], 1).length, 1, "late");
    assert.equal(boundProblems(leased, [], 1).length, 1, "never");
    assert.equal(leaseProblems([...leased, say("request", 9, "2", "192.0.2.1")], KEA_TIMES).problems.length, 1, "T1 missed, and to everybody");
    const renewal = (atSeconds: number) => ({ ...say("request", atSeconds, "3", "192.0.2.1"), destination: SERVER_ADDRESS });
    const late = [say("discover", 0), say("request", 1), say("ack", 12.5), say("request", 13.3, "2", "192.0.2.1"), renewal(13.4)];
    assert.deepEqual(leaseProblems(asSaid(late, [13.1]), KEA_TIMES), { looked: 2, problems: [] }, "said before T2, left behind what was said at T2");
    const both = [say("request", 1), say("ack", 12.4), say("request", 13.05, "2", "192.0.2.1"), say("request", 13.1, "3", "192.0.2.1")];
    assert.deepEqual(leaseProblems(both, KEA_TIMES), { looked: 2, problems: [] }, "T1 was over at the start, and T2 came");
    assert.equal(leaseProblems([...both, say("request", 13.2, "4", "192.0.2.1")], KEA_TIMES).problems.length, 1, "thrice");
    assert.equal(leaseProblems(asSaid([...late, renewal(13.5)], [13.1]), KEA_TIMES).problems.length, 1, "twice");
    assert.equal(leaseProblems(asSaid([...leased, renewal(9)], [8.8]), KEA_TIMES).problems.length, 1, "T1 missed");
    assert.deepEqual(leaseProblems(asSaid([...leased, renewal(9)], [6, 7, 8]), KEA_TIMES).problems, [], "said at T1, left when ARP was answered");
  }),
);
