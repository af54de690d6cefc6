/** What delegated prefixes mean for the kernel, read back with `ip -j`: exactly the plan, and nothing of anybody else. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { KernelError } from "../../src/base/errors.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../src/base/ipv6.ts";
import { KernelNetwork } from "../../src/platform/netlink/kernel-network.ts";
import type { Aggregate, AggregateRoute, PlannedAddress } from "../../src/ports/kernel.ts";
import { PlanObjects } from "../../src/roles/main/plan-kernel.ts";
import { ADDRESS_PROTOCOL, IFA_F, SCOPE } from "../../src/wire/netlink/numbers.ts";
import { type Namespace, needsRoot, withNamespaces } from "../support/namespace.ts";

type Story = {
  readonly here: Namespace;
  readonly lan: number;
  readonly network: KernelNetwork;
  /** On lan0 unless said otherwise; a prefix alone is unreachable. */
  readonly apply: (addresses: readonly Partial<PlannedAddress>[], aggregates?: readonly (string | Aggregate)[]) => void;
  readonly ip: (...args: readonly string[]) => string;
  /** `address/length`, of lan0 and lan1, without link-local ones. */
  readonly addresses: () => readonly string[];
  /** `type destination metric protocol` of all but the kernel's own. */
  readonly routes: () => readonly string[];
};

function story(name: string, tell: (story: Story) => void | Promise<void>): void {
  test(name, needsRoot, () =>
    withNamespaces(["here"], async ({ here }) => {
      const ip = (...args: readonly string[]): string => execFileSync("ip", ["-n", here.name, ...args], { encoding: "utf8" });
      for (const [link, peer] of [
        ["lan0", "h0"],
        ["lan1", "h1"],
      ] as const) {
        ip("link", "add", link, "type", "veth", "peer", "name", peer);
        ip("link", "set", link, "up");
        ip("link", "set", peer, "up");
      }
      const network = here.inside(() => new KernelNetwork());
      const objects = new PlanObjects(network);
      const lan = network.link("lan0")?.index ?? 0;
      const defaults = { link: lan, name: "lan0", address: "2001:db8:0:1::1", prefixLength: 64, preferredSeconds: 300, validSeconds: 600 };
      try {
        await tell({
          here,
          lan,
          network,
          ip,
          apply: (addresses, aggregates = []) =>
            objects.apply({
              addresses: addresses.map((one) => ({ ...defaults, ...one }) as PlannedAddress),
              aggregates: aggregates.map((one) => (typeof one === "string" ? aggregate(one, "unreachable") : one)),
            }),
          addresses: () =>
            (JSON.parse(ip("-j", "-6", "addr")) as readonly Shown[])
              .flatMap(({ ifname, addr_info }) => (ifname?.startsWith("lan") === true ? (addr_info ?? []) : []))
              .filter(({ scope }) => scope !== "link")
              .map(({ local, prefixlen }) => `${local}/${prefixlen}`)
              .sort(),
          routes: () =>
            (JSON.parse(ip("-j", "-6", "route")) as readonly ShownRoute[])
              .filter(({ protocol }) => protocol !== "kernel")
              .map(({ type = "unicast", dst, metric, protocol }) => `${type} ${dst} ${metric} ${protocol}`)
              .sort(),
        });
      } finally {
        network.close();
      }
    }),
  );
}
type Shown = {
  readonly ifname?: string;
  readonly addr_info?: readonly { readonly local: string; readonly prefixlen: number; readonly scope: string }[];
};
type ShownRoute = { readonly type?: string; readonly dst: string; readonly metric: number; readonly protocol: string };
const aggregate = (prefix: string, route: AggregateRoute): Aggregate => ({ prefix: prefix as Ipv6Prefix, route });
/** What the kernel told while something was done. */
async function told(here: Namespace, act: () => void): Promise<string> {
  const monitor = here.spawn("ip", ["-6", "monitor", "address", "route"]);
  await delay(300);
  act();
  await delay(300);
  await monitor.stop("SIGTERM");
  return monitor.stdout;
}
const address = (text: string): { readonly address: Ipv6Address } => ({ address: text as Ipv6Address });

story("exactly the plan is there: what a plan before it had and this one has not is gone", ({ apply, addresses, routes }) => {
  apply([address("2001:db8:0:1::1"), address("2001:db8:0:2::1")], ["2001:db8::/56", "2001:db8:1::/56"]);
  assert.deepEqual(addresses(), ["2001:db8:0:1::1/64", "2001:db8:0:2::1/64"]);
  assert.deepEqual(routes(), ["unreachable 2001:db8:1::/56 2048 dhcp", "unreachable 2001:db8::/56 2048 dhcp"]);
  apply([address("2001:db8:0:2::1"), address("2001:db8:0:3::1")], ["2001:db8:1::/56"]);
  assert.deepEqual(addresses(), ["2001:db8:0:2::1/64", "2001:db8:0:3::1/64"]);
  assert.deepEqual(routes(), ["unreachable 2001:db8:1::/56 2048 dhcp"]);
  apply([]);
  assert.deepEqual([addresses(), routes()], [[], []]);
});

story("lifetimes are those of the plan, and a deprecated address has none to prefer", ({ apply, ip }) => {
  apply([{ preferredSeconds: 0, validSeconds: 7200 }]);
  const shown = ip("-6", "addr", "show", "dev", "lan0", "scope", "global");
  assert.match(shown, /valid_lft 7200sec preferred_lft 0sec/);
});

story("the same plan again changes nothing but lifetimes: no address is ever missing", async ({ apply, here, addresses }) => {
  apply([address("2001:db8:0:1::1")], ["2001:db8::/56"]);
  const monitor = here.spawn("ip", ["-6", "monitor", "address", "route"]);
  await delay(300);
  for (let round = 0; round < 20; round++) apply([{ ...address("2001:db8:0:1::1"), validSeconds: 600 + round }], ["2001:db8::/56"]);
  apply([address("2001:db8:0:1::1"), address("2001:db8:0:7::1")], ["2001:db8::/56"]);
  await delay(300);
  await monitor.stop("SIGTERM");
  assert.match(monitor.stdout, /2001:db8:0:7::1/, "the monitor saw what happened");
  assert.doesNotMatch(monitor.stdout, /Deleted[^\n]*2001:db8:0:1:/, "an address was away");
  assert.doesNotMatch(monitor.stdout, /Deleted unreachable/, "a route was away");
  assert.deepEqual(addresses(), ["2001:db8:0:1::1/64", "2001:db8:0:7::1/64"]);
});

story("what is new comes before what is old goes", async ({ apply, here }) => {
  apply([address("2001:db8:0:1::1")]);
  const monitor = here.spawn("ip", ["-6", "monitor", "address"]);
  await delay(300);
  apply([address("2001:db8:0:2::1")]);
  await delay(300);
  await monitor.stop("SIGTERM");
  const [came, went] = [monitor.stdout.indexOf("2001:db8:0:2::1"), monitor.stdout.search(/Deleted[^\n]*lan0/)];
  assert.ok(came >= 0 && went > came, monitor.stdout);
});

story("an address with another prefix length is there with the new one", ({ apply, addresses }) => {
  apply([{ ...address("2001:db8::1"), prefixLength: 64 }]);
  apply([{ ...address("2001:db8::1"), prefixLength: 60 }]);
  assert.deepEqual(addresses(), ["2001:db8::1/60"]);
});

story("addresses that others set stay: by hand, beside ours, and also the very one of the plan", ({ apply, ip, lan, network, addresses }) => {
  ip("addr", "add", "2001:db8:0:1::77/64", "dev", "lan0", "nodad");
  ip("addr", "add", "2001:db8:0:1::1/64", "dev", "lan0", "nodad");
  network.addAddress({
    ...{ family: "ipv6", interfaceIndex: lan, ...address("2001:db8:0:9::1"), prefixLength: 64, flags: IFA_F.noDad, scope: SCOPE.global },
    ...{ protocol: ADDRESS_PROTOCOL.routerAdvertisement, preferredSeconds: 300, validSeconds: 600 },
  });
  const before = addresses();
  apply([address("2001:db8:0:1::1"), address("2001:db8:0:2::1")]);
  assert.match(ip("-6", "addr", "show", "dev", "lan0", "to", "2001:db8:0:1::1"), /valid_lft forever/, "its lifetime is its owner's");
  apply([]);
  assert.deepEqual(addresses(), before);
});

story("routes that others set stay: the same prefix by hand, with another protocol, or as costly as ours", ({ apply, ip, routes }) => {
  const foreign = [
    ["unreachable", "2001:db8::/56", "metric", "1024"],
    ["unreachable", "2001:db8::/56", "metric", "3000", "proto", "dhcp"],
    ["2001:db8:1::/56", "dev", "lan1", "metric", "2048", "proto", "static"],
    ["2001:db8:2::/56", "dev", "lan1", "metric", "1024", "proto", "dhcp"],
    ["blackhole", "2001:db8:3::/56", "metric", "1024", "proto", "dhcp"],
    ["prohibit", "2001:db8:4::/56", "metric", "2048", "proto", "static"],
  ];
  for (const route of foreign) ip("-6", "route", "add", ...route);
  const before = routes();
  assert.equal(before.length, foreign.length);
  assert.throws(
    () => apply([], ["2001:db8::/56", "2001:db8:1::/56", "2001:db8:2::/56"]),
    (error) => error instanceof KernelError && error.errno === 17,
    "the place of another route is not taken, and that is said",
  );
  assert.deepEqual(routes(), [...before, "unreachable 2001:db8:2::/56 2048 dhcp", "unreachable 2001:db8::/56 2048 dhcp"].sort());
  apply([]);
  assert.deepEqual(routes(), before);
});

story("B20: an unreachable ::/0 that somebody left with our mark goes without the default route beside it", ({ apply, ip, routes }) => {
  ip("addr", "add", "2001:db8:0:1::1/64", "dev", "lan0", "nodad");
  ip("-6", "route", "add", "default", "via", "2001:db8:0:1::ff", "dev", "lan0", "metric", "2048", "proto", "dhcp");
  ip("-6", "route", "append", "unreachable", "default", "metric", "2048", "proto", "dhcp");
  ip("-6", "route", "add", "default", "via", "2001:db8:0:1::fe", "dev", "lan0", "metric", "512", "proto", "ra");
  apply([], ["2001:db8::/56"]);
  apply([]);
  const defaults = routes().filter((route) => route.includes("default"));
  assert.ok(defaults.includes("unicast default 2048 dhcp"), defaults.join("\n"));
  assert.ok(defaults.includes("unicast default 512 ra"), defaults.join("\n"));
});

story("B20: what one uplink's prefix becomes is nothing to the addresses and routes of another's", async ({ here, apply, addresses, routes }) => {
  const other = [address("2001:db8:a:1::1"), { ...address("2001:db8:a:2::1"), preferredSeconds: 0 }];
  apply([...other, address("2001:db8:b:1::1")], ["2001:db8:a::/56", "2001:db8:b::/56"]);
  const news = await told(here, () => {
    apply([...other, address("2001:db8:c:1::1")], ["2001:db8:a::/56", aggregate("2001:db8:c::/56", "prohibit")]);
    apply([address("2001:db8:c:1::1"), ...other], ["2001:db8:a::/56"]);
    apply(other, ["2001:db8:a::/56"]);
  });
  assert.match(news, /Deleted[^\n]*2001:db8:c:1:/, "the monitor saw what happened");
  assert.doesNotMatch(news, /Deleted[^\n]*2001:db8:a:/);
  assert.deepEqual([addresses(), routes()], [["2001:db8:a:1::1/64", "2001:db8:a:2::1/64"], ["unreachable 2001:db8:a::/56 2048 dhcp"]]);
});

story(
  "the uplink's own address is no prefix: it is on no link, and it is kept while its lifetimes change",
  async ({ here, apply, ip, addresses }) => {
    const own = { ...address("2001:db8:ffff::77"), prefixLength: 128 };
    apply([own]);
    const news = await told(here, () => {
      for (const [preferredSeconds, validSeconds] of [
        [400, 700],
        [0, 600],
        [0, 500],
        [0xffffffff, 0xffffffff],
        [400, 700],
        [0, 600],
      ] as const)
        apply([{ ...own, preferredSeconds, validSeconds }]);
      apply([{ ...own, preferredSeconds: 0 }, address("2001:db8:0:7::1")]);
    });
    assert.match(news, /2001:db8:0:7::1/, "the monitor saw what happened");
    assert.doesNotMatch(news, /Deleted/);
    assert.deepEqual(addresses(), ["2001:db8:0:7::1/64", "2001:db8:ffff::77/128"]);
    const shown = ip("-6", "addr", "show", "dev", "lan0", "to", "2001:db8:ffff::77");
    assert.match(shown, /noprefixroute.*\n.*valid_lft 600sec preferred_lft 0sec/);
    assert.match(shown, /deprecated/);
    assert.doesNotMatch(shown, /nodad/, "somebody else may have it");
    assert.doesNotMatch(ip("-6", "route", "show", "dev", "lan0"), /2001:db8:ffff/);
  },
);

for (const route of ["blackhole", "prohibit"] as const)
  story(`another kind of route takes the place of the unreachable one at once: ${route}`, async ({ here, apply, ip, routes }) => {
    apply([], ["2001:db8::/56", "2001:db8:1::/56"]);
    const news = await told(here, () => apply([], [aggregate("2001:db8::/56", route), "2001:db8:1::/56"]));
    assert.match(news, new RegExp(`${route} 2001:db8::/56`));
    assert.doesNotMatch(news, /Deleted/, "for a moment packets would have gone back to the provider");
    assert.deepEqual(routes(), [`${route} 2001:db8::/56 2048 dhcp`, "unreachable 2001:db8:1::/56 2048 dhcp"]);
    assert.throws(() => ip("-6", "route", "get", "2001:db8::5"), route === "blackhole" ? /Invalid argument/ : /Permission denied/);
    apply([], ["2001:db8:1::/56"]);
    assert.deepEqual(routes(), ["unreachable 2001:db8:1::/56 2048 dhcp"]);
    apply([]);
    assert.deepEqual(routes(), []);
  });

story("a change of kind leaves another program's route of the same cost where it is", ({ apply, ip, routes }) => {
  apply([], ["2001:db8::/56"]);
  ip("-6", "route", "append", "2001:db8::/56", "dev", "lan1", "metric", "2048", "proto", "static");
  const foreign = "unicast 2001:db8::/56 2048 static";
  assert.deepEqual(routes(), [foreign, "unreachable 2001:db8::/56 2048 dhcp"]);
  assert.throws(
    () => apply([], [aggregate("2001:db8::/56", "blackhole")]),
    (error) => error instanceof KernelError && error.errno === 17,
  );
  assert.deepEqual(routes(), [foreign, "unreachable 2001:db8::/56 2048 dhcp"], "and ours of the old kind, rather than none");
});

story("a delegated prefix in use is reached over its link, and the rest of it nowhere", ({ apply, ip }) => {
  apply([address("2001:db8:0:1::1")], ["2001:db8::/56"]);
  assert.match(ip("-6", "route", "get", "2001:db8:0:1::5"), /dev lan0/);
  assert.throws(() => ip("-6", "route", "get", "2001:db8:0:2::5"), /unreachable|No route/i);
});

story("links that vanish in between are forgiven, and the rest of the plan is carried out", ({ apply, ip, lan, addresses, routes }) => {
  apply([address("2001:db8:0:1::1")]);
  const other = (JSON.parse(ip("-j", "link", "show", "lan1")) as readonly { readonly ifindex: number }[])[0]?.ifindex ?? 0;
  ip("link", "del", "lan0");
  apply(
    [
      { ...address("2001:db8:0:1::1"), link: lan },
      { ...address("2001:db8:0:2::1"), link: other, name: "lan1" },
    ],
    ["2001:db8::/56"],
  );
  assert.deepEqual(addresses(), ["2001:db8:0:2::1/64"]);
  assert.deepEqual(routes(), ["unreachable 2001:db8::/56 2048 dhcp"]);
});
