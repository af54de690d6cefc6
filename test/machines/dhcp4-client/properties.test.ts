import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Entropy } from "../../../src/base/entropy.ts";
import { type Ipv4Address, ipv4Of } from "../../../src/base/ipv4.ts";
import { type Instant, instant } from "../../../src/base/time.ts";
import { dhcp4Client } from "../../../src/machines/dhcp4-client/client.ts";
import { type ClientEvent, type ClientState, initialState } from "../../../src/machines/dhcp4-client/state.ts";
import { chaddr } from "../../../src/wire/dhcp4/hardware.ts";
import { dhcp4 } from "../../../src/wire/dhcp4/message.ts";
import type { Dhcp4Type } from "../../../src/wire/dhcp4/types.ts";
import type { ClientId } from "../../../src/wire/dhcp4/vendor.ts";
import { ADDRESS, CONFIG, MAC, SERVER, SERVER_MAC, lease } from "../../support/uplink.ts";

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
  })
  .map((given) => (state: ClientState): ClientEvent => {
    const options = {
      messageType: given.type,
      serverId: given.server,
      leaseSeconds: given.lease,
      renewalSeconds: given.t1,
      rebindingSeconds: given.t2,
      clientId: given.clientId,
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

const event = fc.oneof(
  { weight: 8, arbitrary: answer },
  { weight: 4, arbitrary: fc.constant((): ClientEvent => ({ kind: "deadline" })) },
  { weight: 2, arbitrary: fc.record({ up: fc.boolean(), mac }).map((link) => (): ClientEvent => ({ kind: "link", ...link })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("", "gw").map(
      (hostName) =>
        (state: ClientState): ClientEvent => ({ kind: "configure", config: { ...state.config, hostName } }),
    ),
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
const life = fc.array(happening, { minLength: 5, maxLength: 60 });

/** Lives through it, ringing the alarm whenever it is due. */
function live(
  happenings: readonly Happening[],
  look: (before: ClientState, event: ClientEvent, now: Instant, stepped: ReturnType<typeof dhcp4Client.step>) => void,
): void {
  let state = initialState(CONFIG);
  let now = instant(0);
  const step = (happens: ClientEvent, seed: Uint8Array): void => {
    const stepped = dhcp4Client.step(state, happens, { now, entropy: new Entropy(seed) });
    look(state, happens, now, stepped);
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
    fc.property(life, (happenings) => {
      live(happenings, (before, happens, _now, { state }) => {
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
    fc.property(life, (happenings) => {
      live(happenings, (before, _happens, _now, { state, effects }) => {
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
    fc.property(life, (happenings) => {
      live(happenings, (_before, happens, now, { state }) => {
        if (happens.kind === "deadline")
          assert.ok(dhcp4Client.deadline(state) > now, `${state.phase.kind} wants to be woken at ${dhcp4Client.deadline(state)}, it is ${now}`);
      });
    }),
    { numRuns: 150 },
  );
});

test("the kernel is told of every lease it holds: configured and taken out in turn, never an ended one", () => {
  fc.assert(
    fc.property(life, (happenings) => {
      let inKernel: string | undefined;
      live(happenings, (_before, _happens, now, { state, effects }) => {
        for (const effect of effects) {
          if (effect.kind === "configure") {
            assert.ok(effect.lease.expiresAt > now, "an ended lease is configured");
            inKernel = effect.lease.address;
          }
          if (effect.kind === "deconfigure") inKernel = undefined;
        }
        const { held } = state.phase;
        if (state.configured && held !== undefined) assert.equal(inKernel, held.address);
        if (held === undefined) assert.equal(inKernel, undefined, `${state.phase.kind} holds nothing, the kernel holds ${inKernel}`);
      });
    }),
    { numRuns: 250 },
  );
});

test("same events and same chance give the same life", () => {
  fc.assert(
    fc.property(life, (happenings) => {
      const lives = [0, 1].map(() => {
        const told: unknown[] = [];
        live(happenings, (_before, happens, now, stepped) => told.push(happens, now, stepped));
        return told;
      });
      assert.deepEqual(lives[0], lives[1]);
    }),
    { numRuns: 40 },
  );
});
