import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { DomainName } from "../../../src/base/domain.ts";
import { Entropy } from "../../../src/base/entropy.ts";
import { type Ipv6Address, type Ipv6Prefix, ipv6Of } from "../../../src/base/ipv6.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { after, type Instant, instant } from "../../../src/base/time.ts";
import { routerAdvertiser } from "../../../src/machines/router-advertiser/advertiser.ts";
import { type AdvertiserEffect, type AdvertiserEvent, type AdvertiserState, INITIAL_STATE } from "../../../src/machines/router-advertiser/state.ts";
import type { Observed } from "../../../src/services/driver.ts";
import { decodeRecording, encodeRecording, recordingOf, replay } from "../../../src/services/recording.ts";
import { decodeIcmp6, encodeIcmp6, type RouterAdvertisement } from "../../../src/wire/icmp6/message.ts";
import { CONFIG, MAC } from "./timeline.ts";

type Happening = { readonly afterMs: number; readonly seed: Uint8Array; readonly event: (now: Instant) => AdvertiserEvent };
type Stepped = Observed<AdvertiserState, AdvertiserEvent, AdvertiserEffect>;

const anyAddress = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("2001:db8:1::1", "2001:db8:1::2", "2001:db8:2::1", "fd00::1", "fe80::1") },
  { weight: 1, arbitrary: fc.constantFrom("::", "::1", "ff02::2", "fe80::bb") },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(ipv6Of) },
) as fc.Arbitrary<Ipv6Address>;
const seconds = fc.oneof(fc.constantFrom(0, 1, 10, 3600, 0xfffffffe, 0xffffffff), fc.integer({ min: 0, max: 20_000 }));
const own = fc.record({
  address: anyAddress,
  prefixLength: fc.constantFrom(64, 64, 48, 0, 96, 97, 128),
  preferred: seconds,
  valid: seconds,
  deprecated: fc.boolean(),
});
const config = fc.record({
  managed: fc.boolean(),
  otherConfig: fc.boolean(),
  autonomous: fc.boolean(),
  lifetimeSeconds: fc.constantFrom(undefined, 0, 1, 1800, 0xffffffff),
  minIntervalSeconds: fc.integer({ min: 0, max: 1800 }),
  maxIntervalSeconds: fc.integer({ min: 0, max: 1800 }),
  maxPreferredSeconds: seconds,
  maxValidSeconds: seconds,
  dnsServers: fc.array(anyAddress, { maxLength: 70 }),
  searchDomains: fc.array(fc.constantFrom("a.example", "b.example", `${"x".repeat(60)}.example`) as fc.Arbitrary<DomainName>, { maxLength: 40 }),
});
const constant = (event: AdvertiserEvent) => fc.constant((): AdvertiserEvent => event);
const event = fc.oneof(
  { weight: 6, arbitrary: constant({ kind: "deadline" }) },
  { weight: 1, arbitrary: constant({ kind: "remembered", items: [{ kind: "prefix", value: "2001:db8:7::/64" as Ipv6Prefix }] }) },
  { weight: 6, arbitrary: anyAddress.map((source) => (): AdvertiserEvent => ({ kind: "solicited", source })) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(undefined, { mac: MAC, mtuBytes: 1500 }, { mac: undefined, mtuBytes: undefined })
      .map((link) => (): AdvertiserEvent => ({ kind: "link", link })),
  },
  {
    weight: 2,
    arbitrary: fc.oneof(
      constant({ kind: "configured", config: CONFIG }),
      config.map((value) => (): AdvertiserEvent => ({ kind: "configured", config: value })),
      constant({ kind: "configured", config: undefined }),
    ),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({
        linkLocal: fc.constantFrom(undefined, "fe80::1", "fe80::1", "fe80::2") as fc.Arbitrary<Ipv6Address | undefined>,
        list: fc.array(own, { maxLength: 12 }),
      })
      .map(({ linkLocal, list }) => (now: Instant): AdvertiserEvent => {
        const addresses = list.map(({ preferred, valid, ...one }) => ({
          ...one,
          preferredUntil: after(now, preferred),
          validUntil: after(now, valid),
        }));
        return { kind: "addresses", linkLocal, addresses };
      }),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({
        hasDefaultRoute: fc.boolean(),
        delegated: fc.subarray([
          "2001:db8::/32",
          "2001:db8:1::/48",
          "fd00::/8",
          "::/0",
        ] as readonly string[] as readonly Ipv6Prefix[] as Ipv6Prefix[]),
      })
      .map((routes) => (): AdvertiserEvent => ({ kind: "routes", ...routes })),
  },
);
const happening: fc.Arbitrary<Happening> = fc.record({
  afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 0, max: 3_000_000 })),
  seed: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  event,
});
const life = fc.array(happening, { minLength: 5, maxLength: 50 });
const START: readonly AdvertiserEvent[] = [
  { kind: "configured", config: CONFIG },
  { kind: "link", link: { mac: MAC, mtuBytes: 1500 } },
  { kind: "addresses", linkLocal: "fe80::1" as Ipv6Address, addresses: [] },
];

/** Lives through it, ringing the alarm whenever it is due. */
function live(happenings: readonly Happening[], look: (stepped: Stepped) => void): void {
  let state = INITIAL_STATE;
  let now = instant(0);
  const step = (happens: AdvertiserEvent, entropy: Uint8Array): void => {
    const before = state;
    const stepped = routerAdvertiser.step(before, happens, { now, entropy: new Entropy(entropy) });
    state = stepped.state;
    look({ step: { event: happens, now, entropy }, before, after: state, effects: stepped.effects });
  };
  for (const begins of START) step(begins, new Uint8Array(32));
  for (const { afterMs, seed, event: of } of happenings) {
    const until = instant(now + afterMs);
    for (let rings = 0; routerAdvertiser.deadline(state) <= until && rings < 100; rings++) {
      now = instant(Math.max(now, routerAdvertiser.deadline(state)));
      step({ kind: "deadline" }, seed);
    }
    now = until;
    step(of(now), seed);
  }
}

test("whatever happens, the machine stays in its table, never throws, and remembers no more than it may", () => {
  fc.assert(
    fc.property(life, (happenings) => {
      live(happenings, ({ step, before, after: now }) => {
        const [from, to] = [before.phase.kind, now.phase.kind];
        const legal: readonly string[] = routerAdvertiser.transitions[from] ?? [];
        assert.ok(from === to || legal.includes(to), `${step.event.kind}: ${from} > ${to}`);
        assert.ok(now.withdrawn.length <= LIMITS.withdrawnItems);
        assert.ok(now.phase.kind === "silent" || now.phase.answers.length <= LIMITS.routerAnswers);
      });
    }),
    { numRuns: 200 },
  );
});

test("what is ignored changes nothing, not even the object", () => {
  let ignored = 0;
  fc.assert(
    fc.property(life, (happenings) => {
      live(happenings, ({ before, after: now, effects }) => {
        if (!effects.some(({ kind }) => kind === "ignored")) return;
        ignored++;
        assert.equal(now, before);
        assert.equal(effects.length, 1);
      });
    }),
    { numRuns: 100 },
  );
  assert.ok(ignored > 0);
});

test("a deadline that was rung leads to a later one: no alarm spins", () => {
  fc.assert(
    fc.property(life, (happenings) => {
      live(happenings, ({ step, after: now }) => {
        if (step.event.kind === "deadline") assert.ok(routerAdvertiser.deadline(now) > step.now);
      });
    }),
    { numRuns: 100 },
  );
});

test("all that goes out fits every link and reads back as it was meant (RFC 6980 §5)", () => {
  let sent = 0;
  fc.assert(
    fc.property(life, (happenings) => {
      live(happenings, ({ effects }) => {
        for (const { from, to, message } of sendsIn(effects)) {
          sent++;
          const bytes = encodeIcmp6(message, { source: from, destination: to });
          assert.ok(bytes.length <= 1240, `${bytes.length} bytes`);
          assert.deepEqual(decodeIcmp6(bytes, { source: from, destination: to, hopLimit: 255 }, { checksum: "verify" }), message);
        }
      });
    }),
    { numRuns: 150 },
  );
  assert.ok(sent > 0);
});

test("no lifetime outlives what it was taken from or what was configured; preferred is never longer than valid (RFC 4861 §4.6.2, RFC 9096 §3.3)", () => {
  fc.assert(
    fc.property(life, (happenings) => {
      live(happenings, ({ before, after: now, step, effects }) => {
        const { config: limits } = now.config === undefined ? before : now;
        assert.ok(limits !== undefined || effects.length === 0 || step.event.kind === "solicited");
        for (const { message } of sendsIn(effects)) {
          for (const { preferredSeconds, validSeconds } of message.options.prefixes ?? []) {
            assert.ok(preferredSeconds <= validSeconds);
            assert.ok(validSeconds <= (limits?.maxValidSeconds ?? 0));
            const longest = Math.max(0, ...now.addresses.map(({ validUntil }) => Math.ceil((validUntil - step.now) / 1000)));
            assert.ok(validSeconds <= longest);
          }
        }
      });
    }),
    { numRuns: 150 },
  );
});

test("to all hosts, two advertisements are at least 3 s apart, the last one aside (RFC 4861 §6.2.4, §6.2.5)", () => {
  fc.assert(
    fc.property(life, (happenings) => {
      let last = Number.NEGATIVE_INFINITY;
      live(happenings, ({ step, effects }) => {
        if (!sendsIn(effects).some(({ to }) => to === "ff02::1")) return;
        if (step.event.kind !== "configured") assert.ok(step.now - last >= 2999.999, `${step.now - last} ms`);
        last = step.now;
      });
    }),
    { numRuns: 150 },
  );
});

test("what hosts were told and is no longer so is taken back, in the next word to them (RFC 9096 §3.5)", () => {
  fc.assert(
    fc.property(life, (happenings) => {
      let believed = new Set<string>();
      live(happenings, ({ after: now, effects }) => {
        const sends = sendsIn(effects).filter(({ to }) => to === sendsIn(effects)[0]?.to);
        if (sends.length === 0 || now.withdrawn.length === LIMITS.withdrawnItems || now.config?.maxValidSeconds === 0) {
          if (sends.length > 0) believed = new Set();
          return;
        }
        const told = new Map(
          sends.flatMap(({ message }) => (message.options.prefixes ?? []).map(({ prefix, validSeconds }) => [prefix, validSeconds] as const)),
        );
        for (const prefix of believed) assert.ok(told.has(prefix as Ipv6Prefix), `${prefix} is neither told nor taken back`);
        believed = new Set([...told].filter(([, validSeconds]) => validSeconds > 0).map(([prefix]) => prefix));
      });
    }),
    { numRuns: 150 },
  );
});

test("a recording of any life replays bit for bit, and one changed digest is found", () => {
  fc.assert(
    fc.property(life, (happenings) => {
      const steps: Stepped[] = [];
      live(happenings, (stepped) => steps.push(stepped));
      const recording = recordingOf(routerAdvertiser.name, steps);
      assert.ok(recording !== undefined);
      const read = decodeRecording<AdvertiserState, AdvertiserEvent>(encodeRecording(recording));
      assert.equal(replay(routerAdvertiser, read).differs, undefined);
      const last = read.steps.length;
      const wrong = { ...read, steps: read.steps.map((step, i) => (i === last - 1 ? { ...step, digest: "0" } : step)) };
      assert.equal(replay(routerAdvertiser, wrong).differs?.step, last);
    }),
    { numRuns: 30 },
  );
});

function sendsIn(
  effects: readonly AdvertiserEffect[],
): readonly { readonly from: Ipv6Address; readonly to: Ipv6Address; readonly message: RouterAdvertisement }[] {
  return effects.flatMap((effect) => (effect.kind === "send" ? [effect] : []));
}
