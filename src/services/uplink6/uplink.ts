/** One uplink: a DHCPv6 client machine with its link, its socket, its counters, and the ports its effects go to. */
import { WireError } from "../../base/errors.ts";
import { type Ipv6Address, UNSPECIFIED_V6 } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Instant } from "../../base/time.ts";
import { dhcp6Client } from "../../machines/dhcp6-client/client.ts";
import { OPTION_ORDER } from "../../machines/dhcp6-client/messages.ts";
import { addressWish, type ClientConfig } from "../../machines/dhcp6-client/config.ts";
import { type ClientEffect, type ClientEvent, type ClientState, initialState, type Lease } from "../../machines/dhcp6-client/state.ts";
import type { Clock } from "../../ports/clock.ts";
import type { LinkDatagrams, LinkSockets, ReceivedDatagram } from "../../ports/datagrams.ts";
import type { Log } from "../../ports/log.ts";
import type { LeaseRecords } from "../../ports/store.ts";
import { withoutSecrets } from "../../wire/dhcp6/describe.ts";
import { decodeDhcp6, encodeDhcp6, isRelayMessage } from "../../wire/dhcp6/message.ts";
import { Counters } from "../counters.ts";
import { Driver, type Observed } from "../driver.ts";
import type { LinkFact } from "../links.ts";
import { encodeRecording, recordingOf } from "../recording.ts";
import { type Holding, type Retired, retiredBy, unserved } from "./compose.ts";
import type { Uplink6Config, Uplink6Interface } from "./config.ts";
import { decodeLeaseRecord, encodeLeaseRecord } from "./lease-record.ts";
import { wishOf } from "./plan.ts";

/** All_DHCP_Relay_Agents_and_Servers and the port they listen on (RFC 9915 §7.1, §7.2). */
const SERVERS = "ff02::1:2" as Ipv6Address;
const SERVER_PORT = 547;

type Seen = Observed<ClientState, ClientEvent, ClientEffect>;
export type UplinkPorts = {
  readonly clock: Clock;
  readonly datagrams: LinkDatagrams;
  readonly records: LeaseRecords;
  readonly sockets: LinkSockets;
  readonly log: Log;
  readonly observe?: (name: string, observed: Seen) => void;
};
/** One interface of the configuration, and who we are on it. */
export type Uplink6Identity = Pick<Uplink6Config, "duid"> & { readonly interface: Uplink6Interface };

export class Uplink {
  readonly #ports: UplinkPorts;
  readonly #driver: Driver<ClientState, ClientEvent, ClientEffect>;
  /** What is held, or what it is for, is not what it was: the plan is made anew. */
  readonly #planChanged: () => void;
  readonly ignored = new Counters();
  readonly sent = new Counters();
  #identity: Uplink6Identity;
  #link: LinkFact | undefined;
  #socketReady = false;
  #since: Instant;
  #received = 0;
  #retired: readonly Retired[] = [];

  constructor(identity: Uplink6Identity, ports: UplinkPorts, planChanged: () => void) {
    this.#identity = identity;
    this.#ports = ports;
    this.#planChanged = planChanged;
    this.#since = ports.clock.now();
    this.#driver = new Driver<ClientState, ClientEvent, ClientEffect>({
      machine: dhcp6Client,
      initial: initialState(clientConfig(identity)),
      clock: ports.clock,
      deadlineEvent: { kind: "deadline" },
      perform: (effect) => this.#perform(effect),
      observe: (observed) => this.#observe(observed),
    });
  }

  get name(): string {
    return this.#identity.interface.name;
  }
  get config(): Uplink6Interface {
    return this.#identity.interface;
  }
  get link(): LinkFact | undefined {
    return this.#link;
  }
  get state(): ClientState {
    return this.#driver.state;
  }
  get since(): Instant {
    return this.#since;
  }
  /** Datagrams that reached this uplink, whatever became of them. */
  get received(): number {
    return this.#received;
  }
  /** What it has for the plan: nothing while its link is not there. */
  get holding(): Holding {
    const present = this.#link !== undefined;
    return { config: this.config, held: present ? this.state.phase.held : undefined, retired: present ? this.#retired : [] };
  }
  recorded(): readonly Seen[] {
    return this.#driver.recorded();
  }

  /** The last steps as a recording that `npm run replay` reads, a line each; empty before the first. */
  trace(): readonly string[] {
    const recording = recordingOf(dhcp6Client.name, this.recorded());
    return recording === undefined ? [] : encodeRecording(recording).trimEnd().split("\n");
  }

  configure(identity: Uplink6Identity): void {
    this.#identity = identity;
    const names = new Set(identity.interface.delegations.flatMap(({ targets }) => targets.map((target) => target.interface)));
    this.#retired = this.#retired.filter(({ name }) => names.has(name));
    this.#driver.handle({ kind: "configure", config: clientConfig(identity) });
  }

  stored(record: Uint8Array): void {
    const lease = decodeLeaseRecord({ name: this.name, duid: this.#identity.duid }, record, this.#times());
    if (lease === undefined) this.#ports.log.write("info", "storedLeaseUnusable", { interface: this.name });
    else this.#driver.handle({ kind: "stored", lease });
  }

  linkIs(fact: LinkFact): void {
    const before = this.#link;
    if (before !== undefined && before.index !== fact.index) this.linkGone(before);
    const isNew = this.#link === undefined;
    this.#link = fact;
    if (isNew) this.#ports.sockets.open(fact.index, fact.name);
    this.#tellLink();
  }

  /** What is held stays ours without the link, and is asked for again when it comes back; until then the plan goes without it. */
  linkGone(fact: LinkFact): void {
    if (this.#link?.index !== fact.index) return;
    this.#driver.handle({ kind: "link", up: false });
    this.#ports.sockets.close(fact.index, fact.name);
    this.#socketReady = false;
    this.#link = undefined;
    this.#retired = [];
  }

  socketReady(): void {
    this.#socketReady = true;
    this.#tellLink();
  }

  /** Sockets went with the role that held them; they are asked for again. */
  socketsLost(): void {
    this.#socketReady = false;
    if (this.#link !== undefined) this.#ports.sockets.open(this.#link.index, this.#link.name);
  }

  datagram({ payload }: ReceivedDatagram): void {
    this.#received++;
    const event = this.#answerIn(payload);
    if (event !== undefined) this.#driver.handle(event);
  }

  /** Takes the uplink out of service. Nothing is released: the lease is asked for again when it comes back (RFC 9096 §3.1). */
  close(): void {
    if (this.#link !== undefined) this.linkGone(this.#link);
    this.#driver.close();
  }

  #answerIn(payload: Uint8Array): ClientEvent | undefined {
    try {
      const message = decodeDhcp6(payload);
      if (!isRelayMessage(message)) return { kind: "received", message: withoutSecrets(message) };
      this.ignored.add("unexpected-type");
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.ignored.add(error.code);
    }
    return undefined;
  }

  #tellLink(): void {
    if (this.#link === undefined) return;
    this.#driver.handle({ kind: "link", up: this.#link.running && this.#socketReady });
  }

  #perform(effect: ClientEffect): void {
    const { datagrams, records } = this.#ports;
    switch (effect.kind) {
      case "ignored":
        return this.ignored.add(effect.reason);
      case "send": {
        this.sent.add(effect.message.kind);
        if (this.#link === undefined) return;
        const payload = encodeDhcp6(effect.message, { order: OPTION_ORDER });
        return datagrams.send(this.#link.index, { from: UNSPECIFIED_V6, to: SERVERS, port: SERVER_PORT, payload });
      }
      case "persist":
        return records.save(this.name, encodeLeaseRecord({ name: this.name, duid: this.#identity.duid }, effect.lease, this.#times()));
      case "forget":
        return records.remove(this.name);
      case "delegated":
        return this.#holds(effect.lease, effect.previous);
      case "lost":
        this.#ports.log.write("warn", "delegationLost", { interface: this.name, reason: effect.reason });
        return this.#holds(undefined, effect.reason === "removed" ? undefined : effect.lease);
    }
  }

  #holds(held: Lease | undefined, previous: Lease | undefined): void {
    const { clock, log } = this.#ports;
    const now = clock.now();
    const retired = previous === undefined ? [] : retiredBy(this.config, previous, held, now);
    this.#retired = [...this.#retired.filter(({ validUntil }) => validUntil > now), ...retired].slice(-LIMITS.retiredAddresses);
    if (retired.length > 0) log.write("info", "prefixRetired", { interface: this.name, addresses: retired.length });
    for (const { target, prefix, reason } of unserved(this.config, held)) {
      log.write("warn", "targetUnserved", { interface: this.name, target, prefix, reason });
    }
    this.#planChanged();
  }

  #observe(observed: Seen): void {
    const [from, to] = [observed.before.phase.kind, observed.after.phase.kind];
    if (from !== to) {
      this.#since = observed.step.now;
      const prefix = observed.after.phase.held?.delegations[0]?.prefixes[0]?.prefix;
      this.#ports.log.write("info", "transition", { interface: this.name, from, to, ...(prefix === undefined ? {} : { prefix }) });
    }
    this.#ports.observe?.(this.name, observed);
  }

  #times(): { readonly now: Instant; readonly wallClock: ReturnType<Clock["wallClock"]> } {
    return { now: this.#ports.clock.now(), wallClock: this.#ports.clock.wallClock() };
  }
}

/** The part of an entry that is the conversation's. */
function clientConfig({ duid, interface: wanted }: Uplink6Identity): ClientConfig {
  const { pace, start, rapidCommit, addressIaid, requestOptions, omitOptions, sendOptions } = wanted;
  const { acceptReconfigure, registerAddresses, releaseOnStop } = wanted;
  return {
    ...{ duid, pace, start, rapidCommit, requestOptions, omitOptions, sendOptions, acceptReconfigure, registerAddresses, releaseOnStop },
    wishes: [...wanted.delegations.map(wishOf), ...(addressIaid === undefined ? [] : [addressWish(addressIaid)])],
  };
}
