/** Other people's DHCPv6 clients, started in a namespace, and what they say they were given. */
import { readFileSync } from "node:fs";
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
  /** Ends it too: gives back what it had. */
  readonly release: () => Promise<void>;
  /** It has no time to give anything back or to take anything away. */
  readonly kill: () => Promise<void>;
};

export type DhclientOptions = {
  readonly interface: string;
  /** IA_NA: how many. */
  readonly address?: boolean | number;
  /** IA_PD: how many. */
  readonly prefix?: boolean | number;
  readonly rapidCommit?: boolean;
  /** Information alone is asked for. */
  readonly stateless?: boolean;
};

/** ISC dhclient: asks for addresses and prefixes, and sets addresses with their lifetimes. */
export function startDhclient6(ns: Namespace, folder: string, options: DhclientOptions): Dhclient6 {
  const { interface: name, address = true, prefix = false, rapidCommit = false, stateless = false } = options;
  const calls = `dhclient-${name}.jsonl`;
  const script = writeIn(folder, `dhclient-${name}.sh`, recorder(join(folder, calls), SETS_ADDRESS), 0o755);
  const wishes = ["also request dhcp6.name-servers, dhcp6.domain-search;", ...(rapidCommit ? ["send dhcp6.rapid-commit;"] : []), ""];
  const config = writeIn(folder, `dhclient-${name}.conf`, wishes.join("\n"));
  const asked = [...times("-N", address), ...times("-P", prefix), ...times("-S", stateless)];
  const files = ["-sf", script, "-cf", config, "-lf", join(folder, `dhclient-${name}.leases`), "-pf", join(folder, `dhclient-${name}.pid`)];
  const program = ns.spawn("dhclient", ["-6", "-d", "-D", "LL", ...asked, ...files, name]);
  const release = async (): Promise<void> => void (await ns.exec("dhclient", "-6", "-r", "-D", "LL", ...asked, ...files, name));
  return { ...client(program, () => callsIn(folder, calls)), release, kill: killing(program) };
}

function times(flag: string, count: boolean | number): readonly string[] {
  return Array.from({ length: Number(count) }, () => flag);
}

export type Dhcpcd6 = Client6 & { readonly release: () => Promise<void> };
export type DhcpcdOptions = {
  readonly interface: string;
  /** Interfaces that get a /64 of the delegated prefix each. */
  readonly prefixTo?: readonly string[];
  /** Each of them asks for a prefix of its own. */
  readonly prefixEach?: boolean;
  /** How many IA_NA; with none only what advertisements say. */
  readonly addresses?: number;
  /** Information alone is asked for. */
  readonly inform?: boolean;
  /** Wait for router advertisements as an ordinary host does; otherwise DHCPv6 starts at once. */
  readonly solicitRouters?: boolean;
  readonly rapidCommit?: boolean;
  /** Say that a Reconfigure would be obeyed. */
  readonly reconfigure?: boolean;
};

/** dhcpcd with a configuration for this run alone, its state on a file system of its own. */
export function startDhcpcd6(ns: Namespace, folder: string, options: DhcpcdOptions): Dhcpcd6 {
  const {
    interface: name,
    prefixTo = [],
    prefixEach = false,
    addresses = 1,
    inform = false,
    solicitRouters = false,
    rapidCommit = false,
    reconfigure = false,
  } = options;
  const calls = `dhcpcd-${name}.jsonl`;
  const lines = [
    "ipv6only",
    "duid ll",
    "persistent",
    "option dhcp6_name_servers, dhcp6_domain_search",
    ...(reconfigure ? ["option dhcp6_reconfigure_accept"] : []),
    ...(rapidCommit ? ["option dhcp6_rapid_commit"] : []),
    ...(solicitRouters ? [] : ["noipv6rs"]),
    "nodelay",
    `allowinterfaces ${[name, ...prefixTo].join(" ")}`,
    `interface ${name}`,
    "iaid 1",
    ...(inform ? ["inform6"] : []),
    ...Array.from({ length: addresses }, (_, i) => `ia_na ${i === 0 ? 1 : 10 + i}`),
    ...(prefixEach ? prefixTo.map((to, i) => `ia_pd ${2 + i} ${to}/0`) : []),
    ...(prefixTo.length > 0 && !prefixEach ? [`ia_pd 2 ${prefixTo.map((to, i) => `${to}/${i}`).join(" ")}`] : []),
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
  const release = async (): Promise<void> => {
    const [shell = ""] = readFileSync(`/proc/${program.pid}/task/${program.pid}/children`, "utf8").trim().split(" ");
    await ns.attempt("nsenter", "--target", shell, "--mount", "--pid", "dhcpcd", "-6", "-f", config, "-k", name); // which ends with it
    await program.exited;
  };
  return { ...client(program, () => callsIn(folder, calls)), stop: killing(program), release };
}

function killing(program: Running): () => Promise<void> {
  return async () => {
    program.kill();
    await program.exited;
  };
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
