/** What holds whatever comes: random lives of addresses on a link. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addressRegistration } from "../../../src/machines/address-registration/registration.ts";
import { ADDRESS, LOCAL, PRIVATE, Timeline } from "./timeline.ts";

const address = fc.constantFrom(ADDRESS, LOCAL, PRIVATE);
const seconds = fc.constantFrom(0, 1, 2, 10, 60, 600, 3600, 86_400, undefined);
const happening = fc.oneof(
  { weight: 4, arbitrary: fc.record({ what: fc.constant("wait" as const), seconds: fc.constantFrom(0, 0.001, 1, 5, 60, 700, 5000) }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant("has" as const), address, seconds }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("answer" as const), ours: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("gone" as const), address }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("willing" as const) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("link" as const) }) },
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

function live(line: Timeline, one: Happening): void {
  if (one.what === "wait") line.at(line.now / 1000 + one.seconds);
  else if (one.what === "has") line.has(one.address, one.seconds);
  else if (one.what === "gone") line.happens({ kind: "address-gone", address: one.address });
  else if (one.what === "willing") line.willing();
  else if (one.what === "link") line.happens({ kind: "link" });
  else if (line.sent.length > 0) line.answered(one.ours ? {} : { transactionId: 0 });
}
const lives = fc.array(happening, { maxLength: 200, size: "max" });

test("whatever happens: twenty messages at once, then one a second, and none without a server that wants them", () => {
  let most = 0;
  fc.assert(
    fc.property(lives, (happenings) => {
      const line = new Timeline(false);
      let isWanted = false;
      for (const one of happenings) {
        const before = line.sent.length;
        if (one.what === "willing") isWanted = true;
        live(line, one);
        if (one.what === "link") isWanted = false;
        if (!isWanted) assert.equal(line.sent.length, before, "told although nobody wants it");
      }
      for (const { at } of line.sent) {
        const within = line.sent.filter((other) => other.at >= at && other.at <= at + 60).length;
        assert.ok(within <= 20 + 60 + 1, `${within} messages in a minute`);
      }
      most = Math.max(most, line.sent.length);
    }),
    { numRuns: 200 },
  );
  assert.ok(most > 20, `the lives of this test speak: ${most} messages at most`);
});

test("an address that servers were told of is never believed over while it lives, if they answer (RFC 9686 §4.6.1)", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 100, max: 90_000 })), { maxLength: 30 }), (changes) => {
      const line = new Timeline(false).has(ADDRESS, 3600).willing().answered();
      let [believedUntil, endsAt] = [3600, 3600];
      const tick = (until: number): void => {
        while (addressRegistration.deadline(line.state) / 1000 <= until) {
          const [due, before] = [addressRegistration.deadline(line.state) / 1000, line.sent.length];
          assert.ok(due <= believedUntil, "told before they forget it");
          line.at(due + 0.001); // what a division takes away must not keep it from being due
          for (const { at, told } of line.sent.slice(before)) believedUntil = at + told.validSeconds;
          if (line.sent.length > before) line.answered();
        }
        line.at(until);
      };
      for (const [pause, valid] of changes) {
        const now = line.now / 1000 + pause;
        tick(now);
        if (now >= Math.min(endsAt, believedUntil)) return;
        endsAt = now + valid;
        line.has(ADDRESS, valid);
      }
    }),
    { numRuns: 300 },
  );
});

test("a deadline that has come leads to one that has not, however often it is asked", () => {
  fc.assert(
    fc.property(lives, (happenings) => {
      const line = new Timeline(false);
      for (const one of happenings) {
        live(line, one);
        line.happens({ kind: "deadline" });
        assert.ok(addressRegistration.deadline(line.state) > line.now, "nothing is due twice");
      }
    }),
    { numRuns: 300 },
  );
});
