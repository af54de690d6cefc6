/**
 * DHCPv4 clients against dnsmasq: milliseconds from carrier to first DISCOVER and to a usable address, memory, and what other people's
 * DHCP costs. Each client is started as its users start it, with state emptied, 3 s before the carrier comes; a stopwatch outside measures.
 */
import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { aloneKb } from "../test/support/memory.ts";
import { costOfFlood, startFlood } from "./client4-flood.ts";
import { clean, clientsIn, SERVER_ADDRESS, setUp, tearDown, type World } from "./client4-world.ts";
import { outputOf, ROOT, startIsolated } from "./isolated.ts";
import { processesOf } from "./processes.ts";
import { type Bench, type Measured, median } from "./row.ts";

const PATIENCE_S = 25;
/** The control role has ended, also where it was asked twice. */
const CONTROL_ENDED_MS = 66_000;
/** Ours without and with conflict detection, and what they are compared with: of the peers only dhcpcd probes, and only by default. */
const PLAIN = { ours: "leasehold", peers: ["dhcpcd-noarp", "networkd", "dhclient", "udhcpc"] };
const PROBING = { ours: "leasehold-acd", peers: ["dhcpcd-default"] };
const ALL = { ours: "leasehold-acd", peers: [...PROBING.peers, ...PLAIN.peers] };
/** Those that begin anew when the carrier comes; the others' time in a flood is that of their timers. */
const PROMPT = { ours: "leasehold", peers: ["dhcpcd-noarp", "networkd"] };

type Watched = { readonly usable: number | undefined; readonly firstPacket: number | undefined; readonly memoryMiB: number };
/** By row and client. */
type Samples = Map<string, number[]>;

export const client4: Bench = async (rounds, progress) => {
  execFileSync(process.execPath, [join(ROOT, "scripts/setup-peers.mjs"), "bench-client4"], { stdio: ["ignore", "ignore", "inherit"] });
  execFileSync(process.execPath, [join(ROOT, "scripts/build.mjs")], { stdio: ["ignore", "ignore", "inherit"] });
  const world = setUp();
  try {
    const samples: Samples = new Map();
    for (let round = 1; round <= rounds; round++) await oneRound(world, samples, (text) => progress(`round ${round} ${text}`));
    add(samples, "memory a minute later", "leasehold-acd", await ourMemory(world, clientsIn(world)["leasehold-acd"] ?? "", CONTROL_ENDED_MS));
    return rowsOf(samples);
  } finally {
    tearDown(world);
  }
};

function rowsOf(samples: Samples): readonly Measured[] {
  return [
    { ...row("usable", "ms", samples, PLAIN), ratioLimit: 1 },
    { ...row("usable+acd", "ms", samples, PROBING), ratioLimit: 1 / 3 },
    { ...row("first packet", "ms", samples, ALL), limit: 5 },
    { ...row("memory", "MiB PSS", samples, ALL), limit: 60 },
    { ...row("memory a minute later", "MiB PSS", samples, ALL, "memory"), limit: 60 },
    { ...row("flood", "% of a core", samples, PLAIN), limit: 15 },
    row("usable in the flood", "ms", samples, PROMPT),
  ];
}

/** @param peersWork where the peers were measured for another row */
function row(
  work: string,
  unit: string,
  samples: Samples,
  who: { readonly ours: string; readonly peers: readonly string[] },
  peersWork = work,
): Measured {
  const of = (name: string, measured: string): number | null => median(samples.get(`${measured} ${name}`) ?? []);
  const peers = who.peers
    .map((name) => [name, of(name, peersWork)] as const)
    .filter((entry): entry is readonly [string, number] => entry[1] !== null);
  return { work, unit, ours: of(who.ours, work), peers: Object.fromEntries(peers), lowerIsBetter: true, limit: null };
}

function add(samples: Samples, work: string, name: string, value: number): void {
  samples.set(`${work} ${name}`, [...(samples.get(`${work} ${name}`) ?? []), value]);
}

async function oneRound(world: World, samples: Samples, progress: (text: string) => void): Promise<void> {
  const never = PATIENCE_S * 1000;
  for (const [name, command] of Object.entries(clientsIn(world))) {
    const { usable = never, firstPacket = never, memoryMiB } = await watched(world, command);
    const memory = name === ALL.ours ? await ourMemory(world, command, 1000) : memoryMiB;
    progress(`${name}: DISCOVER ${firstPacket} ms, usable ${usable} ms, ${memory} MiB PSS`);
    add(samples, "usable", name, usable);
    add(samples, "usable+acd", name, usable);
    add(samples, "first packet", name, firstPacket);
    add(samples, "memory", name, memory);
    if (name === PLAIN.ours || PLAIN.peers.includes(name)) {
      const cost = await costOfFlood(world, command);
      progress(`${name}: ${cost} % of a core in the flood`);
      add(samples, "flood", name, cost);
    }
    if (name === PROMPT.ours || PROMPT.peers.includes(name)) {
      const inFlood = (await watchedInFlood(world, command)).usable ?? never;
      progress(`${name}: usable ${inFlood} ms in the flood`);
      add(samples, "usable in the flood", name, inFlood);
    }
  }
}

/** From the carrier's return until the client's end; memory is that of all its processes when it has its address. */
async function watched(world: World, command: string): Promise<Watched> {
  clean(world);
  const watch = `${world.watch} -i c0 -a c0 -4 ${SERVER_ADDRESS} -S ${world.server} -p s0 -w 3000 -t ${PATIENCE_S} -- ${command}`;
  const { stdout, stderr } = await outputOf(startIsolated(world, watch));
  await delay(200);
  const { usable, discover } = JSON.parse(stdout || "{}") as { readonly discover?: number; readonly usable?: number };
  const peerKb = Number(/"pss_kb":(\d+)/.exec(stderr)?.[1] ?? 0);
  return { usable, firstPacket: discover, memoryMiB: Number((peerKb / 1024).toFixed(1)) };
}

async function watchedInFlood(world: World, command: string): Promise<Watched> {
  const flood = startFlood(world, PATIENCE_S + 10);
  const ended = new Promise((resolve) => flood.on("exit", resolve));
  try {
    return await watched(world, command);
  } finally {
    flood.kill();
    await ended;
  }
}

/** Of all processes that run so long after one `dhcpleasectl -l`: the control role that answers it is not counted where it has ended by then. */
async function ourMemory({ client, folder }: World, command: string, afterMs: number): Promise<number> {
  const program = spawn("ip", ["netns", "exec", client, ...command.split(" ")], { stdio: "ignore" });
  await delay(2000);
  execFileSync(join(ROOT, "bin/dhcpleasectl"), ["-l", "-s", join(folder, "run/control.sock"), "c0"], { stdio: "ignore" });
  await delay(afterMs);
  const pids = processesOf(program.pid ?? 0);
  const roles = pids.filter((pid) => /dist\/(frontend|engine-uplink4)\.mjs/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8")));
  if (roles.length !== 2) throw new Error(`memory: expected a frontend and an engine, found ${roles.length} roles`);
  const memoryKb = aloneKb(pids);
  const ended = new Promise((resolve) => program.on("exit", resolve));
  program.kill("SIGTERM");
  await ended;
  return Number((memoryKb / 1024).toFixed(1));
}
