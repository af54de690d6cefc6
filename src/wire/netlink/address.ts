/** RTM_NEWADDR and its kin: an address of an interface with its lifetimes. */
import { type Codec, u8 } from "../../base/codec.ts";
import { WireError } from "../../base/errors.ts";
import type { Ipv4Address, Ipv4Prefix } from "../../base/ipv4.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../base/ipv6.ts";
import { INFINITE_SECONDS } from "../../base/time.ts";
import { attribute, attributeSet, hostU32, terminated } from "./attributes.ts";
import { type FamilyTools, familyCodec, IPV4, IPV6, type IpFamily, prefixLength } from "./family.ts";

type AddressOf<F extends IpFamily, A extends string> = {
  readonly family: F;
  readonly interfaceIndex: number;
  /** Our end. */
  readonly address: A;
  readonly prefixLength: number;
  /** The other end of a point-to-point link; the prefix is then the peer's. */
  readonly peer?: A;
  /** IPv4 only. */
  readonly broadcast?: A;
  /** IFA_F. */
  readonly flags: number;
  /** SCOPE. */
  readonly scope: number;
  /** ADDRESS_PROTOCOL; 0 when nobody said. */
  readonly protocol: number;
  /** Counted from when the kernel wrote or reads this; 0xffffffff never ends. */
  readonly preferredSeconds: number;
  readonly validSeconds: number;
  /** Metric of the route the kernel makes for the prefix. */
  readonly routeMetric?: number;
  /** IPv4 only: the name ifconfig shows. */
  readonly label?: string;
};
export type InterfaceAddress = AddressOf<"ipv4", Ipv4Address> | AddressOf<"ipv6", Ipv6Address>;

/** struct ifa_cacheinfo; the two instants at its end are the kernel's own. */
const lifetimes: Codec<{ readonly preferredSeconds: number; readonly validSeconds: number }> = {
  decode: (reader) => {
    const preferredSeconds = reader.hostU32();
    const validSeconds = reader.hostU32();
    reader.skip(reader.remaining);
    return { preferredSeconds, validSeconds };
  },
  encode: (writer, value) => {
    writer.hostU32(value.preferredSeconds);
    writer.hostU32(value.validSeconds);
    writer.zeros(8);
  },
};

function addressOf<F extends IpFamily, A extends string, P extends string>(tools: FamilyTools<F, A, P>): Codec<AddressOf<F, A>> {
  const attributes = attributeSet({
    address: attribute(1, tools.address),
    local: attribute(2, tools.address),
    label: attribute(3, terminated),
    broadcast: attribute(4, tools.address),
    lifetimes: attribute(6, lifetimes),
    flags: attribute(8, hostU32),
    routeMetric: attribute(9, hostU32),
    protocol: attribute(11, u8),
  });
  return {
    decode: (reader) => {
      const length = prefixLength(tools.bits).decode(reader);
      const lowFlags = reader.u8();
      const scope = reader.u8();
      const interfaceIndex = reader.hostU32();
      const found = attributes.decode(reader);
      const address = found.local ?? found.address;
      if (address === undefined) throw new WireError("truncated", reader.offset);
      const { broadcast, label, routeMetric } = found;
      return {
        family: tools.family,
        interfaceIndex,
        address,
        prefixLength: length,
        ...(found.address !== undefined && found.address !== address ? { peer: found.address } : {}),
        ...(broadcast !== undefined ? { broadcast } : {}),
        flags: found.flags ?? lowFlags,
        scope,
        protocol: found.protocol ?? 0,
        preferredSeconds: found.lifetimes?.preferredSeconds ?? INFINITE_SECONDS,
        validSeconds: found.lifetimes?.validSeconds ?? INFINITE_SECONDS,
        ...(routeMetric !== undefined ? { routeMetric } : {}),
        ...(label !== undefined ? { label } : {}),
      };
    },
    encode: (writer, value) => {
      writer.u8(value.prefixLength);
      writer.u8(value.flags);
      writer.u8(value.scope);
      writer.hostU32(value.interfaceIndex);
      const { address, peer, broadcast, flags, protocol, preferredSeconds, validSeconds, label, routeMetric } = value;
      attributes.encode(writer, {
        address: peer ?? address,
        ...(tools.family === "ipv4" || peer !== undefined ? { local: address } : {}),
        ...(label !== undefined ? { label } : {}),
        ...(broadcast !== undefined ? { broadcast } : {}),
        lifetimes: { preferredSeconds, validSeconds },
        flags,
        ...(routeMetric !== undefined ? { routeMetric } : {}),
        ...(protocol !== 0 ? { protocol } : {}),
      });
    },
  };
}

/** The body of an address message, heard or asked for. */
export const interfaceAddress: Codec<InterfaceAddress> = familyCodec(
  addressOf<"ipv4", Ipv4Address, Ipv4Prefix>(IPV4),
  addressOf<"ipv6", Ipv6Address, Ipv6Prefix>(IPV6),
);
