/** `dhcpleasectl` over a made-up program: the report's lines and units, and how long it waits for what (B28, B29). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Answer } from "../../src/cli/client.ts";
import { converse as conversation, newExitCode, type Wishes, type World } from "../../src/cli/compatible/conversation.ts";
import { stateName, UPLINK4 } from "../../src/cli/compatible/report4.ts";
import { TRANSITIONS } from "../../src/machines/dhcp4-client/state.ts";
import type { LeaseView, UplinkView } from "../../src/services/uplink4/view.ts";

const { report, reportJson } = UPLINK4;
const converse = (wishes: Wishes, world: World) => conversation(UPLINK4, wishes, world);
const NOW = Date.UTC(2026, 10, 21, 12);
const LEASE: LeaseView = {
  address: "192.0.2.10",
  prefixLength: 24,
  server: "192.0.2.1",
  serverHardwareAddress: null,
  routes: [],
  nameServers: [],
  searchDomains: [],
  ntpServers: [],
  hostName: "",
  mtuBytes: null,
  nextServer: "0.0.0.0",
  bootFile: "",
  byHand: false,
  acquiredAt: null,
  renewsAt: null,
  rebindsAt: null,
  expiresAt: null,
  options: {},
  configured: true,
} as unknown as LeaseView;

function uplink(state: string, lease: Partial<LeaseView> | null, since = NOW): UplinkView {
  return {
    interface: "eth0",
    present: true,
    running: true,
    hardwareAddress: "02:00:5e:10:00:01",
    refusal: null,
    state,
    since: new Date(since).toISOString(),
    nextDeadline: null,
    lease: lease === null ? null : { ...LEASE, ...lease },
    checking: null,
    linkLocal: null,
    naksInRow: 0,
    lastNakAt: null,
    conflicts: 0,
    received: 0,
    accepted: 0,
    sent: {},
    ignored: {},
    unheeded: {},
  };
}
const inSeconds = (seconds: number): Partial<LeaseView> => ({ expiresAt: new Date(NOW + seconds * 1000).toISOString() });
const lineWith = (word: string, view: UplinkView): string | undefined =>
  report(view, NOW)
    .split("\n")
    .find((line) => line.includes(word));

test("the report has a tab before each line, a mask in dots, the default gateway by its name and servers in one line", () => {
  const routes = [
    { destination: "0.0.0.0/0", gateway: "192.0.2.1" },
    { destination: "10.0.0.0/8", gateway: "192.0.2.2" },
  ] as unknown as LeaseView["routes"];
  const nameServers = ["192.0.2.53", "192.0.2.54"] as unknown as LeaseView["nameServers"];
  assert.equal(
    report(uplink("bound", { routes, nameServers, prefixLength: 25, ...inSeconds(43_200) }), NOW),
    "eth0 [Bound]\n\tinet 192.0.2.10 netmask 255.255.255.128\n\tdefault gateway 192.0.2.1\n\troute 10.0.0.0/8 gateway 192.0.2.2\n" +
      "\tnameservers 192.0.2.53 192.0.2.54\n\tlease 12 hours\n\tdhcp server 192.0.2.1",
  );
});

test("the remaining time is in the largest unit it is more than one of, rounded half up, singular for one, never negative", () => {
  const units: readonly (readonly [number, string])[] = [
    [0, "0 seconds"],
    [-5, "0 seconds"],
    [1, "1 second"],
    [59, "59 seconds"],
    [60, "60 seconds"],
    [61, "1 minute"],
    [89, "1 minute"],
    [90, "2 minutes"],
    [3600, "60 minutes"],
    [3601, "1 hour"],
    [5400, "2 hours"],
    [86_400, "24 hours"],
    [86_401, "1 day"],
    [129_600, "2 days"],
  ];
  for (const [seconds, words] of units) assert.equal(lineWith("lease", uplink("bound", inSeconds(seconds))), `\tlease ${words}`);
  assert.equal(lineWith("lease", uplink("bound", {})), "\tlease infinite");
});

test("without an address that is in force nothing but the state is told, no old server either (B28)", () => {
  assert.equal(report(uplink("selecting", null), NOW), "eth0 [Init]");
  assert.equal(report(uplink("rebooting", { configured: false }), NOW), "eth0 [Rebooting]");
  assert.equal((reportJson(uplink("rebooting", { configured: false })) as { readonly lease: unknown }).lease, null);
});

test("every state of the client has a name of the original's", () => {
  const known = ["Down", "Init", "Requesting", "Bound", "Renewing", "Rebinding", "Rebooting", "IPv6 only"];
  const names = Object.keys(TRANSITIONS).map((state) => stateName(uplink(state, null)));
  assert.deepEqual([...new Set(names)].sort(), [...known].sort());
  assert.equal(stateName({ ...uplink("bound", null), present: false }), "Down");
});

/** What the program says, poll by poll; the last is repeated. */
function world(
  polls: readonly (UplinkView | undefined)[],
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
      return { status: 200, body: { uplink4: { uplinks: view === undefined ? [] : [view] } } };
    },
    exists: (name) => name === "eth0",
    second: async () => void did.push("second"),
    dot: () => void did.push("."),
    now: () => NOW,
  };
}
const OLD = NOW - 60_000;

test("-l shows at once and asks for nothing; an interface that nobody serves is not waited for", async () => {
  const bound = world([uplink("bound", {}, OLD)]);
  const seen = await converse({ name: "eth0", list: true, maxWait: 0 }, bound);
  assert.deepEqual([seen.kind, bound.did, newExitCode(UPLINK4, seen)], ["seen", [], 0]);
  const nobody = world([undefined]);
  const unmanaged = await converse({ name: "eth0", list: true, maxWait: 5 }, nobody);
  assert.deepEqual([unmanaged.kind, nobody.did, newExitCode(UPLINK4, unmanaged)], ["unmanaged", [], 3]);
});

test("a lease from before is asked about, and only one that was confirmed since ends the wait", async () => {
  const polls = [uplink("bound", {}, OLD), uplink("bound", {}, OLD), uplink("rebooting", {}, NOW), uplink("bound", {}, NOW + 900)];
  const asked = world(polls);
  const seen = await converse({ name: "eth0", list: false, maxWait: 10 }, asked);
  assert.deepEqual([seen.kind, asked.did], ["seen", ["/v1/uplink4/eth0/reboot", ".", "second", ".", "second"]]);
});

test("what nobody serves, or is set down, is attached; one that is unknown for a while is polled once a second and no faster (B29)", async () => {
  const attached = world([undefined, undefined, undefined, uplink("bound", {})]);
  await converse({ name: "eth0", list: false, maxWait: 10 }, attached);
  assert.deepEqual(attached.did, ["/v1/uplink4/eth0/attach", ".", "second", ".", "second"]);
  const down = world([{ ...uplink("down", null), running: false }]);
  const seen = await converse({ name: "eth0", list: false, maxWait: 2 }, down);
  assert.deepEqual([down.did[0], down.did.length, newExitCode(UPLINK4, seen)], ["/v1/uplink4/eth0/attach", 5, 2]);
  const never = world([undefined]);
  const result = await converse({ name: "eth0", list: false, maxWait: 3 }, never);
  assert.deepEqual([result.kind, never.did.filter((one) => one === "second").length], ["unmanaged", 3]);
});

test("an unknown interface and a refusal end it with a sentence", async () => {
  const unknown = await converse({ name: "none0", list: false, maxWait: 3 }, world([undefined]));
  assert.deepEqual(unknown, { kind: "failed", text: "none0: there is no such interface" });
  const denied = world([undefined], { status: 403, body: { text: "only root may do this; use sudo" } });
  assert.deepEqual(await converse({ name: "eth0", list: false, maxWait: 3 }, denied), {
    kind: "failed",
    text: "eth0: only root may do this; use sudo",
  });
  assert.equal(newExitCode(UPLINK4, unknown), 1);
});
