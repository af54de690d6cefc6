/** Persist, then promise: what leaves when, with a disk that is done when the test says so. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LIMITS } from "../../../src/base/limits.ts";
import type { Committer } from "../../../src/ports/store.ts";
import { Promises } from "../../../src/roles/engine-lan/promises.ts";
import { ReplyBatch } from "../../../src/services/lan/dhcp6-server/batch.ts";
import { IMAGE_BYTES } from "../../../src/services/leases/images.ts";
import { LeaseJournal } from "../../../src/services/leases/journal.ts";
import { tableOf } from "../../services/leases/support.ts";

/** Links of answers that are said at once, and of those that wait. */
const NOW = 1;
const HELD = 2;
const SLOTS = 64;

class World {
  /** Bytes of each group that was given to the disk. */
  readonly groups: number[] = [];
  readonly left: number[] = [];
  paused = false;
  readonly promises: Promises;
  #done: (() => void) | undefined;

  constructor() {
    const disk: Committer = {
      busy: false,
      commit: (bytes, done) => {
        assert.equal(this.#done, undefined, "one group at a time");
        this.groups.push(bytes.length);
        this.#done = done;
      },
    };
    const journal = new LeaseJournal(tableOf(), disk, { stamp: new Uint8Array(8), sequence: 0 });
    const sockets = {
      pause: (paused: boolean) => {
        this.paused = paused;
      },
      descriptor: (link: number) => {
        this.left.push(link);
        return undefined;
      },
    };
    this.promises = new Promises(sockets, journal);
  }

  get busy(): boolean {
    return this.#done !== undefined;
  }

  turn(): void {
    const done = this.#done;
    assert.ok(done !== undefined, "something is being written");
    this.#done = undefined;
    done();
  }
}

function batch({ now = 0, held = 0, images = 0 }: { readonly now?: number; readonly held?: number; readonly images?: number }): ReplyBatch {
  const out = new ReplyBatch({ slots: SLOTS, arenaBytes: 65_536 });
  const answer = (link: number, isHeld: boolean): void => {
    out.begin();
    out.u8(7);
    out.finish({ link, port: 546, held: isHeld }, new Uint8Array(16), 0);
  };
  for (let i = 0; i < now; i++) answer(NOW, false);
  for (let i = 0; i < held; i++) answer(HELD, true);
  out.images = images;
  out.journalEnd = images * IMAGE_BYTES;
  return out;
}

test("an offer leaves at once, and nothing is written for it", () => {
  const world = new World();
  world.promises.take(batch({ now: 1 }));
  assert.deepEqual([world.left, world.groups], [[NOW], []]);
});

test("a promise leaves when it is on disk, and not before", () => {
  const world = new World();
  world.promises.take(batch({ now: 1, held: 1, images: 1 }));
  assert.deepEqual([world.left, world.groups.length], [[NOW], 1]);
  world.turn();
  assert.deepEqual(world.left, [NOW, HELD]);
});

test("a promise made while the disk is busy waits for the group it is in", () => {
  const world = new World();
  world.promises.take(batch({ held: 1, images: 1 }));
  world.promises.take(batch({ held: 1, images: 1 }));
  world.turn();
  assert.equal(world.left.length, 1);
  assert.equal(world.groups.length, 2, "the second group is written without being asked for");
  world.turn();
  assert.equal(world.left.length, 2);
});

test("changes that no answer waits for are written too", () => {
  const world = new World();
  world.promises.take(batch({ images: 3 }));
  assert.equal(world.groups.length, 1);
  assert.deepEqual(world.left, []);
});

test("changes that no answer waits for, come while the disk is busy, are in the next group", () => {
  const world = new World();
  world.promises.take(batch({ held: 1, images: 1 }));
  world.promises.take(batch({ images: 3 }));
  assert.equal(world.groups.length, 1);
  world.turn();
  assert.equal(world.groups.length, 2);
  world.turn();
  assert.ok(!world.busy, "and then there is nothing more to write");
});

const MOST = SLOTS + 2 * LIMITS.leasesPerMessage;
function fill(world: World): void {
  for (let batches = 0; !world.paused && batches < 100; batches++) world.promises.take(batch({ images: MOST }));
}

test("where the journal has no room for another batch nothing is read until the disk has caught up", () => {
  const world = new World();
  world.promises.take(batch({ held: 1, images: 1 }));
  fill(world);
  assert.ok(world.paused, "it paused");
  assert.deepEqual(world.promises.dropped.toJSON(), {}, "before anything was lost");
  world.turn();
  assert.ok(!world.paused, "it goes on");
  world.turn();
  assert.ok(!world.busy);
});

test("a batch that the journal has no room for is dropped whole, promises and offers, and counted", () => {
  const world = new World();
  world.promises.take(batch({ held: 1, images: 1 }));
  fill(world);
  const before = world.left.length;
  world.promises.take(batch({ now: 2, held: 3, images: MOST }));
  assert.deepEqual(world.promises.dropped.toJSON(), { answers: 5, changes: MOST });
  assert.equal(world.left.length, before, "nothing of it leaves");
  world.turn();
  world.turn();
  assert.equal(world.left.length, before + 1, "nor later: only what was promised before");
  assert.ok(!world.paused && !world.busy);
});
