/** Other people's DHCPv4 servers, all told the same thing, and what they say of their leases. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Namespace } from "./namespace.ts";
import type { Running } from "./programs.ts";
import { readIn, writeIn } from "./scratch.ts";
import { ready } from "./servers6.ts";
import { unpacked } from "./unpacked.ts";
import { iscLeases4, keaLeases4, dnsmasqLeases4, type PeerLease4, udhcpdLeases4 } from "./uplink4-leases.ts";

export type PeerName = "Kea" | "ISC dhcpd" | "dnsmasq" | "udhcpd";
export type ClasslessRoute = { readonly destination: string /** 0.0.0.0: on the link. */; readonly gateway: string };
export type Server4Options = {
  readonly pool: { readonly first: string; readonly last: string };
  /** Addresses it once gave, and gives nobody any more: ISC dhcpd is silent about those it is not told of. */
  readonly withdrawn?: { readonly first: string; readonly last: string };
  /** Option 3; undefined sends none. */
  readonly router: string | undefined;
  /** Option 1, which is the subnet's mask where a story does not say otherwise. */
  readonly mask?: typeof SINGLE;
  readonly classlessRoutes?: readonly ClasslessRoute[];
  readonly mtuBytes?: number;
  readonly searchDomains?: readonly string[];
  readonly rapidCommit?: boolean;
  /** A name of its own forgets what another run promised. */
  readonly leaseFile?: string;
};
export type Server4 = {
  readonly program: Running;
  readonly leases: () => readonly PeerLease4[];
  readonly log: () => string;
  readonly stop: () => Promise<void>;
};
/** Where a server is started: it serves 10.64.0.0/24 on s0, or through a relay when s0 is another network. */
export type Server4Place = { readonly ns: Namespace; readonly folder: string; readonly relayed: boolean };
export type Peer = {
  readonly times: { readonly leaseSeconds: number; readonly renewSeconds: number; readonly rebindSeconds: number };
  readonly start: (place: Server4Place, options: Server4Options) => Promise<Server4>;
  /** It writes option 80 (RFC 4039). */
  readonly rapidCommit: boolean;
  /** It answers a relayed client's unicast with a frame for the client's own hardware address: lost, unless the relay takes the unicast too. */
  readonly relayedRenewalLost?: boolean;
};

export const RESOLVER = "10.64.0.53";
const MASK = "255.255.255.0";
const SINGLE = "255.255.255.255";
const SHORT = { leaseSeconds: 20, renewSeconds: 5, rebindSeconds: 12 };

export const PEERS: Readonly<Record<PeerName, Peer>> = {
  Kea: { times: SHORT, start: startKea, rapidCommit: false },
  "ISC dhcpd": { times: SHORT, start: startIsc, rapidCommit: false },
  udhcpd: { times: SHORT, start: startUdhcpd, rapidCommit: false, relayedRenewalLost: true },
  /** Its leases last two minutes at least. */
  dnsmasq: { times: { leaseSeconds: 120, renewSeconds: 60, rebindSeconds: 105 }, start: startDnsmasq, rapidCommit: true },
};

async function startKea({ ns, folder, relayed }: Server4Place, options: Server4Options): Promise<Server4> {
  const { leaseFile = "leases" } = options;
  const home = join(folder, "kea");
  mkdirSync(home, { recursive: true });
  const optional = (name: string, data: string | undefined): readonly object[] => (data === undefined ? [] : [{ name, data }]);
  const classless = options.classlessRoutes?.map(classlessHex).join("");
  const single = options.mask === SINGLE;
  const config = {
    Dhcp4: {
      "interfaces-config": { interfaces: ["s0"] },
      "lease-database": { type: "memfile", persist: true, name: join(folder, leaseFile), "lfc-interval": 0 },
      "valid-lifetime": SHORT.leaseSeconds,
      "renew-timer": SHORT.renewSeconds,
      "rebind-timer": SHORT.rebindSeconds,
      authoritative: true,
      "option-def": [{ name: "classless", code: 121, type: "binary" }],
      subnet4: [
        {
          id: 1,
          // the mask that it sends is its subnet's
          subnet: single ? `${options.pool.first}/32` : "10.64.0.0/24",
          ...(relayed ? { relay: { "ip-addresses": ["10.64.0.1"] } } : { interface: "s0" }),
          pools: [{ pool: `${options.pool.first} - ${single ? options.pool.first : options.pool.last}` }],
          "option-data": [
            { name: "domain-name-servers", data: RESOLVER },
            ...optional("routers", options.router),
            ...optional("interface-mtu", options.mtuBytes?.toString()),
            ...optional("domain-search", options.searchDomains?.join(", ")),
            ...(classless === undefined ? [] : [{ name: "classless", data: classless, "csv-format": false }]),
          ],
        },
      ],
      loggers: [{ name: "kea-dhcp4", severity: "INFO", output_options: [{ output: "stdout", flush: true }] }],
    },
  };
  const file = writeIn(folder, "kea.json", JSON.stringify(config));
  const program = ns.spawn("kea-dhcp4", ["-c", file], { env: { ...process.env, KEA_PIDFILE_DIR: home, KEA_LOCKFILE_DIR: home } });
  await ready(program, /DHCP4_STARTED/, "Kea serves");
  return serving(program, () => keaLeases4(readIn(folder, leaseFile)));
}

async function startIsc({ ns, folder, relayed }: Server4Place, options: Server4Options): Promise<Server4> {
  const { leaseFile = "leases" } = options;
  if (readIn(folder, leaseFile) === "") writeIn(folder, leaseFile, "");
  const statement = (name: string, value: string | number | undefined): string => (value === undefined ? "" : `option ${name} ${value};`);
  const classless = options.classlessRoutes?.map(classlessHex).join("").match(/../g)?.join(":");
  const file = writeIn(
    folder,
    "dhcpd.conf",
    `authoritative;
ping-check false;
db-time-format local;
dhcp-cache-threshold 0;
min-lease-time ${SHORT.leaseSeconds};
default-lease-time ${SHORT.leaseSeconds};
max-lease-time ${SHORT.leaseSeconds};
option dhcp-renewal-time ${SHORT.renewSeconds};
option dhcp-rebinding-time ${SHORT.rebindSeconds};
option classless code 121 = string;
${relayed ? "subnet 10.65.0.0 netmask 255.255.255.0 { }" : ""}
subnet 10.64.0.0 netmask ${MASK} {
 range ${options.pool.first} ${options.pool.last};
 ${options.withdrawn === undefined ? "" : `pool { deny all clients; range ${options.withdrawn.first} ${options.withdrawn.last}; }`}
 option subnet-mask ${options.mask ?? MASK};
 ${statement("domain-name-servers", RESOLVER)}
 ${statement("routers", options.router)}
 ${statement("interface-mtu", options.mtuBytes)}
 ${statement("domain-search", options.searchDomains?.map((name) => `"${name}"`).join(", "))}
 ${statement("classless", classless)}
}
`,
  );
  const args = ["-4", "-f", "-d", "-cf", file, "-lf", join(folder, leaseFile), "-pf", join(folder, "dhcpd.pid"), "--no-pid", "s0"];
  const program = ns.spawn(unpacked("usr/sbin/dhcpd"), args);
  await ready(program, /Server starting service/, "ISC dhcpd serves");
  return serving(program, () => iscLeases4(readIn(folder, leaseFile)));
}

async function startDnsmasq({ ns, folder }: Server4Place, options: Server4Options): Promise<Server4> {
  const { leaseFile = "leases" } = options;
  const classless = options.classlessRoutes?.map(({ destination, gateway }) => `${destination},${gateway}`).join(",");
  const option = (name: string, value: string | number | undefined): readonly string[] =>
    value === undefined ? [] : [`--dhcp-option=${name},${value}`];
  const program = ns.spawn("dnsmasq", [
    ...["-k", "--conf-file=/dev/null", "--user=root", "--pid-file=", "--port=0", "--interface=s0", "--bind-interfaces"],
    ...["--no-ping", "--dhcp-authoritative", "--log-dhcp", "--log-facility=-"],
    `--dhcp-range=${options.pool.first},${options.pool.last},${MASK},${PEERS.dnsmasq.times.leaseSeconds}`,
    ...option("option:dns-server", RESOLVER),
    options.router === undefined ? "--dhcp-option=option:router" : `--dhcp-option=option:router,${options.router}`,
    ...option("option:netmask", options.mask),
    ...option("option:mtu", options.mtuBytes),
    ...option("option:domain-search", options.searchDomains?.join(",")),
    ...option("option:classless-static-route", classless),
    ...(options.rapidCommit === true ? ["--dhcp-rapid-commit"] : []),
    `--dhcp-leasefile=${join(folder, leaseFile)}`,
  ]);
  await ready(program, /DHCP, IP range/, "dnsmasq serves");
  return serving(program, () => dnsmasqLeases4(readIn(folder, leaseFile)));
}

/** Busybox's. It writes what it remembers once a second. */
async function startUdhcpd({ ns, folder }: Server4Place, options: Server4Options): Promise<Server4> {
  const { leaseFile = "leases" } = options;
  const file = join(folder, leaseFile);
  if (readIn(folder, leaseFile) === "") writeIn(folder, leaseFile, "");
  const line = (name: string, value: string | number | undefined): string => (value === undefined ? "" : `opt ${name} ${value}`);
  const lines = [
    `start ${options.pool.first}`,
    `end ${options.pool.last}`,
    "interface s0",
    `max_leases ${MAX_LEASES}`,
    `lease_file ${file}`,
    `pidfile ${join(folder, "udhcpd.pid")}`,
    "auto_time 1",
    `min_lease ${SHORT.leaseSeconds}`,
    line("lease", SHORT.leaseSeconds),
    line("58", hex32(SHORT.renewSeconds)),
    line("59", hex32(SHORT.rebindSeconds)),
    line("subnet", options.mask ?? MASK),
    line("dns", RESOLVER),
    line("router", options.router),
    line("mtu", options.mtuBytes),
    line("search", options.searchDomains?.join(" ")),
    line("staticroutes", options.classlessRoutes?.map(({ destination, gateway }) => `${destination} ${gateway}`).join(", ")),
  ];
  const program = ns.spawn("busybox", ["udhcpd", "-f", "-a", "0", writeIn(folder, "udhcpd.conf", `${lines.join("\n")}\n`)]);
  await ready(program, /started/, "udhcpd serves");
  let last: readonly PeerLease4[] = [];
  return serving(program, () => {
    last = udhcpdLeases4(file, SHORT.leaseSeconds) ?? last;
    return last;
  });
}

const MAX_LEASES = 10;

function hex32(seconds: number): string {
  return seconds.toString(16).padStart(8, "0");
}

/** RFC 3442: the width, as many octets of the destination as it needs, the gateway. */
function classlessHex({ destination, gateway }: ClasslessRoute): string {
  const [network = "", width = ""] = destination.split("/");
  const octets = (text: string): readonly number[] => text.split(".").map(Number);
  const significant = octets(network).slice(0, Math.ceil(Number(width) / 8));
  return Buffer.from([Number(width), ...significant, ...octets(gateway)]).toString("hex");
}

function said(program: Running): string {
  return program.stdout + program.stderr;
}

function serving(program: Running, leases: () => readonly PeerLease4[]): Server4 {
  return {
    program,
    leases,
    log: () => said(program),
    stop: async () => {
      await program.stop();
    },
  };
}
