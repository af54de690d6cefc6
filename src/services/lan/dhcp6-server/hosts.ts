/**
 * Reserved hosts: which of them a message comes from, by DUID and IAID, by DUID, by an Ethernet address, in this order; and what is
 * kept for any of them, so that nobody else is given it. Nothing is made for a message, and without hosts nothing is looked for.
 */
import { duidBytes } from "../../../base/duid.ts";
import { type Ipv6Prefix, ipv6Bytes, splitIpv6Prefix } from "../../../base/ipv6.ts";
import { MAC_BYTES, macBytes } from "../../../base/mac.ts";
import { IDENTIFIER_BYTES } from "../../leases/keys.ts";
import type { ReservedHost } from "../dhcp6-config.ts";
import { OPTION } from "./codes.ts";
import type { ClientMessage } from "./message.ts";
import { clearNetwork, copyOctets, putU32, u16At } from "./octets.ts";
import { OctetMap } from "./octet-map.ts";
import type { FixedPrefix } from "./overlaps.ts";
import { PrefixTree, TAKEN } from "./prefix-tree.ts";
import type { RelayChain } from "./relay-chain.ts";

const ADDRESS_BYTES = 16;
const IAID_BYTES = 4;
const ETHERNET = 1;
/** DUIDs that end in a hardware address: their type, and where it begins (RFC 9915 §11.2, §11.4). */
const DUID_LLT = { type: 1, macAt: 8 } as const;
const DUID_LL = { type: 3, macAt: 4 } as const;
/** Behind its hardware type (RFC 6939 §4). */
const LINK_LAYER_HEAD = 2;

export class ReservedHosts {
  #hosts: readonly ReservedHost[] = [];
  #byIa = new OctetMap();
  #byDuid = new OctetMap();
  #byMac = new OctetMap();
  #addresses = new OctetMap();
  #hostParts = new OctetMap();
  /** Of all hosts. */
  prefixes: readonly FixedPrefix[] = [];
  readonly #prefixes = new PrefixTree();
  readonly #key = new Uint8Array(IAID_BYTES + IDENTIFIER_BYTES);
  readonly #part = new Uint8Array(ADDRESS_BYTES);

  configure(hosts: readonly ReservedHost[]): void {
    this.#hosts = hosts;
    this.prefixes = hosts.flatMap(({ prefixes }) => prefixes.map(octetsOf));
    this.#prefixes.clear();
    for (const { prefix, prefixLength } of this.prefixes) this.#prefixes.add(prefix, prefixLength, TAKEN.fixed);
    this.#byIa = new OctetMap();
    this.#byDuid = new OctetMap();
    this.#byMac = new OctetMap();
    this.#addresses = new OctetMap();
    this.#hostParts = new OctetMap();
    for (const [i, host] of hosts.entries()) {
      for (const identity of host.identities) {
        if (identity.is === "mac") this.#byMac.add(macBytes(identity.mac), i);
        else if (identity.iaid === undefined) this.#byDuid.add(duidBytes(identity.duid), i);
        else this.#byIa.add(keyOf(identity.iaid, duidBytes(identity.duid)), i);
      }
      for (const address of host.addresses) this.#addresses.add(ipv6Bytes(address), i);
      if (host.hostPart !== undefined) this.#hostParts.add(ipv6Bytes(host.hostPart), i);
    }
  }

  get count(): number {
    return this.#hosts.length;
  }

  /** @param ia the association that is asked for: one without that number is the host's as far as its DUID goes */
  of(message: ClientMessage, ia: number, chain: RelayChain): ReservedHost | undefined {
    if (this.#hosts.length === 0) return undefined;
    const { bytes, clientIdAt, clientIdLength } = message;
    const iaid = ia < message.ias ? message.iaids[ia] : undefined;
    return this.#hosts[this.#indexOf(bytes, clientIdAt, clientIdLength, iaid, chain)];
  }

  /** Whose lease it is, as far as its identifier says. */
  ofLease(identifier: Uint8Array, length: number, iaid: number): ReservedHost | undefined {
    return this.#hosts[this.#indexOf(identifier, 0, length, iaid, undefined)];
  }

  /** Whether an address is kept for a host: as it is, or for what stands behind the prefix of its link. */
  keepsAddress(bytes: Uint8Array, at: number, prefixLength: number): boolean {
    if (this.#hosts.length === 0) return false;
    if (this.#addresses.find(bytes, at, ADDRESS_BYTES) !== -1) return true;
    if (this.#hostParts.isEmpty) return false;
    copyOctets(bytes, at, this.#part, 0, ADDRESS_BYTES);
    clearNetwork(this.#part, prefixLength);
    return this.#hostParts.find(this.#part, 0, ADDRESS_BYTES) !== -1;
  }

  /** Whether a prefix overlaps one that is kept for a host. */
  keepsPrefix(prefix: Uint8Array, prefixLength: number): boolean {
    return !this.#prefixes.isEmpty && !this.#prefixes.overlapping(prefix, prefixLength, () => false);
  }

  /** What a relay heard of the hardware is believed before what the client says of itself. */
  #indexOf(bytes: Uint8Array, at: number, length: number, iaid: number | undefined, chain: RelayChain | undefined): number {
    if (length > 0 && iaid !== undefined && !this.#byIa.isEmpty) {
      putU32(this.#key, 0, iaid);
      copyOctets(bytes, at, this.#key, IAID_BYTES, length);
      const found = this.#byIa.find(this.#key, 0, IAID_BYTES + length);
      if (found !== -1) return found;
    }
    const found = length > 0 ? this.#byDuid.find(bytes, at, length) : -1;
    if (found !== -1 || this.#byMac.isEmpty) return found;
    const heard = chain === undefined ? -1 : this.#heardBy(chain);
    if (heard !== -1) return heard;
    const macAt = macIn(bytes, at, length);
    return macAt === -1 ? -1 : this.#byMac.find(bytes, macAt, MAC_BYTES);
  }

  /** The innermost relay heard the client itself; what one further out says of hardware is another's. */
  #heardBy(chain: RelayChain): number {
    const at = chain.depth === 0 ? -1 : chain.optionAt(chain.depth - 1, OPTION.linkLayerAddress);
    if (at === -1 || u16At(chain.bytes, at - 2) !== LINK_LAYER_HEAD + MAC_BYTES || u16At(chain.bytes, at) !== ETHERNET) return -1;
    return this.#byMac.find(chain.bytes, at + LINK_LAYER_HEAD, MAC_BYTES);
  }
}

function macIn(bytes: Uint8Array, at: number, length: number): number {
  if (length < DUID_LL.macAt + MAC_BYTES || u16At(bytes, at + 2) !== ETHERNET) return -1;
  const type = u16At(bytes, at);
  for (const one of [DUID_LLT, DUID_LL]) if (type === one.type && length === one.macAt + MAC_BYTES) return at + one.macAt;
  return -1;
}

function octetsOf(text: Ipv6Prefix): FixedPrefix {
  const { address, prefixLength } = splitIpv6Prefix(text);
  return { prefix: ipv6Bytes(address), prefixLength };
}

function keyOf(iaid: number, duid: Uint8Array): Uint8Array {
  const key = new Uint8Array(IAID_BYTES + duid.length);
  putU32(key, 0, iaid);
  key.set(duid, IAID_BYTES);
  return key;
}
