/** Other people's DHCPv4 servers, started in a world, and what they say of their leases. */
import type { ChildProcess } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { SERVER_ADDRESS, type UplinkWorld } from "./uplink-world.ts";

export type Pool = { readonly first: string; readonly last: string };
export type PeerLease = { readonly address: string; readonly mac: string; readonly expiresAtSeconds: number };

/** Kea takes leases of seconds. @param leases a file name of its own forgets what another run promised */
export async function startKea(world: UplinkWorld, pool: Pool, leases = "kea.csv"): Promise<ChildProcess> {
  const run = join(world.folder, "kea");
  mkdirSync(run, { recursive: true });
  const subnet = {
    id: 1,
    subnet: "10.64.0.0/24",
    interface: "s0",
    pools: [{ pool: `${pool.first} - ${pool.last}` }],
    "option-data": [
      { name: "routers", data: SERVER_ADDRESS },
      { name: "domain-name-servers", data: "10.64.0.53" },
      { name: "domain-search", data: "example.net, lab.example.net" },
    ],
  };
  const config = {
    Dhcp4: {
      "interfaces-config": { interfaces: ["s0"] },
      "lease-database": { type: "memfile", persist: true, name: join(world.folder, leases), "lfc-interval": 0 },
      "valid-lifetime": 20,
      "renew-timer": 5,
      "rebind-timer": 12,
      authoritative: true,
      subnet4: [subnet],
      loggers: [{ name: "kea-dhcp4", severity: "INFO", output_options: [{ output: "stdout", flush: true }] }],
    },
  };
  const before = world.read("server.log").length;
  const child = world.spawn(world.server, "server", ["kea-dhcp4", "-c", world.write("kea.json", JSON.stringify(config))], {
    KEA_PIDFILE_DIR: run,
    KEA_LOCKFILE_DIR: run,
  });
  await world.until("Kea serves", () => (world.read("server.log").slice(before).includes("DHCP4_STARTED") ? true : undefined));
  return child;
}

/** address,hwaddr,client_id,valid_lifetime,expire,subnet_id,...: the last line of an address counts. */
export function keaLeases(world: UplinkWorld, leases = "kea.csv"): readonly PeerLease[] {
  const rows = world
    .read(leases)
    .split("\n")
    .slice(1)
    .filter((line) => line !== "");
  return [
    ...new Map(
      rows
        .map((line) => line.split(","))
        .map(([address = "", mac = "", , , expire = ""]) => [address, { address, mac, expiresAtSeconds: Number(expire) }]),
    ).values(),
  ];
}

/** dnsmasq's leases last two minutes at least. */
export async function startDnsmasq(world: UplinkWorld, pool: Pool, leases = "dnsmasq.leases"): Promise<ChildProcess> {
  const before = world.read("server.log").length;
  const options = [
    "--port=0",
    "--interface=s0",
    "--bind-interfaces",
    "--no-ping",
    "--dhcp-authoritative",
    "--log-dhcp",
    "--log-facility=-",
    `--dhcp-range=${pool.first},${pool.last},255.255.255.0,2m`,
    `--dhcp-option=option:router,${SERVER_ADDRESS}`,
  ];
  const child = world.spawn(world.server, "server", [
    "dnsmasq",
    "-k",
    "--conf-file=/dev/null",
    "--user=root",
    "--pid-file=",
    ...options,
    `--dhcp-leasefile=${join(world.folder, leases)}`,
  ]);
  await world.until("dnsmasq serves", () => (world.read("server.log").slice(before).includes("DHCP, IP range") ? true : undefined));
  return child;
}

/** expiry mac address name clientid */
export function dnsmasqLeases(world: UplinkWorld, leases = "dnsmasq.leases"): readonly PeerLease[] {
  const rows = world
    .read(leases)
    .split("\n")
    .filter((line) => line !== "");
  return rows.map((line) => line.split(" ")).map(([expire = "", mac = "", address = ""]) => ({ address, mac, expiresAtSeconds: Number(expire) }));
}
