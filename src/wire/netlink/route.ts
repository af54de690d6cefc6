/** RTM_NEWROUTE and its kin. */
import { type Codec, u8 } from "../../base/codec.ts";
import { WireError } from "../../base/errors.ts";
import type { Ipv4Address, Ipv4Prefix } from "../../base/ipv4.ts";
import { type Ipv6Address, type Ipv6Prefix, ipv6Address } from "../../base/ipv6.ts";
import { attribute, attributeSet, hostU16, hostU32, nested, padding, skipPadding } from "./attributes.ts";
import { type FamilyTools, familyCodec, IPV4, IPV6, type IpFamily, named, prefixLength } from "./family.ts";
import { FAMILY, ROUTE_PROTOCOL, SCOPE, TABLE } from "./numbers.ts";

const TYPES = {
  unspecified: 0,
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
  nat: 10,
  resolver: 11,
};
export type RouteType = keyof typeof TYPES;
const ONLINK = 4;

/** Where packets go. */
export type NextHop<A> = {
  readonly outInterface?: number;
  readonly gateway?: A;
  /** An IPv6 gateway of an IPv4 route (RFC 8950). */
  readonly via?: Ipv6Address;
  /** The gateway is believed to be on the link whatever its address. */
  readonly onlink: boolean;
};
type RouteOf<F extends IpFamily, A extends string, P extends string> = NextHop<A> & {
  readonly family: F;
  readonly destination: P;
  /** Only for packets from here. */
  readonly source?: P;
  readonly type: RouteType;
  /** TABLE. */
  readonly table: number;
  /** ROUTE_PROTOCOL. */
  readonly protocol: number;
  /** SCOPE. */
  readonly scope: number;
  readonly metric: number;
  readonly preferredSource?: A;
  readonly mtu?: number;
  /** Several ways at once. */
  readonly multipath?: readonly NextHop<A>[];
};
export type Ipv4Route = RouteOf<"ipv4", Ipv4Address, Ipv4Prefix>;
export type Ipv6Route = RouteOf<"ipv6", Ipv6Address, Ipv6Prefix>;
export type Route = Ipv4Route | Ipv6Route;

/** What must be said of a route; the rest is as for a route by DHCP in the main table. Metric 0 of IPv6 becomes 1024 in the kernel. */
export type RouteWish<R extends Route> = Pick<R, "family" | "destination"> & Partial<R>;
export function routeWith<R extends Route>(wish: RouteWish<R>): R {
  const near = wish.gateway === undefined && wish.via === undefined && (wish.type ?? "unicast") === "unicast";
  const scope = wish.family === "ipv4" && near ? SCOPE.link : SCOPE.global;
  const defaults = { type: "unicast", table: TABLE.main, protocol: ROUTE_PROTOCOL.dhcp, scope, metric: 0, onlink: false } as const;
  return { ...defaults, ...wish } as R;
}

const routeType = named(u8, TYPES);

/** struct rtvia. */
const viaIpv6: Codec<Ipv6Address> = {
  decode: (reader) => {
    const offset = reader.offset;
    if (hostU16.decode(reader) !== FAMILY.ipv6) throw new WireError("unsupported", offset);
    return ipv6Address.decode(reader);
  },
  encode: (writer, value) => {
    hostU16.encode(writer, FAMILY.ipv6);
    ipv6Address.encode(writer, value);
  },
};

/** struct rtnexthop with its attributes, each behind its own length. */
function nextHops<A extends string>(address: Codec<A>): Codec<readonly NextHop<A>[]> {
  const attributes = attributeSet({ gateway: attribute(5, address), via: attribute(18, viaIpv6) });
  return {
    decode: (reader) => {
      const hops: NextHop<A>[] = [];
      while (reader.remaining > 0) {
        const offset = reader.offset;
        const length = reader.hostU16();
        if (length < 8) throw new WireError("bad-length", offset);
        const inner = reader.sub(length - 2);
        const flags = inner.u8();
        inner.skip(1);
        const outInterface = inner.hostU32();
        const { gateway, via } = attributes.decode(inner);
        hops.push({
          outInterface,
          ...(gateway !== undefined ? { gateway } : {}),
          ...(via !== undefined ? { via } : {}),
          onlink: (flags & ONLINK) !== 0,
        });
        skipPadding(reader, length);
      }
      return hops;
    },
    encode: (writer, hops) => {
      for (const { outInterface, gateway, via, onlink } of hops) {
        const start = writer.length;
        writer.hostU16(0);
        writer.u8(onlink ? ONLINK : 0);
        writer.u8(0);
        writer.hostU32(outInterface ?? 0);
        attributes.encode(writer, { ...(gateway !== undefined ? { gateway } : {}), ...(via !== undefined ? { via } : {}) });
        writer.patchHostU16(start, writer.length - start);
        writer.zeros(padding(writer.length - start));
      }
    },
  };
}

function routeOf<F extends IpFamily, A extends string, P extends string>(tools: FamilyTools<F, A, P>): Codec<RouteOf<F, A, P>> {
  const attributes = attributeSet({
    destination: attribute(1, tools.address),
    source: attribute(2, tools.address),
    outInterface: attribute(4, hostU32),
    gateway: attribute(5, tools.address),
    metric: attribute(6, hostU32),
    preferredSource: attribute(7, tools.address),
    metrics: nested(8, attributeSet({ mtu: attribute(2, hostU32) })),
    multipath: attribute(9, nextHops(tools.address)),
    table: attribute(15, hostU32),
    via: attribute(18, viaIpv6),
  });
  const bits = prefixLength(tools.bits);
  return {
    decode: (reader) => {
      const destinationLength = bits.decode(reader);
      const sourceLength = bits.decode(reader);
      reader.skip(1);
      const shortTable = reader.u8();
      const protocol = reader.u8();
      const scope = reader.u8();
      const type = routeType.decode(reader);
      const flags = reader.hostU32();
      const found = attributes.decode(reader);
      const prefix = (address: A | undefined, length: number): P => {
        if (address === undefined && length > 0) throw new WireError("truncated", reader.offset);
        return tools.prefix(address ?? tools.unspecified, length);
      };
      const { outInterface, gateway, via, preferredSource, multipath } = found;
      const mtu = found.metrics?.mtu;
      return {
        family: tools.family,
        destination: prefix(found.destination, destinationLength),
        ...(sourceLength > 0 ? { source: prefix(found.source, sourceLength) } : {}),
        type,
        table: found.table ?? shortTable,
        protocol,
        scope,
        metric: found.metric ?? 0,
        ...(outInterface !== undefined ? { outInterface } : {}),
        ...(gateway !== undefined ? { gateway } : {}),
        ...(via !== undefined ? { via } : {}),
        onlink: (flags & ONLINK) !== 0,
        ...(preferredSource !== undefined ? { preferredSource } : {}),
        ...(mtu !== undefined ? { mtu } : {}),
        ...(multipath !== undefined ? { multipath } : {}),
      };
    },
    encode: (writer, value) => {
      const destination = tools.split(value.destination);
      const source = value.source === undefined ? undefined : tools.split(value.source);
      bits.encode(writer, destination.prefixLength);
      bits.encode(writer, source?.prefixLength ?? 0);
      writer.u8(0);
      writer.u8(value.table < 256 ? value.table : 0);
      writer.u8(value.protocol);
      writer.u8(value.scope);
      routeType.encode(writer, value.type);
      writer.hostU32(value.onlink ? ONLINK : 0);
      const { outInterface, gateway, via, metric, preferredSource, mtu, multipath, table } = value;
      attributes.encode(writer, {
        ...(destination.prefixLength > 0 ? { destination: destination.address } : {}),
        ...(source !== undefined ? { source: source.address } : {}),
        ...(outInterface !== undefined ? { outInterface } : {}),
        ...(gateway !== undefined ? { gateway } : {}),
        ...(metric !== 0 ? { metric } : {}),
        ...(preferredSource !== undefined ? { preferredSource } : {}),
        ...(mtu !== undefined ? { metrics: { mtu } } : {}),
        ...(multipath !== undefined ? { multipath } : {}),
        ...(table !== 0 ? { table } : {}),
        ...(via !== undefined ? { via } : {}),
      });
    },
  };
}

/** The body of a route message, heard or asked for. */
export const route: Codec<Route> = familyCodec(routeOf<"ipv4", Ipv4Address, Ipv4Prefix>(IPV4), routeOf<"ipv6", Ipv6Address, Ipv6Prefix>(IPV6));
