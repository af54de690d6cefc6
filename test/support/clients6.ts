/** Other people's DHCPv6 clients, started in a namespace, and what they say they were given. */
import { join } from "node:path";
import type { Namespace } from "./namespace.ts";
import type { Running } from "./programs.ts";
import { readIn, writeIn } from "./scratch.ts";

/** One call of a client's script: its `reason` and all it was told (`new_...`, `old_...`, `cur_...`). */
export type ClientCall = Readonly<Record<string, string>>;
export type Client6 = {
  readonly program: Running;
  readonly calls: () => readonly ClientCall[];
  readonly log: () => string;
  /** Ends it without giving anything back to the server. */
  readonly stop: () => Promise<void>;
};
export type Dhclient6 = Client6 & {
  /** After its end: gives back what it had. */
  readonly release: () => Promise<void>;
};

export type DhclientOptions = {
  readonly interface: string;
  /** IA_NA. */
  readonly address?: boolean;
  /** IA_PD. */
  readonly prefix?: boolean;
};

/** ISC dhclient: asks for one address and one prefix, and sets the address with its lifetimes. */
export function startDhclient6(ns: Namespace, folder: string, { interface: name, address = true, prefix = false }: DhclientOptions): Dhclient6 {
  const calls = `dhclient-${name}.jsonl`;
  const script = writeIn(folder, `dhclient-${name}.sh`, recorder(join(folder, calls), SETS_ADDRESS), 0o755);
  const config = writeIn(folder, `dhclient-${name}.conf`, "also request dhcp6.name-servers, dhcp6.domain-search;\n");
  const asked = [...(address ? ["-N"] : []), ...(prefix ? ["-P"] : [])];
  const files = ["-sf", script, "-cf", config, "-lf", join(folder, `dhclient-${name}.leases`), "-pf", join(folder, `dhclient-${name}.pid`)];
  const program = ns.spawn("dhclient", ["-6", "-d", "-D", "LL", ...asked, ...files, name]);
  const release = async (): Promise<void> => void (await ns.exec("dhclient", "-6", "-r", "-D", "LL", ...asked, ...files, name));
  return { ...client(program, () => callsIn(folder, calls)), release };
}

export type DhcpcdOptions = {
  readonly interface: string;
  /** Interfaces that get a /64 of the delegated prefix each. */
  readonly prefixTo?: readonly string[];
  /** IA_NA; without it only what advertisements say. */
  readonly address?: boolean;
  /** Wait for router advertisements as an ordinary host does; otherwise DHCPv6 starts at once. */
  readonly solicitRouters?: boolean;
  readonly rapidCommit?: boolean;
};

/** dhcpcd with a configuration for this run alone, its state on a file system of its own. */
export function startDhcpcd6(ns: Namespace, folder: string, options: DhcpcdOptions): Client6 {
  const { interface: name, prefixTo = [], address = true, solicitRouters = false, rapidCommit = false } = options;
  const calls = `dhcpcd-${name}.jsonl`;
  const lines = [
    "ipv6only",
    "duid ll",
    "persistent",
    "option dhcp6_name_servers, dhcp6_domain_search",
    ...(rapidCommit ? ["option rapid_commit"] : []),
    ...(solicitRouters ? [] : ["noipv6rs"]),
    "nodelay",
    `allowinterfaces ${[name, ...prefixTo].join(" ")}`,
    `interface ${name}`,
    "iaid 1",
    ...(address ? ["ia_na 1"] : []),
    ...(prefixTo.length > 0 ? [`ia_pd 2 ${prefixTo.map((to, i) => `${to}/${i}`).join(" ")}`] : []),
  ];
  const config = writeIn(folder, `dhcpcd-${name}.conf`, `${lines.join("\n")}\n`);
  const script = writeIn(folder, `dhcpcd-${name}.sh`, recorder(join(folder, calls), ""), 0o755);
  const apart = 'for d in /var/lib/dhcpcd /run; do mount -t tmpfs x "$d" || exit 1; done; mkdir -p /run/dhcpcd; "$@"; exit';
  // the shell stays pid 1 of a namespace, so that helper processes end with it: dhcpcd itself gives up its parent with its rights
  const args = [
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
    "sh",
    "-c",
    apart,
    "sh",
    "dhcpcd",
    "-6",
    "-B",
    "-d",
    "-c",
    script,
    "-f",
    config,
    name,
  ];
  const program = ns.spawn("unshare", args);
  const killed = async (): Promise<void> => {
    program.kill();
    await program.exited;
  };
  return { ...client(program, () => callsIn(folder, calls)), stop: killed };
}

function client(program: Running, calls: () => readonly ClientCall[]): Client6 {
  return { program, calls, log: () => program.stdout + program.stderr, stop: async () => void (await program.stop()) };
}

function callsIn(folder: string, file: string): readonly ClientCall[] {
  const lines = readIn(folder, file).split("\n");
  return lines.filter((line) => line.endsWith("}")).map((line) => JSON.parse(line) as ClientCall);
}

/** Appends what the client says as one line of JSON, then does `action`. */
function recorder(file: string, action: string): string {
  return `#!/bin/sh
{
  printf '{'
  env | grep -E '^(reason|interface|(new|old|cur)_[^=]*)=' |
    sed -e 's/\\\\/\\\\\\\\/g' -e 's/"/\\\\"/g' -e 's/^\\([^=]*\\)=\\(.*\\)$/"\\1":"\\2",/' | tr -d '\\n'
  printf '"pid":"%s"}\\n' "$$"
} >>'${file}'
${action}exit 0
`;
}

const SETS_ADDRESS = `case "$reason" in
PREINIT6) ip link set "$interface" up ;;
BOUND6|RENEW6|REBIND6)
  [ -z "$new_ip6_address" ] || ip -6 addr replace "$new_ip6_address/$new_ip6_prefixlen" dev "$interface" \\
    valid_lft "$new_max_life" preferred_lft "$new_preferred_life" nodad ;;
EXPIRE6|RELEASE6|STOP6|DEPREF6)
  [ "$reason" = DEPREF6 ] || [ -z "$old_ip6_address" ] || ip -6 addr del "$old_ip6_address/$old_ip6_prefixlen" dev "$interface" ;;
esac
`;
