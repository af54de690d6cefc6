/** What is held, and what becomes of it when an answer comes, time passes or the wishes change (RFC 9915 §18.2.10.1). */
import type { Duid } from "../../base/duid.ts";
import type { Ipv6Prefix } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import { after, type Instant, type Moment } from "../../base/time.ts";
import type { Dhcp6ClientMessage } from "../../wire/dhcp6/message.ts";
import type { GrantedPrefix, Verdict } from "./judge.ts";
import { type Association, isSameIa, type Wish } from "./config.ts";
import { factsIn, resolversIn } from "./facts.ts";
import type { Delegated, Lease, LeasedPrefix } from "./state.ts";
import { renewalTimes } from "./timing.ts";

/** What the answer did not speak of: kept as it was, or over where a server answers for prefixes that another one or another link gave. */
export type Unmentioned = "kept" | "replaced";

type Answered = {
  readonly wishes: readonly Wish[];
  readonly verdicts: readonly Verdict[];
  readonly message: Dhcp6ClientMessage;
  readonly serverId: Duid;
  readonly unmentioned: Unmentioned;
};

/** @returns undefined when nothing is held any more */
export function merged(held: Lease | undefined, { wishes, verdicts, message, serverId, unmentioned }: Answered, at: Moment): Lease | undefined {
  const delegations = wishes.flatMap((wish) => {
    const before = held?.delegations.find((delegated) => isSameIa(delegated, wish));
    const verdict = verdicts.find((one) => isSameIa(one, wish));
    const next = verdict?.result === "granted" ? extended(before, verdict, unmentioned, at) : before;
    return next === undefined ? [] : [next];
  });
  if (delegations.length === 0) return undefined;
  const options = factsIn(message);
  return {
    serverId,
    delegations,
    nameServers: resolversIn(message) ?? held?.nameServers ?? [],
    searchDomains: message.options.domainSearch ?? held?.searchDomains ?? [],
    options: options.length > 0 ? options : (held?.options ?? []),
  };
}

/** Without prefixes that have ended. @returns the lease itself when there is none, undefined when nothing is left */
export function unexpired(lease: Lease, now: Instant): Lease | undefined {
  const isOver = ({ validUntil }: LeasedPrefix): boolean => validUntil <= now;
  if (!lease.delegations.some(({ prefixes }) => prefixes.some(isOver))) return lease;
  return withDelegations(
    lease,
    lease.delegations.map((delegated) => ({ ...delegated, prefixes: delegated.prefixes.filter((one) => !isOver(one)) })),
  );
}

/** Only what is still wished for. @returns the lease itself when that is all of it, undefined when nothing is left */
export function wished(lease: Lease, wishes: readonly Wish[]): Lease | undefined {
  const isWished = (delegated: Delegated): boolean => wishes.some((wish) => isSameIa(wish, delegated));
  return lease.delegations.every(isWished) ? lease : withDelegations(lease, lease.delegations.filter(isWished));
}

/** Without one prefix of one IA. @returns undefined when nothing is left */
export function without(lease: Lease, which: Association, prefix: Ipv6Prefix): Lease | undefined {
  const delegations = lease.delegations.map((delegated) =>
    isSameIa(delegated, which) ? { ...delegated, prefixes: delegated.prefixes.filter((one) => one.prefix !== prefix) } : delegated,
  );
  return withDelegations(lease, delegations);
}

/** What was due and not extended is asked for later, with everything that nobody granted. */
export function postponed(lease: Lease, retryAt: Instant, now: Instant): Lease {
  const delegations = lease.delegations.map((delegated) =>
    delegated.renewAt > now ? delegated : { ...delegated, renewAt: retryAt, rebindAt: latest(retryAt, delegated.rebindAt) },
  );
  return { ...lease, delegations };
}

/** Whether a prefix should have been extended and was not. */
export function isOverdue({ delegations }: Lease, now: Instant): boolean {
  return delegations.some(({ renewAt }) => renewAt <= now);
}

/** Whether a wish has no prefix. */
export function isMissing(lease: Lease, wishes: readonly Wish[]): boolean {
  return wishes.some((wish) => !lease.delegations.some((delegated) => isSameIa(delegated, wish)));
}

function latest(a: Instant, b: Instant): Instant {
  return a > b ? a : b;
}

function withDelegations(lease: Lease, delegations: readonly Delegated[]): Lease | undefined {
  const left = delegations.filter(({ prefixes }) => prefixes.length > 0);
  return left.length === 0 ? undefined : { ...lease, delegations: left };
}

function extended(
  before: Delegated | undefined,
  verdict: Extract<Verdict, { result: "granted" }>,
  unmentioned: Unmentioned,
  at: Moment,
): Delegated | undefined {
  const { kind, iaid, ended } = verdict;
  const granted = verdict.granted.slice(0, LIMITS.prefixesPerDelegation);
  const isMentioned = ({ prefix }: LeasedPrefix): boolean => ended.includes(prefix) || granted.some((one) => one.prefix === prefix);
  const others = (before?.prefixes ?? []).filter((one) => !isMentioned(one) && one.validUntil > at.now);
  const kept = unmentioned === "replaced" && granted.length > 0 ? [] : others;
  const prefixes = [...granted.map((one) => leased(one, at)), ...kept].slice(0, LIMITS.prefixesPerDelegation);
  if (prefixes.length === 0) return undefined;
  if (granted.length === 0 && before !== undefined) return { ...before, prefixes };
  return { kind, iaid, prefixes, ...renewalTimes(verdict, granted, at) };
}

function leased({ prefix, excluded, preferredSeconds, validSeconds }: GrantedPrefix, at: Moment): LeasedPrefix {
  return { prefix, excluded, preferredUntil: after(at.now, preferredSeconds), validUntil: after(at.now, validSeconds) };
}
