/** Programs that ask our DHCPv6 server, all told the same thing: as other people's configurations say it. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Client6, startDhclient6, startDhcpcd6 } from "./clients6.ts";
import { LAN_RESOLVER } from "./lan-world.ts";
import { startLeasehold } from "./leasehold.ts";
import { globals6 } from "./link6.ts";
import type { Namespace } from "./namespace.ts";
import type { Running } from "./programs.ts";
import { writeIn } from "./scratch.ts";
import { unpacked, unpackedEnvironment } from "./unpacked.ts";

export type Wanted = {
  readonly addresses: number;
  /** Each goes to a link behind: eth1, eth2. */
  readonly prefixes: number;
  readonly rapid?: boolean;
  /** It asks when a router advertisement tells it to. */
  readonly advertised?: boolean;
};
export type Held = { readonly addresses: readonly string[]; readonly prefixes: readonly string[] };
export type LanClient = {
  /** In use now. */
  readonly held: () => Promise<Held>;
  readonly log: () => string;
  /** Gives all back and ends. */
  readonly release: () => Promise<void>;
  /** Ends it without giving anything back. */
  readonly stop: () => Promise<void>;
};
export type LanPeer = {
  /** With eth0 to us. In an empty folder it has forgotten everything but who it is. */
  readonly start: (ns: Namespace, folder: string, wanted: Wanted) => Promise<LanClient>;
  /** Asks for information alone. */
  readonly inform: (ns: Namespace, folder: string) => Promise<Informed>;
  /** Says that it is gone. */
  readonly releases: boolean;
  /** The kernel is told how long its addresses last. */
  readonly setsLifetimes: boolean;
  /** Its timers may be that late: with T1 and T2 nearer to each other, only the later one is noticed. */
  readonly timersWithin: number;
  /** What it says first after its carrier was away, or, where it does not look at carriers, after its own restart. */
  readonly returns: { readonly by: "carrier" | "restart"; readonly address: string; readonly prefix: string; readonly both: string };
};
export type Informed = {
  /** What it says it was told, in its own form. */
  readonly told: () => string | Promise<string>;
  readonly log: () => string;
};
export type LanPeerName = "dhcpcd" | "dhclient" | "systemd-networkd" | "wide dhcp6c" | "uplink6";

const LINKS = ["eth1", "eth2"] as const;
const DUID_LL = "0003000102005e100677";

export const LAN_PEERS: Readonly<Record<LanPeerName, LanPeer>> = {
  dhcpcd: {
    start: async (ns, folder, { addresses, prefixes, rapid = false, advertised = false }) => {
      const client = startDhcpcd6(ns, folder, {
        ...{ interface: "eth0", addresses, prefixTo: LINKS.slice(0, prefixes), prefixEach: true, rapidCommit: rapid, solicitRouters: advertised },
      });
      return { held: () => heldInKernel(ns), log: client.log, release: client.release, stop: client.stop };
    },
    inform: async (ns, folder) => {
      const client = startDhcpcd6(ns, folder, { interface: "eth0", addresses: 0, inform: true });
      return { told: () => told(client, "new_dhcp6_name_servers").join(" "), log: client.log };
    },
    releases: true,
    setsLifetimes: true,
    timersWithin: 0,
    returns: { by: "carrier", address: "confirm", prefix: "rebind", both: "rebind" },
  },
  dhclient: {
    start: async (ns, folder, { addresses, prefixes, rapid = false }) => {
      const client = startDhclient6(ns, folder, { interface: "eth0", address: addresses, prefix: prefixes, rapidCommit: rapid });
      const held = async (): Promise<Held> => ({ ...(await heldInKernel(ns)), prefixes: toldPrefixes(client) });
      return { held, log: client.log, release: client.release, stop: client.kill };
    },
    inform: async (ns, folder) => {
      const client = startDhclient6(ns, folder, { interface: "eth0", address: 0, stateless: true });
      return { told: () => told(client, "new_dhcp6_name_servers").join(" "), log: client.log };
    },
    releases: true,
    setsLifetimes: true,
    timersWithin: 0,
    returns: { by: "restart", address: "confirm", prefix: "rebind", both: "rebind" },
  },
  "systemd-networkd": {
    start: async (ns, folder, wanted) => {
      const program = startNetworkd(ns, folder, wanted);
      const stop = killed(program);
      return { held: () => heldInKernel(ns), log: () => program.stderr + program.stdout, release: stop, stop };
    },
    inform: async (ns, folder) => {
      const program = startNetworkd(ns, folder, { addresses: 0, prefixes: 0 }, "WithoutRA=information-request");
      const said = (): string => (program.stderr.includes("Processed Reply message") ? LAN_RESOLVER : ""); // it writes no resolver anywhere
      return { told: said, log: () => program.stderr + program.stdout };
    },
    releases: false,
    setsLifetimes: true,
    timersWithin: 10,
    returns: { by: "carrier", address: "solicit", prefix: "solicit", both: "solicit" },
  },
  "wide dhcp6c": {
    start: async (ns, folder, wanted) => {
      const program = startDhcp6c(ns, folder, wideConfiguration(wanted));
      const release = async (): Promise<void> => void (await program.stop("SIGTERM"));
      return { held: () => heldInKernel(ns), log: () => program.stderr + program.stdout, release, stop: killed(program) };
    },
    inform: async (ns, folder) => {
      const script = writeIn(folder, "dhcp6c.sh", `#!/bin/sh\nenv >'${join(folder, "dhcp6c.told")}'\n`, 0o755);
      const program = startDhcp6c(
        ns,
        folder,
        `interface eth0 { information-only; request domain-name-servers, domain-name; script "${script}"; };\n`,
      );
      return { told: () => readSafely(join(folder, "dhcp6c.told")), log: () => program.stderr + program.stdout };
    },
    releases: true,
    setsLifetimes: false,
    timersWithin: 0,
    returns: { by: "restart", address: "solicit", prefix: "solicit", both: "solicit" },
  },
  uplink6: {
    start: async (ns, folder, { addresses, prefixes, rapid = false, advertised = false }) => {
      const delegate = LINKS.slice(0, prefixes).map((to, i) => `{ iaid = ${i + 1}, to = ["${to}/64"] }`);
      const lines = [
        ...['[system]\nresolver = "none"', "[uplink6.eth0]", `address = ${addresses > 0}`, `rapid_commit = ${rapid}`],
        ...[`start = "${advertised ? "advertised" : "at-once"}"`, `delegate = [${delegate.join(", ")}]`, ""],
      ];
      const program = await startUplink6(ns, folder, lines);
      const release = async (): Promise<void> => void (await program.control("release", "eth0"));
      return { held: () => heldInKernel(ns), log: program.log, release, stop: program.kill };
    },
    inform: async (ns, folder) => {
      const program = await startUplink6(ns, folder, ['[system]\nresolver = "none"', "[uplink6.eth0]", ""]);
      return { told: async () => JSON.stringify(await program.show()), log: program.log };
    },
    releases: true,
    setsLifetimes: true,
    timersWithin: 0,
    returns: { by: "carrier", address: "confirm", prefix: "rebind", both: "rebind" },
  },
};

function startUplink6(ns: Namespace, folder: string, lines: readonly string[]): ReturnType<typeof startLeasehold> {
  writeIn(folder, "client.state/duid", `${DUID_LL.replace(/..(?!$)/g, "$&:")}\n`);
  return startLeasehold(ns, folder, lines.join("\n"), "client");
}

/** With folders of its own where systemd has its own; /sys is read-only, so that it does not wait for udev. */
function startNetworkd(
  ns: Namespace,
  folder: string,
  { addresses, prefixes, rapid = false, advertised = false }: Wanted,
  without = "WithoutRA=solicit",
): Running {
  const run = join(folder, "networkd");
  for (const name of ["network", "netif/links", "netif/leases", "netif/lldp"]) mkdirSync(join(run, name), { recursive: true });
  const lines = [
    ...["[Match]\nName=eth0", "[Network]\nLinkLocalAddressing=ipv6\nDHCP=ipv6", `IPv6AcceptRA=${advertised ? "yes" : "no"}`],
    ...["[DHCPv6]\nDUIDType=link-layer\nIAID=1", `UseAddress=${addresses > 0 ? "yes" : "no"}`, `UseDelegatedPrefix=${prefixes > 0 ? "yes" : "no"}`],
    ...[`RapidCommit=${rapid ? "yes" : "no"}`, ...(advertised ? [] : [without]), "[IPv6AcceptRA]\nUseAutonomousPrefix=no", ""],
  ];
  writeFileSync(join(run, "network/10.network"), lines.join("\n"));
  for (const link of LINKS.slice(0, prefixes)) {
    const behind = `[Match]\nName=${link}\n[Network]\nDHCPPrefixDelegation=yes\nIPv6SendRA=no\nIPv6AcceptRA=no\nLinkLocalAddressing=ipv6\n`;
    writeFileSync(join(run, `network/11-${link}.network`), behind);
  }
  const enter =
    'chown -R systemd-network "$0/netif" && mount --bind "$0" /run/systemd && mount -o remount,bind,ro /sys && exec /lib/systemd/systemd-networkd';
  mkdirSync("/run/systemd", { recursive: true });
  const env = { ...process.env, SYSTEMD_LOG_LEVEL: "debug", SYSTEMD_LOG_TARGET: "console" };
  return ns.spawn("unshare", ["--mount", "--propagation", "private", "sh", "-c", enter, run], { env });
}

function startDhcp6c(ns: Namespace, folder: string, configuration: string): Running {
  const home = join(folder, "dhcp6c");
  mkdirSync(home, { recursive: true });
  const duid = Buffer.from(DUID_LL, "hex");
  const sized = Buffer.alloc(2);
  sized.writeUInt16LE(duid.length); // in the order of the machine
  writeFileSync(join(home, "dhcp6c_duid"), Buffer.concat([sized, duid]));
  const file = writeIn(folder, "dhcp6c.conf", configuration);
  const enter = 'mount -t tmpfs x /var/lib && mkdir /var/lib/dhcpv6 && mount --bind "$0" /var/lib/dhcpv6 && exec "$@"';
  const command = [unpacked("usr/sbin/dhcp6c"), "-f", "-D", "-c", file, "-p", join(home, "pid"), "eth0"];
  return ns.spawn("unshare", ["--mount", "--propagation", "private", "sh", "-c", enter, home, ...command], {
    env: { ...process.env, ...unpackedEnvironment() },
  });
}

function wideConfiguration({ addresses, prefixes, rapid = false }: Wanted): string {
  const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);
  const sent = [...(rapid ? ["rapid-commit"] : []), ...numbers(addresses).map((n) => `ia-na ${n}`), ...numbers(prefixes).map((n) => `ia-pd ${n}`)];
  return [
    `interface eth0 { send ${sent.join(", ")}; request domain-name-servers; };`,
    ...numbers(addresses).map((n) => `id-assoc na ${n} { };`),
    ...numbers(prefixes).map((n) => `id-assoc pd ${n} { prefix-interface ${LINKS[n] ?? ""} { sla-id 0; sla-len 8; }; };`),
    "",
  ].join("\n");
}

/** On eth0 what is of our pool; behind, the /56 that each link's address is of. */
async function heldInKernel(ns: Namespace): Promise<Held> {
  const own = (await globals6(ns, "eth0")).map(({ local }) => local).filter((local) => local.startsWith("2001:db8:1:0:77:"));
  const behind = await Promise.all(LINKS.map((link) => globals6(ns, link)));
  const prefixes = behind.flat().flatMap(({ local }) => prefixOf(local) ?? []);
  return { addresses: own.toSorted(), prefixes: [...new Set(prefixes)].toSorted() };
}

/** The /56 of an address of a delegated prefix: their fourth group is below 0x100. */
function prefixOf(address: string): string | undefined {
  const [first, second, third = "", fourth = ""] = address.split(":");
  if (first !== "2001" || second !== "db8" || !/^1[0-9a-f]{2}$/.test(third)) return undefined;
  const subnet = fourth === "" ? 0 : Number.parseInt(fourth, 16) & 0xff00;
  return subnet === 0 ? `2001:db8:${third}::/56` : `2001:db8:${third}:${subnet.toString(16)}::/56`;
}

function told(client: Client6, field: string): readonly string[] {
  return client.calls().flatMap((call) => call[field] ?? []);
}

/** What its script was told and not told to be over. */
function toldPrefixes(client: Client6): readonly string[] {
  const held = new Set<string>();
  for (const { reason = "", new_ip6_prefix: given, old_ip6_prefix: over } of client.calls()) {
    if (over !== undefined && /^(EXPIRE|RELEASE|STOP)6$/.test(reason)) held.delete(over);
    if (given !== undefined) held.add(given);
  }
  return [...held].toSorted();
}

function killed(program: Running): () => Promise<void> {
  return async () => {
    program.kill();
    await program.exited;
  };
}

function readSafely(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
