/** Messages that no frame holds, on a real link. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Duid } from "../../src/base/duid.ts";
import { framesOf } from "../support/namespace.ts";
import { one, POOL, STORY6, story6, SYSTEM } from "../support/gateway6.ts";

/** RFC 9915 §11.1: two octets of type, 128 of identifier. */
const LONGEST = `0002${"ab".repeat(128)}` as Duid;
const IAS = 32;

test("B51: 32 delegations of a server with an identifier of 130 octets are asked for, granted and extended, in pieces of frames", STORY6, () =>
  story6(async (scene) => {
    const { isp, uplink, lan, serve, start, on, until, refusing } = scene;
    await uplink("wan0");
    await lan("lan0");
    const { did } = serve("s0", POOL, { serverId: LONGEST });
    const delegations = Array.from({ length: IAS }, (_, i) => `{ iaid = ${i + 1}, to = [${i === 0 ? '"lan0"' : '"reserve"'}] }`);
    const capture = await isp.capture("s0", "ip6 proto 44");
    const program = await start(`${SYSTEM}[uplink6.wan0]\ndelegate = [ ${delegations.join(", ")} ]\n`);
    await until("an address", () => one(on("lan0")));
    await until("all are held", async () => (await refusing()).length === IAS);
    assert.equal(did.filter(({ kind }) => kind === "delegated").length, IAS);
    await program.control("renew", "wan0");
    await until("all are extended", () => did.filter(({ kind }) => kind === "extended").length === IAS);
    await capture.stop();
    const fragments = await framesOf(capture.file, "ipv6.fraghdr.offset > 0");
    assert.ok(fragments >= 6, `${fragments} messages in pieces of Solicit, Advertise, Request, Reply, Renew, Reply`);
  }),
);
