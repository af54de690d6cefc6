/** Messages that both kinds of uplink speak: what happened, what an operator asks for, what is published no longer. */
import { bytes16, choice, struct, u32 } from "../../base/codec.ts";
import { LIMITS } from "../../base/limits.ts";
import { UPLINK_EVENTS } from "../../ports/kernel.ts";
import { interfaceName } from "./codecs.ts";
import { type EngineName, message } from "./message.ts";

const UPLINK_ENGINES = ["engine-uplink4", "engine-uplink6"] as const satisfies readonly EngineName[];
/** What an operator may ask an uplink for. */
export const UPLINK_VERBS = ["renew", "release", "reboot"] as const;
export type UplinkVerb = (typeof UPLINK_VERBS)[number];

export const UPLINKS = {
  withdrawUplink: message({ type: 37, from: UPLINK_ENGINES, to: ["main"], body: struct({ link: u32, name: interfaceName }) }),
  /** For hooks, and for whoever watches. */
  uplinkEvent: message({
    type: 38,
    from: UPLINK_ENGINES,
    to: ["main", "control"],
    body: struct({ name: interfaceName, event: choice(UPLINK_EVENTS), record: bytes16(LIMITS.leaseFileBytes) }),
    when: ["starting", "running"],
  }),
  /** What an operator asked for; main has judged who may. */
  uplinkCommand: message({ type: 25, from: ["main"], to: UPLINK_ENGINES, body: struct({ name: interfaceName, verb: choice(UPLINK_VERBS) }) }),
} as const;
