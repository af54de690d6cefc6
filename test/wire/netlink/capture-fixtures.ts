/**
 * Writes fixtures/netlink anew from the running kernel, as root: node --import tsx test/wire/netlink/capture-fixtures.ts
 * Each NAME.hex is what the kernel sent, NAME.json what we read in it: look at the difference before committing it.
 */
import { writeFileSync } from "node:fs";
import { release } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { decodeAll } from "../../../src/base/codec.ts";
import { toHex } from "../../../src/base/hex.ts";
import { parseIpv4, parseIpv4Prefix } from "../../../src/base/ipv4.ts";
import { native } from "../../../src/platform/native.ts";
import { openMonitor } from "../../../src/platform/netlink/monitor.ts";
import { NetlinkReceiver, openNetlink } from "../../../src/platform/netlink/socket.ts";
import { encodeRequest, netlinkDatagram, type NetlinkRequest } from "../../../src/wire/netlink/message.ts";
import { GROUP } from "../../../src/wire/netlink/numbers.ts";
import { dumpAddresses, newRoute, setLink } from "../../../src/wire/netlink/requests.ts";
import { routeWith } from "../../../src/wire/netlink/route.ts";
import { type Namespace, withNamespaces } from "../../support/namespace.ts";
import { eventsOf, messagesOf } from "./fixtures.ts";

const FOLDER = new URL("../../../fixtures/netlink/", import.meta.url);

await withNamespaces(["here", "there"], async ({ here, there }) => {
  await here.sysctl("net.ipv6.conf.default.disable_ipv6", 1);
  await here.ip("link", "add", "wan0", "address", "02:00:5e:10:00:01", "type", "veth", "peer", "name", "lan0", "netns", there.name);
  await there.ip("link", "set", "lan0", "up");
  await events(here, "link-up", [GROUP.link], "ip link set wan0 up");
  await here.sysctl("net.ipv6.conf.wan0.disable_ipv6", 0);
  await delay(2200); // duplicate address detection of the link-local address
  await events(
    here,
    "address4",
    [GROUP.ipv4Address],
    "ip addr add 192.0.2.2/24 brd + dev wan0 valid_lft 3600 preferred_lft 1800 noprefixroute",
    "ip addr del 192.0.2.2/24 dev wan0",
  );
  await events(here, "address4-peer", [GROUP.ipv4Address], "ip addr add 192.0.2.2 peer 192.0.2.1/32 dev wan0");
  await events(
    here,
    "address6",
    [GROUP.ipv6Address],
    "ip addr add 2001:db8::2/64 dev wan0 valid_lft 3600 preferred_lft 1800 noprefixroute nodad",
    "ip addr add 2001:db8:1::2 peer 2001:db8:1::1/128 dev wan0 nodad",
  );
  await here.ip("-6", "route", "add", "2001:db8::/64", "dev", "wan0");
  await events(
    here,
    "route4",
    [GROUP.ipv4Route],
    "ip route add 198.51.100.0/24 via 192.0.2.1 dev wan0 proto dhcp metric 1024 src 192.0.2.2 mtu 1400",
    "ip route add default via 203.0.113.1 dev wan0 onlink proto dhcp table 1000",
    "ip route add blackhole 10.0.0.0/8",
    "ip route del blackhole 10.0.0.0/8",
  );
  await events(here, "route4-via6", [GROUP.ipv4Route], "ip route add 100.64.0.0/10 via inet6 2001:db8::1 dev wan0");
  await events(
    here,
    "route-multipath",
    [GROUP.ipv4Route, GROUP.ipv6Route],
    "ip route add 203.0.113.0/24 nexthop via 192.0.2.1 dev wan0 nexthop via 192.0.2.7 dev wan0 onlink",
    "ip route add 2001:db8:ffff::/48 nexthop via 2001:db8::1 dev wan0 nexthop via 2001:db8::3 dev wan0",
  );
  await events(
    here,
    "route6",
    [GROUP.ipv6Route],
    "ip route add 2001:db8:1200::/56 via 2001:db8::1 dev wan0 proto dhcp metric 1024",
    "ip route add unreachable 2001:db8:3400::/40 proto dhcp metric 2048 dev lo",
    "ip route add default from 2001:db8:1200::/56 via 2001:db8::1 dev wan0",
  );
  await events(
    here,
    "neighbour",
    [GROUP.neighbour],
    "ip neigh add 192.0.2.1 lladdr 02:00:5e:10:00:02 dev wan0 nud reachable",
    "ip neigh add 2001:db8::1 lladdr 02:00:5e:10:00:02 dev wan0 nud permanent router",
    "ip neigh del 192.0.2.1 dev wan0",
  );
  await here.bridge("br0", ["wan0"]);
  await events(here, "bridge-port-gone", [GROUP.link], "ip link set wan0 nomaster");
  await events(here, "link-gone", [GROUP.link], "ip link set wan0 down; ip link del wan0");
  answers(here, "dump-addresses", "RTM_GETADDR for all families, as ip addr sends it, strict checking on", dumpAddresses());
  const lost = routeWith({ family: "ipv4", destination: sure(parseIpv4Prefix("198.51.100.0/24")), gateway: sure(parseIpv4("203.0.113.1")) });
  answers(here, "error-words", "ip route add 198.51.100.0/24 via 203.0.113.1, which nobody can reach", newRoute(lost, "create"));
  answers(here, "acknowledgement", "ip link set lo up", setLink({ index: 1, up: true }));
});

async function events(ns: Namespace, name: string, groups: readonly number[], ...commands: readonly string[]): Promise<void> {
  const fd = ns.inside(() => openMonitor(groups));
  for (const command of commands) await ns.exec("sh", "-c", command);
  await delay(150);
  const datagrams = received(fd);
  save(name, commands.join("; "), datagrams, datagrams.map(eventsOf));
}

function answers(ns: Namespace, name: string, what: string, request: NetlinkRequest): void {
  const fd = ns.inside(() => openNetlink([]));
  native().sendTo(fd, encodeRequest(request, 7), undefined, 0);
  const datagrams = received(fd);
  save(
    name,
    what,
    datagrams,
    datagrams.map((datagram) => messagesOf(decodeAll(netlinkDatagram, datagram))),
  );
}

function received(fd: number): readonly Uint8Array[] {
  const receiver = new NetlinkReceiver(fd);
  const all: Uint8Array[] = [];
  for (let datagram = receiver.next(); typeof datagram !== "number"; datagram = receiver.next()) all.push(datagram.slice());
  native().close(fd);
  return all;
}

function save(name: string, cause: string, datagrams: readonly Uint8Array[], values: unknown): void {
  const kernel = release().replace(/-.*/, "");
  const parts = datagrams.map((bytes, i) => `# datagram ${i + 1}, ${bytes.length} bytes\n${rows(bytes)}\n`);
  writeFileSync(new URL(`${name}.hex`, FOLDER), `# Linux ${kernel}, ${process.arch}. Caused by: ${cause}\n${parts.join("")}`);
  writeFileSync(new URL(`${name}.json`, FOLDER), `${JSON.stringify(values, undefined, 2)}\n`);
}

function rows(bytes: Uint8Array): string {
  return (toHex(bytes).match(/.{1,64}/g) ?? []).map((row) => `  ${(row.match(/.{1,8}/g) ?? []).join(" ")}`).join("\n");
}

function sure<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("not an address");
  return value;
}
