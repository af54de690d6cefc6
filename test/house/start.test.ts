/** `npm start` as people run it: as root, as an ordinary user on a checkout of their own, and with the provider killed half-way. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const AS_ROOT = process.getuid?.() === 0;
const ORDINARY = "65534";
type Run = { readonly code: number | null; readonly output: string };

function start(
  folder: string,
  { as, onOutput = () => undefined }: { readonly as?: string; readonly onOutput?: (soFar: string) => void },
): Promise<Run> {
  const command = [...(as === undefined ? [] : ["setpriv", "--reuid", as, "--regid", as, "--clear-groups", "env", `HOME=${folder}`]), "npm", "start"];
  const child = spawn(command[0] ?? "", command.slice(1), { cwd: folder, env: { ...process.env, CI: "true" }, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const heard = (chunk: Buffer): void => {
    output += chunk.toString();
    onOutput(output);
  };
  child.stdout.on("data", heard);
  child.stderr.on("data", heard);
  return new Promise((resolve) => child.on("exit", (code) => resolve({ code, output })));
}

/** A checkout of its own with what git has and what is not committed yet, owned by an ordinary user. */
function checkout(owner: string): string {
  const folder = mkdtempSync(join(tmpdir(), "leasehold-checkout-"));
  const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  })
    .split("\0")
    .filter(Boolean);
  execFileSync("tar", ["-C", root, "-cf", join(folder, "all.tar"), "--ignore-failed-read", "--null", "-T", "-"], {
    input: files.join("\0"),
    stdio: ["pipe", "ignore", "ignore"],
  });
  execFileSync("tar", ["-C", folder, "-xf", join(folder, "all.tar")]);
  execFileSync("cp", ["-a", join(root, "node_modules"), folder]);
  execFileSync("chown", ["-R", `${owner}:${owner}`, folder]);
  chmodSync(folder, 0o755);
  return folder;
}

test("npm start ends with every row confirmed and exit 0", async () => {
  const { code, output } = await start(root, {});
  assert.equal(code, 0, output);
  assert.match(output, /(\d+) of \1 rows confirmed/);
});

test("npm start works for an ordinary user, and says that roles share a user id", {
  skip: AS_ROOT ? false : "the test above was run by an ordinary user already",
}, async () => {
  const folder = checkout(ORDINARY);
  try {
    const { code, output } = await start(folder, { as: ORDINARY });
    assert.equal(code, 0, output);
    assert.match(output, /(\d+) of \1 rows confirmed/);
    assert.match(output, /user namespace/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a provider that is killed half-way makes npm start exit 1", async () => {
  let killed = false;
  const { code, output } = await start(root, {
    onOutput: (soFar) => {
      const pid = /house: provider (\d+)/.exec(soFar)?.[1];
      if (killed || pid === undefined || !soFar.includes("house: gateway")) return;
      killed = true;
      process.kill(Number(pid), "SIGKILL");
    },
  });
  assert.ok(killed, output);
  assert.equal(code, 1, output);
  assert.match(output, /NOT/);
});
