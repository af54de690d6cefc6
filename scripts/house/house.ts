/** The private house: a provider in a namespace of its own, and our gateway here, joined by a link made with our own netlink. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseMac } from "../../src/base/mac.ts";
import { nativeFolder } from "../../src/platform/native.ts";
import { KernelNetwork } from "../../src/platform/netlink/kernel-network.ts";
import type { HouseFacts } from "../verify-house.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const UPLINK = "wan0";
const UPLINK_MAC = parseMac("02:00:5e:10:00:01");
const PROVIDER_LINK = "cust0";
const PROVIDER = "192.0.2.1";
const BEYOND = "203.0.113.1";
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const interactive = process.stdin.isTTY === true && process.stdout.isTTY === true && process.env["CI"] === undefined;
const ownIds = readFileSync("/proc/self/uid_map", "utf8").trim().split(/\s+/)[2] !== "1";

const folder = mkdtempSync(join(tmpdir(), "leasehold-house-"));
const children: ChildProcess[] = [];
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
if (!ownIds) process.stdout.write("without root: a user namespace, in which roles cannot have user ids of their own\n");

const network = new KernelNetwork();
setUp("lo");
const provider = startProvider();
const gateway = await startGateway(provider);
const code = await verify(gateway);
if (code !== 0) process.stdout.write(`the gateway said:\n${readFileSync(join(folder, "leasehold.log"), "utf8").split("\n").slice(-20).join("\n")}\n`);
if (interactive && code === 0) await stay();
gateway.kill("SIGTERM");
await pause(300);
process.exit(code);

function setUp(name: string): void {
  const index = network.links().find((link) => link.name === name)?.index;
  if (index !== undefined) network.setLink({ index, up: true });
}

/** The provider's process makes its own namespace; its end of the link is put there by process id. */
function startProvider(): ChildProcess {
  const events = join(folder, "provider.jsonl");
  writeFileSync(events, "");
  const options = {
    interface: PROVIDER_LINK,
    address: `${PROVIDER}/24`,
    beyond: BEYOND,
    pool: "192.0.2.100-199",
    "lease-seconds": "20",
    "renew-seconds": "5",
    "json-events": events,
  };
  const environment = ["PATH", "HOME", "TMPDIR"].flatMap((name) =>
    process.env[name] === undefined ? [] : ["--env", `${name}=${process.env[name]}`],
  );
  const program = [
    process.execPath,
    "--import",
    "tsx",
    join(root, "scripts/house/provider.ts"),
    "--set-up",
    ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
  ];
  const child = spawn(`${nativeFolder()}leasehold-launcher`, [...environment, "--new-net", "--chdir", root, "--", ...program], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  children.push(child);
  child.on("exit", (exit, signal) => process.stdout.write(`house: the provider ended (${signal ?? exit})\n`));
  return child;
}

async function startGateway(peer: ChildProcess): Promise<ChildProcess> {
  await inOwnNamespace(peer.pid ?? 0);
  const end = { name: PROVIDER_LINK, namespace: { pid: peer.pid ?? 0 } };
  network.createLink({ name: UPLINK, ...(UPLINK_MAC === undefined ? {} : { mac: UPLINK_MAC }), up: true, kind: { name: "veth", peer: end } });
  process.stdout.write(`house: provider ${peer.pid}, link ${UPLINK} to ${PROVIDER_LINK}\n`);
  const configuration = join(folder, "leasehold.toml");
  writeFileSync(configuration, `[uplink4.${UPLINK}]\nhost_name = "gateway"\nretransmit_seconds = 1\n`, { mode: 0o644 });
  mkdirSync(join(folder, "run"));
  const log = openSync(join(folder, "leasehold.log"), "w");
  const child = spawn(
    join(root, "bin/leasehold"),
    ["run", "-f", configuration, "--runtime-dir", join(folder, "run"), "--state-dir", join(folder, "state")],
    { stdio: ["ignore", log, log] },
  );
  children.push(child);
  process.stdout.write(`house: gateway ${child.pid}\n`);
  return child;
}

/** Waits until the launcher has left our namespace. */
async function inOwnNamespace(pid: number): Promise<void> {
  const namespaceOf = (who: number | "self"): string => spawnSync("readlink", [`/proc/${who}/ns/net`], { encoding: "utf8" }).stdout;
  while (namespaceOf(pid) === namespaceOf("self")) await pause(20);
}

/** The verifier is a process of its own that imports none of our services. */
function verify(running: ChildProcess): Promise<number> {
  const facts: HouseFacts = {
    uplink: UPLINK,
    providerAddress: PROVIDER,
    beyondAddress: BEYOND,
    providerEvents: join(folder, "provider.jsonl"),
    mainPid: running.pid ?? 0,
    ownIds,
  };
  const file = join(folder, "house.json");
  writeFileSync(file, JSON.stringify(facts));
  const verifier = spawn(process.execPath, ["--import", "tsx", join(root, "scripts/verify-house.ts"), file], { stdio: "inherit" });
  children.push(verifier);
  return new Promise((resolve) => verifier.on("exit", (exit) => resolve(exit ?? 1)));
}

/** On a terminal the house stays, its view anew every second, until q. */
async function stay(): Promise<void> {
  process.stdin.setRawMode(true);
  let leaving = false;
  process.stdin.on("data", (key) => {
    if (key.toString() === "q" || key.toString() === "\u0003") leaving = true;
  });
  while (!leaving) {
    const { stdout } = spawnSync(join(root, "bin/leasehold"), ["show", "--runtime-dir", join(folder, "run")], { encoding: "utf8" });
    process.stdout.write(`\u001b[2J\u001b[H${stdout}\npress q to leave the house\n`);
    await pause(1000);
  }
  process.stdin.setRawMode(false);
}
