/** Sets up a host of the private house: waits for its link, then holds addresses on it. */
import { broadcastOf, type Ipv4Address, parseIpv4 } from "../../src/base/ipv4.ts";
import { KernelNetwork } from "../../src/platform/netlink/kernel-network.ts";
import { SCOPE } from "../../src/wire/netlink/numbers.ts";

const FOREVER_SECONDS = 0xffffffff;
const network = new KernelNetwork();

/** @param beyond one more address, on the loopback link: what only a route leads to */
export async function holdAddresses(
  link: string,
  { address, prefixLength, beyond }: { readonly address: Ipv4Address; readonly prefixLength: number; readonly beyond: string | undefined },
): Promise<void> {
  const index = await appears(link);
  network.setLink({ index, up: true });
  hold(index, address, prefixLength);
  const further = parseIpv4(beyond ?? "");
  if (further === undefined) return;
  const loopback = await appears("lo");
  network.setLink({ index: loopback, up: true });
  hold(loopback, further, 32);
}

export async function appears(name: string): Promise<number> {
  for (;;) {
    const found = network.links().find((link) => link.name === name);
    if (found !== undefined) return found.index;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function hold(interfaceIndex: number, address: Ipv4Address, prefixLength: number): void {
  const broadcast = prefixLength < 31 ? { broadcast: broadcastOf(address, prefixLength) } : {};
  network.replaceAddress({
    family: "ipv4",
    interfaceIndex,
    address,
    prefixLength,
    ...broadcast,
    flags: 0,
    scope: SCOPE.global,
    protocol: 0,
    preferredSeconds: FOREVER_SECONDS,
    validSeconds: FOREVER_SECONDS,
  });
}
