/**
 * What 100,000 users cost: to read them from slapd, to keep them, and to answer for them; beside ldapsearch, Debian's ypserv and nslcd with
 * the same slapd, in alternating rounds. And what all four services take while nothing happens.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { idleMiB } from "./directory-idle.ts";
import { change, getpwnam, ldapsearch, type Maker, matches, peakMiB, PLAIN, pssMiB, pull, ypcat } from "./directory-work.ts";
import { type DirectoryWorld, startNslcd, startOurs, startPeerYpserv, withDirectoryWorld } from "./directory-world.ts";
import { ROOT } from "./isolated.ts";
import { type Bench, type Measured, median } from "./row.ts";

/** By row and program. */
type Samples = Map<string, number[]>;
type Note = (work: string, program: string, value: number) => void;

/** What compiles at run time has seen its work before anybody looks at the clock. */
const WARMING = 3;
const SETTLED_MS = 3000;

const ROWS: readonly (Omit<Measured, "ours" | "peers"> & { readonly peers: readonly string[] })[] = [
  { work: "pull", unit: "ms", peers: ["ldapsearch"], lowerIsBetter: true, limit: null, ratioLimit: 0.9 },
  { work: "cpu pull", unit: "us CPU an entry, all processes", peers: ["ldapsearch"], lowerIsBetter: true, limit: null },
  { work: "memory at the peak", unit: "MiB PSS of fetcher and engine", peers: ["nslcd"], lowerIsBetter: true, limit: 150 },
  { work: "ypcat", unit: "ms", peers: ["ypserv"], lowerIsBetter: true, limit: null, ratioLimit: 1.2 },
  { work: "getpwnam over nis", unit: "us", peers: ["nslcd"], lowerIsBetter: true, limit: null, ratioLimit: 1 },
  { work: "getpwnam over systemd", unit: "us", peers: ["nslcd"], lowerIsBetter: true, limit: null, ratioLimit: 1 },
  { work: "match", unit: "lookups/s", peers: ["ypserv"], lowerIsBetter: false, limit: 60_000 },
  { work: "change", unit: "ms", peers: ["nslcd"], lowerIsBetter: true, limit: 100 },
  { work: "four services idle", unit: "MiB PSS", peers: ["seven of node"], lowerIsBetter: true, limit: 110 },
];

export const directory: Bench = async (rounds, progress) => {
  execFileSync(process.execPath, [join(ROOT, "scripts/setup-peers.mjs")], { stdio: ["ignore", "ignore", "inherit"] });
  execFileSync(process.execPath, [join(ROOT, "scripts/build.mjs")], { stdio: ["ignore", "ignore", "inherit"] });
  const folder = mkdtempSync(join(ROOT, "bench/.run-"));
  execFileSync("chmod", ["755", folder]); // peers that give up root still reach their files
  const samples: Samples = new Map();
  const noteIn =
    (round: string): Note =>
    (work, program, value) => {
      progress(`${round} ${work}, ${program}: ${value}`);
      samples.set(`${work} ${program}`, [...(samples.get(`${work} ${program}`) ?? []), value]);
    };
  try {
    await withDirectoryWorld(folder, async (world) => {
      await wholeReadings(world, rounds, noteIn);
      await changesAsTheyHappen(world, rounds, noteIn);
    });
    for (const [program, value] of Object.entries(await idleMiB(folder))) noteIn("once")("four services idle", program, value);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const of = (work: string, program: string): number | null => median(samples.get(`${work} ${program}`) ?? []);
  return ROWS.map(({ peers, ...row }) => {
    const measured = peers
      .map((name) => [name, of(row.work, name)] as const)
      .filter((entry): entry is readonly [string, number] => entry[1] !== null);
    return { ...row, ours: of(row.work, "leasehold"), peers: Object.fromEntries(measured) };
  });
};

async function wholeReadings(world: DirectoryWorld, rounds: number, noteIn: (round: string) => Note): Promise<void> {
  const nslcd = await startNslcd(world);
  const maker: Maker = { world, serving: await startOurs(world, PLAIN, "whole") };
  const peerPort = await startPeerYpserv(world);
  for (let i = 0; i < WARMING; i++) await pull(maker);
  for (let round = 1; round <= rounds; round++) {
    const note = noteIn(`round ${round}`);
    for (const [program, read] of [
      ["leasehold", () => pull(maker)],
      ["ldapsearch", () => ldapsearch(world)],
    ] as const) {
      const { elapsedMs, cpuMicroseconds } = await read();
      note("pull", program, elapsedMs);
      note("cpu pull", program, cpuMicroseconds);
    }
    note("ypcat", "leasehold", await ypcat(world.ours, world));
    note("ypcat", "ypserv", await ypcat(world.theirs, world));
    note("getpwnam over nis", "leasehold", await getpwnam(world, "nis"));
    note("getpwnam over systemd", "leasehold", await getpwnam(world, "systemd"));
    const theirs = await getpwnam(world, "ldap");
    for (const way of ["nis", "systemd"]) note(`getpwnam over ${way}`, "nslcd", theirs);
    note("match", "leasehold", await matches(world.ours, world, maker.serving.port));
    note("match", "ypserv", await matches(world.theirs, world, peerPort));
    await delay(SETTLED_MS);
    note("memory at the peak", "leasehold", await peakMiB(maker));
    note("memory at the peak", "nslcd", pssMiB([nslcd.pid]));
  }
  await maker.serving.program.stop();
}

async function changesAsTheyHappen(world: DirectoryWorld, rounds: number, noteIn: (round: string) => Note): Promise<void> {
  const { program } = await startOurs(world, "live", "sync");
  await delay(SETTLED_MS);
  for (let i = 0; i < WARMING; i++) await change(world, "nis");
  for (let round = 1; round <= rounds; round++) {
    noteIn(`round ${round}`)("change", "leasehold", await change(world, "nis"));
    noteIn(`round ${round}`)("change", "nslcd", await change(world, "ldap"));
  }
  await program.stop();
}
