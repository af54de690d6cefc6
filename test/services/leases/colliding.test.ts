/** Strangers choose what is hashed: without the process's key they cannot choose where it goes. In numbers of entries compared, not in time. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { collidingIdentifiers, KNOWN_KEY, otherIdentifiers, probesFor } from "./colliding.ts";

/** `bench/colliding-keys.ts` does the same with 100,000. */
const CLIENTS = 4000;
const colliding = collidingIdentifiers(CLIENTS);

test("clients whose keys collide under a known key cost no more than any others under a key that is random", () => {
  for (let run = 0; run < 5; run++) {
    const key = randomBytes(16);
    const [theirs, others] = [probesFor(colliding, key), probesFor(otherIdentifiers(CLIENTS), key)];
    assert.ok(theirs.mean < 2 && theirs.mean < others.mean * 1.2, `${theirs.mean} against ${others.mean}`);
    assert.ok(theirs.most <= 32, String(theirs.most));
  }
});

test("control: with the key they were made for, each costs hundreds", () => {
  const { mean, most } = probesFor(colliding, KNOWN_KEY);
  assert.ok(mean > 200 && most > 500, `${mean}, at most ${most}`);
});
