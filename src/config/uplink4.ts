/** `[uplink4.INTERFACE]`. */
import { hostname } from "node:os";
import { z } from "zod";
import { parseDomainName } from "../base/domain.ts";
import { toHex } from "../base/hex.ts";
import { type Ipv4Address, isUnicastV4, parseIpv4 } from "../base/ipv4.ts";
import { LIMITS } from "../base/limits.ts";
import type { Uplink4Config, Uplink4Interface } from "../services/uplink4/config.ts";
import type { ClientId } from "../wire/dhcp4/vendor.ts";
import { domain, interfaceName, ipv4, seconds } from "./kinds.ts";
import { hexOf, octets, octetsOf } from "./octets.ts";

/** Options that have a key of their own, and where. */
const OWN_KEYS = { vendorClass: 60, userClass: 77, mudUrl: 161 } as const;
/** Options of the conversation itself: what they say stands with the client, or has a key that says it. */
const RESERVED: Readonly<Record<number, string>> = {
  12: "host_name says it",
  50: "the client asks for the address it held",
  51: "the server says how long a lease is",
  52: "the client lays its messages out itself",
  53: "the client says what each message is",
  54: "the client names the server it chose",
  55: "request_options and no_request_options say what is asked for",
  57: "the link says how long messages may be",
  61: "client_id says it",
  80: "rapid_commit says it",
  81: "fqdn says it",
  82: "only relays send it",
};
const OPTION_BYTES = 255;
const LOWEST_MTU = 576;
const STANDARD_LOWEST_MTU = 1280;
const LOCAL_TABLE = 255;

/** Names that some system has, printable; no option is ever empty because one began with a dot. */
const hostName = z.string().superRefine((text, context) => {
  const wrong = text.startsWith(".")
    ? "a host name does not begin with a dot"
    : /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\\]/u.test(text)
      ? "a host name has no control characters and no backslash"
      : new TextEncoder().encode(text).length > OPTION_BYTES
        ? `a host name has at most ${OPTION_BYTES} octets`
        : undefined;
  if (wrong !== undefined) context.addIssue({ code: "custom", message: wrong, params: { hint: 'letters, digits and hyphens; "" sends none' } });
});

const clientId = z.string().transform((text, context): "mac" | "duid" | ClientId => {
  if (text === "mac" || text === "duid") return text;
  const hex = text.replaceAll(":", "").toLowerCase();
  if (!/^([0-9a-f]{2}){2,255}$/.test(hex))
    context.addIssue({
      code: "custom",
      message: "this is no client identifier",
      params: { hint: '"mac", "duid", or two to 255 octets in hexadecimal, the first is the type: "01:02:00:5e:10:00:01"' },
    });
  return hex as ClientId;
});

const mudUrl = z.string().superRefine((text, context) => {
  const sound = /^https:\/\/[\x21-\x5b\x5d-\x7e]+$/.test(text) && URL.canParse(text) && text.length <= OPTION_BYTES;
  if (!sound) context.addIssue({ code: "custom", message: "this is no MUD URL", params: { hint: 'RFC 8520: "https://vendor.example/model.json"' } });
});

const optionCode = z.number().int().min(1).max(254);
const sendOptions = z.record(z.string(), octets(LIMITS.sentOptionBytes)).superRefine((options, context) => {
  for (const code of Object.keys(options)) {
    const issue = (message: string, hint: string) => context.addIssue({ code: "custom", path: [code], message, params: { hint } });
    const reserved = RESERVED[Number(code)];
    if (!/^[1-9]\d{0,2}$/.test(code) || Number(code) > 254) issue(`"${code}" is no code of an option`, "a number from 1 to 254 in quotes");
    else if (reserved !== undefined) issue(`option ${code} is not for an operator to send`, reserved);
  }
});

const inform = z.string().transform((text, context) => {
  const [, address = "", length = ""] = /^([\d.]+)\/([1-9]\d?)$/.exec(text) ?? [];
  const own = parseIpv4(address);
  if (own !== undefined && isUnicastV4(own) && Number(length) <= 32) return text;
  context.addIssue({
    code: "custom",
    message: "this is no address with a prefix length",
    params: { hint: 'the address that is set by hand: "192.0.2.5/24"' },
  });
  return z.NEVER;
});

const servers = z.array(ipv4).max(LIMITS.addressesPerOption).default([]);
const u32 = (least: number) => z.number().int().min(least).max(0xffffffff);

export const uplink4Schema = z.record(
  interfaceName,
  z.strictObject({
    host_name: hostName.optional(),
    fqdn: domain.optional(),
    fqdn_update: z.enum(["server", "client", "none"]).optional(),
    client_id: clientId.optional(),
    vendor_class: octets(OPTION_BYTES).optional(),
    user_class: z.array(octets(OPTION_BYTES)).min(1).max(16).optional(),
    mud_url: mudUrl.optional(),
    request_options: z.array(optionCode).max(OPTION_BYTES).default([]),
    no_request_options: z.array(optionCode).max(OPTION_BYTES).default([]),
    send_options: sendOptions.default({}),
    retransmit_seconds: z.number().min(0.25).max(64).default(4),
    start_delay_seconds: z.number().min(0).max(600).optional(),
    select_seconds: z.number().min(0).max(60).default(0),
    conflict_detection: z.enum(["fast", "rfc", "off"]).default("fast"),
    rapid_commit: z.boolean().default(false),
    prefer_ipv6: z.enum(["no", "yes", "when-connected"]).default("no"),
    fallback_link_local: z.boolean().default(false),
    broadcast_flag: z.boolean().default(false),
    anonymous: z.boolean().default(false),
    release_on_stop: z.boolean().default(false),
    inform: inform.optional(),
    allow_servers: servers,
    ignore_servers: servers,
    ignore_dns: z.boolean().default(false),
    ignore_routes: z.boolean().default(false),
    ignore_classless_routes: z.boolean().default(false),
    metric: u32(0).optional(),
    table: u32(1)
      .refine((table) => table !== LOCAL_TABLE, "the kernel keeps this table itself")
      .optional(),
    use_mtu: z.boolean().default(false),
    mtu_min: seconds(LOWEST_MTU, 65535).optional(),
    use_host_name: z.boolean().default(false),
    socket_priority: z.number().int().min(0).max(15).optional(),
    dscp: z.number().int().min(0).max(63).optional(),
  }),
);
export type Uplink4File = z.output<typeof uplink4Schema>;
type Entry = Uplink4File[string];

export function uplink4Of(file: Uplink4File): Uplink4Config {
  return { interfaces: Object.entries(file).map(([name, given]) => interfaceOf(name, given)) };
}

function interfaceOf(name: string, given: Entry): Uplink4Interface {
  const id = given.client_id;
  // an anonymous host's engine does not even know the name
  const hostName = given.host_name ?? (given.anonymous || given.fqdn !== undefined ? "" : systemName());
  return {
    name,
    hostName,
    systemHostName: given.host_name === undefined && !given.anonymous && given.fqdn === undefined,
    fqdn: given.fqdn === undefined ? undefined : { name: given.fqdn, update: given.fqdn_update ?? "server" },
    identity: id === "duid" ? "duid" : "mac",
    clientId: id === "duid" || id === "mac" ? undefined : id,
    sendOptions: sentOptions(given),
    requestOptions: given.request_options,
    omitOptions: given.no_request_options,
    retransmitSeconds: given.retransmit_seconds,
    startDelaySeconds: given.start_delay_seconds,
    selectSeconds: given.select_seconds,
    conflictDetection: given.conflict_detection,
    rapidCommit: given.rapid_commit,
    preferIpv6: given.prefer_ipv6,
    fallbackLinkLocal: given.fallback_link_local,
    broadcast: given.broadcast_flag,
    dscp: given.dscp,
    anonymous: given.anonymous,
    releaseOnStop: given.release_on_stop,
    inform: informOf(given.inform),
    allowServers: given.allow_servers,
    denyServers: given.ignore_servers,
    metric: given.metric,
    table: given.table,
    mtuMinBytes: given.use_mtu ? (given.mtu_min ?? STANDARD_LOWEST_MTU) : undefined,
    useHostName: given.use_host_name,
    socketPriority: given.socket_priority,
    ignoreDns: given.ignore_dns,
    ignoreRoutes: given.ignore_routes ? "all" : given.ignore_classless_routes ? "classless" : "none",
  };
}

/** By code, so that files that say the same become the same. */
function sentOptions({ send_options, vendor_class, user_class, mud_url }: Entry): Uplink4Interface["sendOptions"] {
  const own = [
    ...(vendor_class === undefined ? [] : [{ code: OWN_KEYS.vendorClass, hex: hexOf(vendor_class) }]),
    ...(user_class === undefined ? [] : [{ code: OWN_KEYS.userClass, hex: user_class.map(classHex).join("") }]),
    ...(mud_url === undefined ? [] : [{ code: OWN_KEYS.mudUrl, hex: hexOf(mud_url) }]),
  ];
  const given = Object.entries(send_options).map(([code, value]) => ({ code: Number(code), hex: hexOf(value) }));
  return [...own, ...given].sort((a, b) => a.code - b.code);
}

/** Each class behind its length (RFC 3004 §4). */
function classHex(text: string): string {
  const bytes = octetsOf(text) ?? new Uint8Array(0);
  return toHex(Uint8Array.of(bytes.length, ...bytes));
}

function informOf(text: string | undefined): Uplink4Interface["inform"] {
  const [address, length] = text?.split("/") ?? [];
  return address === undefined ? undefined : { address: address as Ipv4Address, prefixLength: Number(length) };
}

function systemName(): string {
  const name = hostname().split(".")[0] ?? "";
  return parseDomainName(name) === undefined ? "" : name;
}
