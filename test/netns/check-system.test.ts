/** `leasehold check --system` on a real kernel: other people's clients, a firewall, a tunnel, sysctls. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { inWorld, NEEDS_ROOT, type UplinkWorld } from "../support/uplink-world.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const TRUTH = { skip: NEEDS_ROOT };
type Finding = { readonly severity: string; readonly code: string; readonly about: string; readonly text: string; readonly todo?: string };

/** Findings about the uplinks; what concerns this machine as a whole is left out. */
function check(world: UplinkWorld, configuration = "[uplink4.c0]\n"): { readonly status: number | null; readonly findings: readonly Finding[] } {
  const file = world.write("check.toml", configuration);
  const command = ["netns", "exec", world.client, join(root, "bin/leasehold"), "check", "--system", "--json", "-f", file];
  const { status, stdout } = spawnSync("ip", command, { encoding: "utf8" });
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly Finding[] };
  return { status, findings: findings.filter(({ about }) => about !== "host") };
}
const inside = (world: UplinkWorld, ...command: readonly string[]): void => {
  const { status, stderr } = spawnSync("ip", ["netns", "exec", world.client, ...command], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
};

test("an uplink on which nothing is wrong is said so with exit 0; patterns are the links they match", TRUTH, () =>
  inWorld(async (world) => {
    assert.deepEqual(check(world), { status: 0, findings: [] });
    assert.deepEqual(check(world, '[uplink4."c*"]\n'), { status: 0, findings: [] });
    world.ip(world.client, "link", "set", "c0", "down");
    assert.deepEqual(
      check(world, '[uplink4."c*"]\n').findings.map(({ code, todo }) => [code, todo]),
      [["interface-down", "ip link set c0 up"]],
    );
  }),
);

test("dhclient on the uplink is named with its pid and exit 1; our own program is no stranger", TRUTH, () =>
  inWorld(async (world) => {
    world.leasehold();
    await world.until("our sockets", () => {
      const { stdout } = spawnSync("ip", ["netns", "exec", world.client, "cat", "/proc/net/packet"], { encoding: "utf8" });
      return stdout.split("\n").length > 2 ? true : undefined;
    });
    assert.deepEqual(check(world), { status: 0, findings: [] });
    const files = ["-lf", join(world.folder, "dhclient.leases"), "-pf", join(world.folder, "dhclient.pid"), "-sf", "/bin/true"];
    const client = world.spawn(world.client, "dhclient", ["dhclient", "-d", "-v", ...files, "c0"]);
    const found = await world.until("dhclient found", () => {
      const { status, findings } = check(world);
      return findings.length > 0 ? { status, findings } : undefined;
    });
    assert.equal(found.status, 1);
    assert.equal(found.findings[0]?.text, `dhclient (pid ${client.pid}) manages c0 as well: it listens to its frames`);
    assert.match(found.findings[0]?.todo ?? "", /dhclient -x c0/);
  }),
);

test("a firewall that drops what leaves port 68 is a warning, and the rule it names ends it", TRUTH, () =>
  inWorld(async (world) => {
    inside(world, "nft", "add table inet filter; add chain inet filter output { type filter hook output priority 0; policy drop; }");
    const [finding] = check(world).findings;
    assert.deepEqual([finding?.severity, finding?.code], ["warning", "firewall"]);
    inside(world, ...(finding?.todo ?? "false").replaceAll('"', "").split(" "));
    assert.deepEqual(check(world).findings, []);
  }),
);

test("a firewall that eats answers of DHCPv6 servers and router advertisements is two warnings, and the rules they name end them", TRUTH, () =>
  inWorld(async (world) => {
    const file = "[uplink6.c0]\naddress = true\n";
    inside(world, "nft", "add table ip6 filter; add chain ip6 filter input { type filter hook input priority 0; policy drop; }");
    inside(world, "nft", "add rule ip6 filter input icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, echo-request } accept");
    inside(world, "nft", "add rule ip6 filter input ct state established,related accept");
    const eaten = check(world, file).findings;
    assert.deepEqual(
      eaten.map(({ severity, code, text }) => [severity, code, /may eat ([^:]+):/.exec(text)?.[1]]),
      [
        ["warning", "firewall", "answers of DHCPv6 servers"],
        ["warning", "firewall", "router advertisements"],
      ],
    );
    for (const { todo } of eaten) inside(world, ...(todo ?? "false").replaceAll('"', "").split(" "));
    assert.deepEqual(check(world, file).findings, []);
    inside(
      world,
      "nft",
      "flush chain ip6 filter input; add rule ip6 filter input icmpv6 type nd-router-advert accept; add rule ip6 filter input udp dport 546 accept",
    );
    assert.deepEqual(check(world, file).findings, []);
  }),
);

test("dhclient for IPv6 on the uplink is named with its pid; for IPv4 alone it is no concern of uplink6", TRUTH, () =>
  inWorld(async (world) => {
    const file = "[uplink6.c0]\naddress = true\n";
    const dhclient = (family: "-4" | "-6"): ReturnType<UplinkWorld["spawn"]> => {
      const files = ["-lf", join(world.folder, `leases${family}`), "-pf", join(world.folder, `pid${family}`), "-sf", "/bin/true"];
      return world.spawn(world.client, `dhclient${family}`, ["dhclient", family, "-d", "-v", ...files, "c0"]);
    };
    await world.until("a link-local address", () =>
      world.ip(world.client, "-6", "addr", "show", "dev", "c0", "-tentative").includes("fe80:") ? true : undefined,
    );
    const ipv4 = dhclient("-4");
    await world.until("dhclient listens", () => (check(world).findings.length > 0 ? true : undefined));
    assert.deepEqual(check(world, file).findings, []);
    await world.stop(ipv4);
    const ipv6 = dhclient("-6");
    const [found] = await world.until("dhclient found", () => {
      const { findings } = check(world, file);
      return findings.length > 0 ? findings : undefined;
    });
    assert.equal(found?.text, `dhclient (pid ${ipv6.pid}) manages c0 as well: it holds the clients' port 546 for it`);
  }),
);

test("accept_ra of an uplink that forwards, and a tunnel as an uplink, are found", TRUTH, () =>
  inWorld(async (world) => {
    inside(world, "sysctl", "-qw", "net.ipv6.conf.all.forwarding=1", "net.ipv6.conf.c0.accept_ra=1");
    const [finding] = check(world, '[uplink4.c0]\n[uplink6.c0]\ndelegate = [ { to = ["lan9"] } ]\n').findings;
    assert.deepEqual([finding?.severity, finding?.code], ["error", "router-advertisements-ignored"]);
    inside(world, ...(finding?.todo ?? "false").split(" "));
    assert.deepEqual(check(world).findings, []);
    world.ip(world.client, "tuntap", "add", "dev", "tun9", "mode", "tun");
    const tunnel = check(world, "[uplink4.tun9]\n");
    assert.equal(tunnel.status, 1);
    assert.equal(tunnel.findings[0]?.code, "no-hardware-address");
  }),
);

test("[system] manage sets forwarding and accept_ra for a router's uplink, says so, and puts them back when the program ends", TRUTH, () =>
  inWorld(async (world) => {
    const settings = ["net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding", "net.ipv6.conf.c0.accept_ra"];
    const values = (): string => spawnSync("ip", ["netns", "exec", world.client, "sysctl", "-n", ...settings], { encoding: "utf8" }).stdout;
    inside(world, "sysctl", "-qw", "net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0", "net.ipv6.conf.c0.accept_ra=1");
    const file = '[system]\nmanage = true\nresolver = "none"\n[uplink4.c0]\n[uplink6.c0]\ndelegate = [ { to = ["lan9"] } ]\n';
    const program = world.leasehold(file);
    await world.until("the settings", () => (values() === "1\n1\n2\n" ? true : undefined));
    assert.deepEqual(check(world, file).findings, []);
    await world.stop(program);
    assert.equal(values(), "0\n0\n1\n");
  }),
);
