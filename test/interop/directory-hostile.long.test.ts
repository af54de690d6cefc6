/**
 * The running `directory` among strangers who break everything they say, for a minute; HOSTILE_SECONDS=600 for ten.
 * Nothing of it ends a process, nothing grows, and people are looked up all the while.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { CleanLookups, HOSTILE_SERVERS, Hostility } from "../support/directory-hostile.ts";
import { type DirectoryWorld, inDirectoryWorld } from "../support/directory-world.ts";
import { FIRST_ID, userName } from "../support/ldif.ts";
import { residentKb } from "../support/mutated-flood.ts";
import { needsRoot, waitFor } from "../support/namespace.ts";
import { NIS_DOMAIN } from "../support/private-root.ts";
import { within } from "../support/slapd.ts";

const SECONDS = Number(process.env["HOSTILE_SECONDS"] ?? "60");
const ROUNDS = 20;
/** An update whose source says nothing for half a minute is not waited for. */
const PAUSE_MS = 1000;
const USERS = 300;
const PATIENCE_MS = 20_000;
/** Whoever looks up and whoever attacks are one program here, and so wait for each other; a machine that others use is late itself. */
const LOOKUPS_A_SECOND = 4;
const LATE_MOST = 0.05;
/** From the end of the first quarter, when code is compiled and what has a bound is filled, to the highest after it. */
const GREW_MOST_KB = 24 * 1024;
const SOURCES = HOSTILE_SERVERS.map(
  (server, i) => `
[directory.source.other${i}]
server = "${server}"
transport = "plain"
${i === 0 ? 'refresh = "sync"' : 'refresh = "whole"\nreferrals = "follow"\nallow_cleartext = true'}
base = "ou=people"
group_base = "ou=teams"
on_failure = "${i === 0 ? "keep" : "drop"}"
`,
).join("");

type Counts = Readonly<Record<string, number>>;
type Told = {
  readonly yp: { readonly port: number };
  readonly userdb: { readonly service: string };
  readonly requests: Counts;
  readonly refused: Counts;
  readonly connectionsEnded: Counts;
  readonly snapshot: { readonly users: number };
};

async function toldOf({ ours }: DirectoryWorld): Promise<Told> {
  return (await ours.show())["directory"] as Told;
}

/** All but the one that comes and goes with commands. */
async function rolesOf({ ours }: DirectoryWorld): Promise<Counts> {
  const { main } = await ours.show();
  const others = main.roles.filter(({ name }) => name !== "control").map(({ name, pid }) => [name, pid] as const);
  return Object.fromEntries([["main", main.pid] as const, ...others]);
}

const total = (counts: Counts): number => Object.values(counts).reduce((sum, count) => sum + count, 0);

test(`${SECONDS} seconds of garbage from directories, over RPC and over Varlink: the same processes, flat memory, and nobody waits`, needsRoot, () =>
  inDirectoryWorld({ users: USERS, groups: 10 }, { source: SOURCES }, (world) =>
    within(world.machine, async () => {
      const roles = await rolesOf(world);
      assert.deepEqual(Object.keys(roles).toSorted(), ["engine-directory", "fetcher", "frontend", "main"]);
      const { yp, userdb } = await toldOf(world);
      const lookups = new CleanLookups();
      const names = Array.from({ length: USERS }, (_, i) => userName(i));
      for (const [name, line] of await lookups.learn(yp.port, NIS_DOMAIN, names))
        assert.match(line, new RegExp(`^${name}:\\*:${FIRST_ID + names.indexOf(name)}:${FIRST_ID}:[^:]*:/home/${name}:/bin/sh$`));
      const hostility = new Hostility(1);
      const resident: Counts[] = [];
      let refreshes = 0;
      try {
        await hostility.serveLdap();
        hostility.begin(yp.port, join(world.root.folder, "run/systemd/userdb", userdb.service));
        lookups.begin(yp.port, NIS_DOMAIN);
        for (let round = 0; round < ROUNDS; round++) {
          const until = performance.now() + (SECONDS * 1000) / ROUNDS;
          for (; performance.now() < until; refreshes++) {
            const said = world.ours.control("directory", "refresh").catch(() => ""); // that a source has failed is no surprise
            await Promise.race([said, delay(PAUSE_MS)]);
          }
          resident.push(residentKb(roles));
        }
      } finally {
        await Promise.all([hostility.end(), lookups.end()]);
      }
      const after = await toldOf(world);
      const { asked, late, slowestMs } = lookups;
      console.log(
        `hostile: said ${JSON.stringify(hostility.said)}, ${refreshes} refreshes; looked up ${asked}, ${late} late, slowest ${Math.round(slowestMs)} ms`,
      );
      console.log(
        `hostile: requests ${total(after.requests)}, refused ${JSON.stringify(after.refused)}, ended ${JSON.stringify(after.connectionsEnded)}`,
      );
      console.log(`hostile: resident ${JSON.stringify(resident)}`);
      assert.deepEqual(await rolesOf(world), roles, "the same processes");
      assert.ok(asked > SECONDS * LOOKUPS_A_SECOND && late <= asked * LATE_MOST, `${late} of ${asked} were late`);
      for (const [what, count] of Object.entries(hostility.said)) assert.ok(count > SECONDS * 100, `${what}: ${count}`);
      assert.ok(total(after.refused) > SECONDS * 100, "hardly anything was refused");
      for (const [name, began] of Object.entries(resident[ROUNDS / 4] ?? {})) {
        const most = Math.max(...resident.slice(ROUNDS / 4).map((each) => each[name] ?? 0));
        assert.ok(most - began <= GREW_MOST_KB, `${name} grew by ${most - began} KiB`);
      }
    }),
  ),
);

test("control: a line that is another one and a process that is another one are noticed", needsRoot, () =>
  inDirectoryWorld({ users: 3, groups: 1 }, {}, (world) =>
    within(world.machine, async () => {
      const roles = await rolesOf(world);
      const { yp } = await toldOf(world);
      const lookups = new CleanLookups();
      await lookups.learn(yp.port, NIS_DOMAIN, [userName(0)]);
      lookups.lines.set(userName(0), "somebody else");
      lookups.begin(yp.port, NIS_DOMAIN);
      await assert.rejects(lookups.end(), /somebody else/);
      process.kill(roles["fetcher"] ?? assert.fail());
      await waitFor(
        async () => ((await rolesOf(world))["fetcher"] ?? roles["fetcher"]) !== roles["fetcher"],
        PATIENCE_MS,
        "another process reads directories",
      );
    }),
  ),
);
