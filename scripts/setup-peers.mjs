/**
 * Installs from Debian what the tests meet: other people's servers, clients and dissectors. Only as root, only on
 * Debian, only what is missing. No service is started: while packages are installed policy-rc.d forbids it, and
 * afterwards the process list is compared with the one before.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Each row: the first package of the row that Debian has is wanted. */
const WANTED = [
  ["tshark"],
  ["kea-dhcp4-server"],
  ["dnsmasq-base"],
  ["iproute2"],
  ["iputils-ping"],
  ["busybox"],
  ["dhcpcd-base", "dhcpcd5"],
  ["isc-dhcp-client"],
  ["tcpdump"],
  ["strace"],
  ["python3"],
  ["nftables"],
  ["procps"],
  ["util-linux"],
  ["ethtool"],
  ["systemd"],
];
const DAEMONS = /^(kea-|dnsmasq|dhcpcd|dhclient|udhcp|named)/;
const POLICY = "/usr/sbin/policy-rc.d";
const KEPT = `${POLICY}.before-leasehold`;

function output(command, args) {
  return spawnSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).stdout ?? "";
}

function isInstalled(name) {
  return output("dpkg-query", ["-W", "-f", "${Status}", name]).startsWith("install ok installed");
}

function missing() {
  return WANTED.filter((names) => !names.some(isInstalled));
}

function isDebian() {
  return existsSync("/etc/debian_version") && existsSync("/usr/bin/apt-get");
}

/** Process ids of programs that hold ports or addresses, with their names. */
function daemons() {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return new Map(pids.map((pid) => [pid, commandOf(pid)]).filter(([, name]) => DAEMONS.test(name)));
}

function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return "";
  }
}

function apt(args) {
  const { status } = spawnSync("apt-get", ["-q", "-o", "DPkg::Lock::Timeout=300", ...args], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  if (status !== 0) throw new Error(`apt-get ${args[0]} ended with ${status}`);
}

/** Forbids starting services while `work` runs, and puts back what was there. */
function withoutServices(work) {
  if (existsSync(POLICY)) renameSync(POLICY, KEPT);
  try {
    writeFileSync(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
    work();
  } finally {
    rmSync(POLICY, { force: true });
    if (existsSync(KEPT)) renameSync(KEPT, POLICY);
  }
}

function install(rows) {
  apt(["update"]);
  const known = (name) => /^\s*Candidate: (?!\(none\))/m.test(output("apt-cache", ["policy", name]));
  const names = rows.map((row) => row.find(known) ?? row[0]);
  console.log(`peers: installing ${names.join(" ")}`);
  withoutServices(() => apt(["install", "-y", "--no-install-recommends", ...names]));
}

/** What was installed must not answer on this machine, now or after its next boot. */
function quiet(before) {
  if (existsSync("/run/systemd/system")) spawnSync("systemctl", ["disable", "--quiet", "--now", "kea-dhcp4-server.service"], { stdio: "ignore" });
  const started = [...daemons()].filter(([pid]) => !before.has(pid));
  if (started.length > 0) throw new Error(`started by the installation: ${started.map(([pid, name]) => `${name} (${pid})`).join(", ")}`);
}

/** @returns undefined when every peer is there, else one sentence that says why not */
export function setupPeers() {
  if (process.platform !== "linux" || !isDebian()) return "the peers are installed from Debian's packages, and this is not Debian";
  const rows = missing();
  if (rows.length === 0) return undefined;
  const names = rows.map(([name]) => name).join(" ");
  if (process.getuid() !== 0) return `missing, and only root can install: sudo apt-get install --no-install-recommends ${names}`;
  const before = daemons();
  install(rows);
  quiet(before);
  const still = missing();
  return still.length === 0 ? undefined : `could not be installed: ${still.map(([name]) => name).join(" ")}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const why = setupPeers();
  console.log(`peers: ${why ?? "all there"}`);
  process.exitCode = why === undefined ? 0 : 1;
}
