/**
 * `node scripts/verify-clone.mjs [--as-user] COMMAND...`: runs a command in a fresh clone of HEAD, where nothing is
 * installed or built, and ends as it ends. With --as-user (only as root) the clone belongs to an ordinary user, who runs it.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** No account of this number is needed: nothing in it is asked for by name. */
const USER = 61_234;

function main(args) {
  const asUser = args[0] === "--as-user";
  const command = asUser ? args.slice(1) : args;
  if (command.length === 0) {
    console.error("verify-clone: name a command, such as npm test");
    return 2;
  }
  if (asUser && process.getuid() !== 0) {
    console.error("verify-clone: --as-user needs root; as an ordinary user leave it out");
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), "leasehold-clone-"));
  try {
    chmodSync(folder, 0o755); // tests start programs as other users
    const clone = join(folder, "leasehold");
    execFileSync("git", ["clone", "--quiet", "--no-hardlinks", ROOT, clone], { stdio: ["ignore", "inherit", "inherit"] });
    const home = join(folder, "home");
    mkdirSync(home);
    if (asUser) execFileSync("chown", ["-R", `${USER}:${USER}`, folder]);
    const [program, ...rest] = asUser ? ["setpriv", `--reuid=${USER}`, `--regid=${USER}`, "--clear-groups", ...command] : command;
    const env = { ...process.env, CI: "true", ...(asUser ? { HOME: home, USER: "", LOGNAME: "" } : {}) };
    const { status, signal } = spawnSync(program, rest, { cwd: clone, env, stdio: ["ignore", "inherit", "inherit"] });
    console.log(`verify-clone: ${command.join(" ")} ended with ${status ?? signal}`);
    return status ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = main(process.argv.slice(2));
