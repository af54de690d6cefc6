/** Whoever wants clients to come back hears how many are told: when all were looked at, or after three seconds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LIMITS } from "../../../src/base/limits.ts";
import { instant } from "../../../src/base/time.ts";
import type { ReconfigureAnswer } from "../../../src/ports/reconfigure.ts";
import { ReconfigureDesk } from "../../../src/services/lan/reconfigure-desk.ts";
import { SimClock, Timeline } from "../../../src/sim/clock.ts";

const REQUEST = { link: "lan0", client: undefined, purpose: undefined } as const;

class Scene {
  readonly timeline = new Timeline();
  readonly progress = new Map<number, { readonly told: number; readonly isOver: boolean }>();
  readonly heard: ReconfigureAnswer[] = [];
  round: number | "no-link" | "off" = 1;
  readonly desk = new ReconfigureDesk(
    { reconfigure: () => this.round, reconfigured: (round) => this.progress.get(round) ?? { told: 0, isOver: false } },
    new SimClock(this.timeline, 1),
  );

  ask(round: Scene["round"]): void {
    this.round = round;
    this.desk.ask(REQUEST, (answer) => this.heard.push(answer));
  }

  after(seconds: number): readonly ReconfigureAnswer[] {
    this.timeline.runUntil(instant(this.timeline.now + 1000 * seconds));
    this.desk.look();
    return this.heard;
  }
}

test("what cannot be is said at once", () => {
  const scene = new Scene();
  scene.ask("no-link");
  scene.ask("off");
  assert.deepEqual(
    scene.heard.map(({ outcome }) => outcome),
    ["no-link", "off"],
  );
});

test("each hears of its own round, once it is over: how many are told, or that there is nobody", () => {
  const scene = new Scene();
  scene.ask(1);
  scene.ask(2);
  assert.deepEqual(scene.after(1), []);
  scene.progress.set(2, { told: 7, isOver: true });
  assert.deepEqual(scene.after(0.1), [{ outcome: "told", clients: 7 }]);
  scene.progress.set(1, { told: 0, isOver: true });
  assert.deepEqual(scene.after(0.1).slice(1), [{ outcome: "no-client", clients: 0 }]);
  assert.equal(scene.after(10).length, 2, "and not again");
});

test("a round that takes longer than three seconds is answered with what it has come to", () => {
  const scene = new Scene();
  scene.ask(1);
  scene.progress.set(1, { told: 480, isOver: false });
  assert.deepEqual(scene.after(2.9), []);
  assert.deepEqual(scene.after(0.2), [{ outcome: "more", clients: 480 }]);
});

test("more at once than anybody may ask are not waited for", () => {
  const scene = new Scene();
  for (let round = 1; round <= LIMITS.controlOutstanding + 1; round++) scene.ask(round);
  assert.deepEqual(scene.heard, [{ outcome: "more", clients: 0 }]);
});
