/** What happens to an uplink that is delegated prefixes, told once for every server that can. */
import assert from "node:assert/strict";
import type { KernelAddress6 } from "./link6.ts";
import { OPTION6, type Seen6, STATUS6 } from "./uplink6-wire.ts";
import { configured, ownAddress, type World6 } from "./uplink6-world.ts";

export type Story6 = { readonly name: string; readonly tell: (world: World6) => Promise<void> };

/** All_DHCP_Relay_Agents_and_Servers (RFC 9915 §7.1). */
const SERVERS = "ff02::1:2";
/** Against clocks: the server's whole seconds, and a machine that runs many stories. */
const SLACK_SECONDS = 2.5;

export const STORIES6 = {
  acquire: {
    name: "a prefix is delegated, both links have their address of it with its lifetimes, and the rest leads nowhere (RFC 9915 §18.2.1, RFC 7084 WPD-5)",
    tell: async (world) => {
      await world.serve();
      await world.watch();
      await world.leasehold();
      await isBound(world);
      const seen = await world.messages();
      assert.deepEqual(kinds(seen).slice(0, 4), ["solicit", "advertise", "request", "reply"]);
      const [solicit, request] = [firstOf(seen, "solicit"), firstOf(seen, "request")];
      for (const { destination, source } of [solicit, request]) {
        assert.equal(destination, SERVERS);
        assert.match(source, /^fe80:/);
      }
      assert.deepEqual([solicit.elapsedMs, request.elapsedMs, solicit.iaids], [0, 0, [1]]);
      assert.ok(!solicit.options.includes(OPTION6.serverId) && !solicit.options.includes(OPTION6.rapidCommit));
      assert.ok(request.options.includes(OPTION6.serverId));
      assert.notEqual(solicit.xid, request.xid, "another exchange has another transaction (RFC 9915 §16.1)");
      assert.deepEqual(removals(world), []);
      await soundlySent(world);
    },
  },
  rapid: {
    name: "rapid commit: SOLICIT, REPLY, and the prefix is in use (RFC 9915 §18.2.1)",
    tell: async (world) => {
      await world.serve({ rapidCommit: true });
      await world.watch();
      await world.leasehold(configured("rapid_commit = true", 'delegate = [ { iaid = 1, to = ["lan0/64", "lan1/64"] } ]'));
      await isBound(world);
      const [first, second] = await world.messages();
      assert.deepEqual([first?.type, second?.type], ["solicit", "reply"]);
      assert.ok(first?.options.includes(OPTION6.rapidCommit) && second?.options.includes(OPTION6.rapidCommit));
      await soundlySent(world);
    },
  },
  unheeded: {
    name: "rapid commit is asked for and not granted: four messages (RFC 9915 §18.2.1)",
    tell: async (world) => {
      await world.serve();
      await world.watch();
      await world.leasehold(configured("rapid_commit = true", 'delegate = [ { iaid = 1, to = ["lan0/64", "lan1/64"] } ]'));
      await isBound(world);
      const seen = await world.messages();
      assert.deepEqual(kinds(seen).slice(0, 4), ["solicit", "advertise", "request", "reply"]);
      assert.ok(firstOf(seen, "solicit").options.includes(OPTION6.rapidCommit));
      await soundlySent(world);
    },
  },
  renew: {
    name: "it is renewed at T1, and the kernel's lifetimes with it; no address was away (RFC 9915 §18.2.4)",
    tell: async (world) => {
      await world.serve();
      await world.watch();
      await world.leasehold();
      const prefix = await isBound(world);
      await isRenewed(world, prefix);
      await wasAskedAtT1(world, prefix);
      await keptAllAlong(world, prefix);
      await soundlySent(world);
    },
  },
  restart: {
    name: "the server restarts between two renewals: same prefix, no SOLICIT (RFC 9915 §18.2.4)",
    tell: async (world) => {
      const server = await world.serve();
      await world.watch();
      await world.leasehold();
      const prefix = await isBound(world);
      await server.stop();
      await world.serve();
      await isRenewed(world, prefix);
      await keptAllAlong(world, prefix);
      assert.equal(kinds(await world.sent()).filter((kind) => kind === "solicit").length, 1);
      await soundlySent(world);
    },
  },
  rebind: {
    name: "the server is gone, another with the same leases is there: asked at T2, its answer is taken (RFC 9915 §18.2.5)",
    tell: async (world) => {
      const first = await world.serve();
      await world.watch();
      await world.leasehold();
      const prefix = await isBound(world);
      await first.stop();
      const asked = async (): Promise<boolean> => kinds(await world.sent()).includes("renew");
      await world.until("the old server asked at T1", asked, world.times.renewSeconds + 4 * SLACK_SECONDS);
      await world.serve({ identity: 2 });
      await isRenewed(world, prefix, world.times.rebindSeconds);
      await wasAskedAtT2(world, prefix);
      const seen = await world.messages();
      const [before, after] = [firstOf(seen, "reply"), lastOf(seen, "reply")];
      assert.notDeepEqual(serverOf(before), serverOf(after), "another server answered");
      await keptAllAlong(world, prefix);
      await soundlySent(world);
    },
  },
  forgotten: {
    name: "the server restarts without its leases: what it does not know is asked for with REQUEST, and the links keep or change their prefix (RFC 9915 §18.2.10.1)",
    tell: async (world) => {
      const server = await world.serve();
      await world.watch();
      await world.leasehold();
      const before = await isBound(world);
      await server.stop();
      await world.serve({ leaseFile: "forgetful" });
      const after = await world.until("a lease in the new file", () => world.prefix(), world.times.rebindSeconds + 4 * SLACK_SECONDS);
      await isBound(world);
      const seen = await world.messages();
      if (world.peer.refusesUnknown) {
        const refused = seen.findIndex(({ type, statuses }) => type === "reply" && statuses.includes(STATUS6.noBinding));
        assert.ok(refused > 0, `no NoBinding in ${kinds(seen)}`);
        const asked = seen.slice(refused + 1).find(({ macSource }) => macSource === seen[refused - 1]?.macSource);
        assert.equal(asked?.type, "request", "NoBinding is answered with a REQUEST");
        assert.equal(kinds(seen).filter((kind) => kind === "solicit").length, 1, "and not with a SOLICIT");
      }
      if (after === before) await keptAllAlong(world, before);
      await soundlySent(world);
    },
  },
  silence: {
    name: "the uplink goes and comes while the server is silent: every address stays, and the server finds us when it is back (RFC 9915 §18.2.12)",
    tell: async (world) => {
      const server = await world.serve();
      await world.watch();
      await world.leasehold();
      const prefix = await isBound(world);
      await server.stop();
      const goneAt = await flap(world);
      const asked = async (): Promise<number> => kinds(await sentSince(world, goneAt)).filter((kind) => kind === "rebind").length;
      await world.until("asked twice in vain", async () => (await asked()) >= 2);
      await keptAllAlong(world, prefix);
      await world.serve();
      await isRenewed(world, prefix, world.times.rebindSeconds);
      await keptAllAlong(world, prefix);
      await soundlySent(world);
    },
  },
  flap: {
    name: "the uplink goes and comes with the server up: a REBIND with what is held, and no address was away (RFC 9915 §18.2.12)",
    tell: async (world) => {
      await world.serve();
      await world.watch();
      await world.leasehold();
      const prefix = await isBound(world);
      const goneAt = await flap(world);
      const replied = async (): Promise<boolean> => kinds(await since(world, goneAt)).includes("reply");
      await world.until("an answer", replied);
      const [first] = await sentSince(world, goneAt);
      assert.deepEqual([first?.type, first?.prefixes.map((one) => one.prefix)], ["rebind", [prefix]]);
      assert.ok(!kinds(await sentSince(world, goneAt)).includes("solicit"));
      await keptAllAlong(world, prefix);
      await soundlySent(world);
    },
  },
  release: {
    name: "`leasehold release` gives the prefix back: no address of it, and free in the server's file (RFC 9915 §18.2.7)",
    tell: async (world) => {
      await world.serve();
      await world.watch();
      const ours = await world.leasehold();
      const prefix = await isBound(world);
      await ours.control("release", "c0");
      await hasNothingOf(world, prefix);
      await world.until("the lease free in the server's file", () => world.prefix() === undefined);
      const release = lastOf(await world.sent(), "release");
      assert.deepEqual([release.destination, release.prefixes.map((one) => one.prefix)], [SERVERS, [prefix]]);
      assert.ok(release.options.includes(OPTION6.serverId));
      await soundlySent(world);
    },
  },
} as const satisfies Readonly<Record<string, Story6>>;

/**
 * The server's file and the kernel agree: every link has its address of the prefix, with its lifetimes, and the aggregate leads nowhere.
 * @returns the prefix
 */
export async function isBound(world: World6, lans: readonly string[] = ["lan0", "lan1"], iaid = 1, seconds?: number): Promise<string> {
  const prefix = await world.until(
    "a prefix in the server's file and in use",
    async () => {
      const leased = world.prefix(iaid);
      return leased !== undefined && (await inUse(world, leased, lans)) ? leased : undefined;
    },
    seconds,
  );
  const { preferredSeconds, validSeconds } = world.times;
  for (const [n, lan] of lans.entries()) {
    const address = await addressOf(world, prefix, lan, n);
    assert.equal(address?.prefixlen, 64);
    assert.ok((address?.valid_life_time ?? 0) <= validSeconds, `${lan}: valid ${address?.valid_life_time}`);
    assert.ok((address?.preferred_life_time ?? 0) <= preferredSeconds, `${lan}: preferred ${address?.preferred_life_time}`);
  }
  await world.until("the aggregate", async () => (await world.aggregates()).includes(prefix));
  return prefix;
}

/** Each of these links has its address of the prefix, preferred. */
export async function inUse(world: World6, prefix: string, lans: readonly string[]): Promise<boolean> {
  const held = await Promise.all(lans.map((lan, n) => addressOf(world, prefix, lan, n)));
  return held.every((address) => (address?.preferred_life_time ?? 0) > 0);
}

export async function addressOf(world: World6, prefix: string, lan: string, n: number): Promise<KernelAddress6 | undefined> {
  return (await world.addresses(lan)).find(({ local }) => local === ownAddress(prefix, n));
}

/** The server's file and the kernel both say a later end than the first. */
export async function isRenewed(world: World6, prefix: string, atSeconds = world.times.renewSeconds): Promise<void> {
  const end = (): number => world.leases().find(({ address, prefixLength }) => `${address}/${prefixLength}` === prefix)?.expiresAtSeconds ?? 0;
  const first = await world.until("a lease in the server's file", end);
  const news = world.news().length;
  await world.until("a later end in the server's file", () => end() > first + 1, atSeconds + 4 * SLACK_SECONDS);
  const again = (): boolean => {
    const fresh = world.news().slice(news);
    return fresh.some(
      ({ deleted, address, text }) => !deleted && address === ownAddress(prefix, 0) && validSeconds(text) > world.times.validSeconds - 3,
    );
  };
  await world.until("the lifetimes written anew", again);
}

export async function wasAskedAtT1(world: World6, prefix: string): Promise<void> {
  const seen = await world.messages();
  const renewal = firstOf(seen, "renew");
  assert.deepEqual([renewal.destination, renewal.prefixes.map((one) => one.prefix), renewal.elapsedMs], [SERVERS, [prefix], 0]);
  assert.ok(renewal.options.includes(OPTION6.serverId), "the server that gave it is named");
  assert.notEqual(renewal.xid, firstOf(seen, "request").xid);
  isAbout(renewal.atSeconds - firstOf(seen, "reply").atSeconds, world.times.renewSeconds, "renewed");
}

export async function wasAskedAtT2(world: World6, prefix: string): Promise<void> {
  const seen = await world.messages();
  const rebinding = seen.find(({ type }) => type === "rebind");
  assert.ok(rebinding !== undefined, `no REBIND in ${kinds(seen)}`);
  assert.deepEqual([rebinding.destination, rebinding.prefixes.map((one) => one.prefix), rebinding.elapsedMs], [SERVERS, [prefix], 0]);
  assert.ok(!rebinding.options.includes(OPTION6.serverId), "no server is named");
  isAbout(rebinding.atSeconds - firstOf(seen, "reply").atSeconds, world.times.rebindSeconds, "rebound");
}

function isAbout(seconds: number, wanted: number, what: string): void {
  assert.ok(Math.abs(seconds - wanted) < SLACK_SECONDS, `${what} after ${seconds} s`);
}

/** Its addresses stand there, and from when they came no news said otherwise. */
export async function keptAllAlong(world: World6, prefix: string, lans: readonly string[] = ["lan0", "lan1"]): Promise<void> {
  for (const [n, lan] of lans.entries()) {
    assert.ok((await addressOf(world, prefix, lan, n)) !== undefined, `${lan} has lost its address`);
    const own = ownAddress(prefix, n);
    assert.deepEqual(
      world.news().filter(({ address, deleted, text }) => address === own && (deleted || text.includes("deprecated"))),
      [],
    );
  }
}

export async function hasNothingOf(world: World6, prefix: string, seconds?: number): Promise<void> {
  const left = async (): Promise<number> => {
    const held = await Promise.all(["lan0", "lan1", "lan2"].map((lan) => world.addresses(lan)));
    return held.flat().filter(({ local }) => [0, 1, 2].some((n) => ownAddress(prefix, n) === local)).length;
  };
  await world.until("no address of it", async () => (await left()) === 0 && !(await world.aggregates()).includes(prefix), seconds);
}

/** Carrier away, long enough to be noticed, and back. @returns when it was away */
export async function flap(world: World6): Promise<number> {
  await world.carrier(false);
  const goneAt = Date.now() / 1000;
  const lost = async (): Promise<boolean> =>
    ((await world.client.json("ip", "-j", "link", "show", "c0")) as readonly { operstate: string }[])[0]?.operstate === "DOWN";
  await world.until("the carrier gone", lost);
  await world.client.exec("sleep", "0.5");
  await world.carrier(true);
  return goneAt;
}

export function removals(world: World6): readonly string[] {
  return world.news().flatMap(({ deleted, text }) => (deleted ? [text] : []));
}

/** Nothing we sent is malformed or remarkable, and we did send something. */
export async function soundlySent(world: World6): Promise<void> {
  assert.deepEqual(await world.complaints(), []);
  assert.ok((await world.sent()).length > 0);
}

async function since(world: World6, seconds: number): Promise<readonly Seen6[]> {
  return (await world.messages()).filter(({ atSeconds }) => atSeconds > seconds);
}

async function sentSince(world: World6, seconds: number): Promise<readonly Seen6[]> {
  return (await world.sent()).filter(({ atSeconds }) => atSeconds > seconds);
}

export function kinds(seen: readonly Seen6[]): readonly string[] {
  return seen.map(({ type }) => type);
}

export function firstOf(seen: readonly Seen6[], type: string): Seen6 {
  return sure(
    seen.find((one) => one.type === type),
    type,
  );
}

export function lastOf(seen: readonly Seen6[], type: string): Seen6 {
  return sure(
    seen.findLast((one) => one.type === type),
    type,
  );
}

function sure(seen: Seen6 | undefined, type: string): Seen6 {
  assert.ok(seen !== undefined, `no ${type} on the wire`);
  return seen;
}

/** In an answer stand two DUIDs, and one is ours. */
function serverOf({ duids }: Seen6): readonly string[] {
  return duids.filter((duid) => duid.startsWith("0003"));
}

function validSeconds(news: string): number {
  return Number(/valid_lft (\d+)sec/.exec(news)?.[1] ?? 0);
}
