/** RTM_NEWNEIGH and its kin: who answers for an address on a link. */
import { type Codec, mapped, rest } from "../../base/codec.ts";
import { WireError } from "../../base/errors.ts";
import type { Ipv4Address, Ipv4Prefix } from "../../base/ipv4.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../base/ipv6.ts";
import { MAC_BYTES, type MacAddress, macBytes, macOf } from "../../base/mac.ts";
import { attribute, attributeSet, hostU16 } from "./attributes.ts";
import { type FamilyTools, familyCodec, IPV4, IPV6, type IpFamily, named } from "./family.ts";

/** NUD_*: how much the kernel believes the entry. */
const STATES = { none: 0, incomplete: 1, reachable: 2, stale: 4, delay: 8, probe: 16, failed: 32, noArp: 64, permanent: 128 };
export type NeighbourState = keyof typeof STATES;

type NeighbourOf<F extends IpFamily, A extends string> = {
  readonly family: F;
  readonly interfaceIndex: number;
  readonly address: A;
  /** Absent while it is not known, and on links without Ethernet addresses. */
  readonly mac?: MacAddress;
  readonly state: NeighbourState;
  /** NTF. */
  readonly flags: number;
};
export type Neighbour = NeighbourOf<"ipv4", Ipv4Address> | NeighbourOf<"ipv6", Ipv6Address>;

/** A link-layer address of any length; only Ethernet's becomes a value. */
export const linkLayerAddress: Codec<MacAddress | undefined> = mapped(
  rest,
  (bytes) => (bytes.length === MAC_BYTES ? macOf(bytes) : undefined),
  (mac) => (mac === undefined ? new Uint8Array(0) : macBytes(mac)),
);

const state = named(hostU16, STATES);

function neighbourOf<F extends IpFamily, A extends string, P extends string>(tools: FamilyTools<F, A, P>): Codec<NeighbourOf<F, A>> {
  const attributes = attributeSet({ address: attribute(1, tools.address), mac: attribute(2, linkLayerAddress) });
  return {
    decode: (reader) => {
      reader.skip(3);
      const interfaceIndex = reader.hostU32();
      const heard = state.decode(reader);
      const flags = reader.u8();
      reader.skip(1);
      const { address, mac } = attributes.decode(reader);
      if (address === undefined) throw new WireError("truncated", reader.offset);
      return { family: tools.family, interfaceIndex, address, ...(mac !== undefined ? { mac } : {}), state: heard, flags };
    },
    encode: (writer, value) => {
      writer.zeros(3);
      writer.hostU32(value.interfaceIndex);
      state.encode(writer, value.state);
      writer.u8(value.flags);
      writer.zeros(1);
      attributes.encode(writer, { address: value.address, ...(value.mac !== undefined ? { mac: value.mac } : {}) });
    },
  };
}

/** The body of a neighbour message. Forwarding entries of bridges are `unsupported`. */
export const neighbour: Codec<Neighbour> = familyCodec(
  neighbourOf<"ipv4", Ipv4Address, Ipv4Prefix>(IPV4),
  neighbourOf<"ipv6", Ipv6Address, Ipv6Prefix>(IPV6),
);
