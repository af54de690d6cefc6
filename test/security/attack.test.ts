/**
 * Confinement as an attacker finds it: code inside the bundled, launched, fenced roles tries every way out. Every attempt
 * is first made by the same bundle with no fence around it, where it must succeed: else it would prove nothing.
 */
import assert from "node:assert/strict";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { PROFILES } from "../../src/platform/fence/profiles.ts";
import { installedSyscalls } from "../platform/fence/headers.ts";
import { waitFor, withNamespaces } from "../support/namespace.ts";
import { ATTEMPTS, type Fenced } from "./attack/attempts.ts";
import { EXIT, type Orders, tagLine } from "./attack/attack.ts";
import { forEach, Rig, spoken } from "./attack/rig.ts";
import { Program, servicesWith } from "./program.ts";

const ROLES = [
  { name: "engine-uplink4", profile: PROFILES.engine },
  { name: "frontend", profile: PROFILES.frontend },
  { name: "control", profile: PROFILES.control },
  { name: "engine-uplink6", profile: PROFILES.engine },
  { name: "engine-lan", profile: PROFILES["engine+journal"] },
  { name: "engine-directory", profile: PROFILES["engine+streams"] },
  { name: "fetcher", profile: PROFILES.fetcher },
] as const;
/** They try all others; those that came after try main and the frontend. */
const EARLIER: readonly string[] = ["engine-uplink4", "frontend", "control"];
/** What is tried again in the whole program: main restarts a role after each, with a growing pause. */
const IN_PROGRAM = ["signal the parent", "raw socket AF_UNIX", "run a program"] as const;
/** In one program: the role that is killed is started again with a pause that doubles. */
const TRIES_PER_PROGRAM = 5;
/** Tried on main and on every other role that runs. */
const ON_EVERY_ROLE = ["signal another process", "ptrace another process"] as const;

const headers = installedSyscalls();
const skip = process.getuid?.() !== 0 ? "needs root: own uids, namespaces" : typeof headers === "string" ? headers : false;
const KILLED = "SIGSYS";
const endings: { readonly [F in Fenced]: readonly string[] } = {
  killed: [KILLED],
  refused: [`exit code ${EXIT.refused}`],
  "killed or refused": [KILLED, `exit code ${EXIT.refused}`],
};

describe("attack code inside the roles", { skip }, () => {
  let rig: Rig;
  before(async () => {
    rig = await Rig.build();
  });
  after(() => rig.close());

  for (const role of ROLES) {
    const attempts = Object.entries(ATTEMPTS).filter(([, { jitlessOnly }]) => jitlessOnly !== true || role.profile.jitless);

    test(`${role.name}: without a fence every attempt succeeds`, async () => {
      const failures: string[] = [];
      await forEach(attempts, async ([name]) => {
        const end = spoken(await rig.bare(role.name, name));
        if (end !== `exit code ${EXIT.succeeded}`) failures.push(`${name}: ${end}`);
      });
      assert.deepEqual(failures, []);
    });

    test(`${role.name}: behind its fence it still runs, and no attempt succeeds`, async () => {
      assert.equal(spoken(await rig.fenced(role.name, "nothing")), `exit code ${EXIT.succeeded}`);
      const failures: string[] = [];
      await forEach(attempts, async ([name, { fenced, outward }]) => {
        const end = spoken(await rig.fenced(role.name, name));
        const wanted = outward === true && role.name === "fetcher" ? [`exit code ${EXIT.succeeded}`] : endings[fenced];
        if (!wanted.includes(end)) failures.push(`${name}: ${end}, not ${wanted}`);
      });
      assert.deepEqual(failures, []);
    });
  }

  test("in the whole program a role that attacks is killed, main goes on, and the role comes back", async () => {
    const scratch = join(rig.folder, "scratch");
    mkdirSync(scratch);
    const tell = (orders: Orders): void => {
      writeFileSync(join(rig.folder, "dist/attack.json.new"), JSON.stringify(orders));
      renameSync(join(rig.folder, "dist/attack.json.new"), join(rig.folder, "dist/attack.json"));
    };
    await withNamespaces(["gateway"], async ({ gateway }) => {
      await Program.withUplink(gateway);
      const program = new Program(gateway, { installation: rig.folder, scratch });
      const main = (await program.allRoles()).pid;
      for (const { name } of ROLES) {
        for (const attempt of IN_PROGRAM) {
          const before = program.ended().filter((end) => end.name === name).length;
          tell({ [name]: rig.order(attempt) });
          for (const role of (await program.shown())?.roles ?? []) if (role.name === name) endRole(role.pid);
          await waitFor(
            async (see) => {
              if (name === "control") await program.shown(); // it starts with a connection
              const ends = program
                .ended()
                .filter((end) => end.name === name)
                .slice(before);
              see(ends);
              return ends.some(({ how }) => how === KILLED);
            },
            20_000,
            `${name} is killed when it tries to ${attempt}`,
          );
        }
        tell({});
        assert.equal((await program.allRoles()).pid, main);
      }
      assert.equal(
        program.ended().some(({ how }) => how === `exit code ${EXIT.succeeded}`),
        false,
      );
      assert.deepEqual(await program.running.stop(), { code: 0, signal: null });
    });
  });

  for (const { name } of ROLES) {
    test(`${name} in the whole program: a signal to, or a trace of, main and each other role kills it`, async () => {
      const scratch = join(rig.folder, `scratch-${name}`);
      mkdirSync(scratch);
      await withNamespaces(["gateway"], async ({ gateway }) => {
        await Program.withUplink(gateway);
        const victims = EARLIER.includes(name) ? ["main", ...ROLES.map((role) => role.name).filter((other) => other !== name)] : ["main", "frontend"];
        let tried = 0;
        const tries = ON_EVERY_ROLE.flatMap((attempt) => victims.map((other) => ({ attempt, other })));
        for (let at = 0; at < tries.length; at += TRIES_PER_PROGRAM) {
          const some = tries.slice(at, at + TRIES_PER_PROGRAM);
          const needed = [...new Set([name, ...some.map(({ other }) => other)])];
          const program = new Program(gateway, { installation: rig.folder, scratch, configuration: servicesWith(needed) });
          const { pid: main, roles } = await program.ready(needed.filter((role) => role !== "main"));
          const pidOf = (wanted: string): number => (wanted === "main" ? main : (roles.find((role) => role.name === wanted)?.pid ?? -1));
          for (const { attempt, other } of some) {
            const victim = pidOf(other);
            assert.ok(victim > 1 && victim !== pidOf(name));
            const tag = `${attempt}: ${other}`;
            writeFileSync(join(rig.folder, "dist/attack.json.new"), JSON.stringify({ [name]: { ...rig.order(attempt), victim, tag } }));
            renameSync(join(rig.folder, "dist/attack.json.new"), join(rig.folder, "dist/attack.json"));
            if (attempt === some[0]?.attempt && other === some[0].other) endRole(pidOf(name)); // from then on it is started again by itself
            await waitFor(
              async (see) => {
                if (name === "control") await program.shown();
                see(program.running.stderr.slice(-1000));
                return program.ended(tagLine(tag)).some((end) => end.name === name && end.how === KILLED);
              },
              15_000,
              `${name} is killed when it tries to ${tag}`,
            );
            process.kill(victim, 0); // its victim lives
            tried++;
          }
          writeFileSync(join(rig.folder, "dist/attack.json"), "{}");
          await program.running.stop();
        }
        assert.equal(tried, ON_EVERY_ROLE.length * victims.length);
      });
    });
  }
});

/** A control role is ended when nobody asks: then it is gone already. */
function endRole(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
