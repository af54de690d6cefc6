/** Transitions and their reasons, read from the steps that a driver remembers; and the sentences people get. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LIMITS } from "../../../src/base/limits.ts";
import { instant, wallClock } from "../../../src/base/time.ts";
import { explanation } from "../../../src/cli/show/explain.ts";
import type { ClientEffect, ClientEvent, ClientState } from "../../../src/machines/dhcp4-client/state.ts";
import type { Observed } from "../../../src/services/driver.ts";
import { explain, TRANSITION_REASONS } from "../../../src/services/uplink4/explain.ts";
import { ADDRESS, CONFIG, lease, NEIGHBOUR_MAC, Timeline } from "../../support/uplink.ts";

const START = Date.UTC(2026, 10, 21);

/** A time line that remembers its steps as a driver does. */
class Remembered extends Timeline {
  readonly steps: Observed<ClientState, ClientEvent, ClientEffect>[] = [];

  override happens(event: ClientEvent): this {
    const [before, known] = [this.state, this.effects.length];
    super.happens(event);
    this.steps.push({
      step: { event, now: this.now, entropy: new Uint8Array(32) },
      before,
      after: this.state,
      effects: this.effects.slice(known),
    });
    return this;
  }

  explained(): ReturnType<typeof explain> {
    return explain("wan0", this.steps, { now: this.now, wallClock: wallClock(START + this.now) });
  }
}
function client(config: Partial<typeof CONFIG> = {}): Remembered {
  return new Remembered({ ...CONFIG, ...config });
}
const edges = (line: Remembered): readonly string[] => line.explained().transitions.map(({ from, to, why }) => `${from} ${to} ${why}`);

test("a lease is taken: each transition has its reason, its time on the wall, the address and the server", () => {
  const line = client();
  line.at(2).linkUp().sends("discover").offer().sends("request").ack();
  assert.deepEqual(edges(line), ["down selecting link-up", "selecting requesting offer", "requesting bound ack"]);
  const [, taken] = line.explained().transitions;
  assert.deepEqual([taken?.at, taken?.address, taken?.server, taken?.tried], [new Date(START + 2000).toISOString(), ADDRESS, "192.0.2.1", 1]);
});

test("a server that falls silent: the number of renewals, whom we asked, then everybody, then the end of the lease", () => {
  const line = client();
  line.linkUp().sends("discover").offer().sends("request").ack();
  line.runsTo(3601);
  assert.deepEqual(edges(line).slice(3), ["bound renewing renewal-due", "renewing rebinding no-reply", "rebinding selecting expired"]);
  const rebinding = line.explained().transitions.at(-2);
  assert.equal(rebinding?.server, "192.0.2.1");
  assert.ok((rebinding?.tried ?? 0) > 1);
  assert.match(explanation(line.explained()), new RegExp(`renew failed ${rebinding?.tried}x: no reply from 192\\.0\\.2\\.1; asks any server`));
});

test("answers that were passed over are told with the transition that came after them, and no other", () => {
  const line = client();
  line.linkUp().sends("discover").offer({ xid: 1 }).offer({ xid: 2 }).offer().sends("request").ack();
  const [, offered, bound] = line.explained().transitions;
  assert.deepEqual(offered?.ignored, { "xid-mismatch": 2 });
  assert.deepEqual(bound?.ignored, {});
  assert.match(explanation(line.explained()), /passed over before: xid-mismatch 2/);
});

test("a NAK, its pause, a link that goes and comes, a lease from disk and what an operator asks have their reasons", () => {
  const refused = client();
  refused.linkUp().sends("discover").offer().sends("request").nak().sends("discover").offer().sends("request").nak();
  assert.deepEqual(edges(refused).slice(2), ["requesting selecting nak", "selecting requesting offer", "requesting backing-off nak"]);
  refused.runsTo(60);
  assert.equal(edges(refused)[5], "backing-off selecting pause-over");

  const stored = client();
  stored.stored(lease()).linkUp().sends("request").ack().linkDown().linkUp().sends("request").ack();
  assert.deepEqual(edges(stored), [
    "down rebooting link-up",
    "rebooting bound ack",
    "bound down link-down",
    "down rebooting link-up",
    "rebooting bound ack",
  ]);
  assert.match(explanation(stored.explained()), /192\.0\.2\.1 confirmed 192\.0\.2\.10; uses the address/);

  stored.commanded("renew").sends("request").ack().commanded("release").sends("release").commanded("renew").sends("discover");
  assert.deepEqual(edges(stored).slice(5), [
    "bound renewing operator-renew",
    "renewing bound ack",
    "bound stopped operator-release",
    "stopped selecting operator-renew",
  ]);
});

test("an address that somebody else answers for is a conflict (RFC 5227 §2.1.1)", () => {
  const line = client({ conflictDetection: "fast" });
  line.linkUp().sends("discover").offer().sends("request").ack().watching();
  line.hears({ senderAddress: ADDRESS, senderMac: NEIGHBOUR_MAC });
  assert.deepEqual(edges(line).slice(2), ["requesting checking ack", "checking backing-off conflict"]);
  const free = client({ conflictDetection: "fast" });
  free.linkUp().sends("discover").offer().sends("request").ack().watching();
  free.runsTo(5);
  assert.equal(edges(free).at(-1), "checking bound address-free");
});

test("only the last transitions are told, and the state is the last one's", () => {
  const line = client();
  for (let i = 0; i < LIMITS.explainedTransitions; i++) line.linkUp().drained().linkDown();
  const { state, transitions } = line.explained();
  assert.equal(transitions.length, LIMITS.explainedTransitions);
  assert.deepEqual([state, transitions.at(-1)?.to], ["down", "down"]);
});

test("without steps there is nothing to explain, and every reason has a sentence of its own", () => {
  const nothing = explain("wan0", [], { now: instant(0), wallClock: wallClock(START) });
  assert.deepEqual(nothing, { interface: "wan0", state: "down", transitions: [] });
  assert.match(explanation(nothing), /Nothing has happened/);
  const sentences = Object.keys(TRANSITION_REASONS).map((why) => {
    const transition = {
      at: "",
      from: "x",
      to: "y",
      why: why as keyof typeof TRANSITION_REASONS,
      address: null,
      server: null,
      tried: 1,
      ignored: {},
    };
    return explanation({ interface: "wan0", state: "down", transitions: [transition] });
  });
  assert.equal(new Set(sentences).size, sentences.length);
});

test("text of a stranger's in an explanation is escaped", () => {
  const transition = { at: "", from: "x", to: "y", why: "nak" as const, address: null, server: "\u001b[31m\u202e", tried: 1, ignored: {} };
  assert.doesNotMatch(explanation({ interface: "wan0", state: "down", transitions: [transition] }), /[^\n\x20-\x7e]/);
});
