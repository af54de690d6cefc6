/** ypldap as it is typed: flags, output, exit codes, signals; and as the daemon, beside an LDAP server on this machine's loopback. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { compatibleShell, type Ran } from "../support/compatible-shell.ts";
import { ypldapConf } from "../support/ypldap-conf.ts";

const TRUTH = { skip: process.getuid?.() === 0 ? false : "needs root: mounts and namespaces" };
const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
/** Five people, whom anybody may read; then a daemon that has read them. */
const SERVER = `
ip link set lo up
( cd ${ROOT} && exec node --import tsx scripts/house/ldap-server.ts --json-events /run/ldap.jsonl </dev/null >/run/ldap.log 2>&1 ) &
waited 'grep -q listening /run/ldap.jsonl 2>/dev/null' || { cat /run/ldap.log; exit 98; }
users() { leasehold directory status --runtime-dir /run/ypldap 2>&1 | grep -o "[0-9]* users and [0-9]* groups are served"; }
main() { pgrep -f 'dist/[m]ain.mjs'; }
`;
const CONF = ypldapConf({ head: '"127.0.0.1"', base: "dc=house,dc=example" });

function shell(script: string, configuration?: string): Ran {
  return compatibleShell({ name: "ypldap", script, configuration });
}

test(
  "-n says that the configuration is right, on standard error, exit 0; with -v it is printed normalised, and of macros only that they are not used",
  TRUTH,
  () => {
    const text = `secret = "hush"\n${CONF}`;
    assert.deepEqual(rest(shell("ypldap -n", text)), [0, "", "configuration OK\n"]);
    const { status, stdout, stderr } = shell("ypldap -nv", text);
    assert.deepEqual([status, stderr], [0, 'the macro "secret" is not used\n']);
    assert.match(stdout, /^domain "house"\ninterval 600\n/);
    assert.doesNotMatch(stdout, /hush/);
    assert.equal(
      shell("ypldap -n -D every=7200 -v", text.replace("interval 600", 'every = "600"\ninterval $every')).stdout.includes("interval 7200"),
      true,
    );
  },
);

test("-n tells every error with its place and a hint, exit 1", TRUTH, () => {
  const { status, stdout, stderr } = shell("ypldap -n", `foo\nprovide map "hosts.byname"\n${CONF}`);
  assert.deepEqual([status, stdout], [1, ""]);
  assert.match(stderr, /^\/etc\/ypldap\.conf:1:1: .*\n {2}hint: .*\n\/etc\/ypldap\.conf:2:13: .*\n {2}hint: .*\n$/);
});

test("a file that is not there, that others may read, or that is wrong is an error in every way of starting, exit 1", TRUTH, () => {
  for (const flags of ["-n", "-d", "", "-n -f /etc/other.conf"]) {
    const { status, stderr } = shell(`ypldap ${flags}`);
    assert.equal(status, 1, flags);
    assert.match(stderr, /cannot be read/);
  }
  for (const flags of ["-n", "-d", ""]) {
    const open = shell(`chmod 644 /etc/ypldap.conf; ypldap ${flags}`, CONF);
    assert.equal(open.status, 1, flags);
    assert.match(open.stderr, /others may read this file/);
    assert.equal(shell(`ypldap ${flags}`, "nonsense\n").status, 1, flags);
  }
});

for (const words of ["-x", "-n house", "-d house", "-f", "-d -s", "-D", "-C", "-C strict", "-d -C strict"])
  test(`ypldap ${words} is wrong usage, exit 1`, TRUTH, () => {
    const { status, stderr } = shell(`ypldap ${words}`, CONF);
    assert.deepEqual([status, stderr], [1, "usage: ypldap [-dnv] [-C compat] [-D macro=value] [-f file] [-s socket]\n"]);
  });

test("an ordinary user may check a file that is his, and start nothing", TRUTH, () => {
  const script = `cp /etc/ypldap.conf /run/mine.conf; chown 65534 /run/mine.conf; as() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
    as ypldap -n -f /run/mine.conf; echo "checked $?"
    as ypldap -f /run/mine.conf; echo "background $?"
    as ypldap -d -f /run/mine.conf; echo "foreground $?"`;
  const { stdout, stderr } = shell(script, CONF);
  assert.equal(stdout, "checked 0\nbackground 1\nforeground 1\n");
  assert.equal(stderr, "configuration OK\nypldap: need root privileges\nypldap: need root privileges\n");
});

test(
  "without -d it goes to the background and ends when somebody can ask; it serves; a second one is told so; SIGTERM ends it and leaves no socket",
  TRUTH,
  () => {
    const script = `${SERVER}
    ypldap; echo "started $?"
    waited '[ -n "$(users)" ]' && users
    pid=$(main); [ "$(ps -o sid= -p "$pid" | tr -d ' ')" = "$pid" ] && echo "own session"
    ypldap; echo "again $?"
    ypldap -d 2>/dev/null >&2; echo "in the foreground $?"
    ls /run/systemd/userdb
    kill -TERM "$pid"; waited '[ -z "$(main)" ]' && find /run/ypldap /run/systemd/userdb -type s
    leasehold directory status --runtime-dir /run/ypldap; echo "nobody $?"`;
    const { status, stdout, stderr } = shell(script, `userdb yes\nuserdb service "org.house.Users"\n${CONF}`);
    assert.equal(status, 0, `${stdout}${stderr}`);
    const told = ["started 0", "5 users and 2 groups are served", "own session", "again 1", "in the foreground 1", "org.house.Users", "nobody 3", ""];
    assert.deepEqual(stdout.split("\n"), told, stderr);
    assert.match(stderr, /already running/);
  },
);

test("with -d it stays in the foreground, listens where -s says, and SIGTERM and SIGINT end it with 0", TRUTH, () => {
  const script = `${SERVER}
    mkdir /run/mine
    for signal in TERM INT; do
      setsid ypldap -d -s /run/mine/control.sock >/run/log 2>&1 & pid=$!
      waited 'leasehold directory status --runtime-dir /run/mine 2>/dev/null | grep -q "5 users"' && echo served
      [ -e /run/ypldap/control.sock ] && echo "and elsewhere"
      kill -$signal "$(main)"; wait $pid; echo "ended $?"
    done`;
  const { stdout, stderr } = shell(script, CONF);
  assert.equal(stdout, "served\nended 0\nserved\nended 0\n", stderr);
});

test("-C compat serves what the original would take, and warns of it; without it the same file is refused (directory §2.4)", TRUTH, () => {
  const text = CONF.replace("interval 600", "interval 5").replace(/\tpasswd filter.*\n/, "");
  const script = `${SERVER}
    ypldap -n 2>/dev/null; echo "strict $?"
    ypldap -d 2>/dev/null; echo "strict $?"
    ypldap -n -C compat; echo "checked $?"
    ypldap -C compat 2>/dev/null; echo "started $?"
    waited '[ -n "$(users)" ]' && users
    sed -i 's/interval 5/interval 4/' /etc/ypldap.conf
    leasehold reload --runtime-dir /run/ypldap >/dev/null; echo "reloaded $?"`;
  const { stdout, stderr } = shell(script, text);
  assert.deepEqual(
    stdout.trim().split("\n"),
    ["strict 1", "strict 1", "checked 0", "started 0", "5 users and 2 groups are served", "reloaded 0"],
    stderr,
  );
  assert.match(stderr, /warning: interval 5 is taken as 10[\s\S]*warning: "127\.0\.0\.1" does without: passwd filter[\s\S]*configuration OK/);
});

test(
  "SIGHUP reads the file again; one with errors, or that others may read, changes nothing; what was defined with -D stays (directory §1.5 U9)",
  TRUTH,
  () => {
    const script = `${SERVER}
    domain() { leasehold directory status --json --runtime-dir /run/ypldap | grep -o '"domain":"[a-z]*"'; }
    refused() { grep -c reloadRefused /run/log; }
    ypldap -d -D name=house >/run/log 2>&1 &
    waited '[ -n "$(users)" ]' && domain
    sed -i 's/domain .*/domain "other"/' /etc/ypldap.conf; kill -HUP "$(main)"
    waited '[ "$(domain)" = "\\"domain\\":\\"other\\"" ]' && waited '[ -n "$(users)" ]' && users
    echo nonsense >>/etc/ypldap.conf; kill -HUP "$(main)"; waited '[ "$(refused)" = 1 ]' && domain && users
    sed -i '/nonsense/d;s/domain .*/domain $name/' /etc/ypldap.conf; chmod 604 /etc/ypldap.conf; kill -HUP "$(main)"; waited '[ "$(refused)" = 2 ]' && domain
    rm -f /etc/gone.conf; mv /etc/ypldap.conf /etc/gone.conf; kill -HUP "$(main)"; waited '[ "$(refused)" = 3 ]' && domain
    mv /etc/gone.conf /etc/ypldap.conf; chmod 600 /etc/ypldap.conf; kill -HUP "$(main)"
    waited '[ "$(domain)" = "\\"domain\\":\\"house\\"" ]' && waited '[ -n "$(users)" ]' && domain && users`;
    const { stdout, stderr } = shell(script, CONF);
    const [house, other, served] = ['"domain":"house"', '"domain":"other"', "5 users and 2 groups are served"];
    assert.deepEqual(stdout.trim().split("\n"), [house, served, other, served, other, other, house, served], stderr);
  },
);

test("a role that dies is started again, and what was served is served meanwhile and after (defect 26)", TRUTH, () => {
  const script = `${SERVER}
    ypldap || exit 1
    waited '[ -n "$(users)" ]' && users
    role() { pgrep -f "dist/$1[.]mjs"; }
    for name in fetcher engine-directory; do
      before=$(role $name); kill -KILL "$before"
      waited '[ -n "$(role '$name')" ] && [ "$(role '$name')" != '"$before ]" && waited '[ -n "$(users)" ]' && users
    done
    [ -n "$(main)" ] && echo "main is there"`;
  const { stdout, stderr } = shell(script, CONF);
  const served = "5 users and 2 groups are served";
  assert.deepEqual(stdout.trim().split("\n"), [served, served, served, "main is there"], stderr);
});

test("leasehold check and import tell ypldap.conf by its name or its content, and print it as TOML", TRUTH, () => {
  const script = `cp -p /etc/ypldap.conf /etc/other.conf
    for file in ypldap other; do leasehold import /etc/$file.conf >/run/$file.toml || exit 1; done
    cmp /run/ypldap.toml /run/other.toml && cat /run/other.toml
    leasehold check -f /etc/ypldap.conf >/run/b.toml; leasehold check -f /run/other.toml >/run/c.toml; cmp /run/b.toml /run/c.toml && echo same`;
  const { stdout, stderr } = shell(script, CONF);
  assert.match(stdout, /^\[directory\]\ndomain = "house"\n[\s\S]*same\n$/, stderr);
});

function rest({ status, stdout, stderr }: Ran): readonly unknown[] {
  return [status, stdout, stderr];
}
