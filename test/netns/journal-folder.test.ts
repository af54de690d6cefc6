/** The journal's files while the real engine lives, dies and lives again: nothing it needs is refused, and they do not pile up. */
import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { LIMITS } from "../../src/base/limits.ts";
import { Program } from "../security/program.ts";
import { needsRoot, waitFor, withNamespaces } from "../support/namespace.ts";
import { withScratch } from "../support/scratch.ts";

const installation = join(dirname(fileURLToPath(import.meta.url)), "../..");
const LIVES = 4;
type Shown = NonNullable<Awaited<ReturnType<Program["shown"]>>> & { readonly refused: Readonly<Record<string, number>> };

test("each life of the engine begins a segment of its own; a snapshot takes the place of those before, and what was cut off goes", needsRoot, () =>
  withScratch((scratch) =>
    withNamespaces(["here"], async ({ here }) => {
      await Program.withUplink(here);
      const program = new Program(here, { installation, scratch, configuration: "[lan.lan0]\n" });
      const folder = join(scratch, "state/lan");
      const files = (): readonly string[] => readdirSync(folder).sort();
      const alive = (lives: number): Promise<number> =>
        waitFor(
          async (see) => {
            const engine = (await program.shown())?.roles.find(({ name }) => name === "engine-lan");
            see(`${JSON.stringify(engine)} ${files()}`);
            const recovered = program.running.stderr.split("leasesRecovered").length - 1;
            return engine !== undefined && recovered === lives && files().includes(`segment-${lives}`) ? engine.pid : undefined;
          },
          20_000,
          `life ${lives} has its segment`,
        );
      for (let life = 1; life < LIVES; life++) process.kill(await alive(life), "SIGKILL");
      await alive(LIVES);
      await waitFor(() => files().some((name) => name.startsWith("snapshot-")), 10_000, "a snapshot");
      const names = files();
      assert.ok(names.includes(`segment-${LIVES}`), names.join());
      assert.ok(!names.includes("segment-1"), `what the snapshot stands for is gone: ${names}`);
      assert.ok(!names.some((name) => name.startsWith("unfinished-")), names.join());
      for (const name of names.filter((one) => one.startsWith("segment-"))) assert.equal(statSync(join(folder, name)).size, LIMITS.segmentBytes);
      assert.deepEqual(((await program.shown()) as Shown).refused, {}, "everything the engine asked for was granted");
    }),
  ),
);
