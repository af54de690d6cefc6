/**
 * What a recording of the DHCPv6 server holds: the state it began with, what it was told since, and what keys had a say in. No key
 * and no secret of a client is in it: options that are secrets are zeroed, in what came and in what is compared of the answers.
 */
import { type Ipv6Prefix, type Ipv6Address, ipv6Of } from "../../../base/ipv6.ts";
import { withoutSecretOctets } from "../../../wire/dhcp6/blank.ts";
import type { LeaseChanges } from "../../../ports/leases.ts";
import type { DiskState } from "../../../ports/store.ts";
import type { LanConfig } from "../config.ts";
import type { ReplyBatch } from "./batch.ts";
import type { ConfigPiece } from "./config-pieces.ts";
import type { ReconfigureState } from "./reconfigure.ts";
import type { ReconfigureWish } from "./reconfigure-rounds.ts";
import type { WatchedAddress } from "./served-link.ts";

export const RECORDED_AS = "dhcp6-server";

/** What keys gave: hashes of 8 octets each, the higher half first; an octet for each offer that was asked for, 1: it is free. */
export type KeyedOutcomes = { readonly hashes: Uint8Array; readonly offers: Uint8Array };
export type Dhcp6ServerEvent =
  /** Rows in no use, in the order in which they are taken again; several of these make one list. */
  | { readonly kind: "free"; readonly rows: readonly number[] }
  /** All rows below `end` that are not free have an image. */
  | { readonly kind: "table"; readonly end: number; readonly swept: number }
  /** Images of leases, in the order of their rows. */
  | { readonly kind: "leases"; readonly images: Uint8Array }
  /** A part of what is told whole with the next `configured`; several of these make one. */
  | { readonly kind: "configuring"; readonly piece: ConfigPiece }
  | { readonly kind: "configured"; readonly config: LanConfig }
  | { readonly kind: "index"; readonly name: string; readonly index: number }
  | { readonly kind: "addresses"; readonly name: string; readonly addresses: readonly WatchedAddress[] }
  /** Clients that are being told to come back as it begins, in parts; and somebody wants more to be. */
  | { readonly kind: "reconfiguring"; readonly state: ReconfigureState }
  | { readonly kind: "reconfigure"; readonly wish: ReconfigureWish }
  /** Prefixes that the kernel holds as a whole. */
  | { readonly kind: "uplinks"; readonly prefixes: readonly Ipv6Prefix[] }
  | { readonly kind: "swept"; readonly seconds: number; readonly maxRows: number }
  | { readonly kind: "disk"; readonly state: DiskState }
  /** By an operator. */
  | { readonly kind: "changed"; readonly seconds: number; readonly changes: LeaseChanges }
  | ({ readonly kind: "received"; readonly seconds: number; readonly datagram: RecordedDatagram } & KeyedOutcomes);
export type RecordedDatagram = {
  readonly payload: Uint8Array;
  readonly link: number;
  readonly from: Ipv6Address;
  readonly port: number;
  readonly multicast: boolean;
};

/** Where a batch of answers ended. */
export type Mark = { readonly count: number; readonly journalEnd: number; readonly routes: number };
const BEGINNING: Mark = { count: 0, journalEnd: 0, routes: 0 };

export function markOf({ count, journalEnd, routes }: ReplyBatch): Mark {
  return { count, journalEnd, routes: routes.count };
}

/** All that a batch says behind a mark: answers, images of leases, routes. */
export function saidIn(out: ReplyBatch, since: Mark = BEGINNING): readonly unknown[] {
  const { offsets, lengths, links, ports, held, addresses, bytes } = out;
  const answers = Array.from({ length: out.count - since.count }, (_, i) => {
    const row = since.count + i;
    const start = offsets[row] ?? 0;
    return {
      payload: withoutSecretOctets(bytes.subarray(start, start + (lengths[row] ?? 0))),
      link: links[row],
      port: ports[row],
      held: held[row],
      to: ipv6Of(addresses.slice(16 * row, 16 * row + 16)),
    };
  });
  const { present, links: routeLinks, prefixes, prefixLengths, vias } = out.routes;
  const routes = Array.from({ length: out.routes.count - since.routes }, (_, i) => {
    const row = since.routes + i;
    const [from, end] = [16 * row, 16 * row + 16];
    return [present[row], routeLinks[row], prefixes.slice(from, end), prefixLengths[row], vias.slice(from, end)];
  });
  return [answers, out.journal.slice(since.journalEnd, out.journalEnd), routes];
}
