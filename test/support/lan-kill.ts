/** The whole program and each of its roles killed again and again under load, and everything that was promised asked for afterwards. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { applyImage } from "../../src/services/leases/images.ts";
import { LeaseTable, STATE } from "../../src/services/leases/table.ts";
import { recover, type SegmentSource } from "../../src/wire/journal/recover.ts";
import { Chance } from "../../src/sim/chance.ts";
import { LanLoad } from "./lan-load.ts";
import { type Leasehold, startLeasehold } from "./leasehold.ts";
import { wire6 } from "./link6.ts";
import { type Namespace, waitFor, withNamespaces } from "./namespace.ts";
import { withScratch } from "./scratch.ts";

/** Small enough that what is given back is soon given to somebody else: whoever forgets a promise gives it away. */
const CONFIGURATION = `[system]
resolver = "none"
[lan.lan0]
address_pool = "2001:db8:1:0:77::/117"
prefix_pool = "2001:db8:100::/48"
delegated_length = 59
preferred_seconds = 20
valid_seconds = 7200
rapid_commit = true
`;
/** In the order of their turns. A role that dies often is started again with growing pauses, until its parent begins anew. */
const TURN = ["engine-lan", "frontend", "engine-lan", "frontend", "the whole"] as const;
type Victim = (typeof TURN)[number];
const PATIENCE_MS = 60_000;

export type KillSize = { readonly kills: number; readonly perSecond: number; readonly seed: number };

export function killStory({ kills, perSecond, seed }: KillSize): Promise<void> {
  return withScratch((folder) =>
    withNamespaces(["gateway", "clients"], async ({ gateway, clients }) => {
      await wire6(gateway, "lan0", clients, "eth0");
      await gateway.address("lan0", "2001:db8:1::1/64");
      const chance = new Chance(seed, 1);
      const load = new LanLoad(clients, "eth0", { chance: new Chance(seed, 2), perSecond });
      try {
        let ours = await startLeasehold(gateway, folder, CONFIGURATION);
        const killed = new Map<Victim, number>();
        let audited = 0;
        for (let n = 0; n < kills; n++) {
          const victim = TURN[n % TURN.length] ?? "the whole";
          await heard(load, 20 + chance.below(150), ours);
          ours = await killedOne({ victim, ours, gateway, folder });
          killed.set(victim, (killed.get(victim) ?? 0) + 1);
          if (victim === "the whole" || n === kills - 1) audited += await load.audit(PATIENCE_MS);
          assert.deepEqual(load.faults.slice(0, 5), [], `after ${n + 1} kills`);
        }
        await heard(load, 500, ours);
        audited += await load.audit(PATIENCE_MS);
        assert.deepEqual(load.faults, []);
        assert.ok(audited > 0 && load.replies > 20 * kills, `${audited} promises asked for, ${load.replies} replies`);
        assert.ok(kills < 50 || load.reused > 0, "nothing was ever given to a second client: who forgot could not be seen");
        console.log(
          `kills: ${JSON.stringify({ ...Object.fromEntries(killed), replies: load.replies, audited, refused: load.refused, reused: load.reused })}`,
        );
        await ours.kill();
        assert.deepEqual(missingIn(join(folder, "leasehold.state/lan"), load), [], "the second witness: what the journal says");
      } finally {
        load.close();
      }
    }),
  );
}

type Scene = { readonly victim: Victim; readonly ours: Leasehold; readonly gateway: Namespace; readonly folder: string };

/** @returns the program that serves afterwards */
async function killedOne({ victim, ours, gateway, folder }: Scene): Promise<Leasehold> {
  if (victim === "the whole") {
    await ours.kill();
    return startLeasehold(gateway, folder, CONFIGURATION);
  }
  const pid = await waitFor(() => roleOf(ours, victim), PATIENCE_MS, `${victim} runs`);
  process.kill(pid, "SIGKILL");
  await waitFor(() => (roleOf(ours, victim) ?? pid) !== pid, PATIENCE_MS, `another ${victim} runs`);
  return ours;
}

/** By what its process calls itself. */
function roleOf(ours: Leasehold, name: string): number | undefined {
  return ours.pids().find((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(name));
}

async function heard(load: LanLoad, replies: number, ours: Leasehold): Promise<void> {
  const before = load.replies;
  try {
    await waitFor(() => load.replies - before >= replies, PATIENCE_MS, "replies again");
  } catch (error) {
    const shown = await ours.show().then(
      ({ main, lan }) => JSON.stringify({ main, lan }),
      (reason: unknown) => String(reason),
    );
    throw new Error(`${load.replies - before} replies of ${replies}; ${load.underWay}\n${shown}\n${ours.log().slice(-3000)}`, { cause: error });
  }
}

/** Promises that are in no record on disk. */
function missingIn(folder: string, load: LanLoad): readonly string[] {
  const table = new LeaseTable({ key: new Uint8Array(16), maxLeases: 100_000, maxRowsPerClient: 32 });
  const files = readdirSync(folder).map((name) => ({
    name,
    number: Number(/\d+$/.exec(name)?.[0] ?? 0),
    read: () => readFileSync(join(folder, name)),
  }));
  const of = (kind: string): readonly SegmentSource[] =>
    files.filter(({ name }) => name.startsWith(`${kind}-`)).toSorted((a, b) => a.number - b.number);
  const recovery = recover({ snapshot: of("snapshot").at(-1), segments: of("segment") }, (bytes, at, end) => applyImage(table, bytes, at, end));
  assert.ok(recovery.ok, JSON.stringify(recovery));
  const identifier = new Uint8Array(130);
  return [...load.promised].flatMap(([resource, { clientId }]) => {
    const [address = "", length = ""] = resource.split("/");
    const row = table.findAddress(Buffer.from(address, "hex"), 0, Number(length));
    if (row === -1) return [`${resource} of ${clientId}`];
    const holder = Buffer.from(identifier.subarray(0, table.copyIdentifier(row, identifier, 0))).toString("hex");
    return holder === clientId && table.state(row) === STATE.bound ? [] : [`${resource} of ${clientId} is ${holder}'s in state ${table.state(row)}`];
  });
}
