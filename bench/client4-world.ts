/** Where DHCPv4 clients are compared: dnsmasq behind a bridge, one wire to a namespace where each client is started as its users start it. */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { compiled, ROOT, writerIn } from "./isolated.ts";

export const SERVER_ADDRESS = "10.64.0.1";
export type World = { readonly server: string; readonly client: string; readonly folder: string; readonly watch: string; readonly flood: string };

/** A bridge with an always-up port keeps the server's address while the client's carrier comes and goes. */
export function setUp(): World {
  const tag = `lhb${process.pid}`;
  const folder = mkdtempSync(join(ROOT, "bench/.run-"));
  const world = { server: `${tag}s`, client: `${tag}c`, folder, watch: compiled("clientwatch", folder), flood: compiled("flood4", folder) };
  const ip = (...args: readonly string[]): void => void execFileSync("ip", args);
  for (const name of [world.server, world.client]) ip("netns", "add", name);
  const s = ["-n", world.server];
  const c = ["-n", world.client];
  ip(...s, "link", "set", "lo", "up");
  ip(...c, "link", "set", "lo", "up");
  ip(...s, "link", "add", "br0", "address", "02:00:00:00:00:01", "type", "bridge", "stp_state", "0", "forward_delay", "0");
  ip(...s, "link", "add", "d0", "type", "veth", "peer", "name", "d1");
  ip(...s, "link", "set", "d1", "up");
  ip(...s, "link", "set", "d0", "master", "br0", "up");
  ip(...s, "link", "add", "s0", "type", "veth", "peer", "name", "c0", "netns", world.client);
  ip(...s, "link", "set", "s0", "master", "br0", "up");
  ip(...c, "link", "set", "c0", "address", "02:00:00:00:00:55", "up");
  ip(...s, "link", "set", "br0", "up");
  ip(...s, "addr", "add", `${SERVER_ADDRESS}/10`, "dev", "br0");
  const plain = ["--conf-file=/dev/null", "--user=root", "--pid-file=", "--port=0", "--interface=br0", "--bind-interfaces"];
  const service = ["--no-ping", "--leasefile-ro", "--dhcp-authoritative", "--dhcp-range=10.65.0.0,10.95.255.255,255.192.0.0,2h"];
  const server = spawn("ip", ["netns", "exec", world.server, "dnsmasq", "-k", ...plain, ...service], { stdio: "ignore" });
  process.on("exit", () => server.kill("SIGKILL"));
  return world;
}

export function tearDown({ server, client, folder }: World): void {
  for (const name of [server, client]) execFileSync("ip", ["netns", "del", name]);
  rmSync(folder, { recursive: true, force: true });
}

/** The command of each client; ours twice, without and with the detection of address conflicts. */
export function clientsIn({ folder }: World): Readonly<Record<string, string>> {
  const write = writerIn(folder);
  write("networkd/10.network", "[Match]\nName=c0\n[Network]\nDHCP=ipv4\nIPv6AcceptRA=no\n[DHCPv4]\nClientIdentifier=mac\n");
  const hook = write("hook.sh", HOOK, 0o755);
  const common = "clientid\noption domain_name_servers, routers\n";
  const leasehold = (configuration: string): string =>
    `${ROOT}/bin/leasehold run -f ${configuration} --runtime-dir ${folder}/run --state-dir ${folder}/state`;
  return {
    leasehold: leasehold(write("leasehold.toml", '[uplink4.c0]\nconflict_detection = "off"\n')),
    "leasehold-acd": leasehold(write("leasehold-acd.toml", "[uplink4.c0]\n")),
    "dhcpcd-default": `dhcpcd -4 -B -c /bin/true -f ${write("dhcpcd.conf", common)} c0`,
    "dhcpcd-noarp": `dhcpcd -4 -B -c /bin/true -f ${write("dhcpcdn.conf", `${common}nodelay\nnoarp\n`)} c0`,
    networkd: "/lib/systemd/systemd-networkd",
    dhclient: `dhclient -4 -d -sf ${hook} -cf ${write("dhclient.conf", "")} -lf ${folder}/dhclient.leases -pf ${folder}/dhclient.pid c0`,
    udhcpc: `busybox udhcpc -f -i c0 -s ${hook}`,
  };
}

/** Sets what dhclient ($reason, $new_*) and udhcpc ($1, $ip, $mask) learnt. */
const HOOK = `#!/bin/sh
case "\${reason:-$1}" in
PREINIT) ip link set "$interface" up ;;
BOUND|RENEW|REBIND|REBOOT) ip -4 addr replace "$new_ip_address/10" dev "$interface" ;;
bound|renew) ip -4 addr replace "$ip/\${mask:-10}" dev "$interface" ;;
esac
exit 0
`;

/** As if no client had ever run there; the wire is whole. */
export function clean({ client, server, folder }: World): void {
  for (const leftover of ["run", "state", "dhclient.leases", "dhclient.pid"]) rmSync(join(folder, leftover), { recursive: true, force: true });
  execFileSync("ip", ["-n", client, "-4", "addr", "flush", "dev", "c0"]);
  for (const state of ["down", "up"]) execFileSync("ip", ["-n", client, "link", "set", "c0", state]);
  execFileSync("ip", ["-n", server, "link", "set", "s0", "up"]);
}
