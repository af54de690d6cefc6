/** Our routes against iproute2: what we write it reads, what it writes we read. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { TABLE } from "../../src/wire/netlink/numbers.ts";
import { type Ipv4Route, type Ipv6Route, routeWith } from "../../src/wire/netlink/route.ts";
import { needsRoot } from "../support/namespace.ts";
import { find, isErrno, p4, p6, pick, shownRoutes, v4, v6, wired } from "../support/wired.ts";

test("routes by DHCP with metric, source, MTU, table and a gateway beyond the subnet are what ip shows", needsRoot, () =>
  wired(async ({ here, network, wan }) => {
    await here.address("wan0", "192.0.2.2/24");
    await here.address("wan0", "2001:db8::2/64");
    network.addRoute(
      routeWith<Ipv4Route>({
        family: "ipv4",
        destination: p4("0.0.0.0/0"),
        outInterface: wan,
        gateway: v4("192.0.2.1"),
        metric: 1024,
        preferredSource: v4("192.0.2.2"),
        mtu: 1400,
      }),
    );
    network.addRoute(
      routeWith<Ipv4Route>({
        family: "ipv4",
        destination: p4("198.51.100.0/24"),
        outInterface: wan,
        gateway: v4("203.0.113.1"),
        onlink: true,
        metric: 5,
      }),
    );
    network.addRoute(routeWith<Ipv4Route>({ family: "ipv4", destination: p4("100.64.0.0/10"), outInterface: wan, metric: 6 }));
    network.addRoute(
      routeWith<Ipv4Route>({ family: "ipv4", destination: p4("10.0.0.0/8"), outInterface: wan, gateway: v4("192.0.2.1"), table: 1000 }),
    );
    network.addRoute(
      routeWith<Ipv6Route>({ family: "ipv6", destination: p6("2001:db8:1200::/56"), outInterface: wan, gateway: v6("2001:db8::1"), metric: 1024 }),
    );
    const shown = await shownRoutes(here, "-4");
    assert.deepEqual(find(shown, "default"), {
      dst: "default",
      gateway: "192.0.2.1",
      dev: "wan0",
      protocol: "dhcp",
      prefsrc: "192.0.2.2",
      metric: 1024,
      flags: [],
      metrics: [{ mtu: 1400 }],
    });
    assert.deepEqual(find(shown, "198.51.100.0/24"), {
      dst: "198.51.100.0/24",
      gateway: "203.0.113.1",
      dev: "wan0",
      protocol: "dhcp",
      metric: 5,
      flags: ["onlink"],
    });
    assert.deepEqual(find(shown, "100.64.0.0/10"), { dst: "100.64.0.0/10", dev: "wan0", protocol: "dhcp", scope: "link", metric: 6, flags: [] });
    assert.equal(find(await shownRoutes(here, "-4", "table", "1000"), "10.0.0.0/8")?.["gateway"], "192.0.2.1");
    assert.deepEqual(pick(find(await shownRoutes(here, "-6"), "2001:db8:1200::/56"), ["gateway", "protocol", "metric"]), {
      gateway: "2001:db8::1",
      protocol: "dhcp",
      metric: 1024,
    });

    const ours = network.routes().filter(({ protocol }) => protocol === 16);
    assert.equal(ours.length, 5);
    for (const route of ours) network.removeRoute(route);
    assert.deepEqual(
      (await shownRoutes(here, "-4", "table", "all")).filter(({ protocol }) => protocol === "dhcp"),
      [],
    );
    assert.deepEqual(
      (await shownRoutes(here, "-6")).filter(({ protocol }) => protocol === "dhcp"),
      [],
    );
  }),
);

test("an unreachable route comes and goes without touching the default route, though the kernel compares no types", needsRoot, () =>
  wired(async ({ here, network, wan }) => {
    await here.address("wan0", "2001:db8::2/64");
    network.addRoute(routeWith<Ipv6Route>({ family: "ipv6", destination: p6("::/0"), outInterface: wan, gateway: v6("2001:db8::1"), metric: 1024 }));
    const types = ["unreachable", "blackhole", "prohibit"] as const;
    for (const [i, type] of types.entries())
      network.addRoute(routeWith<Ipv6Route>({ family: "ipv6", destination: p6(`2001:db8:${i + 1}00::/40`), type, metric: 2048 }));
    const refusing = routeWith<Ipv6Route>({ family: "ipv6", destination: p6("::/0"), type: "unreachable", metric: 2048 });
    network.addRoute(refusing);
    const shown = await shownRoutes(here, "-6");
    for (const [i, type] of types.entries())
      assert.deepEqual(pick(find(shown, `2001:db8:${i + 1}00::/40`), ["type", "protocol", "metric"]), { type, protocol: "dhcp", metric: 2048 });
    assert.deepEqual(
      network
        .routes("ipv6")
        .filter(({ table, type }) => table === TABLE.main && type !== "unicast")
        .map(({ type }) => type)
        .sort(),
      ["blackhole", "prohibit", "unreachable", "unreachable"],
    );
    network.removeRoute({ ...refusing, metric: 0 });
    assert.throws(() => network.removeRoute({ ...refusing, metric: 0 }), isErrno(3));
    assert.equal(find(await shownRoutes(here, "-6"), "default")?.["gateway"], "2001:db8::1");
  }),
);

test("a dump of thousands of routes is whole, also while others come and go", needsRoot, () =>
  wired(async ({ here, network, wan }) => {
    const routes = Array.from({ length: 4000 }, (_, i) =>
      routeWith<Ipv4Route>({ family: "ipv4", destination: p4(`10.${i >>> 8}.${i & 255}.0/24`), outInterface: wan }),
    );
    for (const route of routes) network.addRoute(route);
    const churn = here.spawn("sh", ["-c", "while :; do ip route add 172.16.0.0/16 dev wan0; ip route del 172.16.0.0/16; done"]);
    const wanted = new Set<string>(routes.map(({ destination }) => destination));
    for (let i = 0; i < 20; i++) {
      const read = new Set<string>(network.routes("ipv4").map(({ destination }) => destination));
      assert.deepEqual(
        [...wanted].filter((destination) => !read.has(destination)),
        [],
      );
    }
    assert.ok(churn.running);
  }),
);
