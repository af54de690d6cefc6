/** What a lease means for the kernel, read back with `ip -j`: addresses, routes, metrics, tables, MTU. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Ipv4Address, Ipv4Prefix } from "../../src/base/ipv4.ts";
import { KernelError } from "../../src/base/errors.ts";
import { KernelNetwork } from "../../src/platform/netlink/kernel-network.ts";
import type { UplinkAddress } from "../../src/ports/kernel.ts";
import { UplinkObjects } from "../../src/roles/main/uplink-kernel.ts";
import type { UplinkPolicy } from "../../src/roles/main/uplink-routes.ts";
import { TABLE } from "../../src/wire/netlink/numbers.ts";
import { type Namespace, needsRoot, withNamespaces } from "../support/namespace.ts";

type Route = {
  readonly dst: string;
  readonly dev: string;
  readonly gateway?: string;
  readonly metric?: number;
  readonly protocol: string;
  readonly flags: readonly string[];
  readonly prefsrc?: string;
  readonly scope?: string;
  readonly metrics?: readonly { readonly mtu?: number }[];
};
type Held = {
  readonly local: string;
  readonly prefixlen: number;
  readonly valid_life_time: number;
  readonly broadcast?: string;
  readonly scope: string;
  readonly noprefixroute?: boolean;
};
type Uplink = {
  readonly here: Namespace;
  readonly configure: (wanted: Partial<UplinkAddress>, policy?: Partial<UplinkPolicy>) => void;
  /** As after a restart: nothing is remembered. */
  readonly configureAnew: (wanted: Partial<UplinkAddress>, policy?: Partial<UplinkPolicy>) => void;
  readonly deconfigure: () => void;
  readonly warmUp: () => void;
  readonly ip: (...args: readonly string[]) => string;
  /** Of a table, all protocols. */
  readonly all: (table?: number) => readonly Route[];
  /** Those by DHCP in the main table. */
  readonly routes: () => readonly Route[];
  readonly addresses: () => readonly Held[];
};

const LEASE: UplinkAddress = { address: ip("192.0.2.10"), prefixLength: 24, validSeconds: 600, routes: [], mtuBytes: 0 };
const POLICY: UplinkPolicy = { metric: 1024, table: TABLE.main, mtuMinBytes: undefined };
function ip(text: string): Ipv4Address {
  return text as Ipv4Address;
}
function via(destination: string, gateway: string): UplinkAddress["routes"][number] {
  return { destination: destination as Ipv4Prefix, gateway: ip(gateway) };
}
const DEFAULT = via("0.0.0.0/0", "192.0.2.1");

function story(name: string, tell: (uplink: Uplink) => void | Promise<void>): void {
  test(name, needsRoot, () =>
    withNamespaces(["here"], async ({ here }) => {
      const ipTool = (...args: readonly string[]): string => execFileSync("ip", ["-n", here.name, ...args], { encoding: "utf8", stdio: "pipe" });
      for (const [link, peer] of [
        ["wan0", "p0"],
        ["wan1", "p1"],
      ] as const) {
        ipTool("link", "add", link, "type", "veth", "peer", "name", peer);
        for (const one of [link, peer]) ipTool("link", "set", one, "up");
      }
      const network = here.inside(() => new KernelNetwork());
      const index = network.link("wan0")?.index ?? 0;
      const objects = new UplinkObjects(network);
      const all = (table: number = TABLE.main): readonly Route[] =>
        JSON.parse(ipTool("-j", "-details", "-4", "route", "show", "table", String(table)) || "[]") as readonly Route[];
      try {
        await tell({
          here,
          warmUp: () => objects.warmUp(),
          configure: (wanted, policy) => objects.configure(index, { ...LEASE, ...wanted }, { ...POLICY, ...policy }),
          configureAnew: (wanted, policy) => new UplinkObjects(network).configure(index, { ...LEASE, ...wanted }, { ...POLICY, ...policy }),
          deconfigure: () => objects.deconfigure(index),
          ip: ipTool,
          all,
          routes: () => all().filter(({ protocol }) => protocol === "dhcp"),
          addresses: () =>
            (JSON.parse(ipTool("-j", "-4", "addr", "show", "dev", "wan0")) as readonly { readonly addr_info?: readonly Held[] }[])[0]?.addr_info ??
            [],
        });
      } finally {
        network.close();
      }
    }),
  );
}
const ways = (routes: readonly Route[]): readonly string[] => routes.map(({ dst, gateway, metric }) => `${dst} ${gateway} ${metric}`).sort();

story("the address has the lease's lifetime, and each renewal writes it anew", ({ configure, addresses }) => {
  configure({});
  assert.deepEqual([addresses()[0]?.local, addresses()[0]?.prefixlen, addresses()[0]?.valid_life_time], ["192.0.2.10", 24, 600]);
  assert.deepEqual([addresses()[0]?.broadcast, addresses()[0]?.scope], ["192.0.2.255", "global"]);
  configure({ validSeconds: 1200 });
  assert.deepEqual(
    addresses().map((one) => one.valid_life_time),
    [1200],
  );
});
story("B36: of several routers the first is preferred, and no two routes have equal cost", ({ configure, routes }) => {
  configure({ routes: [DEFAULT, via("0.0.0.0/0", "192.0.2.2"), via("0.0.0.0/0", "192.0.2.3"), DEFAULT] });
  assert.deepEqual(ways(routes()), ["default 192.0.2.1 1024", "default 192.0.2.2 1025", "default 192.0.2.3 1026"]);
  assert.ok(routes().every(({ prefsrc }) => prefsrc === "192.0.2.10"));
});
story("B32: three hundred routers are three hundred routes", ({ configure, routes, deconfigure }) => {
  configure({
    prefixLength: 22,
    address: ip("10.0.0.2"),
    routes: Array.from({ length: 300 }, (_, i) => via("0.0.0.0/0", `10.0.${1 + (i >> 8)}.${i & 255}`)),
  });
  assert.deepEqual([routes().length, new Set(routes().map(({ metric }) => metric)).size], [300, 300]);
  deconfigure();
  assert.equal(routes().length, 0);
});
story("a default route whose gateway is outside the subnet works: it is taken to be on the link", ({ configure, routes, ip: tool }) => {
  configure({ routes: [via("0.0.0.0/0", "198.51.100.1")] });
  assert.deepEqual([ways(routes()), routes()[0]?.flags.includes("onlink")], [["default 198.51.100.1 1024"], true]);
  assert.match(tool("route", "get", "203.0.113.1"), /via 198.51.100.1 dev wan0/);
});
story(
  "a /32 lease with a gateway outside its subnet works, also with the host route that option 121 asks for",
  ({ configure, routes, addresses }) => {
    configure({ prefixLength: 32, routes: [via("198.51.100.1/32", "0.0.0.0"), via("0.0.0.0/0", "198.51.100.1")] });
    assert.deepEqual(ways(routes()), ["198.51.100.1 undefined 1024", "default 198.51.100.1 1024"]);
    assert.ok(routes().every(({ gateway, flags }) => gateway === undefined || flags.includes("onlink")));
    assert.deepEqual([addresses()[0]?.prefixlen, addresses()[0]?.broadcast], [32, undefined]);
  },
);
story("a gateway of 0.0.0.0 means the link itself (RFC 3442)", ({ configure, routes }) => {
  configure({ routes: [via("203.0.113.0/24", "0.0.0.0")] });
  assert.deepEqual(ways(routes()), ["203.0.113.0/24 undefined 1024"]);
});
story("a default route by our own address leads to the link itself", ({ configure, routes }) => {
  configure({ routes: [via("0.0.0.0/0", "192.0.2.10")] });
  assert.deepEqual(ways(routes()), ["default undefined 1024"]);
});
story("B12: destinations with host bits are put in without them", ({ configure, routes }) => {
  configure({ routes: [via("203.0.113.77/24", "192.0.2.1"), via("10.1.2.3/0", "192.0.2.1")] });
  assert.deepEqual(ways(routes()), ["203.0.113.0/24 192.0.2.1 1024", "default 192.0.2.1 1024"]);
});
story("a route whose gateway lies inside its own destination keeps the gateway", ({ configure, routes }) => {
  configure({ address: ip("10.0.0.5"), routes: [via("10.0.0.0/8", "10.0.0.1"), via("203.0.113.0/24", "203.0.113.1")] });
  assert.deepEqual(ways(routes()), ["10.0.0.0/8 10.0.0.1 1024", "203.0.113.0/24 203.0.113.1 1024"]);
});
story("a route to the subnet itself over the link is the kernel's already", ({ configure, all }) => {
  configure({ routes: [via("192.0.2.0/24", "0.0.0.0")] });
  assert.deepEqual(
    all().map(({ dst, protocol, metric }) => `${dst} ${protocol} ${metric}`),
    ["192.0.2.0/24 kernel 1024"],
  );
});
story("a renewal that changes routes removes those that vanished and adds the new ones", ({ configure, routes }) => {
  configure({ routes: [DEFAULT, via("203.0.113.0/24", "192.0.2.2")] });
  configure({ routes: [via("0.0.0.0/0", "192.0.2.9"), via("198.51.100.0/24", "192.0.2.2")] });
  assert.deepEqual(ways(routes()), ["198.51.100.0/24 192.0.2.2 1024", "default 192.0.2.9 1024"]);
});
story("a renewal that changes nothing touches no route", async ({ configure, here }) => {
  const routes = [DEFAULT, via("203.0.113.0/24", "192.0.2.2")];
  configure({ routes }, { table: 77 });
  const monitor = here.spawn("ip", ["-4", "monitor", "route"]);
  await delay(300);
  for (let round = 0; round < 5; round++) configure({ routes, validSeconds: 600 + round }, { table: 77 });
  configure({ routes: [...routes, via("198.51.100.0/24", "192.0.2.2")] }, { table: 77 });
  await delay(300);
  await monitor.stop("SIGTERM");
  assert.deepEqual(
    monitor.stdout
      .trim()
      .split("\n")
      .map((line) => line.split(" ")[0]),
    ["198.51.100.0/24"],
  );
});
story("B1, B40: another address replaces the one before", ({ configure, addresses, routes }) => {
  configure({ routes: [DEFAULT] });
  configure({ address: ip("192.0.2.77"), routes: [DEFAULT] });
  assert.deepEqual(
    addresses().map(({ local }) => local),
    ["192.0.2.77"],
  );
  assert.deepEqual(
    routes().map(({ dst, prefsrc }) => [dst, prefsrc]),
    [["default", "192.0.2.77"]],
  );
});
story("of another subnet, the new address and its routes are there before the old ones go", async ({ configure, here, routes }) => {
  configure({ routes: [DEFAULT] });
  const monitor = here.spawn("ip", ["-4", "-o", "monitor", "address", "route"]);
  await delay(300);
  configure({ address: ip("198.51.100.7"), routes: [via("0.0.0.0/0", "198.51.100.1")] });
  await delay(300);
  await monitor.stop("SIGTERM");
  const place = (what: RegExp): number => monitor.stdout.search(what);
  const order = [
    /^\d+: wan0 +inet 198.51.100.7/m,
    /^default via 198.51.100.1/m,
    /^Deleted default via 192.0.2.1/m,
    /^Deleted \d+: wan0 +inet 192.0.2.10/m,
  ];
  assert.deepEqual(
    order.map(place),
    order.map(place).toSorted((a, b) => a - b),
    monitor.stdout,
  );
  assert.ok(
    order.every((what) => place(what) >= 0),
    monitor.stdout,
  );
  assert.deepEqual(ways(routes()), ["default 198.51.100.1 1024"]);
});
story("another prefix length for the same address replaces it", ({ configure, addresses }) => {
  configure({});
  configure({ prefixLength: 25 });
  assert.deepEqual(
    addresses().map(({ prefixlen }) => prefixlen),
    [25],
  );
});
story("the metric is the operator's, for the subnet as well, and a reload moves what is there", ({ configure, routes, all }) => {
  configure({ routes: [DEFAULT] }, { metric: 3000 });
  assert.deepEqual(
    all().map(({ dst, metric }) => [dst, metric]),
    [
      ["default", 3000],
      ["192.0.2.0/24", 3000],
    ],
  );
  configure({ routes: [DEFAULT] }, { metric: 50 });
  assert.deepEqual(
    all().map(({ dst, metric }) => [dst, metric]),
    [
      ["default", 50],
      ["192.0.2.0/24", 50],
    ],
  );
  configure({ routes: [DEFAULT, via("0.0.0.0/0", "192.0.2.2")] }, { metric: 0xffff_ffff });
  assert.deepEqual(ways(routes()).length, 2, "no metric is above the kernel's last one");
});
for (const restarted of [false, true])
  story(`routes stand in the operator's table${restarted ? ", found there after a restart" : ", and move when it changes"}`, (uplink) => {
    const { configure, all, deconfigure, addresses } = uplink;
    const next = restarted ? uplink.configureAnew : configure;
    configure({ routes: [DEFAULT] }, { table: 100 });
    assert.deepEqual([all(), ways(all(100))], [[], ["192.0.2.0/24 undefined 1024", "default 192.0.2.1 1024"]]);
    assert.ok(all(100).every(({ prefsrc, protocol }) => prefsrc === "192.0.2.10" && protocol === "dhcp"));
    assert.equal(addresses()[0]?.noprefixroute, true);
    next({ routes: [DEFAULT] }, { table: 1000 });
    assert.deepEqual([all(), all(100), ways(all(1000)).length], [[], [], 2]);
    next({ routes: [DEFAULT] });
    assert.deepEqual([ways(all()), all(1000)], [["192.0.2.0/24 undefined 1024", "default 192.0.2.1 1024"], []]);
    next({ routes: [DEFAULT] }, { table: 100 });
    deconfigure();
    assert.deepEqual([all(), all(100), addresses()], [[], [], []]);
  });
story("an address that the kernel made a subnet route for moves to another table and back", ({ configure, all }) => {
  configure({ routes: [DEFAULT] });
  configure({ routes: [DEFAULT] }, { table: 100 });
  assert.deepEqual([all(), ways(all(100)).length], [[], 2]);
  configure({ routes: [DEFAULT] });
  assert.deepEqual([ways(all()), all(100)], [["192.0.2.0/24 undefined 1024", "default 192.0.2.1 1024"], []]);
});
story("routes in a table whose address ran out are taken away with the next lease", ({ configure, all, ip: tool }) => {
  configure({ routes: [DEFAULT] }, { table: 100 });
  tool("addr", "del", "192.0.2.10/24", "dev", "wan0");
  configure({ address: ip("192.0.2.20"), routes: [DEFAULT] }, { table: 100 });
  assert.deepEqual(
    all(100).map(({ prefsrc }) => prefsrc),
    ["192.0.2.20", "192.0.2.20"],
  );
});
story("the server's MTU is in the routes where the operator wants it, and never in the device", ({ configure, all, ip: tool }) => {
  const mtus = (): readonly (number | undefined)[] => all().map(({ metrics }) => metrics?.[0]?.mtu);
  const rows: readonly (readonly [mtuBytes: number, mtuMinBytes: number | undefined, expected: number | undefined])[] = [
    [1400, undefined, undefined],
    [1400, 1280, 1400],
    [1300, 1280, 1300],
    [1279, 1280, undefined],
    [68, 1280, undefined],
    [1500, 1280, 1500],
    [1501, 1280, undefined],
    [65_535, 68, undefined],
    [0, 68, undefined],
  ];
  for (const [mtuBytes, mtuMinBytes, expected] of rows) {
    configure({ routes: [DEFAULT], mtuBytes }, { mtuMinBytes });
    assert.deepEqual(mtus(), [expected, expected], `${mtuBytes} at least ${mtuMinBytes}`);
    assert.match(tool("link", "show", "wan0"), /mtu 1500/);
  }
});
story("RFC 3927: a link-local address reaches its link and nothing else", ({ configure, addresses, routes, all }) => {
  configure({ address: ip("169.254.7.9"), prefixLength: 16, routes: [DEFAULT], validSeconds: 0xffff_ffff });
  assert.deepEqual(
    addresses().map(({ local, scope, valid_life_time }) => [local, scope, valid_life_time]),
    [["169.254.7.9", "link", 0xffff_ffff]],
  );
  assert.deepEqual([routes(), ways(all())], [[], ["169.254.0.0/16 undefined 1024"]]);
});
story(
  "addresses and routes of others stay: by hand, on other links, of other programs, as costly as ours",
  ({ configure, deconfigure, all, ip: tool }) => {
    tool("addr", "add", "192.0.2.99/24", "dev", "wan0");
    tool("addr", "add", "198.51.100.9/24", "dev", "wan1");
    const foreign = [
      ["default", "via", "198.51.100.1", "dev", "wan1", "metric", "1024", "proto", "dhcp"],
      ["default", "via", "192.0.2.200", "dev", "wan0", "metric", "1024", "proto", "static"],
      ["203.0.113.0/24", "via", "198.51.100.2", "dev", "wan1", "metric", "1024"],
      ["203.0.113.0/24", "via", "192.0.2.200", "dev", "wan0", "table", "100", "proto", "dhcp"],
    ];
    for (const route of foreign) tool("route", "append", ...route);
    const before = [all(), all(100)];
    configure({ routes: [DEFAULT, via("203.0.113.0/24", "192.0.2.1")] });
    configure({ routes: [via("0.0.0.0/0", "192.0.2.2")] }, { metric: 1024 });
    assert.ok(all().some(({ gateway }) => gateway === "192.0.2.2"));
    assert.deepEqual(tool("route", "get", "203.0.113.5").includes("wan1"), true);
    deconfigure();
    assert.deepEqual([all(), all(100)], before);
    assert.match(tool("addr", "show", "wan0"), /192.0.2.99\/24/);
  },
);
story("two uplinks with one metric: each keeps its own default route", ({ configure, all, ip: tool, here }) => {
  configure({ routes: [DEFAULT] });
  const network = here.inside(() => new KernelNetwork());
  const other = network.link("wan1")?.index ?? 0;
  new UplinkObjects(network).configure(other, { ...LEASE, address: ip("198.51.100.9"), routes: [via("0.0.0.0/0", "198.51.100.1")] }, POLICY);
  network.close();
  assert.deepEqual(
    all()
      .filter(({ dst }) => dst === "default")
      .map(({ dev }) => dev),
    ["wan0", "wan1"],
  );
  tool("link", "del", "wan1");
});
story("a route that the kernel refuses is said, and the others are there", ({ configure, routes, addresses }) => {
  assert.throws(
    () => configure({ routes: [via("203.0.113.0/24", "192.0.2.255"), via("198.51.100.0/24", "192.0.2.1"), DEFAULT] }),
    (error) => error instanceof KernelError && error.syscall === "RTM_NEWROUTE",
  );
  assert.deepEqual(ways(routes()), ["198.51.100.0/24 192.0.2.1 1024", "default 192.0.2.1 1024"]);
  assert.equal(addresses()[0]?.local, "192.0.2.10");
});
story("deconfigured, nothing of ours is left, routes go before the address, and doing it again is no error", async (uplink) => {
  const { configure, deconfigure, addresses, routes, here } = uplink;
  configure({ routes: [DEFAULT, via("203.0.113.0/24", "192.0.2.2")] });
  const monitor = here.spawn("ip", ["-4", "-o", "monitor", "address", "route"]);
  await delay(300);
  deconfigure();
  deconfigure();
  await delay(300);
  await monitor.stop("SIGTERM");
  assert.deepEqual([addresses(), routes()], [[], []]);
  const [route, address] = [monitor.stdout.search(/^Deleted 203/m), monitor.stdout.search(/^Deleted \d+: wan0/m)];
  assert.ok(route >= 0 && address > route, monitor.stdout);
});
story("warming up changes nothing", async ({ warmUp, configure, ip: tool, here }) => {
  configure({ routes: [DEFAULT] });
  const shown = (): readonly string[] => [tool("-o", "addr"), tool("route", "show", "table", "all")].map((text) => text.replaceAll(/\d+sec/g, ""));
  const [before, monitor] = [shown(), here.spawn("ip", ["monitor"])];
  await delay(300);
  warmUp();
  await delay(300);
  await monitor.stop("SIGTERM");
  assert.deepEqual([shown(), monitor.stdout], [before, ""]);
});
story("§10: configured and deconfigured a hundred times, nothing is left over", ({ configure, deconfigure, all, addresses }) => {
  for (let round = 0; round < 100; round++) {
    configure({ address: ip(`192.0.2.${10 + (round % 3)}`), routes: [DEFAULT] });
    if (round % 2 === 1) deconfigure();
  }
  assert.deepEqual([addresses(), all()], [[], []]);
});
