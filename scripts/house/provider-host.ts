/** The provider of the private house: sets up its end of the link when it appears, then runs the simulator's actor on real sockets. */
import { appendFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { broadcastOf, type Ipv4Address, parseIpv4 } from "../../src/base/ipv4.ts";
import { KernelNetwork } from "../../src/platform/netlink/kernel-network.ts";
import { serveOnLink } from "../../src/sim/real/provider-socket.ts";
import { SCOPE } from "../../src/wire/netlink/numbers.ts";

const text = { type: "string", default: "" } as const;
const { values } = parseArgs({ options: { link: text, address: text, beyond: text, pool: text, "lease-seconds": text, "renew-seconds": text, events: text } });
const network = new KernelNetwork();
const [own = "", length = "24"] = values.address.split("/");
const [first = "", last = ""] = values.pool.split("-");

const index = await appears(values.link);
network.setLink({ index, up: true });
hold(index, address(own), Number(length));
const loopback = network.links().find(({ name }) => name === "lo")?.index ?? 1;
network.setLink({ index: loopback, up: true });
hold(loopback, address(values.beyond), 32);

serveOnLink({
  interface: values.link,
  provider: { address: address(own), prefixLength: Number(length), poolFirst: address(first), poolLast: address(last), leaseSeconds: Number(values["lease-seconds"]), renewalSeconds: Number(values["renew-seconds"]) },
  onEvent: (event) => appendFileSync(values.events, `${JSON.stringify(event)}\n`),
});

async function appears(name: string): Promise<number> {
  for (;;) {
    const found = network.links().find((link) => link.name === name);
    if (found !== undefined) return found.index;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function hold(interfaceIndex: number, held: Ipv4Address, prefixLength: number): void {
  const forever = 0xffffffff;
  const broadcast = prefixLength < 31 ? { broadcast: broadcastOf(held, prefixLength) } : {};
  network.replaceAddress({ family: "ipv4", interfaceIndex, address: held, prefixLength, ...broadcast, flags: 0, scope: SCOPE.global, protocol: 0, preferredSeconds: forever, validSeconds: forever });
}

function address(given: string): Ipv4Address {
  const parsed = parseIpv4(given);
  if (parsed === undefined) throw new Error(`not an IPv4 address: "${given}"`);
  return parsed;
}
