/** dhcpleased as it is typed: flags, output, exit codes; in the foreground and in the background. /etc, /run and /var/lib are a scratch folder. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compatibleShell, type Ran } from "../support/compatible-shell.ts";

const TRUTH = { skip: process.getuid?.() === 0 ? false : "needs root: mounts and namespaces" };
const shell = (script: string, configuration?: string): Ran => compatibleShell({ name: "dhcpleased", script, configuration });

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
