/** The offer cache: it keeps clients apart for a minute, and never grows. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LIMITS } from "../../../src/base/limits.ts";
import { Offers } from "../../../src/services/leases/offers.ts";
import { bytesOf, KEY, nthLease } from "./support.ts";

type Asked = { readonly address: number; readonly client: number; readonly prefixLength?: number; readonly now?: number };

function put(offers: Offers, { address, client, prefixLength = 128, now = 1000 }: Asked): void {
  const identifier = bytesOf(nthLease(client).identifier);
  offers.put(bytesOf(nthLease(address).address), 0, prefixLength, 1, 3, 5, identifier, 0, identifier.length, now);
}

function isFreeFor(offers: Offers, { address, client, prefixLength = 128, now = 1000 }: Asked): boolean {
  const identifier = bytesOf(nthLease(client).identifier);
  return offers.isFreeFor(bytesOf(nthLease(address).address), 0, prefixLength, 1, 3, 5, identifier, 0, identifier.length, now);
}

test("an address on offer is free for the client that got the offer, and for nobody else", () => {
  const offers = new Offers(KEY);
  assert.ok(isFreeFor(offers, { address: 1, client: 2 }));
  put(offers, { address: 1, client: 1 });
  assert.ok(isFreeFor(offers, { address: 1, client: 1 }));
  assert.ok(!isFreeFor(offers, { address: 1, client: 2 }));
  assert.ok(isFreeFor(offers, { address: 1, client: 2, prefixLength: 64 }));
  assert.ok(isFreeFor(offers, { address: 2, client: 2 }));
});

test("an offer ends after its time, and when it is forgotten", () => {
  const offers = new Offers(KEY);
  put(offers, { address: 1, client: 1, now: 1000 });
  assert.ok(!isFreeFor(offers, { address: 1, client: 2, now: 1000 + LIMITS.offerSeconds - 1 }));
  assert.ok(isFreeFor(offers, { address: 1, client: 2, now: 1000 + LIMITS.offerSeconds }));
  put(offers, { address: 1, client: 1, now: 2000 });
  offers.forget(bytesOf(nthLease(1).address), 0, 128);
  assert.ok(isFreeFor(offers, { address: 1, client: 2, now: 2000 }));
});

test("fifty thousand offers push out older ones, but the newest of each place stands and tells clients apart", () => {
  const offers = new Offers(KEY);
  let standing = 0;
  for (let address = 0; address < 50_000; address++) put(offers, { address, client: 1 });
  for (let address = 0; address < 50_000; address++) {
    assert.ok(isFreeFor(offers, { address, client: 1 }));
    if (!isFreeFor(offers, { address, client: 2 })) standing++;
  }
  assert.ok(standing > 0.9 * LIMITS.offers && standing <= LIMITS.offers, `${standing}`);
});
