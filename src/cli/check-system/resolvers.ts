/** Which way resolvers that a server names would take to the host's programs, and whether /etc/resolv.conf leads there. */
import type { Finding, Subject } from "./findings.ts";
import { processesNamed } from "./processes.ts";
import type { System } from "./system.ts";

const RESOLV_CONF = "/etc/resolv.conf";
/** There while systemd-resolved has run. */
const RESOLVED = "/run/systemd/resolve";
/** How the file that main writes begins, where it is no link to it. */
const OWN_MARK = "# Written by leasehold";
const PROGRAM_FOLDERS = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

export function resolverFindings(system: System, { uplinks4, resolver, runtimeDir }: Subject): readonly Finding[] {
  if (uplinks4.length === 0 || resolver === "none") return [];
  const way = resolver === "auto" ? wayOf(system) : resolver;
  const file = `${runtimeDir}/resolv.conf`;
  const target = system.link(RESOLV_CONF);
  if (way === "resolvectl") return viaResolved(system, target);
  if (way === "resolvconf") return [note("resolvers go to resolvconf")];
  const text = system.read(RESOLV_CONF);
  // main makes the link where there is nothing
  const leads = target === file || (target === undefined && (text === undefined || text.startsWith(OWN_MARK)));
  return [
    note(`resolvers go to ${file}`),
    ...(leads
      ? []
      : [
          unused(
            `${RESOLV_CONF} ${target === undefined ? "is a file of its own" : `leads to ${target}`}: programs do not read ${file}`,
            `ln -sf ${file} ${RESOLV_CONF}`,
          ),
        ]),
  ];
}

function wayOf(system: System): "resolvectl" | "resolvconf" | "file" {
  if (system.list(RESOLVED).length > 0 && has(system, "resolvectl")) return "resolvectl";
  return has(system, "resolvconf") ? "resolvconf" : "file";
}

function viaResolved(system: System, target: string | undefined): readonly Finding[] {
  const stub = target?.includes("systemd/resolve/") === true || /^nameserver 127\.0\.0\.5[34]$/m.test(system.read(RESOLV_CONF) ?? "");
  const running = processesNamed(system, "systemd-resolved").length > 0;
  return [
    note("resolvers go to systemd-resolved, by resolvectl"),
    ...(running ? [] : [unused("systemd-resolved does not run: nobody takes the resolvers", "systemctl enable --now systemd-resolved")]),
    ...(stub
      ? []
      : [
          unused(
            `${RESOLV_CONF} does not lead to systemd-resolved: programs that read it do not ask it`,
            `ln -sf ../run/systemd/resolve/stub-resolv.conf ${RESOLV_CONF}`,
          ),
        ]),
  ];
}

function has(system: System, program: string): boolean {
  return PROGRAM_FOLDERS.some((folder) => system.list(folder).includes(program));
}

function note(text: string): Finding {
  return { severity: "note", code: "resolver-way", about: "host", text };
}

function unused(text: string, todo: string): Finding {
  return { severity: "warning", code: "resolver-unused", about: "host", text, todo };
}
