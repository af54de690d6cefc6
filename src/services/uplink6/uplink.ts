/** One uplink: a DHCPv6 client machine with its link, its sockets, its counters, and the ports its effects go to. */
import { type Ipv6Address, isMulticastV6, UNSPECIFIED_V6 } from "../../base/ipv6.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Instant } from "../../base/time.ts";
import { dhcp6Client } from "../../machines/dhcp6-client/client.ts";
import { OPTION_ORDER } from "../../machines/dhcp6-client/messages.ts";
import { type ClientEffect, type ClientEvent, type ClientState, initialState, type Lease } from "../../machines/dhcp6-client/state.ts";
import type { ReceivedDatagram } from "../../ports/datagrams.ts";
import { type Dhcp6ClientMessage, encodeDhcp6 } from "../../wire/dhcp6/message.ts";
import { withoutSecrets } from "../../wire/dhcp6/describe.ts";
import { Driver } from "../driver.ts";
import type { LinkFact } from "../links.ts";
import type { Times } from "../wall-time.ts";
import { encodeRecording, recordingOf } from "../recording.ts";
import { type Holding, type Retired, retiredBy, unserved } from "./compose.ts";
import type { Uplink6Interface } from "./config.ts";
import { eventRecord, eventsOf } from "./events.ts";
import { isLeased } from "./facts.ts";
import { clientConfigOf, type Uplink6Identity } from "./identity.ts";
import { Ingress } from "./ingress.ts";
import { decodeLeaseRecord, encodeLeaseRecord, type StoredLease } from "./lease-record.ts";
import type { Neighbourhood, Seen, UplinkPorts } from "./ports.ts";
import { Presence } from "./presence.ts";
import { Publication } from "./publication.ts";
import { ReconfigureKeeper } from "./reconfigure.ts";
import { Registrar } from "./registrar.ts";
import { ALL_ROUTERS, RouterWatch } from "./routers.ts";

/** RFC 9915 §7.1, §7.2. */
const SERVERS = "ff02::1:2" as Ipv6Address;
const SERVER_PORT = 547;
/** RFC 4861 §6.3.7 leaves up to a second: first the servers are asked, whose answers a house waits for. */
const SOLICITATION_DELAY_SECONDS = 0.2;

export class Uplink {
  readonly #ports: UplinkPorts;
  readonly #neighbourhood: Neighbourhood;
  readonly #driver: Driver<ClientState, ClientEvent, ClientEffect>;
  readonly #reconfigure = new ReconfigureKeeper();
  readonly #registrar: Registrar;
  readonly ingress = new Ingress();
  readonly routers: RouterWatch;
  /** What its link and sockets are told of. */
  readonly presence: Presence;
  readonly #publication: Publication;
  #identity: Uplink6Identity;
  /** What is being handled now, secrets and all: a key is learned from what the machine took. */
  #hearing: Dhcp6ClientMessage | undefined;
  #since: Instant;
  #retired: readonly Retired[] = [];

  constructor(identity: Uplink6Identity, ports: UplinkPorts, neighbourhood: Neighbourhood) {
    const { clock } = ports;
    this.#identity = identity;
    this.#ports = ports;
    this.#neighbourhood = neighbourhood;
    this.#since = clock.now();
    this.#publication = new Publication(ports.host);
    this.presence = new Presence({
      ports,
      addressesOf: neighbourhood.addressesOf,
      isUp: (up) => this.#driver.handle({ kind: "link", up }),
      routersReachable: (reachable) => this.#routersReachable(reachable),
    });
    this.routers = new RouterWatch({
      clock,
      send: (payload) => this.#toRouters(payload),
      advertised: () => this.#driver.handle({ kind: "advertised" }),
    });
    this.#registrar = new Registrar({
      clock,
      duid: identity.duid,
      unheeded: this.ingress.unheeded,
      send: (message, from) => this.#send(message, from),
    });
    this.#driver = new Driver<ClientState, ClientEvent, ClientEffect>({
      machine: dhcp6Client,
      initial: initialState(clientConfigOf(identity)),
      clock,
      deadlineEvent: { kind: "deadline" },
      perform: (effect) => this.#perform(effect),
      observe: (observed) => this.#observe(observed),
      performed: (observed) => this.#performed(observed),
    });
  }

  get name(): string {
    return this.#identity.interface.name;
  }
  get config(): Uplink6Interface {
    return this.#identity.interface;
  }
  get link(): LinkFact | undefined {
    return this.presence.link;
  }
  get state(): ClientState {
    return this.#driver.state;
  }
  get since(): Instant {
    return this.#since;
  }
  /** Whether a server gave us a key to prove itself with. */
  get acceptsReconfigure(): boolean {
    return this.#reconfigure.isKept;
  }
  /** What it has for the plan: nothing while its link is not there. */
  get holding(): Holding {
    const present = this.link !== undefined;
    return { config: this.config, held: present ? this.state.phase.held : undefined, retired: present ? this.#retired : [] };
  }
  recorded(): readonly Seen[] {
    return this.#driver.recorded();
  }
  /** The last steps as a recording that `npm run replay` reads; empty before the first. */
  trace(): readonly string[] {
    const recording = recordingOf(dhcp6Client.name, this.recorded());
    return recording === undefined ? [] : encodeRecording(recording).trimEnd().split("\n");
  }

  configure(identity: Uplink6Identity): void {
    this.#identity = identity;
    const names = new Set(identity.interface.delegations.flatMap(({ targets }) => targets.map((target) => target.interface)));
    this.#retired = this.#retired.filter(({ name }) => names.has(name) || name === this.name);
    this.#registrar.configure(identity.duid);
    this.#publication.restart();
    this.#driver.handle({ kind: "configure", config: clientConfigOf(identity) });
    this.#publish();
  }

  stored(record: Uint8Array): void {
    const stored = decodeLeaseRecord({ name: this.name, duid: this.#identity.duid }, record, this.#times());
    if (stored === undefined) return this.#ports.log.write("info", "storedLeaseUnusable", { interface: this.name });
    if (!this.#reconfigure.isKept) this.#reconfigure.restore(stored.reconfigure);
    this.#driver.handle({ kind: "stored", lease: stored.lease });
  }

  handle(event: Extract<ClientEvent, { kind: "command" | "farewell" | "resumed" }>): void {
    this.#driver.handle(event);
  }

  linkIs(fact: LinkFact): void {
    const before = this.link;
    if (before !== undefined && before.index !== fact.index) this.linkGone(before);
    this.presence.linkIs(fact);
  }

  /** What is held stays ours without the link, and is asked for again when it comes back; until then the plan goes without it. */
  linkGone(fact: LinkFact): void {
    if (this.link?.index !== fact.index) return;
    this.#publication.withdraw(this.link);
    this.presence.linkGone();
    this.#retired = [];
  }

  /** The addresses of its link are not what they were: without a usable link-local one nothing can be said (RFC 9915 §16). */
  addressesChanged(): void {
    if (this.link === undefined) return;
    for (const fact of this.#neighbourhood.addressesOf(this.link.index)) {
      const leased = isLeased(this.state.phase.held, fact.address);
      if (fact.dadFailed && leased) this.#driver.handle({ kind: "conflict", address: fact.address });
      else if (!fact.dadFailed && !fact.tentative && !leased) this.#registrar.addressIs(fact);
    }
    this.presence.look();
  }

  addressGone(address: Ipv6Address): void {
    this.#registrar.addressGone(address);
    this.presence.look();
  }

  kernelFailed(what: string): void {
    if (what === "openDatagramSocket") this.presence.openFailed();
  }

  datagram(datagram: ReceivedDatagram): void {
    const message = this.ingress.messageIn(datagram.payload);
    if (message === undefined) return;
    if (message.kind === "reconfigure") return this.#reconfigured(datagram, message);
    if (message.kind === "addressRegistrationReply") {
      return this.ingress.settled(this.#registrar.received(withoutSecrets(message), datagram.to));
    }
    this.#hearing = message;
    this.#driver.handle({ kind: "received", message: withoutSecrets(message) });
    this.#hearing = undefined;
  }

  /** Nothing is released: the lease is asked for again when it comes back (RFC 9096 §3.1). */
  close(): void {
    if (this.link !== undefined) this.linkGone(this.link);
    this.routers.close();
    this.#registrar.close();
    this.presence.close();
    this.#driver.close();
  }

  /** The proof counts once, and must be known to have been heard before anything is done about it (RFC 9915 §20.3). */
  #reconfigured({ payload, to }: ReceivedDatagram, message: Dhcp6ClientMessage): void {
    const verdict = this.#reconfigure.judge({ datagram: payload, message, toUs: !isMulticastV6(to) }, this.#identity.duid);
    this.ingress.settled(verdict.kind === "refused" ? verdict.reason : undefined);
    if (verdict.kind === "refused") return;
    const { held } = this.state.phase;
    if (held !== undefined) this.#persist(held);
    this.#driver.handle({ kind: "reconfigure", what: verdict.what });
  }

  #routersReachable(reachable: boolean): void {
    this.#registrar.linkChanged();
    if (reachable) this.routers.begin(this.config.start === "advertised" ? 0 : SOLICITATION_DELAY_SECONDS);
    else this.routers.end();
  }

  #perform(effect: ClientEffect): void {
    switch (effect.kind) {
      case "ignored":
        return; // counted in #performed, by what it was
      case "send":
        return this.#send(effect.message, UNSPECIFIED_V6);
      case "persist":
        return this.#persist(effect.lease);
      case "forget":
        this.#reconfigure.forget();
        return this.#ports.records.remove(this.name);
      case "delegated":
        return this.#holds(effect.lease, effect.previous);
      case "informed":
        return;
      case "lost":
        this.#ports.log.write("warn", "delegationLost", { interface: this.name, reason: effect.reason });
        return this.#holds(undefined, undefined); // what a server takes away, or is given back, is used from now on by nobody (RFC 9915 §18.2.10.1)
    }
  }

  #send(message: Dhcp6ClientMessage, from: Ipv6Address): void {
    this.ingress.sent.add(message.kind);
    if (this.link === undefined) return;
    const payload = encodeDhcp6(message, { order: OPTION_ORDER });
    this.#ports.datagrams.send(this.link.index, { from, to: SERVERS, port: SERVER_PORT, payload });
  }

  #toRouters(payload: Uint8Array): void {
    if (this.link === undefined) return;
    this.#ports.routers.datagrams.send(this.link.index, { from: UNSPECIFIED_V6, to: ALL_ROUTERS, port: 0, payload });
  }

  #persist(lease: Lease): void {
    const stored: StoredLease = { lease, reconfigure: this.#reconfigure.record() };
    this.#ports.records.save(this.name, encodeLeaseRecord({ name: this.name, duid: this.#identity.duid }, stored, this.#times()));
  }

  #holds(held: Lease | undefined, previous: Lease | undefined): void {
    const { clock, log } = this.#ports;
    const [now, hosts] = [clock.now(), this.#neighbourhood.hosts()];
    const retired = previous === undefined ? [] : retiredBy(this.config, previous, held, now, hosts);
    this.#retired = [...this.#retired.filter(({ validUntil }) => validUntil > now), ...retired].slice(-LIMITS.retiredAddresses);
    if (retired.length > 0) log.write("info", "prefixRetired", { interface: this.name, addresses: retired.length });
    this.#neighbourhood.planChanged(this.#hearing === undefined ? "gathered" : "at-once");
    for (const { target, prefix, reason } of unserved(this.config, held, hosts)) {
      log.write("warn", "targetUnserved", { interface: this.name, target, prefix, reason });
    }
  }

  /** Before its effects: what is written down with the lease must be known by then. */
  #observe(observed: Seen): void {
    const { before, after: next, step, effects } = observed;
    const [from, to] = [before.phase.kind, next.phase.kind];
    const heard = this.#hearing;
    if (heard !== undefined && step.event.kind === "received" && effects.some(({ kind }) => kind === "delegated" || kind === "informed")) {
      if (this.config.acceptReconfigure) this.#reconfigure.learn(heard);
      if (this.config.registerAddresses && heard.options.addressRegistration !== undefined) this.#registrar.serverWilling();
    }
    if (from !== to) this.#since = step.now;
    this.#ports.observe?.(this.name, observed);
  }

  #publish(): void {
    this.#publication.update(this.link, this.state.phase, this.config, this.#times());
  }

  #performed(observed: Seen): void {
    this.ingress.judged(observed);
    this.#publish();
    const [from, to] = [observed.before.phase.kind, observed.after.phase.kind];
    if (from !== to) {
      const prefix = observed.after.phase.held?.delegations[0]?.prefixes[0]?.prefix;
      this.#ports.log.write("info", "transition", { interface: this.name, from, to, ...(prefix === undefined ? {} : { prefix }) });
    }
    for (const event of eventsOf(observed)) this.#ports.events.tell(this.name, event, eventRecord(this.name, event, observed, this.#times()));
  }

  #times(): Times {
    return { now: this.#ports.clock.now(), wallClock: this.#ports.clock.wallClock() };
  }
}
