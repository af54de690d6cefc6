/** What happens to leases, told to whoever listens: when it is durable, bounded, and not gathered for nobody. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv6Bytes } from "../../../src/base/ipv6.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { instant } from "../../../src/base/time.ts";
import type { LeaseEvent } from "../../../src/ports/leases.ts";
import { ReplyBatch } from "../../../src/services/lan/dhcp6-server/batch.ts";
import { HAPPENED } from "../../../src/services/lan/dhcp6-server/happenings.ts";
import { LeaseEvents } from "../../../src/services/lan/lease-events.ts";
import { STATE } from "../../../src/services/leases/table.ts";
import { SimClock, Timeline } from "../../../src/sim/clock.ts";
import { iaAddress, iaNa, iaPd } from "../../../src/wire/dhcp6/leases.ts";
import { tableOf } from "../leases/support.ts";
import { Bed, client, ip, NOW } from "./dhcp6-server/support.ts";

class Scene {
  readonly timeline = new Timeline();
  readonly told: LeaseEvent[] = [];
  readonly events: LeaseEvents;
  areThere = true;
  takes = true;
  #durable: (() => void)[] = [];

  constructor() {
    const scene = this;
    this.events = new LeaseEvents({
      clock: new SimClock(this.timeline, 1),
      listeners: {
        get areThere() {
          return scene.areThere;
        },
        tell: (events) => {
          if (scene.takes) scene.told.push(...events);
          return scene.takes;
        },
      },
      disk: { takesMore: true, look: () => "open", settled: (done) => void this.#durable.push(done) },
      nameOf: (link) => (link === 100 ? "lan0" : ""),
    });
  }

  durable(): void {
    for (const done of this.#durable.splice(0)) done();
    this.timeline.runUntil(instant(this.timeline.now + 60_000));
  }

  records(): readonly Readonly<Record<string, unknown>>[] {
    return this.told.map(({ record }) => JSON.parse(new TextDecoder().decode(record)) as Readonly<Record<string, unknown>>);
  }
}

test("commit, renewal, release, decline, end and removal of a lease each have a name, in their order", () => {
  const bed = new Bed();
  const scene = new Scene();
  bed.replies.happened.isHeard = true;
  const take = (): void => scene.events.take(bed.replies.happened, bed.now);
  const asked = { iaNa: [iaNa({ iaid: 1 })] };
  const given = bed.ask(1, "request", asked).message.options.iaNa?.[0]?.options.iaAddress?.[0]?.address;
  take();
  assert.ok(given !== undefined);
  const held = { iaNa: [iaNa({ iaid: 1, iaAddress: [iaAddress(given)] })] };
  bed.ask(1, "renew", held);
  take();
  bed.now += 1000;
  bed.ask(1, "renew", held);
  take();
  bed.ask(1, "release", held);
  take();
  bed.ask(1, "request", held);
  take();
  bed.ask(1, "decline", held);
  take();
  bed.ask(2, "request", { iaPd: [iaPd({ iaid: 9 })] });
  take();
  bed.now += 3700;
  bed.replies.clear();
  bed.server.sweep({ seconds: bed.now }, 1000, bed.replies);
  take();
  bed.ask(3, "request", asked);
  take();
  bed.replies.clear();
  bed.server.change({ put: [], remove: [{ address: leased(scene, bed), prefixLength: 128 }] }, { seconds: bed.now }, bed.replies);
  take();
  for (let i = 0; i < 10; i++) scene.durable();
  const names = scene.told.map(({ event }) => event);
  assert.deepEqual(names, [
    ...[
      "lease-commit",
      "lease-renew",
      "lease-release",
      "lease-commit",
      "lease-decline",
      "lease-commit",
      "lease-expire",
      "lease-commit",
      "lease-reclaim",
    ],
  ]);
  const [first] = scene.records();
  assert.deepEqual(first, {
    ...{ interface: "lan0", family: "ipv6", event: "lease-commit", at: new Date(1000 * NOW).toISOString() },
    lease: {
      ...{ address: given, client: client(1).duid, iaid: 1, hostName: null, preferredSeconds: 1800, validSeconds: 3600 },
      validUntil: new Date(1000 * (NOW + 3600)).toISOString(),
    },
  });
  const declined = scene.records()[4]?.["lease"] as { readonly client: string };
  assert.equal(declined.client, client(1).duid, "told before it is nobody's");
});

/** The address of the client that was served last. */
function leased(scene: Scene, bed: Bed): ReturnType<typeof ip> {
  for (let i = 0; i < 10; i++) scene.durable();
  const { lease } = (scene.records().at(-1) ?? {}) as { readonly lease?: { readonly address: string; readonly client: string } };
  assert.equal(lease?.client, client(3).duid, `${bed.now}`);
  return ip(lease.address);
}

test("nothing is told before it is durable, and what comes meanwhile waits for the next time", () => {
  const bed = new Bed();
  const scene = new Scene();
  bed.replies.happened.isHeard = true;
  for (const n of [1, 2]) {
    bed.ask(n, "request", { iaNa: [iaNa({ iaid: 1 })] });
    scene.events.take(bed.replies.happened, NOW);
  }
  scene.timeline.runUntil(instant(scene.timeline.now + 60_000));
  assert.equal(scene.told.length, 0);
  scene.durable();
  assert.equal(scene.told.length, 1);
  scene.durable();
  assert.equal(scene.told.length, 2);
});

test("where nobody listens nothing is kept; where nobody keeps up, what is more than the limit is dropped and counted", () => {
  const table = tableOf();
  const row = table.insert(100, 3, 1, Uint8Array.of(0, 3, 0, 1, 1), 0, 5, ipv6Bytes(ip("2001:db8::1")), 0, 128, STATE.bound);
  assert.ok(typeof row === "number");
  const out = new ReplyBatch({ slots: 4, arenaBytes: 65_536 });
  out.happened.add(HAPPENED.commit, table, row);
  assert.deepEqual([out.happened.count, out.happened.images.length], [0, 0]);
  out.happened.isHeard = true;
  const scene = new Scene();
  for (let batch = 0; batch < 100; batch++) {
    out.clear();
    for (let i = 0; i < 100; i++) out.happened.add(HAPPENED.renew, table, row);
    scene.events.take(out.happened, NOW);
  }
  for (let i = 0; i < 100; i++) scene.durable();
  assert.ok(scene.told.length <= LIMITS.leaseEventsWaiting);
  assert.equal(scene.told.length + scene.events.lost, 10_000);
  scene.takes = false;
  scene.events.take(out.happened, NOW);
  scene.durable();
  assert.equal(scene.told.length + scene.events.lost, 10_100);
});

test("routes are told with their prefix and way, and to nobody when nobody listens", () => {
  const scene = new Scene();
  const route = { link: 7, name: "lan0", prefix: "2001:db8:100::/56", via: "fe80::1" } as unknown as Parameters<LeaseEvents["routes"]>[0][number];
  scene.events.routes(
    [
      { ...route, add: true },
      { ...route, add: false },
    ],
    NOW,
  );
  assert.deepEqual(
    scene.records().map(({ event, route: told }) => [event, told]),
    [
      ["pd-route-add", { prefix: "2001:db8:100::/56", via: "fe80::1" }],
      ["pd-route-del", { prefix: "2001:db8:100::/56", via: null }],
    ],
  );
  scene.areThere = false;
  scene.events.routes([{ ...route, add: true }], NOW);
  assert.equal(scene.told.length, 2);
});
