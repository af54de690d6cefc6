/**
 * The private house: a provider, our gateway, two LANs with a host each, a link behind a relay, a directory. Everything but the gateway
 * and the relay is the simulator's actors on real sockets, or nothing but a kernel, so nothing else need be installed; where slapd is, it
 * is the directory. `npm start -- --patience SECONDS`: how long what is verified may take to come true; `--directory actor|slapd`: which.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parseMac } from "../../src/base/mac.ts";
import { KernelNetwork } from "../../src/platform/netlink/kernel-network.ts";
import type { LinkEnd } from "../../src/wire/netlink/link.ts";
import { DIRECTORIES, startDirectory } from "./directory.ts";
import type { HouseFacts } from "./facts.ts";
import { BASE, PEOPLE, TEAMS } from "./people.ts";
import { beside, inside, kept, pause, room, root } from "./rooms.ts";

const UPLINK = "wan0";
const UPLINK_MAC = parseMac("02:00:5e:10:00:01");
const PROVIDER_LINK = "cust0";
const PROVIDER = "192.0.2.1";
const BEYOND = "203.0.113.1";
const BEYOND6 = "2001:db8:ffff::1";
const POOL = "2001:db8:1000::/40";
const OTHER_POOL = "2001:db8:2000::/40";
const RELAYED = "2001:db8:77::/64";
const DOMAIN = "house";
const [TEAM = { name: "", id: 0, members: [] }] = TEAMS;
const USERDB = "org.leasehold.Directory";
const given = parseArgs({ options: { patience: { type: "string" }, directory: { type: "string", default: "auto" } } }).values;
const { patience } = given;
const choice = DIRECTORIES.find((one) => one === given.directory);
if (choice === undefined) throw new Error(`--directory is one of ${DIRECTORIES.join(", ")}`);
const interactive = process.stdin.isTTY === true && process.stdout.isTTY === true && process.env["CI"] === undefined;
const ownIds = readFileSync("/proc/self/uid_map", "utf8").trim().split(/\s+/)[2] !== "1";

const folder = mkdtempSync(join(tmpdir(), "leasehold-house-"));
const file = (name: string): string => join(folder, name);
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
if (!ownIds) process.stdout.write("without root: a user namespace, in which roles cannot have user ids of their own\n");

const network = new KernelNetwork();
prepare();
const provider = await room(
  "the provider",
  "provider.ts",
  options(
    {
      interface: PROVIDER_LINK,
      address: `${PROVIDER}/24`,
      beyond: BEYOND,
      pool: "192.0.2.100-199",
      "lease-seconds": "20",
      "renew-seconds": "5",
      "json-events": events("provider"),
    },
    ["--set-up"],
  ),
);
process.stdout.write(`house: provider ${provider.pid}, link ${UPLINK} to ${PROVIDER_LINK}\n`);
const [slaac, host, relay, far] = await Promise.all([
  room("the SLAAC host", "room.ts", ["--up", "eth0"]),
  room("the DHCPv6 host", "host6.ts", options({ interface: "eth0", "json-events": events("host6") }, ["--set-up"])),
  room("the relay", "room.ts", ["--up", "up0", "--up", "down0", "--hold", `down0=${RELAYED.replace("::/64", "::1/64")}`, "--forward"]),
  room("the relayed host", "host6.ts", options({ interface: "eth0", "json-events": events("far") }, ["--set-up"])),
]);
wire({ name: UPLINK, ...(UPLINK_MAC === undefined ? {} : { mac: UPLINK_MAC }), up: true }, end(PROVIDER_LINK, provider));
wire({ name: "lan0", up: true }, end("eth0", slaac));
wire({ name: "lan1", up: true }, end("eth0", host));
wire({ name: "lan2", up: true }, end("up0", relay));
wire(end("down0", relay), end("eth0", far));
const provider6 = beside(
  "the provider of prefixes",
  "provider6.ts",
  options(
    {
      interface: PROVIDER_LINK,
      address: "2001:db8:0:1::1/64",
      beyond: BEYOND6,
      pool: POOL,
      "other-pool": OTHER_POOL,
      "preferred-seconds": "40",
      "valid-seconds": "60",
      "renew-seconds": "4",
      "rebind-seconds": "10",
      "json-events": events("provider6"),
    },
    ["--set-up"],
  ),
  provider,
);
process.stdout.write(`house: provider of prefixes ${provider6.pid}\n`);
const directory = await startDirectory(choice, folder);
process.stdout.write(`house: directory ${directory.name}\n`);

const gateway = leasehold(
  "gateway",
  `[system]
resolver = "none"

[uplink4.${UPLINK}]
host_name = "gateway"
retransmit_seconds = 1

[uplink6.${UPLINK}]
delegate = [ { to = ["lan0", "lan1"] } ]

[lan.lan0]
ra_min_seconds = 3
ra_max_seconds = 4

[lan.lan1]
preferred_seconds = 12
valid_seconds = 24
ra_min_seconds = 3
ra_max_seconds = 4

[lan.lan2]
ra = "off"

[relayed.far]
link = "${RELAYED}"
address_pool = "2001:db8:77:0:1::/80"

[directory]
domain = "${DOMAIN}"
userdb_service = "${USERDB}"

[directory.source.house]
server = "127.0.0.1"
ca_file = "${file("directory.pem")}"
base = "${BASE}"

[directory.source.house.user_fields]
gecos = "cn"
`,
);
leasehold("relay", '[lan.down0]\nra = "off"\ndhcpv6 = "relay"\nrelay_to = ["up0"]\n', relay);
const code = await verify();
if (code !== 0) lastWords();
if (interactive && code === 0) await stay();
gateway.kill("SIGTERM");
await pause(500);
process.exit(code);

/** This namespace is the gateway: it forwards, hears its provider's advertisements all the same, and has a /run of its own. */
function prepare(): void {
  const set = (name: string, value: string): void => writeFileSync(`/proc/sys/net/ipv6/conf/${name}`, value);
  set("all/forwarding", "1");
  set("default/accept_ra", "2");
  set("default/accept_dad", "0");
  network.setLink({ index: network.link("lo")?.index ?? 1, up: true });
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "mode=755", "house", "/run"], { encoding: "utf8" });
  if (mounted.status !== 0) process.stdout.write(`house: no /run of its own: ${mounted.stderr}`);
}

function wire(one: LinkEnd, other: LinkEnd): void {
  network.createVeth(one, other);
}

function end(name: string, neighbour: ChildProcess): LinkEnd {
  return { name, namespace: { pid: neighbour.pid ?? 0 } };
}

function events(name: string): string {
  writeFileSync(file(`${name}.jsonl`), "");
  return file(`${name}.jsonl`);
}

function options(values: Readonly<Record<string, string>>, flags: readonly string[] = []): readonly string[] {
  return [...flags, ...Object.entries(values).flatMap(([name, value]) => [`--${name}`, value])];
}

/** The program as a user starts it. */
function leasehold(name: string, toml: string, neighbour?: ChildProcess): ChildProcess {
  writeFileSync(file(`${name}.toml`), toml, { mode: 0o644 });
  mkdirSync(file(`${name}.run`));
  const log = openSync(file(`${name}.log`), "w");
  const command = [
    join(root, "bin/leasehold"),
    "run",
    "-f",
    file(`${name}.toml`),
    "--runtime-dir",
    file(`${name}.run`),
    "--state-dir",
    file(`${name}.state`),
  ];
  const child = kept(spawn(...inside(neighbour, command), { stdio: ["ignore", log, log] }), `the ${name}`);
  process.stdout.write(`house: ${name} ${child.pid}\n`);
  return child;
}

/** The verifier is a process of its own that imports none of our services. */
function verify(): Promise<number> {
  const pidOf = (child: ChildProcess): number => child.pid ?? 0;
  const facts: HouseFacts = {
    uplink: UPLINK,
    providerAddress: PROVIDER,
    beyondAddress: BEYOND,
    providerEvents: file("provider.jsonl"),
    mainPid: pidOf(gateway),
    ownIds,
    provider6: { pid: pidOf(provider6), events: file("provider6.jsonl"), pool: POOL, otherPool: OTHER_POOL, beyond: BEYOND6 },
    lans: [
      { name: "lan0", hostPid: pidOf(slaac) },
      { name: "lan1", hostPid: pidOf(host) },
    ],
    host6: { pid: pidOf(host), events: file("host6.jsonl") },
    relayed: { pid: pidOf(far), events: file("far.jsonl"), prefix: RELAYED },
    directory,
    people: PEOPLE.map(({ name, id }) => ({ name, uid: id })),
    team: { name: TEAM.name, gid: TEAM.id, members: TEAM.members },
    domain: DOMAIN,
    userdbSocket: `/run/systemd/userdb/${USERDB}`,
  };
  writeFileSync(file("house.json"), JSON.stringify(facts));
  const command = ["--import", "tsx", join(root, "scripts/verify-house.ts"), file("house.json"), ...(patience === undefined ? [] : [patience])];
  const verifier = kept(spawn(process.execPath, command, { stdio: "inherit" }), "the verifier");
  return new Promise((resolve) => verifier.on("exit", (exit) => resolve(exit ?? 1)));
}

/** Whoever finds a row that is not confirmed needs to know who waited for whom. */
function lastWords(): void {
  const tail = (name: string, lines: number): string => readFileSync(file(name), "utf8").trimEnd().split("\n").slice(-lines).join("\n");
  const steps = ["explain", UPLINK, "--service", "uplink6", "--runtime-dir", file("gateway.run")];
  const { stdout, stderr } = spawnSync(join(root, "bin/leasehold"), steps, { encoding: "utf8" });
  process.stdout.write(`the gateway said:\n${tail("gateway.log", 25)}\n`);
  process.stdout.write(`of its prefix:\n${(stdout || stderr).trimEnd().split("\n").slice(-25).join("\n")}\n`);
  for (const name of ["provider6", "host6"]) process.stdout.write(`${name} said:\n${tail(`${name}.jsonl`, 12) || "nothing"}\n`);
}

/** On a terminal the house stays, its view anew every second, until q. */
async function stay(): Promise<void> {
  process.stdin.setRawMode(true);
  let leaving = false;
  process.stdin.on("data", (key) => {
    if (key.toString() === "q" || key.toString() === "\u0003") leaving = true;
  });
  while (!leaving) {
    const { stdout } = spawnSync(join(root, "bin/leasehold"), ["show", "--runtime-dir", file("gateway.run")], { encoding: "utf8" });
    process.stdout.write(
      `\u001b[2J\u001b[H${stdout}\npress q to leave the house; from elsewhere: bin/leasehold show --runtime-dir ${file("gateway.run")}\n`,
    );
    await pause(1000);
  }
  process.stdin.setRawMode(false);
}
