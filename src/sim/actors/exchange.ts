/** What actors of IPv6 hear and say: payloads with their addresses. Whoever carries them adds and takes off the headers. */
import { type Dhcp6ClientMessage, decodeDhcp6, isRelayMessage } from "../../wire/dhcp6/message.ts";
import { WireError } from "../../base/errors.ts";
import type { Ipv6Address } from "../../base/ipv6.ts";

export type Heard = { readonly from: Ipv6Address; readonly payload: Uint8Array };
export type Said = { readonly to: Ipv6Address; readonly port: number; readonly payload: Uint8Array; readonly afterMs: number };

export const ALL_AGENTS = "ff02::1:2" as Ipv6Address;
export const ALL_SERVERS = "ff05::1:3" as Ipv6Address;
export const ALL_NODES = "ff02::1" as Ipv6Address;
export const ALL_ROUTERS = "ff02::2" as Ipv6Address;
export const DHCP6_PORT = { client: 546, server: 547 } as const;

/** What a client or server said, or undefined: garbage and relays' messages are none of an actor's business. */
export function clientMessageIn(bytes: Uint8Array): Dhcp6ClientMessage | undefined {
  try {
    const message = decodeDhcp6(bytes);
    return isRelayMessage(message) ? undefined : message;
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
