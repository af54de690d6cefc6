/** RTM_NEWLINK and its kin: interfaces as heard, which is sometimes only an excerpt, and as asked for. */
import { type Codec, decodeAll, encodeAll, rest, u8 } from "../../base/codec.ts";
import { Reader, type Writer } from "../../base/cursor.ts";
import { type MacAddress, macAddress } from "../../base/mac.ts";
import { attribute, attributeSet, findAttribute, hostU32, nested, terminated } from "./attributes.ts";
import { named } from "./family.ts";
import { linkLayerAddress } from "./neighbour.ts";
import { FAMILY, IFF } from "./numbers.ts";

const OPER_STATES = { unknown: 0, notPresent: 1, down: 2, lowerLayerDown: 3, testing: 4, dormant: 5, up: 6 };
/** RFC 2863 ifOperStatus as Linux has it. */
export type OperState = keyof typeof OPER_STATES;

export type Link = {
  readonly index: number;
  /** FAMILY: `any`, or whose excerpt this is. */
  readonly family: number;
  /** ARP_TYPE. */
  readonly arpType: number;
  /** Set up by an administrator. */
  readonly up: boolean;
  /** Able to pass packets. */
  readonly running: boolean;
  /** The driver has a carrier. */
  readonly lowerUp: boolean;
  readonly loopback: boolean;
  readonly pointToPoint: boolean;
  readonly multicast: boolean;
  readonly name?: string;
  readonly mac?: MacAddress;
  readonly mtu?: number;
  readonly operState?: OperState;
  /** The bridge, bond or VRF it belongs to. */
  readonly masterIndex?: number;
  /** "veth", "bridge", ...; absent for hardware. */
  readonly kind?: string;
};

/** What can be said of an interface that exists or shall exist. */
export type LinkEnd = {
  /** 0 or absent: found by name, or chosen by the kernel. */
  readonly index?: number;
  readonly name?: string;
  readonly up?: boolean;
  readonly mac?: MacAddress;
  readonly mtu?: number;
  /** 0 takes it out of its master. */
  readonly masterIndex?: number;
  /** Where it goes: the namespace of a process, or an open one. */
  readonly namespace?: { readonly pid: number } | { readonly fd: number };
};
export type LinkKind =
  | { readonly name: "veth"; readonly peer: LinkEnd }
  | { readonly name: "vrf"; readonly table: number }
  | { readonly name: "bridge" | "dummy" };
export type LinkWish = LinkEnd & { readonly kind?: LinkKind };

const ATTRIBUTES = {
  name: attribute(3, terminated),
  mtu: attribute(4, hostU32),
  masterIndex: attribute(10, hostU32),
};
const info = attributeSet({ kind: attribute(1, terminated), data: nested(2, rest) });
const heard = attributeSet({
  ...ATTRIBUTES,
  mac: attribute(1, linkLayerAddress),
  operState: attribute(16, named(u8, OPER_STATES)),
  info: nested(18, info),
});
const asked = attributeSet({
  ...ATTRIBUTES,
  mac: attribute(1, macAddress),
  info: nested(18, info),
  pid: attribute(19, hostU32),
  fd: attribute(28, hostU32),
});
const vethData = attributeSet({
  peer: attribute(1, { decode: (reader) => readEnd(reader).end, encode: (writer, value) => writeEnd(writer, value) } satisfies Codec<LinkEnd>),
});
const vrfData = attributeSet({ table: attribute(1, hostU32) });

/** The body of a link message as the kernel sends it. */
export const link: Codec<Link> = {
  decode: (reader) => {
    const { family, arpType, index, flags } = readInfo(reader);
    const { name, mac, mtu, operState, masterIndex, info: details } = heard.decode(reader);
    const has = (flag: number): boolean => (flags & flag) !== 0;
    return {
      index,
      family,
      arpType,
      up: has(IFF.up),
      running: has(IFF.running),
      lowerUp: has(IFF.lowerUp),
      loopback: has(IFF.loopback),
      pointToPoint: has(IFF.pointToPoint),
      multicast: has(IFF.multicast),
      ...(name !== undefined ? { name } : {}),
      ...(mac !== undefined ? { mac } : {}),
      ...(mtu !== undefined ? { mtu } : {}),
      ...(operState !== undefined ? { operState } : {}),
      ...(masterIndex !== undefined ? { masterIndex } : {}),
      ...(details?.kind !== undefined ? { kind: details.kind } : {}),
    };
  },
  encode: (writer, { index, family, arpType, kind, ...value }) => {
    const flags = (["up", "running", "lowerUp", "loopback", "pointToPoint", "multicast"] as const).reduce(
      (sum, name) => (value[name] ? sum | IFF[name] : sum),
      0,
    );
    writeInfo(writer, { family, arpType, index, flags, change: 0 });
    heard.encode(writer, { ...value, ...(kind !== undefined ? { info: { kind } } : {}) });
  },
};

/** Of a link message's body only the name, which the kernel says first: the rest takes ten times as long to read. */
export function linkName(body: Uint8Array): string | undefined {
  const reader = new Reader(body);
  readInfo(reader);
  return findAttribute(reader, ATTRIBUTES.name);
}

/** The body of a request that makes or changes a link. */
export const linkWish: Codec<LinkWish> = {
  decode: (reader) => {
    const { end, kind } = readEnd(reader);
    return { ...end, ...(kind !== undefined ? { kind } : {}) };
  },
  encode: (writer, { kind, ...end }) => writeEnd(writer, end, kind),
};

/** Excerpts come from bridges, IPv6 and wireless extensions; only a whole message can say that something is absent. */
export function isWhole(link: Link): boolean {
  return link.family === FAMILY.any && link.operState !== undefined;
}

/** What is known of a link after another message about it: an excerpt adds, a whole one replaces. */
export function mergeLink(known: Link | undefined, news: Link): Link {
  if (known === undefined || isWhole(news)) return news;
  return { ...known, ...news, family: known.family };
}

type Info = { readonly family: number; readonly arpType: number; readonly index: number; readonly flags: number; readonly change: number };

/** struct ifinfomsg. */
function readInfo(reader: Reader): Info {
  const family = reader.u8();
  reader.skip(1);
  return { family, arpType: reader.hostU16(), index: reader.hostU32(), flags: reader.hostU32(), change: reader.hostU32() };
}

function writeInfo(writer: Writer, { family, arpType, index, flags, change }: Info): void {
  writer.u8(family);
  writer.u8(0);
  writer.hostU16(arpType);
  writer.hostU32(index);
  writer.hostU32(flags);
  writer.hostU32(change);
}

function readEnd(reader: Reader): { readonly end: LinkEnd; readonly kind: LinkKind | undefined } {
  const { index, flags, change } = readInfo(reader);
  const { name, mtu, mac, masterIndex, pid, fd, info: details } = asked.decode(reader);
  const namespace = pid !== undefined ? { pid } : fd !== undefined ? { fd } : undefined;
  const end = {
    ...(index !== 0 ? { index } : {}),
    ...(name !== undefined ? { name } : {}),
    ...((change & IFF.up) !== 0 ? { up: (flags & IFF.up) !== 0 } : {}),
    ...(mac !== undefined ? { mac } : {}),
    ...(mtu !== undefined ? { mtu } : {}),
    ...(masterIndex !== undefined ? { masterIndex } : {}),
    ...(namespace !== undefined ? { namespace } : {}),
  };
  return { end, kind: details?.kind === undefined ? undefined : kindOf(details.kind, details.data) };
}

function writeEnd(writer: Writer, end: LinkEnd, kind?: LinkKind): void {
  const { name, mtu, mac, masterIndex, namespace } = end;
  writeInfo(writer, {
    family: FAMILY.any,
    arpType: 0,
    index: end.index ?? 0,
    flags: end.up === true ? IFF.up : 0,
    change: end.up === undefined ? 0 : IFF.up,
  });
  asked.encode(writer, {
    ...(name !== undefined ? { name } : {}),
    ...(mtu !== undefined ? { mtu } : {}),
    ...(masterIndex !== undefined ? { masterIndex } : {}),
    ...(mac !== undefined ? { mac } : {}),
    ...(kind !== undefined ? { info: { kind: kind.name, ...dataOf(kind) } } : {}),
    ...namespace,
  });
}

function dataOf(kind: LinkKind): { readonly data?: Uint8Array } {
  switch (kind.name) {
    case "veth":
      return { data: encodeAll(vethData, { peer: kind.peer }) };
    case "vrf":
      return { data: encodeAll(vrfData, { table: kind.table }) };
    case "bridge":
    case "dummy":
      return {};
  }
}

/** @returns undefined for kinds this program never asks for */
function kindOf(name: string, data: Uint8Array = new Uint8Array(0)): LinkKind | undefined {
  if (name === "veth") return { name, peer: decodeAll(vethData, data).peer ?? {} };
  if (name === "vrf") return { name, table: decodeAll(vrfData, data).table ?? 0 };
  return name === "bridge" || name === "dummy" ? { name } : undefined;
}
