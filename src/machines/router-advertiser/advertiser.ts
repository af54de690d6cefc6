/** The router of one link: tells its hosts which prefixes, routers and resolvers there are (RFC 4861 §6.2). Pure: see `machine.ts`. */
import { absurd } from "../../base/errors.ts";
import { type Ipv6Address, isMulticastV6, LOOPBACK_V6, UNSPECIFIED_V6 } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import { same } from "../../base/same.ts";
import { after, earliest, type Instant, type Moment } from "../../base/time.ts";
import type { Machine, Stepped } from "../machine.ts";
import { believed, type Content, contentOf, farewellOf, withRemembered } from "./content.ts";
import { advertisements } from "./messages.ts";
import {
  type AdvertiserConfig,
  type AdvertiserEffect,
  type AdvertiserEvent,
  type AdvertiserLink,
  type AdvertiserState,
  deadline,
  type IgnoreReason,
  type OwnAddress,
  type Phase,
  TRANSITIONS,
} from "./state.ts";
import { answerAt, intervalSeconds, notTooSoon, TIMING } from "./timing.ts";

const ALL_NODES = "ff02::1" as Ipv6Address;
/** The kernel tells whole seconds: what seems to end so much earlier does not. */
const CLOCK_SLACK_MS = 2000;

type Result = Stepped<AdvertiserState, AdvertiserEffect>;
type Advertising = Extract<Phase, { kind: "advertising" }>;
/** What must be there before anything can be said. */
type Ready = { readonly config: AdvertiserConfig; readonly link: AdvertiserLink; readonly linkLocal: Ipv6Address };

export const routerAdvertiser: Machine<AdvertiserState, AdvertiserEvent, AdvertiserEffect> = {
  name: "router",
  step,
  deadline,
  phase: (state) => state.phase.kind,
  transitions: TRANSITIONS,
};

function step(state: AdvertiserState, event: AdvertiserEvent, at: Moment): Result {
  switch (event.kind) {
    case "configured":
      return event.config === undefined
        ? stopped(state, at)
        : changed(state, { ...state, config: event.config }, !same(state.config, event.config), at);
    case "link":
      return changed(state, { ...state, link: event.link }, !same(state.link, event.link), at);
    case "addresses": {
      const { linkLocal, addresses } = event;
      const isNews = linkLocal !== state.linkLocal || addressesChanged(state.addresses, addresses);
      return changed(state, { ...state, linkLocal, addresses }, isNews, at);
    }
    case "routes": {
      const { hasDefaultRoute, delegated } = event;
      const isNews = hasDefaultRoute !== state.hasDefaultRoute || !same(delegated, state.delegated);
      return changed(state, { ...state, hasDefaultRoute, delegated }, isNews, at);
    }
    case "remembered":
      return { state: { ...state, told: withRemembered(state.told, event.items) }, effects: [] };
    case "solicited":
      return solicited(state, event.source, at);
    case "deadline":
      return due(state, at);
    default:
      return absurd(event);
  }
}

/** Begins, ends, or tells what is new in a second. */
function changed(before: AdvertiserState, state: AdvertiserState, isNews: boolean, at: Moment): Result {
  const ready = readyIn(state);
  if (ready === undefined) return { state: { ...state, phase: { kind: "silent" } }, effects: [] };
  if (state.phase.kind === "silent") return { state: { ...state, phase: begun(state, at) }, effects: [] };
  if (ready.linkLocal !== before.linkLocal) return { state: { ...state, phase: begun(state, at) }, effects: [] };
  if (!isNews) return { state, effects: [] };
  const soon = notTooSoon(after(at.now, TIMING.changeDelaySeconds), state.lastMulticastAt);
  return { state: { ...state, phase: { ...state.phase, dueAt: earliest(state.phase.dueAt, soon) } }, effects: [] };
}

function begun(state: AdvertiserState, at: Moment): Advertising {
  return { kind: "advertising", sentCount: 0, dueAt: notTooSoon(answerAt(at), state.lastMulticastAt), answers: [] };
}

/** Hosts must not go on believing what nobody will keep up (RFC 4861 §6.2.5). */
function stopped(state: AdvertiserState, at: Moment): Result {
  const silent: AdvertiserState = { ...state, config: undefined, phase: { kind: "silent" } };
  const ready = readyIn(state);
  if (ready === undefined || state.phase.kind === "silent") return { state: silent, effects: [] };
  const farewell = farewellOf(state, ready.config, at.now);
  const next: AdvertiserState = { ...silent, told: [], withdrawn: farewell.withdrawn, lastMulticastAt: at.now };
  return { state: next, effects: [...remembering(state, next), ...sent(farewell, ready, ALL_NODES)] };
}

/** A host that asks is answered alone, unless it has no address yet or too many ask at once (RFC 4861 §6.2.6). */
function solicited(state: AdvertiserState, source: Ipv6Address, at: Moment): Result {
  const { phase } = state;
  if (phase.kind === "silent") return ignore(state, "not-advertising");
  if (source === state.linkLocal || state.addresses.some(({ address }) => address === source)) return ignore(state, "own-address");
  if (isMulticastV6(source) || source === LOOPBACK_V6) return ignore(state, "implausible-source");
  const answer = { to: source, at: answerAt(at) };
  if (phase.dueAt <= answer.at || phase.answers.some(({ to }) => to === source)) return { state, effects: [] };
  if (source === UNSPECIFIED_V6 || phase.answers.length >= LIMITS.routerAnswers) {
    const soon = notTooSoon(answer.at, state.lastMulticastAt);
    return { state: { ...state, phase: { ...phase, dueAt: earliest(phase.dueAt, soon) } }, effects: [] };
  }
  return { state: { ...state, phase: { ...phase, answers: [...phase.answers, answer] } }, effects: [] };
}

function due(state: AdvertiserState, at: Moment): Result {
  const { phase } = state;
  const ready = readyIn(state);
  if (phase.kind === "silent" || ready === undefined || at.now < deadline(state)) return { state, effects: [] };
  const content = contentOf(state, ready.config, at.now);
  const next = { ...state, told: content.told.map(({ item }) => item), withdrawn: content.withdrawn };
  if (phase.dueAt > at.now) {
    const answered = phase.answers.filter((answer) => answer.at <= at.now);
    const answers = phase.answers.filter((answer) => answer.at > at.now);
    return {
      state: { ...next, phase: { ...phase, answers } },
      effects: [...remembering(state, next), ...answered.flatMap(({ to }) => sent(content, ready, to))],
    };
  }
  const sentCount = phase.sentCount + 1;
  const dueAt = after(at.now, intervalSeconds(ready.config, sentCount, content.shortestValidSeconds, at));
  return {
    state: { ...next, lastMulticastAt: at.now, phase: { kind: "advertising", sentCount, dueAt, answers: [] } },
    effects: [...remembering(state, next), ...sent(content, ready, ALL_NODES)],
  };
}

/** After a reboot with another prefix, hosts must be told to forget this one (RFC 9096 §3.5). Only what changed is worth a write. */
function remembering(before: AdvertiserState, now: AdvertiserState): readonly AdvertiserEffect[] {
  const items = believed(now);
  return same(items, believed(before)) ? [] : [{ kind: "remember", items }];
}

function sent(content: Content, { config, link, linkLocal }: Ready, to: Ipv6Address): readonly AdvertiserEffect[] {
  return advertisements(content, config, link).map((message) => ({ kind: "send", from: linkLocal, to, message }));
}

function readyIn({ config, link, linkLocal }: AdvertiserState): Ready | undefined {
  return config === undefined || link === undefined || linkLocal === undefined ? undefined : { config, link, linkLocal };
}

/** Hosts need not hear at once that something lasts longer. */
function addressesChanged(before: readonly OwnAddress[], now: readonly OwnAddress[]): boolean {
  if (before.length !== now.length) return true;
  const earlier = (a: Instant, b: Instant): boolean => a < b - CLOCK_SLACK_MS;
  return now.some((one) => {
    const known = before.find(({ address, prefixLength }) => address === one.address && prefixLength === one.prefixLength);
    if (known === undefined || known.deprecated !== one.deprecated) return true;
    return earlier(one.preferredUntil, known.preferredUntil) || earlier(one.validUntil, known.validUntil);
  });
}

function ignore(state: AdvertiserState, reason: IgnoreReason): Result {
  return { state, effects: [{ kind: "ignored", reason }] };
}
