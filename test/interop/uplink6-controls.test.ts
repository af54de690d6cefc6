/** Each kind of check in the stories of uplink6 can fail: what it looks for is kept from happening, or what it forbids is done. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { newBeforeOld } from "../support/uplink6-providers.ts";
import { PEERS6, type PeerName6 } from "../support/uplink6-servers.ts";
import { hasNothingOf, inUse, isBound, isRenewed, keptAllAlong, soundlySent, wasAskedAtT1, wasAskedAtT2 } from "../support/uplink6-stories.ts";
import { CLIENT_MAC6, inWorld6, OTHER, ownAddress, type World6 } from "../support/uplink6-world.ts";
import { needsPeers } from "../support/unpacked.ts";

const WORLDS = 6;
const NAMES = Object.keys(PEERS6) as readonly PeerName6[];

const SOURCE = `fe80${"00".repeat(13)}77`;
const DESTINATION = `ff02${"00".repeat(11)}010002`;
/** A SOLICIT with a client's DUID and an elapsed time. */
const SOUND = `01a1b2c3${"0001000a00030001"}${CLIENT_MAC6.replaceAll(":", "")}000800020000`;

describe("controls", { concurrency: WORLDS }, () => {
  for (const peer of NAMES)
    told(peer, "nothing is bound when it was ended before we asked", async (world) => {
      const server = await world.serve();
      await server.stop();
      await world.watch();
      await world.leasehold();
      await assert.rejects(isBound(world, ["lan0", "lan1"], 1, 4), /not within 4000 ms: a prefix in the server's file and in use/);
      assert.deepEqual(world.news(), []);
      assert.equal(world.prefix(), undefined);
    });

  told(
    "Kea",
    "no renewal is seen where the server is gone, nor a question at T1 before its time or at T2 where the first was answered",
    async (world) => {
      const { prefix, server } = await boundAndWatched(world);
      await assert.rejects(wasAskedAtT1(world, prefix), /no renew on the wire/);
      await isRenewed(world, prefix);
      await assert.rejects(wasAskedAtT2(world, prefix), /no REBIND/);
      await server.stop();
      await assert.rejects(isRenewed(world, prefix, 0), /a later end in the server's file/);
    },
  );

  told("Kea", "a prefix is not seen to go while its server renews it, nor another in use", async (world) => {
    const { prefix } = await boundAndWatched(world);
    await assert.rejects(hasNothingOf(world, prefix, 4), /not within 4000 ms: no address of it/);
    assert.equal(await inUse(world, OTHER.from, ["lan0", "lan1"]), false);
  });

  told("Kea", "an address that was away for a moment was not kept, nor one that was deprecated", async (world) => {
    const { prefix } = await boundAndWatched(world);
    await keptAllAlong(world, prefix);
    const [first, second] = [ownAddress(prefix, 0), ownAddress(prefix, 1)];
    await world.client.ip("-6", "addr", "change", `${second}/64`, "dev", "lan1", "valid_lft", "20", "preferred_lft", "0");
    await world.until("the news of it", () => world.news().some(({ address, text }) => address === second && text.includes("deprecated")));
    await assert.rejects(keptAllAlong(world, prefix), assert.AssertionError);
    await keptAllAlong(world, prefix, ["lan0"]);
    await world.client.ip("-6", "addr", "del", `${first}/64`, "dev", "lan0");
    await world.client.ip("-6", "addr", "add", `${first}/64`, "dev", "lan0");
    await world.until("the news of it", () => world.news().some(({ deleted }) => deleted));
    await assert.rejects(keptAllAlong(world, prefix, ["lan0"]), assert.AssertionError);
  });

  told("Kea", "a link that loses the old prefix before it has the new one is found", async (world) => {
    const { prefix } = await boundAndWatched(world);
    for (const n of [0, 1]) {
      const [old, fresh, lan] = [`${ownAddress(prefix, n)}/64`, `${ownAddress(OTHER.from, n)}/64`, `lan${n}`];
      await world.client.ip("-6", "addr", "change", old, "dev", lan, "valid_lft", "20", "preferred_lft", "0");
      await world.client.ip("-6", "addr", "del", old, "dev", lan);
      await world.client.ip("-6", "addr", "add", fresh, "dev", lan, "nodad");
    }
    await world.until("the news of it", () => world.news().filter(({ address }) => address.startsWith("2001:db8:90")).length === 2);
    assert.throws(() => newBeforeOld(world, prefix, OTHER.from), assert.AssertionError);
  });

  for (const [what, frame] of Object.entries(plantedFrames()))
    told("Kea", `${what} among what we sent is found`, async (world) => {
      await boundAndWatched(world);
      await world.client.exec("python3", "-c", PLANTS, frame);
      await assert.rejects(soundlySent(world), assert.AssertionError);
    });

  told("Kea", "a sound message of ours that was planted is no complaint", async (world) => {
    await boundAndWatched(world);
    await world.client.exec("python3", "-c", PLANTS, frameOf(SOUND));
    await soundlySent(world);
  });
});

function told(peer: PeerName6, name: string, story: (world: World6) => Promise<void>): void {
  test(`control, ${peer}: ${name}`, needsPeers, () => inWorld6(peer, story));
}

async function boundAndWatched(world: World6) {
  const server = await world.serve();
  await world.watch();
  await world.leasehold();
  return { server, prefix: await isBound(world) };
}

const PLANTS = `
import socket, sys
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind(("c0", 0))
wire.send(bytes.fromhex(sys.argv[1]))
`;

/** A message that ends within its transaction id, one whose option is shorter than it must be, and one whose UDP checksum is not its own. */
function plantedFrames(): Readonly<Record<string, string>> {
  return {
    "a message cut short": frameOf(SOUND.slice(0, 4)),
    "an option without its value": frameOf(SOUND.replace(/000800020000$/, "00080000")),
    "a wrong checksum": frameOf(SOUND, 1),
  };
}

function frameOf(payload: string, wrongBy = 0): string {
  const bytes = 8 + payload.length / 2;
  const header = `02220223${hex16(bytes)}`;
  const sum = (checksum(`${SOURCE}${DESTINATION}0000${hex16(bytes)}00000011${header}0000${payload}`) + wrongBy) & 0xffff;
  const ethernet = `333300010002${CLIENT_MAC6.replaceAll(":", "")}86dd`;
  return `${ethernet}60000000${hex16(bytes)}1101${SOURCE}${DESTINATION}${header}${hex16(sum)}${payload}`;
}

/** RFC 1071; what is of odd length ends with a zero more. */
function checksum(hex: string): number {
  const words = hex.padEnd(Math.ceil(hex.length / 4) * 4, "0").match(/.{4}/g) ?? [];
  const sum = words.reduce((total, word) => total + Number.parseInt(word, 16), 0);
  const folded = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~((folded & 0xffff) + (folded >> 16)) & 0xffff;
}

function hex16(value: number): string {
  return value.toString(16).padStart(4, "0");
}
