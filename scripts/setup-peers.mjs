/**
 * Gets from Debian what the tests meet: other people's servers, clients and dissectors. Only as root, only on Debian,
 * only what is missing. Packages that push each other out, would answer on this machine or edit nsswitch.conf are not
 * installed but unpacked into a folder of ours. No service is started: while packages are installed policy-rc.d forbids
 * it, and afterwards processes, nsswitch.conf and resolv.conf are compared with what was there before.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
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
  ["kea-dhcp6-server"],
  ["kea-admin"],
  ["nmap"],
  ["slapd"],
  ["ldap-utils"],
  ["netbase"],
  ["libgssapi-krb5-2"],
];
/** Unpacked, not installed: the package, and a file of it that shows it is there (`*`: the machine's library folder). */
const UNPACKED = [
  ["isc-dhcp-server", "usr/sbin/dhcpd"],
  ["isc-dhcp-relay", "usr/sbin/dhcrelay"],
  ["wide-dhcpv6-server", "usr/sbin/dhcp6s"],
  ["libfl2", "usr/lib/*/libfl.so.2"],
  ["dibbler-server", "usr/sbin/dibbler-server"],
  ["rpcbind", "usr/sbin/rpcbind"],
  ["yp-tools", "usr/bin/ypcat"],
  ["ypserv", "usr/sbin/ypserv"],
  ["ypbind-mt", "usr/sbin/ypbind"],
  ["libnss-nis", "usr/lib/*/libnss_nis.so.2"],
  ["libnss-systemd", "usr/lib/*/libnss_systemd.so.2"],
  ["systemd-userdbd", "usr/bin/userdbctl"],
  ["libtirpc-common", "etc/netconfig"],
  ["libtirpc3", "usr/lib/*/libtirpc.so.3"],
  ["libnsl2", "usr/lib/*/libnsl.so.2"],
  ["libwrap0", "usr/lib/*/libwrap.so.0"],
  ["libgdbm6", "usr/lib/*/libgdbm.so.6"],
  ["wide-dhcpv6-client", "usr/sbin/dhcp6c"],
  ["radvd", "usr/sbin/radvd"],
  ["nslcd", "usr/sbin/nslcd"],
  ["libnss-ldapd", "usr/lib/*/libnss_ldap.so.2"],
];
/** test/support/unpacked.ts looks for them here. */
const UNPACKED_FOLDER = join(dirname(fileURLToPath(import.meta.url)), "../node_modules/.cache/leasehold-peers");
const NOT_OURS_TO_CHANGE = ["/etc/nsswitch.conf", "/etc/resolv.conf"];
const SERVICES = ["kea-dhcp4-server", "kea-dhcp6-server", "slapd"];
const DAEMONS = /^(kea-|dnsmasq|radvd|dhcpcd|dhclient|dhcpd|dhcrelay|dhcp6s|dibbler|udhcp|named|slapd|rpcbind|yp)/;
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

function apt(args, options = {}) {
  const { status } = spawnSync("apt-get", ["-q", "-o", "DPkg::Lock::Timeout=300", "-o", "APT::Sandbox::User=root", ...args], {
    ...options,
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
  const known = (name) => /^\s*Candidate: (?!\(none\))/m.test(output("apt-cache", ["policy", name]));
  const names = rows.map((row) => row.find(known) ?? row[0]);
  console.log(`peers: installing ${names.join(" ")}`);
  withoutServices(() => apt(["install", "-y", "--no-install-recommends", ...names]));
}

function unpackedFile(pattern) {
  const [before, after] = pattern.split("*");
  if (after === undefined) return existsSync(join(UNPACKED_FOLDER, pattern));
  const folder = join(UNPACKED_FOLDER, before);
  return existsSync(folder) && readdirSync(folder).some((name) => existsSync(join(folder, `${name}${after}`)));
}

function notUnpacked() {
  return UNPACKED.filter(([, file]) => !unpackedFile(file)).map(([name]) => name);
}

/** All of them again, in a folder beside that takes the name when it is whole. */
function unpack() {
  const next = `${UNPACKED_FOLDER}.${process.pid}`;
  const names = UNPACKED.map(([name]) => name);
  console.log(`peers: unpacking ${names.join(" ")} in ${UNPACKED_FOLDER}`);
  try {
    mkdirSync(join(next, "debs"), { recursive: true });
    for (const name of ["bin", "sbin", "lib"]) {
      mkdirSync(join(next, "usr", name), { recursive: true });
      symlinkSync(`usr/${name}`, join(next, name)); // releases differ in which of the two a package uses
    }
    apt(["download", ...names], { cwd: join(next, "debs") });
    for (const file of readdirSync(join(next, "debs"))) {
      const unpacking = 'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C "$2"';
      const { status } = spawnSync("sh", ["-c", unpacking, "sh", join(next, "debs", file), next], { stdio: ["ignore", "inherit", "inherit"] });
      if (status !== 0) throw new Error(`${file} could not be unpacked`);
    }
    rmSync(join(next, "debs"), { recursive: true });
    rmSync(UNPACKED_FOLDER, { recursive: true, force: true });
    renameSync(next, UNPACKED_FOLDER);
  } finally {
    rmSync(next, { recursive: true, force: true });
  }
}

function digests() {
  return NOT_OURS_TO_CHANGE.map((file) => [file, existsSync(file) ? createHash("sha256").update(readFileSync(file)).digest("hex") : "absent"]);
}

/** What was installed must not answer on this machine, now or after its next boot, nor change who answers its questions. */
function quiet(rows, before, digestsBefore) {
  const services = SERVICES.filter((name) => rows.flat().includes(name)).map((name) => `${name}.service`); // what ran here before stays
  if (services.length > 0 && existsSync("/run/systemd/system"))
    spawnSync("systemctl", ["disable", "--quiet", "--now", ...services], { stdio: "ignore" });
  const started = [...daemons()].filter(([pid]) => !before.has(pid));
  if (started.length > 0) throw new Error(`started by the installation: ${started.map(([pid, name]) => `${name} (${pid})`).join(", ")}`);
  const changed = digests().filter(([, digest], i) => digest !== digestsBefore[i][1]);
  if (changed.length > 0) throw new Error(`changed by the installation: ${changed.map(([file]) => file).join(", ")}`);
  for (const [file, digest] of digestsBefore) console.log(`peers: as before: ${file} ${digest.slice(0, 16)}`);
}

/** @returns undefined when every peer is there, else one sentence that says why not */
export function setupPeers() {
  if (process.platform !== "linux" || !isDebian()) return "the peers are installed from Debian's packages, and this is not Debian";
  const rows = missing();
  if (rows.length === 0 && notUnpacked().length === 0) return undefined;
  const names = rows.map(([name]) => name).join(" ");
  if (process.getuid() !== 0)
    return names === ""
      ? "some are still to be unpacked, which only root does"
      : `missing, and only root can install: sudo apt-get install --no-install-recommends ${names}`;
  const before = daemons();
  const digestsBefore = digests();
  apt(["update"]);
  if (rows.length > 0) install(rows);
  if (notUnpacked().length > 0) unpack();
  quiet(rows, before, digestsBefore);
  const still = [...missing().map(([name]) => name), ...notUnpacked()];
  return still.length === 0 ? undefined : `could not be had: ${still.join(" ")}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const why = setupPeers();
  console.log(`peers: ${why ?? "all there"}`);
  process.exitCode = why === undefined ? 0 : 1;
}
