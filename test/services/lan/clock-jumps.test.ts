/** The wall clock is set wrong, set right, or is not there at all: leases end when they were to, and nobody is given what somebody has. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv6Bytes } from "../../../src/base/ipv6.ts";
import { instant } from "../../../src/base/time.ts";
import { PacketBatch, type ReplyBatch } from "../../../src/services/lan/dhcp6-server/batch.ts";
import { Dhcp6Service } from "../../../src/services/lan/dhcp6-service.ts";
import { WallSeconds } from "../../../src/services/lan/wall-seconds.ts";
import { applyImage } from "../../../src/services/leases/images.ts";
import { Offers } from "../../../src/services/leases/offers.ts";
import type { LeaseTable } from "../../../src/services/leases/table.ts";
import { EPOCH_MS, SimClock, Timeline } from "../../../src/sim/clock.ts";
import { type IaNa, iaAddress, iaNa } from "../../../src/wire/dhcp6/leases.ts";
import { type Dhcp6ClientKind, decodeDhcp6, encodeDhcp6, isRelayMessage } from "../../../src/wire/dhcp6/message.ts";
import { KEY, tableOf } from "../leases/support.ts";
import { client, LAN, LAN_ADDRESS, POOLS, replyBytes, SERVER, said } from "./dhcp6-server/support.ts";

const DAY_MS = 86_400_000;
const VALID_SECONDS = 3600;

test("seconds go on with the machine's uptime, whatever the wall clock is set to meanwhile", () => {
  const timeline = new Timeline();
  const clock = new SimClock(timeline, 1);
  const wall = new WallSeconds(clock, 0);
  const begun = wall.now();
  for (const offsetMs of [-DAY_MS, 30 * DAY_MS, 0]) {
    clock.setWall(offsetMs);
    timeline.runUntil(instant(timeline.now + 10_000));
    assert.equal(wall.now() - begun, timeline.now / 1000);
  }
});

test("a machine that starts in 1970 dates its leases behind the newest it finds", () => {
  const clock = new SimClock(new Timeline(), 1);
  clock.setWall(-EPOCH_MS);
  assert.equal(new WallSeconds(clock, 1_900_000_000).now(), 1_900_000_000);
  clock.setWall(0);
  assert.equal(new WallSeconds(clock, 1_000_000_000).now(), EPOCH_MS / 1000);
});

/** A life of the server on a machine whose wall clock is off by so much. */
class Life {
  readonly timeline = new Timeline();
  readonly clock = new SimClock(this.timeline, 1);
  readonly table: LeaseTable = tableOf();
  /** All that was written. */
  readonly journal: Uint8Array[];
  readonly #service: Dhcp6Service;
  #replies: Uint8Array[] = [];

  constructor(wallOffsetMs: number, found: readonly Uint8Array[] = []) {
    this.clock.setWall(wallOffsetMs);
    this.journal = [...found];
    for (const images of found) for (let at = 0; at < images.length; ) at += applyImage(this.table, images, at, images.length);
    const routes = { add: () => undefined, remove: () => undefined };
    const dhcp6 = { replies: (out: ReplyBatch) => this.#took(out) };
    const log = { write: () => undefined };
    this.#service = new Dhcp6Service(
      { clock: this.clock, log, routes, nameOf: () => "lan0", dhcp6 },
      { table: this.table, offers: new Offers(KEY), key: KEY },
    );
    const pools = { ...POOLS, prefixes: [], validSeconds: VALID_SECONDS, preferredSeconds: VALID_SECONDS };
    const lan = { name: "lan0", number: 1, router: undefined, dhcp6: { mode: "server", pools } } as const;
    this.#service.configure({ duid: SERVER, interfaces: [lan], relayedLinks: [], classes: [], hosts: [] });
    this.#service.server.setIndex("lan0", LAN);
    this.#service.server.setAddresses("lan0", [LAN_ADDRESS]);
  }

  /** What a client is told of its one address, in time of this machine. */
  ask(n: number, kind: Dhcp6ClientKind, wish?: IaNa): { readonly address: IaNa["options"]; readonly ia: IaNa } {
    const batch = new PacketBatch({ slots: 1, arenaBytes: 1024 });
    const bytes = encodeDhcp6(said(n, kind, { iaNa: [wish ?? iaNa({ iaid: 1 })] }));
    assert.ok(batch.add(bytes, { link: LAN, address: ipv6Bytes(client(n).address), port: 546, multicast: true }));
    this.#replies = [];
    this.#service.serve(batch);
    const message = decodeDhcp6(this.#replies[0] ?? assert.fail(JSON.stringify(this.#service.server.view().refused)));
    assert.ok(!isRelayMessage(message));
    const ia = message.options.iaNa?.[0] ?? assert.fail("no IA");
    return { address: ia.options, ia };
  }

  pass(seconds: number): void {
    this.timeline.runUntil(instant(this.timeline.now + seconds * 1000));
  }

  #took(out: ReplyBatch): void {
    this.journal.push(out.journal.slice(0, out.journalEnd));
    for (let row = 0; row < out.count; row++) this.#replies.push(replyBytes(out, row));
  }
}

const givenIn = ({ address: { iaAddress: [given] = [] } }: ReturnType<Life["ask"]>) => given ?? assert.fail("no address");

test("a clock that is set back or forward in mid-life changes no lease: it is renewed as it was, and ends when it was to", () => {
  for (const jumpMs of [-400 * DAY_MS, 400 * DAY_MS]) {
    const life = new Life(0);
    const held = givenIn(life.ask(1, "request"));
    life.clock.setWall(jumpMs);
    life.pass(1000);
    const renewed = givenIn(life.ask(1, "renew", iaNa({ iaid: 1, iaAddress: [iaAddress(held.address)] })));
    assert.deepEqual([renewed.address, renewed.validSeconds], [held.address, VALID_SECONDS]);
    const theirs = givenIn(life.ask(2, "request", iaNa({ iaid: 1, iaAddress: [iaAddress(held.address)] })));
    assert.notEqual(theirs.address, held.address);
    life.pass(VALID_SECONDS + 6);
    assert.equal(givenIn(life.ask(3, "request", iaNa({ iaid: 1, iaAddress: [iaAddress(held.address)] }))).address, held.address);
  }
});

test("a life that begins with its clock far behind gives away nothing that was promised in the one before, and its leases are known", () => {
  const before = new Life(0);
  const held = givenIn(before.ask(1, "request"));
  const after = new Life(-EPOCH_MS, before.journal);
  const theirs = givenIn(after.ask(2, "request", iaNa({ iaid: 1, iaAddress: [iaAddress(held.address)] })));
  assert.notEqual(theirs.address, held.address);
  assert.equal(givenIn(after.ask(1, "renew", iaNa({ iaid: 1, iaAddress: [iaAddress(held.address)] }))).address, held.address);
  assert.equal(after.table.count, 2);
});

test("a life that begins years later by its clock knows the client again, and lets it go on", () => {
  const before = new Life(0);
  const held = givenIn(before.ask(1, "request"));
  const after = new Life(700 * DAY_MS, before.journal);
  const renewed = givenIn(after.ask(1, "renew", iaNa({ iaid: 1, iaAddress: [iaAddress(held.address)] })));
  assert.deepEqual([renewed.address, renewed.validSeconds], [held.address, VALID_SECONDS]);
});
