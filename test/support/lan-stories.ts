/** What happens between our DHCPv6 server and a host of somebody else's, told once for every client. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { framesOf } from "./capture.ts";
import { CODE6, type Passed6, type Resource } from "./dhcp6-wire.ts";
import { globals6, linkLocal } from "./link6.ts";
import { type Held, LAN_PEERS, type LanClient, type LanPeer, type LanPeerName, type Wanted } from "./lan-peers.ts";
import { inLanWorld, LAN_RESOLVER, type LanTimes, type LanWorld, OURS6 } from "./lan-world.ts";

export const WISHES = {
  address: { addresses: 1, prefixes: 0 },
  prefix: { addresses: 0, prefixes: 1 },
  both: { addresses: 1, prefixes: 1 },
} as const satisfies Readonly<Record<string, Wanted>>;
export type WishName = keyof typeof WISHES;

/** Against clocks in whole seconds; clients may also be late on a machine that runs many stories. */
const EARLY_SECONDS = 1.5;
/** And networkd takes up to a tenth off, by chance: 27.6 s of 30 were seen. */
const EARLY_SHARE = 0.1;

/** Asked for, renewed at T1, kept over a kill -9 of ours, given back. */
export function life(name: LanPeerName, wanted: Wanted, times?: LanTimes): Promise<void> {
  return inLanWorld(async (world) => {
    const peer = LAN_PEERS[name];
    const first = await world.serve();
    await world.watch();
    const client = await begun(world, peer, wanted);
    const held = await granted(world, { ...peer, client }, wanted);
    await askedInOrder(world, wanted);
    await renewedAtT1(world, held, peer);
    await first.kill();
    const killedAt = now();
    await world.serve();
    await world.until("an answer of the new life", () => extendedSince(world, killedAt));
    assert.match(world.ours.log(), new RegExp(`"event":"leasesRecovered","leases":"${sizeOf(held)}"`));
    await stillHeld(world, client, held);
    await world.until("routes again", async () => (await world.routes()).length === wanted.prefixes);
    if (peer.releases) await givenBack(world, client, held);
    await nothingElsePromised(world, held);
    await soundlySent(world);
  }, times);
}

/** Back after its carrier was away or its own restart, after the server was killed, after it heard nothing past T2, and after it forgot everything. */
export function comeback(name: LanPeerName, wish: WishName): Promise<void> {
  return inLanWorld(async (world) => {
    const peer = LAN_PEERS[name];
    const wanted = WISHES[wish];
    const first = await world.serve();
    await world.watch();
    let client = await begun(world, peer, wanted);
    const held = await granted(world, { ...peer, client }, wanted);

    let goneAt = 0;
    if (peer.returns.by === "restart") {
      await client.stop();
      goneAt = now();
      client = await begun(world, peer, wanted);
    } else {
      await world.carrier(false);
      await world.until("the carrier gone", async () => (await operState(world)) === "DOWN");
      goneAt = now(); // what was said until now was said before
      await world.carrier(true);
    }
    const back = await world.until("a word after it was away", () => asked(world.since(goneAt))[0]);
    assert.equal(back.name, peer.returns[wish]);
    await world.until("an answer", () => answered(world.since(goneAt), back));
    if (back.name === "confirm") assert.equal(answered(world.since(goneAt), back)?.status, 0, "it is where its address belongs (RFC 9915 §18.3.3)");
    else await world.until("its leases anew", () => world.since(goneAt).find(bound));
    await stillHeld(world, client, held);

    await first.kill();
    const killedAt = now();
    await world.serve();
    await world.until("an answer of the new life", () => world.since(killedAt).find(bound));
    await stillHeld(world, client, held);

    await world.deaf(true);
    const deafAt = now();
    const rebinds = (): readonly Passed6[] => world.since(deafAt).filter((one) => one.name === "rebind");
    await world.until("asked everyone at T2", () => rebinds().length > 0);
    await world.deaf(false);
    await world.until("an answer to a Rebind", () => rebinds().find((one) => bound(answered(world.messages(), one))));
    await stillHeld(world, client, held);

    await client.stop();
    await forgottenByTheKernel(world);
    const wiped = join(world.folder, "again");
    mkdirSync(wiped);
    client = await begun(world, peer, wanted, wiped);
    await stillHeld(world, client, held);
    await nothingElsePromised(world, held);
    await soundlySent(world);
  });
}

/** Two messages instead of four (RFC 9915 §18.3.1). */
export function rapidly(name: LanPeerName): Promise<void> {
  return inLanWorld(async (world) => {
    const peer = LAN_PEERS[name];
    const wanted = { ...WISHES.both, rapid: true };
    await world.serve("rapid_commit = true");
    await world.watch();
    const client = await begun(world, peer, wanted);
    await granted(world, { ...peer, client }, wanted);
    const [solicit, reply] = world.messages();
    assert.deepEqual([solicit?.name, solicit?.rapid, reply?.name, reply?.rapid], ["solicit", true, "reply", true]);
    assert.ok(!world.messages().some((one) => one.name === "request"));
    await soundlySent(world);
  });
}

/** Told where resolvers are and what the site is called, and promised nothing (RFC 9915 §18.3.6). */
export function informed(name: LanPeerName): Promise<void> {
  return inLanWorld(async (world) => {
    await world.serve("managed = false");
    await world.watch();
    const client = await LAN_PEERS[name].inform(world.host, world.folder);
    world.told = client.log;
    await world.until("the resolver in the client's own words", async () => (await client.told()).includes(LAN_RESOLVER));
    const [question, reply] = world.messages();
    assert.deepEqual([question?.name, reply?.name, reply?.associations], ["information-request", "reply", []]);
    assert.deepEqual(await world.holdings(), { addresses: 0, prefixes: 0 });
    const wanted = `dhcpv6.msgtype == 7 and dhcpv6.dns_server == ${LAN_RESOLVER}`;
    await soundlySent(world);
    assert.ok((await framesOf(world.pcap, wanted)) > 0, "as tshark reads it");
  });
}

/** Our own advertisement's M flag makes it ask (RFC 4861 §4.2). */
export function advertised(name: LanPeerName): Promise<void> {
  return inLanWorld(async (world) => {
    const peer = LAN_PEERS[name];
    const wanted = { ...WISHES.address, advertised: true };
    await world.serve();
    await world.watch();
    const client = await begun(world, peer, wanted);
    await granted(world, { ...peer, client }, wanted);
    await soundlySent(world);
  });
}

async function begun(world: LanWorld, peer: LanPeer, wanted: Wanted, folder = world.folder): Promise<LanClient> {
  const client = await peer.start(world.host, folder, wanted);
  world.told = client.log;
  return client;
}

/** As many as were asked for, out of our pools, in the kernel's words, no longer than we said; and the gateway knows the way to prefixes. */
async function granted(world: LanWorld, { client, setsLifetimes }: LanPeer & { readonly client: LanClient }, wanted: Wanted): Promise<Held> {
  const held = await world.until("all that was asked for, in use", async () => {
    const now = await client.held();
    return now.addresses.length === wanted.addresses && now.prefixes.length === wanted.prefixes ? now : undefined;
  });
  for (const address of held.addresses) assert.match(address, OURS6.address);
  for (const prefix of held.prefixes) assert.match(prefix, OURS6.prefix);
  for (const { valid_life_time, preferred_life_time, local } of await globals6(world.host, "eth0")) {
    if (!held.addresses.includes(local) || !setsLifetimes) continue;
    assert.ok(
      valid_life_time <= world.times.validSeconds && preferred_life_time <= world.times.preferredSeconds,
      `${local}: ${preferred_life_time}/${valid_life_time}`,
    );
  }
  const via = await linkLocal(world.host, "eth0");
  const routed = async (): Promise<boolean> => {
    const ways = (await world.routes()).filter(({ gateway }) => gateway === via).map(({ dst }) => dst);
    return ways.toSorted().join() === held.prefixes.join();
  };
  await world.until("a route to each prefix", routed);
  assert.deepEqual(await world.holdings(), { addresses: wanted.addresses, prefixes: wanted.prefixes });
  return held;
}

/** SOLICIT, ADVERTISE, REQUEST, REPLY, and each answer for the question before it. */
async function askedInOrder(world: LanWorld, wanted: Wanted): Promise<void> {
  const seen = world.messages();
  const request = seen.find(({ name }) => name === "request");
  assert.ok(request !== undefined, `no REQUEST among ${seen.map(({ name }) => name)}`);
  assert.ok(seen.some(({ name }) => name === "advertise"));
  const reply = answered(seen, request);
  assert.equal(reply?.serverId, request.serverId);
  const codes = reply?.associations.map(({ code }) => code) ?? [];
  assert.equal(codes.filter((code) => code === CODE6.iaNa).length, wanted.addresses);
  assert.equal(codes.filter((code) => code === CODE6.iaPd).length, wanted.prefixes);
}

/** Every association, in one message or in one each. */
async function renewedAtT1(world: LanWorld, held: Held, { timersWithin }: LanPeer): Promise<void> {
  const kinds = world.t1Seconds > timersWithin ? ["renew"] : ["renew", "rebind"];
  const renewals = (): readonly Passed6[] => world.messages().filter((one) => kinds.includes(one.name) && bound(answered(world.messages(), one)));
  await world.until("all renewed", () => {
    const again = renewals().flatMap((one) => answered(world.messages(), one)?.associations.flatMap(({ given }) => given) ?? []);
    return new Set(again.map(({ resource }) => resource)).size === sizeOf(held);
  });
  const [reply, renewal] = [world.messages().find(bound), renewals()[0]];
  const after = (renewal?.atSeconds ?? 0) - (reply?.atSeconds ?? 0);
  assert.ok(after > world.t1Seconds * (1 - EARLY_SHARE) - EARLY_SECONDS, `renewed after ${after} s`);
}

function sizeOf({ addresses, prefixes }: Held): number {
  return addresses.length + prefixes.length;
}

/** A Reply that gives what was asked with the lifetimes of a new promise. */
function extendedSince(world: LanWorld, seconds: number): Passed6 | undefined {
  return world.since(seconds).find(bound);
}

async function stillHeld(world: LanWorld, client: LanClient, held: Held): Promise<void> {
  await world.until(`the same as before: ${JSON.stringify(held)}`, async () => JSON.stringify(await client.held()) === JSON.stringify(held));
}

async function givenBack(world: LanWorld, client: LanClient, held: Held): Promise<void> {
  const at = now();
  await client.release();
  const releases = (): readonly Passed6[] => world.since(at).filter((one) => one.name === "release");
  await world.until("all of it named in a Release", () => {
    const named = releases().flatMap(({ associations }) => associations.flatMap(({ given }) => given));
    return new Set(named.map(({ resource }) => resource)).size === sizeOf(held);
  });
  for (const release of releases()) {
    const reply = await world.until("an answer to it", () => answered(world.messages(), release));
    assert.deepEqual([reply.status, reply.associations], [0, []], "done, and none of it was unknown (RFC 9915 §18.3.7)");
  }
  await world.until("nothing promised any more", async () => {
    const { addresses, prefixes } = await world.holdings();
    return addresses === 0 && prefixes === 0;
  });
  await world.until("no route to it", async () => (await world.routes()).length === 0);
}

/** No answer ever gave anything but this. */
async function nothingElsePromised(world: LanWorld, held: Held): Promise<void> {
  const given = world
    .messages()
    .filter(({ fromServer }) => fromServer)
    .flatMap(({ associations }) => associations.flatMap((one) => one.given));
  const resources = new Set<Resource>(given.filter(({ validSeconds }) => validSeconds > 0).map(({ resource }) => resource));
  assert.equal(resources.size, sizeOf(held), [...resources].join());
  assert.ok(
    given.every(({ validSeconds }) => validSeconds > 0),
    "nothing was said to be over",
  );
}

export async function soundlySent(world: LanWorld): Promise<void> {
  assert.deepEqual(await world.complaints(), []);
  assert.ok(world.messages().some(({ fromServer }) => fromServer));
}

function asked(seen: readonly Passed6[]): readonly Passed6[] {
  return seen.filter(({ fromServer }) => !fromServer);
}

/** The answer to a question: of the same transaction, behind it. */
function answered(seen: readonly Passed6[], { transaction, atSeconds }: Passed6): Passed6 | undefined {
  return seen.find((one) => one.fromServer && one.transaction === transaction && one.atSeconds >= atSeconds);
}

function bound(message: Passed6 | undefined): boolean {
  return message?.name === "reply" && message.associations.some(({ given }) => given.some(({ validSeconds }) => validSeconds > 0));
}

async function operState(world: LanWorld): Promise<string | undefined> {
  const links = (await world.host.json("ip", "-j", "link", "show", "eth0")) as readonly { readonly operstate: string }[];
  return links[0]?.operstate;
}

/** What a program that was killed left behind. */
async function forgottenByTheKernel(world: LanWorld): Promise<void> {
  for (const link of ["eth0", "eth1", "eth2"]) await world.host.ip("-6", "addr", "flush", "dev", link, "scope", "global");
}

function now(): number {
  return Date.now() / 1000;
}
