/** Datagrams of an uplink's DHCPv4 client: whoever implements this adds Ethernet, IP and UDP headers and decides nothing. */
import type { Ipv4Address } from "../base/ipv4.ts";
import type { MacAddress } from "../base/mac.ts";

export interface Dhcp4Datagrams {
  /** From 0.0.0.0:68 to 255.255.255.255:67, from this hardware address. */
  broadcast(link: number, from: MacAddress, payload: Uint8Array): void;
  /** From the leased address, port 68, to the server, port 67. */
  unicast(link: number, mac: MacAddress, from: Ipv4Address, to: Ipv4Address, payload: Uint8Array): void;
}
