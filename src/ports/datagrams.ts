/** Datagrams by link: whoever implements these adds the headers below and decides nothing. */
import type { Ipv4Address } from "../base/ipv4.ts";
import type { Ipv6Address } from "../base/ipv6.ts";
import type { MacAddress } from "../base/mac.ts";

export interface Dhcp4Datagrams {
  /** From 0.0.0.0:68 to 255.255.255.255:67, from this hardware address. `tos`: the octet of the IP header. */
  broadcast(link: number, from: MacAddress, tos: number, payload: Uint8Array): void;
  /** From the leased address, port 68, to the server, port 67: by the kernel, or straight to a hardware address that is known. */
  unicast(link: number, how: UnicastWay, payload: Uint8Array): void;
}
export type UnicastWay = {
  readonly mac: MacAddress;
  readonly from: Ipv4Address;
  readonly to: Ipv4Address;
  readonly tos: number;
  /** For what must leave before the address does: RELEASE waits for no neighbour. */
  readonly direct: MacAddress | undefined;
};

/** Conflict detection on one link, for one address at a time (RFC 5227). */
export interface ArpWatch {
  /** Asks for a socket that hears of this address only; the service is told when it is there. */
  open(link: number, name: string, address: Ipv4Address): void;
  close(link: number): void;
  send(link: number, from: MacAddress, kind: "probe" | "announcement", address: Ipv4Address): void;
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
