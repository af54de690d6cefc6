import assert from "node:assert/strict";
import { test } from "node:test";
import { CHECKERS } from "../../src/sim/checkers.ts";
import { simulate } from "../../src/sim/world.ts";

test("one client gets one lease, renews it at T1 and holds what the provider promised (RFC 2131 §3.1, §4.4.5)", () => {
  const world = simulate({ seed: 1, clients: 1, minutes: 10, faults: [], provider: { leaseSeconds: 300 } }).always(...CHECKERS);
  const { violation, story } = world.run();
  assert.equal(violation, undefined, story.join("\n"));
  const [gateway] = world.gateways;
  assert.ok(gateway !== undefined);
  const held = gateway.kernel.on(gateway.link);
  assert.equal(held?.address, "198.18.0.100");
  assert.deepEqual(gateway.kernel.routes(gateway.link), [{ destination: "0.0.0.0/0", gateway: "198.18.0.1" }]);
  assert.ok(story.some((line) => line.includes("bound → renewing")));
  assert.ok(!story.some((line) => line.includes("rebinding")));
});
