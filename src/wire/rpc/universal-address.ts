/** Universal addresses (RFC 5665 §5.2.3.3): an IP address and, behind two further dots, the two bytes of a port. */
import { type Ipv4Address, parseIpv4 } from "../../base/ipv4.ts";
import { type Ipv6Address, parseIpv6 } from "../../base/ipv6.ts";

export type UniversalAddress = { readonly address: Ipv4Address | Ipv6Address; readonly port: number };

const FORM = /^(.+)\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})$/;

/** @returns undefined when it is none; a path, as `local` has, is none */
export function parseUniversalAddress(text: string): UniversalAddress | undefined {
  const [, host = "", high = "", low = ""] = FORM.exec(text) ?? [];
  const address = parseIpv4(host) ?? parseIpv6(host);
  if (address === undefined || Number(high) > 255 || Number(low) > 255) return undefined;
  return { address, port: Number(high) * 256 + Number(low) };
}

export function printUniversalAddress({ address, port }: UniversalAddress): string {
  return `${address}.${port >>> 8}.${port & 255}`;
}
