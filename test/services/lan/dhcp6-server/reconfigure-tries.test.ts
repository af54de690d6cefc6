/** Who is told when: eight queues against a list that knows the times. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Duid } from "../../../../src/base/duid.ts";
import { REC_MAX_RC, ReconfigureTries, type Told } from "../../../../src/services/lan/dhcp6-server/reconfigure-tries.ts";

const told = (n: number): Told => ({ link: 1, duid: `00ff0${n}` as Duid, purpose: 5, row: n });

test("whatever begins, is answered or cannot be told, each client is told when its time comes and never more than eight times", () => {
  const step = fc.record({
    does: fc.constantFrom("begin", "answered", "pass", "pass", "pass"),
    n: fc.nat(5),
    seconds: fc.integer({ min: 1, max: 100 }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 80 }), (steps) => {
      const tries = new ReconfigureTries();
      const model = new Map<number, { count: number; due: number }>();
      let now = 1000;
      const second = (): void => {
        const seen: number[] = [];
        tries.due(
          now,
          1000,
          ({ row }, count) => {
            seen.push(row);
            assert.equal(count, (model.get(row)?.count ?? 0) + 1);
            return row !== 5; // who cannot be told any more
          },
          ({ row }) => assert.equal(model.get(row)?.count, REC_MAX_RC),
        );
        const due = [...model].filter(([, one]) => one.due <= now);
        assert.deepEqual(
          seen.sort(),
          due
            .filter(([, one]) => one.count < REC_MAX_RC)
            .map(([n]) => n)
            .sort(),
        );
        for (const [n, { count }] of due) {
          if (count === REC_MAX_RC || n === 5) model.delete(n);
          else model.set(n, { count: count + 1, due: now + 2 * 2 ** count });
        }
      };
      for (const { does, n, seconds } of steps) {
        if (does === "begin") {
          tries.begin(told(n), now);
          model.set(n, { count: 0, due: now });
        } else if (does === "answered") assert.equal(tries.answered(1, told(n).duid)?.tries, model.get(n)?.count);
        if (does === "answered") model.delete(n);
        for (let i = 0; does === "pass" && i < seconds; i++, now++) second();
        assert.equal(tries.count, model.size);
      }
    }),
    { numRuns: 200 },
  );
});

test("what is written down of them goes on in another one as it would have", () => {
  const tries = new ReconfigureTries();
  for (let n = 0; n < 5; n++) tries.begin(told(n), 1000 + n);
  const run = (one: ReconfigureTries, from: number): readonly string[] => {
    const said: string[] = [];
    for (let now = from; now < 2000; now++)
      one.due(
        now,
        2,
        ({ row }, count) => said.push(`${now} ${row} ${count}`) > 0,
        ({ row }) => void said.push(`${now} ${row} over`),
      );
    return said;
  };
  for (let now = 1000; now < 1050; now++)
    tries.due(
      now,
      2,
      () => true,
      () => undefined,
    );
  const twin = new ReconfigureTries();
  twin.restore(tries.state());
  const said = run(tries, 1050);
  assert.ok(said.length > 15);
  assert.deepEqual(run(twin, 1050), said);
});
