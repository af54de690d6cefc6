/** What clients are told by DHCPv6 besides leases: the same keys for links, classes and reserved hosts, and the octets they become. */
import { z } from "zod";
import { decodeAll, encodeAll, type Codec } from "../base/codec.ts";
import type { DomainName } from "../base/domain.ts";
import { parseDomainName } from "../base/domain.ts";
import { WireError } from "../base/errors.ts";
import { type Ipv6Address, isMulticastV6, parseIpv6 } from "../base/ipv6.ts";
import { LIMITS } from "../base/limits.ts";
import type { BootFile, ServedOption, ServedOptions } from "../services/lan/dhcp6-config.ts";
import { OPTIONS } from "../wire/dhcp6/options.ts";
import type { TimeSource } from "../wire/dhcp6/services.ts";
import { text as textCodec } from "../wire/dhcp6/values.ts";
import { domain, ipv6, parsed, seconds } from "./kinds.ts";
import { resolver, resolverOf } from "./lan-resolvers.ts";
import { octets, octetsOf } from "./octets.ts";
import { rawOptions } from "./lan-raw-options.ts";

const MOST_CODE = 0xffff;
const MOST_ENTERPRISE = 0xffffffff;
/** RFC 8910 §2: there is no portal. */
const NO_PORTAL = "urn:ietf:params:capport:unrestricted";

/** One thing or more: a key that says nothing is left out. */
function some<T extends z.ZodType>(kind: T, most: number = LIMITS.addressesPerOption) {
  return z.array(kind).min(1).max(most);
}

function sound(is: (text: string) => boolean, message: string, hint: string) {
  return z.string().superRefine((text, context) => {
    if (!is(text)) context.addIssue({ code: "custom", message, params: { hint } });
  });
}

/** Text that clients will take: not empty, without control characters. */
function isText(text: string): boolean {
  try {
    return decodeAll(textCodec, encodeAll(textCodec, text)) === text;
  } catch (error) {
    if (error instanceof WireError) return false;
    throw error;
  }
}

const isUrl = (text: string): boolean => isText(text) && !/\s/.test(text) && URL.canParse(text);
const source = parsed((text) => parseIpv6(text) ?? (/^[\d.]+$/.test(text) ? undefined : parseDomainName(text)), {
  what: "IPv6 address or name of a time server",
  hint: '"2001:db8::123", or "time.example"; those of IPv4 are for DHCPv4 alone',
});
const zone = sound(isText, "this is no time zone", 'such as "CET-1CEST,M3.5.0,M10.5.0/3" (POSIX), or "Europe/Berlin" (name)');
const portal = sound(
  (text) => text === NO_PORTAL || (isUrl(text) && text.startsWith("https://")),
  "this is no address of a captive portal's API",
  `RFC 8908 §4: an https URL, or "${NO_PORTAL}"`,
);
const bootFile = z.strictObject({
  architecture: z.number().int().min(0).max(0xffff).optional(),
  url: sound(isUrl, "this is no URL", 'such as "tftp://[2001:db8::69]/boot.efi" (RFC 5970 §3.1)'),
  parameters: some(sound(isText, "this is no parameter", "text without control characters, not empty (RFC 5970 §3.2)")).optional(),
});
const vendor = z.strictObject({
  enterprise: z.number().int().min(0).max(MOST_ENTERPRISE),
  options: z.record(z.string(), octets(LIMITS.servedOptionBytes, 0)).superRefine((options, context) => {
    for (const code of Object.keys(options)) {
      if (/^(0|[1-9]\d{0,4})$/.test(code) && Number(code) <= MOST_CODE) continue;
      const params = { hint: `a number from 0 to ${MOST_CODE} in quotes` };
      context.addIssue({ code: "custom", path: [code], message: `"${code}" is no code of an option`, params });
    }
  }),
});

export const servedKeys = {
  dns: some(ipv6).optional(),
  search: some(domain, LIMITS.searchDomains).optional(),
  ntp: some(source).optional(),
  sntp: some(ipv6).optional(),
  sip_servers: some(ipv6).optional(),
  sip_domains: some(domain, LIMITS.searchDomains).optional(),
  timezone_posix: zone.optional(),
  timezone: zone.optional(),
  captive_portal: portal.optional(),
  aftr: domain.optional(),
  sol_max_rt_seconds: seconds(60, 86_400).optional(),
  inf_max_rt_seconds: seconds(60, 86_400).optional(),
  dnr: some(resolver).optional(),
  boot: some(bootFile, LIMITS.bootFiles).optional(),
  vendor_options: some(vendor).optional(),
  options: rawOptions.optional(),
  forced_options: some(z.number().int().min(1).max(MOST_CODE), LIMITS.servedOptions).optional(),
};
const file = z.strictObject(servedKeys);
export type ServedFile = z.output<typeof file>;
type Unforced = Omit<ServedOption, "forced">;
/** Options, and the place in the table that says them. */
export type Said = { readonly path: readonly (string | number)[]; readonly options: readonly Unforced[] };

export function servedOf(given: ServedFile): ServedOptions {
  const codes = given.forced_options ?? [];
  const forced = (one: Unforced): ServedOption => ({ ...one, forced: codes.includes(one.code) });
  return {
    options: saidIn(given).flatMap(({ options }) => options.map(forced)),
    boot: (given.boot ?? []).map((one): BootFile => ({ architecture: one.architecture, options: bootOptions(one).map(forced) })),
  };
}

/** Everything but what is booted, in the order of the keys. */
export function saidIn(given: ServedFile): readonly Said[] {
  return [
    ...say("dns", given.dns, (value) => [made(OPTIONS.dnsServers, value)]),
    ...say("search", given.search, (value) => [made(OPTIONS.domainSearch, value)]),
    ...say("ntp", given.ntp, (value) => value.map((one) => made(OPTIONS.ntpServers, [timeSource(one)]))), // RFC 5908 §4: one in each
    ...say("sntp", given.sntp, (value) => [made(OPTIONS.sntpServers, value)]),
    ...say("sip_servers", given.sip_servers, (value) => [made(OPTIONS.sipServers, value)]),
    ...say("sip_domains", given.sip_domains, (value) => [made(OPTIONS.sipServerNames, value)]),
    ...say("timezone_posix", given.timezone_posix, (value) => [made(OPTIONS.posixTimezone, value.replaceAll(" ", "_"))]),
    ...say("timezone", given.timezone, (value) => [made(OPTIONS.tzdbTimezone, value.replaceAll(" ", "_"))]),
    ...say("captive_portal", given.captive_portal, (value) => [made(OPTIONS.captivePortal, value)]),
    ...say("aftr", given.aftr, (value) => [made(OPTIONS.aftrName, value)]),
    ...say("sol_max_rt_seconds", given.sol_max_rt_seconds, (value) => [made(OPTIONS.solMaxRtSeconds, value)]),
    ...say("inf_max_rt_seconds", given.inf_max_rt_seconds, (value) => [made(OPTIONS.infMaxRtSeconds, value)]),
    ...(given.dnr ?? []).map((one, index): Said => {
      const resolvers = [resolverOf(one)].filter((each) => each !== undefined);
      return { path: ["dnr", index], options: resolvers.map((each) => made(OPTIONS.encryptedResolvers, each)) };
    }),
    ...(given.vendor_options ?? []).map((one, index): Said => ({ path: ["vendor_options", index], options: [vendorOption(one)] })),
    ...Object.entries(given.options ?? {}).map(
      ([code, text]): Said => ({ path: ["options", code], options: [{ code: Number(code), value: octetsOf(text) ?? new Uint8Array(0) }] }),
    ),
  ];
}

export function bootOptions({ url, parameters }: z.output<typeof bootFile>): readonly Unforced[] {
  return [made(OPTIONS.bootFileUrl, url), ...(parameters === undefined ? [] : [made(OPTIONS.bootFileParameters, parameters)])];
}

function say<T>(key: string, value: T | undefined, options: (value: T) => readonly Unforced[]): readonly Said[] {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return [];
  return [{ path: [key], options: options(value) }];
}

function made<T>({ code, codec }: { readonly code: number; readonly codec: Codec<T> }, value: T): Unforced {
  return { code, value: encodeAll(codec, value) };
}

function timeSource(one: Ipv6Address | DomainName): TimeSource {
  const address = parseIpv6(one);
  if (address === undefined) return { kind: "name", name: one as DomainName };
  return { kind: isMulticastV6(address) ? "multicast" : "unicast", address };
}

function vendorOption({ enterprise, options }: z.output<typeof vendor>): Unforced {
  const inner = Object.entries(options).map(([code, text]) => ({ code: Number(code), bytes: octetsOf(text) ?? new Uint8Array(0) }));
  return made(OPTIONS.vendorOptions, { enterprise, options: inner });
}
