/** What a lease means for the kernel, read back with `ip -j` (clients.md's cases of addresses and routes). */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import type { Ipv4Address, Ipv4Prefix } from "../../src/base/ipv4.ts";
import { KernelNetwork } from "../../src/platform/netlink/kernel-network.ts";
import type { UplinkAddress } from "../../src/ports/kernel.ts";
import { UplinkObjects } from "../../src/roles/main/uplink-kernel.ts";
import { needsRoot, withNamespaces } from "../support/namespace.ts";

type Route = {
  readonly dst: string;
  readonly gateway?: string;
  readonly metric?: number;
  readonly protocol: string;
  readonly flags: readonly string[];
  readonly prefsrc?: string;
};
type Held = { readonly local: string; readonly prefixlen: number; readonly valid_life_time: number };
type Uplink = {
  readonly configure: (wanted: Partial<UplinkAddress>) => void;
  readonly deconfigure: () => void;
  readonly routes: () => readonly Route[];
  readonly addresses: () => readonly Held[];
};

const LEASE: UplinkAddress = { address: ip("192.0.2.10"), prefixLength: 24, validSeconds: 600, routes: [], mtuBytes: 0 };
function ip(text: string): Ipv4Address {
  return text as Ipv4Address;
}
function via(destination: string, gateway: string): UplinkAddress["routes"][number] {
  return { destination: destination as Ipv4Prefix, gateway: ip(gateway) };
}

function story(name: string, tell: (uplink: Uplink) => void): void {
  test(name, needsRoot, () =>
    withNamespaces(["here"], async ({ here }) => {
      const ipTool = (...args: readonly string[]): string => execFileSync("ip", ["-n", here.name, ...args], { encoding: "utf8" });
      ipTool("link", "add", "wan0", "type", "veth", "peer", "name", "p0");
      for (const link of ["wan0", "p0"]) ipTool("link", "set", link, "up");
      const network = here.inside(() => new KernelNetwork());
      const index = network.link("wan0")?.index ?? 0;
      const objects = new UplinkObjects(network);
      tell({
        configure: (wanted) => objects.configure(index, { ...LEASE, ...wanted }),
        deconfigure: () => objects.deconfigure(index),
        routes: () => (JSON.parse(ipTool("-j", "-4", "route")) as readonly Route[]).filter(({ protocol }) => protocol === "dhcp"),
        addresses: () =>
          (JSON.parse(ipTool("-j", "-4", "addr", "show", "dev", "wan0")) as readonly { readonly addr_info?: readonly Held[] }[])[0]?.addr_info ?? [],
      });
    }),
  );
}

story("the address has the lease's lifetime, and each renewal writes it anew", ({ configure, addresses }) => {
  configure({});
  assert.deepEqual([addresses()[0]?.local, addresses()[0]?.prefixlen, addresses()[0]?.valid_life_time], ["192.0.2.10", 24, 600]);
  configure({ validSeconds: 1200 });
  assert.deepEqual(
    addresses().map((one) => one.valid_life_time),
    [1200],
  );
});
story("B36: of several routers the first is preferred, and no two routes have equal cost", ({ configure, routes }) => {
  configure({ routes: [via("0.0.0.0/0", "192.0.2.1"), via("0.0.0.0/0", "192.0.2.2"), via("0.0.0.0/0", "192.0.2.3")] });
  const defaults = routes().filter(({ dst }) => dst === "default");
  assert.deepEqual(
    defaults.map(({ gateway, metric }) => [gateway, metric]),
    [
      ["192.0.2.1", 1024],
      ["192.0.2.2", 1025],
      ["192.0.2.3", 1026],
    ],
  );
  assert.ok(defaults.every(({ prefsrc }) => prefsrc === "192.0.2.10"));
});
story("a /32 lease with a gateway outside its subnet works", ({ configure, routes }) => {
  configure({ prefixLength: 32, routes: [via("0.0.0.0/0", "198.51.100.1")] });
  assert.deepEqual(
    routes().map(({ dst, gateway, flags }) => [dst, gateway, flags.includes("onlink")]),
    [["default", "198.51.100.1", true]],
  );
});
story("a gateway of 0.0.0.0 means the link itself (RFC 3442)", ({ configure, routes }) => {
  configure({ routes: [via("203.0.113.0/24", "0.0.0.0")] });
  assert.deepEqual(
    routes().map(({ dst, gateway }) => [dst, gateway]),
    [["203.0.113.0/24", undefined]],
  );
});
story("a renewal that changes routes removes those that vanished and adds the new ones", ({ configure, routes }) => {
  configure({ routes: [via("0.0.0.0/0", "192.0.2.1"), via("203.0.113.0/24", "192.0.2.2")] });
  configure({ routes: [via("0.0.0.0/0", "192.0.2.9"), via("198.51.100.0/24", "192.0.2.2")] });
  assert.deepEqual(
    routes()
      .map(({ dst, gateway }) => `${dst} ${gateway}`)
      .sort(),
    ["198.51.100.0/24 192.0.2.2", "default 192.0.2.9"],
  );
});
story("B1, B40: another address replaces the one before", ({ configure, addresses, routes }) => {
  configure({ routes: [via("0.0.0.0/0", "192.0.2.1")] });
  configure({ address: ip("192.0.2.77"), routes: [via("0.0.0.0/0", "192.0.2.1")] });
  assert.deepEqual(
    addresses().map(({ local }) => local),
    ["192.0.2.77"],
  );
  assert.deepEqual(
    routes().map(({ prefsrc }) => prefsrc),
    ["192.0.2.77"],
  );
});
story("another prefix length for the same address replaces it", ({ configure, addresses }) => {
  configure({});
  configure({ prefixLength: 25 });
  assert.deepEqual(
    addresses().map(({ prefixlen }) => prefixlen),
    [25],
  );
});
story("deconfigured, nothing of ours is left, and doing it again is no error", ({ configure, deconfigure, addresses, routes }) => {
  configure({ routes: [via("0.0.0.0/0", "192.0.2.1"), via("203.0.113.0/24", "192.0.2.2")] });
  deconfigure();
  deconfigure();
  assert.deepEqual([addresses(), routes()], [[], []]);
});
