/** Routes in options: classful pairs (RFC 2132 §5.8, §4.3) and classless ones (RFC 3442, and Microsoft's code 249). */
import { type Codec, struct, u8, until } from "../../base/codec.ts";
import { WireError } from "../../base/errors.ts";
import { type Ipv4Address, type Ipv4Prefix, ipv4Address, ipv4Number, ipv4Of, ipv4Prefix, splitIpv4Prefix } from "../../base/ipv4.ts";
import { LIMITS } from "../../base/limits.ts";
import { listOf, sized } from "../../base/values.ts";
import { mask } from "./values.ts";

/** A gateway of 0.0.0.0 means that the destination is on the link (RFC 3442). */
export type ClasslessRoute = { readonly destination: Ipv4Prefix; readonly gateway: Ipv4Address };
/** The destination's class gives its length; a destination of 0.0.0.0 is for the reader to ignore (RFC 2132 §5.8). */
export type StaticRoute = { readonly destination: Ipv4Address; readonly router: Ipv4Address };
export type AddressAndMask = { readonly address: Ipv4Address; readonly mask: Ipv4Address };

const PAIR_BYTES = 8;

export const staticRoutes: Codec<readonly StaticRoute[]> = listOf(
  struct({ destination: ipv4Address, router: ipv4Address }),
  PAIR_BYTES,
  LIMITS.dhcp4ListedRoutes,
);

export const policyFilters: Codec<readonly AddressAndMask[]> = listOf(struct({ address: ipv4Address, mask }), PAIR_BYTES, LIMITS.dhcp4ListedRoutes);

/** A length, only the octets of the destination that the length covers, a gateway. Host bits are cleared here. */
const classlessRoute: Codec<ClasslessRoute> = {
  decode: (reader) => {
    const offset = reader.offset;
    const prefixLength = u8.decode(reader);
    if (prefixLength > 32) throw new WireError("bad-value", offset);
    let octets = 0;
    const significant = Math.ceil(prefixLength / 8);
    for (let i = 0; i < significant; i++) octets += reader.u8() * 2 ** (24 - 8 * i);
    return { destination: ipv4Prefix(ipv4Of(octets), prefixLength), gateway: ipv4Address.decode(reader) };
  },
  encode: (writer, { destination, gateway }) => {
    const { address, prefixLength } = splitIpv4Prefix(destination);
    const octets = ipv4Number(address);
    writer.u8(prefixLength);
    for (let i = 0; i < Math.ceil(prefixLength / 8); i++) writer.u8((octets >>> (24 - 8 * i)) & 255);
    ipv4Address.encode(writer, gateway);
  },
};

/** One route or more; at least five bytes (RFC 3442). */
export const classlessRoutes: Codec<readonly ClasslessRoute[]> = sized(until(classlessRoute, LIMITS.dhcp4ListedRoutes), (bytes) => bytes >= 5);
