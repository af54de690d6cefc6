/** Who may ask: the only identity there is in YP is the address a question came from. */
import { ipv4Contains, parseIpv4, parseIpv4Prefix, type Ipv4Prefix } from "../../base/ipv4.ts";
import { ipv6Contains, type Ipv6Prefix, parseIpv6, parseIpv6Prefix } from "../../base/ipv6.ts";

export type Access = { readonly v4: readonly Ipv4Prefix[]; readonly v6: readonly Ipv6Prefix[] };

const MAPPED = "::ffff:";
const LOOPBACK: readonly string[] = ["127.0.0.0/8", "::1/128"];

/** Networks, or single addresses; loopback is always in. What is neither is passed over: the configuration was checked where it was read. */
export function accessOf(networks: readonly string[]): Access {
  const all = [...LOOPBACK, ...networks];
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

const LOOPBACK_ONLY = accessOf([]);
