/** Other people's DHCPv6 servers as providers that delegate prefixes, all told the same thing, and what they say of their leases. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dibblerLeases6, wideLeases6 } from "./leases6.ts";
import type { Namespace } from "./namespace.ts";
import { PrivateRoot } from "./private-root.ts";
import type { Running } from "./programs.ts";
import { readIn } from "./scratch.ts";
import { ready, type Delegation, type Server6, type Server6Options, serverMac, serving, startIsc6, startKea6 } from "./servers6.ts";
import { unpacked } from "./unpacked.ts";

export type PeerName6 = "Kea" | "ISC dhcpd" | "dibbler" | "wide dhcp6s";
export type Times6 = Required<Pick<Server6Options, "preferredSeconds" | "validSeconds" | "renewSeconds" | "rebindSeconds">>;
export type Provider6 = Pick<Server6Options, "delegation" | "delegations" | "pool" | "rapidCommit" | "leaseFile" | "identity" | "longest"> & {
  readonly times?: Times6;
};
/** Where a server is started: on s0, with the client whose DUID is in the configuration of wide's. */
export type Place6 = { readonly ns: Namespace; readonly folder: string; readonly duid: string };
export type Peer6 = {
  readonly times: Times6;
  readonly start: (place: Place6, options: Provider6) => Promise<Server6>;
  /** A Renew of what it never heard of is refused (RFC 9915 §18.3.4); Kea makes a lease of it instead. */
  readonly refusesUnknown: boolean;
  /** How many pools it delegates from on one link; none: each client's prefix is written down. */
  readonly pools: 0 | 1 | 2;
  /** "fully": what another server promised too, where both share the leases. */
  readonly rebinds: "fully" | "its own" | "never";
};

export const SUBNET = "2001:db8:1::/64";
export const RESOLVER6 = "2001:db8:1::53";
const SHORT: Times6 = { preferredSeconds: 20, validSeconds: 30, renewSeconds: 6, rebindSeconds: 12 };

export const PEERS6: Readonly<Record<PeerName6, Peer6>> = {
  Kea: {
    times: SHORT,
    start: (place, options) => startKea6(place.ns, place.folder, usual(options)),
    refusesUnknown: false,
    pools: 2,
    rebinds: "fully",
  },
  "ISC dhcpd": {
    times: SHORT,
    start: (place, options) => startIsc6(place.ns, place.folder, usual(options)),
    refusesUnknown: true,
    pools: 2,
    rebinds: "fully",
  },
  /** Where it did not begin the lease it answers a REBIND with an IA_PD that holds nothing. */
  dibbler: { times: SHORT, start: startDibbler, refusesUnknown: true, pools: 1, rebinds: "its own" },
  /** A restart makes it forget, and what it forgot it does not rebind. Its T1 and T2 are half and four fifths of the preferred lifetime. */
  "wide dhcp6s": {
    times: { preferredSeconds: 12, validSeconds: 20, renewSeconds: 6, rebindSeconds: 9 },
    start: startWide,
    refusesUnknown: true,
    pools: 0,
    rebinds: "never",
  },
};

function usual({ times = SHORT, ...options }: Provider6): Server6Options {
  return { ...options, ...times, interface: "s0", subnet: SUBNET, resolvers: [RESOLVER6] };
}

function allPools({ delegation, delegations = [] }: Provider6): readonly Delegation[] {
  return delegation === undefined ? delegations : [delegation, ...delegations];
}

/** /etc and /var as it wants them, of its own. */
function privateRoot({ ns, folder }: Place6, name: string): PrivateRoot {
  return new PrivateRoot(ns, join(folder, name));
}

/** It keeps its leases as XML. A lease file of another name is another /var. */
async function startDibbler(place: Place6, options: Provider6): Promise<Server6> {
  const { times = SHORT, leaseFile = "dibbler", identity = 1, rapidCommit = false } = options;
  const root = privateRoot(place, leaseFile);
  const [lib, log] = [join(root.folder, "var/lib/dibbler"), join(root.folder, "var/log/dibbler")];
  for (const home of [lib, log]) mkdirSync(home, { recursive: true });
  writeFileSync(join(lib, "server-duid"), `00:03:00:01:${serverMac(identity)}`);
  const lines = [
    `t1 ${times.renewSeconds}`,
    `t2 ${times.rebindSeconds}`,
    `prefered-lifetime ${times.preferredSeconds}`,
    `valid-lifetime ${times.validSeconds}`,
  ].join("\n");
  const classes = allPools(options).map(({ from, delegatedLength }) => `pd-class {\n pd-pool ${from}\n pd-length ${delegatedLength}\n${lines}\n}`);
  root.write(
    "etc/dibbler/server.conf",
    [
      "log-level 8\nlog-mode full\n",
      `iface "s0" {\n${rapidCommit ? "rapid-commit 1\n" : ""}${lines}\n${classes.join("\n")}\noption dns-server ${RESOLVER6}\n}\n`,
    ].join(""),
  );
  const program = root.peer(unpacked("usr/sbin/dibbler-server"), "run");
  const said = (): string => readIn(log, "dibbler-server.log");
  await ready(program, /Accepting connections/, "dibbler serves");
  return { ...serving(program, () => dibblerLeases6(readIn(lib, "server-AddrMgr.xml"))), log: said };
}

/** It delegates the one prefix that is written down for a client, and keeps what it promised in memory: its log says it. */
async function startWide(place: Place6, options: Provider6): Promise<Server6> {
  const { times = PEERS6["wide dhcp6s"].times, leaseFile = "wide", identity = 1, rapidCommit = false } = options;
  const root = privateRoot(place, leaseFile);
  const duid = Buffer.from(`00030001${serverMac(identity).replaceAll(":", "")}`, "hex");
  const sized = Buffer.alloc(2);
  sized.writeUInt16LE(duid.length); // in the order of the machine
  mkdirSync(join(root.folder, "var/lib/dhcpv6"), { recursive: true });
  writeFileSync(join(root.folder, "var/lib/dhcpv6/dhcp6s_duid"), Buffer.concat([sized, duid]));
  const prefixes = allPools(options).map(
    ({ first, delegatedLength }) => `prefix ${first}/${delegatedLength} ${times.preferredSeconds} ${times.validSeconds};`,
  );
  root.write(
    "etc/dhcp6s.conf",
    `option domain-name-servers ${RESOLVER6};
interface s0 { ${rapidCommit ? "allow rapid-commit;" : ""} };
host us { duid ${place.duid.replace(/..(?!$)/g, "$&:")}; ${prefixes.join(" ")} };
`,
  );
  const program = root.peer(unpacked("usr/sbin/dhcp6s"), "-f", "-D", "-c", "/etc/dhcp6s.conf", "-k", "/none", "-P", "/run/dhcp6s.pid", "s0");
  await ready(program, /skip opening control port/, "wide dhcp6s serves");
  const [{ first: address, delegatedLength: prefixLength } = assert.fail("wide is told of no prefix")] = allPools(options);
  return serving(program, () => wideLeases6(program.stderr + program.stdout, { address, prefixLength }));
}

/** dnsmasq, which delegates nothing: it tells who asks (RFC 9915 §18.3.6). */
export async function startStateless({ ns }: Pick<Place6, "ns">, options: readonly string[]): Promise<Running> {
  const program = ns.spawn("dnsmasq", [
    ...["-k", "--conf-file=/dev/null", "--user=root", "--pid-file=", "--port=0", "--interface=s0", "--bind-interfaces"],
    ...["--dhcp-range=::,constructor:s0,ra-stateless", "--log-dhcp", "--log-facility=-", "--leasefile-ro"],
    ...options.map((option) => `--dhcp-option=${option}`),
  ]);
  await ready(program, /stateless on|DHCPv6/, "dnsmasq serves DHCPv6");
  return program;
}
