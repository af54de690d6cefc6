/** Datagrams by link: whoever implements these adds the headers below and decides nothing. */
import type { Ipv4Address } from "../base/ipv4.ts";
import type { Ipv6Address } from "../base/ipv6.ts";
import type { MacAddress } from "../base/mac.ts";

export interface Dhcp4Datagrams {
  /** From 0.0.0.0:68 to 255.255.255.255:67, from this hardware address. */
  broadcast(link: number, from: MacAddress, payload: Uint8Array): void;
  /** From the leased address, port 68, to the server, port 67. */
  unicast(link: number, mac: MacAddress, from: Ipv4Address, to: Ipv4Address, payload: Uint8Array): void;
}

/** One datagram that came in. IPv4 addresses are written as mapped ones (RFC 4291 §2.5.5.2). */
export type ReceivedDatagram = {
  readonly from: Ipv6Address;
  /** 0 for ICMPv6. */
  readonly port: number;
  /** Where it was sent to: one of our addresses, or a group. */
  readonly to: Ipv6Address;
  /** Of the IP header; 0 where the socket does not tell. */
  readonly hopLimit: number;
  readonly payload: Uint8Array;
};
export interface LinkDatagrams {
  /** @param from `::` lets the kernel choose; link-local destinations are meant on the link */
  send(link: number, datagram: { readonly from: Ipv6Address; readonly to: Ipv6Address; readonly port: number; readonly payload: Uint8Array }): void;
}
/** Sockets of a service: asked for when a link is there, and told of when they can be used. */
export interface LinkSockets {
  open(link: number, name: string): void;
  close(link: number, name: string): void;
}

/** Many datagrams in one arena, told by rows of numbers: what a server reads and writes without an object for each. */
export type DatagramRows = {
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly offsets: Int32Array;
  readonly lengths: Int32Array;
  /** The kernel's index of the interface. */
  readonly links: Int32Array;
  readonly ports: Uint16Array;
  /** Sixteen octets a row: where it came from, or goes. */
  readonly addresses: Uint8Array;
};
/** What a server answers to. */
export type ServedRows = DatagramRows & { /** 1: sent to a group. */ readonly multicast: Uint8Array };
export type ArrivedRows = Omit<ServedRows, "count"> & {
  count: number;
  /** Sixteen octets a row: where it was sent to. */
  readonly destinations: Uint8Array;
};
