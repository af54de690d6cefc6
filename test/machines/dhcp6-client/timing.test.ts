/** When messages go out, with real chance: the bounds of RFC 9915 §15 with the values of §7.6, for each conversation there is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ipv6Address } from "../../../src/base/ipv6.ts";
import { addressWish } from "../../../src/machines/dhcp6-client/config.ts";
import { iaAddress, iaNa } from "../../../src/wire/dhcp6/leases.ts";
import { Life, pausesOf, type Said, type Server } from "./silence.ts";
import { ia } from "./timeline.ts";

const LIVES = 100;
const seeds: readonly number[] = Array.from({ length: LIVES }, (_, i) => i + 1);
const DAY = 86_400;
const ADDRESS = "2001:db8:1::10" as Ipv6Address;
/** Rounding of milliseconds. */
const GRAIN = 0.002;

/** Grants everything to whoever solicits, for two days, and then is silent. */
const onceOnly: Server = (message) => {
  const lifetimes = { preferred: DAY, valid: 2 * DAY };
  const address = iaAddress(ADDRESS, { preferredSeconds: lifetimes.preferred, validSeconds: lifetimes.valid });
  const options = {
    ...(message.options.iaPd === undefined ? {} : { iaPd: [ia(1, undefined, lifetimes)] }),
    ...(message.options.iaNa === undefined ? {} : { iaNa: [iaNa({ iaid: 5, iaAddress: [address] })] }),
    preference: 255,
  };
  if (message.kind === "solicit") return { kind: "advertise", options };
  return message.kind === "request" ? { kind: "reply", options } : undefined;
};
const offersOnly: Server = (message, count) => (message.kind === "solicit" ? onceOnly(message, count) : undefined);
const up = (life: Life): Life => life.happens({ kind: "link", up: true });
const flapped = (life: Life): Life => life.runsTo(100).happens({ kind: "link", up: false }).happens({ kind: "link", up: true });
const WITH_ADDRESS = { pace: "fast", wishes: [addressWish(5)] } as const;

type Row = {
  readonly name: string;
  readonly section: string;
  readonly life: (seed: number) => readonly Said[];
  /** IRT, MRT, MRC; MRD in seconds. Undefined: none. */
  readonly first: number;
  readonly most: number | undefined;
  readonly count: number | undefined;
  readonly whole: number | undefined;
  /** RAND of the first RT. */
  readonly firstRand: readonly [least: number, most: number];
};
const EVEN = [-0.1, 0.1] as const;
const ROWS: readonly Row[] = [
  {
    name: "Solicit",
    section: "§18.2.1",
    life: (seed) =>
      up(new Life(seed))
        .runsTo(2 * DAY)
        .last("solicit"),
    first: 1,
    most: 3600,
    count: undefined,
    whole: undefined,
    firstRand: [0, 0.1],
  },
  {
    name: "Request",
    section: "§18.2.2",
    life: (seed) => {
      const requests = up(new Life(seed, { pace: "fast" }, offersOnly))
        .runsTo(300)
        .said.filter(({ message }) => message.kind === "request");
      return requests.filter(({ message }) => message.transactionId === requests[0]?.message.transactionId);
    },
    first: 1,
    most: 30,
    count: 10,
    whole: undefined,
    firstRand: EVEN,
  },
  {
    name: "Renew",
    section: "§18.2.4",
    life: (seed) =>
      up(new Life(seed, { pace: "fast" }, onceOnly))
        .runsTo(0.8 * DAY - 1)
        .last("renew"),
    first: 10,
    most: 600,
    count: undefined,
    whole: 0.3 * DAY,
    firstRand: EVEN,
  },
  {
    name: "Rebind",
    section: "§18.2.5",
    life: (seed) =>
      up(new Life(seed, { pace: "fast" }, onceOnly))
        .runsTo(2 * DAY - 1)
        .last("rebind"),
    first: 10,
    most: 600,
    count: undefined,
    whole: 1.2 * DAY,
    firstRand: EVEN,
  },
  {
    name: "Rebind after a change of the link",
    section: "§18.2.12",
    life: (seed) =>
      flapped(up(new Life(seed, { pace: "fast" }, onceOnly)))
        .runsTo(3600)
        .last("rebind"),
    first: 1,
    most: 4,
    count: undefined,
    whole: 10,
    firstRand: EVEN,
  },
  {
    name: "Confirm",
    section: "§18.2.3",
    life: (seed) =>
      flapped(up(new Life(seed, WITH_ADDRESS, onceOnly)))
        .runsTo(DAY)
        .last("confirm"),
    first: 1,
    most: 4,
    count: undefined,
    whole: 10,
    firstRand: EVEN,
  },
  {
    name: "Information-request",
    section: "§18.2.6",
    life: (seed) =>
      up(new Life(seed, { wishes: [] }))
        .runsTo(2 * DAY)
        .last("informationRequest"),
    first: 1,
    most: 3600,
    count: undefined,
    whole: undefined,
    firstRand: EVEN,
  },
  {
    name: "Release",
    section: "§18.2.7",
    life: (seed) =>
      up(new Life(seed, { pace: "fast" }, onceOnly))
        .runsTo(10)
        .happens({ kind: "command", verb: "release" })
        .runsTo(DAY)
        .last("release"),
    first: 1,
    most: undefined,
    count: 4,
    whole: undefined,
    firstRand: EVEN,
  },
  {
    name: "Decline",
    section: "§18.2.8",
    life: (seed) => {
      const life = up(new Life(seed, WITH_ADDRESS, onceOnly))
        .runsTo(10)
        .happens({ kind: "conflict", address: ADDRESS });
      const declines = life.runsTo(60).said.filter(({ message }) => message.kind === "decline");
      return declines.filter(({ message }) => message.transactionId === declines[0]?.message.transactionId);
    },
    first: 1,
    most: undefined,
    count: 4,
    whole: undefined,
    firstRand: EVEN,
  },
];

for (const { name, section, life, first, most, count, whole, firstRand } of ROWS) {
  const lives = seeds.map(life);

  test(`${name}: every pause lies where RAND may put it (RFC 9915 §15, §7.6, ${section})`, () => {
    for (const said of lives) {
      let before: number | undefined;
      for (const pause of pausesOf(said)) {
        const [least, longest] = before === undefined ? [first * (1 + firstRand[0]), first * (1 + firstRand[1])] : [1.9 * before, 2.1 * before];
        const isCapped = most !== undefined && pause >= 0.9 * most - GRAIN && pause <= 1.1 * most + GRAIN && longest > most;
        assert.ok(isCapped || (pause >= least - GRAIN && pause <= longest + GRAIN), `${pause} s after ${before ?? "the first"}`);
        if (most !== undefined) assert.ok(pause <= 1.1 * most + GRAIN, `${pause} s`);
        before = pause;
      }
      assert.ok(said.length > 2, `${said.length} messages`);
    }
  });

  test(`${name}: RAND is drawn anew each time, from the whole of its range (RFC 9915 §15)`, () => {
    for (const nth of [0, 1]) {
      const rands = lives.map((said) => {
        const [one = 0, two = 0] = pausesOf(said);
        return nth === 0 ? one / first - 1 : two / one - 2;
      });
      // with ten seconds in all, or four at most, the second pause of a few is cut
      const [low, high] = nth === 0 ? firstRand : EVEN;
      const within = rands.filter((rand) => rand >= low - GRAIN && rand <= high + GRAIN);
      assert.ok(within.length > 0.95 * LIVES, `${within.length} of ${LIVES}`);
      assert.ok(Math.min(...within) < low + 0.03 && Math.max(...within) > high - 0.03, `${Math.min(...within)} to ${Math.max(...within)}`);
    }
  });

  test(`${name}: ${count === undefined ? "no count ends it" : `sent ${count} times at most`}, ${whole === undefined ? "nor any time" : `over after ${whole} s`} (RFC 9915 §7.6)`, () => {
    for (const said of lives) {
      const lasted = ((said.at(-1)?.at ?? 0) - (said[0]?.at ?? 0)) / 1000;
      if (count !== undefined) assert.equal(said.length, count);
      if (whole !== undefined) assert.ok(lasted <= whole + GRAIN, `${lasted} s`);
      if (whole !== undefined) assert.ok(lasted > whole - 1.1 * (most ?? 0) - GRAIN, `over after ${lasted} s already`);
      if (count === undefined && whole === undefined) assert.ok(lasted > DAY, `over after ${lasted} s`);
    }
  });

  test(`${name}: elapsed time is 0 in the first message, then hundredths of a second since it, at most 0xffff (RFC 9915 §21.9)`, () => {
    for (const said of lives) {
      const began = said[0]?.at ?? 0;
      assert.equal(said[0]?.message.options.elapsedHundredths, 0);
      for (const { message, at } of said)
        assert.ok(Math.abs((message.options.elapsedHundredths ?? -1) - Math.min(0xffff, (at - began) / 10)) <= 1, `${at - began} ms`);
    }
    if (count === undefined && whole !== 10) assert.ok(lives.every((said) => said.at(-1)?.message.options.elapsedHundredths === 0xffff));
  });

  test(`${name}: one transaction id for the conversation, another one for each (RFC 9915 §16.1)`, () => {
    const ids = lives.map((said) => new Set(said.map(({ message }) => message.transactionId)));
    assert.ok(ids.every(({ size }) => size === 1));
    assert.ok(new Set(ids.flatMap((of) => [...of])).size > 0.99 * LIVES);
  });
}

const DELAYED: readonly (readonly [name: string, delayMs: (seed: number, pace: "fast" | "rfc") => number])[] = [
  ["first Solicit", (seed, pace) => up(new Life(seed, { pace })).runsTo(5).said[0]?.at ?? -1],
  ["first Information-request", (seed, pace) => up(new Life(seed, { pace, wishes: [] })).runsTo(5).said[0]?.at ?? -1],
  [
    "first Rebind after a change of the link",
    (seed, pace) =>
      (flapped(up(new Life(seed, { pace }, onceOnly)))
        .runsTo(105)
        .last("rebind")[0]?.at ?? -1) - 100_000,
  ],
  [
    "first Confirm",
    (seed, pace) =>
      (flapped(up(new Life(seed, { ...WITH_ADDRESS, pace }, onceOnly)))
        .runsTo(105)
        .last("confirm")[0]?.at ?? -1) - 100_000,
  ],
];

for (const [name, delayMs] of DELAYED) {
  test(`the ${name} waits from none to a second in the pace "rfc", and not at all in "fast" (RFC 9915 §7.6)`, () => {
    const delays = seeds.map((seed) => delayMs(seed, "rfc"));
    assert.ok(
      delays.every((delay) => delay >= 0 && delay < 1000),
      `${Math.max(...delays)} ms`,
    );
    assert.ok(Math.min(...delays) < 100 && Math.max(...delays) > 900, `${Math.min(...delays)} to ${Math.max(...delays)} ms`);
    assert.ok(seeds.every((seed) => delayMs(seed, "fast") === 0));
  });
}
