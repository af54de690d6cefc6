/** Reload by value: what each wish of the operator changes about an uplink that is bound, and that nothing else is touched. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Duid } from "../../../src/base/duid.ts";
import type { DomainName } from "../../../src/base/domain.ts";
import type { Ipv6Address } from "../../../src/base/ipv6.ts";
import { delegation, type Uplink6Interface } from "../../../src/services/uplink6/config.ts";
import { type Dhcp6Options, requestCodes } from "../../../src/wire/dhcp6/options.ts";
import { dhcp6, encodeDhcp6 } from "../../../src/wire/dhcp6/message.ts";
import { boundRig, DUID, ia, OTHER_PREFIX, PREFIX, rig, SERVER, target, wan } from "./rig.ts";

const LAN0 = delegation({ iaid: 1, targets: [target("lan0"), target("lan1")] });
const plan = (first: string, kind = "unreachable"): readonly string[] => [first, "lan1 2001:db8:100:1::1/64 1800/3600", `${kind} ${PREFIX}`];
const SAME = plan("lan0 2001:db8:100::1/64 1800/3600");

/** The wish, what is sent because of it at once, the plan where it is another one, and what to call it. */
type Row = readonly [wish: Partial<Uplink6Interface>, sent: string | undefined, planned?: readonly string[], called?: string];
const ROWS: readonly Row[] = [
  [{}, undefined],
  [{ pace: "rfc" }, undefined],
  [{ rapidCommit: true }, undefined],
  [{ requestOptions: [31] }, undefined],
  [{ omitOptions: [56] }, undefined],
  [{ sendOptions: [{ code: 16, hex: "00007ed9000161" }] }, undefined],
  [{ acceptReconfigure: false }, undefined],
  [{ registerAddresses: true }, undefined],
  [{ releaseOnStop: true }, undefined],
  [{ ignoreDns: true }, undefined],
  [{ start: "advertised" }, undefined],
  [{ delegations: [{ ...LAN0, prefixLength: 48 }] }, undefined, SAME, "another length"],
  [{ delegations: [{ ...LAN0, hint: "2001:db8:900::" as Ipv6Address }] }, undefined, SAME, "another hint"],
  [{ aggregateRoute: "blackhole" }, undefined],
  [{ aggregateRoute: "none" }, undefined, SAME.slice(0, 2)],
  [
    { delegations: [{ ...LAN0, targets: [target("lan0", 64, "::7"), target("lan1")] }] },
    undefined,
    plan("lan0 2001:db8:100::7/64 1800/3600"),
    "another host part",
  ],
  [{ delegations: [{ ...LAN0, targets: [target("lan0")] }] }, undefined, [SAME[0] ?? "", SAME[2] ?? ""], "one target less"],
  [{ addressIaid: 5 }, "renew"],
  [{ delegations: [LAN0, delegation({ iaid: 2, targets: [] })] }, "renew", SAME, "one delegation more"],
  [{ delegations: [delegation({ iaid: 2, targets: [target("lan0")] })] }, "solicit", [], "another delegation instead"],
  [{ delegations: [] }, "informationRequest", [], "no delegation"],
];

for (const [wish, sent, planned = SAME, called = JSON.stringify(wish)] of ROWS) {
  const outcome = `${sent === undefined ? "nobody is asked" : `${sent} at once`}, ${planned === SAME ? "no address changes" : "another plan"}`;
  test(`a reload to ${called}: ${outcome}`, () => {
    const self = boundRig();
    const messages = self.sent.length;
    self.asked();
    self.service.configure({ duid: DUID, interfaces: [{ ...wan(), ...wish }] });
    self.wait(0.1);
    assert.deepEqual(
      self.sent.slice(messages).map(({ message }) => message.kind),
      sent === undefined ? [] : [sent],
    );
    assert.deepEqual(self.plan(), planned);
    assert.equal(
      self.plans.at(-1)?.aggregates.every(({ route }) => route === (wish.aggregateRoute ?? "unreachable")),
      true,
    );
    assert.deepEqual(self.asked(), [], "its sockets stay");
    if (sent !== undefined) return;
    self.service.configure({ duid: DUID, interfaces: [wan()] });
    self.wait(0.1);
    assert.deepEqual([self.sent.length, self.plan(), self.asked()], [messages, SAME, []]);
  });
}

test("each wish of the operator has a row", () => {
  const named = new Set(ROWS.flatMap(([wish]) => Object.keys(wish)));
  assert.deepEqual(
    [...named].sort(),
    Object.keys(wan())
      .filter((key) => key !== "name")
      .sort(),
  );
});

test("what a reload says of messages counts from the next one: another pace, other options, rapid commit", () => {
  const self = boundRig();
  const wishes = { requestOptions: [31], omitOptions: requestCodes(["captivePortal"]), sendOptions: [{ code: 65_001, hex: "78" }] };
  self.service.configure({ duid: DUID, interfaces: [{ ...wan(), ...wishes, acceptReconfigure: false }] });
  self.wait(900);
  const { message } = self.sent.at(-1) ?? {};
  assert.equal(message?.kind, "renew");
  assert.ok(message.options.requestedOptions?.includes(31) && !message.options.requestedOptions.includes(103));
  assert.deepEqual([message.unknown.map(({ code }) => code), message.options.reconfigureAccept], [[65_001], undefined]);
});

test("another identity is another client: what was leased to the one before is used no longer, and the search begins", () => {
  const self = boundRig();
  self.service.configure({ duid: "000400112233445566778899aabbccddee00" as Duid, interfaces: [wan()] });
  self.wait(0.1);
  assert.deepEqual([self.phase(), self.lastSent(), self.plan()], ["soliciting", "solicit", []]);
  assert.equal(self.disk.load("wan0"), undefined);
});

test("one uplink's wishes are nothing to another: only the one that changed is asked for", () => {
  const self = rig();
  const [first, second] = [wan([{ iaid: 1, targets: [target("lan0")] }]), wan([{ iaid: 1, targets: [target("lan1")] }], "wan1")];
  self.service.configure({ duid: DUID, interfaces: [first, second] });
  self.links("wan0", "lan0", "lan1", "wan1");
  self.bind([ia(1, [PREFIX])]);
  self.bind([ia(1, [OTHER_PREFIX])], 4);
  const messages = self.sent.length;
  self.service.configure({ duid: DUID, interfaces: [second, { ...first, addressIaid: 9 }] });
  self.wait(0.1);
  assert.deepEqual(
    self.sent.slice(messages).map(({ link, message }) => `${link} ${message.kind}`),
    ["1 renew"],
  );
  assert.equal(self.phase("wan1"), "bound");
});

const TOLD: Dhcp6Options = { dnsServers: ["2001:db8::53" as Ipv6Address], domainSearch: ["home.example" as DomainName] };

test("what was told without a lease is withdrawn with its link, though a reload came while it was asked for anew", () => {
  const self = rig();
  const configure = (ignoreDns: boolean): void => self.service.configure({ duid: DUID, interfaces: [{ ...wan([]), ignoreDns }] });
  configure(false);
  self.links();
  const transactionId = self.sent.at(-1)?.message.transactionId ?? 0;
  self.receive(encodeDhcp6(dhcp6({ kind: "reply", transactionId, options: { clientId: DUID, serverId: SERVER, ...TOLD } })));
  assert.deepEqual(self.published.get("wan0")?.["nameServers"], ["2001:db8::53"]);
  self.wait(86_400);
  assert.equal(self.phase(), "informing");
  configure(true);
  assert.deepEqual(self.published.get("wan0")?.["nameServers"], [], "the operator's word counts at once");
  self.service.linkGone(1);
  assert.equal(self.published.size, 0);
});

test("a lease that a reload gave up is published no longer while other information is asked for", () => {
  const self = boundRig();
  assert.equal(self.published.size, 1);
  self.service.configure({ duid: DUID, interfaces: [wan([])] });
  assert.deepEqual([self.phase(), self.published.size], ["informing", 0]);
});
