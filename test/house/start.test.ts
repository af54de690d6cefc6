/** `npm start` as people run it: as root, as an ordinary user on a checkout of their own, with providers killed, and with no way back. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const AS_ROOT = process.getuid?.() === 0;
const ORDINARY = "65534";
const SLAPD = existsSync("/usr/sbin/slapd");
/** Seconds for what is asked of a broken house: nothing of it comes true, or some of it has to on a busy machine. */
const [SHORT, LONG] = ["12", "30"] as const;
type Run = { readonly code: number | null; readonly output: string };

function start(
  folder: string,
  {
    as,
    words = [],
    onOutput = () => undefined,
  }: { readonly as?: string; readonly words?: readonly string[]; readonly onOutput?: (soFar: string) => void },
): Promise<Run> {
  const npm = ["npm", "start", "--", ...words];
  const command = [...(as === undefined ? [] : ["setpriv", "--reuid", as, "--regid", as, "--clear-groups", "env", `HOME=${folder}`]), ...npm];
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

test("npm start ends with every row confirmed and exit 0; its directory is slapd where that is installed", async () => {
  const { code, output } = await start(root, {});
  assert.equal(code, 0, output);
  assert.match(output, SLAPD ? /^house: directory slapd \d/m : /^house: directory LDAP actor$/m);
  assert.match(output, SLAPD ? /^ {2}ok .*users +slapd \d.* found .*\(slapd's log\)$/m : /^ {2}ok .*users +LDAP actor, .*\(the actor's events\)$/m);
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

/** Breaks the house once, as soon as all its parts are named with their process ids. */
async function broken(patience: string, how: (provider: string, provider6: string) => void): Promise<Run> {
  let done = false;
  const run = await start(root, {
    words: ["--patience", patience, "--directory", "actor"],
    onOutput: (soFar) => {
      const [, provider] = /house: provider (\d+)/.exec(soFar) ?? [];
      const [, provider6] = /house: provider of prefixes (\d+)/.exec(soFar) ?? [];
      if (done || provider === undefined || provider6 === undefined || !soFar.includes("house: gateway")) return;
      done = true;
      how(provider, provider6);
    },
  });
  assert.ok(done, run.output);
  return run;
}

/** What is told of the first row that is named so. */
function rowIn(output: string, what: string): string {
  return new RegExp(`^ +(ok|NOT) +${what} `, "m").exec(output)?.[1] ?? `no row "${what}"`;
}

test("providers that are killed half-way make npm start exit 1", async () => {
  const { code, output } = await broken(SHORT, (...pids) => {
    for (const pid of pids) process.kill(Number(pid), "SIGKILL");
  });
  assert.equal(code, 1, output);
  for (const lan of ["lan0", "lan1"]) assert.equal(rowIn(output, `a host on ${lan} reaches a host beyond the provider`), "NOT", output);
  assert.equal(rowIn(output, "the lease was renewed at T1"), "NOT", output);
  assert.match(output, /^of its prefix:\nwan0 \(uplink6\) is \w+/m, "who waited for whom");
  assert.match(output, /^provider6 said:\n(?:\{|nothing$)/m, "it may have ended before anybody asked it");
});

test("without a way back from the provider no host reaches beyond it, and npm start exits 1", async () => {
  const entering = AS_ROOT ? ["--net"] : ["--user", "--preserve-credentials", "--net"];
  const refusing = ["ip", "-6", "rule", "add", "to", "2001:db8:1000::/40", "prohibit", "pref", "10"];
  const { code, output } = await broken(LONG, (provider) => void execFileSync("nsenter", ["--target", provider, ...entering, ...refusing]));
  assert.equal(code, 1, output);
  for (const lan of ["lan0", "lan1"]) {
    assert.equal(rowIn(output, `${lan} has an address out of the prefix`), "ok", output);
    assert.equal(rowIn(output, `a host on ${lan} reaches a host beyond the provider`), "NOT", output);
  }
  assert.equal(rowIn(output, "the host on lan0 reaches the host on lan1"), "ok", output);
  assert.match(output, /^house: directory LDAP actor$/m, "also where slapd is installed, for who wants it");
  for (const row of ["the directory was asked for its users", "every user of the directory is in passwd.byname"])
    assert.equal(rowIn(output, row), "ok", output);
  assert.match(output, /heard .*, and no answer came/);
});
