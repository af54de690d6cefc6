/** The DHCPv6 server at work on a disk of the test's: what is changed is done when it is durable, and a full disk is said once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { instant } from "../../../src/base/time.ts";
import type { LeaseOutcome } from "../../../src/ports/leases.ts";
import type { DiskState } from "../../../src/ports/store.ts";
import { dhcp6Pools } from "../../../src/services/lan/dhcp6-config.ts";
import { Dhcp6Service } from "../../../src/services/lan/dhcp6-service.ts";
import { Offers } from "../../../src/services/leases/offers.ts";
import { SimClock, Timeline } from "../../../src/sim/clock.ts";
import { KEY, tableOf } from "../leases/support.ts";
import { client, ip, LAN_ADDRESS, SERVER } from "./dhcp6-server/support.ts";

class Scene {
  readonly timeline = new Timeline();
  readonly logged: string[] = [];
  readonly service: Dhcp6Service;
  state: DiskState = "open";
  takesMore = true;
  written = 0;
  #durable: (() => void)[] = [];

  constructor() {
    const scene = this;
    this.service = new Dhcp6Service(
      {
        clock: new SimClock(this.timeline, 1),
        log: { write: (level, event) => this.logged.push(`${level} ${event}`) },
        routes: { add: () => undefined, remove: () => undefined },
        dhcp6: {
          replies: (out) => {
            this.written += out.images;
          },
          disk: {
            get takesMore() {
              return scene.takesMore;
            },
            look: () => this.state,
            settled: (done) => void this.#durable.push(done),
          },
        },
        nameOf: () => "lan0",
      },
      { table: tableOf(), offers: new Offers(KEY), key: KEY },
    );
    const dhcp6 = { mode: "server", pools: dhcp6Pools() } as const;
    this.service.configure({
      duid: SERVER,
      interfaces: [{ name: "lan0", number: 1, router: undefined, dhcp6 }],
      relayedLinks: [],
      classes: [],
      hosts: [],
    });
    this.service.server.setAddresses("lan0", [LAN_ADDRESS]);
  }

  durable(): void {
    for (const done of this.#durable.splice(0)) done();
  }

  put(): { readonly told: (readonly LeaseOutcome[] | undefined)[] } {
    const told: (readonly LeaseOutcome[] | undefined)[] = [];
    const until = { startSeconds: 0, preferredUntilSeconds: 0xffffffff, validUntilSeconds: 0xffffffff };
    const lease = {
      kind: "address",
      address: ip("2001:db8:1::77"),
      prefixLength: 128,
      link: "lan0",
      state: "bound",
      client: client(1).duid,
    } as const;
    this.service.change({ put: [{ ...lease, iaid: 1, hostName: "", ...until }], remove: [] }, (outcomes) => told.push(outcomes));
    return { told };
  }
}

test("a change is said to be done when it is durable, and not before", () => {
  const scene = new Scene();
  const { told } = scene.put();
  assert.deepEqual([told, scene.written], [[], 1]);
  scene.durable();
  assert.deepEqual(told, [["done"]]);
});

test("where the disk does not keep up nothing is changed, and whoever asked may ask again; where it is full that is said", () => {
  const scene = new Scene();
  scene.takesMore = false;
  assert.deepEqual(scene.put().told, [undefined]);
  scene.takesMore = true;
  scene.state = "full";
  assert.deepEqual(scene.put().told, [["disk-full"]]);
  assert.equal(scene.written, 0);
});

test("a disk that fills up, and has room again, is said once each, loudly, without a packet", () => {
  const scene = new Scene();
  const wait = (): void => scene.timeline.runUntil(instant(scene.timeline.now + 1000));
  wait();
  scene.state = "full";
  wait();
  assert.deepEqual([scene.logged, scene.service.disk], [["error diskFull"], "full"]);
  scene.state = "open";
  wait();
  assert.deepEqual([scene.logged, scene.service.disk], [["error diskFull", "info diskHasRoom"], "open"]);
});
