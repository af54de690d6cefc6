/**
 * Keeps a program registered with rpcbind (RFC 1833 §2.2.1, version 4): one short connection a round. rpcbind forgets everything when it
 * is restarted, so every round looks whether it still knows us, and tells it again if not.
 */
import { absurd } from "../../base/errors.ts";
import { same } from "../../base/same.ts";
import { after, type Instant, NEVER } from "../../base/time.ts";
import type { Binding } from "../../wire/rpc/portmapper.ts";
import type { Machine, Step, Stepped } from "../machine.ts";
import { NETIDS } from "./portmapper.ts";

export type RegistrationCall = { readonly procedure: "set" | "unset" | "getAddress"; readonly binding: Binding };
export type RegistrationAnswer = { readonly kind: "done"; readonly ok: boolean } | { readonly kind: "address"; readonly address: string };
export type RegistrationPhase =
  | { readonly kind: "idle" }
  | { readonly kind: "connecting"; readonly until: Instant }
  /** The first of `calls` has been sent. */
  | { readonly kind: "calling"; readonly calls: readonly RegistrationCall[]; readonly refused: boolean; readonly until: Instant }
  | { readonly kind: "resting"; readonly until: Instant };
export type RegistrationState = {
  readonly bindings: readonly Binding[];
  /** The next round takes away whatever stands there, of us or left over. */
  readonly afresh: boolean;
  readonly registered: boolean;
  readonly phase: RegistrationPhase;
};
export type RegistrationEvent =
  /** What shall be registered; empty: what was registered goes. */
  | { readonly kind: "wanted"; readonly bindings: readonly Binding[] }
  | { readonly kind: "connected" }
  | { readonly kind: "answered"; readonly answer: RegistrationAnswer }
  /** The connection ended, or could not be made. */
  | { readonly kind: "closed" }
  | { readonly kind: "deadline" };
export type RegistrationEffect =
  | { readonly kind: "connect" }
  | { readonly kind: "call"; readonly call: RegistrationCall }
  | { readonly kind: "close" }
  | { readonly kind: "told"; readonly registered: boolean };

/** A round may take a moment: what rpcbind forgot is back within thirty seconds. */
const CHECK_SECONDS = 25;
const ROUND_SECONDS = 10;
const IDLE: RegistrationPhase = { kind: "idle" };

export const UNREGISTERED: RegistrationState = { bindings: [], afresh: false, registered: false, phase: IDLE };

type Stepping = Stepped<RegistrationState, RegistrationEffect>;

const step: Step<RegistrationState, RegistrationEvent, RegistrationEffect> = (state, event, at) => {
  switch (event.kind) {
    case "wanted":
      return same(event.bindings, state.bindings) ? { state, effects: [] } : wanted(state, event.bindings, at.now);
    case "connected":
      return state.phase.kind === "connecting" ? connected(state, at.now) : { state, effects: [{ kind: "close" }] };
    case "answered":
      return state.phase.kind === "calling" ? answered(state, state.phase, event.answer, at.now) : { state, effects: [] };
    case "closed":
      return state.phase.kind === "connecting" || state.phase.kind === "calling" ? rest(failed(state), at.now) : { state, effects: [] };
    case "deadline":
      return due(state, at.now);
    default:
      return absurd(event);
  }
};

export const registrationMachine: Machine<RegistrationState, RegistrationEvent, RegistrationEffect> = {
  name: "rpcbind-registration",
  step,
  deadline: ({ phase }) => (phase.kind === "idle" ? NEVER : phase.until),
  phase: ({ phase }) => phase.kind,
  transitions: {
    idle: ["connecting"],
    connecting: ["calling", "resting", "idle"],
    calling: ["resting", "idle", "connecting"],
    resting: ["connecting"],
  },
};

/** A round that is under way is cut short: what it would have said is old. */
function wanted(state: RegistrationState, bindings: readonly Binding[], now: Instant): Stepping {
  const left = bindings.length > 0 ? bindings : state.bindings.map((binding) => ({ ...binding, address: "" }));
  const next = { ...state, bindings: left, afresh: true, registered: false };
  const cut: readonly RegistrationEffect[] = state.phase.kind === "calling" ? [{ kind: "close" }] : [];
  if (state.phase.kind === "connecting") return { state: next, effects: [] };
  return connect(next, now, cut);
}

function connect(state: RegistrationState, now: Instant, before: readonly RegistrationEffect[] = []): Stepping {
  return { state: { ...state, phase: { kind: "connecting", until: after(now, ROUND_SECONDS) } }, effects: [...before, { kind: "connect" }] };
}

function connected(state: RegistrationState, now: Instant): Stepping {
  const [first] = state.bindings;
  const calls = state.afresh && first !== undefined ? afresh(first, state.bindings) : state.bindings.map(asking);
  return sendNext(state, { kind: "calling", calls, refused: false, until: after(now, ROUND_SECONDS) }, now);
}

function answered(state: RegistrationState, phase: Calling, answer: RegistrationAnswer, now: Instant): Stepping {
  const [call, ...rest] = phase.calls;
  if (call === undefined) return { state, effects: [] };
  const lost = call.procedure === "getAddress" && (answer.kind !== "address" || portOf(answer.address) !== portOf(call.binding.address));
  const refused = phase.refused || (call.procedure === "set" && !(answer.kind === "done" && answer.ok));
  return sendNext(state, { ...phase, calls: lost ? [...rest, removing(call.binding), adding(call.binding)] : rest, refused }, now);
}

type Calling = Extract<RegistrationPhase, { kind: "calling" }>;

/** The next call, or the end of the round. */
function sendNext(state: RegistrationState, phase: Calling, now: Instant): Stepping {
  const [call] = phase.calls;
  if (call !== undefined) return { state: { ...state, phase }, effects: [{ kind: "call", call }] };
  const withdrawn = state.bindings.every(({ address }) => address === "");
  if (withdrawn) return told(state, { ...UNREGISTERED }, [{ kind: "close" }]);
  const next = { ...state, afresh: false, registered: !phase.refused, phase: { kind: "resting" as const, until: after(now, CHECK_SECONDS) } };
  return told(state, next, [{ kind: "close" }]);
}

function due(state: RegistrationState, now: Instant): Stepping {
  switch (state.phase.kind) {
    case "idle":
      return { state, effects: [] };
    case "resting":
      return connect(state, now);
    case "connecting":
    case "calling": {
      const { state: next, effects } = rest(failed(state), now);
      return { state: next, effects: [{ kind: "close" }, ...effects] };
    }
    default:
      return absurd(state.phase);
  }
}

/** It may have been restarted, or our calls half done: everything is said again. */
function failed(state: RegistrationState): RegistrationState {
  return { ...state, afresh: true };
}

/** Nothing that is to be taken away is worth a second try: rpcbind itself may be gone. */
function rest(state: RegistrationState, now: Instant): Stepping {
  if (state.bindings.every(({ address }) => address === "")) return told(state, { ...UNREGISTERED }, []);
  return told(state, { ...state, registered: false, phase: { kind: "resting", until: after(now, CHECK_SECONDS) } }, []);
}

/** Says what has changed, and once what did not work from the beginning. */
function told(before: RegistrationState, next: RegistrationState, effects: readonly RegistrationEffect[]): Stepping {
  const news = before.registered !== next.registered || before.afresh;
  return { state: next, effects: news ? [...effects, { kind: "told", registered: next.registered }] : effects };
}

/** Whatever a run before us left behind goes first, also for networks that are no longer listened on. */
function afresh(one: Binding, bindings: readonly Binding[]): readonly RegistrationCall[] {
  return [...NETIDS.map((netid) => removing({ ...one, netid, address: "" })), ...bindings.filter(({ address }) => address !== "").map(adding)];
}

function asking(binding: Binding): RegistrationCall {
  return { procedure: "getAddress", binding };
}

function removing(binding: Binding): RegistrationCall {
  return { procedure: "unset", binding };
}

function adding(binding: Binding): RegistrationCall {
  return { procedure: "set", binding };
}

/** rpcbind puts in the address by which it was asked; the port stays. */
function portOf(universal: string): string {
  return universal.split(".").slice(-2).join(".");
}
