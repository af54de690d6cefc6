/** What can go wrong in a month, each as one line: who it happens to and how it ends. A seed chooses which of them exist at all. */
import type { Duid } from "../../base/duid.ts";
import { ipv6Prefix, splitIpv6Prefix } from "../../base/ipv6.ts";
import { NEVER } from "../../base/time.ts";
import type { Chance } from "../chance.ts";
import { EPOCH_MS } from "../clock.ts";
import type { NO_FAULTS } from "../link.ts";
import { LANS, poolsOf, reconfigured } from "./configuration.ts";
import type { Isp } from "./isp.ts";
import type { Month } from "./world.ts";

type Struck = { readonly month: Month; readonly uplink: number; readonly isp: Isp; readonly chance: Chance };
/** Does the damage; @returns what happened, in words, and what ends it */
type Fault = (struck: Struck) => { readonly words: string; readonly end?: () => void };

/** Answers are late by at most so much, and by a second more where they are held back. */
const MOST_DELAY_MS = 2000;
const HOUR_MS = 3_600_000;
const EFFECTS_MOST = 8;

const TABLE = {
  loss: ({ isp, chance }) => linkFault(isp, "lossPerMille", chance.below(500)),
  delay: ({ isp, chance }) => linkFault(isp, "delayMs", chance.below(MOST_DELAY_MS)),
  duplication: ({ isp, chance }) => linkFault(isp, "duplicatePerMille", chance.below(500)),
  reordering: ({ isp, chance }) => linkFault(isp, "reorderPerMille", chance.below(500)),
  partition: ({ isp }) => {
    isp.port.cut = true;
    return {
      words: `${isp.name} is cut off`,
      end: () => {
        isp.port.cut = false;
      },
    };
  },
  cable: ({ month: { gateway }, uplink }) => {
    const { name } = gateway.cards[uplink] ?? { name: "wan0" };
    gateway.setRunning(name, false);
    return { words: `${name} loses its cable`, end: () => gateway.setRunning(name, true) };
  },
  uplinkGone: ({ month: { gateway }, uplink }) => goneLink(gateway, gateway.cards[uplink]?.name ?? "wan0"),
  lanGone: ({ month: { gateway }, chance }) => goneLink(gateway, chance.pick(LANS)),
  kill: ({ month: { gateway } }) => {
    gateway.kill();
    return { words: "the program is killed", end: () => gateway.start() };
  },
  killBetween: ({ month, chance }) => {
    const effects = chance.below(EFFECTS_MOST);
    const seconds = 10 ** chance.between(0, 3);
    month.gateway.killAfter(effects, () => month.died(seconds));
    return { words: `the program will be killed in place of effect ${effects} from now` };
  },
  power: ({ month: { gateway } }) => {
    gateway.powerCut();
    return { words: "the power goes", end: () => gateway.start() };
  },
  suspend: ({ month: { gateway } }) => {
    gateway.clock.sleepUntil(NEVER);
    return { words: "the gateway sleeps", end: () => gateway.wake() };
  },
  command: ({ month: { gateway }, uplink, chance }) => {
    const name = gateway.cards[uplink]?.name ?? "wan0";
    const verb = chance.pick(["renew", "reboot"] as const);
    gateway.command(name, verb);
    return { words: `somebody asks ${name} to ${verb}` };
  },
  clockForward: ({ month, chance }) => {
    // only forward: a clock that goes back a little is a lie no program can see through
    const ms = Math.round(chance.between(0, 48 * HOUR_MS));
    month.stepClock(ms);
    return { words: `the wall clock jumps ${Math.round(ms / 60_000)} minutes forward` };
  },
  clockUnset: ({ month }) => {
    month.gateway.clock.setWall(-(EPOCH_MS + month.now));
    return { words: "the wall clock says 1970", end: () => month.stepClock(0) };
  },
  disk: ({ month: { gateway }, chance }) => {
    gateway.disk.fault = chance.pick(["full", "late"]);
    return {
      words: `the disk is ${gateway.disk.fault}`,
      end: () => {
        gateway.disk.fault = "none";
      },
    };
  },
  sockets: ({ month: { gateway } }) => {
    gateway.loseSockets();
    return { words: "the sockets are lost" };
  },
  reload: ({ month: { gateway }, uplink, chance }) => {
    const uplinks = gateway.uplinks.map((one, i) => (i === uplink ? reconfigured(one, chance) : one));
    gateway.configure(uplinks);
    return { words: `${uplinks[uplink]?.name} asks for IAs ${uplinks[uplink]?.delegations.map(({ iaid }) => iaid).join(" ")}` };
  },
  silence: ({ isp }) => {
    isp.provider.mode = "silent";
    return served(isp, "restarts");
  },
  amnesia: ({ isp }) => {
    isp.provider.mode = "silent";
    isp.provider.forget();
    return served(isp, "restarts and has forgotten everybody");
  },
  otherServer: ({ isp, chance }) => {
    isp.provider.reconfigure({ serverId: `0003000102005e10${(0x1000 + chance.below(0x1000)).toString(16)}` as Duid });
    return { words: `${isp.name} is another server with the same book` };
  },
  answers: ({ isp, chance }) => {
    isp.provider.mode = chance.pick(["none", "no-binding", "slow"]);
    return served(isp, isp.provider.mode);
  },
  insideRefusals: ({ isp }) => {
    isp.provider.reconfigure({ refusesInside: true });
    isp.provider.mode = "none";
    return served(isp, "has nothing, and says so inside of prefixes");
  },
  scarcity: ({ isp }) => {
    const { pool } = isp.provider.config;
    const { address } = splitIpv6Prefix(pool.prefix);
    isp.provider.reconfigure({ pool: { ...pool, prefix: ipv6Prefix(address, pool.delegatedLength) } });
    return { words: `${isp.name} has one prefix left`, end: () => isp.provider.reconfigure({ pool }) };
  },
  smaller: ({ isp, uplink, chance }) => {
    const delegatedLength = chance.pick([56, 60, 62, 64]);
    isp.provider.reconfigure({ pool: { prefix: chance.pick(poolsOf(uplink)), delegatedLength } });
    return { words: `${isp.name} delegates /${delegatedLength}` };
  },
  renumber: ({ isp, uplink, chance }) => {
    const prefix = chance.pick(poolsOf(uplink));
    isp.provider.reconfigure({ pool: { ...isp.provider.config.pool, prefix } });
    return { words: `${isp.name} delegates from ${prefix}` };
  },
} as const satisfies { readonly [name: string]: Fault };
export type MonthFault = keyof typeof TABLE;
export const MONTH_FAULTS: { readonly [name in MonthFault]: Fault } = TABLE;
const NAMES = Object.keys(MONTH_FAULTS) as readonly MonthFault[];

/** All, none, or a few of them: rare combinations occur because most others are absent. */
export function chosenMonthFaults(chance: Chance): readonly MonthFault[] {
  const kind = chance.below(12);
  if (kind === 0) return [];
  if (kind === 1) return NAMES;
  const rate = 100 + chance.below(400);
  return NAMES.filter(() => chance.perMille(rate));
}

function linkFault(isp: Isp, fault: keyof typeof NO_FAULTS, value: number): ReturnType<Fault> {
  const { segment } = isp;
  segment.faults = { ...segment.faults, [fault]: value };
  return {
    words: `${isp.name}'s ${fault} is ${Math.round(value)}`,
    end: () => {
      segment.faults = { ...segment.faults, [fault]: 0 };
    },
  };
}

function goneLink(gateway: Month["gateway"], name: string): ReturnType<Fault> {
  gateway.removeLink(name);
  return { words: `${name} is gone`, end: () => gateway.createLink(name) };
}

function served(isp: Isp, words: string): ReturnType<Fault> {
  return {
    words: `${isp.name} ${words}`,
    end: () => {
      isp.provider.mode = "serve";
      isp.provider.reconfigure({ refusesInside: false });
    },
  };
}
