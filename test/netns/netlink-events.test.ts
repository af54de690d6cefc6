/** The event socket that main opens and a role without rights reads. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Reader, Writer } from "../../src/base/cursor.ts";
import { toHex } from "../../src/base/hex.ts";
import { parseIpv6 } from "../../src/base/ipv6.ts";
import { check, native } from "../../src/platform/native.ts";
import { EventSocket } from "../../src/platform/netlink/event-socket.ts";
import { KernelNetwork } from "../../src/platform/netlink/kernel-network.ts";
import { openMonitor } from "../../src/platform/netlink/monitor.ts";
import { openNetlink } from "../../src/platform/netlink/socket.ts";
import type { InterfaceAddress } from "../../src/wire/netlink/address.ts";
import { eventMessage, readEvents, type RouteEvent } from "../../src/wire/netlink/events.ts";
import { type Link, mergeLink } from "../../src/wire/netlink/link.ts";
import { encodeRequest } from "../../src/wire/netlink/message.ts";
import { GROUP } from "../../src/wire/netlink/numbers.ts";
import { delLink, dumpAddresses, dumpLinks, dumpRoutes, newAddress, setLink } from "../../src/wire/netlink/requests.ts";
import { type Namespace, needsRoot, Running, waitFor, withNamespaces } from "../support/namespace.ts";

const ALL = Object.values(GROUP);
const CHILD = fileURLToPath(new URL("change-over-descriptor.ts", import.meta.url));

test("events of links, addresses and routes arrive in the order they happened", needsRoot, () =>
  withNamespaces(["here", "there"], async ({ here, there }) => {
    await here.sysctl("net.ipv6.conf.default.disable_ipv6", 1);
    const heard = listen(here, ALL);
    await here.ip("link", "add", "wan0", "type", "veth", "peer", "name", "lan0", "netns", there.name);
    await there.ip("link", "set", "lan0", "up");
    await here.ip("link", "set", "wan0", "up");
    await here.ip("addr", "add", "192.0.2.2/24", "dev", "wan0");
    await here.ip("route", "add", "198.51.100.0/24", "via", "192.0.2.1");
    await here.ip("route", "add", "blackhole", "203.0.113.0/24");
    await here.ip("addr", "del", "192.0.2.2/24", "dev", "wan0");
    await here.ip("link", "del", "wan0");
    await waitFor(
      (see) => {
        see(heard.lines);
        return heard.lines.includes("linkGone wan0 down");
      },
      3000,
      "the end of the story",
    );
    const story = [
      "link wan0 down",
      "link wan0 up",
      "address 192.0.2.2",
      "route 198.51.100.0/24",
      "route 203.0.113.0/24",
      "addressGone 192.0.2.2",
      "linkGone wan0 down",
    ];
    const places = story.map((line) => heard.lines.indexOf(line));
    assert.ok(
      places.every((place, i) => place > (places[i - 1] ?? -1)),
      `${story.join("; ")} in ${heard.lines.join("; ")}`,
    );
    assert.deepEqual(heard.refused, []);
    heard.socket.close();
  }),
);

test("lists asked for over the same socket come whole, one after the other, between the events", needsRoot, () =>
  withNamespaces(["here"], async ({ here }) => {
    await here.veth("d0", here, "q0");
    await here.ip("addr", "add", "192.0.2.2/24", "dev", "d0");
    const heard = listen(here, ALL);
    for (const request of [dumpLinks(), dumpAddresses(), dumpRoutes("ipv4"), dumpRoutes("ipv4"), dumpRoutes("ipv6"), dumpLinks()])
      heard.socket.list(request);
    heard.socket.listLinks();
    await waitFor(
      (see) => {
        see(heard.lines);
        return heard.lines.filter((line) => line === "link d0 up").length >= 2 && heard.lines.some((line) => line === "route ff00::/8");
      },
      3000,
      "all lists",
    );
    assert.ok(heard.lines.includes("address 192.0.2.2") && heard.lines.includes("route 192.0.2.0/24"));
    await delay(50);
    assert.equal(heard.lines.filter((line) => line === "link lo up").length, 2, "a list that waits already is not asked for twice");
    assert.equal(heard.lines.filter((line) => line === "route 192.0.2.0/24").length, 1);
    heard.socket.close();
  }),
);

test("too many events at once are an overrun, after which a list tells what is true", needsRoot, () =>
  withNamespaces(["here"], async ({ here }) => {
    await here.veth("d0", here, "q0");
    const fd = here.inside(() => openMonitor([GROUP.ipv6Address], { receiveBufferBytes: 4096 }));
    const network = here.inside(() => new KernelNetwork());
    const index = network.link("d0")?.index ?? 0;
    const address = (i: number): InterfaceAddress => ({
      family: "ipv6",
      interfaceIndex: index,
      address: parseIpv6(`2001:db8::${i.toString(16)}`) ?? assert.fail(),
      prefixLength: 64,
      flags: 2,
      scope: 0,
      protocol: 16,
      preferredSeconds: 100,
      validSeconds: 100,
    });
    for (let i = 1; i <= 500; i++) network.addAddress(address(i)); // nobody reads meanwhile
    for (let i = 1; i <= 250; i++) network.removeAddress(address(i));
    const held = new Set<string>();
    let overruns = 0;
    let list = 0;
    const socket: EventSocket = new EventSocket(fd, {
      onDatagram: (datagram) => {
        const heard = readEvents(datagram);
        if (heard.list !== undefined && heard.list.sequence !== list) {
          list = heard.list.sequence;
          held.clear();
        }
        for (const event of heard.events) {
          if (event.kind === "address" && event.address.protocol === 16) held.add(event.address.address);
          if (event.kind === "addressGone") held.delete(event.address.address);
        }
      },
      onOverrun: () => {
        overruns++;
        socket.list(dumpAddresses("ipv6"));
      },
    });
    const wanted = Array.from({ length: 250 }, (_, i) => address(i + 251).address).sort();
    await waitFor(
      (see) => {
        see({ overruns, held: held.size });
        return overruns > 0 && JSON.stringify([...held].sort()) === JSON.stringify(wanted);
      },
      5000,
      "the list after the overrun",
    );
    socket.close();
    network.close();
  }),
);

test("a bridge that speaks of its port takes neither the port's MAC address nor the port away", needsRoot, () =>
  withNamespaces(["here"], async ({ here }) => {
    await here.veth("p0", here, "q0");
    await here.ip("link", "set", "dev", "p0", "address", "02:00:5e:10:00:07");
    const heard = listen(here, [GROUP.link]);
    heard.socket.listLinks();
    await here.bridge("br0", ["p0"]);
    await here.ip("link", "set", "dev", "p0", "nomaster");
    await here.ip("link", "del", "br0");
    await waitFor(
      (see) => {
        see(heard.lines);
        return heard.lines.some((line) => line.startsWith("linkGone br0"));
      },
      3000,
      "the bridge is gone",
    );
    assert.ok(
      heard.events.some(({ kind }) => kind === "portGone"),
      "the bridge said that a port left",
    );
    const known = new Map<number, Link>();
    for (const event of heard.events) {
      if (event.kind === "link") known.set(event.link.index, mergeLink(known.get(event.link.index), event.link));
      if (event.kind === "linkGone") known.delete(event.link.index);
    }
    const port = [...known.values()].find(({ name }) => name === "p0");
    assert.deepEqual([port?.mac, port?.kind, port?.masterIndex], ["02:00:5e:10:00:07", "veth", undefined]);
    heard.socket.close();
  }),
);

test("what another process sends to the event socket is not heard", needsRoot, () =>
  withNamespaces(["here"], async ({ here }) => {
    const fd = here.inside(() => openMonitor([GROUP.link]));
    const name = new Uint8Array(12);
    check(native().getSockName(fd, name), "getsockname");
    const reader = new Reader(name);
    reader.skip(4);
    const to = new Writer();
    to.hostU16(16);
    to.zeros(2);
    to.hostU32(reader.hostU32());
    to.hostU32(0);
    const heard = hear(fd);
    const liar = here.inside(() => openNetlink([]));
    const forged: Link = {
      index: 1,
      family: 0,
      arpType: 772,
      up: false,
      running: false,
      lowerUp: false,
      loopback: true,
      pointToPoint: false,
      multicast: false,
      name: "forged",
    };
    check(native().sendTo(liar, encodeRequest(eventMessage({ kind: "linkGone", link: forged }), 1), to.take(), 0), "sendto");
    await here.ip("link", "set", "lo", "mtu", "4000");
    await waitFor(() => heard.lines.includes("link lo up"), 3000, "an event of the kernel");
    assert.deepEqual(
      heard.lines.filter((line) => line.includes("forged")),
      [],
    );
    native().close(liar);
    heard.socket.close();
  }),
);

test("a process without capabilities can ask over a socket that root opened, and change nothing", needsRoot, () =>
  withNamespaces(["here"], async ({ here }) => {
    const address: InterfaceAddress = {
      family: "ipv6",
      interfaceIndex: 1,
      address: parseIpv6("2001:db8::1") ?? assert.fail(),
      prefixLength: 128,
      flags: 0,
      scope: 0,
      protocol: 0,
      preferredSeconds: 100,
      validSeconds: 100,
    };
    const changes = [newAddress(address, "create"), setLink({ index: 1, up: false }), delLink({ index: 1 })];
    for (const request of changes) assert.deepEqual(await asStranger(here, encodeRequest(request, 1)), { uid: 65534, answers: [["error", 1]] });
    assert.deepEqual(await asStranger(here, encodeRequest(dumpLinks(), 1)), { uid: 65534, answers: [["data"], ["done", 0]] });
    const network = here.inside(() => new KernelNetwork());
    assert.equal(
      network.addresses("ipv6").some(({ address: held }) => held === address.address),
      false,
    );
    // The same child with root's rights: what it tried would have worked.
    assert.deepEqual(await over(here, [process.execPath], encodeRequest(newAddress(address, "create"), 1)), { uid: 0, answers: [["error", 0]] });
    assert.equal(
      network.addresses("ipv6").some(({ address: held }) => held === address.address),
      true,
    );
    network.close();
  }),
);

type Listening = { readonly socket: EventSocket; readonly events: RouteEvent[]; readonly lines: string[]; readonly refused: string[] };

function listen(ns: Namespace, groups: readonly number[]): Listening {
  return hear(ns.inside(() => openMonitor(groups)));
}

function hear(fd: number): Listening {
  const events: RouteEvent[] = [];
  const lines: string[] = [];
  const refused: string[] = [];
  const onDatagram = (datagram: Uint8Array): void => {
    const heard = readEvents(datagram);
    events.push(...heard.events);
    lines.push(...heard.events.map(lineOf));
    refused.push(...heard.refused.map(({ message }) => message));
  };
  return { socket: new EventSocket(fd, { onDatagram, onOverrun: () => lines.push("overrun") }), events, lines, refused };
}

function lineOf(event: RouteEvent): string {
  if ("link" in event) return `${event.kind} ${event.link.name} ${event.link.up ? "up" : "down"}`;
  if ("address" in event) return `${event.kind} ${event.address.address}`;
  return "route" in event ? `${event.kind} ${event.route.destination}` : `${event.kind} ${event.neighbour.address}`;
}

function asStranger(ns: Namespace, datagram: Uint8Array): Promise<unknown> {
  const drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"];
  return over(ns, [...drop, process.execPath], datagram);
}

/** A child sends the datagram over a monitor socket opened here, and tells what came back. */
async function over(ns: Namespace, [command = "", ...args]: readonly string[], datagram: Uint8Array): Promise<unknown> {
  const fd = ns.inside(() => openMonitor([]));
  const child = new Running(spawn(command, [...args, "--import", "tsx", CHILD, toHex(datagram)], { stdio: ["ignore", "pipe", "pipe", fd] }));
  const { code } = await child.exited;
  native().close(fd);
  assert.equal(code, 0, child.stderr);
  return JSON.parse(child.stdout);
}
