/** `[uplink6.INTERFACE]`. */
import { z } from "zod";
import { type Ipv6Address, parseIpv6 } from "../base/ipv6.ts";
import { LIMITS } from "../base/limits.ts";
import type { Delegation, HostPart, PlanTarget, StartRule, Uplink6Config, Uplink6Interface } from "../services/uplink6/config.ts";
import { interfaceName, ipv6, numberOfName, parsed } from "./kinds.ts";
import { hexOf } from "./octets.ts";
import { requestedOption, sentOptions } from "./uplink6-options.ts";

/** Holds the place of an interface that may come later. */
export const RESERVE = "reserve";
const STANDARD_LENGTH = 64;
const STANDARD_HOST_PART = parseIpv6("::1") as Ipv6Address;
const MOST_IAID = 0xffffffff;
const TARGET = /^([^\s/:\p{Cc}]{1,15})(?:\/(\d{1,3}))?$/u;
const START = ["at-once", "advertised"] as const satisfies readonly StartRule[];
const AGGREGATE_ROUTES = ["unreachable", "blackhole", "prohibit", "none"] as const satisfies readonly Uplink6Interface["aggregateRoute"][];

const iaid = z.number().int().min(0).max(MOST_IAID);
/** 128 is an address of ours and nothing else; 0 would be the whole of IPv6. */
const targetLength = z.number().int().min(1).max(128);
export function parseHostPart(text: string): HostPart | undefined {
  return text === "eui64" || text === "stable" ? text : parseIpv6(text);
}
const hostPart = parsed(parseHostPart, {
  what: "host part",
  hint: '"eui64", "stable", or the bits below the prefix: "::1"',
});

const shortTarget = z.string().refine((text) => splitTarget(text) !== undefined, {
  message: "this is no interface with a prefix length",
  params: { hint: '"lan0", "lan0/64", or "reserve/60" to hold a place; lengths from 1 to 128' },
});
const wholeTarget = z.strictObject({ interface: interfaceName, length: targetLength.default(STANDARD_LENGTH), host_part: hostPart.optional() });

/** What a delegation says where nothing is said. */
export const STANDARD_DELEGATE = { host_part: STANDARD_HOST_PART } as const;
const delegate = z.strictObject({
  iaid: iaid.optional(),
  to: z
    .array(z.union([shortTarget, wholeTarget]))
    .min(1)
    .max(LIMITS.planTargets),
  host_part: hostPart.default(STANDARD_HOST_PART),
  prefix_length: z.number().int().min(1).max(128).optional(),
  hint: ipv6.optional(),
});

export const uplink6Schema = z.record(
  interfaceName,
  z.strictObject({
    pace: z.enum(["fast", "rfc"]).default("fast"),
    start: z.enum(START).default("at-once"),
    rapid_commit: z.boolean().default(false),
    address: z.union([z.boolean(), z.strictObject({ iaid })]).default(false),
    delegate: z.array(delegate).max(LIMITS.delegations).default([]),
    aggregate_route: z.enum(AGGREGATE_ROUTES).default("unreachable"),
    request_options: z.array(requestedOption).max(LIMITS.dhcp6RequestedOptions).default([]),
    no_request_options: z.array(requestedOption).max(LIMITS.dhcp6RequestedOptions).default([]),
    send_options: sentOptions.default({}),
    accept_reconfigure: z.boolean().default(true),
    register_addresses: z.boolean().default(false),
    release_on_stop: z.boolean().default(false),
    ignore_dns: z.boolean().default(false),
  }),
);
export type Uplink6File = z.output<typeof uplink6Schema>;
export type Uplink6Entry = Uplink6File[string];
export type DelegateFile = Uplink6Entry["delegate"][number];

export function uplink6Of(file: Uplink6File): Uplink6Config["interfaces"] {
  return Object.entries(file).map(([name, given]) => interfaceOf(name, given));
}

function interfaceOf(name: string, given: Uplink6Entry): Uplink6Interface {
  const iaids = iaidsOf(given.delegate);
  return {
    name,
    pace: given.pace,
    start: given.start,
    rapidCommit: given.rapid_commit,
    addressIaid: addressIaid(name, given.address),
    delegations: given.delegate.map((one, index) => delegationOf(one, iaids[index] ?? 0)),
    aggregateRoute: given.aggregate_route,
    requestOptions: given.request_options,
    omitOptions: given.no_request_options,
    sendOptions: Object.entries(given.send_options).map(([code, value]) => ({ code: Number(code), hex: hexOf(value) })),
    acceptReconfigure: given.accept_reconfigure,
    registerAddresses: given.register_addresses,
    releaseOnStop: given.release_on_stop,
    ignoreDns: given.ignore_dns,
  };
}

/**
 * The number a server knows a delegation by. Where none is given it is made of the first interface that is named, so that a file in
 * another order renumbers nothing (RFC 9096 §3.2); those that only reserve are told apart by their order among each other.
 */
export function iaidsOf(delegations: readonly Pick<DelegateFile, "iaid" | "to">[]): readonly number[] {
  let reserving = 0;
  return delegations.map(({ iaid: given, to }) => {
    const named = firstName(to);
    const order = given === undefined && named === undefined ? ++reserving : 0;
    return given ?? numberOfName(named ?? (order === 1 ? RESERVE : `${RESERVE} ${order}`), 32);
  });
}

/** Of the targets that do not only reserve. */
export function firstName(to: DelegateFile["to"]): string | undefined {
  return targetsOf(to).find((target) => target.interface !== undefined)?.interface;
}

/** Addresses are numbered apart from prefixes (RFC 9915 §21.4). */
function addressIaid(name: string, address: Uplink6Entry["address"]): number | undefined {
  if (typeof address === "object") return address.iaid;
  return address ? numberOfName(name, 32) : undefined;
}

function delegationOf({ to, host_part, prefix_length, hint }: DelegateFile, number: number): Delegation {
  const targets = targetsOf(to).map((target): PlanTarget => ({ ...target, hostPart: target.hostPart ?? host_part }));
  return { iaid: number, targets, prefixLength: prefix_length, hint };
}

export type Target = Omit<PlanTarget, "hostPart"> & { readonly hostPart: HostPart | undefined };

/** What each target says; one that says nothing about its host part has that of the delegation. */
export function targetsOf(to: DelegateFile["to"]): readonly Target[] {
  return to.flatMap((given) => {
    const split = typeof given === "string" ? splitTarget(given) : { name: given.interface, length: given.length };
    const hostPart = typeof given === "string" ? undefined : given.host_part;
    return split === undefined ? [] : [{ interface: split.name === RESERVE ? undefined : split.name, prefixLength: split.length, hostPart }];
  });
}

export function splitTarget(text: string): { readonly name: string; readonly length: number } | undefined {
  const [, name, given] = TARGET.exec(text) ?? [];
  const length = given === undefined ? STANDARD_LENGTH : Number(given);
  return name !== undefined && interfaceName.safeParse(name).success && targetLength.safeParse(length).success ? { name, length } : undefined;
}
