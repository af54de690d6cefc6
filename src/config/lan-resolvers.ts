/** `dnr`: resolvers that are asked over an encrypted connection (RFC 9463), with service parameters as RFC 9460 names them. */
import { z } from "zod";
import { decodeAll, encodeAll } from "../base/codec.ts";
import { parseIpv4 } from "../base/ipv4.ts";
import { type Ipv6Address, isMulticastV6, LOOPBACK_V6, parseIpv6, UNSPECIFIED_V6 } from "../base/ipv6.ts";
import { LIMITS } from "../base/limits.ts";
import type { EncryptedResolver, ServiceParameter } from "../wire/dhcp6/services.ts";
import { serviceParameters } from "../wire/dhcp6/services.ts";
import { domain, parsed } from "./kinds.ts";
import { octets, octetsOf } from "./octets.ts";

const KEY = { mandatory: 0, alpn: 1, "no-default-alpn": 2, port: 3, dohpath: 7, ohttp: 8 } as const;
const NAMED: readonly string[] = Object.keys(KEY).filter((name) => name !== "mandatory");
/** Numbers that are not for `parameters`, and why. */
const REFUSED: Readonly<Record<number, string>> = {
  0: "mandatory says it",
  1: "alpn says it",
  2: "no_default_alpn says it",
  3: "port says it",
  4: "addresses says it: RFC 9463 §3.1.5 has no hints beside it",
  5: "encrypted hellos are not said by DHCP",
  6: "addresses says it: RFC 9463 §3.1.5 has no hints beside it",
  7: "dohpath says it",
  8: "ohttp says it",
};
const MOST_KEY = 0xfffe;
const ALPN_BYTES = 255;

/** Clients throw away what no host can be reached at (RFC 9463 §4.1). */
const address = parsed(
  (text) => {
    const v6 = parseIpv6(text);
    return v6 === undefined || !(isMulticastV6(v6) || v6 === LOOPBACK_V6 || v6 === UNSPECIFIED_V6) ? (v6 ?? parseIpv4(text)) : undefined;
  },
  { what: "address of a resolver", hint: 'such as "2001:db8::53"; those of IPv4 are for DHCPv4 alone' },
);

const parameters = z.record(z.string(), octets(LIMITS.servedOptionBytes, 0)).superRefine((given, context) => {
  for (const name of Object.keys(given)) {
    const key = keyOf(name);
    const hint = key === undefined ? 'a number behind "key": "key667" (RFC 9460 §2.1)' : REFUSED[key];
    if (hint !== undefined)
      context.addIssue({ code: "custom", path: [name], message: `"${name}" is no service parameter of its own`, params: { hint } });
  }
});

export const resolver = z
  .strictObject({
    priority: z.number().int().min(1).max(0xffff),
    name: domain,
    addresses: z.array(address).min(1).max(LIMITS.addressesPerOption).optional(),
    alpn: z.array(octets(ALPN_BYTES)).min(1).optional(),
    no_default_alpn: z.boolean().optional(),
    port: z.number().int().min(1).max(0xffff).optional(),
    dohpath: z.string().optional(),
    ohttp: z.boolean().optional(),
    mandatory: z.array(z.string()).min(1).optional(),
    parameters: parameters.optional(),
  })
  .superRefine((given, context) => {
    for (const { path, message, hint } of contradictions(given)) context.addIssue({ code: "custom", path: [...path], message, params: { hint } });
  });
export type ResolverFile = z.output<typeof resolver>;

/** @returns undefined for one of IPv4 alone: it is not said by DHCPv6 */
export function resolverOf(given: ResolverFile): EncryptedResolver | undefined {
  const all = given.addresses ?? [];
  const addresses = all.filter((one): one is Ipv6Address => one.includes(":"));
  if (all.length > 0 && addresses.length === 0) return undefined;
  const said = encodeAll(serviceParameters, parametersOf(given));
  return { priority: given.priority, authenticationName: given.name, addresses, parameters: decodeAll(serviceParameters, said) };
}

type Contradiction = { readonly path: readonly (string | number)[]; readonly message: string; readonly hint: string };

function contradictions(given: ResolverFile): readonly Contradiction[] {
  const said = parametersOf(given).map(({ key }) => key);
  const overHttp = (given.alpn ?? []).some((one) => one === "h2" || one === "h3");
  const found: readonly (Contradiction | false)[] = [
    given.addresses === undefined &&
      said.length > 0 && {
        path: [],
        message: "service parameters need addresses",
        hint: "RFC 9463 §3.1.6: by its name alone a resolver is found with all of them",
      },
    given.no_default_alpn === true &&
      given.alpn === undefined && { path: ["no_default_alpn"], message: "no_default_alpn needs alpn", hint: "RFC 9460 §7.1.1" },
    overHttp &&
      given.dohpath === undefined && { path: ["alpn"], message: "DNS over HTTPS needs dohpath", hint: 'RFC 9461 §5: dohpath = "/dns-query{?dns}"' },
    given.dohpath !== undefined &&
      !/^\/[\x21-\x7e]*\{\?[^}]*\bdns\b[^}]*\}/.test(given.dohpath) && {
        path: ["dohpath"],
        message: "this is no path with a place for the question",
        hint: 'RFC 9461 §5: "/dns-query{?dns}"',
      },
    ...(given.mandatory ?? []).map((name, index) => {
      const key = parameterKey(name);
      const path = ["mandatory", index];
      if (key === undefined) return { path, message: `"${name}" is no service parameter`, hint: `one of ${NAMED.join(", ")}, or "key667"` };
      return !said.includes(key) && { path, message: `${name} is mandatory and not said`, hint: "RFC 9460 §8: say it, or take it out of mandatory" };
    }),
  ];
  return found.filter((one) => one !== false);
}

/** In ascending order (RFC 9460 §2.2). */
function parametersOf(given: ResolverFile): readonly ServiceParameter[] {
  const keys = [...new Set((given.mandatory ?? []).flatMap((name) => parameterKey(name) ?? []))].toSorted((a, b) => a - b);
  const made: readonly (ServiceParameter | false)[] = [
    keys.length > 0 && { key: KEY.mandatory, value: Uint8Array.from(keys.flatMap(u16)) },
    given.alpn !== undefined && { key: KEY.alpn, value: Uint8Array.from(given.alpn.flatMap((one) => behindLength(octetsOf(one)))) },
    given.no_default_alpn === true && { key: KEY["no-default-alpn"], value: new Uint8Array(0) },
    given.port !== undefined && { key: KEY.port, value: Uint8Array.from(u16(given.port)) },
    given.dohpath !== undefined && { key: KEY.dohpath, value: new TextEncoder().encode(given.dohpath) },
    given.ohttp === true && { key: KEY.ohttp, value: new Uint8Array(0) },
    ...Object.entries(given.parameters ?? {}).map(([name, text]) => ({ key: keyOf(name) ?? 0, value: octetsOf(text) ?? new Uint8Array(0) })),
  ];
  return made.filter((one) => one !== false).toSorted((a, b) => a.key - b.key);
}

function parameterKey(name: string): number | undefined {
  if (NAMED.includes(name)) return KEY[name as keyof typeof KEY];
  const key = keyOf(name);
  return key === KEY.mandatory ? undefined : key;
}

function keyOf(name: string): number | undefined {
  const [, digits] = /^key(0|[1-9]\d{0,4})$/.exec(name) ?? [];
  return digits !== undefined && Number(digits) <= MOST_KEY ? Number(digits) : undefined;
}

function u16(value: number): readonly number[] {
  return [value >>> 8, value & 255];
}

function behindLength(octets: Uint8Array | undefined): readonly number[] {
  return octets === undefined ? [] : [octets.length, ...octets];
}
