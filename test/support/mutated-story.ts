/** The story of a daemon under mutated frames, in a size that fits its tier. What is sent and how it is counted: `mutated-flood.ts`. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { Chance } from "../../src/sim/chance.ts";
import {
  accounted,
  type Facts,
  facts,
  factsOf,
  judged,
  type Kind,
  highestKb,
  Target,
  total,
  type UplinkFacts,
  usedSeconds,
} from "./mutated-flood.ts";
import { keaLeases, startKea } from "./servers.ts";
import { CLIENT_MAC, inWorld, type UplinkWorld } from "./uplink-world.ts";

const SECOND_MAC = "02:00:5e:10:00:56";
const SECOND_SERVER = "10.65.0.1";
const RSS_GREW_MOST_KB = 5 * 1024;
/** Of a round, in thousandths; at least half are repaired. */
const SHARES = { boundAccidents: 250, boundRepaired: 250, openAccidents: 150, openHopeless: 300, openAny: 50 } as const;

export type Size = {
  readonly frames: number;
  readonly rounds: number;
  readonly seed: number;
  /** An exchange that is open ends with the first answer that is taken: so many are sent to each. */
  readonly perExchange: number;
  /** Whether the memory of the first tenth is compared with that of the last: what is filled once must be full by then. */
  readonly comparesMemory: boolean;
};
export type Told = { readonly bound: Target; readonly open: Target; readonly world: UplinkWorld; readonly program: ChildProcess };

export function hostileStory({ frames, rounds, seed, perExchange, comparesMemory }: Size): Promise<void> {
  return inWorld(async (world) => {
    secondLink(world);
    const kea = await startKea(world, { first: "10.64.0.50", last: "10.64.0.59" });
    const program = world.leasehold("[uplink4.c0]\nretransmit_seconds = 1\n[uplink4.c1]\nretransmit_seconds = 1\n");
    const bound = new Target(world, program, { name: "c0", far: "s0", mac: CLIENT_MAC });
    const open = new Target(world, program, { name: "c1", far: "s1", mac: SECOND_MAC });
    try {
      const address = await world.until("an address", () => world.addresses()[0]?.local, 20);
      bound.listen();
      const told = { bound, open, world, program };
      const first = await world.until("the first uplink bound", () => bothReady(facts(world, program)));
      bound.readers = open.readers = [first.pids["frontend"] ?? 0, first.pids["engine-uplink4"] ?? 0];
      const answers = answersOf(world, factsOf(first, "c0").received);
      const chance = new Chance(seed, 4);
      const reasons = new Reasons();
      const residents: Readonly<Record<string, number>>[] = [];
      const began = performance.now();
      for (let round = 0; round < rounds; round++) {
        residents.push(await highestKb(first.pids, () => oneRound(told, { chance, frames: frames / rounds, perExchange, reasons, answers })));
        assert.deepEqual(
          world.addresses().map(({ local }) => local),
          [address],
        );
      }
      const seconds = (performance.now() - began) / 1000;

      const after = await accounted(world, program, bound, answers);
      console.log(
        `hostile: ${JSON.stringify({ seconds, bound: bound.sent, open: open.sent, first: factsOf(after, "c0"), second: factsOf(after, "c1") })}`,
      );
      console.log(
        `hostile: KiB at most in each round ${JSON.stringify(residents)}; seconds of a core used ${JSON.stringify(usedSeconds(first.pids))}`,
      );
      reasons.check();
      assert.deepEqual(after.pids, first.pids, "the same processes");
      assert.deepEqual(after.elsewhere, first.elsewhere);
      const [early, last] = [residents[Math.ceil(rounds / 10) - 1], residents.at(-1)].map((one) => total(one ?? {}));
      const grewKb = (last ?? 0) - (early ?? 0);
      assert.ok(!comparesMemory || grewKb <= RSS_GREW_MOST_KB, `grew by ${grewKb} KiB from the first tenth to the end: ${JSON.stringify(residents)}`);
      assert.deepEqual(movesOf(world, "c0").filter(isDeparture), [], "the first uplink was never but bound, or renewing");
      const second = factsOf(after, "c1");
      const [accepted, moves] = [second.accepted, movesOf(world, "c1").length];
      assert.ok(accepted > 0 && accepted <= moves, `${accepted} answers were accepted on an open exchange, and the machine moved ${moves} times`);

      await plantedMiscount(told, answers);
      await cleanRenewal(world, address);
      await world.stop(kea); // its port is wanted by the other one
      await cleanLease(told);
      assert.deepEqual(facts(world, program).pids, first.pids, "the same processes");
    } finally {
      bound.close();
      open.close();
    }
  });
}

/** A second uplink, whose provider says nothing until it is asked to. */
export function secondLink(world: UplinkWorld): void {
  world.ip(world.server, "link", "add", "s1", "type", "veth", "peer", "name", "c1", "netns", world.client);
  world.ip(world.client, "link", "set", "c1", "address", SECOND_MAC);
  world.ip(world.server, "addr", "add", `${SECOND_SERVER}/24`, "dev", "s1");
  world.ip(world.server, "link", "set", "s1", "up");
  world.ip(world.client, "link", "set", "c1", "up");
}

function bothReady(shown: Facts): Facts | undefined {
  return factsOf(shown, "c0").state === "bound" && factsOf(shown, "c1").state === "selecting" ? shown : undefined;
}

/** Frames of a real server on the first link: those before counting began, and each lease that Kea has said since. */
function answersOf(world: UplinkWorld, before: number): () => number {
  const leases = (): number => world.read("server.log").split("DHCP4_LEASE_ALLOC").length;
  const first = leases();
  return () => before + leases() - first;
}

type Round = {
  readonly chance: Chance;
  readonly frames: number;
  readonly perExchange: number;
  readonly reasons: Reasons;
  readonly answers: () => number;
};

async function oneRound(told: Told, { chance, frames, perExchange, reasons, answers }: Round): Promise<void> {
  const { bound, open, world, program } = told;
  const part = (share: number): number => Math.round((frames * share) / 1000);
  const segment = async (target: Target, kind: Kind, count: number, mayAccept: boolean): Promise<void> => {
    const real = target === bound ? answers : () => 0;
    const before = factsOf(await accounted(world, program, target, real), target.name); // with no answer under way
    const acks = real();
    await target.flood(kind, count, chance, { follow: target === open });
    const after = factsOf(await accounted(world, program, target, real), target.name);
    reasons.add(`${target.name} ${kind}`, before, after);
    assert.equal(after.received, judged(after) + after.accepted, `${target.name}: what was read was ignored for a reason or accepted`);
    if (mayAccept) return;
    const accepted = after.accepted - before.accepted;
    const said = real() - acks;
    const lost = (after.ignored["queue-full"] ?? 0) - (before.ignored["queue-full"] ?? 0);
    const asked = (after.sent["request"] ?? 0) - (before.sent["request"] ?? 0);
    const again = Math.max(0, asked - accepted); // on a busy machine: said again, answered twice, and the second answer is none any more
    assert.ok(accepted <= said && accepted >= said - lost - again, `${accepted} accepted on ${target.name}, where a server said ${said}`);
  };
  await segment(bound, "accident", part(SHARES.boundAccidents), false);
  await segment(bound, "repaired", part(SHARES.boundRepaired), false);
  await selecting(told);
  await segment(open, "accident", part(SHARES.openAccidents), false);
  await segment(open, "hopeless", part(SHARES.openHopeless), false);
  for (let sent = 0; sent < part(SHARES.openAny); sent += perExchange) {
    await anotherExchange(told);
    await segment(open, "repaired", Math.min(perExchange, part(SHARES.openAny) - sent), true);
  }
}

/** The carrier goes and comes: what is held is asked for again, or an address is looked for. */
async function anotherExchange({ world, open }: Told): Promise<void> {
  const before = open.xid;
  world.ip(world.server, "link", "set", "s1", "down");
  await world.until("the second link seen down", () => (world.control("show").includes("has no carrier") ? true : undefined));
  open.listen();
  world.ip(world.server, "link", "set", "s1", "up");
  await world.until("another exchange", () => {
    open.listen();
    return open.xid === before ? undefined : true;
  });
}

async function selecting(told: Told): Promise<void> {
  const { world, program, open } = told;
  if (factsOf(facts(world, program), "c1").state !== "selecting") await anotherExchange(told);
  await world.until("the second uplink looks for a server", () => (factsOf(facts(world, program), "c1").state === "selecting" ? true : undefined));
  open.listen();
}

/** Why frames were ignored, kind by kind. */
class Reasons {
  readonly #kinds = new Map<string, Map<string, number>>();

  add(kind: string, before: UplinkFacts, after: UplinkFacts): void {
    const sums = this.#kinds.get(kind) ?? new Map<string, number>();
    this.#kinds.set(kind, sums);
    for (const [reason, count] of Object.entries(after.ignored)) {
      const more = count - (before.ignored[reason] ?? 0);
      if (more > 0) sums.set(reason, (sums.get(reason) ?? 0) + more);
    }
  }

  /** What was repaired is read to its end; what was not fails at the sums. */
  check(): void {
    for (const [kind, sums] of this.#kinds) console.log(`hostile: ${kind} ${JSON.stringify(Object.fromEntries(sums))}`);
    const share = (kind: string, reason: string): number => {
      const sums = this.#kinds.get(kind) ?? new Map<string, number>();
      return (sums.get(reason) ?? 0) / Math.max(1, total(Object.fromEntries(sums)));
    };
    for (const name of ["c0", "c1"]) assert.ok(share(`${name} accident`, "bad-checksum") > 0.2, `${name}: hardly an accident has a wrong sum`);
    for (const kind of ["c0 repaired", "c1 hopeless", "c1 repaired"]) {
      assert.equal(share(kind, "bad-checksum"), 0, `${kind}: repaired, and a sum is wrong`);
      assert.ok(share(kind, "queue-full") < 0.1, `${kind}: too much went unread`);
    }
    const read = share("c0 repaired", "unexpected-type") + share("c0 repaired", "xid-mismatch"); // the latter while a renewal waits for its answer
    assert.ok(read > 0.4, "hardly anything was read to its end");
    assert.ok(share("c1 hopeless", "implausible-address") > 0.05, "hardly anything was an offer");
    assert.ok(share("c1 hopeless", "xid-mismatch") < 0.1, "the transaction was not known");
  }
}

/** Transitions of an uplink since it was bound first, or at all. */
function movesOf(world: UplinkWorld, name: string): readonly string[] {
  const lines = world.read("leasehold.log").split("\n");
  const moves = lines.filter((line) => line.includes('"event":"transition"') && line.includes(`"interface":"${name}"`));
  return moves.slice(name === "c0" ? moves.findIndex((line) => line.includes('"to":"bound"')) + 1 : 0);
}

/** To where an address is lost. */
function isDeparture(move: string): boolean {
  return !/"to":"(?:bound|renewing|rebinding)"/.test(move);
}

/** Control: a thousand frames more than are counted, and the account is wrong. */
async function plantedMiscount({ bound, world, program }: Told, answers: () => number): Promise<void> {
  const before = { ...bound.sent };
  await bound.flood("repaired", 1000, new Chance(9), { follow: false });
  Object.assign(bound.sent, before);
  await assert.rejects(() => accounted(world, program, bound, answers, 2), /frames came, \d+ are told of/);
  bound.sent.total += 1000;
  await accounted(world, program, bound, answers);
}

async function cleanRenewal(world: UplinkWorld, address: string): Promise<void> {
  const expires = (): number => keaLeases(world).find((one) => one.address === address)?.expiresAtSeconds ?? 0;
  const before = expires();
  await world.until("a renewal after the flood", () => (expires() > before ? true : undefined), 12);
  await world.until("the lifetime written anew", () => world.addresses().find((one) => one.local === address && one.valid_life_time > 15));
  assert.deepEqual(movesOf(world, "c0").filter(isDeparture), []);
}

/** A real server on the second link, after all that was said in the name of servers. */
async function cleanLease(told: Told): Promise<void> {
  const { world } = told;
  const options = ["--port=0", "--interface=s1", "--bind-interfaces", "--no-ping", "--dhcp-authoritative", "--log-facility=-", "--log-dhcp"];
  const leases = `--dhcp-leasefile=${join(world.folder, "second.leases")}`;
  const range = "--dhcp-range=10.65.0.50,10.65.0.59,255.255.255.0,2m";
  const server = world.spawn(world.server, "second", [
    "dnsmasq",
    "-k",
    "--conf-file=/dev/null",
    "--user=root",
    "--pid-file=",
    ...options,
    leases,
    range,
  ]);
  await world.until("dnsmasq serves", () => (world.read("second.log").includes("DHCP, IP range") ? true : undefined));
  await anotherExchange(told);
  const held = (): string => world.ip(world.client, "-4", "-o", "addr", "show", "dev", "c1");
  await world.until("a lease of the second server", () => (/inet 10\.65\.0\.5\d\/24/.test(held()) ? true : undefined), 20);
  assert.equal(held().trim().split("\n").length, 1, `one address and no other: ${held()}`);
  assert.ok(world.read("second.leases").includes(SECOND_MAC));
  await world.stop(server);
}
