import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzz, type Target } from "./fuzz.ts";
import { TARGETS } from "./targets.ts";
import { phasesHeard, UPLINK4 } from "./uplink4.ts";

const RUNS = 2000;

for (const target of TARGETS) {
  test(`${target.name}: ${RUNS} changed inputs give a value or a refusal, and samples give values`, () => {
    const { outcomes, finding } = fuzz(target, { runs: RUNS, seed: 1 });
    assert.equal(finding, undefined, `${finding?.hex}: ${String(finding?.error)}`);
    assert.ok((outcomes.get("value") ?? 0) > RUNS / 100, "hardly anything is understood: the samples are no samples");
    assert.ok(outcomes.size > 1, "nothing is refused");
  });
}

test("uplink4: answers were heard in every phase but of a link that is down", () => {
  assert.equal(fuzz(UPLINK4, { runs: 2 * RUNS, seed: 2 }).finding, undefined);
  assert.equal(phasesHeard.size, 11, [...phasesHeard].join());
});

test("control: a decoder that trusts a length is found", () => {
  const careless: Target = {
    name: "careless",
    what: "reads as many bytes as the first one says",
    samples: () => [Uint8Array.of(2, 7, 7)],
    run: (bytes) => {
      const claimed = bytes[0] ?? 0;
      if (claimed > 200) throw new RangeError("read past the end");
      return "value";
    },
  };
  const { finding } = fuzz(careless, { runs: RUNS, seed: 1 });
  assert.ok(finding?.error instanceof RangeError);
  assert.throws(() => careless.run(Buffer.from(finding.hex, "hex")), RangeError);
});

test("control: a decoder whose time grows out of hand is found", () => {
  const slow: Target = {
    name: "slow",
    what: "waits for whoever sends a zero",
    samples: () => [Uint8Array.of(1, 1, 1)],
    run: (bytes) => {
      const end = performance.now() + (bytes.includes(0) ? 2100 : 0);
      while (performance.now() < end);
      return "value";
    },
  };
  assert.match(String(fuzz(slow, { runs: RUNS, seed: 1 }).finding?.error), /took \d+ ms/);
});

test("the same seed changes the samples in the same way", () => {
  const seen = (seed: number): readonly string[] => {
    const inputs: string[] = [];
    fuzz({ name: "", what: "", samples: () => [Uint8Array.of(1, 2, 3)], run: (bytes) => String(inputs.push(bytes.join())) }, { runs: 50, seed });
    return inputs;
  };
  assert.deepEqual(seen(3), seen(3));
  assert.notDeepEqual(seen(3), seen(4));
});
