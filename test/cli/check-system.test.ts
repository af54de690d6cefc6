/** `check --system` over machines made of a few files: each finding, and that nothing is found where nothing is wrong. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkSystem, findingLines } from "../../src/cli/check-system/check-system.ts";
import type { Finding, Subject } from "../../src/cli/check-system/findings.ts";
import { mayPass, parseRuleset } from "../../src/cli/check-system/ruleset.ts";
import type { System } from "../../src/cli/check-system/system.ts";

const NOW = Date.UTC(2026, 10, 21);
const UP: Readonly<Record<string, string>> = {
  "/sys/class/net/wan0/ifindex": "3\n",
  "/sys/class/net/wan0/type": "1\n",
  "/sys/class/net/wan0/address": "02:00:5e:10:00:01\n",
  "/sys/class/net/wan0/flags": "0x1003\n",
  "/sys/class/net/wan0/carrier": "1\n",
  "/etc/resolv.conf": "# Written by leasehold; changes are lost.\n",
};
const SUBJECT: Subject = { uplinks4: ["wan0"], uplinks6: [], lan: [], delegated: [], resolver: "auto", runtimeDir: "/run/leasehold" };

type Machine = {
  readonly files?: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
  readonly programs?: Readonly<Record<string, string>>;
  readonly now?: number;
  readonly root?: boolean;
};

function machine({ files = {}, links = {}, programs = {}, now = NOW, root = true }: Machine = {}): System {
  const all: Readonly<Record<string, string>> = { ...UP, ...files };
  const paths = [...Object.keys(all), ...Object.keys(links)];
  return {
    read: (path) => all[path],
    list: (path) => [...new Set(paths.filter((one) => one.startsWith(`${path}/`)).map((one) => one.slice(path.length + 1).split("/")[0] ?? ""))],
    link: (path) => links[path],
    run: (command) => programs[command],
    root,
    now,
  };
}

function found(given: Machine, subject: Partial<Subject> = {}): readonly Finding[] {
  return checkSystem(machine(given), { ...SUBJECT, ...subject }).filter(({ code }) => code !== "resolver-way");
}
const codes = (findings: readonly Finding[]): readonly string[] => findings.map(({ severity, code }) => `${severity} ${code}`);

/** A process with a socket. */
function process(pid: number, name: string, command: string, inode: number): Required<Pick<Machine, "files" | "links">> {
  return {
    files: { [`/proc/${pid}/comm`]: `${name}\n`, [`/proc/${pid}/cmdline`]: command.replaceAll(" ", "\0") },
    links: { [`/proc/${pid}/fd/7`]: `socket:[${inode}]` },
  };
}
const PACKET_HEAD = "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n";
const UDP_HEAD = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n";
const udpRow = (port: number, inode: number): string =>
  `  1: 00000000:${port.toString(16).toUpperCase().padStart(4, "0")} 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 ${inode} 2 0000000000000000 0\n`;
const udp6Row = (port: number, inode: number): string => udpRow(port, inode).replace("00000000:", `${"0".repeat(32)}:`);

test("a machine on which nothing is wrong has no finding", () => {
  assert.deepEqual(found({}), []);
  assert.deepEqual(findingLines([]), ["Nothing was found that is in the way."]);
});

test("a tunnel without a hardware address is an error with the reason; a link that is missing, down or without carrier a warning", () => {
  assert.deepEqual(codes(found({ files: { "/sys/class/net/wan0/type": "65534\n", "/sys/class/net/wan0/address": "\n" } })), [
    "error no-hardware-address",
  ]);
  assert.deepEqual(codes(found({ files: { "/sys/class/net/wan0/ifindex": "" } })), ["warning interface-missing"]);
  assert.deepEqual(codes(found({ files: { "/sys/class/net/wan0/flags": "0x1002\n" } })), ["warning interface-down"]);
  assert.deepEqual(codes(found({ files: { "/sys/class/net/wan0/carrier": "0\n" } })), ["warning no-carrier"]);
});

test("accept_ra must be 2 on an uplink that forwards: an error where IPv6 is wanted of it, else a warning", () => {
  const files = { "/proc/sys/net/ipv6/conf/wan0/accept_ra": "1\n", "/proc/sys/net/ipv6/conf/wan0/forwarding": "1\n" };
  const [finding] = found({ files }, { uplinks6: ["wan0"] });
  assert.deepEqual([finding?.severity, finding?.todo], ["error", "sysctl -w net.ipv6.conf.wan0.accept_ra=2"]);
  assert.deepEqual(codes(found({ files })), ["warning router-advertisements-ignored"]);
  assert.deepEqual(found({ files: { ...files, "/proc/sys/net/ipv6/conf/wan0/accept_ra": "2\n" } }), []);
  assert.deepEqual(found({ files: { ...files, "/proc/sys/net/ipv6/conf/wan0/forwarding": "0\n" } }), []);
});

test("forwarding is asked for only where a LAN is served", () => {
  const files = { "/proc/sys/net/ipv4/ip_forward": "0\n", "/proc/sys/net/ipv6/conf/all/forwarding": "0\n" };
  assert.deepEqual(found({ files }), []);
  assert.deepEqual(codes(found({ files }, { lan: ["lan0"], uplinks6: ["wan0"] })), ["error no-forwarding", "error no-forwarding"]);
  const handedOn = found({ files }, { uplinks6: ["wan0"], delegated: ["lan0", "lan1"] });
  assert.deepEqual(codes(handedOn), ["error no-forwarding"]);
  assert.match(handedOn[0]?.text ?? "", /^IPv6 forwarding is off: hosts on lan0, lan1 reach nothing/);
  assert.deepEqual(found({ files }, { uplinks4: [], uplinks6: ["wan0"] }), [], "an address for itself is all it wants");
});

test("an uplink that is to be a router's must have accept_ra 2 before forwarding is switched on, or it loses its way out", () => {
  const files = { "/proc/sys/net/ipv6/conf/wan0/accept_ra": "1\n", "/proc/sys/net/ipv6/conf/wan0/forwarding": "0\n" };
  assert.deepEqual(codes(found({ files }, { uplinks6: ["wan0"], delegated: ["lan0"] })), ["error router-advertisements-ignored"]);
  assert.deepEqual(found({ files }, { uplinks6: ["wan0"] }), []);
});

test("IPv6 that is switched off on an uplink is an error where it is wanted", () => {
  const files = { "/proc/sys/net/ipv6/conf/wan0/disable_ipv6": "1\n" };
  const [finding] = found({ files }, { uplinks6: ["wan0"] });
  assert.deepEqual([finding?.code, finding?.todo], ["ipv6-disabled", "sysctl -w net.ipv6.conf.wan0.disable_ipv6=0"]);
  assert.deepEqual(found({ files }), []);
});

test("another DHCPv6 client is an error where its command line names the link, else it only may be one; one of DHCPv4 is none", () => {
  const [named, other] = [process(9, "odhcp6c", "odhcp6c -P 56 wan0", 5), process(9, "dhclient", "dhclient -6 elsewhere", 5)];
  const udp6 = { "/proc/net/udp6": UDP_HEAD + udp6Row(546, 5) };
  const uplink6 = { uplinks4: [], uplinks6: ["wan0"] };
  const [client] = found({ files: { ...named.files, ...udp6 }, links: named.links }, uplink6);
  assert.equal(client?.severity, "error");
  assert.match(client?.text ?? "", /^odhcp6c \(pid 9\) manages wan0 as well: it holds the clients' port 546 for it$/);
  assert.equal(client?.todo, "kill 9");
  const [maybe] = found({ files: { ...other.files, ...udp6 }, links: other.links }, uplink6);
  assert.deepEqual([maybe?.severity, maybe?.code], ["warning", "other-manager"]);
  assert.match(maybe?.todo ?? "", /^dhclient -6 -x wan0/);
  assert.deepEqual(found({ files: { ...named.files, ...udp6 }, links: named.links }), [], "without IPv6 on the link it is nobody's business");
  const four = { "/proc/net/udp": UDP_HEAD + udpRow(68, 5) };
  assert.deepEqual(found({ files: { ...other.files, ...four }, links: other.links }, uplink6), []);
});

test("who sets addresses by router advertisements is named, by what it listens to; a server that hears hosts is none of them", () => {
  const raw6 = { "/proc/net/raw6": UDP_HEAD + udp6Row(58, 5) };
  const uplink6 = { uplinks4: [], uplinks6: ["wan0"] };
  for (const [name, advice] of [
    ["dhcpcd", /denyinterfaces wan0/],
    ["rdnssd", /systemctl disable --now rdnssd/],
  ] as const) {
    const listener = process(9, name, `/sbin/${name} -q`, 5);
    const [finding, ...more] = found({ files: { ...listener.files, ...raw6 }, links: listener.links }, uplink6);
    assert.deepEqual([finding?.severity, finding?.code, more], ["warning", "other-manager", []]);
    assert.match(finding?.todo ?? "", advice);
  }
  const radvd = process(9, "radvd", "radvd", 5);
  assert.deepEqual(found({ files: { ...radvd.files, ...raw6 }, links: radvd.links }, uplink6), []);
  const own = process(9, "node", "/usr/bin/node /opt/leasehold/dist/frontend.mjs", 5);
  const ports = { "/proc/net/udp6": UDP_HEAD + udp6Row(546, 5) };
  assert.deepEqual(found({ files: { ...own.files, ...raw6, ...ports }, links: own.links }, uplink6), []);
});

test("a strict reverse path filter is a note with one uplink and a warning with several", () => {
  const files = { "/proc/sys/net/ipv4/conf/all/rp_filter": "1\n" };
  assert.deepEqual(codes(found({ files })), ["note reverse-path-strict"]);
  assert.ok(codes(found({ files }, { uplinks4: ["wan0", "wan1"] })).includes("warning reverse-path-strict"));
});

test("another client that listens on the link is named with its pid; on another link it is none, and we are none", () => {
  const client = process(812, "dhclient", "dhclient -v wan0", 4711);
  const packet = (link: number): string => `${PACKET_HEAD}0000000000000000 3      3    0003   ${link}     1 0      0      4711\n`;
  const [finding, ...more] = found({ files: { ...client.files, "/proc/net/packet": packet(3) }, links: client.links });
  assert.deepEqual(more, []);
  assert.match(finding?.text ?? "", /^dhclient \(pid 812\) manages wan0 as well/);
  assert.match(finding?.todo ?? "", /dhclient -x wan0/);
  assert.deepEqual(found({ files: { ...client.files, "/proc/net/packet": packet(4) }, links: client.links }), []);
  const sniffer = process(813, "tcpdump", "tcpdump -i wan0", 4711);
  assert.deepEqual(found({ files: { ...sniffer.files, "/proc/net/packet": packet(3) }, links: sniffer.links }), []);
  const own = process(814, "node", "/usr/bin/node /opt/leasehold/dist/frontend.mjs --uid 1", 4711);
  assert.deepEqual(found({ files: { ...own.files, "/proc/net/udp": UDP_HEAD + udpRow(68, 4711) }, links: own.links }), []);
});

test("a holder of port 68 is an error where its command line names the link, else it only may be one", () => {
  const [named, other] = [process(9, "udhcpc", "udhcpc -i wan0", 5), process(9, "pump", "pump -i elsewhere", 5)];
  const udp = { "/proc/net/udp": UDP_HEAD + udpRow(68, 5) };
  assert.deepEqual(codes(found({ files: { ...named.files, ...udp }, links: named.links })), ["error other-manager"]);
  const [finding] = found({ files: { ...other.files, ...udp }, links: other.links });
  assert.equal(finding?.severity, "warning");
  assert.match(finding?.text ?? "", /pump \(pid 9\) .* may manage wan0/);
});

test("systemd-networkd counts when a file of its own applies to the link, NetworkManager unless it says unmanaged", () => {
  const networkd = { "/proc/5/comm": "systemd-network\n", "/proc/5/cmdline": "/usr/lib/systemd/systemd-networkd" };
  const state = (text: string): Machine => ({ files: { ...networkd, "/run/systemd/netif/links/3": text } });
  assert.deepEqual(codes(found(state("ADMIN_STATE=configured\nNETWORK_FILE=/etc/systemd/network/a.network\n"))), ["error other-manager"]);
  assert.deepEqual(found(state("ADMIN_STATE=unmanaged\n")), []);
  const manager = { "/proc/6/comm": "NetworkManager\n", "/proc/6/cmdline": "/usr/sbin/NetworkManager" };
  assert.deepEqual(codes(found({ files: manager, programs: { nmcli: "wan0:connected\nlan0:unmanaged\n" } })), ["error other-manager"]);
  assert.deepEqual(found({ files: manager, programs: { nmcli: "wan0:unmanaged\n" } }), []);
  assert.deepEqual(codes(found({ files: manager })), ["warning other-manager"]);
});

test("who answers on port 53 is named", () => {
  const server = process(53, "dnsmasq", "dnsmasq", 6);
  const [finding] = found({ files: { ...server.files, "/proc/net/udp": UDP_HEAD + udpRow(53, 6) }, links: server.links });
  assert.match(finding?.text ?? "", /dnsmasq \(pid 53\) answers on port 53/);
});

test("a clock that says 1970 is a warning", () => {
  assert.deepEqual(codes(found({ now: 3_600_000 })), ["warning clock-implausible"]);
});

test("without root it is said that much is hidden", () => {
  assert.deepEqual(codes(found({ root: false })), ["note not-root"]);
});

test("resolv.conf that leads elsewhere is a warning, by the way that resolvers would take", () => {
  assert.deepEqual(codes(found({ files: { "/etc/resolv.conf": "nameserver 192.0.2.1\n" } })), ["warning resolver-unused"]);
  const resolved = {
    "/proc/7/comm": "systemd-resolve\n",
    "/proc/7/cmdline": "systemd-resolved",
    "/usr/bin/resolvectl": "",
    "/run/systemd/resolve/io.systemd.Resolve": "",
  };
  const stub = { "/etc/resolv.conf": "../run/systemd/resolve/stub-resolv.conf" };
  assert.deepEqual(found({ files: resolved, links: stub }), []);
  assert.deepEqual(codes(found({ files: resolved })), ["warning resolver-unused"]);
});

const nft = (...items: readonly object[]): string => JSON.stringify({ nftables: [{ metainfo: {} }, ...items] });
const chain = (hook: string, more: object = {}): object => ({
  chain: { family: "inet", table: "filter", name: hook, type: "filter", hook, policy: "drop", ...more },
});
const rule = (name: string, ...expr: readonly object[]): object => ({ rule: { family: "inet", table: "filter", chain: name, expr } });
const port = (field: string, right: unknown): object => ({ match: { op: "==", left: { payload: { protocol: "udp", field } }, right } });
const meta = (key: string, right: unknown): object => ({ match: { op: "==", left: { meta: { key } }, right } });
const ACCEPT = { accept: null };

test("an output chain that drops what it does not know may eat renewals, unless a rule lets port 67 pass", () => {
  const dropping = found({ programs: { nft: nft(chain("output")) } });
  assert.deepEqual(codes(dropping), ["warning firewall"]);
  assert.match(dropping[0]?.text ?? "", /may eat renewals/);
  assert.match(dropping[0]?.todo ?? "", /^nft add rule inet filter output oifname "wan0" udp sport 68 udp dport 67 accept$/);
  const passing = [
    [port("dport", 67), ACCEPT],
    [port("dport", { set: [53, 67] }), ACCEPT],
    [port("dport", { range: [60, 70] }), ACCEPT],
    [port("dport", "@allowed"), ACCEPT],
    [meta("oifname", "wan*"), ACCEPT],
    [meta("l4proto", "udp"), ACCEPT],
    [{ match: { op: "in", left: { ct: { key: "state" } }, right: ["established", "new"] } }, ACCEPT],
    [{ jump: { target: "services" } }],
  ];
  const called = rule("services", port("sport", 68), ACCEPT);
  for (const expr of passing) assert.deepEqual(found({ programs: { nft: nft(chain("output"), rule("output", ...expr), called) } }), []);
  const other = [
    [port("dport", 53), ACCEPT],
    [meta("oifname", "lan0"), ACCEPT],
    [{ match: { op: "in", left: { ct: { key: "state" } }, right: ["established", "related"] } }, ACCEPT],
    [port("dport", 67), { drop: null }],
    [{ match: { op: "==", left: { payload: { protocol: "tcp", field: "dport" } }, right: 67 } }, ACCEPT],
    [{ jump: { target: "nowhere" } }],
  ];
  for (const expr of other) assert.equal(found({ programs: { nft: nft(chain("output"), rule("output", ...expr)) } }).length, 1, JSON.stringify(expr));
  assert.deepEqual(found({ programs: { nft: nft(chain("output", { policy: "accept" })) } }), []);
  assert.deepEqual(found({ programs: { nft: "nonsense" } }), []);
});

const UPLINK6 = { uplinks4: [], uplinks6: ["wan0"] };
const icmp = (right: unknown): object => ({ match: { op: "==", left: { payload: { protocol: "icmpv6", field: "type" } }, right } });
test("an input chain must let answers of DHCPv6 servers pass, and router advertisements, which no connection is tracked for", () => {
  const eaten = (...rules: readonly object[]): readonly string[] =>
    found({ programs: { nft: nft(chain("input"), ...rules) } }, UPLINK6).map(({ text }) => /may eat ([^:]+):/.exec(text)?.[1] ?? text);
  assert.deepEqual(eaten(), ["answers of DHCPv6 servers", "router advertisements"]);
  const answers = rule("input", port("dport", 546), ACCEPT);
  for (const right of ["nd-router-advert", 134, { set: ["nd-neighbor-solicit", "nd-router-advert"] }, { range: [133, 137] }])
    assert.deepEqual(eaten(answers, rule("input", icmp(right), ACCEPT)), [], JSON.stringify(right));
  assert.deepEqual(eaten(answers, rule("input", meta("l4proto", "ipv6-icmp"), ACCEPT)), []);
  for (const right of ["echo-request", 135, { set: ["nd-router-solicit", "packet-too-big"] }])
    assert.deepEqual(eaten(answers, rule("input", icmp(right), ACCEPT)), ["router advertisements"], JSON.stringify(right));
  const tracked = rule("input", { match: { op: "in", left: { ct: { key: "state" } }, right: ["established", "related", "new"] } }, ACCEPT);
  assert.deepEqual(eaten(tracked), ["router advertisements"]);
  const [, advert] = found({ programs: { nft: nft(chain("input")) } }, UPLINK6);
  assert.equal(advert?.todo, 'nft add rule inet filter input iifname "wan0" meta l4proto ipv6-icmp accept');
});

test("an output chain may eat requests to DHCPv6 servers", () => {
  const [finding, ...more] = found({ programs: { nft: nft(chain("output")) } }, UPLINK6);
  assert.equal(finding?.todo, 'nft add rule inet filter output oifname "wan0" udp sport 546 udp dport 547 accept');
  assert.deepEqual(more, []);
  assert.deepEqual(found({ programs: { nft: nft(chain("output"), rule("output", port("dport", 547), ACCEPT)) } }, UPLINK6), []);
});

test("rules of the old tables are not read, and that is said for each family", () => {
  assert.deepEqual(codes(found({ files: { "/proc/net/ip_tables_names": "filter\n", "/proc/net/ip6_tables_names": "mangle\nfilter\n" } })), [
    "note firewall-legacy",
    "note firewall-legacy",
  ]);
});

test("an input chain only concerns others, and that is said; DHCPv6 is eaten by it", () => {
  assert.deepEqual(codes(found({ programs: { nft: nft(chain("input")) } })), ["note firewall"]);
  assert.deepEqual(codes(found({ programs: { nft: nft(chain("input")) } }, UPLINK6)), ["warning firewall", "warning firewall"]);
});

test("chains that call each other in a ring end the search", () => {
  const ring = parseRuleset(nft(chain("output"), rule("output", { jump: { target: "a" } }), rule("a", { jump: { target: "output" } })));
  assert.ok(ring !== undefined);
  const from = { family: "inet", table: "filter", name: "output" };
  assert.equal(mayPass(ring, from, { protocol: "udp", ports: { sport: 68, dport: 67 }, interface: "wan0" }), true);
});

test("what stands in a file of the system reaches a terminal escaped", () => {
  const evil = process(9, "\u001b[31mevil", "x wan0", 5);
  const lines = findingLines(found({ files: { ...evil.files, "/proc/net/udp": UDP_HEAD + udpRow(68, 5) }, links: evil.links }));
  assert.ok(lines.length > 0 && !lines.join("").includes("\u001b"));
});
