/** What must be true of a world at every moment, whatever its seed. Checkers watch hosts, links and promises, never code. */
import type { Ipv4Address } from "../base/ipv4.ts";
import type { Gateway } from "./gateway.ts";
import type { World } from "./world.ts";

/** What checkers look at: clients of one provider. */
export type Watched = Pick<World, "gateways" | "provider" | "now">;
export type Checker = {
  readonly name: string;
  /** After every event. @returns what is wrong, or undefined */
  readonly always?: (world: Watched) => string | undefined;
  /** Once, when the faults have been over for `SETTLE_MINUTES`. */
  readonly settled?: (world: Watched) => string | undefined;
};

/** Lifetimes are whole seconds, rounded up where they are handed to the kernel. */
const KERNEL_GRAIN_MS = 1000;
/** RFC 2131 §4.1's pace without any NAK would be 3 a minute; a storm must stay near it. */
const STORM_PACKETS_PER_MINUTE = 20;
const STORM_AFTER_NAKS = 5;
/** The longest silence of a client that looks for a server (64 s and its jitter), the longest pause (60 s), some loss. */
export const SETTLE_MINUTES = 10;

/** Two hosts of one link never hold the same address. */
export const noAddressHeldTwice: Checker = {
  name: "no address is held twice on a link",
  always: ({ gateways }) => {
    const holders = new Map<Ipv4Address, string>();
    for (const { name, kernel, clock } of gateways) {
      for (const { address } of clock.asleep ? [] : kernel.addresses()) {
        const other = holders.get(address);
        if (other !== undefined) return `${address} is held by ${other} and by ${name}`;
        holders.set(address, name);
      }
    }
    return undefined;
  },
};

export const noAddressOutlivesItsLease: Checker = {
  name: "the kernel never holds an address past its lease",
  always: ({ gateways, now }) => {
    for (const { name, kernel } of gateways) {
      for (const { address, validUntil } of kernel.addresses())
        if (validUntil < now) return `${name} still holds ${address}, which ended ${now - validUntil} ms ago`;
    }
    return undefined;
  },
};

/** What a bound client has in its kernel was promised to it, and the promise has not ended. */
export const everyAddressIsPromised: Checker = {
  name: "a held address is a promised one",
  always: ({ gateways, provider, now }) => {
    for (const { name, kernel, clock } of gateways) {
      for (const { address } of clock.asleep ? [] : kernel.addresses()) {
        const promise = provider.book.at(address);
        if (promise === undefined) return `${name} holds ${address}, which nobody promised`;
        if (promise.until + KERNEL_GRAIN_MS < now) return `${name} holds ${address}, promised until ${promise.until}, at ${now}`;
      }
    }
    return undefined;
  },
};

/** A client that says it is bound has its address in the kernel, and no other one. */
export const stateAndKernelAgree: Checker = {
  name: "what a client says and what its kernel holds agree",
  always: ({ gateways, now }) => {
    for (const gateway of gateways) {
      const state = gateway.clock.asleep ? undefined : gateway.uplink?.state;
      const held = state?.configured === true ? state.phase.held : undefined;
      if (held === undefined || held.expiresAt <= now) continue;
      const inKernel = gateway.kernel.on(gateway.link)?.address;
      if (inKernel !== held.address) return `${gateway.name} says ${held.address}, its kernel ${inKernel ?? "nothing"}`;
    }
    return undefined;
  },
};

/** After a NAK the address is out of the kernel, also when it was put there by an earlier life of the program (RFC 2131 §3.2). */
export const nakedAddressesAreGone: Checker = {
  name: "a refused address is given up",
  always: ({ gateways }) => {
    for (const { name, uplink, kernel, link, clock } of gateways) {
      const state = clock.asleep ? undefined : uplink?.state;
      if (state === undefined || state.naksInRow === 0 || state.phase.held !== undefined) continue;
      const inKernel = kernel.on(link);
      if (inKernel !== undefined) return `${name} was refused and still holds ${inKernel.address}`;
    }
    return undefined;
  },
};

/** Nothing is asked of the kernel that it must refuse whatever its state: that is for the client to know. */
export const nothingSenselessIsAsked: Checker = {
  name: "the kernel is asked for nothing senseless",
  always: ({ gateways }) => {
    for (const { name, kernel } of gateways) {
      const senseless = kernel.refused.find(({ error }) => error === "EINVAL");
      if (senseless !== undefined) return `${name}: ${senseless.what}`;
    }
    return undefined;
  },
};

export const oneAddressPerUplink: Checker = {
  name: "an uplink never has two addresses",
  always: ({ gateways }) => {
    const two = gateways.find(({ kernel }) => kernel.addresses().length > 1);
    return two === undefined
      ? undefined
      : `${two.name} holds ${two.kernel
          .addresses()
          .map(({ address }) => address)
          .join(" and ")}`;
  },
};

/** After the fifth NAK in a row no minute sees more than 20 packets. */
export const stormsAreTamed: Checker = {
  name: "a storm of NAKs is answered slowly",
  always: ({ gateways, now }) => {
    const fast = gateways.find((gateway) => inStorm(gateway) && gateway.sentSince(now - 60_000) > STORM_PACKETS_PER_MINUTE);
    return fast === undefined
      ? undefined
      : `${fast.name} sent ${fast.sentSince(now - 60_000)} packets in a minute after ${fast.uplink?.state.naksInRow} NAKs`;
  },
};

export const everybodyIsBoundInTheEnd: Checker = {
  name: `every client is bound ${SETTLE_MINUTES} minutes after the faults stop`,
  settled: ({ gateways }) => {
    const without = gateways.filter(({ kernel, link, uplink }) => kernel.on(link) === undefined || uplink?.state.phase.held === undefined);
    return without.length === 0 ? undefined : without.map(({ name, uplink }) => `${name} is ${uplink?.state.phase.kind ?? "not running"}`).join(", ");
  },
};

export const CHECKERS: readonly Checker[] = [
  noAddressHeldTwice,
  noAddressOutlivesItsLease,
  everyAddressIsPromised,
  stateAndKernelAgree,
  nakedAddressesAreGone,
  nothingSenselessIsAsked,
  oneAddressPerUplink,
  stormsAreTamed,
  everybodyIsBoundInTheEnd,
];

/** The NAKs before the fifth are answered faster, and count for the minute they lie in. */
function inStorm(gateway: Gateway): boolean {
  return (gateway.uplink?.state.naksInRow ?? 0) > STORM_AFTER_NAKS + 3;
}
