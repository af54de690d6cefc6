/** Defects of other DHCPv6 clients that this machine must not have, each by its number. test/mutants has a wrong program for each. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ipv6Address, Ipv6Prefix } from "../../../src/base/ipv6.ts";
import { addressWish, type ClientConfig, prefixWish } from "../../../src/machines/dhcp6-client/config.ts";
import { iaAddress, iaNa, iaPd, iaPrefix, STATUS } from "../../../src/wire/dhcp6/leases.ts";
import { Life, pausesOf, type Server } from "./silence.ts";
import { bound, client, ia, OTHER_PREFIX, PREFIX, type Timeline } from "./timeline.ts";

const SECOND = "2001:db8:300::/60" as Ipv6Prefix;
const lifetimes = { preferredSeconds: 1800, validSeconds: 3600 };

/** Bound for an hour, and from then on nobody answers. */
function unanswered(seed: number): Life {
  const options = { iaPd: [ia(1)], preference: 255 };
  const life = new Life(seed, { pace: "fast" }, ({ kind }) =>
    kind === "solicit" ? { kind: "advertise", options } : kind === "request" ? { kind: "reply", options } : undefined,
  );
  return life.happens({ kind: "link", up: true });
}

test("B2: while rebinding, and up to the end of the lease, no message comes sooner than nine seconds after the one before it", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const rebinds = unanswered(seed).runsTo(3599).last("rebind");
    const pauses = pausesOf(rebinds);
    assert.ok(pauses.length >= 6 && pauses.length <= 9, `${pauses.length + 1} Rebinds in 36 minutes`);
    assert.ok(Math.min(...pauses) >= 9, `${Math.min(...pauses)} s`);
    assert.ok(
      pauses.every((pause, i) => pause >= 1.8 * (pauses[i - 1] ?? 0) || pause >= 540),
      `pauses grow: ${pauses.join(", ")}`,
    );
  }
});

const FOREIGN: readonly (readonly [string, () => Timeline])[] = [
  ["an Advertise", () => client({ pace: "fast" }).at(0).linkUp().sends("solicit")],
  [
    "a Reply to a Request",
    () =>
      client({ pace: "fast" })
        .at(0)
        .linkUp()
        .sends("solicit")
        .advertise({ ias: [ia(1)] })
        .sends("request"),
  ],
  ["a Reply to a Renew", () => bound().at(900).sends("renew")],
  ["a Reply to a Rebind", () => bound().at(100).linkDown().linkUp().sends("rebind")],
];
for (const [what, state] of FOREIGN) {
  test(`B15: ${what} with another transaction id, or without our identifier, changes nothing (RFC 9915 §16.3, §16.10)`, () => {
    const wan = state().clear();
    const before = wan.state;
    const withdrawal = { kind: what === "an Advertise" ? "advertise" : "reply", ias: [ia(1, PREFIX, { preferred: 0, valid: 0 })] } as const;
    for (let bit = 0; bit < 24; bit++) wan.reply({ ...withdrawal, transactionId: wan.lastId ^ (1 << bit) }).ignores("transaction-mismatch");
    wan.reply({ ...withdrawal, options: { clientId: undefined } }).ignores("client-id-missing");
    wan.silent();
    assert.equal(wan.state, before);
  });
}

test("B21: Solicit, Request, Renew and Rebind are conversations of their own: no transaction id is used twice (RFC 9915 §16.1)", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const life = unanswered(seed).runsTo(3599).happens({ kind: "link", up: false }).happens({ kind: "link", up: true }).runsTo(3660);
    const kinds = life.said.flatMap(({ message }, i) => (life.said[i - 1]?.message.kind === message.kind ? [] : [message.kind]));
    assert.deepEqual(kinds, ["solicit", "request", "renew", "rebind", "solicit", "request"]);
    const ids = new Set(life.said.map(({ message }) => `${message.kind} ${message.transactionId}`));
    // the Rebinds of the two ends of the flap are two conversations
    assert.equal(ids.size, 7);
    assert.equal(new Set(life.said.map(({ message }) => message.transactionId)).size, 7);
  }
});

test("B21: a late Advertise is no answer to the Request that followed it", () => {
  const wan = client({ pace: "fast" }).at(0).linkUp().sends("solicit");
  const solicit = wan.lastId;
  wan
    .advertise({ ias: [ia(1)] })
    .sends("request")
    .clear();
  wan
    .reply({ ias: [ia(1, OTHER_PREFIX)], transactionId: solicit })
    .ignores("transaction-mismatch")
    .becomes("requesting");
});

test("B43: what is granted is used, whatever else was asked for: fewer IAs, a longer prefix, several prefixes (RFC 9915 §18.2.10.1)", () => {
  const wishes = [prefixWish(1, 56), prefixWish(2, 60)];
  const requesting = (): Timeline => {
    const wan = client({ pace: "rfc", wishes }).at(0).linkUp().at(0.5).sends("solicit");
    return wan.advertise({ ias: [ia(1)], options: { preference: 255 } }).sends("request", { prefixes: { 1: [PREFIX], 2: ["::/60"] } });
  };
  requesting()
    .reply({ ias: [ia(1)] })
    .becomes("bound")
    .holds({ 1: [PREFIX] });
  requesting()
    .reply({ ias: [ia(1), iaPd({ iaid: 2, status: { code: STATUS.noPrefixAvail, message: "" } })] })
    .becomes("bound")
    .holds({ 1: [PREFIX] });
  requesting()
    .reply({ ias: [ia(1, "2001:db8:100::/62" as Ipv6Prefix), ia(2, "2001:db8:200::/64" as Ipv6Prefix)] })
    .becomes("bound")
    .holds({ 1: ["2001:db8:100::/62"], 2: ["2001:db8:200::/64"] });
  requesting()
    .reply({ ias: [iaPd({ iaid: 1, iaPrefix: [iaPrefix(PREFIX, lifetimes), iaPrefix(OTHER_PREFIX, lifetimes)] }), ia(2, SECOND)] })
    .becomes("bound")
    .holds({ 1: [PREFIX, OTHER_PREFIX], 2: [SECOND] });
});

test("B44: SOL_MAX_RT of an Advertise that is no use otherwise sets the pace, from a minute to a day (RFC 9915 §18.2.9, §21.24)", () => {
  for (const [said, most] of [
    [59, 3600],
    [60, 60],
    [600, 600],
    [86_400, 86_400],
    [86_401, 3600],
  ] as const) {
    const life = new Life(1, { pace: "fast" }, () => ({
      kind: "advertise",
      options: { status: { code: STATUS.noPrefixAvail, message: "" }, solMaxRtSeconds: said },
    }));
    const pauses = pausesOf(life.happens({ kind: "link", up: true }).runsTo(20 * 86_400).said);
    const longest = Math.max(...pauses);
    assert.ok(longest >= 0.9 * most && longest <= 1.1 * most, `${longest} s where ${said} s was said`);
  }
});

test("B44: without a word of it Solicits come an hour apart in the end, not a minute (RFC 9915 §7.6)", () => {
  const life = new Life(1).happens({ kind: "link", up: true }).runsTo(3 * 86_400);
  assert.ok(life.count(86_400, 2 * 86_400) <= 27, `${life.count(86_400, 2 * 86_400)} Solicits on the second day`);
});

test("B46: T1 and T2 are half and four fifths of the shortest preferred lifetime, whatever the valid one (RFC 9915 §21.21)", () => {
  const two = iaPd({
    iaid: 1,
    iaPrefix: [
      iaPrefix(PREFIX, { preferredSeconds: 4000, validSeconds: 90_000 }),
      iaPrefix(OTHER_PREFIX, { preferredSeconds: 1000, validSeconds: 80_000 }),
    ],
  });
  const wan = bound({}, [two]).nextAt(500).at(500).sends("renew");
  wan.runsTo(799).becomes("renewing").runsTo(801).becomes("rebinding");
});

test("B46: an IA whose T1 is later than its T2 is passed over, and the others of the message are used (RFC 9915 §21.21)", () => {
  const wishes = [prefixWish(1, 56), prefixWish(2, 60)];
  const wan = client({ pace: "fast", wishes })
    .at(0)
    .linkUp()
    .sends("solicit")
    .advertise({ ias: [ia(1), ia(2, SECOND)] })
    .sends("request")
    .clear();
  wan
    .reply({ ias: [ia(1, PREFIX, { renewSeconds: 1000, rebindSeconds: 999 }), ia(2, SECOND)] })
    .becomes("bound")
    .holds({ 2: [SECOND] })
    .ignores("times-contradict");
});

test("B46: 0xffffffff as T1 and T2 of a prefix that ends is no reason not to renew it; of one that never ends it is (RFC 9915 §7.7)", () => {
  const never = { renewSeconds: 0xffffffff, rebindSeconds: 0xffffffff };
  bound({}, [ia(1, PREFIX, never)]).nextAt(900);
  bound({}, [ia(1, PREFIX, { ...never, preferred: 0xffffffff, valid: 0xffffffff })]).nextAt("never");
});

test("B48: elapsed time begins anew with each conversation (RFC 9915 §21.9)", () => {
  const life = unanswered(1).runsTo(3700);
  const firsts = life.said.filter(({ message }, i) => life.said[i - 1]?.message.kind !== message.kind);
  assert.deepEqual(
    firsts.map(({ message }) => [message.kind, message.options.elapsedHundredths]),
    [
      ["solicit", 0],
      ["request", 0],
      ["renew", 0],
      ["rebind", 0],
      ["solicit", 0],
      ["request", 0],
    ],
  );
  const [, second] = life.last("rebind");
  assert.ok((second?.message.options.elapsedHundredths ?? 0) <= 1100, "and runs from there");
});

test("B52: what waits for its chance second is said as what it is: a Rebind with the stored prefix, not a Solicit (RFC 9915 §18.2.12)", () => {
  const held = bound().held;
  assert.ok(held !== undefined);
  const wan = client({ pace: "rfc" }).at(10).stored(held).linkUp().silent().becomes("rebooting");
  wan
    .nextAt(10.5)
    .at(10.5)
    .sends("rebind", { prefixes: { 1: [PREFIX] } })
    .holds({ 1: [PREFIX] });
});

test("B52: a Request that the limit of messages held back goes out as a Request", () => {
  const wan = client({ pace: "fast" }).at(0).linkUp().sends("solicit").clear();
  const spent: Timeline = wan;
  spent.state = { ...spent.state, allowance: { messages: 0, countedAt: spent.state.allowance.countedAt } };
  spent
    .advertise({ ias: [ia(1)] })
    .becomes("requesting")
    .ignores("rate-limited")
    .silent();
  spent.at(1).sends("request", { prefixes: { 1: [PREFIX] } });
});

test("B50: no message of any conversation says what system this is: these options and no others, unless the operator adds some", () => {
  const address = iaAddress("2001:db8:1::10" as Ipv6Address, lifetimes);
  const granting: Server = ({ kind, options: { iaPd: prefixes, iaNa: addresses } }) => {
    const options = {
      ...(prefixes === undefined ? {} : { iaPd: [ia(1)] }),
      ...(addresses === undefined ? {} : { iaNa: [iaNa({ iaid: 5, iaAddress: [address] })] }),
      preference: 255,
    };
    return kind === "solicit" ? { kind: "advertise", options } : kind === "request" ? { kind: "reply", options } : undefined;
  };
  const up = (config: Partial<ClientConfig>): Life =>
    new Life(1, { pace: "fast", rapidCommit: true, acceptReconfigure: true, ...config }, granting).happens({ kind: "link", up: true }).runsTo(10);
  const flapped = (life: Life): Life => life.happens({ kind: "link", up: false }).happens({ kind: "link", up: true }).runsTo(20);
  const lives = [
    up({ wishes: [prefixWish(1, 56)] }).runsTo(3500),
    flapped(up({ wishes: [prefixWish(1, 56)] })).happens({ kind: "command", verb: "release" }),
    flapped(up({ wishes: [addressWish(5)] })).happens({ kind: "conflict", address: "2001:db8:1::10" as Ipv6Address }),
    up({ wishes: [] }),
  ];
  const all = lives.flatMap(({ said }) => said.map(({ message }) => message));
  const kinds = ["confirm", "decline", "informationRequest", "rebind", "release", "renew", "request", "solicit"];
  assert.deepEqual([...new Set(all.map(({ kind }) => kind))].sort(), kinds);
  const said = ["clientId", "elapsedHundredths", "iaNa", "iaPd", "rapidCommit", "reconfigureAccept", "requestedOptions", "serverId"];
  assert.deepEqual([...new Set(all.flatMap(({ options }) => Object.keys(options)))].sort(), said);
  assert.ok(all.every(({ unknown }) => unknown.length === 0));
});
