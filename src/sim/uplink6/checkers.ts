/** What must be true in every month, whatever goes wrong. Checkers watch the kernel, what was promised and what was sent, never code. */
import { type Ipv6Prefix, splitIpv6Prefix } from "../../base/ipv6.ts";
import { spansOverlap } from "../../base/ipv6-number.ts";
import type { Instant } from "../../base/time.ts";
import type { Isp } from "./isp.ts";
import type { KernelAddress } from "./kernel.ts";
import { PLACES } from "./configuration.ts";
import { spanAround, spanCovers, spanOf } from "../spans.ts";
import type { Month, MonthChecker, Origin, Step6 } from "./world.ts";

const SECOND_MS = 1000;
const HOUR_MS = 3600 * SECOND_MS;
/** Lifetimes are whole seconds, and count from when an answer arrives: it may be late by the delay of a link and of a slow provider. */
const TRANSIT_MS = 10 * SECOND_MS;
/** A board without a clock does not know how old its record is: it asks for what stands there, and uses it for no longer than this. */
const ASKED_ABOUT_MS = 10 * SECOND_MS;
/** Whole seconds, rounded up, and the time in which changes gather before they become a plan. */
const GRAIN_MS = 2 * SECOND_MS;
/** The longest silence of a client is SOL_MAX_RT of an hour and its tenth; what was not granted is asked for again after ten minutes. */
const CALM_MS = 2 * HOUR_MS;
/** See `packetsAreBounded`. */
const PACKETS_PER_HOUR = 200;

export const noAddressOutlivesItsPrefix: MonthChecker = {
  name: "no address outlives its prefix",
  always: (month) => {
    for (const one of month.changes.length > 0 ? month.gateway.kernel.addresses() : []) {
      const promise = promiseOf(month, one);
      const isAskedAbout = month.gateway.doubtful && one.validUntil < (month.gateway.startedAt ?? 0) + ASKED_ABOUT_MS;
      if (promise !== undefined && !isAskedAbout && one.validUntil > promise.until + TRANSIT_MS)
        return `${one.address} ends at ${one.validUntil}, ${promise.prefix} at ${promise.until}`;
    }
    return undefined;
  },
};

export const onlyDelegatedPrefixes: MonthChecker = {
  name: "addresses and routes are of delegated prefixes",
  always: (month) => {
    const { kernel } = month.gateway;
    const stray = month.changes.length === 0 ? undefined : kernel.addresses().find((one) => promiseOf(month, one) === undefined);
    if (stray !== undefined) return `nobody delegated ${stray.address}`;
    const route = kernel.aggregates.find((prefix) => !month.isps.some(({ promised }) => promised.has(prefix)));
    return route === undefined ? undefined : `nobody delegated ${route}`;
  },
};

export const noPrefixOnTwoLinks: MonthChecker = {
  name: "no prefix is on two links",
  always: ({ changes, gateway: { kernel } }) => {
    const placed = changes.length === 0 ? [] : kernel.addresses().map((one) => ({ ...one, span: spanAround(one.address, one.prefixLength) }));
    for (const one of placed) {
      const other = placed.find(({ span, link }) => link !== one.link && spansOverlap(span, one.span));
      if (other !== undefined) return `${one.address}/${one.prefixLength} is on ${one.name}, ${other.address} on ${other.name}`;
    }
    return undefined;
  },
};

/**
 * An hour of one search in vain: sixty Solicits at the least SOL_MAX_RT there is. Beside it conversations that end in nothing, of a dozen
 * messages, with pauses that grow from seconds to that time; links that come and go, and programs that start, each with a handful.
 */
export const packetsAreBounded: MonthChecker = {
  name: "packets an hour are bounded",
  always: (month) => {
    for (const [name, sentAt] of month.gateway.sentAt) {
      while ((sentAt[0] ?? Number.POSITIVE_INFINITY) <= month.now - HOUR_MS) sentAt.shift();
      month.mostPerHour = Math.max(month.mostPerHour, sentAt.length);
      if (sentAt.length > PACKETS_PER_HOUR) return `${name} sent ${sentAt.length} in the last hour`;
    }
    return undefined;
  },
};

/** With a provider in reach for long enough nothing ends for want of an answer. */
export const whatCouldBeRenewedWas: MonthChecker = {
  name: "what could be renewed was renewed",
  always: (month) => {
    for (const step of month.isCalmFor(CALM_MS) ? month.steps : []) {
      const iaid = endedIn(step);
      if (iaid !== undefined) return `the last prefix of IA ${iaid} of ${step.uplink} ended, and the provider was in reach since ${month.calmSince}`;
    }
    return undefined;
  },
};

/** And everything that is asked for is there, and in use. */
export const everythingIsInUseInACalm: MonthChecker = {
  name: "in a calm every IA has a prefix, and every LAN its address",
  always: (month) => {
    // what was just told is not a plan yet
    if (!month.isCalmFor(CALM_MS) || month.steps.length + month.changes.length > 0) return undefined;
    for (const { name, delegations } of month.gateway.uplinks) {
      const isp = month.gateway.ways.get(name)?.isp;
      for (const { iaid } of delegations) {
        const wrong = isp === undefined ? "no provider" : notInUse(month, isp, iaid);
        if (wrong !== undefined) return `${name}, IA ${iaid}: ${wrong}`;
      }
    }
    return undefined;
  },
};

/** Nothing goes and nothing is deprecated while its provider still gives it: not when another IA changes, nor at a restart. */
export const whatIsGivenStays: MonthChecker = {
  name: "an address stays while its prefix is given",
  always: (month) => {
    for (const { kind, address } of month.changes) {
      const origin = month.originOf(address);
      const isTaken = kind === "deprecated" || (kind === "dropped" && address.validUntil > month.now + GRAIN_MS);
      if (!isTaken || origin === undefined || isExcused(month, origin, address)) continue;
      if (origin.isp.stillGives(origin.prefix, origin.iaid, month.now)) return `${address.address} was ${kind}, but ${origin.prefix} is given`;
    }
    return undefined;
  },
};

/**
 * Hosts are told that a prefix is going before it is gone (RFC 9096 §3.5), as long as there is something in its place: a provider that
 * takes everything back has said that nobody may use any of it (RFC 9915 §18.2.10.1).
 */
export const deprecatedBeforeItGoes: MonthChecker = {
  name: "an address is deprecated before it goes",
  always: (month) => {
    for (const { kind, address } of month.changes) {
      const origin = month.originOf(address);
      if (kind !== "dropped" || origin === undefined || isExcused(month, origin, address)) continue;
      if (month.gateway.service?.uplink(origin.uplink)?.state.phase.held === undefined) continue;
      if (address.preferredUntil > month.now + GRAIN_MS) return `${address.address} was in use, and is gone`;
    }
    return undefined;
  },
};

export const MONTH_CHECKERS: readonly MonthChecker[] = [
  noAddressOutlivesItsPrefix,
  onlyDelegatedPrefixes,
  noPrefixOnTwoLinks,
  packetsAreBounded,
  whatCouldBeRenewedWas,
  everythingIsInUseInACalm,
  whatIsGivenStays,
  deprecatedBeforeItGoes,
];

/** The promise that lasts longest of those that an address may have come from. */
function promiseOf({ gateway }: Month, { address }: KernelAddress): { readonly prefix: Ipv6Prefix; readonly until: Instant } | undefined {
  for (const { isp } of gateway.ways.values()) {
    const prefix = isp.prefixOf(address, (one) => isp.promised.get(one) ?? 0);
    const until = prefix === undefined ? undefined : isp.promised.get(prefix);
    if (prefix !== undefined && until !== undefined) return { prefix, until };
  }
  return undefined;
}

/**
 * The operator took it out of the configuration, its uplink is gone, the program could not know better, or the provider took the prefix
 * from one IA and gave it, or a part of it, to another one, which has another place for it.
 */
function isExcused({ gateway, now }: Month, { iaid, uplink }: Origin, { address, prefixLength, link }: KernelAddress): boolean {
  const isNew = now - gateway.configuredAt < GRAIN_MS;
  const isWanted = gateway.uplinks.some(({ name, delegations }) => name === uplink && delegations.some((one) => one.iaid === iaid));
  const span = spanAround(address, prefixLength);
  const isElsewhere = gateway.kernel.addresses().some((one) => one.link !== link && spansOverlap(spanAround(one.address, one.prefixLength), span));
  return isNew || !isWanted || isElsewhere || gateway.doubtful || gateway.cards.some(({ name, present }) => name === uplink && !present);
}

/** The IA whose last prefix came to its end in this step. */
function endedIn({ observed: { before, after, step } }: Step6): number | undefined {
  const left = new Set((after.phase.held?.delegations ?? []).map(({ iaid }) => iaid));
  const wished = new Set(after.config.wishes.flatMap(({ kind, iaid }) => (kind === "pd" ? [iaid] : [])));
  return before.phase.held?.delegations.find(
    ({ kind, iaid, prefixes }) => kind === "pd" && wished.has(iaid) && !left.has(iaid) && prefixes.every(({ validUntil }) => validUntil <= step.now),
  )?.iaid;
}

/** One prefix that was promised for the IA, whichever, must have its addresses. */
function notInUse({ gateway: { kernel, cards }, now }: Month, isp: Isp, iaid: number): string | undefined {
  const promised = [...isp.promised].filter(([prefix, until]) => until > now && isp.iaidOf.get(prefix) === iaid).map(([prefix]) => prefix);
  const missing = promised.map((prefix) => {
    const { prefixLength } = splitIpv6Prefix(prefix);
    const inUse = kernel.addresses().filter((one) => one.preferredUntil > now && spanCovers(spanOf(prefix), spanAround(one.address)));
    const places = (PLACES[iaid] ?? []).filter(({ lan, longest }) => prefixLength <= longest && cards.some((one) => one.name === lan && one.present));
    const without = places.find(({ lan }) => !inUse.some(({ name }) => name === lan));
    return without === undefined ? undefined : `${without.lan} has no address of ${prefix}`;
  });
  return missing.includes(undefined) ? undefined : (missing[0] ?? "nothing is promised");
}
