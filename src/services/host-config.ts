/** What the operator says about the host itself, for main alone. Types only; parsed by `config`. */

/** How resolvers that servers name reach the host's programs; "auto": resolvectl where systemd-resolved runs, resolvconf where it is there, else a file. */
export const RESOLVER_WAYS = ["auto", "resolvectl", "resolvconf", "file", "none"] as const;
export type ResolverWay = (typeof RESOLVER_WAYS)[number];

export type HostConfig = {
  readonly resolver: ResolverWay;
  /** main sets what an uplink needs of the host, and puts it back: accept_ra, forwarding. */
  readonly manage: boolean;
  /** Where files of the names that clients say of themselves are kept, for a resolver. */
  readonly hostsFolder: string | undefined;
  /** An executable that is run after something happened to an uplink; as that user, undefined: as one without rights. */
  readonly hook: { readonly run: string; readonly user: string | undefined } | undefined;
};
