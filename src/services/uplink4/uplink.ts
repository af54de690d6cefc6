/** One uplink: a DHCPv4 client machine with its link, its sockets, its counters, and the ports its effects go to. */
import { absurd } from "../../base/errors.ts";
import type { Ipv4Address } from "../../base/ipv4.ts";
import { after, type Instant } from "../../base/time.ts";
import { dhcp4Client } from "../../machines/dhcp4-client/client.ts";
import type { SentOption } from "../../machines/dhcp4-client/config.ts";
import { ownClientId } from "../../machines/dhcp4-client/messages.ts";
import { type ClientEffect, type ClientEvent, type ClientState, initialState, type SendEffect } from "../../machines/dhcp4-client/state.ts";
import type { MacAddress } from "../../base/mac.ts";
import type { Alarm } from "../../ports/clock.ts";
import { Counters } from "../counters.ts";
import { Driver, type Observed } from "../driver.ts";
import type { LinkFact } from "../links.ts";
import { encodeRecording, recordingOf } from "../recording.ts";
import { clientConfigOf, type Uplink4Interface } from "./config.ts";
import { payloadOf, tosOf } from "./egress.ts";
import { eventRecord, eventsOf } from "./events.ts";
import { addressOf, factsOf, linkLocalAddress } from "./facts.ts";
import type { Times } from "../wall-time.ts";
import { answerIn, type Checksum, countedRead, neighbourIn } from "./ingress.ts";
import { decodeLeaseRecord, encodeLeaseRecord, type LeaseHolder } from "./lease-record.ts";
import type { Neighbourhood, UplinkPorts } from "./ports.ts";

/** What main could not do is asked for again, each time a little later. */
const RETRY_FIRST_MS = 2000;
const RETRY_MAX_MS = 60_000;

type Step = Observed<ClientState, ClientEvent, ClientEffect>;

export class Uplink {
  readonly #ports: UplinkPorts;
  readonly #neighbourhood: Neighbourhood;
  readonly #driver: Driver<ClientState, ClientEvent, ClientEffect>;
  /** Frames that changed nothing: `received` is these and what was accepted. */
  readonly ignored = new Counters();
  /** What neighbours said, and operators asked for, that changed nothing. */
  readonly unheeded = new Counters();
  readonly sent = new Counters();
  #entry: Uplink4Interface;
  /** Options that no record may hold. */
  #secretOptions: readonly SentOption[];
  #link: LinkFact | undefined;
  #socketReady = false;
  /** The lease file, until the hardware address it is for is known. */
  #record: Uint8Array | undefined;
  #watched: Ipv4Address | undefined;
  readonly #retry: Alarm;
  #retryMs = RETRY_FIRST_MS;
  #since: Instant;
  #received = 0;
  #accepted = 0;

  constructor(entry: Uplink4Interface, ports: UplinkPorts, neighbourhood: Neighbourhood) {
    const { config, secretOptions } = clientConfigOf(entry);
    this.#entry = entry;
    this.#secretOptions = secretOptions;
    this.#ports = ports;
    this.#neighbourhood = neighbourhood;
    this.#since = ports.clock.now();
    this.#retry = ports.clock.alarm(() => this.#askAgain());
    this.#driver = new Driver<ClientState, ClientEvent, ClientEffect>({
      machine: dhcp4Client,
      initial: initialState(config),
      clock: ports.clock,
      deadlineEvent: { kind: "deadline" },
      perform: (effect) => this.#perform(effect),
      observe: (observed) => ports.observe?.(this.name, observed),
      performed: (observed) => this.#performed(observed),
    });
  }

  get name(): string {
    return this.#entry.name;
  }
  get entry(): Uplink4Interface {
    return this.#entry;
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
  /** Those of them that were used. */
  get accepted(): number {
    return this.#accepted;
  }
  recorded(): readonly Step[] {
    return this.#driver.recorded();
  }
  /** The last steps as a recording that `npm run replay` reads, a line each; empty before the first. */
  trace(): readonly string[] {
    const recording = recordingOf(dhcp4Client.name, this.recorded());
    return recording === undefined ? [] : encodeRecording(recording).trimEnd().split("\n");
  }

  configure(entry: Uplink4Interface): void {
    const { config, secretOptions } = clientConfigOf(entry);
    this.#entry = entry;
    this.#secretOptions = secretOptions;
    this.#driver.handle({ kind: "configure", config });
  }

  /** The system has another name: said with the next message, and no reason to send one. */
  hostNamed(hostName: string): void {
    if (!this.#entry.systemHostName) return;
    this.#entry = { ...this.#entry, hostName };
    this.#driver.handle({ kind: "named", hostName });
  }

  stored(record: Uint8Array): void {
    this.#record = record;
    this.#tellStored();
  }

  handle(event: Extract<ClientEvent, { kind: "command" | "farewell" | "resumed" | "ipv6" }>): void {
    this.#driver.handle(event);
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
    else if (known.mac !== fact.mac) this.#reopen(fact);
    else if (known.running === fact.running) return; // of a link whose sockets are under way again it would say that it is down
    this.#tellLink();
  }

  /** News of a link that is no longer ours comes late, and is none. What we put on the link goes while we can still name it. */
  linkGone(fact: LinkFact): void {
    if (this.#link?.index !== fact.index) return;
    this.#driver.handle({ kind: "removed" });
    this.#ports.sockets.close(fact.index, fact.name);
    this.#socketReady = false;
    this.#record = undefined;
    this.#link = undefined;
  }

  socketReady(): void {
    this.#socketReady = true;
    this.#retryMs = RETRY_FIRST_MS;
    this.#tellLink();
  }

  arpReady(address: Ipv4Address): void {
    if (this.#watched === address) this.#driver.handle({ kind: "watching", address });
  }

  /** Main tried, and the kernel would not: there is no other way, so it is tried again. */
  kernelFailed(what: string): void {
    if (what !== "openPacketSocket" && what !== "configureUplink") return;
    this.#retry.set(after(this.#ports.clock.now(), this.#retryMs / 1000));
    this.#retryMs = Math.min(RETRY_MAX_MS, this.#retryMs * 2);
  }

  /** Sockets went with the role that held them; they are asked for again. */
  socketsLost(): void {
    this.#socketReady = false;
    if (this.#link === undefined) return;
    this.#ports.sockets.open(this.#link.index, this.#link.name);
    if (this.#watched !== undefined) this.#ports.arp.open(this.#link.index, this.#link.name, this.#watched);
  }

  frame(bytes: Uint8Array, checksum: Checksum): void {
    this.#received++;
    const answer = countedRead(this.ignored, () => answerIn(bytes, checksum, this.#link?.mac));
    if (typeof answer === "string") this.ignored.add(answer);
    else if (answer !== undefined) this.#driver.handle({ kind: "received", ...answer });
  }

  /** What this host says itself, on whatever link, is no neighbour's word. */
  arpFrame(bytes: Uint8Array): void {
    const packet = countedRead(this.unheeded, () => neighbourIn(bytes));
    if (packet !== undefined && !this.#neighbourhood.isOwn(packet.senderMac)) this.#driver.handle({ kind: "arp", packet });
  }

  /** Takes the uplink out of service: everything of ours goes from the link. */
  close(): void {
    if (this.#link !== undefined) this.linkGone(this.#link);
    else this.#driver.handle({ kind: "removed" });
    this.#retry.close();
    this.#driver.close();
  }

  #askAgain(): void {
    if (this.#link?.mac === undefined) return;
    if (!this.#socketReady) return this.#ports.sockets.open(this.#link.index, this.#link.name);
    this.#driver.handle({ kind: "configure", config: this.state.config }); // applies what is held
  }

  /** Sockets are made for one hardware address: those of another hear nothing of ours. */
  #reopen({ index, name }: LinkFact): void {
    this.#socketReady = false;
    this.#ports.sockets.close(index, name);
    this.#ports.sockets.open(index, name);
  }

  #tellLink(): void {
    const { mac, running } = this.#link ?? {};
    if (mac === undefined) return;
    this.#tellStored();
    const up = running === true && this.#socketReady;
    const arrives = up && this.state.phase.kind === "down";
    this.#driver.handle({ kind: "link", up, mac, ...(arrives && this.#neighbourhood.crowded() ? { crowd: true } : {}) });
  }

  #tellStored(): void {
    const [record, holder] = [this.#record, this.#holder()];
    if (record === undefined || holder === undefined) return;
    this.#record = undefined;
    const lease = decodeLeaseRecord(holder, record, this.#times());
    if (lease === undefined) this.#ports.log.write("info", "storedLeaseUnusable", { interface: this.name });
    else this.#driver.handle({ kind: "stored", lease });
  }

  #holder(): LeaseHolder | undefined {
    const mac = this.#link?.mac;
    return mac === undefined ? undefined : { name: this.name, mac, clientId: ownClientId(this.state.config, mac) };
  }

  #perform(effect: ClientEffect): void {
    const { kernel, host, records, arp, clock } = this.#ports;
    if (effect.kind === "ignored") return; // counted in #performed, by what it was
    if (effect.kind === "forget") return records.remove(this.name);
    const holder = this.#holder();
    if (this.#link === undefined || holder === undefined) return;
    const { index, name } = this.#link;
    switch (effect.kind) {
      case "send":
        return this.#send(index, holder.mac, effect);
      case "persist":
        return records.save(name, encodeLeaseRecord(holder, effect.lease, this.#times()));
      case "configure":
        if (!effect.lease.byHand) kernel.configure(index, name, addressOf(effect.lease, this.#entry, clock.now()));
        return host.publish(index, name, factsOf(name, effect.lease, this.#entry, this.#times()));
      case "configure-link-local":
        return kernel.configure(index, name, linkLocalAddress(effect.address));
      case "deconfigure":
        host.withdraw(index, name);
        return kernel.deconfigure(index, name);
      case "watch":
        return this.#watch(index, name, effect.address);
      case "arp":
        return arp.send(index, holder.mac, effect.what, effect.address);
      default:
        return absurd(effect);
    }
  }

  #send(link: number, mac: MacAddress, effect: SendEffect): void {
    const [payload, tos] = [payloadOf(effect, this.#entry, this.#secretOptions), tosOf(this.#entry)];
    const { to, from, direct } = effect;
    this.sent.add(effect.message.options.messageType);
    if (to === "broadcast") this.#ports.datagrams.broadcast(link, mac, tos, payload);
    else this.#ports.datagrams.unicast(link, { mac, from, to, tos, direct }, payload);
  }

  #watch(link: number, name: string, address: Ipv4Address | undefined): void {
    this.#watched = address;
    if (address === undefined) this.#ports.arp.close(link);
    else this.#ports.arp.open(link, name, address);
  }

  #performed(observed: Step): void {
    const { before, after, step } = observed;
    const [from, to] = [before.phase.kind, after.phase.kind];
    const ignored = observed.effects.find((effect) => effect.kind === "ignored");
    if (ignored !== undefined) (step.event.kind === "received" ? this.ignored : this.unheeded).add(ignored.reason);
    else if (step.event.kind === "received") this.#accepted++;
    if (from !== to) {
      this.#since = step.now;
      const held = after.phase.held;
      this.#ports.log.write("info", "transition", { interface: this.name, from, to, ...(held === undefined ? {} : { address: held.address }) });
      // what a link that is down led to, nobody reaches; the address stays until its time is over
      if (to === "down" && this.#link !== undefined && before.configured) this.#ports.host.withdraw(this.#link.index, this.name);
    }
    this.#tell(observed);
  }

  #tell(observed: Step): void {
    for (const event of eventsOf(observed)) this.#ports.events.tell(this.name, event, eventRecord(event, observed, this.#entry, this.#times()));
  }

  #times(): Times {
    return { now: this.#ports.clock.now(), wallClock: this.#ports.clock.wallClock() };
  }
}
