/** Other people's DHCPv6 servers, started in a namespace, and what they say of their leases. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { keaLeases6, iscLeases6, type PeerLease6 } from "./leases6.ts";
import type { Namespace } from "./namespace.ts";
import { type Running, waitFor } from "./programs.ts";
import { readIn, writeIn } from "./scratch.ts";
import { unpacked } from "./unpacked.ts";

export type Delegation = {
  readonly first: string;
  readonly last: string;
  readonly from: string;
  readonly delegatedLength: number;
  /** Kea: what the provider keeps of each delegated prefix for the link (RFC 6603). */
  readonly excluded?: string;
};
/** A link: the one the server stands on (it has an interface) or one behind a relay (chosen by the link-address, which is in its subnet). */
export type Subnet6 = {
  readonly subnet: string;
  readonly pool?: { readonly first: string; readonly last: string };
  /** `from` with its length for Kea; first and last prefix for ISC. */
  readonly delegation?: Delegation;
  /** Further pools of prefixes. */
  readonly delegations?: readonly Delegation[];
};
export type Server6Options = Subnet6 & {
  readonly interface: string;
  readonly preferredSeconds?: number;
  readonly validSeconds?: number;
  readonly renewSeconds?: number;
  readonly rebindSeconds?: number;
  readonly rapidCommit?: boolean;
  readonly resolvers?: readonly string[];
  readonly searchDomains?: readonly string[];
  readonly relayed?: readonly Subnet6[];
  /** Kea also answers what is sent to this address of its interface. */
  readonly unicast?: string;
  /** A name of its own forgets what another run promised. */
  readonly leaseFile?: string;
  /** Last octet of the DUID it calls itself by; without it the server makes one of its own. */
  readonly identity?: number;
  /** ISC dhcpd: its DUID is as long as one may be, 130 bytes (RFC 9915 §11.1); Kea takes 128, and reads no more than 1500 of a datagram. */
  readonly longest?: boolean;
};
export type Server6 = {
  readonly program: Running;
  readonly leases: () => readonly PeerLease6[];
  readonly log: () => string;
  /** Ends it; started anew with another pool it is a provider that renumbers. */
  readonly stop: () => Promise<void>;
};

const PATIENCE_MS = 30_000;
export const LONGEST_DUID_BYTES = 130;

export async function startKea6(ns: Namespace, folder: string, options: Server6Options): Promise<Server6> {
  const { leaseFile = "kea6.csv", relayed = [], rapidCommit = false } = options;
  const home = join(folder, "kea6");
  mkdirSync(home, { recursive: true });
  const subnets = [options, ...relayed].map((one, i) => ({
    id: i + 1,
    subnet: one.subnet,
    ...(one === options ? { interface: options.interface } : {}),
    "rapid-commit": rapidCommit,
    pools: one.pool === undefined ? [] : [{ pool: `${one.pool.first} - ${one.pool.last}` }],
    "pd-pools": poolsOf(one).map(keaDelegation),
  }));
  const config = {
    Dhcp6: {
      "data-directory": home,
      ...(options.identity === undefined
        ? {}
        : { "server-id": { type: "LL", htype: 1, identifier: serverMac(options.identity).replaceAll(":", ""), persist: false } }),
      "interfaces-config": { interfaces: [options.interface, ...(options.unicast === undefined ? [] : [`${options.interface}/${options.unicast}`])] },
      "lease-database": { type: "memfile", persist: true, name: join(folder, leaseFile), "lfc-interval": 0 },
      ...timesOf(options),
      "option-data": keaOptions(options),
      subnet6: subnets,
      loggers: [{ name: "kea-dhcp6", severity: "INFO", output_options: [{ output: "stdout", flush: true }] }],
    },
  };
  const file = writeIn(folder, "kea6.json", JSON.stringify(config));
  const program = ns.spawn("kea-dhcp6", ["-c", file], { env: { ...process.env, KEA_PIDFILE_DIR: home, KEA_LOCKFILE_DIR: home } });
  await ready(program, /DHCP6_STARTED/, "Kea serves DHCPv6");
  return serving(program, () => keaLeases6(readIn(folder, leaseFile)));
}

function poolsOf({ delegation, delegations = [] }: Subnet6): readonly Delegation[] {
  return delegation === undefined ? delegations : [delegation, ...delegations];
}

/** Of which an identity is made (DUID-LL, RFC 9915 §11.4). */
export function serverMac(identity: number): string {
  return `02:00:5e:10:0f:${identity.toString(16).padStart(2, "0")}`;
}

function keaDelegation({ from, delegatedLength, excluded }: Delegation): object {
  const [prefix = "", length = "0"] = from.split("/");
  const [kept = "", keptLength = "0"] = excluded?.split("/") ?? [];
  const exclusion = excluded === undefined ? {} : { "excluded-prefix": kept, "excluded-prefix-len": Number(keptLength) };
  return { prefix, "prefix-len": Number(length), "delegated-len": delegatedLength, ...exclusion };
}

function keaOptions({ resolvers = [], searchDomains = [] }: Server6Options): readonly object[] {
  const all = [
    { name: "dns-servers", data: resolvers.join(", ") },
    { name: "domain-search", data: searchDomains.join(", ") },
  ];
  return all.filter(({ data }) => data !== "");
}

function timesOf({ preferredSeconds = 3000, validSeconds = 7200, renewSeconds = 1000, rebindSeconds = 2000 }: Server6Options): object {
  return { "preferred-lifetime": preferredSeconds, "valid-lifetime": validSeconds, "renew-timer": renewSeconds, "rebind-timer": rebindSeconds };
}

export async function startIsc6(ns: Namespace, folder: string, options: Server6Options): Promise<Server6> {
  const {
    leaseFile = "isc6.leases",
    relayed = [],
    preferredSeconds = 3000,
    validSeconds = 7200,
    renewSeconds = 1000,
    rebindSeconds = 2000,
  } = options;
  const { resolvers = [], searchDomains = [], rapidCommit = false } = options;
  const lines = [
    "authoritative;",
    "lease-id-format hex;",
    "dhcp-cache-threshold 0;",
    iscIdentity(options),
    `default-lease-time ${validSeconds};`,
    `preferred-lifetime ${preferredSeconds};`,
    "min-lease-time 1;",
    `option dhcp-renewal-time ${renewSeconds};`,
    `option dhcp-rebinding-time ${rebindSeconds};`,
    ...(resolvers.length > 0 ? [`option dhcp6.name-servers ${resolvers.join(", ")};`] : []),
    ...(searchDomains.length > 0 ? [`option dhcp6.domain-search ${searchDomains.map((name) => `"${name}"`).join(", ")};`] : []),
    ...(rapidCommit ? ["option dhcp6.rapid-commit;"] : []),
    ...[options, ...relayed].map(iscSubnet),
  ];
  const config = writeIn(folder, "isc6.conf", `${lines.join("\n")}\n`);
  // the identity in its leases goes before the one in its configuration
  const leases = writeIn(folder, leaseFile, readIn(folder, leaseFile).replace(/^server-duid .*\n/gm, options.identity === undefined ? "$&" : ""));
  const args = ["-6", "-f", "-d", "-cf", config, "-lf", leases, "-pf", join(folder, "isc6.pid"), options.interface];
  const program = ns.spawn(unpacked("usr/sbin/dhcpd"), args);
  await ready(program, /Server starting service/, "ISC dhcpd serves DHCPv6");
  return serving(program, () => iscLeases6(readIn(folder, leaseFile)));
}

function iscIdentity({ identity, longest = false }: Server6Options): string {
  if (longest) return `server-duid EN 32473 "${"s".repeat(LONGEST_DUID_BYTES - 6)}";`;
  return identity === undefined ? "" : `server-duid LL ethernet ${serverMac(identity)};`;
}

function iscSubnet(subnet: Subnet6): string {
  const range = subnet.pool === undefined ? "" : ` range6 ${subnet.pool.first} ${subnet.pool.last};`;
  const prefixes = poolsOf(subnet).map(({ first, last, delegatedLength }) => ` prefix6 ${first} ${last} /${delegatedLength};`);
  return `subnet6 ${subnet.subnet} {${range}${prefixes.join("")} }`;
}

/** @throws Error with all it wrote when it ends instead, or says nothing in time */
export async function ready(program: Running, sign: RegExp, what: string): Promise<void> {
  await waitFor(
    (see) => {
      see(said(program));
      return sign.test(said(program)) || !program.running;
    },
    PATIENCE_MS,
    what,
  );
  if (!program.running) throw new Error(`ended instead: ${what}\n${said(program)}`);
}

function said({ stdout, stderr }: Running): string {
  return stdout + stderr;
}

export function serving(program: Running, leases: () => readonly PeerLease6[]): Server6 {
  return { program, leases, log: () => said(program), stop: async () => void (await program.stop()) };
}
