/** What a DHCPv6 client is told: who it is, what it wishes for, and how it goes about it. */
import type { Duid } from "../../base/duid.ts";
import { type Ipv6Address, UNSPECIFIED_V6 } from "../../base/ipv6.ts";

/** Which identity association: IAIDs of addresses and of prefixes are told apart (RFC 9915 §12). */
export type Association = { readonly kind: "na" | "pd"; readonly iaid: number };
/** One IA that is asked for, for ever under one IAID. An address (IA_NA) is a prefix of 128 bits here. */
export type Wish = Association & {
  readonly prefixLength: number;
  /** What would be welcome, before anything was held; `::` is any. */
  readonly hint: Ipv6Address;
};
export type ClientConfig = {
  readonly duid: Duid;
  readonly rapidCommit: boolean;
  /** `rfc` waits as RFC 9915 §18.2.1 says; `fast` asks at once and takes the first Advertise that holds all that is wished for. */
  readonly pace: "fast" | "rfc";
  /** "advertised": nothing is asked before a router says that DHCPv6 is there; what is held is asked for again at once. */
  readonly start: "at-once" | "advertised";
  /** None: only other information is asked for (RFC 9915 §18.2.6). */
  readonly wishes: readonly Wish[];
  /** Codes for option 6 beside our own, and those of our own that are left out. */
  readonly requestOptions: readonly number[];
  readonly omitOptions: readonly number[];
  /** Further options of every message that asks for something, in their order. */
  readonly sendOptions: readonly { readonly code: number; readonly hex: string }[];
  readonly acceptReconfigure: boolean;
  /** The server is asked whether it wants to know addresses that hosts make themselves (RFC 9686 §4.1). */
  readonly registerAddresses: boolean;
  readonly releaseOnStop: boolean;
};

export const STANDARD: Omit<ClientConfig, "duid" | "wishes"> = {
  rapidCommit: false,
  pace: "fast",
  start: "at-once",
  requestOptions: [],
  omitOptions: [],
  sendOptions: [],
  acceptReconfigure: false,
  registerAddresses: false,
  releaseOnStop: false,
};

/** An IA_PD that asks for any prefix of a length. */
export function prefixWish(iaid: number, prefixLength: number, hint: Ipv6Address = UNSPECIFIED_V6): Wish {
  return { kind: "pd", iaid, prefixLength, hint };
}

/** An IA_NA. */
export function addressWish(iaid: number): Wish {
  return { kind: "na", iaid, prefixLength: 128, hint: UNSPECIFIED_V6 };
}

export function isSameIa(a: Association, b: Association): boolean {
  return a.kind === b.kind && a.iaid === b.iaid;
}
