/**
 * A namespace of the private house with nothing in it but a kernel: waits for its links, holds addresses on them, and stays.
 *
 *   node --import tsx scripts/house/room.ts [--up IF]... [--hold IF=ADDRESS/LENGTH]... [--forward]
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { appears } from "./addresses.ts";
import { FOREVER_SECONDS, hold6, linkUp, reader } from "./network6.ts";

const list = { type: "string", multiple: true, default: [] as string[] } as const;
const { values } = parseArgs({ options: { up: list, hold: list, forward: { type: "boolean", default: false } } });
const { address, number, usage } = reader("room", "[--up IF]... [--hold IF=ADDRESS/LENGTH]... [--forward]");

if (values.forward) writeFileSync("/proc/sys/net/ipv6/conf/all/forwarding", "1");
for (const name of ["lo", ...values.up]) linkUp(await appears(name));
for (const wish of values.hold) {
  const [, name = "", own = "", length = ""] = /^([^=]+)=([^/]+)\/(\d+)$/.exec(wish) ?? usage(`"${wish}" is no interface with an address`);
  hold6(await appears(name), address(own), number(length), { preferredSeconds: FOREVER_SECONDS, validSeconds: FOREVER_SECONDS });
}
setInterval(() => undefined, 1 << 30);
