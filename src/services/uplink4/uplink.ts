/** One uplink: a DHCPv4 client machine with its link, its socket, its counters, and the ports its effects go to. */
import { absurd, WireError } from "../../base/errors.ts";
import type { Instant } from "../../base/time.ts";
import { secondsUntil } from "../../base/time.ts";
import { dhcp4Client } from "../../machines/dhcp4-client/client.ts";
import { OPTION_ORDER } from "../../machines/dhcp4-client/messages.ts";
import { type ClientEffect, type ClientEvent, type ClientState, initialState, type Lease } from "../../machines/dhcp4-client/state.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Dhcp4Datagrams } from "../../ports/datagrams.ts";
import type { UplinkAddress, UplinkKernel } from "../../ports/kernel.ts";
import type { Log } from "../../ports/log.ts";
import type { LeaseRecords } from "../../ports/store.ts";
import { decodeDhcp4, encodeDhcp4, withoutSecrets } from "../../wire/dhcp4/message.ts";
import { BROADCAST_MAC } from "../../base/mac.ts";
import { decodeUdpFrame } from "../../wire/ip/udp.ts";
import { Counters } from "../counters.ts";
import { Driver, type Observed } from "../driver.ts";
import type { LinkFact } from "../links.ts";
import { encodeRecording, recordingOf } from "../recording.ts";
import type { Uplink4Interface } from "./config.ts";
import { decodeLeaseRecord, encodeLeaseRecord } from "./lease-record.ts";

/** RFC 2131 §4.1. */
const SERVER_PORT = 67;
const CLIENT_PORT = 68;
/** RFC 1349's low delay, as DHCP clients have always sent it. */
const LOW_DELAY = 0x10;

/** Opens and closes the sockets of a link; `socketReady` on the service says that they are there. */
export interface UplinkSockets {
  open(link: number, name: string): void;
  close(link: number, name: string): void;
}
export type UplinkPorts = {
  readonly clock: Clock;
  readonly datagrams: Dhcp4Datagrams;
  readonly kernel: UplinkKernel;
  readonly records: LeaseRecords;
  readonly sockets: UplinkSockets;
  readonly log: Log;
  readonly observe?: (name: string, observed: Observed<ClientState, ClientEvent, ClientEffect>) => void;
};

export class Uplink {
  readonly #ports: UplinkPorts;
  readonly #driver: Driver<ClientState, ClientEvent, ClientEffect>;
  readonly ignored = new Counters();
  readonly sent = new Counters();
  #config: Uplink4Interface;
  #link: LinkFact | undefined;
  #socketReady = false;
  #since: Instant;
  #received = 0;

  constructor(config: Uplink4Interface, ports: UplinkPorts) {
    this.#config = config;
    this.#ports = ports;
    this.#since = ports.clock.now();
    this.#driver = new Driver<ClientState, ClientEvent, ClientEffect>({
      machine: dhcp4Client,
      initial: initialState(config),
      clock: ports.clock,
      deadlineEvent: { kind: "deadline" },
      perform: (effect) => this.#perform(effect),
      observe: (observed) => this.#observe(observed),
    });
  }

  get name(): string {
    return this.#config.name;
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
  /** Frames that reached this uplink, whatever became of them. */
  get received(): number {
    return this.#received;
  }
  recorded(): readonly Observed<ClientState, ClientEvent, ClientEffect>[] {
    return this.#driver.recorded();
  }

  /** The last steps as a recording that `npm run replay` reads, a line each; empty before the first. */
  trace(): readonly string[] {
    const recording = recordingOf(dhcp4Client.name, this.recorded());
    return recording === undefined ? [] : encodeRecording(recording).trimEnd().split("\n");
  }

  configure(config: Uplink4Interface): void {
    this.#config = config;
    this.#driver.handle({ kind: "configure", config });
  }

  stored(record: Uint8Array): void {
    const lease = decodeLeaseRecord(this.name, record, this.#times());
    if (lease === undefined) this.#ports.log.write("info", "storedLeaseUnusable", { interface: this.name });
    else this.#driver.handle({ kind: "stored", lease });
  }

  linkIs(fact: LinkFact): void {
    const before = this.#link;
    if (before !== undefined && before.index !== fact.index) this.linkGone(before);
    const known = this.#link;
    this.#link = fact;
    if (fact.mac === undefined) {
      if (known === undefined) this.#ports.log.write("warn", "linkWithoutHardwareAddress", { interface: fact.name });
      return;
    }
    if (known?.mac === undefined) this.#ports.sockets.open(fact.index, fact.name);
    this.#tellLink();
  }

  /** News of a link that is no longer ours comes late, and is none. What we put on the link goes while we can still name it. */
  linkGone(fact: LinkFact): void {
    if (this.#link?.index !== fact.index) return;
    this.#driver.handle({ kind: "removed" });
    this.#ports.sockets.close(fact.index, fact.name);
    this.#socketReady = false;
    this.#link = undefined;
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

  frame(bytes: Uint8Array, checksum: "verify" | "offloaded"): void {
    this.#received++;
    const answer = this.#answerIn(bytes, checksum);
    if (answer !== undefined) this.#driver.handle(answer);
  }

  /** Takes the uplink out of service: everything of ours goes from the link. */
  close(): void {
    if (this.#link !== undefined) this.linkGone(this.#link);
    else this.#driver.handle({ kind: "removed" });
    this.#driver.close();
  }

  #answerIn(bytes: Uint8Array, checksum: "verify" | "offloaded"): ClientEvent | undefined {
    try {
      const packet = decodeUdpFrame(bytes, { checksum });
      const forUs = packet.destinationMac === BROADCAST_MAC || packet.destinationMac === this.#link?.mac;
      if (!forUs) this.ignored.add("foreign-hardware-address");
      else if (packet.destinationPort !== CLIENT_PORT || packet.sourcePort !== SERVER_PORT) this.ignored.add("foreign-port");
      else return { kind: "received", message: withoutSecrets(decodeDhcp4(packet.payload)), source: packet.source };
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.ignored.add(error.code);
    }
    return undefined;
  }

  #tellLink(): void {
    const { mac, running } = this.#link ?? {};
    if (mac === undefined) return;
    this.#driver.handle({ kind: "link", up: running === true && this.#socketReady, mac });
  }

  #perform(effect: ClientEffect): void {
    const { datagrams, kernel, records, clock } = this.#ports;
    if (effect.kind === "ignored") return this.ignored.add(effect.reason);
    if (effect.kind === "forget") return records.remove(this.name);
    if (effect.kind === "persist") return records.save(this.name, encodeLeaseRecord(this.name, effect.lease, this.#times()));
    if (this.#link === undefined) return;
    const { index, name, mac } = this.#link;
    switch (effect.kind) {
      case "send": {
        const payload = encodeDhcp4(effect.message, { order: OPTION_ORDER });
        this.sent.add(effect.message.options.messageType);
        if (mac === undefined) return;
        if (effect.to === "broadcast") datagrams.broadcast(index, mac, LOW_DELAY, payload);
        else datagrams.unicast(index, { mac, from: effect.from, to: effect.to, tos: LOW_DELAY, direct: undefined }, payload);
        return;
      }
      case "configure":
        return kernel.configure(index, name, wanted(effect.lease, clock.now()));
      case "deconfigure":
        return kernel.deconfigure(index, name);
      default:
        return absurd(effect);
    }
  }

  #observe(observed: Observed<ClientState, ClientEvent, ClientEffect>): void {
    const [from, to] = [observed.before.phase.kind, observed.after.phase.kind];
    if (from !== to) {
      this.#since = observed.step.now;
      const held = observed.after.phase.held;
      this.#ports.log.write("info", "transition", { interface: this.name, from, to, ...(held === undefined ? {} : { address: held.address }) });
    }
    this.#ports.observe?.(this.name, observed);
  }

  #times(): { readonly now: Instant; readonly wallClock: ReturnType<Clock["wallClock"]> } {
    return { now: this.#ports.clock.now(), wallClock: this.#ports.clock.wallClock() };
  }
}

function wanted(lease: Lease, now: Instant): UplinkAddress {
  const { address, prefixLength, routes } = lease;
  return { address, prefixLength, routes, mtuBytes: 0, validSeconds: secondsUntil(lease.expiresAt, now) };
}
