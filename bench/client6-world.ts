/**
 * Where DHCPv6 clients are compared: a provider of prefixes behind a bridge, one wire to a namespace where each client is started as its
 * users start it, and a second interface there, which gets a part of the delegated prefix.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { unpacked, unpackedEnvironment } from "../test/support/unpacked.ts";
import { compiled, ROOT, writerIn } from "./isolated.ts";

const PREFIX = "2001:db8:8000::";
const PREFIX_LENGTH = 56;
const PATIENCE_MS = 10_000;
/** Where every address out of the delegated prefix begins. */
export const DELEGATED = "2001:db8:8000:";
export const UPLINK = "c0";
export const LAN = "c1";
export type World = { readonly server: string; readonly client: string; readonly folder: string; readonly watch: string; readonly flood: string };
/** "flapped": its link-local address is usable when the carrier comes; "new": the kernel makes one then, and looks for duplicates. */
export type LinkHistory = "flapped" | "new";

/** A bridge with an always-up port keeps the provider's addresses while the client's carrier comes and goes. */
export async function setUp(): Promise<World> {
  const tag = `lhb${process.pid}`;
  const folder = mkdtempSync(join(ROOT, "bench/.run-"));
  const world = { server: `${tag}s`, client: `${tag}c`, folder, watch: compiled("clientwatch", folder), flood: compiled("flood6", folder) };
  for (const name of [world.server, world.client]) {
    ip("netns", "add", name);
    ip("-n", name, "link", "set", "lo", "up");
  }
  const s = ["-n", world.server];
  ip(...s, "link", "add", "br0", "address", "02:00:00:00:00:01", "type", "bridge", "stp_state", "0", "forward_delay", "0", "mcast_snooping", "0");
  ip(...s, "link", "add", "d0", "type", "veth", "peer", "name", "d1");
  for (const name of ["d0", "d1"]) ip(...s, "link", "set", name, "up");
  ip(...s, "link", "set", "d0", "master", "br0");
  ip(...s, "link", "set", "br0", "addrgenmode", "none");
  ip(...s, "link", "set", "br0", "up");
  for (const address of ["fe80::1/64", "2001:db8:1::1/64"]) ip(...s, "addr", "add", address, "dev", "br0", "nodad");
  ip(...s, "addr", "add", "10.64.0.1/10", "dev", "br0");
  const serve = (...command: readonly string[]): void => {
    const server = spawn("ip", ["netns", "exec", world.server, ...command], { stdio: "ignore" });
    process.on("exit", () => server.kill("SIGKILL"));
  };
  serve(compiled("provider6", folder), "-i", "br0", "-p", PREFIX, "-l", String(PREFIX_LENGTH));
  const plain = ["--conf-file=/dev/null", "--user=root", "--pid-file=", "--port=0", "--interface=br0", "--bind-interfaces"];
  serve("dnsmasq", "-k", ...plain, "--no-ping", "--leasefile-ro", "--dhcp-authoritative", "--dhcp-range=10.65.0.0,10.95.255.255,255.192.0.0,2h");
  await delay(500);
  return world;
}

export function tearDown({ server, client, folder }: World): void {
  for (const name of [server, client]) ip("netns", "del", name);
  rmSync(folder, { recursive: true, force: true });
}

/** The command of each client: one prefix is asked for, and `LAN` numbered out of it. */
export function clientsIn({ folder }: World): Readonly<Record<string, string>> {
  const write = writerIn(folder);
  write("networkd/10.network", `[Match]\nName=${UPLINK}\n[Network]\nDHCP=ipv6\nIPv6AcceptRA=no\n[DHCPv6]\nWithoutRA=solicit\nUseAddress=no\n`);
  write("networkd/11.network", `[Match]\nName=${LAN}\n[Network]\nDHCPPrefixDelegation=yes\nIPv6SendRA=no\n`);
  const dhcpcd = (name: string, more: string): string =>
    `dhcpcd -6 -B -c /bin/true -f ${write(name, `ipv6only\nnoipv6rs\nduid\nnodelay\n${more}interface ${UPLINK}\n iaid 1\n ia_pd 1 ${LAN}/0\n`)} ${UPLINK}`;
  const dhcp6c = (name: string, more: string): string => {
    const places = `id-assoc pd 0 { prefix-interface ${LAN} { sla-id 0; sla-len ${64 - PREFIX_LENGTH}; }; };`;
    const file = write(name, `interface ${UPLINK} { send ia-pd 0; ${more} };\n${places}\n`);
    const libraries = unpackedEnvironment()["LD_LIBRARY_PATH"] ?? "";
    return `env LD_LIBRARY_PATH=${libraries} ${unpacked("usr/sbin/dhcp6c")} -f -c ${file} -p ${folder}/dhcp6c.pid ${UPLINK}`;
  };
  const leasehold = (name: string, toml: string): string =>
    `${ROOT}/bin/leasehold run -f ${write(name, toml)} --runtime-dir ${folder}/run --state-dir ${folder}/state`;
  const uplink6 = (more: string): string => `[system]\nresolver = "none"\n[uplink6.${UPLINK}]\n${more}delegate = [ { to = ["${LAN}"] } ]\n`;
  const files = `-cf ${write("dhclient.conf", "")} -lf ${folder}/dhclient.leases -pf ${folder}/dhclient.pid`;
  return {
    leasehold: leasehold("leasehold.toml", uplink6("")),
    "leasehold-rapid": leasehold("leasehold-rapid.toml", uplink6("rapid_commit = true\n")),
    "leasehold-both": leasehold("leasehold-both.toml", `${uplink6("")}[uplink4.${UPLINK}]\n`),
    dhcpcd: dhcpcd("dhcpcd.conf", ""),
    "dhcpcd-rapid": dhcpcd("dhcpcd-rapid.conf", "option rapid_commit\n"),
    networkd: "/lib/systemd/systemd-networkd",
    dhcp6c: dhcp6c("dhcp6c.conf", ""),
    "dhcp6c-rapid": dhcp6c("dhcp6c-rapid.conf", "send rapid-commit;"),
    dhclient: `dhclient -6 -P -d -sf ${write("hook.sh", HOOK, 0o755)} ${files} ${UPLINK}`,
  };
}

/** What dhclient's own script does not do: numbers an interface out of the prefix; and as Debian's does, waits for a link-local address. */
const HOOK = `#!/bin/sh
case "$reason" in
PREINIT6)
  ip link set "$interface" up
  for i in $(seq 60); do ip -6 -o addr show dev "$interface" scope link -tentative | grep -q . && break; sleep 0.1; done ;;
BOUND6|REBIND6|REBOOT6) ip -6 addr replace "\${new_ip6_prefix%%::/*}::1/64" dev ${LAN} ;;
esac
exit 0
`;

/** As if no client had ever run there: both links are new. */
export async function clean({ client, server, folder }: World, history: LinkHistory): Promise<void> {
  for (const leftover of ["run", "state", "dhclient.leases", "dhclient.pid", "dhcp6c.pid"])
    rmSync(join(folder, leftover), { recursive: true, force: true });
  const names = execFileSync("ip", ["-n", client, "-br", "link"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  for (const old of [UPLINK, LAN]) if (new RegExp(`^${old}@`, "m").test(names)) ip("-n", client, "link", "del", old);
  ip("-n", server, "link", "add", "s0", "type", "veth", "peer", "name", UPLINK, "netns", client);
  ip("-n", client, "link", "add", LAN, "type", "veth", "peer", "name", "c2");
  ip("-n", client, "link", "set", UPLINK, "address", "02:00:00:00:00:55");
  const undetected = history === "flapped" ? [LAN, UPLINK] : [LAN];
  for (const name of undetected) execFileSync("ip", ["netns", "exec", client, "sh", "-c", `echo 0 > /proc/sys/net/ipv6/conf/${name}/accept_dad`]);
  if (history === "flapped") ip("-n", server, "link", "set", "s0", "up");
  for (const name of ["c2", LAN, UPLINK]) ip("-n", client, "link", "set", name, "up");
  ip("-n", server, "link", "set", "s0", "master", "br0");
  if (history === "flapped") await waitUntil(() => isNumbered(client, UPLINK, "fe80"), "no link-local address on the uplink");
}

/** Whether a usable address that begins so is on the interface. */
export function isNumbered(client: string, name: string, beginning: string): boolean {
  return execFileSync("ip", ["-n", client, "-6", "addr", "show", "dev", name, "-tentative"], { encoding: "utf8" }).includes(`inet6 ${beginning}`);
}

export async function waitUntil(holds: () => boolean, otherwise: string): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await delay(50)) if (holds()) return;
  throw new Error(otherwise);
}

function ip(...args: readonly string[]): void {
  execFileSync("ip", args);
}
