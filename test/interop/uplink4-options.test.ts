/** What a server says beside the address, and what the kernel and the host's programs make of it: with four servers, on the link and relayed. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { PrivateRoot } from "../support/private-root.ts";
import type { Running } from "../support/programs.ts";
import { type PeerName, PEERS, RESOLVER, type Server4Options } from "../support/uplink4-servers.ts";
import { isBound, isRenewed, soundlySent } from "../support/uplink4-stories.ts";
import {
  CONFIGURATION,
  inWorld4,
  type KernelAddress4,
  type KernelRoute4,
  type Place4,
  ROUTER,
  ROUTER_MAC,
  type World4,
} from "../support/uplink4-world.ts";
import { timesOf } from "../support/uplink4-wire.ts";
import { needsPeers } from "../support/unpacked.ts";

const WORLDS = 6;
const RELAYS = { Kea: "dnsmasq --dhcp-relay", "ISC dhcpd": "dhcrelay", udhcpd: "dhcrelay", dnsmasq: "dhcrelay" } as const;
const NAMES = Object.keys(PEERS) as readonly PeerName[];
const PLACES: readonly Place4[] = NAMES.flatMap((peer) => [
  { peer, relay: undefined },
  { peer, relay: RELAYS[peer] },
]);
/** On the access link, in nobody's subnet. */
const GATEWAY = "192.0.2.1";
const FAR_HOST = "198.51.100.1";
const DEFAULT_BY_GATEWAY = { destination: "0.0.0.0/0", gateway: GATEWAY };
const GATEWAY_ON_LINK = { destination: `${GATEWAY}/32`, gateway: "0.0.0.0" };
const MTU_BYTES = 1400;
const SEARCH = ["example.net", "lab.example.net"];

describe("uplink4", { concurrency: WORLDS }, () => {
  for (const place of PLACES) {
    told(place, "option 121 with a gateway outside the subnet: on-link, before option 3, and it carries traffic (RFC 3442)", async (world) => {
      await offSubnetGateway(world, { classlessRoutes: [DEFAULT_BY_GATEWAY] }, 24);
      const route = await defaultRoute(world);
      assert.deepEqual(route?.flags, ["onlink"]);
    });

    told(place, "a /32 lease: everything goes by the gateway that option 121 puts on the link (RFC 3442)", async (world) => {
      const address = await offSubnetGateway(world, { mask: "255.255.255.255", classlessRoutes: [GATEWAY_ON_LINK, DEFAULT_BY_GATEWAY] }, 32);
      const link = (await world.routes()).find(({ dst }) => dst === GATEWAY);
      assert.deepEqual([link?.protocol, link?.gateway], ["dhcp", undefined]);
      assert.equal((await world.routes()).length, 2, "and there is no subnet");
      if (place.peer !== "dnsmasq") await isRenewed(world, address);
    });

    told(place, "use_mtu: the routes get the server's MTU, the link keeps its own (option 26)", async (world) => {
      await world.serve({ mtuBytes: MTU_BYTES });
      await world.watch();
      await world.leasehold(`${CONFIGURATION}use_mtu = true\n`);
      await isBound(world);
      assert.deepEqual((await world.routes()).map(mtuOf), [MTU_BYTES, MTU_BYTES]);
      assert.equal(await linkMtu(world), 1500);
      await soundlySent(world);
    });

    told(place, "search domains and resolvers reach resolv.conf (options 6 and 119)", async (world) => {
      await world.serve({ searchDomains: SEARCH });
      await world.watch();
      const root = await resolving(world, '[system]\nresolver = "file"\n[uplink4.c0]\n');
      await isBound(world);
      await world.until("the resolvers in resolv.conf", () => linesOf(root).includes(`nameserver ${RESOLVER}`));
      assert.deepEqual(
        linesOf(root).filter((line) => !line.startsWith("#")),
        [`search ${SEARCH.join(" ")}`, `nameserver ${RESOLVER}`],
      );
      await soundlySent(world);
    });

    told(place, rapidCommitName(place), async (world) => {
      await world.serve({ rapidCommit: true });
      await world.watch();
      await world.leasehold(`${CONFIGURATION}rapid_commit = true\n`);
      await isBound(world);
      const seen = await world.messages();
      const types = PEERS[place.peer].rapidCommit ? ["discover", "ack"] : ["discover", "offer", "request", "ack"];
      assert.deepEqual(
        seen.slice(0, types.length).map(({ type }) => type),
        types,
      );
      assert.ok(seen[0]?.options.includes(80), "the DISCOVER offers it");
      assert.equal(seen[1]?.options.includes(80), PEERS[place.peer].rapidCommit);
      await soundlySent(world);
    });
  }

  told(PLACES[0], "an interface without hardware address is refused, with the reason; another one beside it is served", async (world) => {
    const { client } = world;
    const reader = await tunnel(world);
    await world.serve();
    const ours = await world.leasehold(`${CONFIGURATION}[uplink4.tun0]\n`);
    await isBound(world);
    assert.match(ours.log(), /"level":"warn".*"event":"linkWithoutHardwareAddress","interface":"tun0"/);
    assert.match(await ours.control("show"), /tun0 cannot be served: it has no hardware address/);
    assert.deepEqual(await client.json("ip", "-4", "-j", "route", "show", "dev", "tun0"), []);
    assert.doesNotMatch(reader.stdout, /^IPv4/m);
  });
});

describe("controls", { concurrency: WORLDS }, () => {
  told(PLACES[0], "control: a far host is not reached where the server names no gateway", async (world) => {
    await assert.rejects(offSubnetGateway(world, { router: undefined, classlessRoutes: [GATEWAY_ON_LINK] }, 24), /not within .*: a default route/);
  });

  told(PLACES[0], "control: without use_mtu, and from a server that says none, no route has an MTU", async (world) => {
    await world.serve({ mtuBytes: MTU_BYTES });
    await world.leasehold();
    await isBound(world);
    assert.deepEqual((await world.routes()).map(mtuOf), [undefined, undefined]);
  });

  told(PLACES[0], "control: resolv.conf stays without a search list when the server names none", async (world) => {
    await world.serve();
    const root = await resolving(world, '[system]\nresolver = "file"\n[uplink4.c0]\n');
    await isBound(world);
    await world.until("the resolvers in resolv.conf", () => linesOf(root).includes(`nameserver ${RESOLVER}`));
    assert.ok(!linesOf(root).some((line) => line.startsWith("search")));
  });

  told(
    PLACES.find(({ peer }) => peer === "dnsmasq"),
    "control: dnsmasq commits nothing to a client that does not ask (RFC 4039)",
    async (world) => {
      await world.serve({ rapidCommit: true });
      await world.watch();
      await world.leasehold();
      await isBound(world);
      const types = (await world.messages()).slice(0, 4).map(({ type }) => type);
      assert.deepEqual(types, ["discover", "offer", "request", "ack"]);
    },
  );

  told(PLACES[0], "control: what goes into a tunnel is seen", async (world) => {
    const { client } = world;
    const reader = await tunnel(world);
    await client.ip("addr", "add", "203.0.113.1/24", "dev", "tun0");
    await client.attempt("ping", "-n", "-c", "1", "-W", "1", "203.0.113.9");
    await world.until("a packet", () => /^IPv4/m.test(reader.stdout));
  });
});

/** tun0, and a program that has it open. */
async function tunnel(world: World4): Promise<Running> {
  await world.client.ip("tuntap", "add", "dev", "tun0", "mode", "tun");
  const reader = world.client.spawn("python3", ["-u", "-c", READS_TUN]);
  await world.until("the tunnel is read", () => reader.stdout.includes("reads"));
  await world.client.ip("link", "set", "dev", "tun0", "up");
  return reader;
}

/** Says what a tunnel is given: the version of each packet. */
const READS_TUN = `
import fcntl, os, struct
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH", b"tun0", 0x1001))
print("reads")
while True:
  print("IPv%d" % (os.read(tun, 2048)[0] >> 4))
`;

function told(place: Place4 | undefined, name: string, story: (world: World4) => Promise<void>): void {
  assert.ok(place !== undefined);
  const where = place.relay === undefined ? "" : ` behind ${place.relay}`;
  test(`${place.peer}${where}: ${name}`, needsPeers, () => inWorld4(place, story));
}

function rapidCommitName({ peer }: Place4): string {
  return PEERS[peer].rapidCommit
    ? "rapid commit: DISCOVER, ACK, and the address is there (RFC 4039)"
    : "rapid commit is asked for and not known here: four messages (RFC 4039)";
}

/** The lease is had, and a host far away answers by way of the gateway. */
async function offSubnetGateway(world: World4, options: Partial<Server4Options>, prefixLength: number): Promise<KernelAddress4> {
  const bridge = world.place.relay === undefined ? "s0" : "r0";
  await world.access.address(bridge, `${GATEWAY}/32`);
  await world.access.address("lo", `${FAR_HOST}/32`);
  await world.serve(options);
  await world.watch();
  await world.leasehold();
  const address = await isBound(world, { prefixLength, gateway: GATEWAY });
  await world.client.exec("ping", "-n", "-c", "1", "-W", "2", FAR_HOST);
  await soundlySent(world);
  const echo = `icmp.type == 8 && ip.dst == ${FAR_HOST} && ip.src == ${address.local} && eth.dst == ${ROUTER_MAC}`;
  assert.equal((await timesOf(world.pcap, echo)).length, 1);
  assert.ok(!(await world.routes()).some(({ gateway }) => gateway === ROUTER), "option 3 is passed over");
  return address;
}

async function defaultRoute(world: World4): Promise<KernelRoute4 | undefined> {
  return (await world.routes()).find(({ dst }) => dst === "default");
}

function mtuOf({ metrics }: KernelRoute4): number | undefined {
  return metrics?.find((one) => one["mtu"] !== undefined)?.["mtu"];
}

async function linkMtu({ client }: World4): Promise<number | undefined> {
  return ((await client.json("ip", "-j", "link", "show", "c0")) as readonly { readonly mtu: number }[])[0]?.mtu;
}

/** Starts the program where /etc is its own and has no resolv.conf yet. */
async function resolving(world: World4, toml: string): Promise<PrivateRoot> {
  const root = new PrivateRoot(world.client, world.folder);
  await world.leasehold(toml, root);
  return root;
}

function linesOf(root: PrivateRoot): readonly string[] {
  try {
    return readFileSync(join(root.folder, "etc/resolv.conf"), "utf8").split("\n").filter(Boolean);
  } catch {
    return []; // not yet
  }
}
