/** A program of the source as it stands, in one file: started some ten times by a test it takes a tenth of what loading its parts does. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

/** Packages written for require() need one in an ES module. */
const REQUIRE = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

/** @param entry from the root, as "src/cli/leasehold.ts" @returns a path that is there until this process ends */
export function bundled(entry: string): string {
  const folder = mkdtempSync(join(tmpdir(), "lh-bundled-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const built = buildSync({
    absWorkingDir: fileURLToPath(new URL("../..", import.meta.url)),
    entryPoints: [entry],
    outfile: join(folder, "program.mjs"),
    write: false,
    bundle: true,
    format: "esm",
    platform: "node",
    logLevel: "error",
    define: { TEST_BUILD: "false" },
    banner: { js: REQUIRE },
  });
  const path = join(folder, "program.mjs");
  writeFileSync(path, built.outputFiles[0]?.text ?? "");
  return path;
}
