/** One link we are the router of: the advertiser's machine with its link, its socket, its counters, and the ports its effects go to. */
import { absurd, WireError } from "../../../base/errors.ts";
import { type Ipv6Prefix, isLinkLocalV6 } from "../../../base/ipv6.ts";
import { same } from "../../../base/same.ts";
import { routerAdvertiser } from "../../../machines/router-advertiser/advertiser.ts";
import { type AdvertiserEffect, type AdvertiserEvent, type AdvertiserState, INITIAL_STATE } from "../../../machines/router-advertiser/state.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { LinkDatagrams, LinkSockets, ReceivedDatagram } from "../../../ports/datagrams.ts";
import type { Log } from "../../../ports/log.ts";
import type { LeaseRecords } from "../../../ports/store.ts";
import { decodeIcmp6, encodeIcmp6 } from "../../../wire/icmp6/message.ts";
import type { KnownAddress } from "../../addresses.ts";
import { Counters } from "../../counters.ts";
import { Driver, type Observed } from "../../driver.ts";
import type { LinkFact } from "../../links.ts";
import { encodeRecording, recordingOf } from "../../recording.ts";
import type { RouterConfig } from "../config.ts";
import { decodeMemory, encodeMemory } from "./memory.ts";

type ObservedStep = Observed<AdvertiserState, AdvertiserEvent, AdvertiserEffect>;
export type RouterPorts = {
  readonly clock: Clock;
  /** ICMPv6; the hop limit is 255. */
  readonly datagrams: LinkDatagrams;
  readonly sockets: LinkSockets;
  readonly log: Log;
  /** What hosts were told, one record for each interface; without it a restart forgets what they must forget. */
  readonly records?: LeaseRecords;
  readonly observe?: (name: string, observed: ObservedStep) => void;
};

export class RouterInterface {
  readonly name: string;
  readonly ignored = new Counters();
  readonly sent = new Counters();
  readonly #ports: RouterPorts;
  readonly #driver: Driver<AdvertiserState, AdvertiserEvent, AdvertiserEffect>;
  #link: LinkFact | undefined;
  #socketReady = false;
  #received = 0;

  constructor(name: string, ports: RouterPorts) {
    this.name = name;
    this.#ports = ports;
    this.#driver = new Driver<AdvertiserState, AdvertiserEvent, AdvertiserEffect>({
      machine: routerAdvertiser,
      initial: INITIAL_STATE,
      clock: ports.clock,
      deadlineEvent: { kind: "deadline" },
      perform: (effect) => this.#perform(effect),
      observe: (observed) => this.#observe(observed),
    });
  }

  get link(): LinkFact | undefined {
    return this.#link;
  }
  get state(): AdvertiserState {
    return this.#driver.state;
  }
  /** Messages that reached this link, whatever became of them. */
  get received(): number {
    return this.#received;
  }

  /** The last steps as a recording that can be replayed, a line each; empty before the first. */
  trace(): readonly string[] {
    const recording = recordingOf(routerAdvertiser.name, this.#driver.recorded());
    return recording === undefined ? [] : encodeRecording(recording).trimEnd().split("\n");
  }

  configure(config: RouterConfig): void {
    this.#driver.handle({ kind: "configured", config });
  }

  /** A record of an earlier life. */
  stored(record: Uint8Array): void {
    const items = decodeMemory(this.name, record);
    if (items === undefined) this.#ports.log.write("info", "storedPrefixesUnusable", { interface: this.name });
    else this.#driver.handle({ kind: "remembered", items });
  }

  linkIs(fact: LinkFact): void {
    const before = this.#link;
    if (before !== undefined && before.index !== fact.index) this.linkGone(before);
    const known = this.#link;
    this.#link = fact;
    if (known === undefined) this.#ports.sockets.open(fact.index, fact.name);
    this.#tellLink();
  }

  linkGone(fact: LinkFact): void {
    if (this.#link?.index !== fact.index) return;
    this.#driver.handle({ kind: "link", link: undefined });
    this.#ports.sockets.close(fact.index, fact.name);
    this.#socketReady = false;
    this.#link = undefined;
  }

  /** The same thing twice is no event: whoever looks at the last steps wants to see what happened. */
  addressesAre(known: readonly KnownAddress[]): void {
    const usable = known.filter(({ tentative, dadFailed }) => !tentative && !dadFailed);
    const linkLocals = usable.map(({ address }) => address).filter(isLinkLocalV6);
    const linkLocal = linkLocals.find((address) => address === this.state.linkLocal) ?? linkLocals[0];
    const addresses = usable
      .filter(({ address }) => !isLinkLocalV6(address))
      .map(({ address, prefixLength, deprecated, preferredUntil, validUntil }) => ({
        address,
        prefixLength,
        deprecated,
        preferredUntil,
        validUntil,
      }));
    const isNews = linkLocal !== this.state.linkLocal || !same(addresses, this.state.addresses);
    if (isNews) this.#driver.handle({ kind: "addresses", linkLocal, addresses });
  }

  routesAre(hasDefaultRoute: boolean, delegated: readonly Ipv6Prefix[]): void {
    const isNews = hasDefaultRoute !== this.state.hasDefaultRoute || !same(delegated, this.state.delegated);
    if (isNews) this.#driver.handle({ kind: "routes", hasDefaultRoute, delegated });
  }

  socketReady(): void {
    this.#socketReady = true;
    this.#tellLink();
  }

  /** Sockets went with the role that held them; they are asked for again. */
  socketsLost(): void {
    this.#socketReady = false;
    this.#tellLink();
    if (this.#link !== undefined) this.#ports.sockets.open(this.#link.index, this.#link.name);
  }

  datagram(datagram: ReceivedDatagram): void {
    this.#received++;
    const event = this.#solicitationIn(datagram);
    if (event !== undefined) this.#driver.handle(event);
  }

  /** Hosts are told that we go, while there is a way to tell them. */
  stop(): void {
    this.#driver.handle({ kind: "configured", config: undefined });
  }

  close(): void {
    this.stop();
    if (this.#link !== undefined) this.linkGone(this.#link);
    this.#driver.close();
  }

  /** The one place that catches: RFC 4861 §6.1.1 is the decoder's business, the sum was the kernel's. */
  #solicitationIn({ from, to, hopLimit, payload }: ReceivedDatagram): AdvertiserEvent | undefined {
    try {
      const message = decodeIcmp6(payload, { source: from, destination: to, hopLimit }, { checksum: "offloaded" });
      if (message.kind === "routerSolicitation") return { kind: "solicited", source: from };
      this.ignored.add("unexpected-type");
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.ignored.add(error.code);
    }
    return undefined;
  }

  #tellLink(): void {
    if (this.#link === undefined) return;
    const { mac, mtuBytes, running } = this.#link;
    this.#driver.handle({ kind: "link", link: running && this.#socketReady ? { mac, mtuBytes } : undefined });
  }

  #perform(effect: AdvertiserEffect): void {
    switch (effect.kind) {
      case "ignored":
        return this.ignored.add(effect.reason);
      case "remember":
        if (effect.items.length === 0) return this.#ports.records?.remove(this.name);
        return this.#ports.records?.save(this.name, encodeMemory(this.name, effect.items));
      case "send": {
        if (this.#link === undefined) return;
        const { from, to, message } = effect;
        this.sent.add(to === "ff02::1" ? "multicast" : "unicast");
        const payload = encodeIcmp6(message, { source: from, destination: to });
        return this.#ports.datagrams.send(this.#link.index, { from, to, port: 0, payload });
      }
      default:
        return absurd(effect);
    }
  }

  #observe(observed: ObservedStep): void {
    const [from, to] = [observed.before.phase.kind, observed.after.phase.kind];
    if (from !== to) this.#ports.log.write("info", "transition", { interface: this.name, from, to });
    this.#ports.observe?.(this.name, observed);
  }
}
