/**
 * What happens to a DHCPv4 uplink, told once for every server, on its link and behind a relay. All that is believed of us stands in the
 * server's lease file, in `ip -j` and `ip monitor`, and in what was captured at the far end of our wire.
 */
import assert from "node:assert/strict";
import { CONFIGURATION, FIRST_POOL, OTHER_POOL, type KernelAddress4, ROUTER, type World4 } from "./uplink4-world.ts";
import type { Seen4 } from "./uplink4-wire.ts";

export type Story = { readonly name: string; readonly tell: (world: World4) => Promise<void> };

/** Against clocks: the server's whole seconds, a jitter of one second at T1 and T2, and a machine that runs many stories. */
const SLACK_SECONDS = 2.5;

export const STORIES = {
  acquire: {
    name: "an address is taken, stands in the kernel with its lifetime and default route, and carries traffic (RFC 2131 §3.1)",
    tell: async (world) => {
      await world.serve();
      await world.watch();
      await world.leasehold();
      await isBound(world);
      const seen = await world.messages();
      assert.deepEqual(kinds(seen).slice(0, 4), ["discover", "offer", "request", "ack"]);
      const [discover, request] = [firstOf(seen, "discover"), firstOf(seen, "request")];
      assert.deepEqual([discover.source, discover.destination, discover.giaddr], ["0.0.0.0", "255.255.255.255", "0.0.0.0"]);
      assert.deepEqual([request.destination, request.serverId, request.ciaddr], ["255.255.255.255", world.serverAddress, "0.0.0.0"]);
      assert.equal(world.addressNews().filter(({ deleted }) => deleted).length, 0);
      await soundlySent(world);
    },
  },
  renew: {
    name: "it is renewed at T1 by unicast, and the kernel's lifetime with it (RFC 2131 §4.4.5)",
    tell: async (world) => {
      await world.serve();
      await world.watch();
      await world.leasehold();
      const address = await isBound(world);
      await isRenewed(world, address);
      await wasAskedAtT1(world, address);
      await keptAllAlong(world, address);
      await soundlySent(world);
    },
  },
  restart: {
    name: "the server restarts between two renewals: same address, no DISCOVER (RFC 2131 §4.4.5)",
    tell: async (world) => {
      const server = await world.serve();
      await world.watch();
      await world.leasehold();
      const address = await isBound(world);
      await server.stop();
      await world.serve();
      await isRenewed(world, address);
      await keptAllAlong(world, address);
      assert.equal(kinds(await world.sent()).filter((kind) => kind === "discover").length, 1);
      await soundlySent(world);
    },
  },
  rebind: {
    name: "the server is replaced by another with the same leases: asked by broadcast at T2, its answer is taken (RFC 2131 §4.4.5)",
    tell: async (world) => {
      const first = await world.serve();
      const before = world.serverAddress;
      await world.watch();
      await world.leasehold();
      const address = await isBound(world);
      await first.stop();
      await askedInVain(world, address);
      await world.renameServer();
      await world.serve();
      await isRenewed(world, address, world.peer.times.rebindSeconds);
      await wasAskedAtT2(world, address);
      assert.equal(lastOf(await world.messages(), "ack").serverId, world.serverAddress);
      assert.notEqual(world.serverAddress, before);
      await keptAllAlong(world, address);
      await soundlySent(world);
    },
  },
  refuse: {
    name: "after the pool has changed and the link was away, a NAK ends the old address and a new one is taken (RFC 2131 §4.4.2)",
    tell: async (world) => {
      const first = await world.serve();
      await world.watch();
      await world.leasehold();
      const before = await isBound(world);
      await first.stop();
      await world.serve({ pool: OTHER_POOL, withdrawn: FIRST_POOL, leaseFile: "other" });
      await flap(world);
      const after = await hasAnother(world, before);
      assert.match(after.local, /^10\.64\.0\.15\d$/);
      assert.ok(kinds(await world.messages()).includes("nak"), `no NAK in ${kinds(await world.messages())}`);
      assert.deepEqual(await world.until("only the new address", async () => only(await world.addresses())), after.local);
      await soundlySent(world);
    },
  },
  expire: {
    name: "the server is gone for good: the address leaves the kernel when the lease is over, and its route with it (RFC 2131 §4.4.5)",
    tell: async (world) => {
      const server = await world.serve();
      await world.watch();
      await world.leasehold();
      const address = await isBound(world);
      await server.stop();
      const goneAt = await isGone(world, address);
      const request = lastBefore(await world.messages(), "request", lastOf(await world.messages(), "ack"));
      const held = goneAt - request.atSeconds;
      assert.ok(Math.abs(held - world.peer.times.leaseSeconds) < SLACK_SECONDS, `held for ${held} s`);
      assert.deepEqual(await world.routes(), [], "no route of ours is left");
      await world.until("we begin anew", async () => (lastOf(await world.sent(), "discover").atSeconds > goneAt - 1 ? true : undefined));
      await soundlySent(world);
    },
  },
  flap: {
    name: "the link goes and comes with the server up: the address is confirmed and never leaves (RFC 2131 §4.4.2)",
    tell: async (world) => {
      await world.serve();
      await world.watch();
      await world.leasehold();
      const address = await isBound(world);
      const lease = world.lease();
      const goneAt = await flap(world);
      await world.until("the lease confirmed", async () => (kinds(await since(world, goneAt)).includes("ack") ? true : undefined));
      const request = firstOf(await since(world, goneAt), "request");
      assert.deepEqual([request.requested, request.serverId, request.ciaddr, request.destination], [address.local, "", "0.0.0.0", "255.255.255.255"]);
      assert.ok(!kinds(await since(world, goneAt)).includes("discover"));
      await world.until("a later end in the server's file", () => endOf(world) >= (lease?.expiresAtSeconds ?? 0));
      await keptAllAlong(world, address);
      await soundlySent(world);
    },
  },
  silence: {
    name: "the link goes and comes while the server is silent: the address stays, and the server finds us when it is back (RFC 2131 §3.2)",
    tell: async (world) => {
      const server = await world.serve();
      await world.watch();
      await world.leasehold(`${CONFIGURATION}retransmit_seconds = 1\n`);
      const address = await isBound(world);
      await server.stop();
      const goneAt = await flap(world);
      const asked = async (): Promise<number> => kinds(await since(world, goneAt)).filter((kind) => kind === "request").length;
      await world.until("asked twice in vain", async () => (await asked()) >= 2);
      await keptAllAlong(world, address);
      await world.serve();
      await world.until("the lease again", async () => kinds(await since(world, goneAt)).includes("ack"));
      await world.until("its lifetime in the kernel", async () => {
        const again = (await world.addresses()).find(({ local }) => local === address.local);
        return again !== undefined && again.valid_life_time > world.peer.times.leaseSeconds - 5 ? true : undefined;
      });
      await keptAllAlong(world, address);
      await soundlySent(world);
    },
  },
  release: {
    name: "`leasehold release` gives the address back: RELEASE by unicast, free in the server's file, gone from the kernel (RFC 2131 §4.4.6)",
    tell: async (world) => {
      await world.serve();
      await world.watch();
      const ours = await world.leasehold();
      const address = await isBound(world);
      await ours.control("release", "c0");
      await isGone(world, address);
      await isFree(world);
      const release = lastOf(await world.sent(), "release");
      assert.deepEqual([release.source, release.destination], [address.local, world.serverAddress]);
      assert.deepEqual([release.ciaddr, release.serverId, release.requested], [address.local, world.serverAddress, ""]);
      await soundlySent(world);
    },
  },
} as const satisfies Readonly<Record<string, Story>>;

export type Expected = { readonly prefixLength: number; readonly gateway: string };
const USUAL: Expected = { prefixLength: 24, gateway: ROUTER };

/** An address of the first pool, as the server promised it. */
export async function isBound(world: World4, { prefixLength, gateway }: Expected = USUAL): Promise<KernelAddress4> {
  const address = await world.bound();
  const { leaseSeconds } = world.peer.times;
  assert.match(address.local, /^10\.64\.0\.5\d$/);
  assert.equal(address.prefixlen, prefixLength);
  assert.ok(address.valid_life_time <= leaseSeconds && address.valid_life_time > leaseSeconds - 5, `lifetime ${address.valid_life_time}`);
  const route = await world.until("a default route", async () => (await world.routes()).find(({ dst }) => dst === "default"));
  assert.deepEqual([route.gateway, route.protocol, route.prefsrc], [gateway, "dhcp", address.local]);
  await world.client.exec("ping", "-n", "-c", "1", "-W", "2", gateway);
  return address;
}

/** The server's file and the kernel both say a later end than the first. */
export async function isRenewed(world: World4, address: KernelAddress4, atSeconds: number = renewalOf(world)): Promise<void> {
  const { expiresAtSeconds: first } = await world.until("a lease in the server's file", () => world.lease());
  const patience = atSeconds + 2 * SLACK_SECONDS;
  await world.until("a later end in the server's file", () => endOf(world) > first + 1, patience);
  assert.equal(world.lease()?.address, address.local);
  await world.until("the lifetime written anew", async () => {
    const now = (await world.addresses()).find(({ local }) => local === address.local);
    return now !== undefined && now.valid_life_time > world.peer.times.leaseSeconds - 3 ? true : undefined;
  });
}

/** When our question was answered: at T1, but where the answer to a unicast is lost on its way, at T2. */
function renewalOf({ peer, place }: World4): number {
  return place.relay === "dnsmasq --dhcp-relay" && peer.relayedRenewalLost === true ? peer.times.rebindSeconds : peer.times.renewSeconds;
}

export async function wasAskedAtT1(world: World4, address: KernelAddress4): Promise<void> {
  const seen = await world.sent();
  const renewal = seen.find(({ type, ciaddr }) => type === "request" && ciaddr === address.local);
  assert.deepEqual(
    [renewal?.source, renewal?.destination, renewal?.requested, renewal?.serverId],
    [address.local, world.serverAddress, "", ""],
    "the renewal is unicast",
  );
  isAbout((renewal?.atSeconds ?? 0) - firstOf(seen, "request").atSeconds, world.peer.times.renewSeconds, "renewed");
}

/** T1 has passed: later servers and relays would take the unicast to the old server's address for a question of theirs. */
async function askedInVain(world: World4, address: KernelAddress4): Promise<void> {
  const asked = async (): Promise<boolean> => (await world.sent()).some(({ ciaddr }) => ciaddr === address.local);
  await world.until("the old server asked at T1", asked, world.peer.times.renewSeconds + 2 * SLACK_SECONDS);
}

export async function wasAskedAtT2(world: World4, address: KernelAddress4): Promise<void> {
  const seen = await world.sent();
  const rebinding = seen.find(({ ciaddr, destination }) => ciaddr === address.local && destination === "255.255.255.255");
  assert.ok(rebinding !== undefined, `no broadcast for ${address.local} in ${JSON.stringify(seen, undefined, 0)}`);
  assert.deepEqual([rebinding?.type, rebinding?.requested, rebinding?.serverId], ["request", "", ""]);
  isAbout((rebinding?.atSeconds ?? 0) - firstOf(seen, "request").atSeconds, world.peer.times.rebindSeconds, "rebound");
}

function isAbout(seconds: number, wanted: number, what: string): void {
  assert.ok(Math.abs(seconds - wanted) < SLACK_SECONDS, `${what} after ${seconds} s`);
}

/** The address stands there, and from when it came no news said otherwise. */
export async function keptAllAlong(world: World4, address: KernelAddress4): Promise<void> {
  assert.equal(only(await world.addresses()), address.local);
  assert.deepEqual(
    world.addressNews().filter(({ deleted }) => deleted),
    [],
  );
}

export async function hasAnother(world: World4, before: KernelAddress4, seconds?: number): Promise<KernelAddress4> {
  const found = async (): Promise<KernelAddress4 | undefined> => (await world.addresses()).find(({ local }) => local !== before.local);
  return world.until("another address", found, seconds);
}

/** @returns when the kernel said so */
export async function isGone(world: World4, address: KernelAddress4, seconds = world.peer.times.leaseSeconds + SLACK_SECONDS): Promise<number> {
  const gone = (): number | undefined => world.addressNews().find(({ deleted, text }) => deleted && text.includes(`${address.local}/`))?.atSeconds;
  const at = await world.until("the address gone", gone, seconds);
  assert.deepEqual(await world.addresses(), []);
  return at;
}

/** The server's file promises us nothing. */
export async function isFree(world: World4, seconds = 10): Promise<void> {
  await world.until("the lease free in the server's file", () => world.lease() === undefined, seconds);
}

/** Carrier away, long enough to be noticed, and back. @returns when it was away */
export async function flap(world: World4): Promise<number> {
  await world.carrier(false);
  const goneAt = Date.now() / 1000;
  const lost = async (): Promise<boolean> =>
    ((await world.client.json("ip", "-j", "link", "show", "c0")) as readonly { operstate: string }[])[0]?.operstate === "DOWN";
  await world.until("the carrier gone", lost);
  await world.client.exec("sleep", "0.5");
  await world.carrier(true);
  return goneAt;
}

async function since(world: World4, seconds: number): Promise<readonly Seen4[]> {
  return (await world.messages()).filter(({ atSeconds }) => atSeconds > seconds);
}

/** Nothing we sent is malformed or remarkable, and we did send something. */
export async function soundlySent(world: World4): Promise<void> {
  assert.deepEqual(await world.complaints(), []);
  assert.ok((await world.sent()).length > 0);
}

function endOf(world: World4): number {
  return world.lease()?.expiresAtSeconds ?? 0;
}

function kinds(seen: readonly Seen4[]): readonly string[] {
  return seen.map(({ type }) => type);
}

function only(addresses: readonly KernelAddress4[]): string | undefined {
  return addresses.length === 1 ? addresses[0]?.local : undefined;
}

function firstOf(seen: readonly Seen4[], type: string): Seen4 {
  return sure(
    seen.find((one) => one.type === type),
    type,
  );
}

function lastOf(seen: readonly Seen4[], type: string): Seen4 {
  return sure(
    seen.findLast((one) => one.type === type),
    type,
  );
}

function lastBefore(seen: readonly Seen4[], type: string, before: Seen4): Seen4 {
  return sure(
    seen.findLast((one) => one.type === type && one.atSeconds < before.atSeconds),
    type,
  );
}

function sure(seen: Seen4 | undefined, type: string): Seen4 {
  assert.ok(seen !== undefined, `no ${type} on the wire`);
  return seen;
}
