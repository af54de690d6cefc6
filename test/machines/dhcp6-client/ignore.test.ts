/** The acceptance ladder: one story for each reason why an answer, or a part of one, changes nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Duid } from "../../../src/base/duid.ts";
import { bytesOf } from "../../../src/base/hex.ts";
import type { Ipv6Prefix } from "../../../src/base/ipv6.ts";
import { IGNORE_REASONS, type IgnoreReason } from "../../../src/machines/dhcp6-client/state.ts";
import { type IaPd, iaPd, iaPrefix, STATUS } from "../../../src/wire/dhcp6/leases.ts";
import { type Dhcp6ClientMessage, decodeDhcp6, isRelayMessage } from "../../../src/wire/dhcp6/message.ts";
import { bound, client, ia, OTHER_PREFIX, OTHER_SERVER, PREFIX, type Timeline } from "./timeline.ts";

const OTHER_DUID = "00030001020000000009" as Duid;
const status = (code: number) => ({ status: { code, message: "" } });
const prefix = (text: string): Ipv6Prefix => text as Ipv6Prefix;
const lifetimes = { preferredSeconds: 1800, validSeconds: 3600 };

const soliciting = (): Timeline => client({ pace: "fast" }).at(0).linkUp().sends("solicit").clear();
const requesting = (): Timeline =>
  soliciting()
    .advertise({ ias: [ia(1)] })
    .sends("request")
    .clear();
const renewing = (): Timeline => bound().at(900).sends("renew").clear();
const rebooting = (): Timeline => bound().at(100).linkDown().linkUp().sends("rebind").clear();

/** What comes when, and why it changes nothing at all. */
const NOTHING: readonly (readonly [string, IgnoreReason, () => Timeline, (wan: Timeline) => Timeline])[] = [
  [
    "a Reconfigure, for we keep no server's key (RFC 9915 §18.2.11)",
    "reconfigure-unauthenticated",
    bound,
    (wan) => wan.reply({ kind: "reconfigure" }),
  ],
  ["a Reconfigure while we renew", "reconfigure-unauthenticated", renewing, (wan) => wan.reply({ kind: "reconfigure" })],
  ["a Reply while nothing is asked", "unexpected-type", bound, (wan) => wan.reply({ ias: [ia(1, OTHER_PREFIX)] })],
  ["an Advertise to a Request", "unexpected-type", requesting, (wan) => wan.advertise({ ias: [ia(1)] })],
  ["a Reply to a Solicit without rapid commit", "unexpected-type", soliciting, (wan) => wan.reply({ ias: [ia(1)] })],
  [
    "another transaction id (B15, RFC 9915 §16.3)",
    "transaction-mismatch",
    soliciting,
    (wan) => wan.advertise({ ias: [ia(1)], transactionId: (wan.lastId + 1) & 0xffffff }),
  ],
  [
    "another transaction id in a Reply (B15)",
    "transaction-mismatch",
    renewing,
    (wan) => wan.reply({ ias: [ia(1, PREFIX, { preferred: 0, valid: 0 })], transactionId: wan.lastId ^ 1 }),
  ],
  [
    "no client identifier (B15, RFC 9915 §16.3)",
    "client-id-missing",
    soliciting,
    (wan) => wan.advertise({ ias: [ia(1)], options: { clientId: undefined } }),
  ],
  [
    "no client identifier in a Reply (B15, RFC 9915 §16.10)",
    "client-id-missing",
    renewing,
    (wan) => wan.reply({ ias: [ia(1)], options: { clientId: undefined } }),
  ],
  ["another client's identifier", "client-id-mismatch", requesting, (wan) => wan.reply({ ias: [ia(1)], options: { clientId: OTHER_DUID } })],
  [
    "no server identifier (RFC 9915 §16.3)",
    "server-id-missing",
    soliciting,
    (wan) => wan.advertise({ ias: [ia(1)], options: { serverId: undefined } }),
  ],
  ["another server's Reply to our Request", "server-mismatch", requesting, (wan) => wan.reply({ ias: [ia(1)], options: { serverId: OTHER_SERVER } })],
  ["another server's Reply to our Renew", "server-mismatch", renewing, (wan) => wan.reply({ ias: [ia(1)], options: { serverId: OTHER_SERVER } })],
  [
    "a Reply to a Solicit that does not say rapid commit",
    "rapid-commit-missing",
    () => client({ pace: "fast", rapidCommit: true }).at(0).linkUp().sends("solicit").clear(),
    (wan) => wan.reply({ ias: [ia(1)] }),
  ],
  ["UnspecFail", "unspecified-failure", renewing, (wan) => wan.reply({ options: status(STATUS.unspecFail) })],
  ["an Advertise of NoPrefixAvail", "no-prefix-available", soliciting, (wan) => wan.advertise({ options: status(STATUS.noPrefixAvail) })],
  ["NoAddrsAvail, which means the same here", "no-prefix-available", renewing, (wan) => wan.reply({ options: status(STATUS.noAddrsAvail) })],
  ["NotOnLink", "not-on-link", rebooting, (wan) => wan.reply({ options: status(STATUS.notOnLink) })],
  ["UseMulticast, which is no more", "status-other", renewing, (wan) => wan.reply({ options: status(STATUS.useMulticast) })],
  ["a status nobody knows", "status-other", renewing, (wan) => wan.reply({ options: status(999) })],
  ["an IA that is refused", "no-prefix-available", renewing, (wan) => wan.reply({ ias: [iaPd({ iaid: 1, ...status(STATUS.noPrefixAvail) })] })],
  [
    "T1 later than T2 (B46, RFC 9915 §21.21)",
    "times-contradict",
    renewing,
    (wan) => wan.reply({ ias: [ia(1, OTHER_PREFIX, { renewSeconds: 20, rebindSeconds: 10 })] }),
  ],
  ["no IA that we wished for", "nothing-granted", renewing, (wan) => wan.reply({ ias: [ia(99)] })],
  ["an Advertise without any IA", "nothing-granted", soliciting, (wan) => wan.advertise()],
  ["an IA without a prefix", "nothing-granted", renewing, (wan) => wan.reply({ ias: [iaPd({ iaid: 1 })] })],
];

for (const [what, reason, state, comes] of NOTHING) {
  test(`${what}: counted as ${reason}, and nothing is changed`, () => {
    const wan = state();
    const before = wan.state;
    comes(wan).ignores(reason).silent();
    assert.equal(wan.state, before);
  });
}

/** Parts of an Advertise that are no use: alone they make it none. */
const PARTS: readonly (readonly [string, IgnoreReason, IaPd])[] = [
  ["preferred longer than valid (RFC 9915 §21.22)", "lifetimes-contradict", ia(1, PREFIX, { preferred: 3601, valid: 3600 })],
  ["every address there is", "implausible-prefix", ia(1, prefix("::/0"))],
  ["a prefix of addresses for one link", "implausible-prefix", ia(1, prefix("fe80::/56"))],
  ["a prefix of groups", "implausible-prefix", ia(1, prefix("ff00::/56"))],
  ["a prefix of addresses behind translators", "implausible-prefix", ia(1, prefix("64:ff9b::/40"))],
  ["a part of the Internet", "implausible-prefix", ia(1, prefix("2000::/12"))],
  [
    "NoPrefixAvail inside the prefix",
    "no-prefix-available",
    iaPd({ iaid: 1, iaPrefix: [iaPrefix(PREFIX, { ...lifetimes, ...status(STATUS.noPrefixAvail) })] }),
  ],
];

for (const [what, reason, part] of PARTS) {
  test(`${what} is no prefix: counted as ${reason}`, () => {
    const wan = soliciting().advertise({ ias: [part] });
    assert.ok(
      wan.effects.some((effect) => effect.kind === "ignored" && effect.reason === reason),
      `${reason} is counted`,
    );
    wan.silent().becomes("soliciting");
  });
  test(`${what} beside a good prefix: the good one is used`, () => {
    const both = { ...part, options: { iaPrefix: [...(part.options.iaPrefix ?? []), iaPrefix(OTHER_PREFIX, lifetimes)] } };
    const wan = requesting()
      .reply({ ias: [both] })
      .becomes("bound")
      .holds({ 1: [OTHER_PREFIX] });
    wan.ignores(reason);
  });
}

test("NoPrefixAvail inside a prefix with lifetimes of 0 ends that prefix", () => {
  const over = iaPd({ iaid: 1, iaPrefix: [iaPrefix(PREFIX, status(STATUS.noPrefixAvail)), iaPrefix(OTHER_PREFIX, lifetimes)] });
  renewing()
    .reply({ ias: [over] })
    .becomes("bound")
    .holds({ 1: [OTHER_PREFIX] });
});

test("two prefixes of which one lies in the other: the first one counts", () => {
  const inside = iaPd({ iaid: 1, iaPrefix: [iaPrefix(PREFIX, lifetimes), iaPrefix(prefix("2001:db8:100:10::/60"), lifetimes)] });
  requesting()
    .reply({ ias: [inside] })
    .holds({ 1: [PREFIX] })
    .ignores("prefix-overlaps");
});

/** A Reply to what was sent last, with this IA_PD as bytes. */
function replyOf(wan: Timeline, ias: string): Dhcp6ClientMessage {
  const id = wan.lastId.toString(16).padStart(6, "0");
  const ids = "0001 0012 000400112233445566778899aabbccddeeff 0002 000a 0003000102005e100001";
  const message = decodeDhcp6(bytesOf(`07 ${id} ${ids} ${ias}`));
  assert.ok(!isRelayMessage(message), "a server speaks");
  return message;
}
const IA_1 = "00000001 00000000 00000000";
const LONG = "00000708 00000e10";

for (const length of [129, 130, 192, 255]) {
  test(`a prefix of ${length} bits ends nothing but itself (B14)`, () => {
    const octet = length.toString(16);
    const wan = requesting();
    wan.happens({ kind: "received", message: replyOf(wan, `0019 0029 ${IA_1} 001a 0019 ${LONG} ${octet} 20010db8010000000000000000000000`) });
    assert.ok(
      wan.effects.some((effect) => effect.kind === "ignored" && effect.reason === "prefix-malformed"),
      "the prefix is counted",
    );
    wan.holds({});
  });
}

test("an IA prefix that is cut short reads nothing of what follows (B18)", () => {
  const wan = requesting();
  wan.happens({ kind: "received", message: replyOf(wan, `0019 0020 ${IA_1} 001a 0010 ${LONG} 38 20010db8010000 0006 0002 0052`) });
  assert.ok(
    wan.effects.some((effect) => effect.kind === "ignored" && effect.reason === "prefix-malformed"),
    "the prefix is counted",
  );
  wan.holds({});
});

for (const [bytes, text] of [
  ["", "nothing"],
  ["00", "one octet"],
] as const) {
  test(`a status code of ${text} condemns its IA, and the other one is used (B18)`, () => {
    const wan = requesting();
    const broken = `0019 ${(16 + bytes.length / 2).toString(16).padStart(4, "0")} 00000002 00000000 00000000 000d 000${bytes.length / 2} ${bytes}`;
    wan.happens({ kind: "received", message: replyOf(wan, `${broken} 0019 0029 ${IA_1} 001a 0019 ${LONG} 38 20010db8010000000000000000000000`) });
    wan
      .becomes("bound")
      .holds({ 1: [PREFIX] })
      .ignores("ia-malformed");
  });
}

test("an IAID far outside of what we use is nobody's (B25)", () => {
  requesting()
    .reply({ ias: [ia(32), ia(0xffffffff), ia(1)] })
    .becomes("bound")
    .holds({ 1: [PREFIX] });
});

test("every reason has a story here or where it belongs", () => {
  const told = new Set<IgnoreReason>([...NOTHING, ...PARTS].map(([, reason]) => reason));
  const elsewhere = ["prefix-malformed", "ia-malformed", "prefix-overlaps", "no-binding", "rate-limited", "nothing-to-act-on"];
  assert.deepEqual(
    IGNORE_REASONS.filter((reason) => !told.has(reason) && !elsewhere.includes(reason)),
    [],
  );
});
