/** Kinds of values that several services' tables take, each with the hint a person gets when it is wrong. */
import { z } from "zod";
import { type DomainName, parseDomainName } from "../base/domain.ts";
import { parseIpv4 } from "../base/ipv4.ts";
import { parseIpv6, parseIpv6Prefix } from "../base/ipv6.ts";
import { LIMITS } from "../base/limits.ts";

export { numberOfName } from "../base/name-number.ts";

/** Text that a parser of `base` knows how to read. */
export function parsed<T>(parse: (text: string) => T | undefined, { what, hint }: { readonly what: string; readonly hint: string }) {
  return z.string().transform((text, context): T => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: `"${text}" is no ${what}`, params: { hint } });
    return z.NEVER;
  });
}

export const ipv4 = parsed(parseIpv4, { what: "IPv4 address", hint: 'four decimal numbers, such as "192.0.2.1"' });
export const ipv6 = parsed(parseIpv6, { what: "IPv6 address", hint: 'such as "2001:db8::1"' });
export const prefix6 = parsed(parseIpv6Prefix, { what: "IPv6 prefix", hint: 'an address and a length, such as "2001:db8:1::/48"' });
export const domain = parsed((text): DomainName | undefined => parseDomainName(text), {
  what: "domain name",
  hint: 'letters, digits and hyphens, at most 63 in a label, such as "home.example"',
});
/** What an operator calls a class of clients, or a host: at most LIMITS.labelBytes. */
export const label = z.string().regex(/^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9_])?$/, { message: "this is no name of a class or a host" });
const INTERFACE_BYTES = 15;
export const interfaceName = z
  .string()
  .refine(
    (name) => /^(?!\.\.?$)[^\s/:\p{Cc}]+$/u.test(name) && new TextEncoder().encode(name).length <= INTERFACE_BYTES,
    "this is no name of an interface",
  );
export const seconds = (least: number, most: number) => z.number().int().min(least).max(most);
export const resolvers = z.array(ipv6).max(LIMITS.addressesPerOption).default([]);
export const searchDomains = z.array(domain).max(LIMITS.searchDomains).default([]);
