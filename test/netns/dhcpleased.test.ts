/** dhcpleased as it is typed: flags, output, exit codes; in the foreground and in the background. /etc, /run and /var/lib are a scratch folder. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const bin = join(dirname(fileURLToPath(import.meta.url)), "../../bin");
const TRUTH = { skip: process.getuid?.() === 0 ? false : "needs root: mounts and namespaces" };
const COPIED = ["/etc/passwd", "/etc/group", "/etc/ld.so.cache"];
/** Programs of the path by their bare names; `waited` is true when something becomes true within ten seconds. */
const PRELUDE = `
for name in etc run lib; do [ -d "$SCRATCH/$name" ] || exit 99; done
mount --bind "$SCRATCH/etc" /etc && mount --bind "$SCRATCH/run" /run && mount --bind "$SCRATCH/lib" /var/lib || exit 99
ip link add eth7 type veth peer name eth8 && ip link set eth7 up && ip link set eth8 up || exit 99
waited() { for i in $(seq 100); do if eval "$1"; then return 0; fi; sleep 0.1; done; echo "in vain: $1"; return 1; }
served() { leasehold show --json --runtime-dir /run/dhcpleased 2>&1 | grep -o '"interface":"[a-z0-9]*"' | sort -u; }
`;

type Ran = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

/** A shell in namespaces of its own: whatever it starts ends with it. */
function shell(script: string, configuration?: string): Ran {
  const scratch = mkdtempSync(join(tmpdir(), "leasehold-dhcpleased-"));
  try {
    for (const name of ["etc", "run", "lib"]) mkdirSync(join(scratch, name));
    for (const path of COPIED.filter((one) => existsSync(one))) copyFileSync(path, join(scratch, path));
    if (configuration !== undefined) writeFileSync(join(scratch, "etc/dhcpleased.conf"), configuration, { mode: 0o644 });
    const env = { PATH: `${bin}:${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`, SCRATCH: scratch };
    const words = ["-m", "-n", "-p", "-f", "--mount-proc", "sh", "-c", `${PRELUDE}\n${script}`];
    return spawnSync("unshare", words, { encoding: "utf8", env, timeout: 60_000 });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

test("-n says that the configuration is right, on standard error, exit 0; with -v it is printed normalised", TRUTH, () => {
  const text = 'up = eth7\ninterface $up { ignore dns\n send host name "gw" }\n';
  assert.deepEqual(rest(shell("dhcpleased -n", text)), [0, "", "configuration OK\n"]);
  assert.deepEqual(rest(shell("dhcpleased -nv", text)), [0, 'interface eth7 {\n\tsend host name "gw"\n\tignore dns\n}\n', 'up = "eth7"\n']);
  assert.deepEqual(rest(shell("dhcpleased -n -v -v -f/etc/dhcpleased.conf", "x = y\n")), [0, "", 'x = "y"\nthe macro "x" is not used\n']);
});

test("-n tells every error with its place and a hint, exit 1", TRUTH, () => {
  const { status, stdout, stderr } = shell("dhcpleased -n", "foo\ninterface eth7 { dscp 64 }\n");
  assert.deepEqual([status, stdout], [1, ""]);
  assert.match(stderr, /^\/etc\/dhcpleased\.conf:1:1: .*\n {2}hint: .*\n\/etc\/dhcpleased\.conf:2:18: .*\n {2}hint: .*\n$/);
});

test("without the default file there is no interface; a file that -f names must be there", TRUTH, () => {
  assert.deepEqual(rest(shell("dhcpleased -n")), [0, "", "configuration OK\n"]);
  for (const flag of ["-n", "-d", ""]) {
    const { status, stderr } = shell(`dhcpleased ${flag} -f /etc/other.conf`);
    assert.equal(status, 1, flag);
    assert.match(stderr, /cannot be read/);
  }
});

for (const words of ["-x", "-E", "-F", "-E -F", "-n eth7", "-d eth7", "-f", "-d -s"])
  test(`dhcpleased ${words} is wrong usage, exit 1`, TRUTH, () => {
    const { status, stderr } = shell(`dhcpleased ${words}`);
    assert.deepEqual([status, stderr], [1, "usage: dhcpleased [-dnv] [-f file] [-s socket]\n"]);
  });

test("without -d it goes to the background and ends when somebody can ask; a second one is told so; SIGTERM ends it", TRUTH, () => {
  const script = `
    dhcpleased || exit 1
    waited 'dhcpleasectl -l eth7 2>&1 | grep -q "^eth7 .Init"' && echo served
    dhcpleased; echo "again $?"
    dhcpleased -d 2>/dev/null >&2; echo "in the foreground $?"
    pid=$(pgrep -f 'dist/[m]ain.mjs'); [ "$(ps -o sid= -p "$pid" | tr -d ' ')" = "$pid" ] && echo "own session"
    kill -TERM "$pid"; waited '! pgrep -f "dist/[m]ain.mjs" >/dev/null' && ls /run/dhcpleased`;
  const { status, stdout, stderr } = shell(script, "interface eth7 { }\n");
  assert.equal(status, 0, `${stdout}${stderr}`);
  assert.deepEqual(stdout.split("\n").slice(0, 4), ["served", "again 1", "in the foreground 1", "own session"]);
  assert.match(stderr, /already running/);
  assert.doesNotMatch(stdout, /control\.sock/);
});

test("with -d it stays in the foreground, listens where -s says, and a wrong file ends it with 1", TRUTH, () => {
  const script = `
    dhcpleased -d -s /run/mine.sock >/run/log 2>&1 & pid=$!
    waited 'dhcpleasectl -s /run/mine.sock -l eth7 2>&1 | grep -q "^eth7 .Init"' && echo served
    [ -e /run/dhcpleased/control.sock ] && echo "and elsewhere"
    kill -TERM $pid; wait $pid; echo "ended $?"
    echo foo >/etc/dhcpleased.conf; dhcpleased -d 2>/dev/null; echo "wrong $?"`;
  assert.deepEqual(shell(script, "interface eth7 { }\n").stdout, "served\nended 0\nwrong 1\n");
});

test("a reload reads the file again: one that came, one that is wrong, and none any more", TRUTH, () => {
  const script = `
    dhcpleased || exit 1
    served; echo "none"
    printf 'interface eth7 { }\\n' >/etc/dhcpleased.conf; chmod 644 /etc/dhcpleased.conf
    leasehold reload --runtime-dir /run/dhcpleased >/dev/null && waited '[ "$(served)" = "\\"interface\\":\\"eth7\\"" ]' && echo "one"
    echo foo >/etc/dhcpleased.conf; leasehold reload --runtime-dir /run/dhcpleased >/dev/null 2>&1; echo "wrong $?"
    served
    rm /etc/dhcpleased.conf; leasehold reload --runtime-dir /run/dhcpleased >/dev/null && waited '[ "$(served)" = "" ]' && echo "none again"`;
  assert.deepEqual(shell(script).stdout, 'none\none\nwrong 1\n"interface":"eth7"\nnone again\n');
});

test("leasehold check and import print a native file as TOML, which is read as the same", TRUTH, () => {
  const script = `leasehold import /etc/dhcpleased.conf >/run/a.toml && leasehold check -f /etc/dhcpleased.conf >/run/b.toml
    cat /run/a.toml; leasehold check -f /run/a.toml >/run/c.toml && cmp /run/b.toml /run/c.toml && echo same`;
  const { stdout } = shell(script, 'interface eth7 { ignore dns\n send client id "1:2:3"\n}\n');
  assert.equal(stdout, '[uplink4.eth7]\nclient_id = "010203"\nignore_dns = true\nsame\n');
});

function rest({ status, stdout, stderr }: Ran): readonly unknown[] {
  return [status, stdout, stderr];
}
