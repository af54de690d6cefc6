/** Who may ask: the only identity there is in YP is the address a question came from. */
import { ipv4Contains, parseIpv4, parseIpv4Prefix, type Ipv4Prefix } from "../../base/ipv4.ts";
import { ipv6Contains, type Ipv6Prefix, parseIpv6, parseIpv6Prefix } from "../../base/ipv6.ts";
import type { AccessRule } from "./config.ts";
import { isSecretMap } from "./shadows.ts";

export type Access = { readonly v4: readonly Ipv4Prefix[]; readonly v6: readonly Ipv6Prefix[] };

const MAPPED = "::ffff:";
const LOOPBACK: readonly string[] = ["127.0.0.0/8", "::1/128"];

/** Networks, or single addresses; loopback is always in. What is neither is passed over: the configuration was checked where it was read. */
export function accessOf(networks: readonly string[]): Access {
  return networksOf([...LOOPBACK, ...networks]);
}

function networksOf(all: readonly string[]): Access {
  return {
    v4: all.flatMap((text) => parseIpv4Prefix(text) ?? parseIpv4Prefix(`${text}/32`) ?? []),
    v6: all.flatMap((text) => parseIpv6Prefix(text) ?? parseIpv6Prefix(`${text}/128`) ?? []),
  };
}

/** @param peer an IPv4 address, an IPv6 one or an IPv4-mapped one: the same rules hold for each way of writing it */
export function mayAsk({ v4, v6 }: Access, peer: string): boolean {
  const plain = plainAddress(peer);
  const four = parseIpv4(plain);
  if (four !== undefined) return v4.some((prefix) => ipv4Contains(prefix, four));
  const six = parseIpv6(plain);
  return six !== undefined && v6.some((prefix) => ipv6Contains(prefix, six));
}

export function isLoopback(peer: string): boolean {
  return mayAsk(LOOPBACK_ONLY, peer);
}

/** An IPv4-mapped address (RFC 4291 §2.5.5.2) as the IPv4 address it stands for. */
function plainAddress(address: string): string {
  return address.startsWith(MAPPED) ? address.slice(MAPPED.length) : address;
}

/** Who asks, as far as YP can know. */
export type Caller = { readonly peer: string; readonly port: number };

const FIRST_ORDINARY_PORT = 1024;

/** Which maps are there for whom: the same for both families of addresses. */
export class MapRules {
  readonly #rules: readonly {
    readonly from: Access | undefined;
    readonly fits: (map: string) => boolean;
    readonly security: AccessRule["security"];
  }[];

  constructor(rules: readonly AccessRule[]) {
    this.#rules = rules.map(({ networks, maps, security }) => {
      const patterns = maps.map(patternOf);
      const from = networks.length === 0 ? undefined : networksOf(networks);
      return { from, security, fits: (map) => patterns.some((pattern) => pattern.test(map)) };
    });
  }

  /** Whether it makes no difference who asks. */
  areAlike(maps: Iterable<string>): boolean {
    return this.#rules.length === 0 && ![...maps].some(isSecretMap);
  }

  /** What root alone may read on a host is for ports of root's alone: on this machine, and in networks that a rule names. */
  mayRead(map: string, { peer, port }: Caller): boolean {
    const rule = this.#rules.find(({ from, fits }) => fits(map) && (from === undefined || mayAsk(from, peer)));
    const isOfRoot = port > 0 && port < FIRST_ORDINARY_PORT;
    if (rule?.security === "deny") return false;
    if (!isSecretMap(map)) return rule?.security !== "port" || isOfRoot;
    return isOfRoot && (isLoopback(peer) || (rule?.security === "port" && rule.from !== undefined));
  }
}

function patternOf(map: string): RegExp {
  const parts = map.split("*").map((part) => part.replace(/[^A-Za-z0-9_-]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
}

const LOOPBACK_ONLY = accessOf([]);
