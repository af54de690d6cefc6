import assert from "node:assert/strict";
import { test } from "node:test";
import { townOf } from "../../src/sim/town.ts";

const SEEDS: readonly number[] = [1, 2, 3, 4, 5, 6];

for (const seed of SEEDS) {
  test(`town ${seed}: uplink4, uplink6, lan and directory keep their promises on one clock`, () => {
    const town = townOf(seed);
    const { violation, story } = town.run();
    assert.equal(violation, undefined, [...story.slice(-40), ...town.office.story.lines.slice(-20)].join("\n"));
    assert.ok(town.office.ldap.versions.length > 3, "people came and went");
  });
}

test("control: a directory that stays busy is found in a town", () => {
  const town = townOf(1);
  town.office.at(600, () => {
    Object.defineProperty(town.office.ldap, "mode", { get: () => "busy", set: () => undefined });
  });
  assert.match(town.run().violation ?? "nothing was found", /is the newest/);
});

test("control: a provider with nothing left is found in a town", () => {
  const town = townOf(2);
  town.street.at(600, () => {
    Object.defineProperty(town.street.provider, "mode", { get: () => "none", set: () => undefined });
    town.street.provider.forget();
  });
  assert.match(town.run().violation ?? "nothing was found", /every gateway and every host/);
});
