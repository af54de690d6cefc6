/** Clients that ask for more than the disk keeps up with: what they were not promised is nobody's, and the journal has all that the table has. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { duidEn } from "../../../src/base/duid.ts";
import { ipv6Bytes } from "../../../src/base/ipv6.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import type { Committer } from "../../../src/ports/store.ts";
import { Promises } from "../../../src/roles/engine-lan/promises.ts";
import { PacketBatch } from "../../../src/services/lan/dhcp6-server/batch.ts";
import { Dhcp6Service } from "../../../src/services/lan/dhcp6-service.ts";
import { applyImage } from "../../../src/services/leases/images.ts";
import { LeaseJournal } from "../../../src/services/leases/journal.ts";
import { Offers } from "../../../src/services/leases/offers.ts";
import { SimClock, Timeline } from "../../../src/sim/clock.ts";
import { iaNa } from "../../../src/wire/dhcp6/leases.ts";
import { encodeDhcp6 } from "../../../src/wire/dhcp6/message.ts";
import { recover } from "../../../src/wire/journal/recover.ts";
import { client, LAN, LAN_ADDRESS, POOLS, SERVER, said } from "../../services/lan/dhcp6-server/support.ts";
import { KEY, leasesIn, tableOf } from "../../services/leases/support.ts";

const STAMP = Uint8Array.from([1, 1, 2, 2, 3, 3, 4, 4]);
const IAS = 64;
/** Datagrams of one read, and reads of one wake of the socket. */
const READ = 64;
const READS = 8;

class World {
  readonly table = tableOf();
  readonly groups: Uint8Array[] = [];
  readonly left: number[] = [];
  readonly service: Dhcp6Service;
  readonly promises: Promises;
  #underWay: { readonly bytes: Uint8Array; readonly done: () => void } | undefined;

  constructor() {
    const disk: Committer = { busy: false, commit: (bytes, done) => this.#begin({ bytes: bytes.slice(), done }) };
    const journal = new LeaseJournal(this.table, disk, { stamp: STAMP, sequence: 0 });
    const descriptor = (link: number): undefined => void this.left.push(link);
    this.promises = new Promises({ pause: () => undefined, descriptor }, journal);
    const { promises } = this;
    this.service = new Dhcp6Service(
      {
        clock: new SimClock(new Timeline(), 1),
        log: { write: () => undefined },
        routes: { add: () => undefined, remove: () => undefined },
        nameOf: () => "lan0",
        dhcp6: {
          replies: (out) => promises.take(out),
          disk: {
            get takesMore() {
              return promises.takesMore;
            },
            look: () => "open",
            settled: (done) => journal.settled(done),
          },
        },
      },
      { table: this.table, offers: new Offers(KEY), key: KEY },
    );
    const pools = { ...POOLS, prefixes: [] };
    this.service.configure({
      duid: SERVER,
      interfaces: [{ name: "lan0", number: 1, router: undefined, dhcp6: { mode: "server", pools } }],
      relayedLinks: [],
      classes: [],
      hosts: [],
    });
    this.service.server.setIndex("lan0", LAN);
    this.service.server.setAddresses("lan0", [LAN_ADDRESS]);
  }

  /** One read of the socket: Requests for so many addresses that images of them fill the journal's group before the read is over. */
  ask(first: number): void {
    const batch = new PacketBatch({ slots: READ, arenaBytes: READ * 2048 });
    for (let n = first; n < first + READ; n++) {
      const clientId = duidEn(
        9,
        Uint8Array.from({ length: 110 }, (_, i) => (i < 4 ? n >>> (8 * i) : 1)),
      );
      const ias = Array.from({ length: IAS }, (_, i) => iaNa({ iaid: i }));
      const bytes = encodeDhcp6(said(n, "request", { clientId, iaNa: ias }));
      assert.ok(batch.add(bytes, { link: LAN, address: ipv6Bytes(client(n % 250).address), port: 546, multicast: true }));
    }
    this.service.serve(batch);
  }

  #begin(write: { readonly bytes: Uint8Array; readonly done: () => void }): void {
    this.#underWay = write;
  }

  turn(): void {
    const write = this.#underWay;
    assert.ok(write !== undefined);
    this.#underWay = undefined;
    this.groups.push(write.bytes);
    write.done();
  }

  get busy(): boolean {
    return this.#underWay !== undefined;
  }
}

test("what the journal had no room for was not changed: after a restart the table is the same, whoever asked again in between", () => {
  const world = new World();
  for (let read = 0; read < READS; read++) world.ask(1 + read * READ);
  assert.equal(world.promises.takesMore, false, "that was more than the disk keeps up with");
  for (let turns = 0; world.busy; turns++) {
    assert.ok(turns < 100);
    world.turn();
  }
  for (let read = 0; read < READS; read++) {
    world.ask(1 + read * READ);
    while (world.busy) world.turn();
  }
  assert.ok(world.left.length > 0 && world.table.count > LIMITS.leasesPerMessage);
  const again = tableOf();
  const segment = new Uint8Array(Buffer.concat(world.groups));
  const recovery = recover({ snapshot: undefined, segments: [{ number: 1, read: () => segment }] }, (bytes, at, end) =>
    applyImage(again, bytes, at, end),
  );
  assert.ok(recovery.ok, JSON.stringify(recovery));
  assert.deepEqual(leasesIn(again).length, leasesIn(world.table).length);
  assert.deepEqual(leasesIn(again), leasesIn(world.table));
});
