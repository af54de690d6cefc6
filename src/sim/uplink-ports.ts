/** Ports of an uplink that a simulated world has no room for, and the link-local address without which it says nothing. */
import type { Ipv6Address } from "../base/ipv6.ts";
import { INFINITE_SECONDS } from "../base/time.ts";
import type { AddressFact } from "../services/addresses.ts";
import type { UplinkPorts } from "../services/uplink6/ports.ts";

const nothing = (): void => undefined;

/** No router speaks, nobody reads what is published, and nobody watches. */
export const ALONE: Pick<UplinkPorts, "routers" | "host" | "events"> = {
  routers: { datagrams: { send: nothing }, sockets: { open: nothing, close: nothing } },
  host: { publish: nothing, withdraw: nothing },
  events: { tell: nothing },
};

/** An address of its own that a link has once nobody else turned out to have it (RFC 4862 §5.3). */
export function linkLocalOf(link: number, address = `fe80::${link.toString(16)}` as Ipv6Address): AddressFact {
  const lasting = { preferredSeconds: INFINITE_SECONDS, validSeconds: INFINITE_SECONDS, deprecated: false, temporary: false };
  return { link, address, prefixLength: 64, tentative: false, dadFailed: false, ...lasting };
}
