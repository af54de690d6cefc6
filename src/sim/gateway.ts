/** A host that runs the real `uplink4` service over simulated ports. It can be killed, put to sleep, unplugged and renumbered. */
import { BROADCAST_V4, type Ipv4Address, UNSPECIFIED_V4 } from "../base/ipv4.ts";
import { BROADCAST_MAC, type MacAddress } from "../base/mac.ts";
import { type Instant, instant } from "../base/time.ts";
import type { ClientEffect, ClientEvent, ClientState } from "../machines/dhcp4-client/state.ts";
import type { Observed } from "../services/driver.ts";
import { standardUplink, type Uplink4Interface } from "../services/uplink4/config.ts";
import { Uplink4 } from "../services/uplink4/service.ts";
import type { Uplink } from "../services/uplink4/uplink.ts";
import type { Clock } from "../ports/clock.ts";
import type { LogFields } from "../ports/log.ts";
import { arpAnnouncement, arpProbe, encodeArpFrame } from "../wire/ip/arp.ts";
import { encodeUdpFrame } from "../wire/ip/udp.ts";
import { DENIED_SERVER } from "./actors/stranger.ts";
import { answerTo, arpIn } from "./arp.ts";
import { Chance } from "./chance.ts";
import { SimClock, type Timeline } from "./clock.ts";
import { SimDisk } from "./disk.ts";
import { SimKernel } from "./kernel.ts";
import type { Port, Segment } from "./link.ts";

export type ClientObserved = Observed<ClientState, ClientEvent, ClientEffect>;
export type GatewayOptions = {
  readonly name: string;
  readonly mac: MacAddress;
  readonly timeline: Timeline;
  readonly segment: Segment;
  readonly seed: readonly number[];
  readonly observe?: (observed: ClientObserved) => void;
  readonly log?: (event: string, fields: LogFields) => void;
};

const SERVER_PORT = 67;
const CLIENT_PORT = 68;
const SENT_REMEMBERED = 64;
const INTERFACE = "wan0";
/** How long the role that owns sockets takes to open some. */
const SOCKET_MS = 3;

export class Gateway {
  readonly name: string;
  readonly kernel: SimKernel;
  readonly disk: SimDisk;
  readonly clock: SimClock;
  readonly port: Port;
  /** When the last messages left this host, newest last. */
  readonly #sentAt: Instant[] = [];
  readonly #options: GatewayOptions;
  #mac: MacAddress;
  #index = 1;
  #running = true;
  /** Takes events, alarms included, only while it is the one that runs. */
  #life = 0;
  #service: Uplink4 | undefined;
  #config: Uplink4Interface = { ...standardUplink(INTERFACE), denyServers: [DENIED_SERVER] };

  constructor(options: GatewayOptions) {
    const { timeline, seed, segment } = options;
    this.#options = options;
    this.name = options.name;
    this.#mac = options.mac;
    this.kernel = new SimKernel(timeline);
    this.disk = new SimDisk(timeline, new Chance(...seed, 1));
    this.clock = new SimClock(timeline, ...seed, 2);
    this.kernel.addLink(this.#index);
    this.port = segment.attach({
      name: this.name,
      cut: false,
      take: (frame) => this.#take(frame),
      resolve: (address) => (this.kernel.on(this.#index)?.address === address ? this.#mac : undefined),
    });
  }

  get mac(): MacAddress {
    return this.#mac;
  }
  get link(): number {
    return this.#index;
  }
  /** The client as it runs, or undefined while nothing runs here. */
  get uplink(): Uplink | undefined {
    return this.#service?.uplink(INTERFACE);
  }
  /** Messages sent after an instant, as far as remembered. */
  sentSince(at: number): number {
    return this.#sentAt.filter((sent) => sent > at).length;
  }
  get service(): Uplink4 | undefined {
    return this.#service;
  }

  /** Starts the service as main would: configuration, stored lease, links. */
  start(): void {
    if (this.#service !== undefined) return;
    const service = this.#make(++this.#life);
    this.#service = service;
    service.configure({ interfaces: [this.#config] });
    this.#tellStored();
    service.linkNews({ index: this.#index, name: INTERFACE, mac: this.#mac, running: this.#running });
  }

  /** kill -9: kernel and disk stay, with what of it was durable. */
  crash(): void {
    this.#stop();
    this.disk.powerCut();
  }

  /** The engine alone dies and comes back: sockets and writes under way survive in the other roles. */
  restartEngine(): void {
    if (this.#service === undefined) return;
    this.#stop();
    this.start();
  }

  configure(change: Partial<Omit<Uplink4Interface, "name">>): void {
    this.#config = { ...this.#config, ...change };
    this.#service?.configure({ interfaces: [this.#config] });
  }

  /** The operator takes the interface out of the configuration. */
  unconfigure(): void {
    this.#service?.configure({ interfaces: [] });
  }

  /** The cable, or with "administrator" the link itself. */
  setRunning(running: boolean, by: "carrier" | "administrator" = "carrier"): void {
    this.#running = running;
    if (by === "administrator") this.kernel.setUp(this.#index, running);
    this.#service?.linkNews({ index: this.#index, running });
  }

  changeMac(mac: MacAddress): void {
    this.#mac = mac;
    this.#service?.linkNews({ index: this.#index, mac });
  }

  /** The interface goes and comes back with another index, as a USB modem does. */
  recreateLink(): void {
    this.kernel.removeLink(this.#index);
    this.#service?.linkGone(this.#index);
    this.#index++;
    this.kernel.addLink(this.#index);
    this.#service?.linkNews({ index: this.#index, name: INTERFACE, mac: this.#mac, running: this.#running });
    this.#tellStored();
  }

  loseSockets(): void {
    this.#service?.socketsLost();
  }

  #make(life: number): Uplink4 {
    const { timeline, segment, log, observe } = this.#options;
    const alive = (): boolean => life === this.#life;
    const emit = (
      destinationMac: MacAddress,
      addresses: { readonly source: Ipv4Address; readonly destination: Ipv4Address },
      payload: Uint8Array,
    ): void => {
      this.#sentAt.push(timeline.now);
      if (this.#sentAt.length > SENT_REMEMBERED) this.#sentAt.shift();
      this.#emit(
        encodeUdpFrame({ destinationMac, sourceMac: this.#mac, sourcePort: CLIENT_PORT, destinationPort: SERVER_PORT, payload, ...addresses }),
      );
    };
    return new Uplink4({
      clock: this.#clockOf(alive),
      kernel: this.kernel,
      records: this.disk,
      datagrams: {
        broadcast: (_link, _from, _tos, payload) => emit(BROADCAST_MAC, { source: UNSPECIFIED_V4, destination: BROADCAST_V4 }, payload),
        unicast: (link, { from, to }, payload) => {
          const held = this.kernel.on(link)?.address === from;
          const mac = held ? segment.resolve(this.port, to) : undefined;
          // without the address, or an answer to ARP, the kernel sends nothing of it
          if (mac !== undefined) emit(mac, { source: from, destination: to }, payload);
        },
      },
      arp: {
        open: (link, _name, address) => {
          timeline.schedule(instant(timeline.now + SOCKET_MS), () => {
            if (alive()) this.#service?.arpReady(link, address);
          });
        },
        close: () => undefined,
        send: (_link, from, kind, address) => this.#emit(encodeArpFrame(kind === "probe" ? arpProbe(from, address) : arpAnnouncement(from, address))),
      },
      host: { publish: () => undefined, withdraw: () => undefined },
      events: { tell: () => undefined },
      sockets: {
        open: (link) => {
          timeline.schedule(instant(timeline.now + SOCKET_MS), () => {
            if (alive()) this.#service?.socketReady(link);
          });
        },
        close: () => undefined,
      },
      log: { write: (_level, event, fields) => log?.(event, fields) },
      observe: (_name, observed) => observe?.(observed),
    });
  }

  /** Alarms of a service that was killed ring for nobody. */
  #clockOf(alive: () => boolean): Clock {
    const { clock } = this;
    return {
      now: () => clock.now(),
      wallClock: () => clock.wallClock(),
      entropy: () => clock.entropy(),
      alarm: (ring) =>
        clock.alarm(() => {
          if (alive()) ring();
        }),
    };
  }

  #emit(frame: Uint8Array): void {
    if (this.#running) this.#options.segment.send(this.port, frame);
  }

  #take(frame: Uint8Array): void {
    if (!this.#running || this.clock.asleep) return;
    const packet = arpIn(frame);
    if (packet === undefined) return this.#service?.frame(this.#index, frame, "verify");
    const answer = answerTo(packet, this.kernel.on(this.#index)?.address, this.#mac);
    if (answer !== undefined) this.#emit(answer);
    this.#service?.arpFrame(this.#index, frame);
  }

  #tellStored(): void {
    const record = this.disk.load(INTERFACE);
    if (record !== undefined) this.#service?.stored(INTERFACE, record);
  }

  #stop(): void {
    this.#service = undefined;
    this.#life++;
  }
}
