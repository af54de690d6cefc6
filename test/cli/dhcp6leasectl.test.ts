/** `dhcp6leasectl` over a made-up program: the report's lines, and how long it waits for what (B29). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { converse, newExitCode, type World } from "../../src/cli/compatible/conversation.ts";
import { stateName6, UPLINK6 } from "../../src/cli/compatible/report6.ts";
import type { Answer } from "../../src/cli/client.ts";
import { TRANSITIONS } from "../../src/machines/dhcp6-client/state.ts";
import type { Lease6View, Uplink6LinkView } from "../../src/services/uplink6/view.ts";

const NOW = Date.UTC(2026, 10, 21, 12);
const at = (seconds: number): string => new Date(NOW + seconds * 1000).toISOString();
const prefix = (iaid: number, text: string, seconds: number | null = 43_200) => ({
  iaid,
  prefix: text,
  excluded: null,
  preferredUntil: null,
  validUntil: seconds === null ? null : at(seconds),
});

function lease(prefixes: readonly object[], addresses: readonly object[] = []): Lease6View {
  return { server: "0001", prefixes, addresses, assigned: [], unserved: [] } as unknown as Lease6View;
}
function uplink(state: string, held: Lease6View | null, since = NOW): Uplink6LinkView {
  return {
    interface: "eth0",
    present: true,
    running: true,
    state,
    since: new Date(since).toISOString(),
    nextDeadline: null,
    wishes: [
      { kind: "na", iaid: 9, prefixLength: 128 },
      { kind: "pd", iaid: 700, prefixLength: 60 },
      { kind: "pd", iaid: 5, prefixLength: 64 },
    ],
    lease: held,
    told: null,
    acceptsReconfigure: false,
    routers: [],
    received: 0,
    accepted: 0,
    sent: {},
    ignored: {},
    passedOver: {},
    unheeded: {},
    ignoredAdvertisements: {},
  };
}
const report = (view: Uplink6LinkView): string => UPLINK6.report(view, NOW);

test("each prefix has a line behind a tab, numbered by its place in the file, then what is left of the lease that ends first", () => {
  const held = lease([prefix(5, "2001:db8:2::/64"), prefix(700, "2001:db8:1::/60", 3600 * 30)]);
  assert.equal(report(uplink("bound", held)), "eth0 [Bound]\n\tIA_PD 0: 2001:db8:1::/60\n\tIA_PD 1: 2001:db8:2::/64\n\tlease 12 hours");
});

test("two prefixes of one delegation have a line each, an address has one of its own, and without an end the lease is infinite", () => {
  const held = lease(
    [prefix(700, "2001:db8:1::/60", null), prefix(700, "2001:db8:9::/60", null)],
    [{ iaid: 9, address: "2001:db8::7", preferredUntil: null, validUntil: null }],
  );
  assert.equal(
    report(uplink("renewing", held)),
    "eth0 [Renewing]\n\tIA_PD 0: 2001:db8:1::/60\n\tIA_PD 0: 2001:db8:9::/60\n\tIA_NA 0: 2001:db8::7\n\tlease infinite",
  );
});

test("without a prefix nothing but the state is told; a prefix that nobody wishes for any more has its own number", () => {
  assert.equal(report(uplink("soliciting", null)), "eth0 [Init]");
  assert.equal(report(uplink("rebooting", lease([]))), "eth0 [Rebooting]");
  assert.match(report(uplink("bound", lease([prefix(77, "2001:db8:1::/60")]))), /\tIA_PD 77: 2001:db8:1::\/60\n/);
});

test("what came from a network cannot bring a terminal out of order", () => {
  const text = report(uplink("bound", lease([prefix(5, "\u001b[2J\n\tIA_PD 9: ::/0")])));
  assert.equal(text.split("\n").length, 3);
  assert.doesNotMatch(text, /\u001b/);
});

test("every state of the client has a name of the original's", () => {
  const names = Object.keys(TRANSITIONS).map((state) => stateName6(uplink(state, null)));
  assert.deepEqual([...new Set(names)].sort(), ["Bound", "Down", "Init", "Rebinding", "Rebooting", "Renewing", "Requesting"]);
  assert.equal(stateName6({ ...uplink("bound", null), present: false }), "Down");
  assert.equal(stateName6(uplink("informed", null)), "Bound", "all that was asked for is there");
});

/** What the program says, poll by poll; the last is repeated. */
function world(
  polls: readonly (Uplink6LinkView | undefined)[],
  commands: Answer = { status: 200, body: { text: "" } },
): World & { readonly did: string[] } {
  const did: string[] = [];
  let polled = 0;
  return {
    did,
    ask: async (method, path) => {
      if (method === "POST") {
        did.push(path);
        return commands;
      }
      const view = polls[Math.min(polled++, polls.length - 1)];
      return { status: 200, body: { uplink6: { uplinks: view === undefined ? [] : [view] } } };
    },
    exists: (name) => name === "eth0",
    second: async () => void did.push("second"),
    dot: () => void did.push("."),
    now: () => NOW,
  };
}
const HELD = lease([prefix(5, "2001:db8:2::/64")]);
const OLD = NOW - 60_000;

test("-l shows at once and asks for nothing", async () => {
  const bound = world([uplink("bound", HELD, OLD)]);
  const seen = await converse(UPLINK6, { name: "eth0", list: true, maxWait: 0 }, bound);
  assert.deepEqual([seen.kind, bound.did, newExitCode(UPLINK6, seen)], ["seen", [], 0]);
  const nobody = world([undefined]);
  const unmanaged = await converse(UPLINK6, { name: "eth0", list: true, maxWait: 5 }, nobody);
  assert.deepEqual([unmanaged.kind, nobody.did, newExitCode(UPLINK6, unmanaged)], ["unmanaged", [], 3]);
});

test("prefixes from before are asked about, and only what was confirmed since ends the wait", async () => {
  const polls = [uplink("bound", HELD, OLD), uplink("bound", HELD, OLD), uplink("rebooting", HELD, NOW), uplink("bound", HELD, NOW + 900)];
  const asked = world(polls);
  const seen = await converse(UPLINK6, { name: "eth0", list: false, maxWait: 10 }, asked);
  assert.deepEqual([seen.kind, asked.did], ["seen", ["/v1/uplink6/eth0/reboot", ".", "second", ".", "second"]]);
});

test("B29: an interface that nobody serves is polled once a second and no faster, and asked for when somebody does", async () => {
  const never = world([undefined]);
  const result = await converse(UPLINK6, { name: "eth0", list: false, maxWait: 3 }, never);
  assert.deepEqual([result.kind, never.did], ["unmanaged", [".", "second", ".", "second", ".", "second"]]);
  const later = world([undefined, undefined, undefined, undefined, uplink("down", null), uplink("bound", HELD)]);
  const seen = await converse(UPLINK6, { name: "eth0", list: false, maxWait: 10 }, later);
  assert.deepEqual([seen.kind, later.did], ["seen", [".", "second", ".", "second", "/v1/uplink6/eth0/reboot"]]);
});

test("what is not bound in time is shown as it is; where new exit codes hold that is 2", async () => {
  const down = world([uplink("soliciting", null)]);
  const seen = await converse(UPLINK6, { name: "eth0", list: false, maxWait: 2 }, down);
  assert.deepEqual([seen.kind, down.did.filter((one) => one === "second").length, newExitCode(UPLINK6, seen)], ["seen", 2, 2]);
});

test("an unknown interface and a refusal end it with a sentence", async () => {
  const unknown = await converse(UPLINK6, { name: "none0", list: false, maxWait: 3 }, world([undefined]));
  assert.deepEqual(unknown, { kind: "failed", text: "none0: there is no such interface" });
  const denied = world([uplink("down", null)], { status: 403, body: { text: "only root may do this; use sudo" } });
  const refused = await converse(UPLINK6, { name: "eth0", list: false, maxWait: 3 }, denied);
  assert.deepEqual(refused, { kind: "failed", text: "eth0: only root may do this; use sudo" });
});
