/** Whose place is looked for: one association of a message at a time. */
import type { PromisedLifetimes, ReservedHost } from "../dhcp6-config.ts";
import type { ClientMessage } from "./message.ts";
import type { RelayChain } from "./relay-chain.ts";
import type { ServedLink } from "./served-link.ts";

export type Seeker = {
  readonly link: ServedLink;
  readonly message: ClientMessage;
  readonly chain: RelayChain;
  ia: number;
  readonly now: number;
  /** Heard by ourselves: routes to its prefixes are ours to make. Otherwise they are its relay's (RFC 8987). */
  readonly direct: boolean;
  /** 1 for each class, in the order of the configuration, that the client is in. */
  readonly classes: Uint8Array;
  /** As which host it is reserved, by its first association. */
  readonly host: ReservedHost | undefined;
  /** The same for the association at hand: an IAID may stand for a host of its own. */
  reserved: ReservedHost | undefined;
  readonly classLifetimes: PromisedLifetimes | undefined;
  /** Ceilings of the association at hand in place of the link's: its host's, or its class's. */
  lifetimes: PromisedLifetimes | undefined;
  /** Where the address stands in `via` from which the datagram came: the client's, or its outermost relay's. */
  readonly fromAt: number;
  /** Where the client's link-local address stands, over which prefixes are routed to it; -1 when it has spoken from another one. */
  readonly via: Uint8Array;
  readonly viaAt: number;
};
