/** A securenets file, as other servers of YP have it: a network a line, by mask, by length, or one host. */
import { type Ipv4Address, ipv4Prefix, parseIpv4, parseIpv4Prefix, prefixLengthOf } from "../base/ipv4.ts";
import { ipv6Bytes, ipv6Prefix, parseIpv6, parseIpv6Prefix } from "../base/ipv6.ts";
import { DIRECTORY_LIMITS } from "../base/limits-directory.ts";
import { escapeText } from "../base/text.ts";

export type Securenets = { readonly networks: readonly string[] } | { readonly fault: string };

const BITS = 8;

/** @returns the networks, or what is wrong with the first line that is none */
export function securenetsIn(text: string): Securenets {
  const networks: string[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const words = line
      .replace(/#.*/, "")
      .trim()
      .split(/\s+/)
      .filter((word) => word !== "");
    if (words.length === 0) continue;
    const network = networkIn(words);
    if (network === undefined) return { fault: `line ${index + 1} is no network: ${escapeText(line.trim().slice(0, 80))}` };
    if (networks.length >= DIRECTORY_LIMITS.securenets) return { fault: `more than ${DIRECTORY_LIMITS.securenets} networks` };
    networks.push(network);
  }
  return { networks };
}

/** A network with its length, or one address; undefined for neither. */
export function networkOf(text: string): string | undefined {
  const four = parseIpv4(text);
  const six = parseIpv6(text);
  if (four !== undefined) return ipv4Prefix(four, 32);
  return six === undefined ? (parseIpv4Prefix(text) ?? parseIpv6Prefix(text)) : ipv6Prefix(six, 128);
}

function networkIn([first = "", second, ...more]: readonly string[]): string | undefined {
  if (more.length > 0) return undefined;
  if (second === undefined) return first.includes("/") ? networkOf(first) : undefined;
  if (first === "host") return second.includes("/") ? undefined : networkOf(second);
  const [mask4, address4] = [parseIpv4(first), parseIpv4(second)];
  if (mask4 !== undefined && address4 !== undefined) return byMask(mask4, address4);
  const [mask6, address6] = [parseIpv6(first), parseIpv6(second)];
  const length = mask6 === undefined ? undefined : lengthOf(ipv6Bytes(mask6));
  return address6 === undefined || length === undefined ? undefined : ipv6Prefix(address6, length);
}

function byMask(mask: Ipv4Address, address: Ipv4Address): string | undefined {
  const length = prefixLengthOf(mask);
  return length === undefined ? undefined : ipv4Prefix(address, length);
}

/** undefined where ones do not all come first. */
function lengthOf(mask: Uint8Array): number | undefined {
  const bits = Array.from(mask, (byte) => byte.toString(2).padStart(BITS, "0")).join("");
  return /^1*0*$/.test(bits) ? bits.lastIndexOf("1") + 1 : undefined;
}
