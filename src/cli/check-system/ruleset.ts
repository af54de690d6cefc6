/** `nft -j list ruleset`, as far as one question goes: could a new datagram for a port, on an interface, pass a chain? */

export type Chain = {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook: string;
  readonly policy: string;
  readonly devices: readonly string[];
};
type Rule = { readonly family: string; readonly table: string; readonly chain: string; readonly expressions: readonly Expression[] };
type Expression = Readonly<Record<string, unknown>>;
export type Ruleset = { readonly chains: readonly Chain[]; readonly rules: readonly Rule[] };
export type Datagram = {
  readonly protocol: "udp" | "icmpv6";
  /** For UDP. */
  readonly ports: { readonly sport: number; readonly dport: number } | undefined;
  /** For ICMPv6: its type, as nft calls it. */
  readonly type?: keyof typeof ICMPV6_TYPES;
  readonly interface: string;
};
export const ICMPV6_TYPES = { "nd-router-solicit": 133, "nd-router-advert": 134 } as const;

/** Chains called from chains; a deeper ruleset is taken to pass everything. */
const MOST_JUMPS = 16;

/** @returns undefined when it is not what nft prints */
export function parseRuleset(json: string): Ruleset | undefined {
  const { nftables } = objectOf(parsed(json));
  if (!Array.isArray(nftables)) return undefined;
  const items = nftables.map(objectOf);
  return { chains: items.flatMap(({ chain }) => chainOf(chain)), rules: items.flatMap(({ rule }) => ruleOf(rule)) };
}

/** Whether some rule lets it through, as far as can be told; what is not understood counts as letting through. */
export function mayPass(ruleset: Ruleset, chain: Pick<Chain, "family" | "table" | "name">, datagram: Datagram, jumps = 0): boolean {
  if (jumps > MOST_JUMPS) return true;
  const rules = ruleset.rules.filter(({ family, table, chain: name }) => family === chain.family && table === chain.table && name === chain.name);
  return rules.some(({ expressions }) => {
    if (!expressions.every((expression) => fits(expression, datagram))) return false;
    return expressions.some((expression) => {
      if ("accept" in expression || "vmap" in expression || "queue" in expression) return true;
      const target = objectOf(expression["jump"] ?? expression["goto"])["target"];
      return typeof target === "string" && mayPass(ruleset, { ...chain, name: target }, datagram, jumps + 1);
    });
  });
}

/** Only matches can say no. */
function fits(expression: Expression, datagram: Datagram): boolean {
  const { match } = expression;
  if (match === undefined) return true;
  const { left, right, op } = objectOf(match);
  const positive = op !== "!=";
  const { payload, meta, ct } = objectOf(left);
  if (payload !== undefined) return payloadFits(objectOf(payload), right, datagram) === positive;
  if (meta !== undefined) return metaFits(objectOf(meta)["key"], right, datagram) === positive;
  // the kernel keeps no track of neighbour discovery
  if (ct !== undefined) return objectOf(ct)["key"] !== "state" || holds(right, datagram.protocol === "udp" ? "new" : "untracked") === positive;
  return true;
}

function payloadFits({ protocol, field }: Expression, right: unknown, { protocol: own, ports, type }: Datagram): boolean {
  if (protocol === "udp" || protocol === "th") {
    const port = field === "dport" ? ports?.dport : field === "sport" ? ports?.sport : undefined;
    return port !== undefined && holds(right, port);
  }
  if (protocol === "icmpv6" && field === "type" && type !== undefined) return holds(right, type) || holds(right, ICMPV6_TYPES[type]);
  if (protocol === "icmpv6") return own === "icmpv6";
  if ((protocol === "ip" && field === "protocol") || (protocol === "ip6" && field === "nexthdr")) return holds(right, own) || right === "ipv6-icmp";
  return protocol !== "tcp" && protocol !== "icmp";
}

function metaFits(key: unknown, right: unknown, { protocol, interface: name }: Datagram): boolean {
  if (key === "iifname" || key === "oifname" || key === "iif" || key === "oif") return holds(right, name);
  if (key === "l4proto") return holds(right, protocol) || (protocol === "icmpv6" && holds(right, "ipv6-icmp"));
  return true;
}

/** A value, a range, a prefix of a name, a list or a set; a named set may hold anything. */
function holds(right: unknown, wanted: string | number): boolean {
  if (typeof right === "string")
    return right === wanted || right.startsWith("@") || (typeof wanted === "string" && right.endsWith("*") && wanted.startsWith(right.slice(0, -1)));
  if (typeof right === "number") return right === wanted;
  if (Array.isArray(right)) return right.some((one) => holds(one, wanted));
  const { set, range, prefix } = objectOf(right);
  if (set !== undefined) return holds(set, wanted);
  if (Array.isArray(range)) return typeof wanted === "number" && Number(range[0]) <= wanted && wanted <= Number(range[1]);
  return prefix !== undefined;
}

function chainOf(value: unknown): readonly Chain[] {
  const { family, table, name, type, hook, policy = "accept", dev } = objectOf(value);
  if (type !== "filter" || typeof hook !== "string") return [];
  const devices = (Array.isArray(dev) ? dev : [dev]).filter((one) => typeof one === "string");
  return [{ family: String(family), table: String(table), name: String(name), hook, policy: String(policy), devices }];
}

function ruleOf(value: unknown): readonly Rule[] {
  const { family, table, chain, expr } = objectOf(value);
  if (!Array.isArray(expr)) return [];
  return [{ family: String(family), table: String(table), chain: String(chain), expressions: expr.map(objectOf) }];
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
