/** `[uplink6.INTERFACE]`. */
import { z } from "zod";
import { type Ipv6Address, parseIpv6 } from "../base/ipv6.ts";
import { LIMITS } from "../base/limits.ts";
import type { Delegation, PlanTarget, Uplink6Config } from "../services/uplink6/config.ts";
import { interfaceName, ipv6, numberOfName } from "./kinds.ts";

const RESERVE = "reserve";
const DEFAULT_LENGTH = 64;
const DEFAULT_HOST_PART = parseIpv6("::1") as Ipv6Address;
const TARGET = /^([^\s/:\p{Cc}]{1,15})(?:\/(\d{1,3}))?$/u;

const target = z.string().refine((text) => targetOf(text) !== undefined, {
  message: "this is no interface with a prefix length",
  params: { hint: '"lan0", "lan0/64", or "reserve/60" to hold a place; lengths from 16 to 128' },
});

export const uplink6Schema = z.record(
  interfaceName,
  z.strictObject({
    rapid_commit: z.boolean().default(false),
    delegate: z
      .array(
        z.strictObject({
          iaid: z.number().int().min(0).max(0xffffffff).optional(),
          to: z.array(target).min(1).max(LIMITS.planTargets),
          host_part: ipv6.default(DEFAULT_HOST_PART),
        }),
      )
      .min(1)
      .max(LIMITS.delegations),
  }),
);
type File = z.output<typeof uplink6Schema>;

export function uplink6Of(file: File): Uplink6Config["interfaces"] {
  return Object.entries(file).map(([name, { rapid_commit, delegate }]) => ({
    name,
    pace: "fast",
    start: "at-once",
    rapidCommit: rapid_commit,
    addressIaid: undefined,
    delegations: delegate.map(delegationOf),
    aggregateRoute: "unreachable",
    requestOptions: [],
    omitOptions: [],
    sendOptions: [],
    acceptReconfigure: true,
    registerAddresses: false,
    releaseOnStop: false,
    ignoreDns: false,
  }));
}

/** What is wrong between parts that are each right. */
export function uplink6Faults(
  file: File,
): readonly { readonly path: readonly (string | number)[]; readonly message: string; readonly hint: string }[] {
  return Object.entries(file).flatMap(([name, { delegate }]) => {
    const iaids = delegate.map((one) => delegationOf(one).iaid);
    const twice = iaids.findIndex((iaid, index) => iaids.indexOf(iaid) !== index);
    const onUplink = delegate.findIndex(({ to }) => to.some((text) => targetOf(text)?.interface === name));
    return [
      ...(twice < 0
        ? []
        : [{ path: [name, "delegate", twice], message: "two delegations have the same iaid", hint: "give one of them another iaid" }]),
      ...(onUplink < 0
        ? []
        : [
            {
              path: [name, "delegate", onUplink],
              message: `a delegated prefix must not be used on ${name} itself`,
              hint: "RFC 9915 §6.3: name interfaces behind it",
            },
          ]),
    ];
  });
}

/** Without a number of its own a delegation is told by its first interface, so that a reordered file renumbers nothing. */
function delegationOf({ iaid, to, host_part: hostPart }: File[string]["delegate"][number]): Delegation {
  const targets = to.map(targetOf).filter((one) => one !== undefined);
  return {
    iaid: iaid ?? numberOfName(to[0]?.split("/")[0] ?? "", 32),
    targets: targets.map((one) => ({ ...one, hostPart })),
    prefixLength: undefined,
    hint: undefined,
  };
}

function targetOf(text: string): Omit<PlanTarget, "hostPart"> | undefined {
  const [, name, length] = TARGET.exec(text) ?? [];
  const prefixLength = length === undefined ? DEFAULT_LENGTH : Number(length);
  if (name === undefined || prefixLength < 16 || prefixLength > 128) return undefined;
  return { interface: name === RESERVE ? undefined : name, prefixLength };
}
