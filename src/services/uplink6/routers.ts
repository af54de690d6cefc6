/** Routers of an uplink's link: asked for when the link comes (RFC 4861 §6.3.7, RFC 7559), and what they advertise. */
import { WireError } from "../../base/errors.ts";
import { type Ipv6Address, UNSPECIFIED_V6 } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import { Entropy } from "../../base/entropy.ts";
import { after, type Instant, NEVER } from "../../base/time.ts";
import type { Alarm, Clock } from "../../ports/clock.ts";
import type { ReceivedDatagram } from "../../ports/datagrams.ts";
import { decodeIcmp6, encodeIcmp6, type RouterAdvertisement } from "../../wire/icmp6/message.ts";
import { Counters } from "../counters.ts";

export const ALL_ROUTERS = "ff02::2" as Ipv6Address;
/** RFC 7559 §2: seconds until the second solicitation, and the most between two of them. */
const FIRST_SECONDS = 4;
const MOST_SECONDS = 3600;

/** What a router said last. */
export type RouterFact = Pick<RouterAdvertisement, "managed" | "otherConfiguration" | "lifetimeSeconds"> & {
  readonly router: Ipv6Address;
  /** A prefix with the P flag: hosts should ask for prefixes of their own (RFC 9762 §4). */
  readonly prefersDelegation: boolean;
  readonly heardAt: Instant;
};
export type RouterWatchSetup = {
  readonly clock: Clock;
  /** An ICMPv6 message to all routers of the link. */
  readonly send: (payload: Uint8Array) => void;
  /** A router says that DHCPv6 is there. */
  readonly advertised: () => void;
};

export class RouterWatch {
  readonly ignored = new Counters();
  readonly #setup: RouterWatchSetup;
  readonly #alarm: Alarm;
  readonly #routers = new Map<Ipv6Address, RouterFact>();
  #waitSeconds = 0;
  #sent = 0;

  constructor(setup: RouterWatchSetup) {
    this.#setup = setup;
    this.#alarm = setup.clock.alarm(() => this.#solicit());
  }

  get routers(): readonly RouterFact[] {
    return [...this.#routers.values()];
  }
  /** Solicitations that went out. */
  get sent(): number {
    return this.#sent;
  }

  /** The link can carry messages. What routers of before said may be of another link. @param delaySeconds where nobody waits for them */
  begin(delaySeconds: number): void {
    this.#routers.clear();
    this.#waitSeconds = 0;
    if (delaySeconds === 0) return this.#solicit();
    this.#alarm.set(after(this.#setup.clock.now(), delaySeconds));
  }

  end(): void {
    this.#alarm.set(NEVER);
    this.#routers.clear();
  }

  close(): void {
    this.#alarm.close();
  }

  heard({ from, to, hopLimit, payload }: ReceivedDatagram): void {
    const message = this.#advertisementIn(payload, { source: from, destination: to, hopLimit });
    if (message === undefined) return;
    const { managed, otherConfiguration, lifetimeSeconds, options } = message;
    const prefersDelegation = (options.prefixes ?? []).some((prefix) => prefix.prefersDelegation);
    const known = this.#routers.delete(from);
    if (!known && this.#routers.size >= LIMITS.routersWatched) this.#routers.delete(this.routers[0]?.router ?? from);
    this.#routers.set(from, { router: from, managed, otherConfiguration, lifetimeSeconds, prefersDelegation, heardAt: this.#setup.clock.now() });
    if (lifetimeSeconds > 0) this.#alarm.set(NEVER);
    if (managed || otherConfiguration || prefersDelegation) this.#setup.advertised();
  }

  #advertisementIn(payload: Uint8Array, header: Parameters<typeof decodeIcmp6>[1]): RouterAdvertisement | undefined {
    try {
      const message = decodeIcmp6(payload, header, { checksum: "offloaded" });
      if (message.kind === "routerAdvertisement") return message;
      this.ignored.add("unexpected-type");
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.ignored.add(error.code);
    }
    return undefined;
  }

  /** The kernel fills in source and checksum. */
  #solicit(): void {
    const { clock, send } = this.#setup;
    this.#sent++;
    send(encodeIcmp6({ kind: "routerSolicitation", options: {}, unknown: [], malformed: [] }, { source: UNSPECIFIED_V6, destination: ALL_ROUTERS }));
    const chance = new Entropy(clock.entropy()).between(-0.1, 0.1);
    const next = this.#waitSeconds === 0 ? FIRST_SECONDS * (1 + chance) : this.#waitSeconds * (2 + chance);
    this.#waitSeconds = next > MOST_SECONDS ? MOST_SECONDS * (1 + chance) : next;
    this.#alarm.set(after(clock.now(), this.#waitSeconds));
  }
}
