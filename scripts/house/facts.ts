/** What the verifier is told of the private house: names, numbers and files, nothing that is to be confirmed. */
export type HouseFacts = {
  readonly uplink: string;
  readonly providerAddress: string;
  readonly beyondAddress: string;
  /** JSON lines: one object for each lease the DHCPv4 provider grants. */
  readonly providerEvents: string;
  /** Main's process id; its children are the roles. */
  readonly mainPid: number;
  readonly ownIds: boolean;
  /** The provider of prefixes. */
  readonly provider6: { readonly pid: number; readonly events: string; readonly pool: string; readonly otherPool: string; readonly beyond: string };
  /** Links behind the gateway, each with the namespace of its host, by a process in it; the host's own link is `eth0`. */
  readonly lans: readonly [Lan, Lan];
  /** The second LAN's host also leases an address, and tells of it. */
  readonly host6: { readonly pid: number; readonly events: string };
  readonly relayed: { readonly pid: number; readonly events: string; readonly prefix: string };
  /** Who says who lives here, and where it tells what it was asked: JSON lines of the actor, or slapd's log. */
  readonly directory: { readonly kind: "actor" | "slapd"; readonly name: string; readonly told: string };
  /** People the directory was started with, and one team. */
  readonly people: readonly { readonly name: string; readonly uid: number }[];
  readonly team: { readonly name: string; readonly gid: number; readonly members: readonly string[] };
  readonly domain: string;
  readonly userdbSocket: string;
};
export type Lan = { readonly name: string; readonly hostPid: number };
