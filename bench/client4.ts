/**
 * DHCPv4 clients against dnsmasq: milliseconds from carrier to first DISCOVER and to a usable address, and memory.
 * Each client is started as its users start it, with state emptied, 3 s before the carrier comes; a stopwatch outside measures.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { aloneKb } from "../test/support/memory.ts";
import { type Bench, type Measured, median } from "./row.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const SERVER = "10.64.0.1";
const PATIENCE_S = 25;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
type Sample = { readonly usable: number | undefined; readonly firstPacket: number | undefined; readonly memoryMiB: number };
type World = { readonly server: string; readonly client: string; readonly folder: string; readonly watch: string };

export const client4: Bench = async (rounds, progress) => {
  execFileSync(process.execPath, [join(root, "scripts/setup-peers.mjs"), "bench-client4"], { stdio: ["ignore", "ignore", "inherit"] });
  execFileSync(process.execPath, [join(root, "scripts/build.mjs")], { stdio: ["ignore", "ignore", "inherit"] });
  const world = setUp();
  try {
    const commands = clientsIn(world);
    const samples = new Map<string, Sample[]>();
    for (let round = 1; round <= rounds; round++) {
      for (const [name, command] of Object.entries(commands)) {
        const sample = await measure(world, name, command);
        progress(`round ${round} ${name}: DISCOVER ${sample.firstPacket ?? "-"} ms, usable ${sample.usable ?? "-"} ms, ${sample.memoryMiB} MiB PSS`);
        samples.set(name, [...(samples.get(name) ?? []), sample]);
      }
    }
    return [
      row("usable", "ms", samples, ({ usable }) => usable, null),
      row("first packet", "ms", samples, ({ firstPacket }) => firstPacket, 5),
      row("memory", "MiB PSS", samples, ({ memoryMiB }) => memoryMiB, 60),
    ];
  } finally {
    tearDown(world);
  }
};

function row(
  work: string,
  unit: string,
  samples: ReadonlyMap<string, readonly Sample[]>,
  of: (sample: Sample) => number | undefined,
  limit: number | null,
): Measured {
  const medians = [...samples].map(([name, list]) => [name, median(list.map((one) => of(one) ?? PATIENCE_S * 1000))] as const);
  const peers = Object.fromEntries(medians.filter((entry): entry is readonly [string, number] => entry[0] !== "leasehold" && entry[1] !== null));
  return { work, unit, ours: medians.find(([name]) => name === "leasehold")?.[1] ?? null, peers, lowerIsBetter: true, limit };
}

/** A bridge with an always-up port keeps the server's address while the client's carrier comes and goes. */
function setUp(): World {
  const tag = `lhb${process.pid}`;
  const world = { server: `${tag}s`, client: `${tag}c`, folder: mkdtempSync(join(root, "bench/.run-")), watch: "" };
  const watch = join(world.folder, "clientwatch");
  execFileSync("cc", ["-O2", "-w", "-o", watch, join(root, "bench/tools/clientwatch.c")]);
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
  ip(...s, "addr", "add", `${SERVER}/10`, "dev", "br0");
  const dnsmasq = [
    "dnsmasq",
    "-k",
    "--conf-file=/dev/null",
    "--user=root",
    "--pid-file=",
    "--port=0",
    "--interface=br0",
    "--bind-interfaces",
    "--no-ping",
    "--leasefile-ro",
    "--dhcp-authoritative",
    "--dhcp-range=10.65.0.0,10.95.255.255,255.192.0.0,2h",
  ];
  const server = spawn("ip", ["netns", "exec", world.server, ...dnsmasq], { stdio: "ignore" });
  process.on("exit", () => server.kill("SIGKILL"));
  return { ...world, watch };
}

function tearDown({ server, client, folder }: World): void {
  for (const name of [server, client]) execFileSync("ip", ["netns", "del", name]);
  rmSync(folder, { recursive: true, force: true });
}

function clientsIn({ folder }: World): Readonly<Record<string, string>> {
  const write = (name: string, text: string, mode = 0o644): string => {
    writeFileSync(join(folder, name), text, { mode });
    return join(folder, name);
  };
  mkdirSync(join(folder, "networkd"));
  write("networkd/10.network", "[Match]\nName=c0\n[Network]\nDHCP=ipv4\nIPv6AcceptRA=no\n[DHCPv4]\nClientIdentifier=mac\n");
  const hook = write("hook.sh", HOOK, 0o755);
  const common = "clientid\noption domain_name_servers, routers\n";
  const configuration = write("leasehold.toml", "[uplink4.c0]\n");
  return {
    leasehold: `${root}/bin/leasehold run -f ${configuration} --runtime-dir ${folder}/run --state-dir ${folder}/state`,
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

async function measure(world: World, name: string, command: string): Promise<Sample> {
  const { client, server, folder, watch } = world;
  for (const leftover of ["run", "state", "dhclient.leases", "dhclient.pid"]) rmSync(join(folder, leftover), { recursive: true, force: true });
  execFileSync("ip", ["-n", client, "-4", "addr", "flush", "dev", "c0"]);
  for (const state of ["down", "up"]) execFileSync("ip", ["-n", client, "link", "set", "c0", state]);
  execFileSync("ip", ["-n", server, "link", "set", "s0", "up"]);
  const isolated = [
    "for d in /var/lib/dhcpcd /run/dhcpcd /run/systemd /var/lib/dhcp; do mkdir -p $d; mount -t tmpfs x $d; done",
    "mkdir -p /run/systemd/network /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp",
    `cp ${folder}/networkd/10.network /run/systemd/network/`,
    "mount -o remount,bind,ro /sys",
    `exec ${watch} -i c0 -a c0 -4 ${SERVER} -S ${server} -p s0 -w 3000 -t ${PATIENCE_S} -- ${command}`,
  ].join("; ");
  const child = spawn("ip", ["netns", "exec", client, "unshare", "-m", "sh", "-c", isolated], { stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  await new Promise((resolve) => child.on("exit", resolve));
  await pause(200);
  const events = JSON.parse(out || "{}") as { readonly discover?: number; readonly usable?: number };
  const peerKb = Number(/"pss_kb":(\d+)/.exec(errors)?.[1] ?? 0);
  const memoryMiB = name === "leasehold" ? await ourMemory(world, command) : Number((peerKb / 1024).toFixed(1));
  return { usable: events.usable, firstPacket: events.discover, memoryMiB };
}

/** Memory of main, frontend and engine, idle after one `show`; the control role that answers it goes by itself after a minute. */
async function ourMemory({ client, folder }: World, command: string): Promise<number> {
  const program = spawn("ip", ["netns", "exec", client, ...command.split(" ")], { stdio: "ignore" });
  await pause(2000);
  execFileSync(join(root, "bin/leasehold"), ["show", "--runtime-dir", join(folder, "run")], { stdio: "ignore" });
  await pause(1000);
  const main = program.pid ?? 0;
  const roles = readText(`/proc/${main}/task/${main}/children`)
    .trim()
    .split(" ")
    .filter((pid) => /dist\/(frontend|engine-uplink4)\.mjs/.test(readText(`/proc/${pid}/cmdline`)));
  if (roles.length !== 2) throw new Error(`memory: expected a frontend and an engine, found ${roles.length} roles`);
  const memoryKb = aloneKb([main, ...roles.map(Number)]);
  const ended = new Promise((resolve) => program.on("exit", resolve));
  program.kill("SIGTERM");
  await ended;
  return Number((memoryKb / 1024).toFixed(1));
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
