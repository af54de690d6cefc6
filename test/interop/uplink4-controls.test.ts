/** Each kind of check in the stories of uplink4 can fail: what it looks for is kept from happening, or what it forbids is done. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PEERS, type PeerName } from "../support/uplink4-servers.ts";
import {
  flap,
  hasAnother,
  isBound,
  isFree,
  isGone,
  isRenewed,
  keptAllAlong,
  soundlySent,
  wasAskedAtT1,
  wasAskedAtT2,
} from "../support/uplink4-stories.ts";
import { CLIENT_MAC, inWorld4, type KernelAddress4, type World4 } from "../support/uplink4-world.ts";
import { needsPeers } from "../support/unpacked.ts";

const WORLDS = 6;
const NAMES = Object.keys(PEERS) as readonly PeerName[];

describe("controls", { concurrency: WORLDS }, () => {
  for (const peer of NAMES) {
    told(peer, "its file knows no lease and the kernel no address when it was ended before we asked", async (world) => {
      const server = await world.serve();
      await server.stop();
      await world.watch();
      await world.leasehold();
      await assert.rejects(world.bound(3), /not within 3000 ms: an address in the kernel/);
      await isFree(world, 1);
    });

    told(peer, "its file does not say free of a lease that was not given back", async (world) => {
      await world.serve();
      await world.leasehold();
      await isBound(world);
      await assert.rejects(isFree(world, 3), /not within 3000 ms: the lease free/);
    });
  }

  told("Kea", "no renewal is seen where the server is gone, nor one by unicast before its time", async (world) => {
    const address = await boundAndWatched(world);
    await assert.rejects(wasAskedAtT1(world, address), /the renewal is unicast/);
    await world.server.ip("link", "set", "dev", "s0", "down");
    await assert.rejects(isRenewed(world, address), /a later end in the server's file/);
  });

  told("Kea", "no broadcast is seen where the renewal was answered", async (world) => {
    const address = await boundAndWatched(world);
    await isRenewed(world, address);
    await wasAskedAtT1(world, address);
    await assert.rejects(wasAskedAtT2(world, address), /no broadcast/);
  });

  told("Kea", "no other address is seen where the pool is the same", async (world) => {
    const address = await boundAndWatched(world);
    await flap(world);
    await assert.rejects(hasAnother(world, address, 5), /not within 5000 ms: another address/);
  });

  told("Kea", "an address is not seen to go while its server renews it", async (world) => {
    const address = await boundAndWatched(world);
    await assert.rejects(isGone(world, address), /the address gone/);
  });

  told("Kea", "an address that was away for a moment was not kept", async (world) => {
    const address = await boundAndWatched(world);
    await keptAllAlong(world, address);
    await world.client.ip("addr", "del", `${address.local}/24`, "dev", "c0");
    await world.client.ip("addr", "add", `${address.local}/24`, "dev", "c0");
    await world.until("the news of it", () => world.addressNews().some(({ deleted }) => deleted));
    await assert.rejects(keptAllAlong(world, address), assert.AssertionError);
  });

  for (const [what, frame] of Object.entries(plantedFrames()))
    told("Kea", `${what} among what we sent is found`, async (world) => {
      await boundAndWatched(world);
      await world.client.exec("python3", "-c", PLANTS, frame);
      await assert.rejects(soundlySent(world), assert.AssertionError);
    });
});

function told(peer: PeerName, name: string, story: (world: World4) => Promise<void>): void {
  test(`control, ${peer}: ${name}`, needsPeers, () => inWorld4({ peer, relay: undefined }, story));
}

async function boundAndWatched(world: World4): Promise<KernelAddress4> {
  await world.serve();
  await world.watch();
  await world.leasehold();
  return isBound(world);
}

const PLANTS = `
import socket, sys
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind(("c0", 0))
wire.send(bytes.fromhex(sys.argv[1]))
`;

/** A DISCOVER of ours that ends within its fixed part, and one whose UDP checksum is not its own. */
function plantedFrames(): Readonly<Record<string, string>> {
  const ethernet = `ffffffffffff${CLIENT_MAC.replaceAll(":", "")}0800`;
  const bootp = `0101060011223344${"00".repeat(20)}${CLIENT_MAC.replaceAll(":", "")}${"00".repeat(10 + 192)}63825363350101ff`;
  const frameOf = (payload: string, udpChecksum: string): string => {
    const udpBytes = 8 + payload.length / 2;
    const ip = ipHeader(20 + udpBytes);
    return `${ethernet}${ip}00440043${hex16(udpBytes)}${udpChecksum}${payload}`;
  };
  return { "a message cut short": frameOf(bootp.slice(0, 48), "0000"), "a wrong checksum": frameOf(bootp, "1234") };
}

function ipHeader(totalBytes: number): string {
  const words = [0x4500, totalBytes, 0, 0, 0x4011, 0, 0, 0, 0xffff, 0xffff];
  let sum = words.reduce((total, word) => total + word, 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return words.map((word, i) => hex16(i === 5 ? ~sum & 0xffff : word)).join("");
}

function hex16(value: number): string {
  return value.toString(16).padStart(4, "0");
}
