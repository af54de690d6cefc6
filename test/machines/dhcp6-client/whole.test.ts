/** What a DHCPv6 client does beside being delegated prefixes: addresses, information, giving back, being told to ask anew (RFC 9915 §18.2). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ipv6Address, Ipv6Prefix } from "../../../src/base/ipv6.ts";
import { addressWish, prefixWish } from "../../../src/machines/dhcp6-client/config.ts";
import { iaAddress, iaNa, STATUS } from "../../../src/wire/dhcp6/leases.ts";
import { bound, client, ia, PREFIX, SERVER, type Timeline } from "./timeline.ts";

const ADDRESS = "2001:db8:1::10" as Ipv6Address;
const OTHER_ADDRESS = "2001:db8:1::11" as Ipv6Address;
const na = (address: Ipv6Address = ADDRESS, valid = 3600) =>
  iaNa({ iaid: 5, iaAddress: [iaAddress(address, { preferredSeconds: valid / 2, validSeconds: valid })] });
const WISHES = [prefixWish(1, 56), addressWish(5)];

/** Bound at 0 s with a prefix and an address. */
function both(): Timeline {
  const wan = client({ pace: "fast", wishes: WISHES }).at(0).linkUp();
  wan.sends("solicit", { options: { iaNa: [iaNa({ iaid: 5 })] } });
  wan.advertise({ ias: [ia(1)], options: { iaNa: [na()], preference: 255 } }).sends("request");
  return wan
    .reply({ ias: [ia(1)], options: { iaNa: [na()] } })
    .becomes("bound")
    .clear();
}

function addressOnly(): Timeline {
  const wan = client({ pace: "fast", wishes: [addressWish(5)] })
    .at(0)
    .linkUp()
    .sends("solicit");
  return wan
    .advertise({ options: { iaNa: [na()], preference: 255 } })
    .sends("request")
    .reply({ options: { iaNa: [na()] } })
    .becomes("bound")
    .clear();
}

test("an address and a prefix are asked for in one conversation, and renewed together (RFC 9915 §18.2.4)", () => {
  const wan = both();
  assert.deepEqual(
    wan.held?.delegations.map(({ kind, iaid, prefixes }) => [kind, iaid, prefixes[0]?.prefix]),
    [
      ["pd", 1, PREFIX],
      ["na", 5, `${ADDRESS}/128` as Ipv6Prefix],
    ],
  );
  wan.at(900).sends("renew", { options: { iaNa: [iaNa({ iaid: 5, iaAddress: [iaAddress(ADDRESS)] })] } });
});

test("an IA_NA and an IA_PD of one number are two (RFC 9915 §12)", () => {
  const wan = client({ pace: "fast", wishes: [prefixWish(5, 56), addressWish(5)] })
    .at(0)
    .linkUp()
    .sends("solicit");
  wan.advertise({ ias: [ia(5)], options: { iaNa: [na()], preference: 255 } }).sends("request");
  wan.reply({ ias: [ia(5)], options: { iaNa: [na()] } }).becomes("bound");
  assert.equal(wan.held?.delegations.length, 2);
});

test("an address lies in a prefix of the same message: no overlap (RFC 6603 §4)", () => {
  const wan = client({ pace: "fast", wishes: WISHES }).at(0).linkUp().sends("solicit");
  const inside = "2001:db8:100::1" as Ipv6Address;
  wan.advertise({ ias: [ia(1)], options: { iaNa: [na(inside)], preference: 255 } }).sends("request");
  wan
    .reply({ ias: [ia(1)], options: { iaNa: [na(inside)] } })
    .becomes("bound")
    .ignores();
});

test("NoAddrsAvail keeps the prefix: what nobody granted is asked for later (RFC 9915 §18.2.10.1)", () => {
  const wan = client({ pace: "fast", wishes: WISHES }).at(0).linkUp().sends("solicit");
  const none = iaNa({ iaid: 5, status: { code: STATUS.noAddrsAvail, message: "" } });
  wan.advertise({ ias: [ia(1)], options: { iaNa: [none], preference: 255 } }).sends("request");
  wan.reply({ ias: [ia(1)], options: { iaNa: [none] } }).becomes("bound");
  wan.at(600).sends("renew", { options: { iaNa: [iaNa({ iaid: 5 })] } });
});

test("after a change of the link addresses alone are confirmed; a Success keeps their times (RFC 9915 §18.2.3)", () => {
  const wan = addressOnly().linkDown().at(10).linkUp();
  wan.sends("confirm", { options: { iaNa: [iaNa({ iaid: 5, iaAddress: [iaAddress(ADDRESS)] })], serverId: undefined } }).becomes("rebooting");
  wan.reply({ options: { status: { code: STATUS.success, message: "" } } }).becomes("bound");
  wan.nextAt(900);
});

test("NotOnLink to a Confirm: the addresses are of another link, and the search begins (RFC 9915 §18.2.10.2)", () => {
  const wan = addressOnly().linkDown().at(10).linkUp().sends("confirm").clear();
  wan.reply({ options: { status: { code: STATUS.notOnLink, message: "" } } }).sends("solicit");
  assert.deepEqual(
    wan.effects.flatMap((effect) => (effect.kind === "lost" ? [effect.reason] : [])),
    ["withdrawn"],
  );
});

test("silence to a Confirm: the addresses are used on (RFC 9915 §18.2.3)", () => {
  const wan = addressOnly().linkDown().at(10).linkUp();
  wan.runsTo(21).becomes("bound").nextAt(900);
});

test("an address that somebody else uses is declined four times at most, and another one is asked for (RFC 9915 §18.2.8)", () => {
  const wan = both().at(100);
  wan.happens({ kind: "conflict", address: ADDRESS }).sends("decline", { options: { serverId: SERVER, elapsedHundredths: 0 } });
  wan.becomes("declining").holds({ 1: [PREFIX] });
  wan.at(101).sends("decline").at(103).sends("decline").at(107).sends("decline").at(115).sends("renew");
  wan.reply({ ias: [ia(1)], options: { iaNa: [na(OTHER_ADDRESS)] } }).becomes("bound");
  wan.holds({ 1: [PREFIX], 5: [`${OTHER_ADDRESS}/128`] });
});

test("the Reply to a Decline ends it at once", () => {
  const wan = addressOnly().at(100);
  wan.happens({ kind: "conflict", address: ADDRESS }).sends("decline").does("lost", "forget");
  wan.reply({ options: { status: { code: STATUS.success, message: "" } } }).sends("solicit");
});

test("a server that gives a taken address again and again is asked ever more slowly (RFC 9915 §14.1)", () => {
  const wan = addressOnly();
  for (let round = 1; round <= 6; round++) {
    wan.happens({ kind: "conflict", address: ADDRESS }).sends("decline").reply({ options: {} }).drained();
    wan.runsTo(200 * round).becomes("soliciting");
    // no answer is heard in between, so that the pause is what is measured
    wan.advertise({ options: { iaNa: [na()], preference: 255 } }).drained();
    wan.reply({ options: { iaNa: [na()] } }).becomes("bound");
  }
  assert.ok(wan.sentCount < 70, `${wan.sentCount} messages in 20 minutes`);
});

test("news of a conflict about an address that is not ours changes nothing", () => {
  both().happens({ kind: "conflict", address: OTHER_ADDRESS }).ignores("nothing-to-act-on");
});

test("release: not used from that moment on, told four times at most, then silence until asked (RFC 9915 §18.2.7)", () => {
  const wan = both().at(100).happens({ kind: "command", verb: "release" });
  wan.sends("release", { options: { serverId: SERVER }, prefixes: { 1: [PREFIX] } }).does("lost", "forget");
  assert.equal(wan.held, undefined);
  wan.at(101).sends("release").at(103).sends("release").at(107).sends("release").at(115).becomes("stopped").nextAt("never");
  wan.happens({ kind: "command", verb: "renew" }).sends("solicit");
});

test("the Reply to a Release, whatever its status, ends it (RFC 9915 §18.2.10.1)", () => {
  const wan = both().happens({ kind: "command", verb: "release" }).sends("release");
  wan.reply({ options: { status: { code: STATUS.noBinding, message: "" } } }).becomes("stopped");
});

test("who asks again while a Release is under way is served at once, as somebody new", () => {
  const wan = both().happens({ kind: "command", verb: "release" }).sends("release");
  wan.happens({ kind: "command", verb: "renew" }).sends("solicit").becomes("soliciting");
});

test("a Reply of another server does not end a Release", () => {
  const wan = both().happens({ kind: "command", verb: "release" }).sends("release").clear();
  wan.reply({ options: { serverId: "0003000102005e100009" as typeof SERVER } }).ignores("server-mismatch");
  wan.becomes("releasing");
});

test("the program ends: nothing is released unless the operator says so (RFC 9096 §3.1)", () => {
  both().happens({ kind: "farewell" }).silent().becomes("bound");
  bound({ releaseOnStop: true }).happens({ kind: "farewell" }).sends("release").does("lost", "forget");
});

test("without wishes other information is asked for, and again when the server says so (RFC 9915 §18.2.6, §21.23)", () => {
  const wan = client({ pace: "fast", wishes: [] }).at(0).linkUp();
  wan.sends("informationRequest", { options: { iaPd: undefined, serverId: undefined } }).becomes("informing");
  assert.ok(wan.effects.some((effect) => effect.kind === "send" && effect.message.options.requestedOptions?.includes(32)));
  wan.clear().reply({ options: { dnsServers: ["2001:db8::53" as Ipv6Address], informationRefreshSeconds: 1200 } });
  wan.becomes("informed").does("informed").nextAt(1200);
  wan.at(1200).sends("informationRequest", { options: { elapsedHundredths: 0 } });
});

test("the information refresh time: a day when nothing is said, never less than ten minutes (RFC 9915 §7.6)", () => {
  const ask = (): Timeline => client({ pace: "fast", wishes: [] }).at(0).linkUp().sends("informationRequest");
  ask().reply({}).nextAt(86_400);
  ask()
    .reply({ options: { informationRefreshSeconds: 1 } })
    .nextAt(600);
  ask()
    .reply({ options: { informationRefreshSeconds: 0xffffffff } })
    .nextAt("never");
});

test("Information-requests are sent again for ever, up to INF_MAX_RT apart (RFC 9915 §18.2.6)", () => {
  const wan = client({ pace: "fast", wishes: [] }).at(0).linkUp();
  wan.at(0).sends("informationRequest").at(1).sends("informationRequest").at(3).sends("informationRequest").at(7).sends("informationRequest");
  wan.runsTo(40_000);
  const before = wan.sentCount;
  wan.runsTo(40_000 + 36_000);
  assert.ok(wan.sentCount - before >= 9 && wan.sentCount - before <= 11, `${wan.sentCount - before} in ten hours`);
});

test("started by an advertisement: silent until a router says that DHCPv6 is there (RFC 7084 WPD-4)", () => {
  const wan = client({ pace: "fast", start: "advertised" }).at(0).linkUp().becomes("waiting").silent();
  wan.at(500).happens({ kind: "advertised" }).sends("solicit");
  wan.linkDown().at(600).linkUp().becomes("waiting").silent();
});

test("what waits for a router waits no longer when the operator says so", () => {
  client({ pace: "fast", start: "advertised" }).at(0).linkUp().configured({ start: "at-once" }).sends("solicit");
});

test("Reconfigure: a server that has our key makes us renew, rebind or ask for information, in a new conversation (RFC 9915 §18.2.11)", () => {
  for (const [what, kind] of [
    ["renew", "renew"],
    ["rebind", "rebind"],
    ["informationRequest", "informationRequest"],
  ] as const) {
    const wan = bound().at(60);
    const before = wan.lastId;
    wan.happens({ kind: "reconfigure", what }).sends(kind, { options: { elapsedHundredths: 0 } });
    assert.notEqual(wan.lastId, before);
  }
});

test("what an Information-request brings while prefixes are held is added to them, and nothing of them changes", () => {
  const wan = bound().at(60).happens({ kind: "reconfigure", what: "informationRequest" }).sends("informationRequest").clear();
  wan
    .reply({ options: { dnsServers: ["2001:db8::54" as Ipv6Address] } })
    .becomes("bound")
    .holds({ 1: [PREFIX] });
  assert.deepEqual(wan.held?.nameServers, ["2001:db8::54"]);
  wan.nextAt(900);
});

test("silence to an Information-request keeps nobody from renewing in time", () => {
  const wan = bound().at(60).happens({ kind: "reconfigure", what: "informationRequest" });
  wan.runsTo(899).drained().at(900).sends("renew");
});

test("Reconfigure in the middle of another conversation changes nothing", () => {
  bound().at(900).sends("renew").happens({ kind: "reconfigure", what: "renew" }).ignores("nothing-to-act-on").silent();
});

test("after a sleep the link may be another one: what is held is asked for again at once (RFC 9915 §18.2.12)", () => {
  bound().sleepsUntil(800).happens({ kind: "resumed" }).sends("rebind").becomes("rebooting");
});

test("renew and reboot on command", () => {
  bound().at(5).happens({ kind: "command", verb: "renew" }).sends("renew").becomes("renewing");
  bound().at(5).happens({ kind: "command", verb: "reboot" }).sends("rebind").becomes("rebooting");
});

test("what else a server tells is kept as it came, unknown options too", () => {
  const wan = bound();
  wan.at(900).sends("renew");
  wan.reply({ ias: [ia(1)], options: { captivePortal: "https://portal.example/" } });
  assert.deepEqual(wan.held?.options, [{ code: 103, hex: "68747470733a2f2f706f7274616c2e6578616d706c652f" }]);
});

test("options the operator makes up go with every message that asks, and those left out are not asked for", () => {
  const wan = client({ pace: "fast", sendOptions: [{ code: 65_001, hex: "0161" }], omitOptions: [24], requestOptions: [95, 23] })
    .at(0)
    .linkUp();
  const [sent] = wan.effects;
  assert.ok(sent?.kind === "send");
  assert.deepEqual(sent.message.options.requestedOptions, [82, 83, 23, 56, 64, 103, 144, 67, 95]);
  assert.deepEqual(
    sent.message.unknown.map(({ code }) => code),
    [65_001],
  );
});
