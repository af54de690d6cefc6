/** How a client is started where it finds neither the state nor the files of this machine, and the tools that watch it. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
/** Where clients keep state; the names of namespaces stay to be seen in /run. */
const OWN_FOLDERS = [
  "mount -t tmpfs x /mnt; mkdir /mnt/netns; mount -n --rbind /run/netns /mnt/netns; mount -n --move /mnt /run; mount -t tmpfs x /var/lib",
  "mkdir -p /run/dhcpcd /run/systemd/network /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp",
  "mkdir -p /var/lib/dhcpcd /var/lib/dhcp /var/lib/dhcpv6",
];

/** @returns the path of a tool of bench/tools, compiled into that folder */
export function compiled(name: string, folder: string): string {
  execFileSync("cc", ["-O2", "-w", "-o", join(folder, name), join(ROOT, `bench/tools/${name}.c`)]);
  return join(folder, name);
}

/** Files of one world; networkd reads those in the folder `networkd`. */
export function writerIn(folder: string): (name: string, text: string, mode?: number) => string {
  mkdirSync(join(folder, "networkd"), { recursive: true });
  return (name, text, mode = 0o644) => {
    writeFileSync(join(folder, name), text, { mode });
    return join(folder, name);
  };
}

/** Runs in the client's namespace, with folders of its own where clients keep state. */
export function startIsolated({ client, folder }: { readonly client: string; readonly folder: string }, command: string): ChildProcess {
  const isolated = [...OWN_FOLDERS, `cp ${folder}/networkd/*.network /run/systemd/network/`, "mount -o remount,bind,ro /sys", `exec ${command}`].join(
    "; ",
  );
  return spawn("ip", ["netns", "exec", client, "unshare", "-m", "sh", "-c", isolated], { stdio: ["ignore", "pipe", "pipe"] });
}

/** What a program wrote to its two outputs until its end. */
export async function outputOf(child: ChildProcess): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name]?.setEncoding("utf8").on("data", (chunk: string) => {
      text[name] += chunk;
    });
  await new Promise((resolve) => child.on("close", resolve));
  return text;
}
