/** dhcp6leased as it is typed: flags, output, exit codes; and a prefix of a real server, which dhcp6leasectl shows. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compatibleShell, type Ran } from "../support/compatible-shell.ts";
import { wire6 } from "../support/link6.ts";
import { withNamespaces } from "../support/namespace.ts";
import { withScratch } from "../support/scratch.ts";
import { type Server6Options, startKea6 } from "../support/servers6.ts";
import { needsPeers } from "../support/unpacked.ts";

const TRUTH = { skip: process.getuid?.() === 0 ? false : "needs root: mounts and namespaces" };
const PD = "request prefix delegation on eth7 for";

function shell(script: string, configuration?: string, network?: string): Ran {
  return compatibleShell({ name: "dhcp6leased", script, configuration, ...(network === undefined ? {} : { network }) });
}

test("-n says that the configuration is right, on standard error, exit 0; with -v it is printed in block form, twice with places", TRUTH, () => {
  const text = `up = eth7\nrequest rapid commit\n${PD.replace("eth7", "$up")} { lan0 lan1/60 }\n`;
  const block = (comments: readonly [string, string, string]): string =>
    `request rapid commit\n${PD} {${comments[0]}\n\tlan0/64${comments[1]}\n\tlan1/60${comments[2]}\n}\n`;
  const places = ["\t# prefix length 59", "\t# 2001:db8::/64", "\t# 2001:db8:0:10::/60"] as const;
  assert.deepEqual(rest(shell("dhcp6leased -n", text)), [0, "", "configuration OK\n"]);
  assert.deepEqual(rest(shell("dhcp6leased -nv", text)), [0, block(["", "", ""]), 'up = "eth7"\n']);
  assert.deepEqual(rest(shell("dhcp6leased -n -v -v -f/etc/dhcp6leased.conf", text)), [0, block(places), 'up = "eth7"\n']);
  assert.deepEqual(rest(shell("dhcp6leased -n -vv", "x = y\n")), [0, "", 'x = "y"\nthe macro "x" is not used\n']);
});

test("-n tells every error with its place and a hint, exit 1; what is asked for too small is a warning", TRUTH, () => {
  const { status, stdout, stderr } = shell("dhcp6leased -n", `foo\n${PD} lan0/129\n`);
  assert.deepEqual([status, stdout], [1, ""]);
  assert.match(stderr, /^\/etc\/dhcp6leased\.conf:1:1: .*\n {2}hint: .*\n\/etc\/dhcp6leased\.conf:2:39: .*\n {2}hint: .*\n$/);
  const warned = shell("dhcp6leased -n", "request prefix delegation on eth7 hint ::/64 for { lan0 lan1 }\n");
  assert.equal(warned.status, 0);
  assert.match(warned.stderr, /^\/etc\/dhcp6leased\.conf:1:35: warning: .*holds 1 of 2 targets\n {2}hint: .*\nconfiguration OK\n$/);
});

test("a file that is not there is an error, the standard one too", TRUTH, () => {
  for (const flags of ["-n", "-d", "", "-n -f /etc/other.conf"]) {
    const { status, stderr } = shell(`dhcp6leased ${flags}`);
    assert.equal(status, 1, flags);
    assert.match(stderr, /cannot be read/);
  }
});

for (const words of ["-x", "-n eth7", "-d eth7", "-f", "-d -s"])
  test(`dhcp6leased ${words} is wrong usage, exit 1`, TRUTH, () => {
    const { status, stderr } = shell(`dhcp6leased ${words}`, "");
    assert.deepEqual([status, stderr], [1, "usage: dhcp6leased [-dnv] [-f file] [-s socket]\n"]);
  });

test(
  "without -d it goes to the background and ends when somebody can ask; a second one is told so; SIGTERM ends it; what nobody serves is polled once a second (B29)",
  TRUTH,
  () => {
    const script = `
    dhcp6leased || exit 1
    waited 'dhcp6leasectl -l eth7 2>&1 | grep -q "^eth7 .Init"' && echo served
    dhcp6leased; echo "again $?"
    dhcp6leasectl -l eth8; echo "not configured $?"
    dhcp6leasectl -l -w 1 --json eth8; echo "new code $?"
    dhcp6leasectl -w 2 eth8; echo "polled twice $?"
    dhcp6leasectl nothing0; echo "no interface $?"
    dhcp6leasectl; echo "usage $?"
    pid=$(pgrep -f 'dist/[m]ain.mjs')
    kill -TERM "$pid"; waited '! pgrep -f "dist/[m]ain.mjs" >/dev/null' && ls /run/dhcp6leased
    dhcp6leasectl -l eth7; echo "nobody $?"`;
    const { status, stdout, stderr } = shell(script, `${PD} lan0\n`);
    assert.equal(status, 0, `${stdout}${stderr}`);
    const lines = stdout.split("\n").filter((line) => !line.startsWith("{"));
    assert.deepEqual(lines.slice(0, 8), ["served", "again 1", "not configured 1", "new code 3", "..", "polled twice 1", "no interface 1", "usage 1"]);
    assert.equal(lines.at(-2), "nobody 1");
    assert.match(stderr, /already running/);
    assert.match(stderr, /^usage: dhcp6leasectl \[-l\]/m);
    assert.doesNotMatch(stdout, /control\.sock/);
  },
);

test("a file without a delegation waits for a reload that brings one; one that is wrong changes nothing", TRUTH, () => {
  const script = `
    dhcp6leased || exit 1
    served; echo "none"
    echo '${PD} lan0' >/etc/dhcp6leased.conf; chmod 644 /etc/dhcp6leased.conf
    leasehold reload --runtime-dir /run/dhcp6leased >/dev/null && waited '[ "$(served)" = "\\"interface\\":\\"eth7\\"" ]' && echo "one"
    echo foo >/etc/dhcp6leased.conf; leasehold reload --runtime-dir /run/dhcp6leased >/dev/null 2>&1; echo "wrong $?"
    served`;
  assert.deepEqual(shell(script, "# nothing\n").stdout, 'none\none\nwrong 1\n"interface":"eth7"\n');
});

test("leasehold check and import tell dhcp6leased.conf by its name or its content, and print it as TOML", TRUTH, () => {
  const script = `cp /etc/dhcp6leased.conf /etc/other.conf
    for file in dhcp6leased other; do leasehold import /etc/$file.conf >/run/$file.toml || exit 1; done
    cmp /run/dhcp6leased.toml /run/other.toml && cat /run/other.toml
    leasehold check -f /etc/dhcp6leased.conf >/run/b.toml; leasehold check -f /run/other.toml >/run/c.toml; cmp /run/b.toml /run/c.toml && echo same`;
  const { stdout } = shell(script, `request rapid commit\n${PD} { lan0 host id stable lan1/60 }\n`);
  const target = '{ interface = "lan0", length = 64, host_part = "stable" }';
  assert.equal(stdout, `[uplink6.eth7]\nrapid_commit = true\ndelegate = [{ to = [${target}, "lan1/60"] }]\nsame\n`);
});

const SERVER: Server6Options = {
  interface: "s0",
  subnet: "2001:db8:1::/64",
  delegation: { from: "2001:db8:8000::/40", first: "2001:db8:8000::", last: "2001:db8:80ff:ff00::", delegatedLength: 56 },
};

test("a prefix of a real server is shown, confirmed on demand, and stands on the interfaces it is for", { ...TRUTH, ...needsPeers }, () =>
  withScratch((folder) =>
    withNamespaces(["server", "gateway"], async ({ server, gateway }) => {
      await wire6(server, "s0", gateway, "wan0");
      await wire6(gateway, "lan0", gateway, "lan1");
      await server.address("s0", "2001:db8:1::1/64");
      const provider = await startKea6(server, folder, SERVER);
      const script = `
        dhcp6leased || exit 1
        waited 'dhcp6leasectl -l wan0 2>/dev/null | grep -q "^wan0 .Bound"' || { dhcp6leasectl -l wan0; exit 1; }
        dhcp6leasectl -l wan0
        dhcp6leasectl -w 15 --json wan0 >/run/json; echo "confirmed $?"
        grep -o '"state":"Bound"' /run/json
        ip -6 -br addr show dev lan0 scope global
        ip -6 -br addr show dev lan1 scope global
        leasehold show --runtime-dir /run/dhcp6leased`;
      const configuration = "resolver none\nrequest prefix delegation on wan0 for { lan0/64 host id ::7 lan1/64 }\n";
      const { status, stdout, stderr } = shell(script, configuration, gateway.path);
      assert.equal(status, 0, `${stdout}${stderr}${provider.log().slice(-2000)}`);
      assert.match(stdout, /^wan0 \[Bound\]\n\tIA_PD 0: 2001:db8:80[0-9a-f:]*::\/56\n\tlease 2 hours\n/);
      assert.match(stdout, /^\.*\n?confirmed 0\n"state":"Bound"$/m);
      assert.match(stdout, /^lan0\b.* 2001:db8:80[0-9a-f:]*::7\/64/m);
      assert.match(stdout, /^lan1\b.* 2001:db8:80[0-9a-f:]*::1\/64/m);
      assert.match(stdout, /^wan0 holds what it was given, since /m);
      assert.match(stdout, /^ {2}lan0 has 2001:db8:80/m);
      await provider.stop();
    }),
  ),
);

function rest({ status, stdout, stderr }: Ran): readonly unknown[] {
  return [status, stdout, stderr];
}
