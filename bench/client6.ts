/**
 * DHCPv6 clients against a provider that answers at once: milliseconds from a usable link-local address to the first SOLICIT, and from the
 * carrier to an address of the delegated prefix on the interface behind; memory, and what other people's DHCPv6 costs. Each client is
 * started as its users start it, with state emptied, 3 s before the carrier comes; a stopwatch outside measures.
 */
import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { aloneKb } from "../test/support/memory.ts";
import { clean, clientsIn, DELEGATED, isNumbered, LAN, type LinkHistory, setUp, tearDown, UPLINK, waitUntil, type World } from "./client6-world.ts";
import { costInFlood, FRAMES_PER_SECOND } from "./flood.ts";
import { outputOf, ROOT, startIsolated } from "./isolated.ts";
import { processesOf } from "./processes.ts";
import { type Bench, type Measured, median } from "./row.ts";

const PATIENCE_S = 25;
const FLOOD_SECONDS = 5;
const SETTLED_MS = 5000;
const A_MINUTE_LATER_MS = 60_000;
const PLAIN = { ours: "leasehold", peers: ["dhcpcd", "networkd", "dhcp6c", "dhclient"] };
/** networkd uses rapid commit by itself, and is in both rows. */
const RAPID = { ours: "leasehold-rapid", peers: ["dhcpcd-rapid", "networkd", "dhcp6c-rapid"] };
const ROLES = { leasehold: 3, "leasehold-both": 4 } as const;

/** Milliseconds: from the moment when both carrier and link-local address are there. */
type Watched = { readonly inUse: number; readonly firstPacket: number; readonly memoryMiB: number };
/** By row and client. */
type Samples = Map<string, number[]>;

export const client6: Bench = async (rounds, progress) => {
  execFileSync(process.execPath, [join(ROOT, "scripts/setup-peers.mjs")], { stdio: ["ignore", "ignore", "inherit"] });
  execFileSync(process.execPath, [join(ROOT, "scripts/build.mjs")], { stdio: ["ignore", "ignore", "inherit"] });
  const world = await setUp();
  try {
    const samples: Samples = new Map();
    for (let round = 1; round <= rounds; round++) await oneRound(world, samples, (text) => progress(`round ${round} ${text}`));
    add(samples, "memory of both uplinks a minute later", "leasehold-both", await ourMemory(world, "leasehold-both", A_MINUTE_LATER_MS));
    return rowsOf(samples);
  } finally {
    tearDown(world);
  }
};

function rowsOf(samples: Samples): readonly Measured[] {
  const both = { ours: "leasehold-both", peers: PLAIN.peers };
  return [
    { ...row("first packet", "ms", samples, PLAIN), limit: 5 },
    { ...row("first packet after a flap", "ms", samples, PLAIN), limit: 5 },
    { ...row("in use", "ms", samples, PLAIN), ratioLimit: 1 },
    { ...row("in use, rapid commit", "ms", samples, RAPID, "in use"), ratioLimit: 1 },
    row("in use on a new link", "ms", samples, PLAIN),
    row("memory", "MiB PSS", samples, PLAIN),
    { ...row("memory of both uplinks", "MiB PSS", samples, both, "memory of both uplinks", "memory"), limit: 70 },
    { ...row("memory of both uplinks a minute later", "MiB PSS", samples, both, "memory of both uplinks a minute later", "memory"), limit: 70 },
    row("flood", "% of a core", samples, PLAIN),
  ];
}

/** @param ourWork @param peersWork where each was measured for another row */
function row(
  work: string,
  unit: string,
  samples: Samples,
  who: { readonly ours: string; readonly peers: readonly string[] },
  ourWork = work,
  peersWork = ourWork,
): Measured {
  const of = (name: string, measured: string): number | null => median(samples.get(`${measured} ${name}`) ?? []);
  const peers = who.peers
    .map((name) => [name, of(name, peersWork)] as const)
    .filter((entry): entry is readonly [string, number] => entry[1] !== null);
  return { work, unit, ours: of(who.ours, ourWork), peers: Object.fromEntries(peers), lowerIsBetter: true, limit: null };
}

function add(samples: Samples, work: string, name: string, value: number): void {
  samples.set(`${work} ${name}`, [...(samples.get(`${work} ${name}`) ?? []), value]);
}

async function oneRound(world: World, samples: Samples, progress: (text: string) => void): Promise<void> {
  const plain = [PLAIN.ours, ...PLAIN.peers];
  for (const name of new Set([...plain, RAPID.ours, ...RAPID.peers])) {
    const { inUse, firstPacket, memoryMiB } = await watched(world, name, "flapped");
    progress(`${name}, flapped: SOLICIT ${firstPacket} ms, in use ${inUse} ms, ${memoryMiB} MiB PSS`);
    add(samples, "first packet after a flap", name, firstPacket);
    add(samples, "in use", name, inUse);
    if (PLAIN.peers.includes(name)) add(samples, "memory", name, memoryMiB);
  }
  for (const name of plain) {
    const { inUse, firstPacket } = await watched(world, name, "new");
    progress(`${name}, new link: SOLICIT ${firstPacket} ms, in use ${inUse} ms`);
    add(samples, "first packet", name, firstPacket);
    add(samples, "in use on a new link", name, inUse);
    const cost = await costOfFlood(world, name);
    progress(`${name}: ${cost} % of a core in the flood`);
    add(samples, "flood", name, cost);
  }
  add(samples, "memory", PLAIN.ours, await ourMemory(world, "leasehold", SETTLED_MS));
  add(samples, "memory of both uplinks", "leasehold-both", await ourMemory(world, "leasehold-both", SETTLED_MS));
}

/** Until an address of the prefix is on the LAN; memory is that of all the client's processes then. */
async function watched(world: World, name: string, history: LinkHistory): Promise<Watched> {
  await clean(world, history);
  const watch = `${world.watch} -i ${UPLINK} -a ${LAN} -S ${world.server} -p s0 -w 3000 -t ${PATIENCE_S} -- ${clientsIn(world)[name]}`;
  const { stdout, stderr } = await outputOf(startIsolated(world, watch));
  const never = PATIENCE_S * 1000;
  type Seen = { readonly linklocal?: number; readonly solicit?: number; readonly addr?: number };
  const { linklocal = 0, solicit = never, addr = never } = JSON.parse(stdout || "{}") as Seen;
  const since = (at: number): number => Number((at === never ? never : at - linklocal).toFixed(2));
  const peerKb = Number(/"pss_kb":(\d+)/.exec(stderr)?.[1] ?? 0);
  return { inUse: since(addr), firstPacket: since(solicit), memoryMiB: Number((peerKb / 1024).toFixed(1)) };
}

/** Half of the flood are answers that every client hears. */
async function costOfFlood(world: World, name: string): Promise<number> {
  await clean(world, "flapped");
  const options = ["-i", "br0", "-r", String(FRAMES_PER_SECOND), "-t", String(FLOOD_SECONDS)];
  return await costInFlood(
    startIsolated(world, clientsIn(world)[name] ?? ""),
    () => waitUntil(() => isNumbered(world.client, LAN, DELEGATED), `flood: ${name} numbered no interface`),
    () => spawn("ip", ["netns", "exec", world.server, world.flood, ...options], { stdio: ["ignore", "pipe", "ignore"] }),
  );
}

/** Of all processes, so long after the LAN has its address. */
async function ourMemory(world: World, name: keyof typeof ROLES, afterMs: number): Promise<number> {
  await clean(world, "flapped");
  const program = spawn("ip", ["netns", "exec", world.client, ...(clientsIn(world)[name] ?? "").split(" ")], { stdio: "ignore" });
  const ended = new Promise((resolve) => program.on("exit", resolve));
  try {
    await waitUntil(() => isNumbered(world.client, LAN, DELEGATED), `memory: ${name} numbered no interface`);
    await delay(afterMs);
    const pids = processesOf(program.pid ?? 0);
    const roles = pids.filter((pid) => /dist\/[\w-]+\.mjs/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8")));
    if (roles.length !== ROLES[name]) throw new Error(`memory: expected ${ROLES[name]} roles, found ${roles.length}`);
    return Number((aloneKb(pids) / 1024).toFixed(1));
  } finally {
    program.kill("SIGTERM");
    await ended;
  }
}
