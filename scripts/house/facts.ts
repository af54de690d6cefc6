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
  /** Links behind the gateway. */
  readonly lans: readonly [string, string];
  /** Namespaces of hosts, by a process in them; each has its link `eth0`. */
  readonly slaacPid: number;
  readonly host6: { readonly pid: number; readonly events: string };
  readonly relayed: { readonly pid: number; readonly events: string; readonly prefix: string };
  /** People the directory was started with, and one team. */
  readonly people: readonly { readonly name: string; readonly uid: number }[];
  readonly team: { readonly name: string; readonly gid: number; readonly members: readonly string[] };
  readonly domain: string;
  readonly userdbSocket: string;
};
