/** What can go wrong in a street, each as one line: who it happens to and how it ends. A seed chooses which of them exist at all. */
import type { Ipv6Prefix } from "../../base/ipv6.ts";
import type { Chance } from "../chance.ts";
import type { NO_FAULTS, Segment } from "../link.ts";
import type { House, Street } from "./world.ts";

type Struck = { readonly street: Street; readonly house: House; readonly chance: Chance };
/** Does the damage; @returns what happened, in words, and what ends it */
type Fault6 = (struck: Struck) => { readonly words: string; readonly end?: () => void };

/** Frames are late by at most so much, and by a second more where they are held back. */
const MOST_DELAY_MS = 2000;
const POOLS = ["2001:db8:1000::/40" as Ipv6Prefix, "2001:db8:2000::/40" as Ipv6Prefix, "2001:db8:3000::/40" as Ipv6Prefix];

const TABLE = {
  loss: ({ street, house, chance }) => linkFault(someLink(street, house, chance), "lossPerMille", chance.below(500)),
  delay: ({ street, house, chance }) => linkFault(someLink(street, house, chance), "delayMs", chance.below(MOST_DELAY_MS)),
  duplication: ({ street, house, chance }) => linkFault(someLink(street, house, chance), "duplicatePerMille", chance.below(500)),
  reordering: ({ street, house, chance }) => linkFault(someLink(street, house, chance), "reorderPerMille", chance.below(500)),
  bitFlips: ({ street, house, chance }) => linkFault(someLink(street, house, chance), "flipPerMille", chance.below(300)),
  partition: ({ house: { gateway }, chance }) => {
    const card = chance.perMille(500) ? gateway.wan : gateway.lanCard;
    card.port.cut = true;
    return {
      words: `${card.port.name} is cut off`,
      end: () => {
        card.port.cut = false;
      },
    };
  },
  cable: ({ house: { gateway } }) => {
    gateway.setCable(false);
    return { words: `${gateway.name} loses its uplink's cable`, end: () => gateway.setCable(true) };
  },
  killUplink: ({ house: { gateway } }) => {
    gateway.kill("uplink6");
    return { words: `${gateway.name}'s uplink6 is killed`, end: () => gateway.startUplink() };
  },
  killLan: ({ house: { gateway } }) => {
    gateway.kill("lan");
    return { words: `${gateway.name}'s lan is killed`, end: () => gateway.startLan() };
  },
  killRelay: ({ house: { relay } }) => {
    relay?.kill();
    return { words: "the relay is killed", end: () => relay?.start() };
  },
  killUplink4: ({ house: { gateway, uplink4 } }) => {
    uplink4?.crash();
    return { words: `${gateway.name}'s uplink4 is killed`, end: () => uplink4?.start() };
  },
  power: ({ house: { gateway, uplink4 } }) => {
    gateway.powerCut();
    uplink4?.crash();
    return {
      words: `${gateway.name} loses its power`,
      end: () => {
        gateway.start();
        uplink4?.start();
      },
    };
  },
  sockets: ({ house: { gateway } }) => {
    gateway.loseSockets();
    return { words: `${gateway.name} lost its sockets` };
  },
  slowDisk: ({ house: { gateway }, chance }) => {
    gateway.journal.syncMs = chance.between(10, 4000);
    gateway.disk.fault = "late";
    return {
      words: `${gateway.name} has a slow disk`,
      end: () => {
        gateway.journal.syncMs = 1;
        gateway.disk.fault = "none";
      },
    };
  },
  provider: ({ street: { provider }, chance }) => {
    provider.mode = chance.pick(["silent", "none", "no-binding", "slow"]);
    return {
      words: `the provider's mode is ${provider.mode}`,
      end: () => {
        provider.mode = "serve";
      },
    };
  },
  renumber: ({ street: { provider }, chance }) => {
    const prefix = chance.some(POOLS) ?? provider.config.pool.prefix;
    provider.reconfigure({ pool: { ...provider.config.pool, prefix } });
    return { words: `the provider delegates from ${prefix}` };
  },
  hostRestart: ({ house, chance }) => {
    const host = chance.some([...house.hosts, ...house.far]);
    host?.stop();
    return { words: `${host?.name} is switched off`, end: () => host?.start() };
  },
  hostLeaves: ({ house, chance }) => {
    const host = chance.some([...house.hosts, ...house.far]);
    host?.release();
    return {
      words: `${host?.name} gives back what it has`,
      end: () => {
        host?.stop();
        host?.start();
      },
    };
  },
  hostMoves: ({ house, chance }) => {
    const host = chance.some([...house.hosts, ...house.far]);
    host?.reconnected();
    return { words: `${host?.name} was unplugged for a moment` };
  },
} as const satisfies { readonly [name: string]: Fault6 };
export type Fault6Name = keyof typeof TABLE;
export const FAULTS6: { readonly [name in Fault6Name]: Fault6 } = TABLE;
const FAULT6_NAMES = Object.keys(FAULTS6) as readonly Fault6Name[];

/** All, none, or a few of them: rare combinations occur because most others are absent. */
export function chosenFaults6(chance: Chance): readonly Fault6Name[] {
  const kind = chance.below(10);
  if (kind === 0) return [];
  if (kind === 1) return FAULT6_NAMES;
  const rate = 100 + chance.below(400);
  return FAULT6_NAMES.filter(() => chance.perMille(rate));
}

function someLink(street: Street, house: House, chance: Chance): Segment {
  return chance.perMille(500) ? street.wan : house.lan;
}

function linkFault(segment: Segment, fault: keyof typeof NO_FAULTS, value: number): ReturnType<Fault6> {
  segment.faults = { ...segment.faults, [fault]: value };
  return {
    words: `a link's ${fault} is ${Math.round(value)}`,
    end: () => {
      segment.faults = { ...segment.faults, [fault]: 0 };
    },
  };
}
