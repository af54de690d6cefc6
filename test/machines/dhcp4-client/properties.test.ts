import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Entropy } from "../../../src/base/entropy.ts";
import { type Ipv4Address, ipv4Of, UNSPECIFIED_V4 } from "../../../src/base/ipv4.ts";
import { type Instant, instant } from "../../../src/base/time.ts";
import { dhcp4Client } from "../../../src/machines/dhcp4-client/client.ts";
import type { ClientConfig } from "../../../src/machines/dhcp4-client/config.ts";
import { type ClientEvent, type ClientState, initialState } from "../../../src/machines/dhcp4-client/state.ts";
import { chaddr } from "../../../src/wire/dhcp4/hardware.ts";
import { dhcp4 } from "../../../src/wire/dhcp4/message.ts";
import type { Dhcp4Type } from "../../../src/wire/dhcp4/types.ts";
import type { ClientId } from "../../../src/wire/dhcp4/vendor.ts";
import type { ArpPacket } from "../../../src/wire/ip/arp.ts";
import { ADDRESS, CONFIG, MAC, NEIGHBOUR_MAC, SERVER, SERVER_MAC, lease } from "../../support/uplink.ts";

fc.configureGlobal({ includeErrorInReport: true });

/** An event as the state stands: an answer to what was last asked, or to nothing. */
type Happening = { readonly afterMs: number; readonly seed: Uint8Array; readonly event: (state: ClientState, now: Instant) => ClientEvent };

const address = fc.oneof(
  { weight: 6, arbitrary: fc.constant(ADDRESS) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffffffff }).map((n) => ipv4Of(n)) },
);
const server = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Ipv4Address | undefined>(SERVER) },
  { weight: 1, arbitrary: fc.constant<Ipv4Address | undefined>(undefined) },
  { weight: 1, arbitrary: address },
);
const seconds = fc.oneof(fc.constantFrom(undefined, 0, 1, 10, 60, 3600, 86_400, 0xfffffffe, 0xffffffff), fc.integer({ min: 0, max: 0xffffffff }));
const mac = fc.constantFrom(MAC, "02:00:00:00:00:02" as typeof MAC);

const answer = fc
  .record({
    type: fc.constantFrom<Dhcp4Type>("offer", "offer", "ack", "ack", "nak", "discover", "forcerenew"),
    yiaddr: address,
    server,
    lease: seconds,
    t1: seconds,
    t2: seconds,
    ours: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
    clientId: fc.constantFrom<ClientId | undefined>(undefined, "01020000000001" as ClientId),
    ipv6OnlySeconds: fc.constantFrom(undefined, undefined, undefined, 0, 299, 300, 0xffffffff),
    rapidCommit: fc.constantFrom(undefined, true as const),
    autoConfigure: fc.constantFrom(undefined, undefined, false),
  })
  .map((given) => (state: ClientState): ClientEvent => {
    const options = {
      messageType: given.type,
      serverId: given.server,
      leaseSeconds: given.lease,
      renewalSeconds: given.t1,
      rebindingSeconds: given.t2,
      clientId: given.clientId,
      ipv6OnlyPreferredSeconds: given.ipv6OnlySeconds,
      rapidCommit: given.rapidCommit,
      autoConfigure: given.autoConfigure,
    };
    const present = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as { readonly messageType: Dhcp4Type };
    const xid = given.ours && "exchange" in state.phase ? state.phase.exchange.xid : 7;
    return {
      kind: "received",
      source: SERVER,
      sourceMac: SERVER_MAC,
      message: dhcp4({ op: "reply", xid, yiaddr: given.yiaddr, chaddr: chaddr(state.mac ?? MAC), options: present }),
    };
  });

const flag = fc.boolean();
const BY_HAND = { address: "192.0.2.5" as Ipv4Address, prefixLength: 24 };
/** Some keys of the configuration, anew. */
const configs: fc.Arbitrary<Partial<ClientConfig>> = fc.record(
  {
    hostName: fc.constantFrom("", "gw"),
    clientId: fc.constantFrom<ClientId | undefined>(undefined, "00cafe" as ClientId),
    retransmitSeconds: fc.constantFrom(1, 4),
    startDelaySeconds: fc.constantFrom(undefined, 0, 3),
    selectSeconds: fc.constantFrom(0, 2),
    conflictDetection: fc.constantFrom("fast", "rfc", "off"),
    rapidCommit: flag,
    preferIpv6: fc.constantFrom("no", "yes", "when-connected"),
    fallbackLinkLocal: flag,
    anonymous: flag,
    releaseOnStop: flag,
    inform: fc.constantFrom(undefined, undefined, BY_HAND, { ...BY_HAND, prefixLength: 25 }),
    allowServers: fc.constantFrom([], [SERVER], ["192.0.2.9" as Ipv4Address]),
    denyServers: fc.constantFrom([], [SERVER]),
  } satisfies { readonly [K in keyof ClientConfig]?: fc.Arbitrary<ClientConfig[K]> },
  { requiredKeys: [] },
);
/** What a neighbour says: of our address, of the one that is probed for, or of another. */
const word = fc.record({
  operation: fc.constantFrom<ArpPacket["operation"]>("request", "reply"),
  senderMac: fc.constant(NEIGHBOUR_MAC),
  targetMac: fc.constant(MAC),
  senderAddress: fc.constantFrom(UNSPECIFIED_V4, ADDRESS, ADDRESS, "192.0.2.99" as Ipv4Address),
  targetAddress: fc.constantFrom(ADDRESS, "192.0.2.99" as Ipv4Address),
});

function probedIn({ phase, linkLocal }: ClientState): Ipv4Address | undefined {
  if (phase.kind === "checking") return phase.probing.address;
  return linkLocal?.kind === "probing" ? linkLocal.probing.address : undefined;
}

const event = fc.oneof(
  { weight: 8, arbitrary: answer },
  { weight: 4, arbitrary: fc.constant((): ClientEvent => ({ kind: "deadline" })) },
  { weight: 2, arbitrary: fc.record({ up: fc.boolean(), mac }).map((link) => (): ClientEvent => ({ kind: "link", ...link })) },
  {
    weight: 1,
    arbitrary: configs.map(
      (more) =>
        (state: ClientState): ClientEvent => ({ kind: "configure", config: { ...state.config, ...more } }),
    ),
  },
  { weight: 2, arbitrary: word.map((packet) => (): ClientEvent => ({ kind: "arp", packet })) },
  {
    weight: 3,
    arbitrary: fc.constant((state: ClientState): ClientEvent => ({ kind: "watching", address: probedIn(state) ?? ADDRESS })),
  },
  { weight: 1, arbitrary: fc.boolean().map((connected) => (): ClientEvent => ({ kind: "ipv6", connected })) },
  { weight: 1, arbitrary: fc.constantFrom<ClientEvent>({ kind: "resumed" }, { kind: "farewell" }).map((one) => (): ClientEvent => one) },
  { weight: 1, arbitrary: fc.constantFrom("", "gw").map((hostName) => (): ClientEvent => ({ kind: "named", hostName })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("renew", "release", "reboot").map((verb) => (): ClientEvent => ({ kind: "command", verb })),
  },
  { weight: 1, arbitrary: fc.constant((): ClientEvent => ({ kind: "removed" })) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: -10, max: 7200 }).map((left) => (_: ClientState, now: Instant): ClientEvent => {
      const end = instant(now + left * 1000);
      return {
        kind: "stored",
        lease: lease({ renewAt: end, rebindAt: end, expiresAt: end }),
      };
    }),
  },
);
const happening: fc.Arbitrary<Happening> = fc.record({
  afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 90_000 }), fc.integer({ min: 0, max: 10_000_000 })),
  seed: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  event,
});
/** What happens, and what the operator said before. */
type Life = { readonly config: Partial<ClientConfig>; readonly happenings: readonly Happening[] };
const life: fc.Arbitrary<Life> = fc.record({ config: configs, happenings: fc.array(happening, { minLength: 5, maxLength: 60 }) });

/** Lives through it, ringing the alarm whenever it is due. */
function live(
  { config, happenings }: Life,
  look: (before: ClientState, event: ClientEvent, now: Instant, stepped: ReturnType<typeof dhcp4Client.step>) => void,
): void {
  let state = initialState({ ...CONFIG, ...config });
  let now = instant(0);
  const story: string[] = [];
  const step = (happens: ClientEvent, chance: Uint8Array): void => {
    const seed = Uint8Array.from(chance, (byte, i) => byte ^ ((story.length >>> (8 * (i & 3))) & 255)); // no two steps draw alike
    const stepped = dhcp4Client.step(state, happens, { now, entropy: new Entropy(seed) });
    const type = happens.kind === "received" ? ` ${happens.message.options.messageType}` : "";
    story.push(`${now} ${happens.kind}${type} > ${stepped.state.phase.kind}: ${stepped.effects.map(({ kind }) => kind).join()}`);
    try {
      look(state, happens, now, stepped);
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : error}\n${JSON.stringify(config)}\n${story.slice(-12).join("\n")}`);
    }
    state = stepped.state;
  };
  for (const { afterMs, seed, event: of } of [
    { afterMs: 0, seed: new Uint8Array(32), event: (): ClientEvent => ({ kind: "link", up: true, mac: MAC }) },
    ...happenings,
  ]) {
    const until = instant(now + afterMs);
    for (let rings = 0; dhcp4Client.deadline(state) <= until && rings < 200; rings++) {
      now = instant(Math.max(now, dhcp4Client.deadline(state)));
      step({ kind: "deadline" }, seed);
    }
    now = until;
    step(of(state, now), seed);
  }
}

test("whatever happens, the machine stays in its table and never throws", () => {
  fc.assert(
    fc.property(life, (one) => {
      live(one, (before, happens, _now, { state }) => {
        const [from, to] = [before.phase.kind, state.phase.kind];
        const legal: readonly string[] = dhcp4Client.transitions[from] ?? [];
        assert.ok(from === to || legal.includes(to), `${happens.kind}: ${from} > ${to}`);
      });
    }),
    { numRuns: 250 },
  );
});

test("what is ignored changes nothing, not even the object", () => {
  fc.assert(
    fc.property(life, (one) => {
      live(one, (before, _happens, _now, { state, effects }) => {
        if (!effects.some(({ kind }) => kind === "ignored")) return;
        assert.equal(state, before);
        assert.equal(effects.length, 1);
      });
    }),
    { numRuns: 150 },
  );
});

test("a deadline that was rung leads to a later one: no alarm spins", () => {
  fc.assert(
    fc.property(life, (one) => {
      let rings = 0;
      live(one, (_before, happens, now, { state }) => {
        rings = happens.kind === "deadline" && dhcp4Client.deadline(state) <= now ? rings + 1 : 0;
        // one matter at a time: the lease's end, an announcement, a link-local address, the phase
        assert.ok(rings < MATTERS, `${state.phase.kind} wants to be woken at ${dhcp4Client.deadline(state)}, it is ${now}`);
      });
    }),
    { numRuns: 250 },
  );
});
const MATTERS = 4;

test("the kernel is told of every lease it holds: configured and taken out in turn, never two addresses, never an ended one", () => {
  fc.assert(
    fc.property(life, (one) => {
      let inKernel: string | undefined;
      live(one, (_before, _happens, now, { state, effects }) => {
        for (const effect of effects) {
          if (effect.kind === "configure") {
            assert.ok(effect.lease.expiresAt > now, "an ended lease is configured");
            if (effect.previous !== undefined) assert.equal(effect.previous.address, inKernel, "what it replaces is not what is there");
            inKernel = effect.lease.address;
          }
          if (effect.kind === "configure-link-local") {
            assert.equal(inKernel, undefined, "a link-local address beside another");
            inKernel = effect.address;
          }
          if (effect.kind === "deconfigure") inKernel = undefined;
        }
        const { held } = state.phase;
        const own = state.linkLocal?.kind === "held" ? state.linkLocal.address : undefined;
        const leased = state.configured ? held?.address : undefined;
        assert.ok(own === undefined || leased === undefined, "a lease and a link-local address");
        assert.equal(inKernel, own ?? leased, `${state.phase.kind}: the kernel holds ${inKernel}`);
      });
    }),
    { numRuns: 400 },
  );
});

test("what is probed for or defended is listened for, and nothing is when there is nothing to hear", () => {
  fc.assert(
    fc.property(life, (one) => {
      let watched: string | undefined;
      live(one, (_before, _happens, _now, { state, effects }) => {
        for (const effect of effects) if (effect.kind === "watch") watched = effect.address;
        const concerned = probedIn(state) ?? state.defence?.address;
        assert.equal(watched, concerned, `${state.phase.kind} listens for ${watched}`);
        if (state.defence === undefined) return;
        const used = state.linkLocal?.kind === "held" ? state.linkLocal.address : state.phase.held?.address;
        assert.equal(state.defence.address, used, `${state.phase.kind} defends what is not in use`);
      });
    }),
    { numRuns: 400 },
  );
});

test("no more than three messages a second and twenty a minute leave without an operator's word, a new link or a server's", () => {
  fc.assert(
    fc.property(life, (one) => {
      const times: number[] = [];
      live(one, (_before, happens, now, { effects }) => {
        if (happens.kind !== "deadline") return void times.splice(0);
        for (const effect of effects) if (effect.kind === "send") times.push(now);
        assert.ok(times.filter((at) => now - at < 1000).length <= 3, `at ${times.slice(-4)}`);
        assert.ok(times.filter((at) => now - at < 60_000).length <= 20, `at ${times.slice(-21)}`);
      });
    }),
    { numRuns: 250 },
  );
});

test("one conversation repeats itself no sooner than its first interval less its jitter, and once a minute while a lease is extended (RFC 2131 §4.1, §4.4.5)", () => {
  fc.assert(
    fc.property(life, (one) => {
      let last: { readonly xid: number; readonly kind: string; readonly at: number } | undefined;
      live(one, (_before, happens, now, { state, effects }) => {
        const { phase, config } = state;
        if (happens.kind !== "deadline") last = undefined;
        if (!effects.some(({ kind }) => kind === "send") || !("exchange" in phase)) return;
        const again = last?.xid === phase.exchange.xid && last.kind === phase.kind;
        const leastMs = phase.kind === "renewing" || phase.kind === "rebinding" ? 60_000 : config.retransmitSeconds * 750;
        if (again) assert.ok(now - (last?.at ?? 0) >= leastMs - 1, `${phase.kind} after ${now - (last?.at ?? 0)} ms`);
        last = { xid: phase.exchange.xid, kind: phase.kind, at: now };
      });
    }),
    { numRuns: 250 },
  );
});

test("nothing grows: whatever happened, a state is as large as one lease", () => {
  fc.assert(
    fc.property(life, (one) => {
      live(one, (_before, _happens, _now, { state }) => {
        assert.ok(JSON.stringify(state).length < 8000);
      });
    }),
    { numRuns: 60 },
  );
});

test("same events and same chance give the same life", () => {
  fc.assert(
    fc.property(life, (one) => {
      const lives = [0, 1].map(() => {
        const told: unknown[] = [];
        live(one, (_before, happens, now, stepped) => told.push(happens, now, stepped));
        return told;
      });
      assert.deepEqual(lives[0], lives[1]);
    }),
    { numRuns: 40 },
  );
});
