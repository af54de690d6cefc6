/** The service against the simulator's provider: whole lives of a delegation, on virtual time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Duid } from "../../../src/base/duid.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../../src/base/ipv6.ts";
import { dhcp6Client } from "../../../src/machines/dhcp6-client/client.ts";
import type { ClientEvent, ClientState } from "../../../src/machines/dhcp6-client/state.ts";
import { decodeRecording, replay } from "../../../src/services/recording.ts";
import { PrefixProvider, type Provider6Config, type Provider6Event } from "../../../src/sim/actors/dhcp6-provider.ts";
import { encodeDhcp6 } from "../../../src/wire/dhcp6/message.ts";
import { OPTION_ORDER } from "../../../src/machines/dhcp6-client/messages.ts";
import { DUID, rig, target, wan } from "./rig.ts";

const POOL = { prefix: "2001:db8:1000::/36" as Ipv6Prefix, delegatedLength: 56 };
const CONFIG: Provider6Config = {
  serverId: "0003000102005e1000fe" as Duid,
  pool: POOL,
  preferredSeconds: 600,
  validSeconds: 1200,
  renewSeconds: 0,
  rebindSeconds: 0,
  rapidCommit: false,
  options: { dnsServers: ["2001:db8::53" as Ipv6Address] },
};

/** A house behind a provider: what goes out is answered at once, second by second. */
function house(change: Partial<Provider6Config> = {}, uplink = wan()) {
  const self = rig();
  const events: Provider6Event[] = [];
  const provider = new PrefixProvider({ ...CONFIG, ...change }, (event) => events.push(event));
  let answered = 0;
  const house = {
    ...self,
    provider,
    events,
    live: (seconds: number): void => {
      for (let i = 0; i < seconds; i++) {
        for (; answered < self.sent.length; answered++) {
          const message = self.sent[answered]?.message;
          assert.ok(message !== undefined, "what was sent");
          const payload = encodeDhcp6(message, { order: OPTION_ORDER });
          for (const said of provider.onDatagram({ from: "fe80::2" as Ipv6Address, payload }, self.timeline.now)) self.receive(said.payload);
        }
        self.wait(1);
      }
    },
  };
  self.service.configure({ duid: DUID, interfaces: [uplink] });
  self.links();
  return house;
}

test("a delegation is got, renewed at half of its preferred lifetime, and never lost while the provider serves", () => {
  const home = house();
  home.live(5);
  assert.equal(home.phase(), "bound");
  assert.deepEqual(home.plan(), ["lan0 2001:db8:1000::1/64 600/1200", "lan1 2001:db8:1000:1::1/64 600/1200", "unreachable 2001:db8:1000::/56"]);
  home.live(3600);
  assert.deepEqual([...new Set(home.events.map(({ kind }) => kind))], ["offered", "delegated", "extended"]);
  assert.equal(home.logged.filter((line) => line.startsWith("delegationLost")).length, 0);
  const [view] = home.service.view().uplinks;
  assert.deepEqual(view?.lease?.nameServers, ["2001:db8::53"]);
});

test("a provider that renumbers: the new prefix at the next Renew, the old addresses deprecated and then gone", () => {
  const home = house();
  home.live(5);
  home.provider.reconfigure({ pool: { prefix: "2001:db8:2000::/36" as Ipv6Prefix, delegatedLength: 56 } });
  home.live(305);
  const plan = home.plan();
  assert.deepEqual(plan.slice(0, 2), ["lan0 2001:db8:2000::1/64 600/1200", "lan1 2001:db8:2000:1::1/64 600/1200"]);
  assert.match(plan[2] ?? "", /^lan0 2001:db8:1000::1\/64 0\/\d+$/);
  assert.deepEqual(plan.slice(4), ["unreachable 2001:db8:2000::/56"]);
  home.live(1300);
  assert.equal(
    home.plan().some((line) => line.includes("2001:db8:1000:")),
    false,
  );
  assert.ok(
    home.events.some(({ kind, prefix }) => kind === "withdrawn" && prefix === "2001:db8:1000::/56"),
    "the provider took it back",
  );
});

test("a provider without memory: NoBinding, a Request, and the same prefix again without a gap (RFC 9915 §18.2.10.1)", () => {
  const home = house();
  home.live(5);
  home.provider.forget();
  home.live(320);
  assert.equal(home.phase(), "bound");
  assert.deepEqual(home.sent.map(({ message }) => message.kind).slice(-2), ["renew", "request"]);
  assert.ok(
    home.plans.every(({ addresses }) => addresses.some(({ address }) => address === "2001:db8:1000::1")),
    "no plan lacks it",
  );
});

test("a provider that falls silent: Renew, Rebind, and at the end of the valid lifetime nothing is left", () => {
  const home = house();
  home.live(5);
  home.provider.mode = "silent";
  home.live(1300);
  assert.equal(home.phase(), "soliciting");
  assert.deepEqual(home.plan(), []);
  const kinds = new Set(home.sent.map(({ message }) => message.kind));
  assert.deepEqual([...kinds], ["solicit", "request", "renew", "rebind"]);
  home.provider.mode = "serve";
  home.live(400);
  assert.equal(home.phase(), "bound");
});

test("a provider with nothing to give is asked ever more seldom, and what it gives later is taken", () => {
  const home = house();
  home.provider.mode = "none";
  home.live(600);
  assert.equal(home.phase(), "soliciting");
  assert.ok(home.sent.length < 15, `${home.sent.length} messages in ten minutes`);
  home.provider.mode = "serve";
  home.live(700);
  assert.equal(home.phase(), "bound");
});

test("several IAs get prefixes of their own (RFC 9915 §6.3)", () => {
  const home = house(
    {},
    wan([
      { iaid: 7, targets: [target("lan0")] },
      { iaid: 3, targets: [target("lan1")] },
    ]),
  );
  home.live(5);
  assert.deepEqual(home.plan().slice(0, 2), ["lan0 2001:db8:1000::1/64 600/1200", "lan1 2001:db8:1000:100::1/64 600/1200"]);
  assert.deepEqual(
    home.events.filter(({ kind }) => kind === "offered").map(({ prefix }) => prefix),
    ["2001:db8:1000::/56", "2001:db8:1000:100::/56"],
  );
});

test("what an uplink went through can be stepped through again, and every state and effect is the same", () => {
  const home = house();
  home.live(700);
  home.service.linkNews({ index: 1, running: false });
  home.service.linkNews({ index: 1, running: true });
  home.live(20);
  const text = (home.service.uplink("wan0")?.trace() ?? []).join("\n");
  const recording = decodeRecording<ClientState, ClientEvent>(text);
  assert.equal(recording.machine, "uplink6");
  const { steps, differs } = replay(dhcp6Client, recording);
  assert.equal(differs, undefined);
  assert.ok(steps > 8, `${steps} steps`);
  const changed = recording.steps.map((step) => (step.event.kind === "received" ? { ...step, event: { kind: "deadline" as const } } : step));
  assert.notEqual(replay(dhcp6Client, { ...recording, steps: changed }).differs, undefined);
});
