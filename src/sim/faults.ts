/** What can go wrong in a world, each as one line: who it happens to and how it ends. A seed chooses which of them exist at all. */
import { type Ipv4Address, ipv4Number, ipv4Of } from "../base/ipv4.ts";
import { macOf } from "../base/mac.ts";
import { instant } from "../base/time.ts";
import { PROVIDER_MODES } from "./actors/dhcp4-provider.ts";
import type { Chance } from "./chance.ts";
import { EPOCH_MS } from "./clock.ts";
import type { Gateway } from "./gateway.ts";
import type { NO_FAULTS } from "./link.ts";
import type { World } from "./world.ts";

type Struck = { readonly world: World; readonly gateway: Gateway; readonly chance: Chance };
/** Does the damage; @returns what happened, in words, and what ends it */
type Fault = (struck: Struck) => { readonly words: string; readonly end?: () => void };

const POOL_STEP = 32;
const MINUTE_MS = 60_000;

const TABLE = {
  loss: ({ world, chance }) => linkFault(world, "lossPerMille", chance.below(500)),
  delay: ({ world, chance }) => linkFault(world, "delayMs", chance.below(3000)),
  duplication: ({ world, chance }) => linkFault(world, "duplicatePerMille", chance.below(500)),
  reordering: ({ world, chance }) => linkFault(world, "reorderPerMille", chance.below(500)),
  bitFlips: ({ world, chance }) => linkFault(world, "flipPerMille", chance.below(300)),
  partition: ({ gateway }) => {
    gateway.port.cut = true;
    return {
      words: `${gateway.name} is cut off`,
      end: () => {
        gateway.port.cut = false;
      },
    };
  },
  carrier: ({ gateway }) => down(gateway, "carrier"),
  administrator: ({ gateway }) => down(gateway, "administrator"),
  crash: ({ gateway }) => {
    gateway.crash();
    return { words: `${gateway.name} is killed`, end: () => gateway.start() };
  },
  engineRestart: ({ gateway }) => {
    gateway.restartEngine();
    return { words: `${gateway.name} restarts its engine` };
  },
  suspend: ({ world, gateway, chance }) => {
    const minutes = 1 + chance.below(180);
    gateway.clock.sleepUntil(instant(world.now + minutes * MINUTE_MS));
    return { words: `${gateway.name} sleeps for ${minutes} minutes`, end: () => gateway.clock.sleepUntil(world.now) };
  },
  wallClock: ({ gateway, world, chance }) => {
    // forward, or back to 1970: a little back is a lie no program can see through
    const offsetMs = chance.perMille(500) ? chance.below(3_600_000) : -(EPOCH_MS + world.now);
    gateway.clock.setWall(offsetMs);
    return { words: `${gateway.name} believes it is ${new Date(gateway.clock.wallClock()).toISOString()}`, end: () => gateway.clock.setWall(0) };
  },
  disk: ({ gateway, chance }) => {
    gateway.disk.fault = chance.pick(["full", "late"]);
    return {
      words: `${gateway.name} has a disk that is ${gateway.disk.fault}`,
      end: () => {
        gateway.disk.fault = "none";
      },
    };
  },
  provider: ({ world, chance }) => {
    world.provider.mode = chance.pick(PROVIDER_MODES);
    return {
      words: `the provider's mode is ${world.provider.mode}`,
      end: () => {
        world.provider.mode = "serve";
      },
    };
  },
  stranger: ({ world }) => {
    world.strangerAnswers = true;
    return {
      words: "a stranger answers",
      end: () => {
        world.strangerAnswers = false;
      },
    };
  },
  renumber: ({ world }) => {
    const { first, last } = world.provider.config.pool;
    const moved = (address: Ipv4Address): Ipv4Address => ipv4Of(ipv4Number(address) + POOL_STEP);
    world.provider.reconfigure({ pool: { first: moved(first), last: moved(last) } });
    return { words: `the provider's pool begins at ${moved(first)}` };
  },
  hardwareAddress: ({ gateway, chance }) => {
    const bytes = chance.bytes(6);
    bytes[0] = 2;
    gateway.changeMac(macOf(bytes));
    return { words: `${gateway.name} is now ${gateway.mac}` };
  },
  recreate: ({ gateway }) => {
    gateway.recreateLink();
    return { words: `${gateway.name} has a new link ${gateway.link}` };
  },
  sockets: ({ gateway }) => {
    gateway.loseSockets();
    return { words: `${gateway.name} lost its sockets` };
  },
  reload: ({ gateway, chance }) => {
    const hostName = chance.pick(["", "gw", "edge"]);
    gateway.configure({ hostName });
    return { words: `${gateway.name} is now called "${hostName}"` };
  },
} as const satisfies { readonly [name: string]: Fault };
export type FaultName = keyof typeof TABLE;
export const FAULTS: { readonly [name in FaultName]: Fault } = TABLE;
export const FAULT_NAMES = Object.keys(FAULTS) as readonly FaultName[];

/** All, none, or a few of them: rare combinations occur because most others are absent. */
export function chosenFaults(chance: Chance): readonly FaultName[] {
  const kind = chance.below(10);
  if (kind === 0) return [];
  if (kind === 1) return FAULT_NAMES;
  const rate = 100 + chance.below(400);
  return FAULT_NAMES.filter(() => chance.perMille(rate));
}

function linkFault(world: World, fault: keyof typeof NO_FAULTS, value: number): ReturnType<Fault> {
  world.segment.faults = { ...world.segment.faults, [fault]: value };
  return {
    words: `the link's ${fault} is ${value}`,
    end: () => {
      world.segment.faults = { ...world.segment.faults, [fault]: 0 };
    },
  };
}

function down(gateway: Gateway, by: "carrier" | "administrator"): ReturnType<Fault> {
  gateway.setRunning(false, by);
  return { words: `${gateway.name} goes down (${by})`, end: () => gateway.setRunning(true, by) };
}
