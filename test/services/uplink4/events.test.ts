/** What hooks and watchers are told, in which order, and that each name of the table is told once where it belongs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ipv4Address } from "../../../src/base/ipv4.ts";
import type { MacAddress } from "../../../src/base/mac.ts";
import { instant } from "../../../src/base/time.ts";
import { UPLINK_EVENTS, type UplinkEventName } from "../../../src/ports/kernel.ts";
import type { Uplink4Interface } from "../../../src/services/uplink4/config.ts";
import { ADDRESS, boundRig, face, rig } from "./rig.ts";

const NEIGHBOUR = "02:00:00:00:00:aa" as MacAddress;
const MOVED = { message: { yiaddr: "192.0.2.77" as Ipv4Address } };
type Rig = ReturnType<typeof rig>;

function fresh(more: Partial<Uplink4Interface> = {}): Rig {
  const self = rig();
  self.service.configure({ interfaces: [face("wan0", more)] });
  return self;
}
/** Told since last looked at, without the name of the interface. */
function told(self: Rig): readonly string[] {
  return self.told.splice(0).map((line) => line.replace("wan0 ", ""));
}
function bound(more: Partial<Uplink4Interface> = {}): Rig {
  const self = boundRig(more);
  told(self);
  return self;
}

const STORIES: readonly (readonly [sentence: string, events: readonly string[], story: () => Rig])[] = [
  [
    "the first lease",
    ["carrier", "preinit", "offer", "bound"],
    () => {
      const self = fresh();
      self.link();
      self.bind();
      return self;
    },
  ],
  [
    "the first lease of an address that is asked about",
    ["carrier", "preinit", "offer", "bound"],
    () => {
      const self = fresh({ conflictDetection: "fast" });
      self.link();
      self.service.frame(1, self.answer("offer"), "verify");
      self.service.frame(1, self.answer("ack"), "verify");
      self.timeline.runUntil(instant(2000));
      return self;
    },
  ],
  [
    "an address that a neighbour has",
    ["carrier", "preinit", "offer", "conflict"],
    () => {
      const self = fresh({ conflictDetection: "fast" });
      self.link();
      self.service.frame(1, self.answer("offer"), "verify");
      self.service.frame(1, self.answer("ack"), "verify");
      self.probed(NEIGHBOUR, ADDRESS);
      return self;
    },
  ],
  [
    "a renewal",
    ["renew"],
    () => {
      const self = bound();
      self.timeline.runUntil(instant(1_802_000));
      self.service.frame(1, self.answer("ack"), "verify");
      return self;
    },
  ],
  [
    "a renewal that changes something",
    ["renew", "change"],
    () => {
      const self = bound();
      self.timeline.runUntil(instant(1_802_000));
      self.service.frame(1, self.answer("ack", MOVED), "verify");
      return self;
    },
  ],
  [
    "an extension by whoever answered",
    ["rebind"],
    () => {
      const self = bound();
      self.timeline.runUntil(instant(3_160_000));
      self.service.frame(1, self.answer("ack"), "verify");
      return self;
    },
  ],
  [
    "a link that flaps",
    ["carrier", "carrier", "preinit", "reboot"],
    () => {
      const self = bound();
      self.service.linkNews({ index: 1, running: false });
      self.service.linkNews({ index: 1, running: true });
      self.service.frame(1, self.answer("ack"), "verify");
      return self;
    },
  ],
  [
    "a NAK",
    ["nak"],
    () => {
      const self = bound();
      self.timeline.runUntil(instant(1_802_000));
      self.service.frame(1, self.answer("nak"), "verify");
      return self;
    },
  ],
  [
    "a lease's end",
    ["expire"],
    () => {
      const self = bound();
      self.timeline.runUntil(instant(3_601_000));
      return self;
    },
  ],
  [
    "a release",
    ["release"],
    () => {
      const self = bound();
      self.service.command("wan0", "release");
      return self;
    },
  ],
  [
    "an interface that is served no longer",
    ["stop"],
    () => {
      const self = bound();
      self.service.configure({ interfaces: [] });
      return self;
    },
  ],
  [
    "a network without IPv4",
    ["carrier", "preinit", "v6only"],
    () => {
      const self = fresh({ preferIpv6: "yes" });
      self.link();
      const ipv6OnlyPreferredSeconds = 1800;
      self.service.frame(1, self.answer("offer", { message: { options: { messageType: "offer", ipv6OnlyPreferredSeconds } } }), "verify");
      return self;
    },
  ],
  [
    "a reload, a name, and answers that are ignored",
    [],
    () => {
      const self = bound();
      self.service.configure({ interfaces: [face("wan0", { metric: 9 })] });
      self.service.hostNamed("other");
      self.service.frame(1, self.answer("ack"), "verify");
      return self;
    },
  ],
];

for (const [sentence, events, story] of STORIES) {
  test(`${sentence}: ${events.join(", ") || "nothing"}`, () => assert.deepEqual(told(story()), events));
}

/** Of the other family, whose stories tell them. */
const ELSEWHERE: readonly UplinkEventName[] = ["pd-bound", "pd-change", "pd-deprecate", "pd-expire"];

test("every event of the table is in a story", () => {
  const seen = new Set(STORIES.flatMap(([, events]) => events));
  assert.deepEqual(
    UPLINK_EVENTS.filter((name) => !seen.has(name) && !ELSEWHERE.includes(name)),
    [],
  );
});
