/** Our netlink against iproute2: what we write it reads, what it writes we read. */
import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { test } from "node:test";
import { KernelError } from "../../src/base/errors.ts";
import { parseMac } from "../../src/base/mac.ts";
import { KernelNetwork } from "../../src/platform/netlink/kernel-network.ts";
import type { InterfaceAddress } from "../../src/wire/netlink/address.ts";
import { IFA_F } from "../../src/wire/netlink/numbers.ts";
import { type Ipv4Route, routeWith } from "../../src/wire/netlink/route.ts";
import { needsRoot, withNamespaces } from "../support/namespace.ts";
import { isErrno, type Json, p4, pick, routeCount, shownAddress, shownLink, shownRoutes, sure, v4, v6, wired, young } from "../support/wired.ts";

test("IPv4 and IPv6 addresses with lifetimes are what ip shows", needsRoot, () =>
  wired(async ({ here, network, wan }) => {
    const lease: InterfaceAddress = {
      family: "ipv4",
      interfaceIndex: wan,
      address: v4("192.0.2.2"),
      prefixLength: 24,
      broadcast: v4("192.0.2.255"),
      flags: IFA_F.noPrefixRoute,
      scope: 0,
      protocol: 16,
      preferredSeconds: 1800,
      validSeconds: 3600,
    };
    const inner: InterfaceAddress = {
      family: "ipv6",
      interfaceIndex: wan,
      address: v6("2001:db8:1200::1"),
      prefixLength: 64,
      flags: IFA_F.noPrefixRoute | IFA_F.noDad,
      scope: 0,
      protocol: 16,
      preferredSeconds: 600,
      validSeconds: 1200,
    };
    network.addAddress(lease);
    network.addAddress(inner);
    const shown4 = await shownAddress(here, "192.0.2.2");
    const seconds4 = { valid_life_time: 3600, preferred_life_time: 1800 };
    assert.deepEqual(
      young(pick(shown4, ["prefixlen", "broadcast", "noprefixroute", "valid_life_time", "preferred_life_time", "dynamic"]), seconds4),
      {
        prefixlen: 24,
        broadcast: "192.0.2.255",
        noprefixroute: true,
        ...seconds4,
        dynamic: true,
      },
    );
    const shown6 = await shownAddress(here, "2001:db8:1200::1");
    const seconds6 = { valid_life_time: 1200, preferred_life_time: 600 };
    assert.deepEqual(young(pick(shown6, ["prefixlen", "noprefixroute", "nodad", "valid_life_time", "preferred_life_time"]), seconds6), {
      prefixlen: 64,
      noprefixroute: true,
      nodad: true,
      ...seconds6,
    });
    assert.equal(await routeCount(here, "192.0.2.0/24"), 0, "no prefix route was asked for");

    assert.throws(() => network.addAddress(lease), isErrno(17));
    network.replaceAddress({ ...lease, validSeconds: 7200, preferredSeconds: 0 });
    const old = pick(await shownAddress(here, "192.0.2.2"), ["valid_life_time", "preferred_life_time", "deprecated"]);
    assert.deepEqual(young(old, { valid_life_time: 7200 }), {
      valid_life_time: 7200,
      preferred_life_time: 0,
      deprecated: true,
    });

    const read = network.addresses().filter(({ protocol }) => protocol === 16);
    assert.deepEqual(
      read.map(({ address, preferredSeconds }) => ({
        address,
        ...young({ preferredSeconds }, { preferredSeconds: address === inner.address ? 600 : 0 }),
      })),
      [
        { address: "192.0.2.2", preferredSeconds: 0 },
        { address: "2001:db8:1200::1", preferredSeconds: 600 },
      ],
    );
    for (const address of read) network.removeAddress(address);
    assert.equal(await shownAddress(here, "192.0.2.2"), undefined);
    assert.equal(await shownAddress(here, "2001:db8:1200::1"), undefined);
    assert.throws(() => network.removeAddress(lease), isErrno(99));
  }),
);

test("an address for ever has no end in ip either, and a metric moves to the prefix route the kernel makes", needsRoot, () =>
  wired(async ({ here, network, wan }) => {
    const forever = 0xffffffff;
    network.replaceAddress({
      family: "ipv4",
      interfaceIndex: wan,
      address: v4("192.0.2.2"),
      prefixLength: 24,
      flags: 0,
      scope: 0,
      protocol: 0,
      preferredSeconds: forever,
      validSeconds: forever,
      routeMetric: 777,
    });
    const shown = await shownAddress(here, "192.0.2.2");
    assert.deepEqual(pick(shown, ["valid_life_time", "metric", "dynamic"]), { valid_life_time: forever, metric: 777 });
    assert.equal((await shownRoutes(here, "-4"))[0]?.["metric"], 777);
  }),
);

test("wires are made across namespaces, set up and down, moved, renumbered and removed", needsRoot, () =>
  withNamespaces(["here", "there"], async ({ here, there }) => {
    const network = here.inside(() => new KernelNetwork());
    const pid = await there.sleeper();
    const mac = sure(parseMac("02:00:5e:10:00:01"));
    network.createVeth({ name: "wan0", up: true, mtu: 1400 }, { name: "eth0", mac, namespace: { pid } });
    const [peer] = (await there.json("ip", "-j", "link", "show", "eth0")) as readonly Json[];
    assert.equal(peer?.["address"], mac);
    const wan = sure(network.link("wan0"));
    assert.deepEqual([wan.up, wan.mtu, wan.kind, wan.running], [true, 1400, "veth", false]);
    await there.ip("link", "set", "eth0", "up");
    assert.equal(network.link(wan.index)?.running, true);

    network.createLink({ name: "br0", kind: { name: "bridge" } });
    const bridge = sure(network.link("br0")).index;
    network.setLink({ index: wan.index, masterIndex: bridge, mac: sure(parseMac("02:00:5e:10:00:02")) });
    assert.deepEqual(pick(await shownLink(here, "wan0"), ["master", "address", "mtu"]), { master: "br0", address: "02:00:5e:10:00:02", mtu: 1400 });
    assert.equal(network.link("wan0")?.masterIndex, bridge);
    network.setLink({ index: wan.index, masterIndex: 0, up: false });
    assert.equal((await shownLink(here, "wan0"))?.["master"], undefined);
    assert.equal(network.link("wan0")?.up, false);

    network.removeLink(bridge);

    const namespace = openSync(there.path, "r");
    network.setLink({ index: wan.index, name: "moved", namespace: { fd: namespace } });
    closeSync(namespace);
    assert.ok(await shownLink(there, "moved"));
    assert.deepEqual(
      network.links().map(({ name }) => name),
      ["lo"],
    );
    await there.ip("link", "del", "moved");
    network.close();
  }),
);

test("a VRF is made with its table where the kernel has them, and refused with its words where ip is refused too", needsRoot, () =>
  wired(async ({ here, network }) => {
    const ip = await here.attempt("ip", "link", "add", "red", "type", "vrf", "table", "999");
    const make = (): void => network.createLink({ name: "blue", kind: { name: "vrf", table: 1000 } });
    if (ip.code !== 0) return assert.throws(make, isErrno(95));
    make();
    assert.deepEqual((sure(await shownLink(here, "blue"))["linkinfo"] as Json)["info_data"], { table: 1000 });
  }),
);

test("what ip wrote we read, among it neighbours and the way to an address", needsRoot, () =>
  wired(async ({ here, network, wan }) => {
    await here.ip("addr", "add", "192.0.2.2", "peer", "192.0.2.1/32", "dev", "wan0", "valid_lft", "300", "preferred_lft", "200");
    await here.ip("addr", "add", "2001:db8::2/64", "dev", "wan0", "nodad", "home");
    await here.ip(
      "route",
      "add",
      "203.0.113.0/24",
      "nexthop",
      "via",
      "192.0.2.1",
      "dev",
      "wan0",
      "nexthop",
      "via",
      "192.0.2.1",
      "dev",
      "wan0",
      "onlink",
    );
    await here.ip("neigh", "add", "192.0.2.1", "lladdr", "02:00:5e:10:00:09", "dev", "wan0", "nud", "permanent");
    await here.ip("neigh", "add", "2001:db8::1", "lladdr", "02:00:5e:10:00:09", "dev", "wan0", "nud", "permanent", "router");
    const [held] = network.addresses("ipv4").filter(({ interfaceIndex }) => interfaceIndex === wan);
    const seconds = { validSeconds: 300, preferredSeconds: 200 };
    assert.deepEqual(young(pick(held, ["address", "peer", "prefixLength", "validSeconds", "preferredSeconds", "label"]), seconds), {
      address: "192.0.2.2",
      peer: "192.0.2.1",
      prefixLength: 32,
      ...seconds,
      label: "wan0",
    });
    const shared = network.routes("ipv4").find(({ destination }) => destination === "203.0.113.0/24");
    assert.deepEqual(shared?.multipath, [
      { outInterface: wan, gateway: "192.0.2.1", onlink: false },
      { outInterface: wan, gateway: "192.0.2.1", onlink: true },
    ]);
    const permanent = network.neighbours().filter(({ state }) => state === "permanent");
    assert.deepEqual(
      permanent.map(({ address, mac, flags }) => [address, mac, flags]),
      [
        ["192.0.2.1", "02:00:5e:10:00:09", 0],
        ["2001:db8::1", "02:00:5e:10:00:09", 0x80],
      ],
    );
    assert.equal(network.routeTo(v6("2001:db8::77"))?.preferredSource, "2001:db8::2");
    assert.equal(network.routeTo(v4("203.0.113.9"))?.gateway, "192.0.2.1");
    assert.equal(network.routeTo(v4("8.8.8.8")), undefined);
    network.removeNeighbour(sure(permanent[0]));
    assert.equal(
      network.neighbours("ipv4").some(({ state }) => state === "permanent"),
      false,
    );
    network.setNeighbour({ family: "ipv6", interfaceIndex: wan, address: v6("2001:db8::3"), state: "none", flags: 8 });
    assert.match((await here.exec("ip", "-6", "neigh", "show", "proxy")).stdout, /^2001:db8::3 dev wan0/);
  }),
);

test("a refusal says in the kernel's words what is wrong, and the next question is answered", needsRoot, () =>
  wired(async ({ network, wan }) => {
    const lost = routeWith<Ipv4Route>({ family: "ipv4", destination: p4("198.51.100.0/24"), outInterface: wan, gateway: v4("203.0.113.1") });
    assert.throws(
      () => network.addRoute(lost),
      (error) =>
        error instanceof KernelError &&
        error.syscall === "RTM_NEWROUTE" &&
        error.errno === 101 &&
        /ENETUNREACH: Nexthop has invalid gateway/.test(error.message),
    );
    const long: InterfaceAddress = {
      family: "ipv6",
      interfaceIndex: wan,
      address: v6("2001:db8::1"),
      prefixLength: 64,
      flags: 0,
      scope: 0,
      protocol: 0,
      preferredSeconds: 20,
      validSeconds: 10,
    };
    assert.throws(
      () => network.addAddress(long),
      (error) => error instanceof KernelError && error.syscall === "RTM_NEWADDR" && error.errno === 22 && /EINVAL: .*lifetime/i.test(error.message),
    );
    assert.throws(() => network.setLink({ index: 4711, up: true }), isErrno(19));
    assert.equal(network.link(wan)?.name, "wan0");
    assert.equal(network.link("nowhere"), undefined);
    assert.equal(network.refused, 0);
  }),
);
