/** A DHCPv6 relay of one hop in front of a server (RFC 9915 §19): the least one can do, with the link-address of its own link. */
import { WireError } from "../../base/errors.ts";
import type { Ipv6Address } from "../../base/ipv6.ts";
import { decodeDhcp6, encodeDhcp6, isRelayMessage, relay6 } from "../../wire/dhcp6/message.ts";
import { mayForward } from "../../wire/dhcp6/relay.ts";
import { DHCP6_PORT, type Heard, type Said } from "./exchange.ts";

export type Relay6Config = {
  /** A global address of the clients' link. */
  readonly linkAddress: Ipv6Address;
  /** Where requests go: a server, or a group. */
  readonly server: Ipv6Address;
  readonly interfaceId: Uint8Array;
};

export class Relay6 {
  readonly #config: Relay6Config;

  constructor(config: Relay6Config) {
    this.#config = config;
  }

  /** @returns what goes to the server; answers of servers that stray here go nowhere */
  fromClient({ from, payload }: Heard): Said | undefined {
    if (payload.length === 0 || !mayForward(payload)) return undefined;
    const { linkAddress, server, interfaceId } = this.#config;
    const options = { interfaceId, relayMessage: payload };
    const forward = relay6({ kind: "relayForward", hopCount: 0, linkAddress, peerAddress: from, options });
    return { to: server, port: DHCP6_PORT.server, payload: encodeDhcp6(forward), afterMs: 0 };
  }

  /** @returns what goes to the client */
  fromServer({ payload }: Heard): Said | undefined {
    try {
      const message = decodeDhcp6(payload);
      if (!isRelayMessage(message) || message.kind !== "relayReply" || message.linkAddress !== this.#config.linkAddress) return undefined;
      return { to: message.peerAddress, port: DHCP6_PORT.client, payload: message.options.relayMessage, afterMs: 0 };
    } catch (error) {
      if (error instanceof WireError) return undefined;
      throw error;
    }
  }
}
