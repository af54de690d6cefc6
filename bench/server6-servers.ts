/** The DHCPv6 servers of the bench, each as its users start it, with empty state on a disk; and a program that only echoes. */
import { chmodSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Namespace, Running } from "../test/support/namespace.ts";
import { unpacked } from "../test/support/unpacked.ts";

export const PREFERRED_SECONDS = 12;
export const VALID_SECONDS = 600;
const root = join(dirname(fileURLToPath(import.meta.url)), "..");

export type Server = {
  readonly start: (ns: Namespace, folder: string) => Running;
  /** Thousandths of the work the others get: what walks lists would be at it for hours. */
  readonly share: number;
  /** Rounds it takes part in at most. */
  readonly rounds: number;
};

/**
 * All roles, all fences, state on the disk. Lifetimes are short for one reason: a renewal soon after the lease is answered with what is
 * left of it and writes nothing. Real ones come at T1 and extend the lease; so these come after a quarter of 12 seconds.
 */
const OURS = `[system]
resolver = "none"
[lan.s0]
ra = "off"
dhcpv6 = "server"
address_pool = "2001:db8:1:0:1::/80"
preferred_seconds = ${PREFERRED_SECONDS}
valid_seconds = ${VALID_SECONDS}
rapid_commit = true
dns = ["2001:db8:1::1"]
`;

/** Leases in its file, written without waiting for the disk; we wait. */
const keaConfig = (folder: string, threads: number): object => ({
  Dhcp6: {
    "data-directory": folder,
    "interfaces-config": { interfaces: ["s0"] },
    "lease-database": { type: "memfile", persist: true, name: join(folder, "leases6.csv"), "lfc-interval": 0 },
    "multi-threading": { "enable-multi-threading": threads > 1, "thread-pool-size": threads, "packet-queue-size": 256 },
    "preferred-lifetime": PREFERRED_SECONDS,
    "valid-lifetime": VALID_SECONDS,
    "renew-timer": PREFERRED_SECONDS / 2,
    "rebind-timer": (PREFERRED_SECONDS * 3) / 4,
    "option-data": [{ name: "dns-servers", data: "2001:db8:1::1" }],
    subnet6: [{ id: 1, subnet: "2001:db8:1::/64", interface: "s0", "rapid-commit": true, pools: [{ pool: "2001:db8:1:0:1::/80" }] }],
    loggers: [{ name: "kea-dhcp6", severity: "ERROR", output_options: [{ output: join(folder, "kea6.log") }] }],
  },
});

function kea(threads: number): Server["start"] {
  return (ns, folder) => {
    const configuration = join(folder, "kea6.json");
    writeFileSync(configuration, JSON.stringify(keaConfig(folder, threads)));
    return ns.spawn("kea-dhcp6", ["-c", configuration], { env: { ...process.env, KEA_PIDFILE_DIR: folder, KEA_LOCKFILE_DIR: folder } });
  };
}

function isc(ns: Namespace, folder: string): Running {
  const range = "range6 2001:db8:1:0:1:: 2001:db8:1:0:1:ffff:ffff:ffff;";
  const times = `default-lease-time ${VALID_SECONDS}; preferred-lifetime ${PREFERRED_SECONDS}; log-facility local7;`;
  const options = "option dhcp6.name-servers 2001:db8:1::1; option dhcp6.rapid-commit;";
  writeFileSync(join(folder, "dhcpd6.conf"), `authoritative; ${times} ${options}\nsubnet6 2001:db8:1::/64 { ${range} }\n`);
  writeFileSync(join(folder, "leases6"), "");
  for (const path of [folder, join(folder, "leases6")]) chmodSync(path, 0o777);
  const files = ["-cf", join(folder, "dhcpd6.conf"), "-lf", join(folder, "leases6"), "-pf", join(folder, "pid")];
  return ns.spawn(unpacked("usr/sbin/dhcpd"), ["-6", "-f", "-q", ...files, "s0"]);
}

function dnsmasq(ns: Namespace, folder: string): Running {
  const range = `2001:db8:1:0:1::1,2001:db8:1:0:1:ffff:ffff:ffff,64,${VALID_SECONDS}`;
  return ns.spawn("dnsmasq", [
    ...["-k", "--conf-file=/dev/null", "--user=root", "--pid-file=", "--port=0", "--interface=s0", "--bind-interfaces"],
    ...[`--dhcp-range=${range}`, "--dhcp-lease-max=2000000", "--dhcp-authoritative", "--quiet-dhcp6", "--quiet-dhcp"],
    ...[`--log-facility=${join(folder, "log")}`, `--dhcp-leasefile=${join(folder, "leases")}`],
    "--dhcp-option=option6:dns-server,[2001:db8:1::1]",
  ]);
}

export function leasehold(ns: Namespace, folder: string): Running {
  const configuration = join(folder, "leasehold.toml");
  writeFileSync(configuration, OURS, { mode: 0o644 });
  const places = ["--runtime-dir", join(folder, "run"), "--state-dir", join(folder, "state")];
  return ns.spawn(join(root, "bin/leasehold"), ["run", "-f", configuration, ...places]);
}

export const SERVERS: Readonly<Record<string, Server>> = {
  leasehold: { start: leasehold, share: 1000, rounds: Number.POSITIVE_INFINITY },
  "kea-2-threads": { start: kea(2), share: 1000, rounds: Number.POSITIVE_INFINITY },
  kea: { start: kea(1), share: 1000, rounds: 2 },
  isc: { start: isc, share: 500, rounds: 2 },
  dnsmasq: { start: dnsmasq, share: 50, rounds: 1 },
};
