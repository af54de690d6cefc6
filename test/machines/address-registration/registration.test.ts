import assert from "node:assert/strict";
import { test } from "node:test";
import type { Duid } from "../../../src/base/duid.ts";
import type { Ipv6Address } from "../../../src/base/ipv6.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { addressRegistration } from "../../../src/machines/address-registration/registration.ts";
import type { RegistrationIgnoreReason } from "../../../src/machines/address-registration/state.ts";
import { iaAddress } from "../../../src/wire/dhcp6/leases.ts";
import { encodeDhcp6 } from "../../../src/wire/dhcp6/message.ts";
import { toHex } from "../../../src/base/hex.ts";
import { ADDRESS, DUID, LOCAL, PRIVATE, registered, Timeline } from "./timeline.ts";

const numbered = (i: number): Ipv6Address => `2001:db8:1::${(i + 0x100).toString(16)}` as Ipv6Address;
const awaited = (): Timeline => new Timeline().has(ADDRESS, 3600, 1800).willing();

test("nothing is told before a server of the link says that it wants to know (RFC 9686 §4.4)", () => {
  assert.deepEqual(new Timeline().has(ADDRESS, 3600).has(LOCAL, undefined).at(100_000).tells(), []);
});

test("when a server is willing, every address in use is told at once, from itself (RFC 9686 §4.2, §4.4)", () => {
  const line = new Timeline().has(ADDRESS, 3600, 1800).has(LOCAL, undefined).at(100).willing();
  assert.deepEqual(line.tells(), ["100 2001:db8:1::a 1700/3500", "100 fd00:1::a 4294967295/4294967295"]);
});

test("an address that comes later is told when it comes; one that was there before is not told again for it", () => {
  assert.deepEqual(registered().at(50).has(PRIVATE, 7200, 0).tells(), ["50 2001:db8:1::b 0/7200"]);
});

test("the message holds client identifier, address and elapsed time, and nothing else (RFC 9686 §4.2)", () => {
  const [told] = awaited().sent;
  assert.ok(told !== undefined, "one message");
  const id = told.message.transactionId.toString(16).padStart(6, "0");
  assert.equal(toHex(encodeDhcp6(told.message)), `24${id}00010012${DUID}0005001820010db800010000000000000000000a0000070800000e10000800020000`);
});

test("link-local addresses, groups and addresses that are over are never told (RFC 9686 §4.2)", () => {
  const line = new Timeline().willing();
  for (const address of ["fe80::1", "ff02::1", "::1", "::"]) line.has(address as Ipv6Address, 3600);
  assert.deepEqual(line.has(ADDRESS, 0).at(10_000).tells(), []);
});

test("without an answer it is told three times, with the same transaction and what is left by then, and then left (RFC 9686 §4.5)", () => {
  const line = awaited().at(500);
  const [first, second, third] = line.sent;
  assert.equal(new Set(line.sent.map(({ message }) => message.transactionId)).size, 1);
  assert.deepEqual(
    [first, second, third].map((told) => told?.message.options.elapsedHundredths),
    [0, 100, 300],
  );
  assert.deepEqual(line.tells(), ["0 2001:db8:1::a 1800/3600", "1 2001:db8:1::a 1799/3599", "3 2001:db8:1::a 1797/3597"]);
});

test("what no server answered is told anew when its refresh would be due, with a new transaction", () => {
  const line = awaited().at(500);
  const [before] = line.sent.splice(0);
  assert.deepEqual(line.at(2890).sent.length, 3);
  assert.notEqual(line.sent[0]?.message.transactionId, before?.message.transactionId);
  assert.deepEqual(line.tells()[0], "2880 2001:db8:1::a 0/720");
});

test("an answer ends it: no refresh while the address ends when servers expect it (RFC 9686 §4.6.1)", () => {
  assert.deepEqual(registered().at(100_000).tells(), []);
});

const WRONG: readonly (readonly [string, RegistrationIgnoreReason, (line: Timeline) => Timeline])[] = [
  ["of another transaction", "registration-not-awaited", (line) => line.answered({ transactionId: 1 })],
  ["that is a Reply", "registration-not-awaited", (line) => line.answered({ kind: "reply" })],
  ["for another client", "registration-other-client", (line) => line.answered({ clientId: "00030001020000000009" as Duid })],
  ["sent to another address", "registration-other-address", (line) => line.answered({ to: LOCAL })],
  ["about another address", "registration-other-address", (line) => line.answered({ iaAddress: [iaAddress(LOCAL)] })],
  ["about no address", "registration-other-address", (line) => line.answered({ iaAddress: [] })],
  ["about two", "registration-other-address", (line) => line.answered({ iaAddress: [iaAddress(ADDRESS), iaAddress(LOCAL)] })],
];
for (const [what, reason, answer] of WRONG) {
  test(`an answer ${what} is ${reason} and changes nothing (RFC 9686 §4.3)`, () => {
    const line = awaited();
    const before = line.state;
    answer(line);
    assert.deepEqual(line.ignored, [reason]);
    assert.equal(line.state, before);
    line.answered();
    assert.equal(addressRegistration.phase(line.state), "quiet");
  });
}

test("an answer that comes twice, or for an address that went, is not awaited", () => {
  const line = awaited().answered().answered();
  assert.deepEqual(line.ignored, ["registration-not-awaited"]);
  const gone = awaited().happens({ kind: "address-gone", address: ADDRESS }).answered();
  assert.deepEqual(gone.ignored, ["registration-not-awaited"]);
  assert.deepEqual(gone.at(100_000).sent.length, 1);
});

test("each of two addresses has a transaction of its own, and one answer ends one of them", () => {
  const line = new Timeline().has(ADDRESS, 3600).has(LOCAL, 3600).willing().answered();
  assert.deepEqual(line.at(100).tells(), [
    "0 2001:db8:1::a 3600/3600",
    "0 fd00:1::a 3600/3600",
    "1 2001:db8:1::a 3599/3599",
    "3 2001:db8:1::a 3597/3597",
  ]);
});

test("a longer life is told when four fifths of the told one are over (RFC 9686 §4.6.1)", () => {
  const line = registered();
  for (let now = 200; now <= 2800; now += 200) line.at(now).has(ADDRESS, 3600);
  assert.deepEqual(line.tells(), []);
  assert.deepEqual(line.at(2880).tells(), ["2880 2001:db8:1::a 3520/3520"]);
});

test("a life cut short is told when four fifths of what is left are over, not later than the old one would have been", () => {
  assert.deepEqual(registered().at(100).has(ADDRESS, 600).at(580).tells(), ["580 2001:db8:1::a 120/120"]);
  assert.deepEqual(registered().at(2900).has(ADDRESS, 3600).at(2900).tells(), ["2900 2001:db8:1::a 3600/3600"]);
});

test("a change by a hundredth is no news, one by more is; back where it was there is nothing to tell", () => {
  assert.deepEqual(registered().at(600).has(ADDRESS, 3030).at(100_000).tells(), []);
  assert.equal(registered().at(600).has(ADDRESS, 3031).at(3000).tells().length, 3);
  assert.deepEqual(registered().at(600).has(ADDRESS, 9000).at(700).has(ADDRESS, 2900).at(100_000).tells(), []);
});

test("an address that never ends is told every four hours (RFC 9686 §4.6.2)", () => {
  const line = new Timeline().has(ADDRESS, undefined).willing().answered().at(14_400).answered().at(28_800);
  const endless = "2001:db8:1::a 4294967295/4294967295";
  assert.deepEqual(line.tells(), [`0 ${endless}`, `14400 ${endless}`, `28800 ${endless}`]);
});

test("what changes while its answer is awaited is told with what it is by then, and counts against what was told last", () => {
  const line = awaited().at(0.5).has(ADDRESS, 7200).at(1);
  assert.deepEqual(line.tells(), ["0 2001:db8:1::a 1800/3600", "1 2001:db8:1::a 7200/7200"]);
  const before = awaited().at(0.5).has(ADDRESS, 7200).answered();
  before.sent.splice(0);
  assert.deepEqual(before.at(2880).tells(), ["2880 2001:db8:1::a 4321/4321"]);
});

test("what is due within a minute goes with what is due now, and nothing beyond (RFC 9686 §4.6.3)", () => {
  const line = new Timeline().willing();
  for (const [at, address] of [
    [0, ADDRESS],
    [50, LOCAL],
    [70, PRIVATE],
  ] as const)
    line.at(at).has(address, 3600).answered();
  for (const address of [ADDRESS, LOCAL, PRIVATE]) line.at(100).has(address, 3600);
  line.sent.splice(0);
  assert.deepEqual(line.at(2880).tells(), ["2880 2001:db8:1::a 820/820", "2880 fd00:1::a 820/820"]);
});

test("a new link is another network: nothing is told until its servers say so, and then everything (RFC 9686 §4.4)", () => {
  const line = registered().at(100).happens({ kind: "link" }).at(5000).has(LOCAL, 3600);
  assert.deepEqual(line.tells(), []);
  assert.equal(addressRegistration.phase(line.state), "silent");
  line.has(ADDRESS, 3600).willing();
  assert.deepEqual(line.tells(), ["5000 fd00:1::a 3600/3600", "5000 2001:db8:1::a 3600/3600"]);
});

test("an answer to what was told before the link went is not awaited", () => {
  const line = awaited().happens({ kind: "link" }).answered();
  assert.deepEqual(line.ignored, ["registration-not-awaited"]);
});

test("willingness that is said again changes nothing (RFC 9686 §4.4)", () => {
  assert.deepEqual(registered().willing().at(2000).tells(), []);
});

test("under a new identity every address is told again; the same identity changes nothing", () => {
  const line = registered().happens({ kind: "configure", config: { duid: DUID } });
  assert.deepEqual(line.tells(), []);
  line.at(10).happens({ kind: "configure", config: { duid: "00030001020000000009" as Duid } });
  assert.deepEqual(line.tells(), ["10 2001:db8:1::a 3590/3590"]);
});

test("with more addresses than LIMITS allows the further ones are counted", () => {
  const line = new Timeline();
  for (let i = 0; i <= LIMITS.registeredAddresses; i++) line.has(numbered(i), 3600);
  assert.equal(line.state.phase.addresses.length, LIMITS.registeredAddresses);
  assert.deepEqual(line.ignored, ["registration-too-many"]);
  line.has(numbered(0), 7200);
  assert.equal(line.ignored.length, 1);
});

test("a burst is bounded: what is too many is counted, and told when it is sent again (RFC 9915 §14.1)", () => {
  const line = new Timeline();
  for (let i = 0; i < 40; i++) line.has(numbered(i), 3600);
  line.willing();
  assert.equal(line.sent.length, 20);
  assert.equal(line.ignored.filter((reason) => reason === "registration-rate-limited").length, 20);
});
