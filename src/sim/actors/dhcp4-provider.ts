/**
 * A DHCPv4 provider: frames in, frames out, nothing else. Deterministic, without a socket or a clock, so that the same actor serves
 * simulated worlds and real links. Answers as RFC 2131 §4.3 says, and misbehaves as its mode says.
 */
import { WireError } from "../../base/errors.ts";
import { BROADCAST_V4, type Ipv4Address, ipv4Of, maskNumber, UNSPECIFIED_V4 } from "../../base/ipv4.ts";
import { BROADCAST_MAC, type MacAddress } from "../../base/mac.ts";
import { after, type Instant } from "../../base/time.ts";
import { macOfChaddr } from "../../wire/dhcp4/hardware.ts";
import { type Dhcp4Message, decodeDhcp4, dhcp4, encodeDhcp4 } from "../../wire/dhcp4/message.ts";
import type { Dhcp4Options } from "../../wire/dhcp4/options.ts";
import { type ChecksumPolicy, decodeUdpFrame, encodeUdpFrame } from "../../wire/ip/udp.ts";
import { LeaseBook, type Pool, type Promise4 } from "./leases.ts";

export type ProviderConfig = {
  readonly mac: MacAddress;
  readonly address: Ipv4Address;
  readonly prefixLength: number;
  readonly pool: Pool;
  readonly leaseSeconds: number;
  /** Options 58 and 59; undefined sends none. */
  readonly renewSeconds?: number;
  readonly rebindSeconds?: number;
  /** Sent with every OFFER and ACK: routers, resolvers, classless routes. */
  readonly options?: Dhcp4Options;
};
/**
 * serve: as it should be. silent: takes everything, says nothing. nak-all: offers, then refuses every REQUEST.
 * nak-foreign: refuses what was asked of other servers too. slow: answers after `slowMs`.
 */
export const PROVIDER_MODES = ["serve", "silent", "nak-all", "nak-foreign", "slow"] as const;
export type ProviderMode = (typeof PROVIDER_MODES)[number];

/** What one received message came to. */
export type ProviderEvent = Promise4 & {
  readonly kind: "offered" | "leased" | "refused" | "released" | "declined";
  /** The client had the address already: its REQUEST named it in ciaddr. */
  readonly renewal: boolean;
};
export type Reply = { readonly frame: Uint8Array; readonly afterMs: number };

const SERVER_PORT = 67;
const CLIENT_PORT = 68;
const OFFER_SECONDS = 30;
/** An address somebody else was seen to use is kept out of the way. */
const DECLINED_SECONDS = 600;

type Asking = { readonly message: Dhcp4Message; readonly client: string; readonly mac: MacAddress; readonly now: Instant };

export class Provider {
  mode: ProviderMode = "serve";
  slowMs = 3000;
  readonly book = new LeaseBook();
  readonly #watch: (event: ProviderEvent) => void;
  #config: ProviderConfig;

  constructor(config: ProviderConfig, watch: (event: ProviderEvent) => void = () => undefined) {
    this.#config = config;
    this.#watch = watch;
  }

  get config(): ProviderConfig {
    return this.#config;
  }

  /** Renumbers: what was promised stays promised, and is refused at the next REQUEST when it lies outside. */
  reconfigure(config: Partial<ProviderConfig>): void {
    this.#config = { ...this.#config, ...config };
  }

  /** @returns frames to send; a frame that is not for a DHCP server gives none */
  onFrame(bytes: Uint8Array, now: Instant, checksum: ChecksumPolicy = "verify"): readonly Reply[] {
    const message = requestIn(bytes, this.#config, checksum);
    const mac = message === undefined ? undefined : macOfChaddr(message);
    if (message === undefined || mac === undefined) return [];
    const reply = this.serve({ message, mac, client: message.options.clientId ?? mac, now });
    if (reply === undefined || this.mode === "silent") return [];
    return [{ frame: this.#framed(message, reply, mac), afterMs: this.mode === "slow" ? this.slowMs : 0 }];
  }

  /** What the message is answered with, or undefined for silence. Promises are written down here. */
  serve(asking: Asking): Dhcp4Message | undefined {
    switch (asking.message.options.messageType) {
      case "discover":
        return this.#offer(asking);
      case "request":
        return this.#request(asking);
      case "release":
        return this.#end(asking, asking.message.ciaddr, "released");
      case "decline":
        return this.#end(asking, asking.message.options.requestedAddress ?? UNSPECIFIED_V4, "declined");
      default:
        return undefined;
    }
  }

  #offer(asking: Asking): Dhcp4Message | undefined {
    const address = this.book.choose(asking.client, asking.message.options.requestedAddress, this.#config.pool, asking.now);
    if (address === undefined) return undefined;
    if (this.mode !== "silent") this.#promise(asking, address, "offered", after(asking.now, OFFER_SECONDS));
    return this.#granting(asking, "offer", address);
  }

  #request(asking: Asking): Dhcp4Message | undefined {
    const { ciaddr, options } = asking.message;
    if (this.mode === "silent") return undefined;
    const foreign = options.serverId !== undefined && options.serverId !== this.#config.address;
    if (foreign && this.mode !== "nak-foreign") return undefined;
    const address = options.requestedAddress ?? ciaddr;
    if (foreign || this.mode === "nak-all" || !this.book.available(address, asking.client, this.#config.pool, asking.now))
      return this.#refuse(asking, address);
    const selecting = options.serverId !== undefined;
    if (!selecting && this.book.at(address)?.client !== asking.client && !this.book.handsOutTwice) return undefined; // no record: silence (RFC 2131 §4.3.2)
    this.#promise(asking, address, "leased", after(asking.now, this.#config.leaseSeconds));
    return this.#granting(asking, "ack", address);
  }

  #refuse(asking: Asking, address: Ipv4Address): Dhcp4Message {
    this.#tell(asking, "refused", address, asking.now);
    return this.#reply(asking, UNSPECIFIED_V4, { messageType: "nak", serverId: this.#config.address });
  }

  #end(asking: Asking, address: Ipv4Address, kind: "released" | "declined"): undefined {
    const { client, mac, now } = asking;
    if (this.book.at(address)?.client !== client) return undefined;
    this.book.free(address, client);
    if (kind === "declined") this.book.lease({ address, client: "declined", mac, until: after(now, DECLINED_SECONDS) });
    this.#tell(asking, kind, address, now);
    return undefined;
  }

  #promise(asking: Asking, address: Ipv4Address, kind: "offered" | "leased", until: Instant): void {
    const { client, mac } = asking;
    if (kind === "offered") this.book.offer({ address, client, mac, until });
    else this.book.lease({ address, client, mac, until });
    this.#tell(asking, kind, address, until);
  }

  #tell({ client, mac, message }: Asking, kind: ProviderEvent["kind"], address: Ipv4Address, until: Instant): void {
    this.#watch({ kind, address, client, mac, until, renewal: message.ciaddr !== UNSPECIFIED_V4 });
  }

  #granting(asking: Asking, messageType: "offer" | "ack", address: Ipv4Address): Dhcp4Message {
    const { leaseSeconds, renewSeconds, rebindSeconds, prefixLength, options } = this.#config;
    return this.#reply(asking, address, {
      messageType,
      serverId: this.#config.address,
      leaseSeconds,
      subnetMask: ipv4Of(maskNumber(prefixLength)),
      ...(renewSeconds === undefined ? {} : { renewalSeconds: renewSeconds }),
      ...(rebindSeconds === undefined ? {} : { rebindingSeconds: rebindSeconds }),
      ...options,
    });
  }

  #reply({ message }: Asking, yiaddr: Ipv4Address, options: Dhcp4Message["options"]): Dhcp4Message {
    const { xid, chaddr, broadcast, giaddr, ciaddr, htype, hlen } = message;
    const { clientId } = message.options; // echoed: RFC 6842
    const own = options.messageType === "ack" ? { ciaddr } : {};
    return dhcp4({
      op: "reply",
      xid,
      chaddr,
      broadcast,
      giaddr,
      htype,
      hlen,
      yiaddr,
      ...own,
      options: clientId === undefined ? options : { ...options, clientId },
    });
  }

  /** RFC 2131 §4.1: to the address the client has, by broadcast if it asks so or is refused, else to the one it gets. */
  #framed(request: Dhcp4Message, reply: Dhcp4Message, mac: MacAddress): Uint8Array {
    const nak = reply.options.messageType === "nak";
    const known = !nak && request.ciaddr !== UNSPECIFIED_V4;
    const byBroadcast = nak || (!known && request.broadcast);
    return encodeUdpFrame({
      destinationMac: byBroadcast ? BROADCAST_MAC : mac,
      sourceMac: this.#config.mac,
      source: this.#config.address,
      destination: byBroadcast ? BROADCAST_V4 : known ? request.ciaddr : reply.yiaddr,
      sourcePort: SERVER_PORT,
      destinationPort: CLIENT_PORT,
      payload: encodeDhcp4(reply),
    });
  }
}

/** A client's message in a frame for us, or undefined: whatever else is on the link is none of a provider's business. */
function requestIn(bytes: Uint8Array, { mac, address }: ProviderConfig, checksum: ChecksumPolicy): Dhcp4Message | undefined {
  try {
    const frame = decodeUdpFrame(bytes, { checksum });
    const forUs = frame.destinationMac === BROADCAST_MAC || (frame.destinationMac === mac && frame.destination === address);
    if (!forUs || frame.destinationPort !== SERVER_PORT) return undefined;
    const message = decodeDhcp4(frame.payload);
    return message.op === "request" ? message : undefined;
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
