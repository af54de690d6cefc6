/** Clients that our server tells to come back do, when they hear it directly; what is replayed or forged changes nothing. More in the long ones. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, toHex } from "../../src/base/hex.ts";
import { fieldsOf, framesOf } from "../support/capture.ts";
import { CLIENT, held, inWorld, obeyed, RECONFIGURE, uplinkOf } from "../support/lan-reconfigure.ts";
import { linkLocal } from "../support/link6.ts";
import { type Namespace, needsRoot } from "../support/namespace.ts";

const STORY = { ...needsRoot, timeout: 120_000 };

test("uplink6 obeys Renew, Rebind and Information-request, heard directly (RFC 9915 §18.2.11, RFC 6644)", STORY, () => inWorld(false, obeyed));

test("what is replayed or forged changes nothing (RFC 9915 §16.11, §20.3)", STORY, () =>
  inWorld(false, async ({ gateway, host, server, wire, until, client: start }) => {
    const client = await start(CLIENT);
    await until("an address and a prefix", async () => ((await held(host)).length >= 2 ? true : undefined));
    await server.control("reconfigure");
    await until("a Renew", async () => ((await framesOf(wire.file, "dhcpv6.msgtype == 5")) === 1 ? true : undefined));
    const [[payload = ""] = []] = await fieldsOf(wire.file, RECONFIGURE, ["udp.payload"]);
    const heard = bytesOf(payload.replaceAll(":", ""));
    const before = { held: await held(host), state: (await uplinkOf(client)).state };
    const sent = (): Promise<number> => framesOf(wire.file, "udp.srcport == 546");
    const quiet = await sent();
    // The number stands 25 octets before the end: a greater one, without the key.
    for (const bytes of [heard, heard.with(-18, (heard.at(-18) ?? 0) + 1), heard.with(-1, (heard.at(-1) ?? 0) ^ 1)])
      await say(gateway, bytes, await linkLocal(host, "eth0"));
    await until("that the client refuses them", async () => {
      const { ignored } = await uplinkOf(client);
      return ignored["reconfigure-replayed"] === 1 && ignored["reconfigure-forged"] === 2 ? true : undefined;
    });
    assert.equal(await sent(), quiet);
    assert.deepEqual({ held: await held(host), state: (await uplinkOf(client)).state }, before);
  }),
);

/** From the server's link to a client, as anybody on it could. */
async function say(from: Namespace, bytes: Uint8Array, to: string): Promise<void> {
  const script = "const s=require('dgram').createSocket('udp6');s.send(Buffer.from(process.argv[1],'hex'),546,process.argv[2],()=>s.close())";
  await from.exec(process.execPath, "-e", script, toHex(bytes), `${to}%lan0`);
}
