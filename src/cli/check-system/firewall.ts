/** Chains that drop what they do not know, and know nothing of our ports. A guess from rules, so it says "may". */
import type { Finding, Subject } from "./findings.ts";
import { type Chain, type Datagram, mayPass, parseRuleset, type Ruleset } from "./ruleset.ts";
import type { System } from "./system.ts";

type Need = {
  readonly about: string;
  readonly hook: "input" | "output" | "ingress";
  readonly families: readonly string[];
  readonly datagram: Datagram;
  readonly severity: Finding["severity"];
  readonly what: string;
  readonly rule: string;
};
const IPV4 = ["ip", "inet"];
const IPV6 = ["ip6", "inet"];
const INGRESS = ["netdev", "inet"];

export function firewallFindings(system: System, subject: Subject): readonly Finding[] {
  const legacy = ["iptables", "ip6tables"].flatMap((program) => legacyRules(system, program));
  if (!system.root) return legacy;
  const ruleset = parseRuleset(system.run("nft", "-j", "list", "ruleset") ?? "");
  return ruleset === undefined ? legacy : [...legacy, ...needsOf(subject).flatMap((need) => unmet(ruleset, need))];
}

function needsOf({ uplinks4, uplinks6, lan }: Subject): readonly Need[] {
  return [
    ...uplinks4.flatMap(clientNeeds4),
    ...uplinks6.flatMap(clientNeeds6),
    ...lan.flatMap((name) => [
      need(name, { hook: "input", families: IPV6, sport: 546, dport: 547, what: "requests of DHCPv6 clients" }),
      discovery(name, { hook: "input", families: IPV6, type: "nd-router-solicit", what: "router solicitations and neighbour discovery" }),
    ]),
  ];
}

/** Sockets hear behind the input chain, and so does the kernel, which takes the default route from advertisements. */
function clientNeeds6(name: string): readonly Need[] {
  const [answers, adverts] = ["answers of DHCPv6 servers", "router advertisements"];
  return [
    need(name, { hook: "output", families: IPV6, sport: 546, dport: 547, what: "requests to DHCPv6 servers" }),
    ...(["input", "ingress"] as const).flatMap((hook) => {
      const families = hook === "input" ? IPV6 : INGRESS;
      return [
        need(name, { hook, families, sport: 547, dport: 546, what: answers }),
        discovery(name, { hook, families, type: "nd-router-advert", what: adverts }),
      ];
    }),
  ];
}

/** Answers are read before the input chain; what is sent from the address that is held passes the output chain. */
function clientNeeds4(name: string): readonly Need[] {
  return [
    need(name, { hook: "output", families: IPV4, sport: 68, dport: 67, what: "renewals to the server (everything before the first lease passes)" }),
    need(name, { hook: "ingress", families: INGRESS, sport: 67, dport: 68, what: "answers of DHCPv4 servers" }),
    {
      ...need(name, {
        hook: "input",
        families: IPV4,
        sport: 67,
        dport: 68,
        what: "answers of DHCPv4 servers; leasehold reads them before that, other clients do not",
      }),
      severity: "note",
    },
  ];
}

function need(
  name: string,
  {
    sport,
    dport,
    ...more
  }: { readonly hook: Need["hook"]; readonly families: readonly string[]; readonly sport: number; readonly dport: number; readonly what: string },
): Need {
  const side = more.hook === "output" ? "oifname" : "iifname";
  const datagram: Datagram = { protocol: "udp", ports: { sport, dport }, interface: name };
  return { ...more, about: name, datagram, severity: "warning", rule: `${side} "${name}" udp sport ${sport} udp dport ${dport} accept` };
}

type Discovery = Pick<Need, "hook" | "families" | "what"> & { readonly type: Datagram["type"] & string };
function discovery(name: string, { type, ...more }: Discovery): Need {
  const datagram: Datagram = { protocol: "icmpv6", ports: undefined, type, interface: name };
  return { ...more, about: name, datagram, severity: "warning", rule: `iifname "${name}" meta l4proto ipv6-icmp accept` };
}

function unmet(ruleset: Ruleset, { about, hook, families, datagram, severity, what, rule }: Need): readonly Finding[] {
  const concerned = (chain: Chain): boolean =>
    chain.hook === hook &&
    families.includes(chain.family) &&
    chain.policy === "drop" &&
    (chain.devices.length === 0 || chain.devices.includes(about));
  return ruleset.chains
    .filter((chain) => concerned(chain) && !mayPass(ruleset, chain, datagram))
    .map(({ family, table, name }) => ({
      severity,
      code: "firewall",
      about,
      text: `the firewall may eat ${what}: chain ${name} of table ${family} ${table} drops what it does not know, and no rule of it was found that lets them pass on ${about}`,
      ...(severity === "note" ? {} : { todo: `nft add rule ${family} ${table} ${name} ${rule}` }),
    }));
}

function legacyRules(system: System, program: string): readonly Finding[] {
  const tables = system.read(`/proc/net/${program.replace("tables", "")}_tables_names`) ?? "";
  const text = `there are rules of the old ${program}, which this check does not read: see ${program}-legacy -S`;
  return tables.split("\n").includes("filter") ? [{ severity: "note", code: "firewall-legacy", about: "host", text }] : [];
}
