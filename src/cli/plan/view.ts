/** The addressing plan of a configuration for a prefix that a provider might delegate: computed by what lays it out in earnest. */
import { type Ipv6Address, type Ipv6Prefix, ipv6Prefix, UNSPECIFIED_V6 } from "../../base/ipv6.ts";
import { IPV6_BITS, type Ipv6Span, ipv6OfNumber, ipv6Size, ipv6Span } from "../../base/ipv6-number.ts";
import type { MacAddress } from "../../base/mac.ts";
import type { Delegation, Uplink6Interface } from "../../services/uplink6/config.ts";
import { type HostParts, hostAddress } from "../../services/uplink6/host-part.ts";
import { type Fitted, fitted, wishOf } from "../../services/uplink6/plan.ts";

/** Kept for writing and for examples (RFC 3849). */
const EXAMPLE = "2001:db8::" as Ipv6Address;

/** What is asked about, and what this machine has. */
export type Question = {
  /** What is delegated; undefined: an example of the length that is asked for. */
  readonly prefix: Ipv6Prefix | undefined;
  /** The part of it that is the upstream link's (RFC 6603). */
  readonly excluded: Ipv6Prefix | undefined;
  /** By name; an interface that is not in it is not there. */
  readonly hardwareAddresses: ReadonlyMap<string, MacAddress | undefined>;
};
export type UplinkPlan = {
  readonly interface: string;
  /** The IA_NA that is asked for too. */
  readonly addressIaid: number | null;
  readonly delegations: readonly DelegationPlan[];
};
export type DelegationPlan = {
  readonly iaid: number;
  /** What is asked for. */
  readonly requestedLength: number;
  readonly prefix: Ipv6Prefix;
  readonly excluded: Ipv6Prefix | null;
  readonly targets: readonly TargetPlan[];
  /** In the order of addresses, each as short as can be. */
  readonly free: readonly Ipv6Prefix[];
};
export type TargetPlan = {
  /** null: a place that is kept. */
  readonly interface: string | null;
  readonly prefixLength: number;
  /** null: it gets nothing. */
  readonly subnet: Ipv6Prefix | null;
  readonly hostPart: string;
  /** null: it gets none, or it cannot be known here. */
  readonly address: Ipv6Address | null;
  /** Why something is null, or is not as asked for. */
  readonly reason: Reason | null;
};
export type Reason = "too-small" | "upstream-link" | "no-interface" | "no-secret" | "no-hardware-address" | "prefix-too-long" | "reserved-identifier";

export function planOf({ name, addressIaid, delegations }: Uplink6Interface, question: Question): UplinkPlan {
  return { interface: name, addressIaid: addressIaid ?? null, delegations: delegations.map((one) => delegationPlan(name, one, question)) };
}

function delegationPlan(upstream: string, delegation: Delegation, question: Question): DelegationPlan {
  const { iaid, prefixLength } = wishOf(delegation);
  const prefix =
    question.prefix ?? ipv6Prefix(delegation.hint === undefined || delegation.hint === UNSPECIFIED_V6 ? EXAMPLE : delegation.hint, prefixLength);
  const { excluded } = question;
  const pieces = fitted(delegation.targets, { prefix, excluded }, upstream);
  const used = [...pieces.map(({ subnet }) => subnet), excluded].filter((one) => one !== undefined);
  return {
    ...{ iaid, requestedLength: prefixLength, prefix, excluded: excluded ?? null },
    targets: pieces.map((piece) => targetPlan(upstream, piece, question)),
    free: freeIn(prefix, used),
  };
}

function targetPlan(upstream: string, { target, subnet }: Fitted, { hardwareAddresses }: Question): TargetPlan {
  const { interface: name = null, prefixLength, hostPart } = target;
  const plan = { interface: name, prefixLength, hostPart, subnet: subnet ?? null, address: null };
  if (subnet === undefined) return { ...plan, reason: name === upstream ? "upstream-link" : "too-small" };
  if (name === null) return { ...plan, reason: null };
  const hosts: HostParts = { links: [...hardwareAddresses].map(([name, mac]) => ({ name, mac })), hash: undefined, duplicates: new Map() };
  const chosen = hostAddress(hostPart, { name, subnet }, hosts);
  if (chosen.kind === "address") return { ...plan, address: chosen.address, reason: reasonOf(chosen.instead) };
  return { ...plan, reason: reasonOf(chosen.why) };
}

/** Whether other hosts have an address only the running program hears. */
function reasonOf(reason: Reason | "duplicate" | "duplicates" | undefined): Reason | null {
  return reason === undefined || reason === "duplicate" || reason === "duplicates" ? null : reason;
}

/** What of a prefix nobody has. */
function freeIn(prefix: Ipv6Prefix, used: readonly Ipv6Prefix[]): readonly Ipv6Prefix[] {
  const whole = ipv6Span(prefix);
  const spans = used.map(ipv6Span).toSorted((a, b) => (a.first < b.first ? -1 : 1));
  const free: Ipv6Prefix[] = [];
  let at = whole.first;
  for (const { first, end } of [...spans, { first: whole.end, end: whole.end }]) {
    free.push(...prefixesOf({ first: at, end: first }));
    if (end > at) at = end;
  }
  return free;
}

/** The fewest prefixes that are this span together. */
function prefixesOf({ first, end }: Ipv6Span): readonly Ipv6Prefix[] {
  const out: Ipv6Prefix[] = [];
  for (let at = first; at < end; ) {
    let length = IPV6_BITS;
    while (length > 0 && at % ipv6Size(length - 1) === 0n && at + ipv6Size(length - 1) <= end) length--;
    out.push(ipv6Prefix(ipv6OfNumber(at), length));
    at += ipv6Size(length);
  }
  return out;
}
